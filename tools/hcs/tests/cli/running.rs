//! Programs that a test starts, the command first of all. None is waited for for ever: one that is stuck is killed and
//! fails its test, by its command line, instead of holding up all others.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// Far more than anything needs that a test waits for, also on an emulated machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The same for what is built: a Wine base, a program.
pub(crate) const PATIENCE_TO_BUILD: Duration = Duration::from_mins(10);

/// As much as a pipe takes at once when it takes anything.
const PIPE_BUF: usize = 4096;

/// When waiting is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    /// Waits until one of the descriptors is ready. False: the time is over.
    #[must_use]
    pub(crate) fn poll(self, fds: &mut [PollFd<'_>]) -> bool {
        loop {
            let rest = Timespec::try_from(self.0.saturating_duration_since(Instant::now())).unwrap();
            match poll(fds, Some(&rest)) {
                Err(Errno::INTR) => {}
                ready => return ready.unwrap() > 0,
            }
        }
    }

    /// Waits until there is something to read, or the end of it. False: the time is over.
    #[must_use]
    pub(crate) fn readable(self, fd: impl AsFd) -> bool {
        self.poll(&mut [PollFd::new(&fd, PollFlags::IN)])
    }
}

/// What a call came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Standard output of a call that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:?}");
        self.stdout
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Standard error of a call that failed in this tool or the engine.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        self.stderr
    }

    /// Everything, for a snapshot.
    pub(crate) fn snapshot(&self) -> String {
        format!("exit code {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A program with an environment that nothing of the outside reaches, without input, its output for the test.
#[expect(clippy::disallowed_methods, reason = "the one place of these tests that starts programs")]
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command without an engine of its own: for what needs none.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_hcs"));
    command.args(arguments);
    command
}

/// Calls the command without an engine.
#[track_caller]
pub(crate) fn hcs(arguments: &[&str]) -> Output {
    finish(&mut command(arguments))
}

/// Starts a program and waits for its end.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Output {
    Running::start(command).finish()
}

/// A running program. Dropped before its end, it is killed.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Its command line, for whoever reads why a test failed.
    line: String,
}

impl Running {
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        match Self::try_start(command) {
            Ok(running) => running,
            Err(error) => panic!("{}: {error}", line(command)),
        }
    }

    pub(crate) fn try_start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.spawn()?, line: line(command) })
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Reads standard output until it ends with this text.
    #[track_caller]
    pub(crate) fn read_until(&mut self, end: &str) -> String {
        let text = read_until(self.child.stdout.as_mut().unwrap(), end, &self.line);
        text.unwrap_or_else(|early| self.fail(&early))
    }

    /// Reads standard error until it ends with this text.
    #[track_caller]
    pub(crate) fn read_error_until(&mut self, end: &str) -> String {
        let text = read_until(self.child.stderr.as_mut().unwrap(), end, &self.line);
        text.unwrap_or_else(|early| self.fail(&early))
    }

    /// What else there is to say of one whose output ended early.
    #[track_caller]
    fn fail(&mut self, early: &str) -> ! {
        match self.end(Deadline::after(PATIENCE)) {
            Ok(output) => panic!("{}: {early}; {output:?}", self.line),
            Err(more) => {
                let more = more.map(|text| String::from_utf8_lossy(&text).into_owned());
                panic!("{}: {early}, and it still runs; {more:?}", self.line)
            }
        }
    }

    /// Writes to standard input.
    #[track_caller]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.child.stdin.as_mut().unwrap();
        let deadline = Deadline::after(PATIENCE);
        for part in bytes.chunks(PIPE_BUF) {
            let ready = deadline.poll(&mut [PollFd::new(stdin, PollFlags::OUT)]);
            assert!(ready, "{}: takes no more input after {PATIENCE:?}", self.line);
            stdin.write_all(part).unwrap();
        }
    }

    /// Closes our ends and waits for the end.
    #[track_caller]
    pub(crate) fn finish(self) -> Output {
        self.finish_within(PATIENCE)
    }

    #[track_caller]
    pub(crate) fn finish_within(self, patience: Duration) -> Output {
        match self.try_finish(patience) {
            Ok(output) => output,
            Err(late) => panic!("{late}"),
        }
    }

    /// The same; the failure says what was waited for.
    pub(crate) fn try_finish(mut self, patience: Duration) -> Result<Output, String> {
        drop(self.child.stdin.take());
        self.end(Deadline::after(patience)).map_err(|so_far| {
            let so_far = so_far.map(|text| String::from_utf8_lossy(&text).into_owned());
            format!("{}: has not ended after {patience:?}; it printed {so_far:?}", self.line)
        })
    }

    /// As [`Self::finish`], with standard input open to the end.
    #[track_caller]
    pub(crate) fn finish_with_input(mut self) -> Output {
        let _open = self.child.stdin.take();
        self.finish()
    }

    /// When the time is over, what both outputs said so far.
    fn end(&mut self, deadline: Deadline) -> Result<Output, [Vec<u8>; 2]> {
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        let mut streams = [stdout.map(OwnedFd::from), stderr.map(OwnedFd::from)].map(|fd| fd.map(File::from));
        let mut texts = [Vec::new(), Vec::new()];
        while streams.iter().any(Option::is_some) {
            let mut fds: Vec<_> = streams.iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
            if !deadline.poll(&mut fds) {
                return Err(texts);
            }
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            let open = streams.iter_mut().zip(&mut texts).filter(|(stream, _)| stream.is_some());
            for ((stream, text), _) in open.zip(ready).filter(|(_, ready)| *ready) {
                let mut buffer = [0; PIPE_BUF];
                match stream.as_mut().map_or(Ok(0), |file| file.read(&mut buffer)).unwrap() {
                    0 => *stream = None,
                    count => text.extend_from_slice(&buffer[..count]),
                }
            }
        }
        if !deadline.readable(pidfd_open(self.pid(), PidfdFlags::empty()).unwrap()) {
            return Err(texts);
        }
        let code = code(self.child.wait().unwrap());
        let [stdout, stderr] = texts.map(|text| String::from_utf8(text).unwrap());
        Ok(Output { code, stdout, stderr })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Of one that has ended and was waited for, this does nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process's exit code; of one that a signal ended, 128 + its number.
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// `Err`: the stream ended before.
#[track_caller]
fn read_until(stream: &mut (impl Read + AsFd), end: &str, line: &str) -> Result<String, String> {
    let deadline = Deadline::after(PATIENCE);
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) {
        let so_far = String::from_utf8_lossy(&text);
        assert!(deadline.readable(&*stream), "{line}: no {end:?} after {PATIENCE:?}, only {so_far:?}");
        if stream.read(&mut byte).unwrap() == 0 {
            return Err(format!("no {end:?} in {so_far:?}"));
        }
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_is_stuck_is_named_and_killed() {
    let sleep = Running::start(program("sh").args(["-c", "echo started; exec sleep 1000"]));
    let pid = pidfd_open(sleep.pid(), PidfdFlags::empty()).unwrap();
    let late = sleep.try_finish(Duration::from_millis(1)).unwrap_err();
    assert!(late.starts_with("sh -c") && late.contains("sleep 1000"), "{late}");
    assert!(Deadline::after(Duration::ZERO).readable(&pid), "it has ended");
}
