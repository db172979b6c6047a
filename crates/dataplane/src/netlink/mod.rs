//! A netlink socket for one request after another: sent, worked off by the kernel within the call, and answered.
//!
//! Blocking, and never for long: the kernel works while the send call runs, so that all answers are there when it
//! returns.

pub(crate) mod attr;

use std::os::fd::AsRawFd;
use std::time::Duration;

use netlink_sys::{Socket, SocketAddr};

use crate::error::{Error, Label, Refusal};
use crate::netns::Netns;
use attr::{Message, Writer, attribute, attributes, messages, text};

pub(crate) use netlink_sys::protocols::{NETLINK_NETFILTER, NETLINK_ROUTE};

pub(crate) const REQUEST: u16 = 0x1;
pub(crate) const ACK: u16 = 0x4;
pub(crate) const REPLACE: u16 = 0x100;
pub(crate) const EXCL: u16 = 0x200;
pub(crate) const CREATE: u16 = 0x400;
pub(crate) const APPEND: u16 = 0x800;
pub(crate) const DUMP: u16 = 0x300;
/// In a dump's message: what is dumped changed meanwhile.
const DUMP_INTR: u16 = 0x10;
/// In an error: the request's payload is left out of it.
const CAPPED: u16 = 0x100;
/// In an error: attributes follow.
const ACK_TLVS: u16 = 0x200;

const ERROR: u16 = 2;
const DONE: u16 = 3;

/// A dump that is torn by a change is read anew, this often.
const DUMP_TRIES: u32 = 8;
/// The kernel answers a dump in pieces of at most 32 KiB, and other requests with one message.
const BUFFER: usize = 64 << 10;

/// A socket of one netlink family in one network namespace.
pub(crate) struct Channel {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
    send_buffer: usize,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("socket", &self.socket.as_raw_fd()).finish_non_exhaustive()
    }
}

impl Channel {
    /// In `netns`, where it stays.
    pub(crate) fn open(protocol: isize, netns: &Netns) -> Result<Self, Error> {
        netns.inside(|| Self::here(protocol))?
    }

    /// In the calling thread's network namespace, where it stays.
    pub(crate) fn here(protocol: isize) -> Result<Self, Error> {
        let socket = Socket::new(protocol).map_err(Error::socket("socket"))?;
        let mut this = Self { socket, sequence: 0, buffer: Vec::with_capacity(BUFFER), send_buffer: 0 };
        this.socket.bind_auto().map_err(Error::socket("bind"))?;
        this.socket.connect(&SocketAddr::new(0, 0)).map_err(Error::socket("connect"))?;
        this.socket.set_ext_ack(true).map_err(Error::socket("NETLINK_EXT_ACK"))?;
        this.socket.set_cap_ack(true).map_err(Error::socket("NETLINK_CAP_ACK"))?;
        if protocol == NETLINK_ROUTE {
            this.socket.set_netlink_get_strict_chk(true).map_err(Error::socket("NETLINK_GET_STRICT_CHK"))?;
        }
        Ok(this)
    }

    /// Has the socket told what happens to the objects of a multicast group.
    pub(crate) fn join(&mut self, group: u32) -> Result<(), Error> {
        self.socket.add_membership(group).map_err(Error::socket("NETLINK_ADD_MEMBERSHIP"))
    }

    /// Waits for events and hands them to `each`; `false` if none came within `patience`. That some were lost, because
    /// they came faster than they were read, counts as one.
    pub(crate) fn event(
        &mut self,
        patience: Duration,
        mut each: impl FnMut(Message<'_>),
    ) -> Result<bool, Error> {
        let patience = rustix::event::Timespec::try_from(patience).ok();
        let mut fds = [rustix::event::PollFd::new(&self.socket, rustix::event::PollFlags::IN)];
        match rustix::event::poll(&mut fds, patience.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Error::socket("poll")(errno.into())),
        }
        let received = self.receive(false, |message| {
            each(message);
            Ok(false)
        });
        match received {
            Ok(_) => Ok(true),
            Err(Error::Socket { source, .. })
                if source.kind() == std::io::ErrorKind::WouldBlock
                    || source.raw_os_error() == Some(libc::ENOBUFS) =>
            {
                Ok(true)
            }
            Err(other) => Err(other),
        }
    }

    /// The number of the next message.
    pub(crate) fn next_sequence(&mut self) -> u32 {
        // Not 0, which the kernel uses for what nobody asked for.
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        self.sequence
    }

    pub(crate) fn send(&mut self, writer: &Writer, label: &Label) -> Result<(), Error> {
        if writer.too_long() {
            return Err(Error::TooLong { object: label.object.clone() });
        }
        let bytes = writer.bytes();
        self.make_room(bytes.len())?;
        self.socket.send(bytes, 0).map_err(Error::socket("send"))?;
        Ok(())
    }

    /// A message must fit the send buffer as a whole, or the kernel says `EMSGSIZE`.
    fn make_room(&mut self, length: usize) -> Result<(), Error> {
        const DEFAULT: usize = 64 << 10;
        if length <= DEFAULT.max(self.send_buffer) {
            return Ok(());
        }
        // The kernel doubles the number for its own overhead, and counts pages against it.
        let size = libc::c_int::try_from(length).unwrap_or(libc::c_int::MAX / 2);
        set_send_buffer(&self.socket, size).map_err(Error::socket("SO_SNDBUFFORCE"))?;
        self.send_buffer = length;
        Ok(())
    }

    /// Receives once and hands each message to `each` until that says stop (`true`).
    fn receive(
        &mut self,
        block: bool,
        mut each: impl FnMut(Message<'_>) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let flags = if block { 0 } else { libc::MSG_DONTWAIT };
        let (length, from) = loop {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, flags | libc::MSG_TRUNC) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(Error::socket("recv"))?,
            }
        };
        if length > self.buffer.len() {
            let what = format!("an answer of {length} bytes");
            return Err(Error::Unexpected { object: "the kernel".to_owned(), what });
        }
        if from.port_number() != 0 {
            return Ok(false); // another program may write to our port; only the kernel is answered for
        }
        for message in messages(&self.buffer[..length]) {
            let message = message.ok_or_else(|| Error::Unexpected {
                object: "the kernel".to_owned(),
                what: "a message with an impossible length".to_owned(),
            })?;
            if each(message)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends what `writer` holds, messages with the numbers from `first` on that each ask for an acknowledgement, and
    /// returns the refusals by number. The kernel goes on after a refused one.
    pub(crate) fn acknowledged(
        &mut self,
        writer: &Writer,
        label: &Label,
        first: u32,
        count: u32,
    ) -> Result<Vec<(u32, Refusal)>, Error> {
        self.send(writer, label)?;
        let mut open = count;
        let mut refusals = Vec::new();
        while open > 0 {
            self.receive(true, |message| {
                if message.kind == ERROR && message.sequence.wrapping_sub(first) < count {
                    open -= 1;
                    if let Some(refusal) = refusal(&message) {
                        refusals.push((message.sequence, refusal));
                    }
                }
                Ok(open == 0)
            })?;
        }
        Ok(refusals)
    }

    /// Sends a batch whose last message, number `last`, alone asks for an acknowledgement, and returns the refusals by
    /// number and whether the acknowledgement came. All answers are there when the send call returns.
    pub(crate) fn batch(
        &mut self,
        writer: &Writer,
        label: &Label,
        last: u32,
    ) -> Result<(Vec<(u32, Refusal)>, bool), Error> {
        self.send(writer, label)?;
        let mut refusals = Vec::new();
        let mut done = false;
        loop {
            let received = self.receive(false, |message| {
                if message.kind == ERROR {
                    match refusal(&message) {
                        Some(refusal) => refusals.push((message.sequence, refusal)),
                        None => done |= message.sequence == last,
                    }
                }
                Ok(false)
            });
            match received {
                Ok(_) => {}
                Err(Error::Socket { source, .. }) if source.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(other) => return Err(other),
            }
        }
        Ok((refusals, done))
    }

    /// Sends one request for all objects of a kind and gives `parse` each message of the answer. `parse` must give
    /// the same for the same message: a dump that was torn by a change is read anew.
    pub(crate) fn dump<T>(
        &mut self,
        object: &'static str,
        request: impl Fn(&mut Writer, u32),
        mut parse: impl FnMut(Message<'_>) -> Result<Option<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let label = Label::new("list", object);
        for _ in 0..DUMP_TRIES {
            let sequence = self.next_sequence();
            let mut writer = Writer::default();
            request(&mut writer, sequence);
            self.send(&writer, &label)?;
            let mut found = Vec::new();
            let mut torn = false;
            let mut done = false;
            while !done {
                done = self.receive(true, |message| {
                    if message.sequence != sequence {
                        return Ok(false);
                    }
                    torn |= message.flags & DUMP_INTR != 0;
                    match message.kind {
                        DONE => match done_code(&message) {
                            0 => Ok(true),
                            errno => Err(label.refused(Refusal { errno, text: None, offset: None })),
                        },
                        ERROR => Err(label.refused(refusal(&message).unwrap_or(Refusal {
                            errno: libc::EPROTO,
                            text: None,
                            offset: None,
                        }))),
                        _ => {
                            found.extend(parse(message)?);
                            Ok(false)
                        }
                    }
                })?;
            }
            if !torn {
                return Ok(found);
            }
        }
        Err(Error::Unsettled { object, tries: DUMP_TRIES })
    }

    /// Sends one request for one object. `None`: there is none.
    pub(crate) fn get<T>(
        &mut self,
        label: &Label,
        request: impl FnOnce(&mut Writer, u32),
        mut parse: impl FnMut(Message<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let sequence = self.next_sequence();
        let mut writer = Writer::default();
        request(&mut writer, sequence);
        self.send(&writer, label)?;
        let mut found = None;
        let mut done = false;
        while !done {
            done = self.receive(true, |message| {
                if message.sequence != sequence {
                    return Ok(false);
                }
                if message.kind != ERROR {
                    found = Some(parse(message)?);
                    return Ok(true);
                }
                match refusal(&message) {
                    Some(Refusal { errno: libc::ENODEV | libc::ENOENT | libc::ENXIO, .. }) | None => Ok(true),
                    Some(other) => Err(label.refused(other)),
                }
            })?;
        }
        Ok(found)
    }
}

fn done_code(message: &Message<'_>) -> i32 {
    message.payload.first_chunk().map_or(0, |code| -i32::from_ne_bytes(*code))
}

/// What an `NLMSG_ERROR` says; `None` is the acknowledgement.
fn refusal(message: &Message<'_>) -> Option<Refusal> {
    const TEXT: u16 = 1;
    const OFFSET: u16 = 2;
    let code = i32::from_ne_bytes(*message.payload.first_chunk()?);
    if code == 0 {
        return None;
    }
    let mut refusal = Refusal { errno: code.wrapping_neg(), text: None, offset: None };
    if message.flags & ACK_TLVS != 0 {
        // The request's header follows the code, and its payload unless the error is capped.
        let request =
            message.payload.get(4..8).and_then(|l| l.try_into().ok()).map_or(16, u32::from_ne_bytes);
        let skip = if message.flags & CAPPED != 0 { 16 } else { (request as usize).next_multiple_of(4) };
        let tail = message.payload.get(4 + skip..).unwrap_or_default();
        refusal.text = attribute(tail, TEXT).and_then(text).filter(|t| !t.is_empty()).map(str::to_owned);
        refusal.offset = attributes(tail)
            .find_map(|(kind, value)| (kind == OFFSET).then(|| value.first_chunk().copied()).flatten())
            .map(u32::from_ne_bytes);
    }
    Some(refusal)
}

#[expect(unsafe_code, reason = "SO_SNDBUFFORCE is in neither netlink-sys nor rustix")]
fn set_send_buffer(socket: &Socket, size: libc::c_int) -> std::io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).expect("four bytes");
    // SAFETY: setsockopt(2) reads `size_of::<c_int>()` bytes from the pointer, which is that of a c_int that lives
    // through the call; the descriptor is that of the socket, which is borrowed for as long.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUFFORCE,
            (&raw const size).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
