//! Messages with descriptors over a `SOCK_SEQPACKET` socket.
//!
//! A packet is one byte that says where the message is, then the message as postcard. Messages over [`INLINE`] bytes
//! travel in a sealed memory file, the packet's first descriptor. A receiver that can't trust its peer (the
//! supervisor, of process 1) takes no such file.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest message that travels inside the packet, in bytes.
pub const INLINE: usize = 64 << 10;
/// Largest message at all: 32 MiB is far over a process's largest argument list.
pub const LARGEST: usize = 32 << 20;
/// Most descriptors that travel with one message.
pub const MOST_FDS: usize = 64;

const IN_PACKET: u8 = 0;
const IN_FILE: u8 = 1;
/// At this size musl maps the buffer instead of taking it from the heap: pages that no message touched cost nothing.
const BUFFER: usize = 160 << 10;

/// Why a message could not be sent or received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The kernel refused the call.
    #[error("{call} on the control socket")]
    Os {
        /// The system call.
        call: &'static str,
        /// Its error.
        #[source]
        errno: Errno,
    },
    /// The bytes are no message of this kind.
    #[error("malformed message on the control socket")]
    Malformed(#[source] postcard::Error),
    /// The message is longer than [`LARGEST`], or came cut off.
    #[error("message over {LARGEST} bytes on the control socket")]
    TooLong,
    /// The message came in a file, which this receiver does not take, or in one that is not sealed.
    #[error("message in an unacceptable file on the control socket")]
    File,
}

impl WireError {
    /// The socket has nothing to read, or no room to write, just now.
    pub fn would_block(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::AGAIN, .. })
    }
}

fn os(call: &'static str) -> impl Fn(Errno) -> WireError {
    move |errno| WireError::Os { call, errno }
}

/// Encodes a message as a packet; the second value is the file that must travel as its first descriptor.
///
/// # Errors
/// [`WireError::TooLong`], [`WireError::Malformed`], or a failing `memfd_create`.
pub fn encode<T: Serialize>(message: &T) -> Result<(Vec<u8>, Option<OwnedFd>), WireError> {
    let bytes = postcard::to_extend(message, vec![IN_PACKET]).map_err(WireError::Malformed)?;
    if bytes.len() <= INLINE {
        return Ok((bytes, None));
    }
    if bytes.len() > LARGEST {
        return Err(WireError::TooLong);
    }
    let file = rustix::fs::memfd_create("message", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .map_err(os("memfd_create"))?;
    let mut rest = &bytes[1..];
    while !rest.is_empty() {
        let written = rustix::io::write(&file, rest).map_err(os("write"))?;
        rest = &rest[written..];
    }
    rustix::fs::fcntl_add_seals(
        &file,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )
    .map_err(os("fcntl"))?;
    Ok((vec![IN_FILE], Some(file)))
}

/// Sends an encoded packet with descriptors; `flags` say whether it waits for room.
///
/// # Errors
/// [`WireError::Os`]; `EAGAIN` for one that does not wait when the peer does not read.
pub fn send_packet(
    socket: impl AsFd,
    packet: &[u8],
    file: Option<BorrowedFd<'_>>,
    fds: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> Result<(), WireError> {
    let mut all = Vec::with_capacity(fds.len() + 1);
    all.extend(file);
    all.extend_from_slice(fds);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS + 1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !all.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&all)) {
        return Err(WireError::TooLong);
    }
    loop {
        match rustix::net::sendmsg(
            &socket,
            &[IoSlice::new(packet)],
            &mut control,
            flags | SendFlags::NOSIGNAL,
        ) {
            Err(Errno::INTR) => {}
            result => return result.map(drop).map_err(os("sendmsg")),
        }
    }
}

/// Encodes and sends a message with descriptors; waits for room.
///
/// # Errors
/// See [`encode`] and [`send_packet`].
pub fn send<T: Serialize>(socket: impl AsFd, message: &T, fds: &[BorrowedFd<'_>]) -> Result<(), WireError> {
    let (packet, file) = encode(message)?;
    send_packet(socket, &packet, file.as_ref().map(AsFd::as_fd), fds, SendFlags::empty())
}

/// The same without waiting.
///
/// # Errors
/// See [`encode`] and [`send_packet`]; `EAGAIN` when the peer does not read.
pub fn send_now<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> Result<(), WireError> {
    let (packet, file) = encode(message)?;
    send_packet(socket, &packet, file.as_ref().map(AsFd::as_fd), fds, SendFlags::DONTWAIT)
}

/// Takes messages from a socket.
#[derive(Debug)]
pub struct Receiver {
    /// Empty before the first message and at rest.
    buffer: Vec<u8>,
    files: bool,
}

impl Receiver {
    /// `files`: take messages in files, from a peer that is trusted.
    pub fn new(files: bool) -> Self {
        Self { buffer: Vec::new(), files }
    }

    /// Gives the buffer's memory back before a long wait; the next message takes new pages.
    pub fn trim(&mut self) {
        self.buffer = Vec::new();
    }

    /// The next message with its descriptors; `None` at the end of the stream.
    ///
    /// # Errors
    /// [`WireError`]; after [`WireError::Malformed`] the packet is gone and the socket still in step.
    pub fn receive<T: DeserializeOwned>(
        &mut self,
        socket: impl AsFd,
        flags: RecvFlags,
    ) -> Result<Option<(T, Vec<OwnedFd>)>, WireError> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER];
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS + 1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let packet = loop {
            let mut parts = [IoSliceMut::new(&mut self.buffer)];
            match rustix::net::recvmsg(&socket, &mut parts, &mut control, flags | RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                // The peer ended with unread packets of ours: to us it is simply gone.
                Err(Errno::CONNRESET) => return Ok(None),
                result => break result.map_err(os("recvmsg"))?,
            }
        };
        let mut fds = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                fds.extend(received);
            }
        }
        if packet.bytes == 0 {
            return Ok(None);
        }
        if packet.flags.contains(rustix::net::ReturnFlags::TRUNC) {
            return Err(WireError::TooLong);
        }
        match self.buffer[0] {
            IN_PACKET => {
                let message =
                    postcard::from_bytes(&self.buffer[1..packet.bytes]).map_err(WireError::Malformed)?;
                Ok(Some((message, fds)))
            }
            IN_FILE if self.files && !fds.is_empty() => {
                let file = fds.remove(0);
                let bytes = read_sealed(&file)?;
                Ok(Some((postcard::from_bytes(&bytes).map_err(WireError::Malformed)?, fds)))
            }
            _ => Err(WireError::File),
        }
    }
}

/// The content of a file that nobody can change while it is read.
fn read_sealed(file: &OwnedFd) -> Result<Vec<u8>, WireError> {
    let wanted = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK;
    let seals = rustix::fs::fcntl_get_seals(file).map_err(|_| WireError::File)?;
    if !seals.contains(wanted) {
        return Err(WireError::File);
    }
    let size = rustix::fs::fstat(file).map_err(os("fstat"))?.st_size;
    let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST).ok_or(WireError::TooLong)?;
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match rustix::io::pread(file, &mut bytes[filled..], filled as u64).map_err(os("pread"))? {
            0 => return Err(WireError::File),
            count => filled += count,
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    use super::*;

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn small_and_large_messages_arrive_with_their_descriptors_in_order() {
        let (a, b) = pair();
        for length in [0, 100, INLINE + 1, 3 << 20] {
            let text = "x".repeat(length);
            let (read, write) = rustix::pipe::pipe().unwrap();
            send(&a, &text, &[write.as_fd(), read.as_fd()]).unwrap();
            let (got, fds) = Receiver::new(true).receive::<String>(&b, RecvFlags::empty()).unwrap().unwrap();
            assert_eq!(got, text);
            assert_eq!(fds.len(), 2);
            rustix::io::write(&fds[0], b"!").unwrap();
            assert_eq!(rustix::io::read(&fds[1], &mut [0; 1]).unwrap(), 1);
        }
        drop(a);
        assert!(Receiver::new(true).receive::<String>(&b, RecvFlags::empty()).unwrap().is_none());
    }

    #[test]
    fn files_from_an_untrusted_peer_and_unsealed_files_are_refused() {
        let (a, b) = pair();
        send(&a, &"x".repeat(INLINE + 1), &[]).unwrap();
        let error = Receiver::new(false).receive::<String>(&b, RecvFlags::empty()).unwrap_err();
        assert!(matches!(error, WireError::File), "{error}");

        let open = rustix::fs::memfd_create("open", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        send_packet(&a, &[IN_FILE], Some(open.as_fd()), &[], SendFlags::empty()).unwrap();
        let error = Receiver::new(true).receive::<String>(&b, RecvFlags::empty()).unwrap_err();
        assert!(matches!(error, WireError::File), "{error}");
    }

    #[test]
    fn garbage_is_an_error_and_the_next_message_still_arrives() {
        let (a, b) = pair();
        let mut receiver = Receiver::new(false);
        for garbage in [&[IN_PACKET][..], &[IN_PACKET, 200, 1, 2], &[7, 7], &[IN_FILE]] {
            send_packet(&a, garbage, None, &[], SendFlags::empty()).unwrap();
            assert!(receiver.receive::<String>(&b, RecvFlags::empty()).is_err(), "{garbage:?}");
        }
        send(&a, &"after", &[]).unwrap();
        assert_eq!(receiver.receive::<String>(&b, RecvFlags::empty()).unwrap().unwrap().0, "after");
    }
}
