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
    process: Arc<dyn ComputeProcess>,
    /// Its system and number: what tells whether another handle is one of the same process.
    key: (String, u32),
    /// Made with the process, or when an opened one's are first asked for.
    streams: Mutex<Option<Streams>>,
}

/// The inputs that this program's clients may write to, by their processes.
static INPUTS: Mutex<Vec<((String, u32), Weak<Input>)>> = Mutex::new(Vec::new());

fn inputs_of(key: &(String, u32)) -> Vec<Arc<Input>> {
    let inputs = INPUTS.lock().unwrap_or_else(PoisonError::into_inner);
    inputs.iter().filter(|(of, _)| of == key).filter_map(|(_, input)| input.upgrade()).collect()
}

/// The client's ends of a process's streams. The process keeps these; clients get duplicates, which compete.
#[derive(Debug)]
struct Streams {
    stdin: Option<Arc<Input>>,
    stdout: Option<OwnedHandle>,
    stderr: Option<OwnedHandle>,
}

impl Streams {
    fn new(information: &contract::ProcessInformation) -> Result<Self> {
        Ok(Self {
            stdin: information.take_stdin().map(Input::new).transpose()?.map(Arc::new),
            stdout: information.take_stdout().map(output::output).transpose()?,
            stderr: information.take_stderr().map(output::output).transpose()?,
        })
    }
}

impl Process {
    /// A process of `system` that was opened; its streams are asked for when a client asks for them.
    pub fn opened(process: Arc<dyn ComputeProcess>, system: &str) -> Self {
        let key = (system.to_owned(), process.pid());
        Self { process, key, streams: Mutex::default() }
    }

    /// A new process of `system`, with its streams.
    ///
    /// # Errors
    /// The pipes can't be made. The process, of which nobody would know, is then ended.
    pub fn created(created: &CreatedProcess, system: &str) -> Result<Self> {
        match Streams::new(&created.information) {
            Ok(streams) => {
                let this = Self::opened(Arc::clone(&created.process), system);
                this.keep(&mut this.lock(), streams);
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
        &self.process
    }

    /// Its number, and new handles of its streams, which are the caller's to close.
    ///
    /// # Errors
    /// The host's; the pipes can't be made.
    pub fn information(&self) -> Result<ProcessInformation> {
        let mut streams = self.lock();
        if streams.is_none() {
            let information = self.process.info().wait(Deadline::Never)?;
            self.keep(&mut streams, Streams::new(&information)?);
        }
        let Some(Streams { stdin, stdout, stderr }) = &*streams else {
            unreachable!("filled above, under the same lock")
        };
        let copy = |handle: Option<&OwnedHandle>| handle.map(pipe::duplicate).transpose();
        // All of them before one is given away: after a failure none is left behind.
        let input = stdin.as_deref().map(Input::client).transpose()?.flatten();
        let copies = [input, copy(stdout.as_ref())?, copy(stderr.as_ref())?];
        let [std_input, std_output, std_error] = copies.map(given);
        Ok(ProcessInformation {
            process_id: self.process.pid(),
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
        if !closes_input(settings) {
            return self.process.modify(settings).wait(Deadline::Never);
        }
        let inputs = inputs_of(&self.key);
        for input in &inputs {
            input.drain(Deadlines::default().process)?;
        }
        let answer = self.process.modify(settings).wait(Deadline::Never)?;
        let own = self.lock().as_ref().and_then(|streams| streams.stdin.clone());
        for input in &inputs {
            // Whoever has another handle may go on writing until he closes what he has.
            input.release();
            if own.as_ref().is_some_and(|own| Arc::ptr_eq(own, input)) {
                input.close();
            }
        }
        Ok(answer)
    }

    fn keep(&self, place: &mut Option<Streams>, streams: Streams) {
        if let Some(input) = &streams.stdin {
            let mut inputs = INPUTS.lock().unwrap_or_else(PoisonError::into_inner);
            inputs.retain(|(_, input)| input.strong_count() > 0);
            inputs.push((self.key.clone(), Arc::downgrade(input)));
        }
        *place = Some(streams);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Streams>> {
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
