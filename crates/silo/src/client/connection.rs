//! A connection to a supervisor: requests out, answers and events in.
//!
//! No thread reads for a connection as a rule: whoever waits for something reads the socket for everybody
//! ([`Connection::drive`]). Only when events must reach a callback that nobody waits for, the process's one reactor
//! thread reads ([`Connection::read_in_background`]).

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use hcs_fault::Point;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::net::{RecvFlags, SendFlags, Shutdown};

use super::reactor::{Reactor, Registration};
use crate::protocol::{Event, Failure, Message, Reply, Request, Status, ToSupervisor, Welcome};
use crate::wire::{self, Receiver, WireError};

/// What came of a request: the reply with its descriptors, or why not.
pub type Outcome = Result<(Reply, Vec<OwnedFd>), ClientError>;

/// Why a request got no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The supervisor refused.
    #[error(transparent)]
    Refused(Failure),
    /// The supervisor is of an older version, which does not know the request.
    #[error("the container's supervisor speaks version {0} of the protocol, which has no such request")]
    Version(u16),
    /// The supervisor has ended, or was killed.
    #[error("the container's supervisor is gone")]
    Gone,
    /// The request can't be put on the wire.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// How long [`Connection::close`] waits for a supervisor, which answers at once unless it is stopped or stuck.
pub const FAREWELL: Duration = Duration::from_secs(1);

type Answer = Box<dyn FnOnce(Outcome) + Send>;
type Listener = Arc<dyn Fn(Option<Event>) + Send + Sync>;

/// One handle on a system. Dropping the last reference closes it.
pub struct Connection {
    socket: OwnedFd,
    /// Readable after [`Connection::wake`], so that a thread that waits for the socket looks up.
    waker: OwnedFd,
    welcome: Welcome,
    shared: Mutex<Shared>,
    turn: Condvar,
    receiver: Mutex<Receiver>,
    reactor: std::sync::OnceLock<Registration>,
}

struct Shared {
    next: u32,
    waiting: BTreeMap<u32, Answer>,
    listeners: BTreeMap<u64, Listener>,
    next_listener: u64,
    /// The thread that is reading the socket for everybody.
    reading: Option<ThreadId>,
    gone: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(socket: OwnedFd, welcome: Welcome) -> std::io::Result<Arc<Self>> {
        let waker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Arc::new(Self {
            socket,
            waker,
            welcome,
            shared: Mutex::new(Shared {
                next: 1,
                waiting: BTreeMap::new(),
                listeners: BTreeMap::new(),
                next_listener: 1,
                reading: None,
                gone: false,
            }),
            turn: Condvar::new(),
            receiver: Mutex::new(Receiver::new(true)),
            reactor: std::sync::OnceLock::new(),
        }))
    }

    /// Where the system stood when this connection was made.
    pub fn first_status(&self) -> Status {
        self.welcome.status
    }

    /// How many other handles there were when this one was made.
    pub fn first_others(&self) -> u32 {
        self.welcome.others
    }

    /// Sends a request. `answer` is called once: by the thread that reads its reply, or here when it can't be sent.
    pub fn request(&self, request: Request, fds: &[BorrowedFd<'_>], answer: Answer) {
        if request.since() > self.welcome.version {
            return answer(Err(ClientError::Version(self.welcome.version)));
        }
        let id = {
            let mut shared = self.lock();
            if shared.gone {
                drop(shared);
                return answer(Err(ClientError::Gone));
            }
            let id = shared.next;
            shared.next = shared.next.wrapping_add(1);
            shared.waiting.insert(id, answer);
            id
        };
        hcs_fault::step(Point::SendRequest);
        let sent = wire::encode(&ToSupervisor { id, request }).and_then(|(packet, file)| {
            wire::send_packet(&self.socket, &packet, file.as_ref().map(AsFd::as_fd), fds, SendFlags::empty())
        });
        hcs_fault::step(Point::RequestSent);
        if let Err(error) = sent {
            let answer = self.lock().waiting.remove(&id);
            if let Some(answer) = answer {
                answer(Err(match error {
                    WireError::Os {
                        errno: rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET, ..
                    } => ClientError::Gone,
                    other => ClientError::Wire(other),
                }));
            }
        }
    }

    /// Calls `listener` for each event, and with `None` once when the connection is lost. It is called by the thread
    /// that reads, and must not wait for this connection.
    pub fn listen(&self, listener: impl Fn(Option<Event>) + Send + Sync + 'static) -> u64 {
        let mut shared = self.lock();
        let id = shared.next_listener;
        shared.next_listener += 1;
        let listener: Listener = Arc::new(listener);
        shared.listeners.insert(id, Arc::clone(&listener));
        let gone = shared.gone;
        drop(shared);
        if gone {
            listener(None);
        }
        id
    }

    /// Ends what [`Connection::listen`] began.
    pub fn unlisten(&self, id: u64) {
        self.lock().listeners.remove(&id);
    }

    /// From now on the process's reactor thread reads this connection, so that listeners are called although nobody
    /// waits.
    ///
    /// # Errors
    /// When the reactor can't be started.
    pub fn read_in_background(self: &Arc<Self>) -> std::io::Result<()> {
        if self.reactor.get().is_some() {
            return Ok(());
        }
        // Under the lock: the reactor may have its first event before the registration is kept, and whoever leaves the
        // reader's turn without seeing it does not arm it for the next.
        let _shared = self.lock();
        if self.reactor.get().is_none() {
            let registration = Reactor::global()?.register(self)?;
            let _ = self.reactor.set(registration);
        }
        Ok(())
    }

    /// Reads the socket, or waits for the thread that does, until `done` says so or the time has come.
    /// Returns whether `done`.
    pub fn drive(&self, until: Option<Instant>, done: &dyn Fn() -> bool) -> bool {
        let mut shared = self.lock();
        loop {
            if done() {
                return true;
            }
            // A reader that finds the end still has to tell everybody, and `done` may depend on that.
            if shared.gone && shared.reading.is_none() {
                return done();
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            if shared.reading.is_some() {
                shared = match left {
                    None => self.turn.wait(shared).unwrap_or_else(PoisonError::into_inner),
                    Some(left) => {
                        self.turn.wait_timeout(shared, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                };
                continue;
            }
            shared.reading = Some(thread::current().id());
            drop(shared);
            if self.wait_readable(left) {
                self.read_one();
            }
            shared = self.lock();
            self.leave(&mut shared);
        }
    }

    /// Wakes threads in [`Connection::drive`] so that they look at `done` again.
    pub fn wake(&self) {
        let shared = self.lock();
        if shared.reading.is_some() {
            // Fails only when it is readable already.
            let _ = rustix::io::write(&self.waker, &1u64.to_ne_bytes());
        }
        self.turn.notify_all();
    }

    /// Whether the supervisor has ended, or [`Connection::close`] was called, and everybody was told.
    pub fn is_gone(&self) -> bool {
        let shared = self.lock();
        shared.gone && shared.reading.is_none()
    }

    /// Ends this connection, whoever still has a reference: what is unanswered is answered with
    /// [`ClientError::Gone`], and listeners are told.
    ///
    /// Waits, for [`FAREWELL`] at most, until the supervisor has seen the end, so that what follows from it (a last
    /// handle, a free id) holds for what this thread does next. May be called from a listener or an answer; it does
    /// not wait then.
    pub fn close(&self) {
        // Fails only when the supervisor was faster.
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Write);
        let until = Instant::now() + FAREWELL;
        let me = thread::current().id();
        let mut shared = self.lock();
        while !shared.gone {
            let left = until.saturating_duration_since(Instant::now());
            match shared.reading {
                _ if left.is_zero() => break,
                Some(reader) if reader == me => break,
                Some(_) => {
                    shared = self.turn.wait_timeout(shared, left).unwrap_or_else(PoisonError::into_inner).0;
                }
                None => {
                    shared.reading = Some(me);
                    drop(shared);
                    if self.wait_readable(Some(left)) {
                        self.read_one();
                    }
                    shared = self.lock();
                    self.leave(&mut shared);
                }
            }
        }
        let told = shared.gone;
        drop(shared);
        if !told {
            let _ = rustix::net::shutdown(&self.socket, Shutdown::Both);
            self.end();
        }
    }

    /// The reactor's turn: the socket has something to read. Returns whether to go on watching.
    pub(super) fn readable(&self) -> bool {
        let mut shared = self.lock();
        if shared.gone {
            return false;
        }
        if shared.reading.is_some() {
            // That thread arms the reactor again when it leaves.
            return true;
        }
        shared.reading = Some(thread::current().id());
        drop(shared);
        self.read_one();
        let mut shared = self.lock();
        self.leave(&mut shared);
        !shared.gone
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn leave(&self, shared: &mut MutexGuard<'_, Shared>) {
        shared.reading = None;
        self.turn.notify_all();
        if let Some(registration) = self.reactor.get()
            && !shared.gone
        {
            registration.arm(self.socket.as_fd());
        }
    }

    fn wait_readable(&self, left: Option<Duration>) -> bool {
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN), PollFd::new(&self.waker, PollFlags::IN)];
        if !matches!(poll(&mut fds, timeout.as_ref()), Ok(1..)) {
            return false;
        }
        let [socket, waker] = fds.map(|fd| fd.revents());
        if !waker.is_empty() {
            let _ = rustix::io::read(&self.waker, &mut [0; 8]);
        }
        !socket.is_empty()
    }

    /// Takes one message off the socket and gives it to whom it is for. The caller has the reader's turn.
    fn read_one(&self) {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let received = receiver.receive::<Message>(&self.socket, RecvFlags::DONTWAIT);
        drop(receiver);
        match received {
            Ok(Some((Message::Answer { id, result }, fds))) => {
                hcs_fault::step(Point::AnswerReceived);
                let answer = self.lock().waiting.remove(&id);
                if let Some(answer) = answer {
                    answer(result.map(|reply| (reply, fds)).map_err(ClientError::Refused));
                }
            }
            Ok(Some((Message::Event(event), _))) => self.tell(Some(event)),
            // Told to onlookers only.
            Ok(Some((Message::Sight(_), _))) => {}
            Err(error) if error.would_block() => {}
            // A supervisor that talks nonsense is as good as gone.
            Ok(None) | Err(_) => self.end(),
        }
    }

    /// The connection is gone: everybody is told, once.
    fn end(&self) {
        let waiting = {
            let mut shared = self.lock();
            if std::mem::replace(&mut shared.gone, true) {
                return;
            }
            std::mem::take(&mut shared.waiting)
        };
        for (_, answer) in waiting {
            answer(Err(ClientError::Gone));
        }
        self.tell(None);
    }

    fn tell(&self, event: Option<Event>) {
        let listeners: Vec<Listener> = self.lock().listeners.values().cloned().collect();
        for listener in listeners {
            listener(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Callbacks run outside the lock, so a panic in one leaves what it protects whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
