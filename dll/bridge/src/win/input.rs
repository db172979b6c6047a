//! What a process reads: a thread carries it from the client's pipe to the server.
//!
//! A request to close the input takes another way than the bytes. Before it is sent, everything that a client has
//! written must have gone: that is what [`Input::drain`] waits for.

use std::io::Write as _;
use std::os::windows::io::OwnedHandle;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hcs_contract::{Error, Result, Stream};

use crate::win::events::{Event, Read, Reader};
use crate::win::pipe::{self, BUFFER, Direction};

/// A process's input.
#[derive(Debug)]
pub(crate) struct Input {
    /// The end that clients get duplicates of.
    client: OwnedHandle,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    wake: Event,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Somebody waits until all that was written has gone.
    draining: bool,
    /// Nothing more is to be carried.
    closing: bool,
    /// The thread has ended.
    ended: bool,
}

impl Input {
    /// A pipe whose bytes go into the stream.
    pub(crate) fn new(stream: Stream) -> Result<Self> {
        let (ours, client) = pipe::pipe(Direction::FromClient)?;
        let reader = Reader::new(ours, BUFFER)?;
        let shared =
            Arc::new(Shared { wake: Event::new()?, state: Mutex::default(), changed: Condvar::new() });
        let carrier = Arc::clone(&shared);
        thread::Builder::new()
            .name("hcs-input".into())
            .spawn(move || {
                carrier.carry(stream, reader);
                carrier.lock().ended = true;
                carrier.changed.notify_all();
            })
            .map_err(|error| Error::os("start", "the thread of a standard stream", error))?;
        Ok(Self { client, shared })
    }

    pub(crate) fn client(&self) -> &OwnedHandle {
        &self.client
    }

    /// Waits until all that was written so far has gone to the server.
    ///
    /// # Errors
    /// Timeout: the process does not read.
    pub(crate) fn drain(&self, limit: Duration) -> Result<()> {
        let began = Instant::now();
        let mut state = self.shared.lock();
        state.draining = true;
        self.shared.wake.set();
        while state.draining && !state.ended {
            let Some(left) = limit.checked_sub(began.elapsed()) else {
                return Err(Error::timeout("the process to read its input", limit));
            };
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Carries nothing more: who writes from now on sees a broken pipe.
    pub(crate) fn close(&self) {
        self.shared.lock().closing = true;
        self.shared.wake.set();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, mut stream: Stream, mut reader: Reader) {
        loop {
            let read = reader.read(&self.wake);
            match read {
                Read::Bytes(count) => {
                    if stream.write_all(&reader.buffer()[..count]).is_err() {
                        return;
                    }
                }
                Read::End => return,
                Read::Woken => {
                    if !forward_rest(&mut stream, &mut reader) {
                        return;
                    }
                    let mut state = self.lock();
                    state.draining = false;
                    self.changed.notify_all();
                    if state.closing {
                        return;
                    }
                }
            }
        }
    }
}

/// Carries what lies in the pipe; false when there is no more to be carried, ever.
fn forward_rest(stream: &mut Stream, reader: &mut Reader) -> bool {
    loop {
        match reader.read_rest() {
            Read::Bytes(count) => {
                if stream.write_all(&reader.buffer()[..count]).is_err() {
                    return false;
                }
            }
            Read::Woken => return true,
            Read::End => return false,
        }
    }
}
