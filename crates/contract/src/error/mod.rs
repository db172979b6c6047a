//! The one error type of the contract: which operation, on which object, what failed, what the service said about
//! it, and what to do.

mod kind;
mod predicates;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hcs_schema::ParseError;

pub use kind::{ErrorKind, Object, ObjectKind};

use crate::{ErrorEvent, Hresult, OperationKind, ResultDocument, mask_secrets};

/// What every call of the contract returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of a call. Cheap to clone, because every waiter of an operation gets it.
///
/// ```
/// use hcs_contract::{Error, Hresult, Object, OperationKind};
///
/// // As a service's code, of either family, becomes an error.
/// let error = Error::from_hresult(Hresult(0xC037_010E))
///     .with_operation(OperationKind::OpenSystem)
///     .with_object(Object::system("web"));
/// assert!(error.is_not_exist());
/// assert!(error.is_any(&[Hresult::HCS_E_SYSTEM_NOT_FOUND]));
/// assert_eq!((error.code(), error.object_id()), ("system-not-found", "web"));
/// ```
#[doc(alias = "ContainerError")]
#[doc(alias = "HcsError")]
#[doc(alias = "ProcessError")]
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    hresult: Hresult,
    operation: Option<OperationKind>,
    object: Option<Object>,
    message: Option<String>,
    events: Vec<ErrorEvent>,
    document: Option<String>,
    hint: Option<Cow<'static, str>>,
}

impl Error {
    /// An error of this kind, with the kind's own code. Operation and object are added by `with_…`, usually where
    /// the operation completes.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(Inner {
            hresult: kind.default_hresult(),
            kind,
            operation: None,
            object: None,
            message: None,
            events: Vec::new(),
            document: None,
            hint: None,
        }))
    }

    /// The failure that a service reported by its code; either family.
    pub fn from_hresult(code: Hresult) -> Self {
        Self::new(ErrorKind::from_hresult(code)).with_hresult(code)
    }

    /// The failure that a service reported by its code and its result document.
    pub fn from_result(code: Hresult, result: ResultDocument) -> Self {
        let ResultDocument { error, message, events } = result;
        let mut this = Self::from_hresult(error.filter(|error| error.is_failure()).unwrap_or(code));
        let inner = this.inner();
        inner.message = message;
        inner.events = events;
        this
    }

    /// There is no such object.
    pub fn not_found(object: Object) -> Self {
        Self::new(ErrorKind::NotFound(object.kind)).with_object(object)
    }

    /// The object exists already.
    pub fn already_exists(object: Object) -> Self {
        Self::new(ErrorKind::AlreadyExists(object.kind)).with_object(object)
    }

    /// The system or process has ended.
    pub fn already_stopped(object: Object) -> Self {
        Self::new(ErrorKind::AlreadyStopped(object.kind)).with_object(object)
    }

    /// The handle of this object was closed.
    pub fn already_closed(object: Object) -> Self {
        Self::new(ErrorKind::AlreadyClosed(object.kind)).with_object(object)
    }

    /// The call does not fit the object's state.
    pub fn invalid_state(object: Object, state: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidState { state: Some(state.into()) }).with_object(object)
    }

    /// The member (or call) `field` is known, but this host can't honour it.
    pub fn not_supported(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotSupported { field: field.into(), reason: reason.into() })
    }

    /// The member at `path` makes the document invalid.
    pub fn invalid_document(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidDocument(ParseError::at(path, message)))
    }

    /// The parameter `name` is wrong.
    pub fn invalid_argument(name: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument { name: name.into(), reason: reason.into() })
    }

    /// The service is not there.
    pub fn service_unavailable(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::ServiceUnavailable { reason: reason.into() })
    }

    /// The connection to the service is gone.
    pub fn disconnected() -> Self {
        Self::new(ErrorKind::Disconnected)
    }

    /// A wait of ours ended at its deadline.
    pub fn timeout(waiting_for: impl Into<String>, after: Duration) -> Self {
        Self::new(ErrorKind::Timeout { waiting_for: waiting_for.into(), after: Some(after) })
    }

    /// Not completed yet.
    pub fn pending() -> Self {
        Self::new(ErrorKind::Pending)
    }

    /// Cancelled before it completed.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled)
    }

    /// The caller may not do this, because of `reason`.
    pub fn access_denied(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::AccessDenied { reason: Some(reason.into()) })
    }

    /// The operating system refused: "cannot `step` `object`".
    pub fn os(step: impl Into<Cow<'static, str>>, object: impl Into<String>, source: io::Error) -> Self {
        Self::new(ErrorKind::Os { step: step.into(), object: object.into(), source: Arc::new(source) })
    }

    /// The service answered in an unknown form.
    pub fn unexpected_value(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnexpectedValue { what: what.into() })
    }

    /// Sets the operation, unless there is one: the innermost knows best.
    #[must_use]
    pub fn with_operation(mut self, operation: OperationKind) -> Self {
        if self.0.operation.is_none() {
            self.inner().operation = Some(operation);
        }
        self
    }

    /// Sets the object, unless there is one: the innermost knows best.
    #[must_use]
    pub fn with_object(mut self, object: Object) -> Self {
        if self.0.object.is_none() {
            self.inner().object = Some(object);
        }
        self
    }

    /// Replaces the code, where the service has a better one than the kind's own.
    #[must_use]
    pub fn with_hresult(mut self, code: Hresult) -> Self {
        self.inner().hresult = code;
        self
    }

    /// Keeps the service's own text, in its own language.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.inner().message = Some(message.into());
        self
    }

    /// Adds events behind those that there are.
    #[must_use]
    pub fn with_events(mut self, events: impl IntoIterator<Item = ErrorEvent>) -> Self {
        self.inner().events.extend(events);
        self
    }

    /// Keeps the document that was sent, with its secrets masked.
    #[must_use]
    pub fn with_document(mut self, document: &str) -> Self {
        self.inner().document = Some(mask_secrets(document));
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.inner().hint = Some(hint.into());
        self
    }

    /// The case, for clients to match on.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The code: the service's own, or the kind's.
    #[doc(alias = "Err")]
    pub fn hresult(&self) -> Hresult {
        self.0.hresult
    }

    /// The operation that failed.
    pub fn operation(&self) -> Option<OperationKind> {
        self.0.operation
    }

    /// The object that it failed on.
    pub fn object(&self) -> Option<&Object> {
        self.0.object.as_ref()
    }

    /// The identifier of that object; empty when there is none.
    #[doc(alias = "ContainerError.Container")]
    #[doc(alias = "EndpointNotFoundError.EndpointID")]
    #[doc(alias = "EndpointNotFoundError.EndpointName")]
    #[doc(alias = "LoadBalancerNotFoundError.LoadBalancerId")]
    #[doc(alias = "NamespaceNotFoundError.NamespaceID")]
    #[doc(alias = "NetworkNotFoundError.NetworkID")]
    #[doc(alias = "NetworkNotFoundError.NetworkName")]
    #[doc(alias = "ProcessError.Process")]
    pub fn object_id(&self) -> &str {
        self.0.object.as_ref().map_or("", |object| &object.id)
    }

    /// The service's own text, in its own language.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// What the service reported about the failure.
    pub fn events(&self) -> &[ErrorEvent] {
        &self.0.events
    }

    /// The document that was sent, secrets masked.
    #[doc(alias = "ExtraInfo")]
    pub fn document(&self) -> Option<&str> {
        self.0.document.as_deref()
    }

    /// The case's stable name: see [`ErrorKind::code`].
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref().or(match &self.0.kind {
            ErrorKind::AlreadyExists(ObjectKind::System) => {
                Some("choose another id, or terminate and close that one")
            }
            ErrorKind::Disconnected => Some("every handle is dead: open the system again by its id"),
            ErrorKind::Timeout { .. } => Some("the operation goes on: wait again, or terminate the system"),
            _ => None,
        })
    }

    /// The result document that says the same: what the DLLs and the remote protocol send.
    pub fn to_result(&self) -> ResultDocument {
        ResultDocument {
            error: Some(self.0.hresult),
            message: Some(self.0.message.clone().unwrap_or_else(|| self.sentence())),
            events: self.0.events.clone(),
        }
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// The text without code and events, with the operating system's answer where there is one.
    fn sentence(&self) -> String {
        match &self.0.kind {
            ErrorKind::Os { source, .. } => format!("{}: {source}", self.0.kind),
            kind => kind.to_string(),
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::new(ErrorKind::InvalidDocument(error))
    }
}

/// `start compute system web: no such compute system (HCS_E_SYSTEM_NOT_FOUND (0x8037010E))`, then one line per
/// event. The operating system's answer, hint and document are data, for the printer to show.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (inner.operation, &inner.object) {
            (Some(operation), Some(object)) => write!(f, "{operation} {object}: ")?,
            (Some(operation), None) => write!(f, "{operation}: ")?,
            (None, Some(object)) => write!(f, "{object}: ")?,
            (None, None) => {}
        }
        write!(f, "{}", inner.kind)?;
        match inner.hresult.name() {
            Some(name) => write!(f, " ({name} 0x{:08X})", inner.hresult.0)?,
            None => write!(f, " (0x{:08X})", inner.hresult.0)?,
        }
        inner.events.iter().try_for_each(|event| write!(f, "\n{event}"))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, hresult, operation, object, message, events, document, hint } = &*self.0;
        f.debug_struct("Error")
            .field("operation", operation)
            .field("object", object)
            .field("kind", kind)
            .field("hresult", hresult)
            .field("message", message)
            .field("events", events)
            .field("document", document)
            .field("hint", hint)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.kind.source()
    }
}

#[cfg(test)]
mod tests;
