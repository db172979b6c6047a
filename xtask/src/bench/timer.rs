//! The time from starting a program to having waited for its end: posix_spawn and wait4, with as little around them
//! as possible.
//!
//! Not `std::process`: what its `spawn` does besides (environment, pipes, a thread's locks) would be timed too.

#![expect(unsafe_code, reason = "posix_spawn and wait4 have no safe wrapper")]

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::ptr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::error::Error;
use crate::process::ended;

/// Far more than anything measured takes.
const LIMIT: Duration = Duration::from_mins(1);

/// What running a program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// From before posix_spawn to after wait4, on `CLOCK_MONOTONIC`.
    pub(crate) wall: Duration,
    /// Of the program and of those that it has started and waited for.
    pub(crate) processor: Duration,
    /// The most memory that it had, in KiB.
    pub(crate) peak_kib: f64,
}

/// A program with its arguments, made ready before the clock runs. Standard streams are `/dev/null`, the environment
/// is `PATH` and what is added to it.
#[derive(Debug)]
pub(crate) struct Timed {
    args: Vec<CString>,
    environment: Vec<CString>,
}

impl Timed {
    /// `program` is a path: a search in `PATH` would be timed.
    pub(crate) fn new<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut words = vec![c_string(program.as_ref())];
        words.extend(args.into_iter().map(|arg| c_string(arg.as_ref())));
        let environment = vec![c"PATH=/usr/sbin:/usr/bin:/sbin:/bin".to_owned()];
        Self { args: words, environment }
    }

    /// With a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut entry = OsString::from(name);
        entry.push("=");
        entry.push(value);
        self.environment.push(c_string(&entry));
        self
    }

    /// Starts it and waits for its end; how long that took.
    pub(crate) fn once(&self) -> Result<Duration, Error> {
        self.used().map(|used| used.wall)
    }

    /// The same, but it is the peak of its memory that counts, in KiB.
    pub(crate) fn peak_kib(&self) -> Result<f64, Error> {
        self.used().map(|used| used.peak_kib)
    }

    /// The same, with all that it used.
    pub(crate) fn used(&self) -> Result<Used, Error> {
        let problem = |problem: String| Error::Measure { row: self.name(), problem };
        let streams = NullStreams::new()?;
        let (argv, envp) = (pointers(&self.args), pointers(&self.environment));
        let mut pid = 0;
        let mut status = 0;
        let begun = Instant::now();
        // SAFETY: `argv` and `envp` end with null and point into C strings that `self` keeps alive, `streams` is
        // initialised until it is dropped at the end of this function, and `pid` is ours to write.
        let result = unsafe {
            libc::posix_spawn(
                &raw mut pid,
                self.args[0].as_ptr(),
                &raw const streams.0,
                ptr::null(),
                argv.as_ptr(),
                envp.as_ptr(),
            )
        };
        if result != 0 {
            return Err(problem(format!("cannot start: {}", std::io::Error::from_raw_os_error(result))));
        }
        let hung = self.kill_when_it_hangs(pid)?;
        // SAFETY: numbers only, for which zero is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `pid` is a child of ours that nobody else waits for; `status` and `usage` are ours to write.
        while unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) } < 0 {
            let error = std::io::Error::last_os_error();
            if error.kind() != std::io::ErrorKind::Interrupted {
                return Err(problem(format!("cannot wait: {error}")));
            }
        }
        let wall = begun.elapsed();
        if hung {
            return Err(problem(format!("did not end within {} s", LIMIT.as_secs())));
        }
        if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
            let processor = [usage.ru_utime, usage.ru_stime].map(|time| {
                let part = |number: i64| u64::try_from(number).unwrap_or(0);
                Duration::from_secs(part(time.tv_sec)) + Duration::from_micros(part(time.tv_usec))
            });
            #[expect(clippy::cast_precision_loss, reason = "as many KiB as no machine has")]
            let peak_kib = usage.ru_maxrss as f64;
            Ok(Used { peak_kib, wall, processor: processor.iter().sum() })
        } else {
            Err(problem(format!("ended with {}", std::process::ExitStatus::from_raw(status))))
        }
    }

    /// Waits until the child has ended. One that does not end would hold up the measurement for ever.
    fn kill_when_it_hangs(&self, pid: libc::pid_t) -> Result<bool, Error> {
        let kernel = |step| move |source| Error::Kernel { step, source };
        let pid =
            Pid::from_raw(pid).ok_or(Error::Measure { row: self.name(), problem: "no id".to_owned() })?;
        let process = pidfd_open(pid, PidfdFlags::empty()).map_err(kernel("pidfd_open"))?;
        let hangs = !ended(&process, LIMIT)?;
        if hangs {
            pidfd_send_signal(&process, Signal::KILL).map_err(kernel("killing what hangs"))?;
        }
        Ok(hangs)
    }

    fn name(&self) -> String {
        self.args[0].to_string_lossy().into()
    }
}

/// File actions that open `/dev/null` as 0, 1 and 2.
struct NullStreams(libc::posix_spawn_file_actions_t);

impl NullStreams {
    fn new() -> Result<Self, Error> {
        // SAFETY: a plain C struct without references; `init` below gives it its value.
        let mut this = Self(unsafe { std::mem::zeroed() });
        // SAFETY: writes to memory that is ours; called once for this value.
        let mut result = unsafe { libc::posix_spawn_file_actions_init(&raw mut this.0) };
        for stream in 0..=2 {
            if result == 0 {
                let flags = if stream == 0 { libc::O_RDONLY } else { libc::O_WRONLY };
                let null = c"/dev/null".as_ptr();
                // SAFETY: the actions are initialised, and the path is a literal, of which libc keeps a copy.
                result = unsafe {
                    libc::posix_spawn_file_actions_addopen(&raw mut this.0, stream, null, flags, 0)
                };
            }
        }
        if result == 0 { Ok(this) } else { Err(std::io::Error::from_raw_os_error(result).into()) }
    }
}

impl Drop for NullStreams {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed once. (glibc's `init` fails only where it allocates nothing.)
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// As C wants a list of strings: pointers, then null.
fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// An argument can't hold NUL: the kernel would end it there.
fn c_string(text: &OsStr) -> CString {
    let bytes: Vec<u8> = text.as_bytes().iter().copied().take_while(|byte| *byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_to_the_program_s_end_and_its_input_is_empty() {
        let script = "read -r line && exit 1; sleep 0.05; test \"$PATH\" && test \"$HOME\" = /x";
        let time = Timed::new("/bin/sh", ["-c", script]).env("HOME", "/x").once();
        assert!(time.as_ref().is_ok_and(|time| *time >= Duration::from_millis(50)), "{time:?}");
    }

    #[test]
    fn processor_time_is_that_of_the_program_and_not_of_its_waiting() {
        let used = |script| Timed::new("/bin/sh", ["-c", script]).used().unwrap();
        let works = used("i=0; while test $i -lt 20000; do i=$((i+1)); done");
        let sleeps = used("sleep 0.2");
        assert!(works.processor > sleeps.processor, "{works:?} {sleeps:?}");
        assert!(
            sleeps.wall >= Duration::from_millis(200) && sleeps.processor < sleeps.wall / 2,
            "{sleeps:?}"
        );
    }

    #[test]
    fn a_failing_program_ends_the_measurement() {
        for (program, args, expected) in
            [("/bin/sh", &["-c", "exit 3"][..], "3"), ("/no/such/program", &[], "cannot start")]
        {
            let text = Timed::new(program, args).once().unwrap_err().to_string();
            assert!(text.contains(program) && text.contains(expected), "{text}");
        }
    }
}
