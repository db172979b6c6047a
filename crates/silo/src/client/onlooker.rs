//! A connection that sees what happens to a system, and is no handle on it.
//!
//! It never waits: whoever watches many systems waits for all their sockets at once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::net::{RecvFlags, SocketFlags};

use super::launch::{LaunchError, check_version, say_hello};
use crate::protocol::{Message, Purpose, Sight, Status, Welcome};
use crate::wire::Receiver;

/// A watched system.
#[derive(Debug)]
pub struct Onlooker {
    socket: OwnedFd,
    directory: PathBuf,
    welcomed: bool,
}

/// What came over the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glimpse {
    /// The first: how the system stands. All that happens from here on is told. It comes once the system is made.
    Stands(Status),
    /// Something happened.
    Saw(Sight),
    /// Nothing more just now.
    Nothing,
    /// The supervisor has ended, or has cut this connection off.
    End,
}

impl Onlooker {
    /// Watches the system whose runtime folder is `directory`.
    ///
    /// # Errors
    /// [`LaunchError::NotThere`] when no supervisor listens there; [`LaunchError::Timeout`] when it does not accept
    /// connections; the kernel's.
    pub fn new(directory: &Path) -> Result<Self, LaunchError> {
        let socket = say_hello(directory, SocketFlags::NONBLOCK, Purpose::Watch)?;
        Ok(Self { socket, directory: directory.into(), welcomed: false })
    }

    /// Whether [`Glimpse::Stands`] has come.
    pub fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    /// The next message that is there. `receiver` may be shared with other onlookers.
    ///
    /// # Errors
    /// [`LaunchError::Version`] when the supervisor knows no onlookers of this version; [`LaunchError::Wire`] for bytes
    /// that are no message of its.
    pub fn next(&mut self, receiver: &mut Receiver) -> Result<Glimpse, LaunchError> {
        if !self.welcomed {
            let welcome = match receiver.receive::<Welcome>(&self.socket, RecvFlags::DONTWAIT) {
                Ok(Some((welcome, _))) => welcome,
                Ok(None) => return Ok(Glimpse::End),
                Err(error) if error.would_block() => return Ok(Glimpse::Nothing),
                Err(error) => return Err(error.into()),
            };
            check_version(&self.directory, welcome)?;
            self.welcomed = true;
            return Ok(Glimpse::Stands(welcome.status));
        }
        match receiver.receive::<Message>(&self.socket, RecvFlags::DONTWAIT) {
            Ok(Some((Message::Sight(sight), _))) => Ok(Glimpse::Saw(sight)),
            // Nobody asked for these: whoever sends them is no supervisor of ours.
            Ok(None | Some((Message::Answer { .. } | Message::Event(_), _))) => Ok(Glimpse::End),
            Err(error) if error.would_block() => Ok(Glimpse::Nothing),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Onlooker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
