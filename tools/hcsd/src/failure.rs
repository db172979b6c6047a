//! A failed request as its answer: the contract's error, and the status of HTTP that is nearest.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hcs_contract::{Error, ErrorKind};
use hcs_remote_protocol::{JSON, WireError};
use serde::Serialize;

/// Why a request failed.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    error: Box<Error>,
}

impl Failure {
    /// A failure with a status of its own: the limits' and the transport's.
    pub(crate) fn new(status: StatusCode, error: Error) -> Self {
        Self { status, error: Box::new(error) }
    }

    /// What went wrong.
    pub(crate) fn error(&self) -> &Error {
        &self.error
    }

    /// What the request says is wrong.
    pub(crate) fn bad_request(name: &'static str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Error::invalid_argument(name, reason))
    }

    /// There are as many as there may be.
    pub(crate) fn limit(what: &str, most: usize) -> Self {
        let error =
            Error::service_unavailable(format!("there are {most} {what} already, the limit of this server"))
                .with_hint("close what is not needed any more, or raise the limit: see `hcsd --help`");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(status(error.kind()), error)
    }
}

fn status(kind: &ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NotFound(_) | ErrorKind::InvalidHandle => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists(_)
        | ErrorKind::AlreadyStopped(_)
        | ErrorKind::AlreadyClosed(_)
        | ErrorKind::InvalidState { .. }
        | ErrorKind::Cancelled => StatusCode::CONFLICT,
        ErrorKind::InvalidDocument(_) | ErrorKind::InvalidArgument { .. } => StatusCode::BAD_REQUEST,
        ErrorKind::NotSupported { .. } => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::AccessDenied { .. } => StatusCode::FORBIDDEN,
        ErrorKind::ServiceUnavailable { .. } | ErrorKind::Disconnected => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &WireError::from(&*self.error));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A document of ours as an answer.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Response {
    let text =
        serde_json::to_string(document).expect("documents have string keys and values that JSON can hold");
    text_of(status, text)
}

/// JSON text as an answer.
pub(crate) fn text_of(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(JSON))], text).into_response()
}
