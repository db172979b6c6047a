//! A connection to systemd's own socket: one call at a time, and the signals that come in between.
//!
//! It is the socket that systemctl uses as root. It needs no message bus, which a small server may not have, and every
//! connection is told of finished jobs without asking for it.
//!
//! Sources: D-Bus Specification, "Authentication Protocol"; org.freedesktop.systemd1(5).

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::message::{Call, FIXED, Kind, Message, length};

const SOCKET: &str = "/run/systemd/private";
/// As long as D-Bus libraries wait for an answer.
const PATIENCE: Duration = Duration::from_secs(25);
/// Between two attempts at a socket that is there and not heard.
const UNTIL_IT_LISTENS: Duration = Duration::from_millis(20);
/// Of a line of the authentication.
const LONGEST_LINE: usize = 512;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The socket could not be used.
    #[error("cannot {action} {SOCKET}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Nothing came in time.
    #[error("{SOCKET} does not answer, waiting for {waiting}")]
    Timeout {
        /// What for.
        waiting: String,
    },
    /// The answer is not in the form that D-Bus has.
    #[error("{SOCKET} answers {0}")]
    Protocol(&'static str),
    /// systemd said no.
    #[error("{name}: {text}")]
    Refused {
        /// The error's name.
        name: String,
        /// Its text.
        text: String,
    },
    /// The job was accepted and came to nothing.
    #[error("the job ended with the result {0:?}")]
    Job(String),
}

impl BusError {
    /// Whether systemd went in the middle of it, to execute itself anew.
    pub(super) fn is_disconnected(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        let gone = |source: &io::Error| matches!(source.kind(), BrokenPipe | ConnectionReset | UnexpectedEof);
        matches!(self, Self::Io { source, .. } if gone(source))
    }

    /// Whether it is the refusal of this name.
    pub(super) fn is(&self, refusal: &str) -> bool {
        matches!(self, Self::Refused { name, .. } if name == refusal)
    }
}

fn io(action: &'static str) -> impl Fn(io::Error) -> BusError {
    move |source| BusError::Io { action, source }
}

fn until_there() -> io::Result<UnixStream> {
    let socket = Path::new(SOCKET);
    let watch = inotify::init(CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, socket.parent().unwrap_or(socket), WatchFlags::CREATE)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let error = match UnixStream::connect(socket) {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let wait = match error.kind() {
            io::ErrorKind::NotFound => PATIENCE,
            // Left by the old one, or bound by the new one, who does not listen yet: of that step nobody is told.
            io::ErrorKind::ConnectionRefused => UNTIL_IT_LISTENS,
            _ => return Err(error),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(error);
        }
        let wait = Timespec::try_from(wait.min(left)).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
        if poll(&mut [PollFd::new(&watch, PollFlags::IN)], Some(&wait))? == 0 {
            continue;
        }
        let mut events = [0; 4096];
        rustix::io::read(&watch, &mut events)?;
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Bus {
    stream: UnixStream,
    serial: u32,
    /// Of the jobs that ended while another message was awaited: path and result.
    ended: Vec<(String, String)>,
    /// Names of the units that went meanwhile.
    removed: Vec<String>,
}

impl Bus {
    /// While systemd executes itself anew, as with every update of it, its socket is away for a moment.
    pub(super) fn connect() -> Result<Self, BusError> {
        let stream = until_there().map_err(io("connect to"))?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(io("set up"))?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(io("set up"))?;
        let mut bus = Self { stream, serial: 0, ended: Vec::new(), removed: Vec::new() };
        bus.authenticate()?;
        Ok(bus)
    }

    /// By the socket's own credentials; the user id is sent in hexadecimal of its decimal digits.
    fn authenticate(&mut self) -> Result<(), BusError> {
        let uid = rustix::process::geteuid().as_raw().to_string();
        let mut digits = String::new();
        for digit in uid.bytes() {
            // Writing to a String can't fail.
            let _ = write!(digits, "{digit:02x}");
        }
        self.send(format!("\0AUTH EXTERNAL {digits}\r\n").as_bytes())?;
        // Byte by byte: what follows the line is not ours to take.
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if line.len() == LONGEST_LINE {
                return Err(BusError::Protocol("without an end"));
            }
            let mut byte = [0];
            self.stream.read_exact(&mut byte).map_err(io("read from"))?;
            line.extend(byte);
        }
        if !line.starts_with(b"OK ") {
            return Err(BusError::Protocol("that it does not know us"));
        }
        self.send(b"BEGIN\r\n")
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), BusError> {
        self.stream.write_all(bytes).map_err(io("write to"))
    }

    fn receive(&mut self, waiting: impl Fn() -> String) -> Result<Message, BusError> {
        let mut fixed = [0; FIXED];
        self.stream.read_exact(&mut fixed).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => BusError::Timeout { waiting: waiting() },
            _ => io("read from")(error),
        })?;
        let length = length(&fixed).ok_or(BusError::Protocol("with no message of D-Bus"))?;
        let mut bytes = fixed.to_vec();
        bytes.resize(length, 0);
        self.stream.read_exact(&mut bytes[FIXED..]).map_err(io("read from"))?;
        Message::decode(&bytes).ok_or(BusError::Protocol("with a broken message"))
    }

    /// Calls a method and waits for its answer.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Result<Message, BusError> {
        self.serial += 1;
        let serial = self.serial;
        self.send(&call.encode(serial))?;
        loop {
            let message = self.receive(|| format!("the answer to {}", call.member))?;
            match &message.kind {
                Kind::Return(of) if *of == serial => return Ok(message),
                Kind::Error(of, name) if *of == serial => {
                    let text = message.body().string().unwrap_or_default().to_owned();
                    return Err(BusError::Refused { name: name.clone(), text });
                }
                _ => self.note(&message),
            }
        }
    }

    /// Keeps what may be told before anybody waits for it.
    fn note(&mut self, message: &Message) {
        let Kind::Signal(member) = &message.kind else { return };
        let mut body = message.body();
        match member.as_str() {
            // Number, path, unit, result.
            "JobRemoved" => {
                if let (Some(_), Some(job), Some(_), Some(result)) =
                    (body.u32(), body.string(), body.string(), body.string())
                {
                    self.ended.push((job.to_owned(), result.to_owned()));
                }
            }
            "UnitRemoved" => self.removed.extend(body.string().map(str::to_owned)),
            _ => {}
        }
    }

    /// Waits until systemd knows a unit no more, which it knew when the last call before this began.
    pub(super) fn until_removed(&mut self, unit: &str) -> Result<(), BusError> {
        while !self.removed.iter().any(|name| name == unit) {
            let message = self.receive(|| format!("the end of {unit}"))?;
            self.note(&message);
        }
        self.removed.clear();
        Ok(())
    }

    /// Waits for the end of a job.
    pub(super) fn finish(&mut self, job: &str) -> Result<(), BusError> {
        loop {
            if let Some((_, result)) = self.ended.iter().find(|(path, _)| path == job) {
                return if result == "done" { Ok(()) } else { Err(BusError::Job(result.clone())) };
            }
            let message = self.receive(|| format!("the job {job}"))?;
            self.note(&message);
        }
    }
}
