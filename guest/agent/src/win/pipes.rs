//! Named pipes that stand for sockets outside the container.
//!
//! Wine 8.0 has no unix sockets, so the agent serves the pipes and speaks with the sockets by calls of Linux. Each client
//! gets a connection of its own, which the supervisor makes outside and hands out; from then on the bytes pass between
//! the two ends and nobody else. A pipe has no half to close: an empty message is the end of one direction, as clients of
//! pipes with messages have it (a program that reads bytes takes it for the end as well).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use hcs_guest_protocol::{Failure, HANDED_OUT, HandedOut, MappedPipe};
use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_NOT_SUPPORTED};

use super::failure::failure;
use super::linux::{Errno, Socket};
use super::pipe::{Instance, Making, Pipe, Stop};
use super::server;

const STACK: usize = 128 << 10;

/// The pipes that are served.
#[derive(Debug, Default)]
pub(crate) struct Pipes(Mutex<BTreeMap<String, Served>>);

#[derive(Debug)]
struct Served {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

impl Pipes {
    /// Serves these too, until they are removed. When it returns they are there.
    pub(crate) fn serve(&self, pipes: Vec<MappedPipe>) -> Result<(), Failure> {
        if !pipes.is_empty() && !server::is_wine() {
            return Err(failure("socket: no call of Linux reaches its kernel here", ERROR_NOT_SUPPORTED));
        }
        for pipe in pipes {
            let name = format!(r"\\.\pipe\{}", pipe.name);
            let first = instance(&name)?;
            let stop = Arc::new(Stop::new()?);
            let stopped = Arc::clone(&stop);
            let thread = std::thread::Builder::new().stack_size(STACK);
            let spawned = thread.spawn(move || accept(&name, &pipe.socket, first, &stopped));
            let thread = spawned.map_err(|error| {
                failure("CreateThread", error.raw_os_error().unwrap_or(0).cast_unsigned())
            })?;
            self.lock().insert(pipe.name, Served { stop, thread });
        }
        Ok(())
    }

    /// Serves this one no longer. When it returns nobody can connect any more.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let Some(Served { stop, thread }) = self.lock().remove(name) else {
            return Err(failure("the pipe is not served", ERROR_FILE_NOT_FOUND));
        };
        stop.set()?;
        // It has ended also where no instance could be made any more.
        let _ = thread.join();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Served>> {
        // A panic ends the process (panic = abort), so no half-made state is ever seen.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn instance(name: &str) -> Result<Instance, Failure> {
    // The default patience is Windows' own, 50 ms: there is nearly always an instance that waits.
    Instance::new(Making { name, buffer: 64 << 10, patience: 0 })
}

fn accept(name: &str, socket: &str, first: Instance, stop: &Stop) {
    let mut waiting = first;
    loop {
        if !waiting.wait_unless(stop) {
            return waiting.close();
        }
        // The next before this one is served, so that the pipe is never gone.
        let next = instance(name);
        let client = Arc::new(waiting.into_pipe());
        let socket = socket.to_owned();
        let thread = std::thread::Builder::new().stack_size(STACK);
        // Without memory for a thread the client is let go of, which it sees.
        let _ = thread.spawn(move || {
            if let Ok((outside, messages)) = connect(&socket) {
                join(client, Arc::new(outside), messages);
            }
        });
        let Ok(next) = next else { return };
        waiting = next;
    }
}

/// A connection to the socket outside, and whether it carries messages.
fn connect(path: &str) -> Result<(Socket, bool), Errno> {
    const EPROTO: Errno = Errno(71);
    let mut message = [0; HANDED_OUT];
    let (count, outside) = Socket::connect(path)?.receive_socket(&mut message)?;
    let handed_out = HandedOut::from_bytes(message);
    match (count, handed_out.errno, outside) {
        (HANDED_OUT, 0, Some(outside)) => Ok((outside, handed_out.messages)),
        (HANDED_OUT, errno @ 1.., _) => Err(Errno(errno)),
        _ => Err(EPROTO),
    }
}

/// Carries bytes in both directions until both have ended.
fn join(client: Arc<Pipe>, outside: Arc<Socket>, messages: bool) {
    let (to_client, from_outside) = (Arc::clone(&client), Arc::clone(&outside));
    let thread = std::thread::Builder::new().stack_size(STACK);
    let started = thread.spawn(move || outwards(&client, &outside, messages));
    if started.is_ok() {
        inwards(&from_outside, &to_client);
    }
}

/// From the client to the socket.
fn outwards(client: &Pipe, outside: &Socket, messages: bool) {
    let mut message = Vec::new();
    loop {
        message.clear();
        // Of a stream nobody waits for the end of a message.
        let read = match client.read_part(&mut message) {
            Ok(true) if messages => client.read().map(|rest| message.extend(rest)).map(|()| false),
            read => read,
        };
        match read {
            Ok(false) if message.is_empty() => outside.shut_down(false),
            Ok(_) if outside.send(&message).is_ok() => {}
            // One of the two is gone, and so is what the other could still say.
            Ok(_) | Err(_) => return outside.shut_down(true),
        }
    }
}

/// From the socket to the client.
fn inwards(outside: &Socket, client: &Pipe) {
    let mut message = Vec::new();
    while outside.receive(&mut message).is_ok() && client.write(&message).is_ok() {
        if message.is_empty() {
            return;
        }
    }
    outside.shut_down(true);
}
