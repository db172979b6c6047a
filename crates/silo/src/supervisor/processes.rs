//! The processes that clients have started, by numbers that are never reused.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use crate::protocol::{ProcessExit, ProcessStatus};

/// What the supervisor needs to act on a process.
#[derive(Debug)]
pub(super) enum Handle {
    /// A Linux process.
    Linux {
        /// Refers to it even after its id is used again.
        pidfd: OwnedFd,
    },
    /// A Windows process behind this agent.
    Windows {
        /// The agent's number; a console's launcher is an agent for one process.
        agent: u32,
    },
}

/// A process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) handle: Handle,
    /// Our ends of its pipes; for a process with a terminal, its master in the first place.
    pub(super) pipes: [Option<OwnedFd>; 3],
    pub(super) terminal: bool,
    pub(super) exit: Option<ProcessExit>,
    /// The kills by the memory limit when it began.
    kills: u64,
    /// A client or the end of the system kills it.
    pub(super) unwanted: bool,
    /// Of a Windows process, what the agent says that it is to Linux; until init has reaped that.
    pub(super) native: Option<u32>,
    /// Of a Windows process that init has reaped: whether signal 9 ended it.
    pub(super) killed: Option<bool>,
    /// The exit code that the agent has told, while init's word is waited for.
    pub(super) told: Option<u32>,
}

impl Process {
    pub(super) fn new(
        pid: u32,
        handle: Handle,
        pipes: [Option<OwnedFd>; 3],
        terminal: bool,
        kills: u64,
    ) -> Self {
        Self {
            pid,
            handle,
            pipes,
            terminal,
            exit: None,
            kills,
            unwanted: false,
            native: None,
            killed: None,
            told: None,
        }
    }

    /// Whether it is the memory limit that has ended it, as far as can be told: the limit has killed in its lifetime,
    /// and it was killed, by nobody else that we know of.
    ///
    /// Two are counted wrongly: one that a program inside has killed, if the limit has killed another in its lifetime;
    /// and a Windows process that has ended with 0, if its agent can't say what it is to Linux and the limit has killed
    /// another, such as its child.
    pub(super) fn ran_out_of_memory(&self, code: u32, signal: u8, kills: u64) -> bool {
        let killed = match self.handle {
            Handle::Linux { .. } => i32::from(signal) == libc::SIGKILL,
            // Wine's server says 0 of all that did not end by themselves.
            Handle::Windows { .. } => code == 0 && self.killed.unwrap_or(true),
        };
        killed && !self.unwanted && kills > self.kills
    }

    /// Whether this exit code of a Windows process may stand for a kill, and init will tell.
    pub(super) fn must_wait(&self, code: u32, kills: u64) -> bool {
        code == 0 && self.native.is_some() && !self.unwanted && kills > self.kills
    }

    pub(super) fn status(&self) -> ProcessStatus {
        ProcessStatus { pid: self.pid, exit: self.exit }
    }

    /// Which pipes there are, and duplicates of them for a client.
    pub(super) fn duplicates(&self) -> Result<([bool; 3], Vec<OwnedFd>), Errno> {
        let pipes = self.pipes.iter().flatten();
        let copies: Result<_, _> = pipes.map(|pipe| rustix::io::fcntl_dupfd_cloexec(pipe, 0)).collect();
        copies.map(|copies| (self.pipes.each_ref().map(Option::is_some), copies))
    }
}

/// All processes, running, and ended ones that somebody still has open.
#[derive(Debug, Default)]
pub(super) struct Processes {
    by_number: BTreeMap<u32, Process>,
}

impl Processes {
    pub(super) fn insert(&mut self, number: u32, process: Process) {
        self.by_number.insert(number, process);
    }

    pub(super) fn get(&self, number: u32) -> Option<&Process> {
        self.by_number.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Process> {
        self.by_number.get_mut(&number)
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.by_number.remove(&number);
    }

    /// The running process that programs inside know by this id.
    pub(super) fn running(&self, pid: u32) -> Option<u32> {
        let mut found = self.by_number.iter().filter(|(_, p)| p.pid == pid && p.exit.is_none());
        // A Windows process that is just being started has no id yet.
        if pid == 0 {
            return None;
        }
        found.next_back().map(|(number, _)| *number)
    }

    /// The running process with this Linux id. Windows processes have ids of their own, which are the same small
    /// numbers; what Linux says of a number must not reach them.
    pub(super) fn linux(&self, pid: u32) -> Option<u32> {
        let is_it =
            |p: &Process| p.pid == pid && p.exit.is_none() && matches!(p.handle, Handle::Linux { .. });
        self.by_number.iter().find(|(_, process)| is_it(process)).map(|(number, _)| *number)
    }

    /// The running Windows process that is this to Linux.
    pub(super) fn native(&self, pid: u32) -> Option<u32> {
        let is_it = |p: &Process| p.native == Some(pid) && p.exit.is_none();
        self.by_number.iter().find(|(_, process)| is_it(process)).map(|(number, _)| *number)
    }

    /// The running Windows process with this id behind this agent.
    pub(super) fn of_agent(&self, agent: u32, pid: u32) -> Option<u32> {
        let is_it = |p: &Process| {
            p.pid == pid && p.exit.is_none() && matches!(p.handle, Handle::Windows { agent: a } if a == agent)
        };
        self.by_number.iter().find(|(_, process)| is_it(process)).map(|(number, _)| *number)
    }

    /// Everything still running, as the system ends.
    pub(super) fn all_running(&self) -> Vec<u32> {
        self.by_number.iter().filter(|(_, p)| p.exit.is_none()).map(|(number, _)| *number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, handle: Handle) -> Process {
        Process::new(pid, handle, [None, None, None], false, 3)
    }

    #[test]
    fn only_what_was_killed_has_run_out_of_memory() {
        let windows = |killed| Process { killed, ..process(8, Handle::Windows { agent: 0 }) };
        let pidfd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
        let linux = process(8, Handle::Linux { pidfd });
        let check = |process: &Process, code: u32, signal: u8, kills: u64, expected: bool| {
            let got = process.ran_out_of_memory(code, signal, kills);
            assert_eq!(got, expected, "{process:?} {code} {signal} {kills}");
        };
        check(&linux, 137, 9, 4, true);
        check(&linux, 137, 9, 3, false);
        check(&linux, 143, 15, 4, false);
        check(&linux, 137, 0, 4, false);
        check(&Process { unwanted: true, ..linux }, 137, 9, 4, false);
        check(&windows(Some(true)), 0, 0, 4, true);
        check(&windows(Some(true)), 0, 0, 3, false);
        check(&windows(Some(true)), 1, 0, 4, false);
        check(&windows(Some(false)), 0, 0, 4, false);
        // Nobody has said what it is to Linux.
        check(&windows(None), 0, 0, 4, true);
        check(&windows(None), 0, 0, 3, false);
        check(&windows(None), 1, 0, 4, false);
        check(&Process { unwanted: true, ..windows(None) }, 0, 0, 4, false);
    }

    #[test]
    fn the_two_kinds_of_ids_are_kept_apart() {
        let pidfd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
        let mut processes = Processes::default();
        processes.insert(1, process(72, Handle::Windows { agent: 0 }));
        assert_eq!(processes.linux(72), None);
        processes.insert(2, process(72, Handle::Linux { pidfd }));
        processes.insert(3, process(72, Handle::Windows { agent: 3 }));
        assert_eq!(processes.linux(72), Some(2));
        assert_eq!(processes.of_agent(0, 72), Some(1));
        assert_eq!(processes.of_agent(3, 72), Some(3));
        assert_eq!(processes.of_agent(1, 72), None);
        processes.remove(2);
        assert_eq!(processes.linux(72), None);
        assert_eq!(processes.all_running(), [1, 3]);
    }
}
