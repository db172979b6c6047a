//! The parsers of what comes from inside a container, and from clients, for the fuzz targets.

use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::init::{FromInit, users};
use crate::process_list::{PidNamespace, Stat, inner_pid, program_name};
use crate::protocol::{Hello, Message, ToSupervisor};
use crate::spec::Spec;
use crate::supervisor::log;
use crate::wire::{self, Receiver, WireError};

/// A user: uid, gid, further groups.
pub type Identity = (u32, u32, Vec<u32>);

/// A connection whose one end is the fuzz target's: packets go through the kernel and the true receiver.
#[derive(Debug)]
pub struct Wire {
    ends: (OwnedFd, OwnedFd),
    untrusting: Receiver,
    trusting: Receiver,
}

impl Wire {
    /// A new one.
    ///
    /// # Panics
    /// When the kernel has no sockets left.
    pub fn new() -> Self {
        let ends = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        Self {
            ends: ends.expect("the kernel has sockets"),
            untrusting: Receiver::new(false),
            trusting: Receiver::new(true),
        }
    }

    /// A packet of `kind` as its receiver takes it, then encoded and taken once more: `None` when it is refused,
    /// otherwise both as text. Kinds: `i` from init, `r` a request, `h` a hello, `m` a message, `s` a specification.
    ///
    /// # Panics
    /// When the socket is out of step after a packet, or does not take one of up to 64 KiB.
    pub fn packet(&mut self, kind: u8, packet: &[u8]) -> Option<(String, String)> {
        match kind {
            b'i' => self.twice::<FromInit>(packet),
            b'r' => self.twice::<ToSupervisor>(packet),
            b'h' => self.twice::<Hello>(packet),
            b'm' => self.twice::<Message>(packet),
            _ => self.twice::<Spec>(packet),
        }
    }

    fn twice<T: Serialize + DeserializeOwned + std::fmt::Debug>(
        &mut self,
        packet: &[u8],
    ) -> Option<(String, String)> {
        // The receiver takes an empty packet for the stream's end, as recvmsg gives it.
        if packet.is_empty() {
            return None;
        }
        let first: T = self.receive(packet, None)?;
        let (again, file) = wire::encode(&first).expect("what was decoded can be encoded");
        let second: T = self.receive(&again, file.as_ref())?;
        Some((format!("{first:?}"), format!("{second:?}")))
    }

    fn receive<T: DeserializeOwned>(&mut self, packet: &[u8], file: Option<&OwnedFd>) -> Option<T> {
        let file_fd = file.map(AsFd::as_fd);
        wire::send_packet(&self.ends.0, packet, file_fd, &[], SendFlags::DONTWAIT)
            .expect("room for a packet");
        // Init is never believed to have sealed a file; a message that big comes from a client.
        let receiver = if file.is_some() { &mut self.trusting } else { &mut self.untrusting };
        let received = receiver.receive(&self.ends.1, RecvFlags::DONTWAIT);
        match received {
            Ok(message) => message.map(|(message, _)| message),
            Err(WireError::Os { call, errno }) => panic!("{call}: {errno}"),
            Err(_) => None,
        }
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self::new()
    }
}

/// What a process of a container says of itself in `/proc`: its name, and its pid inside.
pub fn process(stat: &[u8], status: &[u8]) -> (Option<String>, Option<u32>) {
    let name = Stat::parse(stat).map(|stat| program_name(stat.name, status));
    (name, inner_pid(status, PidNamespace::Own).or_else(|| inner_pid(status, PidNamespace::Shared)))
}

/// `user[:group]` in these two files.
pub fn user(text: &str, passwd: &str, group: &str) -> Option<Identity> {
    users::find(text, passwd, group).map(|found| (found.uid, found.gid, found.groups))
}

/// A line of a process as the lines of the log's file.
pub fn log_lines(stream: u8, line: &[u8], whole: bool) -> Vec<u8> {
    let mut out = Vec::new();
    log::format_parts(&mut out, stream, line, whole);
    out
}
