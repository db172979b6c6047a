//! The channel to the supervisor: frames in on one pipe, frames out on the other.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::{Mutex, PoisonError};

use hcs_guest_protocol::{Decoder, FromAgent, PROTOCOL_VERSION, ToAgent, encode};

const READ: usize = 16 << 10;

/// The outgoing half; whole frames, from any thread.
#[derive(Debug)]
pub(crate) struct Sender(Mutex<File>);

impl Sender {
    pub(crate) fn new(pipe: File) -> Self {
        Self(Mutex::new(pipe))
    }

    /// Sends a message. `false`: the supervisor is gone, and so is the reason to live on.
    pub(crate) fn send(&self, message: &FromAgent) -> bool {
        let Ok(bytes) = encode(message) else { return false };
        // A thread that panicked while writing would have ended the process (panic = abort).
        let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.write_all(&bytes).is_ok()
    }

    /// The first message of a channel.
    pub(crate) fn ready(&self) -> bool {
        self.send(&FromAgent::Ready { version: PROTOCOL_VERSION })
    }
}

/// The incoming half.
#[derive(Debug)]
pub(crate) struct Receiver {
    pipe: File,
    decoder: Decoder,
    buffer: Vec<u8>,
}

impl Receiver {
    pub(crate) fn new(pipe: File) -> Self {
        Self { pipe, decoder: Decoder::default(), buffer: vec![0; READ] }
    }

    /// The next request; `None` when the supervisor closed the channel or broke it.
    pub(crate) fn next(&mut self) -> Option<ToAgent> {
        loop {
            match self.decoder.next_message() {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(_) => return None,
            }
            match self.pipe.read(&mut self.buffer) {
                Ok(0) | Err(_) => return None,
                Ok(n) => self.decoder.push(&self.buffer[..n]),
            }
        }
    }
}
