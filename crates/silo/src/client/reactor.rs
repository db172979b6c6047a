//! The process's one thread that reads connections whose events nobody waits for.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::connection::Connection;

pub(super) struct Reactor {
    epoll: OwnedFd,
    connections: Mutex<Connections>,
}

#[derive(Default)]
struct Connections {
    next: u64,
    by_key: BTreeMap<u64, Weak<Connection>>,
}

/// A connection's place in the reactor; dropping it gives the place back.
pub(super) struct Registration {
    reactor: &'static Reactor,
    key: u64,
}

impl Reactor {
    /// The reactor, started at the first call.
    pub(super) fn global() -> io::Result<&'static Self> {
        static GLOBAL: OnceLock<Result<Reactor, rustix::io::Errno>> = OnceLock::new();
        static THREAD: OnceLock<Result<(), i32>> = OnceLock::new();
        let reactor = GLOBAL
            .get_or_init(|| {
                let epoll = epoll::create(CreateFlags::CLOEXEC)?;
                Ok(Reactor { epoll, connections: Mutex::default() })
            })
            .as_ref()
            .map_err(|errno| io::Error::from(*errno))?;
        THREAD
            .get_or_init(|| {
                std::thread::Builder::new()
                    .name("hcs-events".into())
                    .spawn(|| reactor.run())
                    .map(drop)
                    .map_err(|error| error.raw_os_error().unwrap_or(libc::EAGAIN))
            })
            .map_err(io::Error::from_raw_os_error)?;
        Ok(reactor)
    }

    pub(super) fn register(&'static self, connection: &Arc<Connection>) -> io::Result<Registration> {
        let key = {
            let mut connections = self.lock();
            connections.next += 1;
            let key = connections.next;
            connections.by_key.insert(key, Arc::downgrade(connection));
            key
        };
        let registration = Registration { reactor: self, key };
        epoll::add(&self.epoll, connection.socket(), EventData::new_u64(key), WATCH)?;
        Ok(registration)
    }

    fn run(&self) {
        let mut events = Vec::with_capacity(16);
        loop {
            events.clear();
            let spare = rustix::buffer::spare_capacity(&mut events);
            if epoll::wait(&self.epoll, spare, None).is_err() {
                continue;
            }
            for event in &events {
                let connection = self.lock().by_key.get(&event.data.u64()).and_then(Weak::upgrade);
                if let Some(connection) = connection {
                    connection.readable();
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One shot: a thread that reads the socket itself must not have the reactor spin beside it.
const WATCH: EventFlags = EventFlags::IN.union(EventFlags::ONESHOT);

impl Registration {
    /// Watch again after one event.
    pub(super) fn arm(&self, socket: BorrowedFd<'_>) {
        // Fails only when the socket was never added, and then nobody counts on the reactor.
        let _ = epoll::modify(&self.reactor.epoll, socket, EventData::new_u64(self.key), WATCH);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // The kernel forgets the socket itself when it is closed.
        self.reactor.lock().by_key.remove(&self.key);
    }
}
