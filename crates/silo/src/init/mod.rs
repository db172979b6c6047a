//! Process 1 of a container: makes the container's inside, then starts processes on request and reaps them.
//!
//! It is a clone of the supervisor, so it shares the supervisor's pages and needs no program file inside. Once the
//! container can run anything, init holds no more than the container's own rights, and only its socket.

pub(crate) mod boot;
mod devices;
pub(crate) mod kernel_files;
mod programs;
pub(crate) mod rooted;
pub(crate) mod users;

use std::os::fd::{AsFd, OwnedFd};

use hcs_fault::Point;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use serde::{Deserialize, Serialize};

pub(crate) use boot::{BootError, Inherited};
pub(crate) use kernel_files::sys_files;

use crate::protocol::{Failure, LinuxProgram};
use crate::sys;
use crate::wire::{self, Receiver};

/// From the supervisor to init.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToInit {
    /// Descriptors of mounts, the root's first, when there are too many for one message.
    Mounts,
    /// The id maps are written; the (other) mounts' descriptors come along, and last init's own `oom_score_adj`,
    /// which init can't open in a user namespace.
    Boot,
    /// Start a program. Its three streams come along, unless it gets a terminal; with a terminal, one descriptor
    /// that comes along is its standard error.
    Spawn(Spawn),
    /// Ask every process to end, and end when none is left.
    Shutdown,
}

/// A program for init to start.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spawn {
    /// Comes back in the answer.
    pub(crate) token: u32,
    pub(crate) program: LinuxProgram,
    /// Give it a terminal.
    pub(crate) terminal: Option<Terminal>,
    /// When memory runs out, the container's programs are to die before this one.
    pub(crate) spared: bool,
}

/// A terminal to make.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Terminal {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// Without line editing and output processing, for a program that does its own; Ctrl-C still interrupts.
    pub(crate) raw: bool,
}

/// From init to the supervisor, who takes every byte of it as hostile.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromInit {
    /// The container is made.
    Booted,
    /// It can't be made.
    BootFailed(Failure),
    /// A program runs; its pidfd comes along, and its terminal's master if it has one.
    Spawned { token: u32, result: Result<u32, Failure> },
    /// A process that init started has ended, with this status of wait(2).
    Exited { pid: u32, status: i32 },
}

/// Init's whole life. Never returns: the end of process 1 is the end of the container.
pub(crate) fn run(socket: &OwnedFd, inherited: &Inherited<'_>) -> ! {
    let code = match live(socket, inherited) {
        Ok(()) => 0,
        Err(_) => 1,
    };
    std::process::exit(code)
}

fn live(socket: &OwnedFd, inherited: &Inherited<'_>) -> Result<(), wire::WireError> {
    hcs_fault::step(Point::InitBegun);
    let mut receiver = Receiver::new(true);
    let mut mounts = Vec::new();
    loop {
        match receiver.receive(socket, RecvFlags::empty())? {
            Some((ToInit::Mounts, more)) => mounts.extend(more),
            Some((ToInit::Boot, more)) => {
                mounts.extend(more);
                break;
            }
            _ => return Ok(()),
        }
    }
    match boot(inherited, mounts, socket) {
        Ok(mut programs) => {
            hcs_fault::step(Point::Booted);
            wire::send(socket, &FromInit::Booted, &[])?;
            serve(socket, &mut receiver, &mut programs)
        }
        Err(error) => wire::send(socket, &FromInit::BootFailed(error.into()), &[]),
    }
}

fn boot(
    inherited: &Inherited<'_>,
    mut fds: Vec<OwnedFd>,
    socket: &OwnedFd,
) -> Result<programs::Programs, BootError> {
    let oom_score = fds.pop().ok_or_else(|| BootError::new("receive", "oom_score_adj", Errno::BADF))?;
    boot::make_inside(inherited, fds)?;
    // Not one descriptor of the host's stays open where the container's programs could reach for it.
    sys::close_all_but([socket.as_fd(), oom_score.as_fd()])
        .map_err(boot::at("close", "inherited descriptors"))?;
    let programs = programs::Programs::new(oom_score).map_err(boot::at("prepare", "to start programs"))?;
    hcs_fault::step(Point::GiveUpRights);
    boot::give_up_rights(inherited)?;
    Ok(programs)
}

fn serve(
    socket: &OwnedFd,
    receiver: &mut Receiver,
    programs: &mut programs::Programs,
) -> Result<(), wire::WireError> {
    let mut ending = false;
    loop {
        let mut fds = [PollFd::new(socket, PollFlags::IN), PollFd::new(programs.ended(), PollFlags::IN)];
        match poll(&mut fds, Some(&sys::idle::soon())) {
            Ok(0) => {
                receiver.trim();
                sys::idle::rest(&mut fds);
            }
            Ok(_) => {}
            Err(_) => continue,
        }
        let (asked, ended) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
        if ended {
            programs.reap(|pid, status| {
                hcs_fault::step(Point::ProgramReaped);
                wire::send(socket, &FromInit::Exited { pid, status }, &[])
            })?;
        }
        if asked {
            match receiver.receive(socket, RecvFlags::DONTWAIT) {
                Ok(Some((ToInit::Spawn(spawn), fds))) => {
                    let token = spawn.token;
                    hcs_fault::step(Point::StartProgram);
                    match programs.start(&spawn, fds) {
                        Ok(started) => {
                            hcs_fault::step(Point::ProgramStarted);
                            let mut fds = vec![started.pidfd.as_fd()];
                            fds.extend(started.master.as_ref().map(AsFd::as_fd));
                            wire::send(socket, &FromInit::Spawned { token, result: Ok(started.pid) }, &fds)?;
                        }
                        Err(failure) => {
                            wire::send(socket, &FromInit::Spawned { token, result: Err(failure) }, &[])?;
                        }
                    }
                }
                Ok(Some((ToInit::Shutdown, _))) => {
                    hcs_fault::step(Point::ShutdownAsked);
                    ending = true;
                    programs::terminate_all();
                }
                Ok(Some((ToInit::Boot | ToInit::Mounts, _)) | None) => return Ok(()),
                Err(error) if error.would_block() => {}
                Err(error) => return Err(error),
            }
        }
        if ending && programs::Programs::none_left() {
            return Ok(());
        }
    }
}
