//! The host: makes, finds and lists systems by way of a server.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use hcs_contract::{
    ComputeService, ComputeSystem, Error, Object, Operation, OperationKind, Records, Result, SystemEvents,
};
use hcs_remote_protocol::{Created, OPERATION_HEADER, Opened, Outcome, encode_component};

use crate::connect::Connector;
use crate::events::Events;
use crate::options::Options;
use crate::session::{Called, Complete, Failed, Session};
use crate::system::System;

/// A host that a server has. Clones share its session.
///
/// The session is opened with the first call, and again when the server was started anew; handles of an ended session
/// are dead, and every call on them says [`hcs_contract::ErrorKind::Disconnected`].
#[derive(Clone, Debug)]
pub struct RemoteHost(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connector: Arc<Connector>,
    options: Options,
    session: Mutex<Option<Arc<Session>>>,
}

/// A call: its session, and its number there.
type UnderWay = (Weak<Session>, u64);

impl RemoteHost {
    /// A host behind this server. It is not connected to yet.
    ///
    /// # Errors
    /// Invalid argument, or the operating system's, for a token or certificates that can't be used; not supported,
    /// for TLS when this was built without it.
    pub fn open(options: Options) -> Result<Self> {
        let connector = Arc::new(Connector::new(&options)?);
        Ok(Self(Arc::new(Inner { connector, options, session: Mutex::default() })))
    }

    /// The settings it was opened with.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.0.connector
    }

    pub(crate) fn session(&self) -> Result<Arc<Session>> {
        let mut session = self.0.session.lock().unwrap_or_else(PoisonError::into_inner);
        match &*session {
            Some(session) if !session.has_ended() => Ok(Arc::clone(session)),
            _ => {
                let opened = Session::open(&self.0.connector, &self.0.options)?;
                *session = Some(Arc::clone(&opened));
                Ok(opened)
            }
        }
    }

    /// Does it in the session, and once more in a new one when the server does not know that session: then it has done
    /// nothing.
    pub(crate) fn in_session<T>(
        &self,
        what: impl Fn(&Arc<Session>) -> std::result::Result<T, Failed>,
    ) -> Result<T> {
        match what(&self.session()?) {
            Err(failed) if failed.is_unknown => Ok(what(&self.session()?)?),
            result => Ok(result?),
        }
    }

    /// A call on the service.
    pub(crate) fn call(&self, kind: OperationKind, name: &str, query: &str) -> Operation {
        let (operation, completer) = Operation::new(kind, Object::service());
        // Where the call is under way, from before it is made: its answer may take the completer.
        let under_way: Arc<Mutex<Option<UnderWay>>> = Arc::default();
        let to_cancel = Arc::clone(&under_way);
        completer.on_cancel(move || {
            let under_way = to_cancel.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((session, number)) = under_way
                && let Some(session) = session.upgrade()
            {
                session.cancel(number);
            }
        });
        let mut complete: Complete =
            Box::new(move |outcome: Result<Outcome>| completer.complete(outcome.and_then(text)));
        for last in [false, true] {
            let session = match self.session() {
                Ok(session) => session,
                Err(error) => {
                    complete(Err(error));
                    break;
                }
            };
            let number = session.next_number();
            *under_way.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Arc::downgrade(&session), number));
            let path = format!("{}/{name}", session.path());
            match session.call(kind, number, &path, "", query.as_bytes(), complete) {
                // In a new session, once.
                Called::Unknown(again) if !last => complete = again,
                Called::Unknown(complete) => {
                    complete(Err(Error::disconnected()));
                    break;
                }
                Called::Complete | Called::GoesOn => break,
            }
        }
        operation
    }

    fn create(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
        let kind = OperationKind::Create;
        self.in_session(|session| {
            let number = session.next_number();
            let (operation, completer) = Operation::new(kind, Object::system(id));
            let complete =
                Box::new(move |outcome: Result<Outcome>| completer.complete(outcome.and_then(text)));
            session.expect(number, complete).map_err(|_| Error::disconnected())?;
            let path = format!("{}/systems?id={}", session.path(), encode_component(id));
            let headers = format!("{OPERATION_HEADER}: {number}\r\n");
            let created = session.ask(kind, &path, &headers, document.as_bytes());
            let Created { handle, outcome } = match created {
                Ok(created) => created,
                Err(failed) => {
                    // Nobody waits for it: the handle that it belongs to never came to be.
                    session.complete(number, Err(Error::disconnected()));
                    return Err(failed);
                }
            };
            match outcome {
                Some(Outcome::Error(error)) => session.complete(number, Err((*error).into())),
                Some(outcome) => session.complete(number, Ok(outcome)),
                None => {}
            }
            Ok((Arc::new(System::new(session, handle, id)) as Arc<dyn ComputeSystem>, operation))
        })
    }
}

fn text(outcome: Outcome) -> Result<String> {
    match outcome {
        Outcome::Result(text) => Ok(text),
        _ => Err(Error::unexpected_value("an outcome of another kind")),
    }
}

impl ComputeService for RemoteHost {
    fn create_system(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
        self.create(id, document)
            .map_err(|error| error.with_operation(OperationKind::Create).with_object(Object::system(id)))
    }

    fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>> {
        let kind = OperationKind::OpenSystem;
        let opened = self.in_session(|session| {
            let path = format!("{}/open?id={}", session.path(), encode_component(id));
            let Opened { handle, .. } = session.ask(kind, &path, "", b"")?;
            Ok(Arc::new(System::new(session, handle, id)) as Arc<dyn ComputeSystem>)
        });
        opened.map_err(|error| error.with_operation(kind).with_object(Object::system(id)))
    }

    fn enumerate_systems(&self, query: &str) -> Operation {
        self.call(OperationKind::Enumerate, "enumerate", query)
    }

    fn service_properties(&self, query: &str) -> Operation {
        self.call(OperationKind::GetServiceProperties, "properties", query)
    }

    fn events(&self) -> Result<Box<dyn SystemEvents>> {
        let events = Events::open(&self.0.connector, &self.0.options);
        let events = events
            .map_err(|error| error.with_operation(OperationKind::Subscribe).with_object(Object::service()))?;
        Ok(Box::new(events))
    }

    fn records(&self) -> Option<&dyn Records> {
        Some(self)
    }
}
