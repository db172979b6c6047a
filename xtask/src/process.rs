//! Starting other programs: cargo, compilers, package tools, peers.
//!
//! Everything that xtask starts goes through [`Tool`], so that an error always names the whole command line.

use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::error::Error;

/// A program about to be started.
#[derive(Debug)]
pub(crate) struct Tool {
    command: Command,
}

impl Tool {
    /// `program` by path or by name in `PATH`.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place of this crate that starts programs")]
        let command = Command::new(program);
        Self { command }
    }

    /// The cargo that runs us, or the one in `PATH`, in the workspace's root.
    pub(crate) fn cargo(root: &Path) -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).dir(root)
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Standard output goes where standard error goes: ours is for results.
    pub(crate) fn output_to_stderr(mut self) -> Result<Self, Error> {
        self.command.stdout(std::io::stderr().as_fd().try_clone_to_owned()?);
        Ok(self)
    }

    /// Standard input, output and error are `/dev/null`, a pipe or what else is given.
    pub(crate) fn streams(mut self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Self {
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        self
    }

    /// As a shell would show it.
    pub(crate) fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    /// Starts it and leaves the rest to the caller, who must wait for it.
    pub(crate) fn spawn(mut self) -> Result<Child, Error> {
        self.command.spawn().map_err(|source| self.not_started(source))
    }

    /// Becomes the program. Returns only if it can't be started.
    pub(crate) fn become_it(mut self) -> Error {
        let source = self.command.exec();
        self.not_started(source)
    }

    /// Runs it to its end; anything but exit code 0 is an error.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        match self.command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::Failed { line: self.line(), status }),
            Err(source) => Err(self.not_started(source)),
        }
    }

    /// Its standard output; anything but exit code 0 is an error.
    pub(crate) fn text(mut self) -> Result<String, Error> {
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| self.not_started(source))?;
        if !output.status.success() {
            return Err(Error::Failed { line: self.line(), status: output.status });
        }
        String::from_utf8(output.stdout).map_err(|_| Error::Output { line: self.line(), expected: "UTF-8" })
    }

    /// Runs it with both outputs in one pipe and hands over each line as it comes.
    ///
    /// Ends with the program, not with the pipe: what the program left running may hold the pipe open. After `limit`
    /// the program and its descendants are killed.
    pub(crate) fn watch(mut self, limit: Duration, mut each: impl FnMut(&str)) -> Result<ExitStatus, Error> {
        let (mut reader, writer) = std::io::pipe()?;
        self.command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = self.command.spawn().map_err(|source| self.not_started(source))?;
        let line = self.line();
        // The command holds the pipe's writing end; without it the end of the program is the end of the pipe.
        drop(self);
        let pid = Pid::from_child(&child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())
            .map_err(|source| Error::Kernel { step: "pidfd_open", source })?;
        let deadline = Instant::now() + limit;
        let mut lines = Lines::default();
        loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(&reader, PollFlags::IN), PollFd::new(&pidfd, PollFlags::IN)];
            let ready = poll(&mut fds, Some(&timespec(rest)));
            let (readable, ended) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
            match ready {
                Err(rustix::io::Errno::INTR) => {}
                Err(source) => return Err(Error::Kernel { step: "poll", source }),
                Ok(0) => {
                    kill_tree(pid);
                    child.wait()?;
                    lines.finish(&mut each);
                    return Err(Error::TooSlow { line, limit });
                }
                Ok(_) if readable => {
                    let mut buffer = [0; 1 << 13];
                    let read = reader.read(&mut buffer)?;
                    if read == 0 {
                        break;
                    }
                    lines.push(&buffer[..read], &mut each);
                }
                Ok(_) if ended => break,
                Ok(_) => {}
            }
        }
        lines.finish(&mut each);
        Ok(child.wait()?)
    }

    fn not_started(&self, source: std::io::Error) -> Error {
        Error::Start { program: self.command.get_program().to_string_lossy().into_owned(), source }
    }
}

/// A download may fail now and then; more often than this means something else.
const TRIES: u32 = 4;

/// Does `act` until it succeeds, a bounded number of times with longer and longer pauses: for downloads.
pub(crate) fn retried<T>(act: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    for done in 1.. {
        match act() {
            Err(error) if done < TRIES => {
                let wait = Duration::from_secs(2 * u64::from(done * done));
                crate::print::note(format_args!("{error}; another try in {} s", wait.as_secs()));
                pause(wait)?;
            }
            result => return result,
        }
    }
    unreachable!("the last try returns")
}

/// A client of a package registry, which may hang where it should fail: ended after two minutes.
pub(crate) fn downloader(program: &str) -> Tool {
    Tool::new("timeout").args(["--kill-after=10", "120", program])
}

/// Lets time pass.
pub(crate) fn pause(duration: Duration) -> Result<(), Error> {
    match poll(&mut [], Some(&timespec(duration))) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(source) => Err(Error::Kernel { step: "poll", source }),
    }
}

/// Kills a process and all that descend from it. Taken as one picture first: a dead parent's children move away.
fn kill_tree(root: Pid) {
    let mut tree = vec![root.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(&pid) = tree.get(next) {
        next += 1;
        // The file lists one thread's children; programs that we run start theirs from any thread.
        let Ok(tasks) = fs_err::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.flatten() {
            let children = fs_err::read_to_string(task.path().join("children")).unwrap_or_default();
            tree.extend(children.split_whitespace().filter_map(|word| word.parse::<i32>().ok()));
        }
    }
    for pid in tree.into_iter().filter_map(Pid::from_raw) {
        // One that has just ended is what we want.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Waits for the end of a process, by its descriptor, for at most `limit`; whether it came.
pub(crate) fn ended(process: impl AsFd, limit: Duration) -> Result<bool, Error> {
    let deadline = Instant::now() + limit;
    loop {
        let rest = timespec(deadline.saturating_duration_since(Instant::now()));
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&rest)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(source) => return Err(Error::Kernel { step: "poll", source }),
        }
    }
}

/// For [`poll`]; a limit of centuries is cut to what the kernel takes.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], each: &mut impl FnMut(&str)) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            each(String::from_utf8_lossy(&line[..end]).trim_end_matches('\r'));
        }
    }

    fn finish(&mut self, each: &mut impl FnMut(&str)) {
        if !self.rest.is_empty() {
            each(&String::from_utf8_lossy(&std::mem::take(&mut self.rest)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Tool {
        Tool::new("sh").args(["-c", script])
    }

    #[test]
    fn lines_of_both_outputs_come_in_order_and_the_last_needs_no_end() {
        let mut seen = Vec::new();
        let status = sh("echo one; echo two >&2; printf three")
            .watch(Duration::from_secs(30), |line| seen.push(line.to_owned()))
            .unwrap();
        assert!(status.success());
        assert_eq!(seen, ["one", "two", "three"]);
    }

    #[test]
    fn a_program_left_running_does_not_hold_the_watch() {
        let mut pid = String::new();
        let begun = Instant::now();
        sh("sleep 600 & echo $!").watch(Duration::from_mins(5), |line| pid = line.to_owned()).unwrap();
        let took = begun.elapsed();
        let left = Pid::from_raw(pid.parse().unwrap()).unwrap();
        kill_process(left, Signal::KILL).unwrap();
        assert!(took < Duration::from_mins(1), "{took:?}");
    }

    #[test]
    fn what_takes_too_long_is_ended_with_its_descendants() {
        let mut pid = String::new();
        let error = sh("(sleep 600 & echo $!; wait) & wait")
            .watch(Duration::from_millis(500), |line| pid = line.to_owned())
            .unwrap_err();
        assert!(matches!(error, Error::TooSlow { .. }), "{error}");
        let Ok(grandchild) = pidfd_open(Pid::from_raw(pid.parse().unwrap()).unwrap(), PidfdFlags::empty())
        else {
            return; // reaped already
        };
        let mut fds = [PollFd::new(&grandchild, PollFlags::IN)];
        assert_eq!(poll(&mut fds, Some(&timespec(Duration::from_mins(1)))).unwrap(), 1, "still runs");
    }

    #[test]
    fn a_failure_names_the_command_line_and_the_status() {
        let text = sh("exit 7").run().unwrap_err().to_string();
        assert!(text.contains("sh -c exit 7") && text.contains('7'), "{text}");
        let text = Tool::new("/no/such/program").run().unwrap_err().to_string();
        assert!(text.contains("/no/such/program"), "{text}");
    }
}
