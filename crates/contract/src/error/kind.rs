//! The cases that clients must tell apart, and the objects that errors are about.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hcs_schema::ParseError;

use crate::Hresult;

/// What went wrong. The operation, the object and the code stand in [`crate::Error`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such object.
    #[doc(alias = "EndpointNotFoundError")]
    #[doc(alias = "LoadBalancerNotFoundError")]
    #[doc(alias = "NamespaceNotFoundError")]
    #[doc(alias = "NetworkNotFoundError")]
    #[error("no such {0}")]
    NotFound(ObjectKind),
    /// The identifier, or a resource named in the document, is taken.
    #[error("the {0} already exists")]
    AlreadyExists(ObjectKind),
    /// The system or process has ended.
    #[error("the {0} has already stopped")]
    AlreadyStopped(ObjectKind),
    /// This handle was closed: before the call, or while it waited.
    #[doc(alias = "ErrAlreadyClosed")]
    #[doc(alias = "ErrHandleClose")]
    #[error("the handle of the {0} has already been closed")]
    AlreadyClosed(ObjectKind),
    /// A handle that the service does not know.
    #[error("the handle is invalid")]
    InvalidHandle,
    /// The call does not fit the object's present state.
    #[doc(alias = "ErrInvalidProcessState")]
    #[error("not valid in its present state{}", Detail(state))]
    InvalidState {
        /// The state, when it is known.
        state: Option<String>,
    },
    /// The system exited although nobody asked it to, or while something else was waited for.
    #[doc(alias = "ErrUnexpectedContainerExit")]
    #[error("it exited unexpectedly")]
    UnexpectedExit,
    /// The service, engine or helper that would do this is not there.
    #[error("the service is not available: {reason}")]
    ServiceUnavailable {
        /// What is missing, and where it was looked for.
        reason: String,
    },
    /// The service was there, but the connection is gone, and with it every handle.
    #[doc(alias = "ErrUnexpectedProcessAbort")]
    #[error("the connection to the service was lost")]
    Disconnected,
    /// A deadline passed. The operation itself goes on.
    #[doc(alias = "ErrTimeout")]
    #[error("timed out{} waiting for {waiting_for}", After(*after))]
    Timeout {
        /// What would have ended the wait.
        waiting_for: String,
        /// How long the wait was, when it was ours.
        after: Option<Duration>,
    },
    /// Not completed yet: no failure, but no result either.
    #[error("still pending")]
    Pending,
    /// Cancelled before it completed.
    #[error("cancelled")]
    Cancelled,
    /// The text is not the document that the call needs.
    #[error("invalid document: {0}")]
    InvalidDocument(ParseError),
    /// A parameter beside the document is wrong.
    #[error("invalid {name}: {reason}")]
    InvalidArgument {
        /// The parameter.
        name: Cow<'static, str>,
        /// What is wrong with it.
        reason: String,
    },
    /// This host knows what is asked, and can't do it.
    #[doc(alias = "ErrPlatformNotSupported")]
    #[error("{field} is not supported here: {reason}")]
    NotSupported {
        /// The JSON path of the member, or the call.
        field: Cow<'static, str>,
        /// Why not.
        reason: Cow<'static, str>,
    },
    /// The caller may not do this.
    #[error("access denied{}", Detail(reason))]
    AccessDenied {
        /// What forbids it, when it is known.
        reason: Option<String>,
    },
    /// A call of the operating system failed; the source says why.
    #[error("cannot {step} {object}")]
    Os {
        /// The step, as a verb: "mount", "read".
        step: Cow<'static, str>,
        /// What it was done to: a path, a name, a descriptor's meaning.
        object: String,
        /// The operating system's answer.
        source: Arc<io::Error>,
    },
    /// The service answered in a form that this version does not know.
    #[doc(alias = "ErrUnexpectedValue")]
    #[error("unexpected answer of the service: {what}")]
    UnexpectedValue {
        /// What came, and what was expected.
        what: String,
    },
    /// Another failure of the service: its code says which.
    #[error("{}", Meaning(*.0))]
    Code(Hresult),
}

struct Detail<'a>(&'a Option<String>);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |text| write!(f, ": {text}"))
    }
}

struct After(Option<Duration>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |time| write!(f, " after {time:?}"))
    }
}

struct Meaning(Hresult);

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.meaning().unwrap_or("failure in a call of the service"))
    }
}

/// What kind of object an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A container or virtual machine.
    System,
    /// A process within a system.
    Process,
    /// The service as a whole.
    Service,
    /// A network.
    Network,
    /// An endpoint of a network.
    Endpoint,
    /// A network namespace.
    Namespace,
    /// A load balancer or policy list.
    LoadBalancer,
    /// A route.
    Route,
    /// A published port of an endpoint.
    Port,
    /// A policy of a network or endpoint.
    Policy,
    /// A layer folder.
    Layer,
    /// An image.
    Image,
    /// What the service calls an element.
    Element,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "compute system",
            Self::Process => "process",
            Self::Service => "service",
            Self::Network => "network",
            Self::Endpoint => "endpoint",
            Self::Namespace => "namespace",
            Self::LoadBalancer => "load balancer",
            Self::Route => "route",
            Self::Port => "port",
            Self::Policy => "policy",
            Self::Layer => "layer",
            Self::Image => "image",
            Self::Element => "element",
        })
    }
}

/// One object: its kind and its identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// The kind.
    pub kind: ObjectKind,
    /// The identifier; a process has its system's before it, with a colon between. Empty for the service.
    pub id: String,
}

impl Object {
    /// An object of any kind.
    pub fn new(kind: ObjectKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// The compute system `id`.
    pub fn system(id: impl Into<String>) -> Self {
        Self::new(ObjectKind::System, id)
    }

    /// The process `pid` of `system`.
    pub fn process(system: &str, pid: u32) -> Self {
        Self::new(ObjectKind::Process, format!("{system}:{pid}"))
    }

    /// The service as a whole.
    pub fn service() -> Self {
        Self::new(ObjectKind::Service, "")
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.id.rsplit_once(':')) {
            (kind, _) if self.id.is_empty() => write!(f, "{kind}"),
            (ObjectKind::Process, Some((system, pid))) => {
                write!(f, "process {pid} of compute system {system}")
            }
            (kind, _) => write!(f, "{kind} {}", self.id),
        }
    }
}

impl ErrorKind {
    /// The code that stands for this case when no service gave one.
    pub fn default_hresult(&self) -> Hresult {
        match self {
            Self::NotFound(ObjectKind::System) => Hresult::HCS_E_SYSTEM_NOT_FOUND,
            Self::NotFound(ObjectKind::Network) => Hresult::HCN_E_NETWORK_NOT_FOUND,
            Self::NotFound(ObjectKind::Endpoint) => Hresult::HCN_E_ENDPOINT_NOT_FOUND,
            Self::NotFound(ObjectKind::Port) => Hresult::HCN_E_PORT_NOT_FOUND,
            Self::NotFound(ObjectKind::Policy) => Hresult::HCN_E_POLICY_NOT_FOUND,
            Self::NotFound(_) => Hresult::ERROR_NOT_FOUND,
            Self::AlreadyExists(ObjectKind::System) => Hresult::HCS_E_SYSTEM_ALREADY_EXISTS,
            Self::AlreadyExists(ObjectKind::Network) => Hresult::HCN_E_NETWORK_ALREADY_EXISTS,
            Self::AlreadyExists(ObjectKind::Port) => Hresult::HCN_E_PORT_ALREADY_EXISTS,
            Self::AlreadyExists(ObjectKind::Policy) => Hresult::HCN_E_POLICY_ALREADY_EXISTS,
            Self::AlreadyExists(_) => Hresult::ERROR_ALREADY_EXISTS,
            Self::AlreadyStopped(ObjectKind::Process) => Hresult::HCS_E_PROCESS_ALREADY_STOPPED,
            Self::AlreadyStopped(_) => Hresult::HCS_E_SYSTEM_ALREADY_STOPPED,
            Self::AlreadyClosed(_) | Self::InvalidHandle => Hresult::E_HANDLE,
            Self::InvalidState { .. } => Hresult::HCS_E_INVALID_STATE,
            Self::UnexpectedExit => Hresult::HCS_E_UNEXPECTED_EXIT,
            Self::ServiceUnavailable { .. } => Hresult::HCS_E_SERVICE_NOT_AVAILABLE,
            Self::Disconnected => Hresult::HCS_E_SERVICE_DISCONNECT,
            Self::Timeout { .. } => Hresult::HCS_E_OPERATION_TIMEOUT,
            Self::Pending => Hresult::HCS_E_OPERATION_PENDING,
            Self::Cancelled => Hresult::HCS_E_OPERATION_ALREADY_CANCELLED,
            Self::InvalidDocument(_) => Hresult::HCS_E_INVALID_JSON,
            Self::InvalidArgument { .. } => Hresult::E_INVALIDARG,
            Self::NotSupported { .. } => Hresult::ERROR_NOT_SUPPORTED,
            Self::AccessDenied { .. } => Hresult::E_ACCESSDENIED,
            Self::Os { source, .. } => Hresult::from(&**source),
            Self::UnexpectedValue { .. } => Hresult::E_UNEXPECTED,
            Self::Code(code) => *code,
        }
    }

    /// The case that a code of the service stands for.
    pub fn from_hresult(code: Hresult) -> Self {
        match code.to_v2() {
            Hresult::HCS_E_SYSTEM_NOT_FOUND => Self::NotFound(ObjectKind::System),
            Hresult::ERROR_NOT_FOUND => Self::NotFound(ObjectKind::Element),
            Hresult::HCN_E_NETWORK_NOT_FOUND => Self::NotFound(ObjectKind::Network),
            Hresult::HCN_E_ENDPOINT_NOT_FOUND => Self::NotFound(ObjectKind::Endpoint),
            Hresult::HCN_E_PORT_NOT_FOUND => Self::NotFound(ObjectKind::Port),
            Hresult::HCN_E_POLICY_NOT_FOUND => Self::NotFound(ObjectKind::Policy),
            Hresult::HCS_E_SYSTEM_ALREADY_EXISTS => Self::AlreadyExists(ObjectKind::System),
            Hresult::HCN_E_NETWORK_ALREADY_EXISTS => Self::AlreadyExists(ObjectKind::Network),
            Hresult::HCN_E_PORT_ALREADY_EXISTS => Self::AlreadyExists(ObjectKind::Port),
            Hresult::HCN_E_POLICY_ALREADY_EXISTS => Self::AlreadyExists(ObjectKind::Policy),
            Hresult::ERROR_ALREADY_EXISTS => Self::AlreadyExists(ObjectKind::Element),
            Hresult::HCS_E_SYSTEM_ALREADY_STOPPED => Self::AlreadyStopped(ObjectKind::System),
            Hresult::HCS_E_PROCESS_ALREADY_STOPPED => Self::AlreadyStopped(ObjectKind::Process),
            Hresult::E_HANDLE => Self::InvalidHandle,
            Hresult::HCS_E_INVALID_STATE => Self::InvalidState { state: None },
            Hresult::HCS_E_UNEXPECTED_EXIT => Self::UnexpectedExit,
            Hresult::HCS_E_SERVICE_NOT_AVAILABLE
            | Hresult::ERROR_SERVICE_NOT_ACTIVE
            | Hresult::HCN_E_MANAGER_STOPPED => {
                Self::ServiceUnavailable { reason: "it says so itself".into() }
            }
            Hresult::HCS_E_SERVICE_DISCONNECT => Self::Disconnected,
            Hresult::HCS_E_OPERATION_TIMEOUT | Hresult::ERROR_TIMEOUT | Hresult::WAIT_TIMEOUT => {
                Self::Timeout { waiting_for: "the service's result".into(), after: None }
            }
            Hresult::HCS_E_CONNECTION_TIMEOUT => {
                Self::Timeout { waiting_for: "the guest's answer".into(), after: None }
            }
            Hresult::HCS_E_OPERATION_PENDING => Self::Pending,
            Hresult::HCS_E_OPERATION_ALREADY_CANCELLED | Hresult::ERROR_CANCELLED => Self::Cancelled,
            Hresult::HCS_E_INVALID_JSON | Hresult::HCN_E_INVALID_JSON => {
                Self::InvalidDocument(ParseError::at("", "refused by the service"))
            }
            Hresult::ERROR_NOT_SUPPORTED => {
                Self::NotSupported { field: "the request".into(), reason: "refused by the service".into() }
            }
            Hresult::E_ACCESSDENIED | Hresult::HCS_E_ACCESS_DENIED => Self::AccessDenied { reason: None },
            _ => Self::Code(code),
        }
    }

    /// A short stable name of the case, in kebab case: what scripts compare, and what `docs/errors.md` has a section
    /// about.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(ObjectKind::System) => "system-not-found",
            Self::NotFound(ObjectKind::Process) => "process-not-found",
            Self::NotFound(ObjectKind::Network) => "network-not-found",
            Self::NotFound(ObjectKind::Endpoint) => "endpoint-not-found",
            Self::NotFound(ObjectKind::Namespace) => "namespace-not-found",
            Self::NotFound(ObjectKind::Port) => "port-not-found",
            Self::NotFound(ObjectKind::Policy) => "policy-not-found",
            Self::NotFound(ObjectKind::Layer) => "layer-not-found",
            Self::NotFound(ObjectKind::Image) => "image-not-found",
            Self::NotFound(_) => "not-found",
            Self::AlreadyExists(ObjectKind::System) => "system-already-exists",
            Self::AlreadyExists(ObjectKind::Network) => "network-already-exists",
            Self::AlreadyExists(ObjectKind::Port) => "port-already-exists",
            Self::AlreadyExists(ObjectKind::Policy) => "policy-already-exists",
            Self::AlreadyExists(_) => "already-exists",
            Self::AlreadyStopped(ObjectKind::Process) => "process-already-stopped",
            Self::AlreadyStopped(_) => "system-already-stopped",
            Self::AlreadyClosed(_) => "already-closed",
            Self::InvalidHandle => "invalid-handle",
            Self::InvalidState { .. } => "invalid-state",
            Self::UnexpectedExit => "unexpected-exit",
            Self::ServiceUnavailable { .. } => "service-unavailable",
            Self::Disconnected => "service-disconnected",
            Self::Timeout { .. } => "timeout",
            Self::Pending => "pending",
            Self::Cancelled => "cancelled",
            Self::InvalidDocument(_) => "invalid-document",
            Self::InvalidArgument { .. } => "invalid-argument",
            Self::NotSupported { .. } => "not-supported",
            Self::AccessDenied { .. } => "access-denied",
            Self::Os { .. } => "os-failure",
            Self::UnexpectedValue { .. } => "unexpected-value",
            Self::Code(_) => "service-failure",
        }
    }
}
