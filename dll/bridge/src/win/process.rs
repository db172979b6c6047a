//! A process as a client holds it: the contract's handle, and the pipes of its standard streams.

use std::os::windows::io::{IntoRawHandle as _, OwnedHandle};
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hcs_abi::{Handle, ProcessInformation};
use hcs_contract::{self as contract, ComputeProcess, CreatedProcess, Deadline, Deadlines, Result};
use serde_json::Value;

use crate::win::input::Input;
use crate::win::{output, pipe};

/// A process.
#[derive(Debug)]
pub struct Process {
    handle: Arc<dyn ComputeProcess>,
    /// Its system and number: what tells whether another handle is one of the same process.
    key: Key,
    /// Made with the process, or when an opened one's are first asked for. All handles of one process share them.
    streams: Mutex<Option<Arc<Streams>>>,
}

/// A process, by its system and number.
type Key = (String, u32);

/// The streams that there are, by their processes. Handles of one process share them: of two threads that read one output
/// from the server, one whose client never reads would have what the other's waits for.
static STREAMS: Mutex<Vec<(Key, Weak<Streams>)>> = Mutex::new(Vec::new());

fn streams_of(key: &Key) -> Option<Arc<Streams>> {
    let streams = STREAMS.lock().unwrap_or_else(PoisonError::into_inner);
    // The latest: numbers come again.
    streams.iter().rev().filter(|(of, _)| of == key).find_map(|(_, streams)| streams.upgrade())
}

/// The client's ends of a process's streams. The process keeps these; clients get duplicates, which compete.
#[derive(Debug)]
struct Streams {
    stdin: Option<Input>,
    stdout: Option<OwnedHandle>,
    stderr: Option<OwnedHandle>,
}

impl Streams {
    fn new(information: &contract::ProcessInformation) -> Result<Self> {
        Ok(Self {
            stdin: information.take_stdin().map(Input::new).transpose()?,
            stdout: information.take_stdout().map(output::output).transpose()?,
            stderr: information.take_stderr().map(output::output).transpose()?,
        })
    }
}

impl Process {
    /// A process of `system` that was opened; its streams are asked for when a client asks for them.
    pub fn opened(process: Arc<dyn ComputeProcess>, system: &str) -> Self {
        let key = (system.to_owned(), process.pid());
        Self { handle: process, key, streams: Mutex::default() }
    }

    /// A new process of `system`, with its streams.
    ///
    /// # Errors
    /// The pipes can't be made. The process, of which nobody would know, is then ended.
    pub fn created(created: &CreatedProcess, system: &str) -> Result<Self> {
        match Streams::new(&created.information) {
            Ok(streams) => {
                let this = Self::opened(Arc::clone(&created.process), system);
                this.lock().replace(this.shared(streams));
                Ok(this)
            }
            Err(error) => {
                // The failure that counts is the first.
                let _ = created.process.terminate("").wait(Deadline::Never);
                created.process.close();
                Err(error)
            }
        }
    }

    /// The contract's handle.
    pub fn process(&self) -> &Arc<dyn ComputeProcess> {
        &self.handle
    }

    /// Its number, and new handles of its streams, which are the caller's to close.
    ///
    /// # Errors
    /// The host's; the pipes can't be made.
    pub fn information(&self) -> Result<ProcessInformation> {
        let mut streams = self.lock();
        let of_process = match streams.as_ref().map(Arc::clone).or_else(|| streams_of(&self.key)) {
            Some(there) => there,
            None => self.shared(Streams::new(&*self.handle.info().wait(Deadline::Never)?)?),
        };
        let Streams { stdin, stdout, stderr } = &**streams.insert(of_process);
        let copy = |handle: Option<&OwnedHandle>| handle.map(pipe::duplicate).transpose();
        // All of them before one is given away: after a failure none is left behind.
        let input = copy(stdin.as_ref().map(Input::client))?;
        let copies = [input, copy(stdout.as_ref())?, copy(stderr.as_ref())?];
        let [std_input, std_output, std_error] = copies.map(given);
        Ok(ProcessInformation {
            process_id: self.handle.pid(),
            reserved: 0,
            std_input,
            std_output,
            std_error,
        })
    }

    /// Changes it. A request that closes its input goes behind all that was written there, by way of any handle.
    ///
    /// # Errors
    /// The host's; timeout, when the process does not read what was written.
    pub fn modify(&self, settings: &str) -> Result<String> {
        let streams = if closes_input(settings) { streams_of(&self.key) } else { None };
        let input = streams.as_ref().and_then(|streams| streams.stdin.as_ref());
        if let Some(input) = input {
            input.drain(Deadlines::default().process)?;
        }
        let answer = self.handle.modify(settings).wait(Deadline::Never)?;
        if let Some(input) = input {
            input.close();
        }
        Ok(answer)
    }

    /// What other handles of the process find, as long as one that has it is open.
    fn shared(&self, streams: Streams) -> Arc<Streams> {
        let streams = Arc::new(streams);
        let mut all = STREAMS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, streams)| streams.strong_count() > 0);
        all.push((self.key.clone(), Arc::downgrade(&streams)));
        streams
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Streams>>> {
        // Each change is whole.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn given(handle: Option<OwnedHandle>) -> Handle {
    handle.map_or(null_mut(), OwnedHandle::into_raw_handle)
}

/// Whether the request closes the process's input, as readers of documents read it.
fn closes_input(settings: &str) -> bool {
    let member = |value: &Value, name: &str| {
        let found = value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let Ok(document) = serde_json::from_str::<Value>(settings) else { return false };
    member(&document, "Operation").is_some_and(|operation| operation == "CloseHandle")
        && member(&document, "CloseHandle")
            .and_then(|close| member(&close, "Handle"))
            .is_some_and(|handle| handle == "StdIn")
}
