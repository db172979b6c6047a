//! The processes that init starts and reaps.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::WaitOptions;
use rustix::termios::{LocalModes, OptionalActions, Winsize};

use super::users::{self, Identity};
use super::{Spawn, Terminal, devices};
use crate::protocol::{Failure, LinuxProgram, Step, User};
use crate::sys;
use crate::sys::spawn::{ChildStack, Program};

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What init knows of its children.
#[derive(Debug)]
pub(super) struct Programs {
    stack: ChildStack,
    ended: OwnedFd,
    oom_score: OomScore,
}

/// Init's own `oom_score_adj`, which its children begin with.
#[derive(Debug)]
struct OomScore {
    file: OwnedFd,
    own: String,
    programs: String,
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) pid: u32,
    pub(super) pidfd: OwnedFd,
    pub(super) master: Option<OwnedFd>,
}

impl Programs {
    /// `oom_score`: init's own `oom_score_adj`.
    pub(super) fn new(oom_score: OwnedFd) -> Result<Self, Errno> {
        let oom_score = OomScore::new(oom_score)?;
        Ok(Self { stack: ChildStack::new()?, ended: sys::signal::child_ended()?, oom_score })
    }

    /// Readable when a child may have ended.
    pub(super) fn ended(&self) -> &OwnedFd {
        &self.ended
    }

    /// Takes every ended child off the kernel's list: our own, and orphans of the container's programs.
    pub(super) fn reap<E>(&self, mut report: impl FnMut(u32, i32) -> Result<(), E>) -> Result<(), E> {
        // One read takes the signal, however many children it stands for.
        let mut signal = [0; 128];
        let _ = rustix::io::read(&self.ended, &mut signal);
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            report(pid.as_raw_nonzero().get().cast_unsigned(), status.as_raw())?;
        }
        Ok(())
    }

    /// Whether init has no child, running or ended.
    pub(super) fn none_left() -> bool {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::All, options), Err(Errno::CHILD))
    }

    /// Starts a program with the three descriptors, or with a new terminal and perhaps another standard error.
    pub(super) fn start(&mut self, spawn: &Spawn, fds: Vec<OwnedFd>) -> Result<Started, Failure> {
        let name = spawn.program.command.argv.first().cloned().unwrap_or_default();
        let failed = |step: Step, errno: Errno| Failure::Exec {
            program: name.clone(),
            step,
            errno: errno.raw_os_error(),
        };
        let identity = identify(&spawn.program.user)?;
        let (master, streams) = match spawn.terminal {
            Some(terminal) => {
                let (master, slave) =
                    open_terminal(terminal, &identity).map_err(|errno| failed(Step::Terminal, errno))?;
                (Some(master), std::iter::once(slave).chain(fds).collect())
            }
            None => (None, fds),
        };
        let streams: [BorrowedFd<'_>; 3] = match &streams[..] {
            [one] => [one.as_fd(); 3],
            [terminal, error] => [terminal.as_fd(), terminal.as_fd(), error.as_fd()],
            [input, output, error] => [input.as_fd(), output.as_fd(), error.as_fd()],
            _ => return Err(failed(Step::Streams, Errno::BADF)),
        };
        let program = prepare(&spawn.program, &identity, streams, spawn.terminal.is_some())
            .map_err(|(step, errno)| failed(step, errno))?;
        // A new process begins with its parent's score: when memory runs out, a program is to die before init.
        if !spawn.spared {
            self.oom_score.set(&self.oom_score.programs);
        }
        let result = sys::spawn::spawn(&self.stack, &program);
        if !spawn.spared {
            self.oom_score.set(&self.oom_score.own);
        }
        self.stack.trim();
        let (pid, pidfd) = result.map_err(|(step, errno)| failed(step, errno))?;
        Ok(Started { pid: pid.cast_unsigned(), pidfd, master })
    }
}

impl OomScore {
    /// By how much programs are the better choice: a tenth of the memory that there is.
    const STEP: i32 = 100;
    /// The kernel's highest score.
    const HIGHEST: i32 = 1000;

    fn new(file: OwnedFd) -> Result<Self, Errno> {
        let mut text = [0; 16];
        let length = rustix::io::pread(&file, &mut text, 0)?;
        let own: i32 = str::from_utf8(&text[..length])
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or(Errno::INVAL)?;
        let programs = own.saturating_add(Self::STEP).min(Self::HIGHEST);
        Ok(Self { file, own: own.to_string(), programs: programs.to_string() })
    }

    fn set(&self, score: &str) {
        // Up, and down to where it began, are always allowed (proc(5)). A kernel that refuses keeps both alike.
        let _ = rustix::io::pwrite(&self.file, score.as_bytes(), 0);
    }
}

/// SIGTERM to every process of the container but init.
pub(super) fn terminate_all() {
    sys::signal::terminate_all();
}

fn identify(user: &User) -> Result<Identity, Failure> {
    let (identity, name) = match user {
        User::Ids { uid, gid, groups } => {
            (Some(Identity { uid: *uid, gid: *gid, groups: groups.clone() }), format!("{uid}:{gid}"))
        }
        User::Name(name) => (users::look_up(name), name.clone()),
    };
    // To the kernel the last number means "stay who you are", which is root.
    identity
        .filter(|identity| identity.uid != u32::MAX && identity.gid != u32::MAX)
        .ok_or(Failure::UnknownUser(name))
}

fn open_terminal(terminal: Terminal, identity: &Identity) -> Result<(OwnedFd, OwnedFd), Errno> {
    let (master, slave) = devices::open_terminal()?;
    let size = Winsize { ws_row: terminal.rows, ws_col: terminal.columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size)?;
    if terminal.raw {
        let mut modes = rustix::termios::tcgetattr(&slave)?;
        modes.make_raw();
        // Wine's console takes Ctrl-C for the end of the input; it is the kernel that interrupts the programs.
        modes.local_modes |= LocalModes::ISIG;
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &modes)?;
    }
    if identity.uid != 0 {
        let owner = rustix::process::Uid::from_raw(identity.uid);
        rustix::fs::fchown(&slave, Some(owner), None)?;
    }
    Ok((master, slave))
}

fn prepare<'a>(
    program: &LinuxProgram,
    identity: &'a Identity,
    streams: [BorrowedFd<'a>; 3],
    terminal: bool,
) -> Result<Program<'a>, (Step, Errno)> {
    let c_string = |text: &str| CString::new(text).map_err(|_| (Step::Exec, Errno::INVAL));
    let argv = &program.command.argv;
    let Some(name) = argv.first().filter(|name| !name.is_empty()) else {
        return Err((Step::Exec, Errno::NOENT));
    };
    let paths = if name.contains('/') {
        vec![c_string(name)?]
    } else {
        let path = program.command.env.iter().find_map(|entry| entry.strip_prefix("PATH="));
        path.unwrap_or(DEFAULT_PATH)
            .split(':')
            .map(|folder| c_string(&format!("{}/{name}", if folder.is_empty() { "." } else { folder })))
            .collect::<Result<_, _>>()?
    };
    let directory = if program.directory.is_empty() { "/" } else { &program.directory };
    Ok(Program {
        paths,
        argv: argv.iter().map(|text| c_string(text)).collect::<Result<_, _>>()?,
        env: program.command.env.iter().map(|text| c_string(text)).collect::<Result<_, _>>()?,
        directory: c_string(directory)?,
        uid: identity.uid,
        gid: identity.gid,
        groups: &identity.groups,
        streams,
        terminal,
    })
}
