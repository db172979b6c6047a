//! A session with a server: its connections, the calls that go on, and the one thread that reads its lines.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use hcs_contract::{Error, ErrorKind, EventType, Hresult, Notification, Object, OperationKind, Result};
use hcs_remote_protocol::{Line, OPERATION_HEADER, Outcome, STREAM_PROTOCOL, VERSION, WireError};
use serde::de::DeserializeOwned;

use crate::connect::Connector;
use crate::handle::Watch;
use crate::http::{Answer, Connection, Lines};
use crate::options::Options;
use crate::transport::{Closer, Transport};

/// How long a connection may lie unused and be used again; less than the server keeps idle ones.
const IDLE: Duration = Duration::from_secs(20);

/// Connections that are kept for the next request.
const KEPT: usize = 8;

/// The status of HTTP for a session that is not there.
const GONE: u16 = 410;

/// What completes a call.
pub(crate) type Complete = Box<dyn FnOnce(Result<Outcome>) + Send>;

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) struct Failed {
    error: Error,
    /// The server knows no session of this name, so it has done nothing: it was started anew.
    pub(crate) is_unknown: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, is_unknown: false }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// A session.
pub(crate) struct Session {
    connector: Arc<Connector>,
    options: Options,
    /// `/v1/sessions/…`
    path: String,
    closer: Mutex<Closer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: Option<Error>,
    /// The server does not know it: the lines will soon end.
    unknown: bool,
    last: u64,
    operations: BTreeMap<u64, Complete>,
    handles: BTreeMap<u64, Weak<dyn Watch>>,
    idle: Vec<(Connection, Instant)>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the path: it holds the session's name, which is as good as a password.
        f.debug_struct("Session").field("server", self.connector.address()).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens one, and starts the thread that reads its lines.
    pub(crate) fn open(connector: &Arc<Connector>, options: &Options) -> Result<Arc<Self>> {
        let mut lines = stream(connector, options, "POST", "/v1/sessions")?;
        let (session, grace, version) = first_line(&mut lines).map_err(|error| lost(connector, error))?;
        if version != VERSION {
            return Err(Error::unexpected_value(format!(
                "hcsd speaks version {version} of the protocol, this program {VERSION}"
            )));
        }
        let closer = lines.transport().closer().map_err(|error| lost(connector, error))?;
        let this = Arc::new(Self {
            connector: Arc::clone(connector),
            options: options.clone(),
            path: format!("/v1/sessions/{session}"),
            closer: Mutex::new(closer),
            state: Mutex::default(),
        });
        let reader = Reader { session: Arc::downgrade(&this), lines, last: 0, grace };
        std::thread::Builder::new()
            .name("hcs-remote".into())
            .spawn(move || reader.run())
            .map_err(|error| Error::os("start", "the thread that reads a session", error))?;
        Ok(this)
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn has_ended(&self) -> bool {
        let state = self.lock();
        state.unknown || state.ended.is_some()
    }

    /// A number for a call.
    pub(crate) fn next_number(&self) -> u64 {
        let mut state = self.lock();
        state.last += 1;
        state.last
    }

    /// Has lines about this handle told to it.
    pub(crate) fn watch(&self, number: u64, handle: &Arc<impl Watch + 'static>) {
        let handle = Arc::downgrade(handle) as Weak<dyn Watch>;
        self.lock().handles.insert(number, handle);
    }

    pub(crate) fn unwatch(&self, number: u64) {
        self.lock().handles.remove(&number);
    }

    /// A request whose answer is waited for.
    ///
    /// A kept connection may have been closed by the server meanwhile. What is safe to be asked twice, and what nothing
    /// went out of, is then asked again over a new one.
    pub(crate) fn request(
        &self,
        kind: OperationKind,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> std::result::Result<Answer, Failed> {
        let limit = self.options.deadlines.limit(kind).unwrap_or(self.options.deadlines.open);
        let mut headers = headers.to_owned();
        headers.push_str(self.connector.authorization());
        let ask = |connection: &mut Connection| {
            connection
                .set_limit(Some(limit))
                .and_then(|()| connection.send(method, path, &headers, body))
                .or_else(|error| if may_have_answered(&error) { Ok(()) } else { Err(error) })
                .and_then(|()| connection.receive())
        };
        let kept = if needs_a_new_one(kind, method) { None } else { self.kept()? };
        let is_kept = kept.is_some();
        let mut connection = match kept {
            Some(kept) => kept,
            None => Connection::new(self.connector.connect()?),
        };
        let mut answer = ask(&mut connection);
        if let Err(error) = &answer
            && is_kept
            && !timed_out(error)
            && (connection.is_unsent() || may_be_asked_twice(kind, method))
        {
            connection = Connection::new(self.connector.connect()?);
            answer = ask(&mut connection);
        }
        match answer {
            Ok(answer) => {
                let is_unknown = answer.status == GONE;
                let mut state = self.lock();
                state.unknown |= is_unknown;
                if answer.keep && state.ended.is_none() && state.idle.len() < KEPT {
                    state.idle.push((connection, Instant::now()));
                }
                drop(state);
                if answer.status < 300 {
                    Ok(answer)
                } else {
                    Err(Failed { error: refused(&answer), is_unknown })
                }
            }
            Err(error) if timed_out(&error) => Err(Error::timeout("hcsd's answer", limit).into()),
            Err(error) => Err(lost(&self.connector, error).into()),
        }
    }

    /// A request whose answer is a document of ours.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        kind: OperationKind,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> std::result::Result<T, Failed> {
        let answer = self.request(kind, "POST", path, headers, body)?;
        Ok(read(&answer.body)?)
    }

    /// A call that may go on after its answer. `complete` is called once: here, or by the thread that reads lines.
    pub(crate) fn call(
        &self,
        kind: OperationKind,
        number: u64,
        path: &str,
        headers: &str,
        body: &[u8],
        complete: Complete,
    ) -> Called {
        if let Err(complete) = self.expect(number, complete) {
            complete(Err(Error::disconnected()));
            return Called::Complete;
        }
        let headers = format!("{OPERATION_HEADER}: {number}\r\n{headers}");
        let answer = self.request(kind, "POST", path, &headers, body);
        let outcome = match answer {
            Ok(answer) if answer.status == 202 => return Called::GoesOn,
            Ok(answer) => outcome(kind, answer.body),
            Err(failed) if failed.is_unknown => {
                let complete = self.lock().operations.remove(&number);
                return complete.map_or(Called::Complete, Called::Unknown);
            }
            Err(failed) => Err(failed.into()),
        };
        self.complete(number, outcome);
        Called::Complete
    }

    /// Keeps what completes a call of this number; gives it back when the session has ended.
    pub(crate) fn expect(&self, number: u64, complete: Complete) -> std::result::Result<(), Complete> {
        let mut state = self.lock();
        if state.ended.is_some() {
            return Err(complete);
        }
        state.operations.insert(number, complete);
        Ok(())
    }

    /// Completes a call, unless that has happened.
    pub(crate) fn complete(&self, number: u64, outcome: Result<Outcome>) {
        let complete = self.lock().operations.remove(&number);
        if let Some(complete) = complete {
            complete(outcome);
        }
    }

    /// Has the server stop a call, where it can.
    pub(crate) fn cancel(&self, number: u64) {
        self.lock().operations.remove(&number);
        let path = format!("{}/operations/{number}", self.path);
        // What is cancelled has completed here; whether the server hears of it changes nothing for the caller.
        let _ = self.request(OperationKind::OpenSystem, "DELETE", &path, "", b"");
    }

    /// Closes a standard stream that nobody connected to.
    pub(crate) fn give_back(&self, number: u64) {
        if !self.has_ended() {
            let path = format!("{}/streams/{number}", self.path);
            // With the session, or the server, the stream is gone too.
            let _ = self.request(OperationKind::OpenSystem, "DELETE", &path, "", b"");
        }
    }

    /// Connects to a standard stream; with it comes what was said behind the answer's head.
    pub(crate) fn stream(&self, number: u64) -> Result<(Transport, Vec<u8>)> {
        let mut connection = Connection::new(self.connector.connect()?);
        let path = format!("{}/streams/{number}", self.path);
        let headers = format!(
            "connection: upgrade\r\nupgrade: {STREAM_PROTOCOL}\r\n{}",
            self.connector.authorization()
        );
        let upgraded = connection
            .set_limit(Some(self.options.deadlines.open))
            .and_then(|()| connection.send("GET", &path, &headers, b""))
            .and_then(|()| connection.receive_upgrade());
        match upgraded.map_err(|error| lost(&self.connector, error))? {
            Ok(upgraded) => Ok(upgraded),
            Err(answer) => Err(refused(&answer)),
        }
    }

    /// A connection that was used before; `None`: there is none.
    fn kept(&self) -> Result<Option<Connection>> {
        let mut state = self.lock();
        if state.ended.is_some() {
            return Err(Error::disconnected());
        }
        while let Some((connection, since)) = state.idle.pop() {
            if since.elapsed() < IDLE {
                return Ok(Some(connection));
            }
        }
        Ok(None)
    }

    fn take_line(&self, line: Line) -> Option<Error> {
        match line {
            Line::Session { .. } => {}
            Line::Operation { operation, outcome, .. } => {
                let outcome = match outcome {
                    Outcome::Error(error) => Err(Error::from(*error)),
                    outcome => Ok(outcome),
                };
                self.complete(operation, outcome);
            }
            Line::Notification { handle, event, status, data, .. } => {
                let watch = self.lock().handles.get(&handle).and_then(Weak::upgrade);
                if let Some(watch) = watch {
                    watch.notify(&Notification {
                        kind: EventType(event),
                        status: Hresult::from_i32(status),
                        data,
                    });
                }
            }
            Line::End { error } => return Some((*error).into()),
        }
        None
    }

    /// The session is gone: whoever waits is told.
    fn end(&self, why: &Error) {
        let (operations, handles) = {
            let mut state = self.lock();
            if state.ended.replace(why.clone()).is_some() {
                return;
            }
            state.idle.clear();
            (std::mem::take(&mut state.operations), std::mem::take(&mut state.handles))
        };
        for complete in operations.into_values() {
            complete(Err(why.clone()));
        }
        for handle in handles.into_values().filter_map(|handle| handle.upgrade()) {
            handle.notify(&Notification::new(EventType::SERVICE_DISCONNECT));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Callbacks run outside it, and each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.has_ended() {
            // Handles are closed when this returns; a server that is gone has closed them.
            let _ = self.request(OperationKind::OpenSystem, "DELETE", &self.path, "", b"");
        }
        self.closer.get_mut().unwrap_or_else(PoisonError::into_inner).close();
    }
}

/// Whether a call is complete.
pub(crate) enum Called {
    Complete,
    GoesOn,
    /// The server does not know the session, so it has done nothing; what is to complete the call comes back.
    Unknown(Complete),
}

/// What reads a session's lines. It holds the session only while it tells it something.
struct Reader {
    session: Weak<Session>,
    lines: Lines,
    /// The number of the last line.
    last: u64,
    grace: Duration,
}

impl Reader {
    fn run(mut self) {
        let why = loop {
            match self.lines.next() {
                Ok(Some(bytes)) => {
                    let Some(session) = self.session.upgrade() else { return };
                    let Ok(line) = serde_json::from_slice::<Line>(&bytes) else {
                        break Error::unexpected_value("a line of a session");
                    };
                    if let Line::Operation { number, .. } | Line::Notification { number, .. } = &line {
                        self.last = *number;
                    }
                    if let Some(why) = session.take_line(line) {
                        break why;
                    }
                }
                Ok(None) => break Error::disconnected(),
                Err(_) => match self.resume() {
                    Some(lines) => self.lines = lines,
                    None => break Error::disconnected(),
                },
            }
        };
        if let Some(session) = self.session.upgrade() {
            session.end(&why);
        }
    }

    /// The network lost the connection, and the session may be there yet: it is asked for its lines once.
    fn resume(&self) -> Option<Lines> {
        let session = self.session.upgrade()?;
        if self.grace.is_zero() {
            return None;
        }
        let path = format!("{}/lines?after={}", session.path, self.last);
        let mut lines = stream(&session.connector, &session.options, "GET", &path).ok()?;
        first_line(&mut lines).ok()?;
        *session.closer.lock().unwrap_or_else(PoisonError::into_inner) = lines.transport().closer().ok()?;
        Some(lines)
    }
}

/// A request whose answer is a stream of lines.
pub(crate) fn stream(connector: &Connector, options: &Options, method: &str, path: &str) -> Result<Lines> {
    let mut connection = Connection::new(connector.connect()?);
    let lines = connection
        .set_limit(Some(options.deadlines.open))
        .and_then(|()| connection.send(method, path, connector.authorization(), b""))
        .or_else(|error| if may_have_answered(&error) { Ok(()) } else { Err(error) })
        .and_then(|()| connection.receive_lines());
    match lines.map_err(|error| lost(connector, error))? {
        Ok(lines) => {
            lines.transport().set_read_timeout(None).map_err(|error| lost(connector, error))?;
            Ok(lines)
        }
        Err(answer) => Err(refused(&answer)),
    }
}

fn first_line(lines: &mut Lines) -> io::Result<(String, Duration, u32)> {
    let line = lines.next()?.ok_or(io::ErrorKind::UnexpectedEof)?;
    match serde_json::from_slice(&line)? {
        Line::Session { session, grace, version } if hcs_remote_protocol::from_hex(&session).is_some() => {
            Ok((session, Duration::from_millis(grace), version))
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a session does not begin as it should")),
    }
}

/// The outcome that a body with `200` says.
fn outcome(kind: OperationKind, body: Vec<u8>) -> Result<Outcome> {
    if kind == OperationKind::CreateProcess {
        return read(&body).map(Outcome::Process);
    }
    String::from_utf8(body)
        .map(Outcome::Result)
        .map_err(|_| Error::unexpected_value("an answer that is not UTF-8"))
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| Error::unexpected_value(format!("an answer of hcsd: {error}")))
}

/// What the server said instead.
fn refused(answer: &Answer) -> Error {
    match serde_json::from_slice::<WireError>(&answer.body) {
        Ok(error) => error.into(),
        Err(_) => Error::unexpected_value(format!(
            "status {} of HTTP, which hcsd has no reason for: is that another server?",
            answer.status
        )),
    }
}

/// Asked twice these change nothing, and answer alike.
fn may_be_asked_twice(kind: OperationKind, method: &str) -> bool {
    method != "POST"
        || matches!(
            kind,
            OperationKind::Enumerate
                | OperationKind::GetServiceProperties
                | OperationKind::GetProperties
                | OperationKind::GetProcessProperties
        )
}

/// What begins with an id can be asked of a server that was started anew, but not twice of one: a connection of its own
/// leads to the present one for certain.
fn needs_a_new_one(kind: OperationKind, method: &str) -> bool {
    method == "POST" && matches!(kind, OperationKind::Create | OperationKind::OpenSystem)
}

/// The server hung up before it had read everything: it may have said why.
fn may_have_answered(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn lost(connector: &Connector, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted => {
            Error::new(ErrorKind::Disconnected).with_object(Object::service())
        }
        _ => Error::os("talk to", format!("hcsd at {}", connector.address()), error),
    }
}
