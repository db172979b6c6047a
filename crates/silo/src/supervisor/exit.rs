//! The end of a system: what is kept of it, and the removal of all else.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hcs_fault::Point;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::build::of_cgroup;
use super::log::Stamp;
use super::serve::Supervisor;
use crate::cgroup::Removal;
use crate::farewell::Farewell;
use crate::protocol::{Exit, ExitKind, Failure};
use crate::spec::{AtEnd, Spec};
use crate::tree::remove_tree;

/// Version of the final state's file.
pub const RECORD_VERSION: u32 = 1;
/// Name of the final state's file in the record folder.
pub const RECORD: &str = "state.json";
/// Under this name whoever makes a record folder leaves a file of [`RESERVED_BYTES`]: room for the final state, which is
/// so written on a disk that is full by then.
pub const RESERVED: &str = "state.json.new";
/// No final state is longer.
pub const RESERVED_BYTES: usize = 512;

/// How long the kernel may take to end processes whose process 1 has ended: one in an uninterruptible call can hold
/// the cgroup. What stays is found by the next collection of garbage.
const LAST_PROCESS: Duration = Duration::from_secs(10);

/// How long the program at the end may take: it gives up before that by itself. The next who looks at the system does
/// what it did not.
const AT_END: Duration = Duration::from_secs(30);

impl Supervisor<'_> {
    /// Writes the final state into the record folder, if the system has one.
    pub(super) fn remember(&self) {
        let (Some(record), Some(exit)) = (&self.spec.record, self.status.exit) else { return };
        // On a broken disk the system is reported as ended unexpectedly, which is what a missing file means.
        let _ = write_record(record, self.status.created_100ns, self.status.started_100ns, exit);
    }

    /// Tells those who watch, but came too late to have been told by us, that there was this system and how it ended.
    pub(super) fn say_farewell(&self, exit: Exit) {
        let Some(folder) = &self.spec.farewells else { return };
        let farewell = Farewell {
            life: self.spec.cgroup.clone(),
            created_100ns: self.status.created_100ns,
            started_100ns: self.status.started_100ns,
            exited_100ns: exit.at_100ns,
            kind: exit.kind,
            code: exit.first_process.map(|process| process.code),
            oom_kills: exit.oom_kills,
        };
        // On a full disk those miss it.
        let _ = farewell.say(folder);
    }

    /// Removes what the kernel holds for the container. The runtime folder stays until the last handle is closed.
    pub(super) fn clean_up(&mut self) -> Result<(), Failure> {
        hcs_fault::step(Point::CleanUp);
        self.holders.clear();
        // The files of a removed cgroup would be ready for ever.
        if let Some(watch) = self.watch.take() {
            self.poll.remove(&watch);
        }
        if let Some(events) = self.events.take() {
            self.poll.remove(&events);
        }
        let removed = self.container.cgroup.remove_when_empty(LAST_PROCESS);
        self.has_cgroup = !matches!(removed, Ok(Removal::Gone));
        self.freed = self.tell_of_the_end();
        for folder in &self.spec.remove {
            // There is another try at the end.
            let _ = remove_tree(folder);
        }
        removed.map(drop).map_err(|error| of_cgroup(&error))
    }

    /// Runs the program that is to run at the end; whether it has done what it is for, or has nothing to do.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one program that a supervisor starts outside of its container"
    )]
    fn tell_of_the_end(&self) -> bool {
        let Some(AtEnd { mark, command }) = &self.spec.at_end else { return true };
        let Some((program, arguments)) = command.argv.split_first().filter(|_| mark.exists()) else {
            return true;
        };
        let variables = command.env.iter().filter_map(|variable| variable.split_once('='));
        let mut process = std::process::Command::new(program);
        process.args(arguments).current_dir("/").env_clear().envs(variables);
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        process.spawn().is_ok_and(|program| ends_well(program, AT_END))
    }

    /// The last act. Where something can't be removed the runtime folder stays, which says what that is: without a
    /// supervisor it is cleared away by the next who looks.
    pub(super) fn free_id(&self) {
        if !self.freed {
            return;
        }
        let removed = !self.has_cgroup || self.container.cgroup.remove().is_ok_and(Removal::is_gone);
        if removed {
            remove_folders(self.spec);
        }
    }
}

/// Whether the program ends within the limit, and says that all went well. One that takes longer is killed.
fn ends_well(mut program: std::process::Child, limit: Duration) -> bool {
    let ended = Pid::from_child(&program);
    let ended = pidfd_open(ended, PidfdFlags::empty()).is_ok_and(|pidfd| is_ready_within(&pidfd, limit));
    if !ended {
        // It may have ended by itself since.
        let _ = program.kill();
    }
    program.wait().is_ok_and(|status| status.success())
}

fn is_ready_within(pidfd: &OwnedFd, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else { return false };
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&left)) {
            Err(Errno::INTR) => {}
            other => return other.is_ok_and(|ready| ready > 0),
        }
    }
}

/// Removes the system's folders, the runtime folder last: its id is free.
pub(super) fn remove_folders(spec: &Spec) {
    hcs_fault::step(Point::RemoveRuntimeFolder);
    if spec.remove.iter().all(|folder| remove_tree(folder).is_ok()) {
        let _ = remove_tree(&spec.directory);
    }
}

/// The final state as JSON: numbers, fixed words and times only, so nothing needs escaping.
fn write_record(folder: &Path, created: u64, started: u64, exit: Exit) -> Result<(), Errno> {
    let kind = match exit.kind {
        ExitKind::Graceful => "GracefulExit",
        ExitKind::Forced => "ForcedExit",
        ExitKind::Unexpected => "UnexpectedExit",
    };
    // Of no process and of one whose end nobody saw there is no code.
    let code = exit.first_process.map_or_else(|| "null".into(), |process| process.code.to_string());
    let started = if started == 0 { "null".into() } else { format!("\"{}\"", stamp(started)) };
    let text = format!(
        "{{\"Version\":{RECORD_VERSION},\"State\":\"Stopped\",\"ExitType\":\"{kind}\",\"Created\":\"{}\",\
         \"Started\":{started},\"Exited\":\"{}\",\"ExitCode\":{code},\"OomKills\":{}}}\n",
        stamp(created),
        stamp(exit.at_100ns),
        exit.oom_kills,
    );
    let new = folder.join(RESERVED);
    // Cut to its length afterwards: the room is not given back before it is used.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
    hcs_fault::call(Point::WriteFinalState)?;
    let file = rustix::fs::openat(CWD, &new, flags, Mode::from_raw_mode(0o600))?;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        rest = &rest[rustix::io::write(&file, rest)?..];
    }
    rustix::fs::ftruncate(&file, text.len() as u64)?;
    hcs_fault::call(Point::NameFinalState)?;
    rustix::fs::rename(&new, folder.join(RECORD))
}

fn stamp(time_100ns: u64) -> Stamp {
    Stamp {
        seconds: (time_100ns / 10_000_000).cast_signed(),
        nanoseconds: (time_100ns % 10_000_000 * 100).cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "programs that end as the test wants it")]
    fn a_program_at_the_end_that_fails_or_takes_too_long_has_not_done_it() {
        let run = |script: &str, limit| {
            let program = std::process::Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
            ends_well(program, limit)
        };
        assert!(run("exit 0", Duration::from_mins(1)));
        assert!(!run("exit 1", Duration::from_mins(1)));
        let begun = Instant::now();
        assert!(!run("exec sleep 60", Duration::from_millis(20)));
        assert!(begun.elapsed() < Duration::from_secs(30), "it was not waited for");
    }
}
