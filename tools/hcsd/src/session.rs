//! A session: the handles of one client, the calls that it does not wait for, and the lines that tell it of both.
//!
//! A session lives as long as its stream of lines is connected, and a grace longer where a network may lose that
//! connection. With it go its handles, so that a client that dies leaves none.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use hcs_contract::{ComputeProcess, ComputeSystem, Error, Object, Operation, Result, Stream, Subscription};
use hcs_remote_protocol::{Information, Line, Opened, Outcome, VERSION};
use serde::Serialize;
use tokio::sync::watch;

use crate::activity::{Activities, Activity};
use crate::config::Config;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::progress::Progress;

/// How many lines that were sent are kept, for a client that comes again and has missed some.
const REPLAY: usize = 1024;

/// The handles and calls of one client.
pub(crate) struct Session {
    id: String,
    grace: Duration,
    limits: Limits,
    state: Mutex<State>,
    /// Moves with every line and with the end.
    news: watch::Sender<()>,
    activities: Activities,
    metrics: Arc<Metrics>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    handles: usize,
    operations: usize,
    lines: usize,
}

/// What cancels a call.
type Cancel = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    ended: bool,
    last: u64,
    systems: BTreeMap<u64, SystemHandle>,
    processes: BTreeMap<u64, ProcessHandle>,
    streams: BTreeMap<u64, StreamEnd>,
    operations: BTreeMap<u64, (Cancel, Activity)>,
    lines: VecDeque<(u64, Bytes)>,
    last_line: u64,
    /// The number of the last line that a stream has taken.
    taken: u64,
    /// Which of the streams of lines that there were is the one that counts.
    stream: u64,
}

struct SystemHandle {
    system: Arc<dyn ComputeSystem>,
    subscription: Option<Subscription>,
}

struct ProcessHandle {
    process: Arc<dyn ComputeProcess>,
    subscription: Option<Subscription>,
    input: Arc<Progress>,
}

/// An end of a process's stream that waits to be connected to.
#[derive(Debug)]
pub(crate) struct StreamEnd {
    pub(crate) stream: Stream,
    /// Of an input: how much of it has come.
    pub(crate) input: Option<Arc<Progress>>,
}

/// What a stream of lines gets next.
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) next: u64,
    pub(crate) over: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the id, which is as good as a password.
        f.debug_struct("Session").field("grace", &self.grace).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        id: String,
        grace: Duration,
        config: &Config,
        activities: Activities,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.sessions.inc();
        let limits = Limits {
            handles: config.max_handles,
            operations: config.max_operations,
            lines: config.max_lines,
        };
        Self { id, grace, limits, state: Mutex::default(), news: watch::Sender::new(()), activities, metrics }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// The first line of a stream.
    pub(crate) fn first_line(&self) -> Vec<u8> {
        let grace = u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX);
        encode(&Line::Session { session: self.id.clone(), grace, version: VERSION })
    }

    // Handles.

    fn room(&self, state: &State, more: usize) -> std::result::Result<(), Failure> {
        if state.ended {
            return Err(gone().into());
        }
        if state.systems.len() + state.processes.len() + state.streams.len() + more > self.limits.handles {
            self.metrics.refuse("handles");
            return Err(Failure::limit("handles and streams in this session", self.limits.handles));
        }
        Ok(())
    }

    /// Whether there is room for another handle: asked before one is made.
    pub(crate) fn check_room(&self) -> std::result::Result<(), Failure> {
        self.room(&self.lock(), 1)
    }

    pub(crate) fn add_system(&self, system: Arc<dyn ComputeSystem>) -> std::result::Result<u64, Failure> {
        let mut state = self.lock();
        if let Err(failure) = self.room(&state, 1) {
            drop(state);
            system.close();
            return Err(failure);
        }
        state.last += 1;
        let number = state.last;
        state.systems.insert(number, SystemHandle { system, subscription: None });
        self.metrics.handles.inc();
        Ok(number)
    }

    /// A new process and its streams, in the order input, output, errors.
    pub(crate) fn add_process(
        &self,
        process: Arc<dyn ComputeProcess>,
        streams: Option<[Option<Stream>; 3]>,
    ) -> std::result::Result<Opened, Failure> {
        let mut state = self.lock();
        if let Err(failure) = self.room(&state, 4) {
            drop(state);
            process.close();
            return Err(failure);
        }
        let input = Arc::new(Progress::default());
        let pid = process.pid();
        let information = streams.map(|streams| Self::put_streams(&mut state, pid, streams, &input));
        state.last += 1;
        let handle = state.last;
        state.processes.insert(handle, ProcessHandle { process, subscription: None, input });
        self.metrics.handles.inc();
        Ok(Opened { handle, information })
    }

    /// More streams of a process.
    pub(crate) fn add_streams(
        &self,
        handle: u64,
        pid: u32,
        streams: [Option<Stream>; 3],
    ) -> std::result::Result<Information, Failure> {
        let mut state = self.lock();
        self.room(&state, 3)?;
        let input = state.processes.get(&handle).map(|process| Arc::clone(&process.input));
        let input = input.ok_or_else(unknown_handle)?;
        Ok(Self::put_streams(&mut state, pid, streams, &input))
    }

    fn put_streams(
        state: &mut State,
        process_id: u32,
        [stdin, stdout, stderr]: [Option<Stream>; 3],
        input: &Arc<Progress>,
    ) -> Information {
        let mut put = |stream: Option<Stream>, input: Option<&Arc<Progress>>| {
            let stream = stream?;
            state.last += 1;
            state.streams.insert(state.last, StreamEnd { stream, input: input.cloned() });
            Some(state.last)
        };
        Information {
            process_id,
            std_in: put(stdin, Some(input)),
            std_out: put(stdout, None),
            std_err: put(stderr, None),
        }
    }

    pub(crate) fn system(&self, handle: u64) -> Result<Arc<dyn ComputeSystem>> {
        let state = self.lock();
        state.systems.get(&handle).map(|found| Arc::clone(&found.system)).ok_or_else(unknown_handle)
    }

    pub(crate) fn process(&self, handle: u64) -> Result<(Arc<dyn ComputeProcess>, Arc<Progress>)> {
        let state = self.lock();
        let found = state.processes.get(&handle);
        found.map(|found| (Arc::clone(&found.process), Arc::clone(&found.input))).ok_or_else(unknown_handle)
    }

    /// Takes a stream, to be connected once.
    pub(crate) fn take_stream(&self, number: u64) -> Result<StreamEnd> {
        self.lock().streams.remove(&number).ok_or_else(|| {
            Error::invalid_argument("stream", "there is none of this number, or it is connected already")
        })
    }

    /// Keeps a subscription with its handle; a second one is dropped: one is enough for all of a client's callbacks.
    pub(crate) fn keep_subscription(&self, handle: u64, subscription: Subscription) {
        let mut state = self.lock();
        let place = match state.systems.get_mut(&handle) {
            Some(found) => Some(&mut found.subscription),
            None => state.processes.get_mut(&handle).map(|found| &mut found.subscription),
        };
        let spare = match place {
            Some(place @ None) => place.replace(subscription),
            _ => Some(subscription),
        };
        drop(state);
        // Outside the lock: it waits for a callback, which takes the lock.
        drop(spare);
    }

    /// Closes a system's handle; none of that number is none to close.
    pub(crate) fn close_system(&self, handle: u64) {
        let found = self.lock().systems.remove(&handle);
        if let Some(SystemHandle { system, subscription }) = found {
            self.metrics.handles.dec();
            drop(subscription);
            system.close();
        }
    }

    /// Closes a process's handle.
    pub(crate) fn close_process(&self, handle: u64) {
        let found = self.lock().processes.remove(&handle);
        if let Some(ProcessHandle { process, subscription, input: _ }) = found {
            self.metrics.handles.dec();
            drop(subscription);
            process.close();
        }
    }

    // Calls.

    /// Has the result of a call told by a line.
    pub(crate) fn tell_later<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        number: u64,
        operation: &Operation<T>,
        outcome: impl FnOnce(&Arc<Self>, Result<T>) -> Outcome + Send + 'static,
    ) -> std::result::Result<(), Failure> {
        let mut state = self.lock();
        if state.ended {
            return Err(gone().into());
        }
        if state.operations.len() >= self.limits.operations {
            drop(state);
            operation.cancel();
            self.metrics.refuse("operations");
            return Err(Failure::limit("calls under way in this session", self.limits.operations));
        }
        if state.operations.contains_key(&number) {
            drop(state);
            operation.cancel();
            return Err(Failure::bad_request("hcs-operation", "a call of this number is under way"));
        }
        let for_cancel = operation.clone();
        let cancel = Box::new(move || {
            for_cancel.cancel();
        });
        state.operations.insert(number, (cancel, self.activities.begin()));
        drop(state);
        let this = Arc::downgrade(self);
        operation.on_complete(move |result| {
            let Some(this) = this.upgrade() else { return };
            let outcome = outcome(&this, result);
            let done = this.lock().operations.remove(&number);
            this.push(|line| Line::Operation { number: line, operation: number, outcome });
            drop(done);
        });
        Ok(())
    }

    /// Cancels a call; one that is complete stays so.
    pub(crate) fn cancel(&self, number: u64) {
        let found = self.lock().operations.remove(&number);
        if let Some((cancel, _activity)) = found {
            cancel();
        }
    }

    // Lines.

    /// Adds a line.
    pub(crate) fn push(self: &Arc<Self>, line: impl FnOnce(u64) -> Line) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        state.last_line += 1;
        let number = state.last_line;
        state.lines.push_back((number, encode(&line(number)).into()));
        let unread = state.last_line.saturating_sub(state.taken);
        drop(state);
        if usize::try_from(unread).unwrap_or(usize::MAX) > self.limits.lines {
            self.metrics.refuse("lines");
            // From a callback, which must not wait for handles to close.
            let this = Arc::clone(self);
            std::thread::spawn(move || {
                this.end(&Error::service_unavailable("the session's lines were not read in time"));
            });
            return;
        }
        self.news.send_replace(());
    }

    /// A stream of lines begins behind the line `after`; an earlier one is told to end. `None`: some of those lines
    /// are not kept any more, or the session has ended.
    pub(crate) fn attach(&self, after: u64) -> Option<(u64, watch::Receiver<()>)> {
        let mut state = self.lock();
        let oldest = state.lines.front().map_or(state.last_line + 1, |(number, _)| *number);
        if state.ended || after > state.last_line || after + 1 < oldest {
            return None;
        }
        state.stream += 1;
        let stream = state.stream;
        drop(state);
        let receiver = self.news.subscribe();
        self.news.send_replace(());
        Some((stream, receiver))
    }

    /// The lines behind `after`, for this stream.
    pub(crate) fn batch(&self, stream: u64, after: u64) -> Batch {
        let mut state = self.lock();
        if state.stream != stream {
            return Batch { bytes: Vec::new(), next: after, over: true };
        }
        let first = state.lines.partition_point(|(number, _)| *number <= after);
        let mut bytes = Vec::new();
        let mut next = after;
        for (number, line) in state.lines.range(first..) {
            bytes.extend_from_slice(line);
            next = *number;
            if bytes.len() >= 1 << 16 {
                break;
            }
        }
        state.taken = state.taken.max(next);
        while state.lines.len() > REPLAY && state.lines.front().is_some_and(|(number, _)| *number <= after) {
            state.lines.pop_front();
        }
        let over = state.ended && next == state.last_line;
        Batch { bytes, next, over }
    }

    /// Whether this stream is still the one that counts: when it is lost, so is the client.
    pub(crate) fn is_current(&self, stream: u64) -> bool {
        self.lock().stream == stream
    }

    /// Ends the session: its calls are cancelled, its handles closed. Waits until that is done; must not be called by
    /// a callback.
    pub(crate) fn end(&self, why: &Error) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.ended, true) {
            return;
        }
        state.last_line += 1;
        let last = state.last_line;
        state.lines.push_back((last, encode(&Line::End { error: Box::new(why.into()) }).into()));
        let systems = std::mem::take(&mut state.systems);
        let processes = std::mem::take(&mut state.processes);
        let streams = std::mem::take(&mut state.streams);
        let operations = std::mem::take(&mut state.operations);
        drop(state);
        self.news.send_replace(());
        self.metrics.sessions.dec();
        for (cancel, _activity) in operations.into_values() {
            cancel();
        }
        drop(streams);
        for ProcessHandle { process, subscription, .. } in processes.into_values() {
            self.metrics.handles.dec();
            drop(subscription);
            process.close();
        }
        for SystemHandle { system, subscription } in systems.into_values() {
            self.metrics.handles.dec();
            drop(subscription);
            system.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No callback runs under it, and each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of a stream.
pub(crate) fn encode(line: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("lines have string keys and values that JSON can hold");
    bytes.push(b'\n');
    bytes
}

/// What a request of a session that is not there is answered.
pub(crate) fn gone() -> Error {
    Error::disconnected()
        .with_object(Object::service())
        .with_hint("open a session, and the systems in it, again")
}

fn unknown_handle() -> Error {
    Error::new(hcs_contract::ErrorKind::InvalidHandle)
}
