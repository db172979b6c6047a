//! Failures as the service tells them.

use hcs_contract::{Error, ErrorEvent, Hresult};
use hcs_dataplane::Error as PlaneError;

/// A failure of the data plane.
pub(super) fn of_plane(error: PlaneError) -> Error {
    let text = chain(&error);
    let code = match &error {
        PlaneError::NoLink { .. } => Some(Hresult::HCN_E_ADAPTER_NOT_FOUND),
        PlaneError::Invalid { .. } => Some(Hresult::E_INVALIDARG),
        PlaneError::Foreign { .. } => Some(Hresult::HCN_E_REQUEST_UNSUPPORTED),
        _ => None,
    };
    let hint = match &error {
        PlaneError::NoModule { module, .. } => Some(format!("load it (`modprobe {module}`), or install it")),
        PlaneError::Foreign { .. } => {
            Some("`hcs network check` shows what differs from the record".to_owned())
        }
        _ => None,
    };
    let source = match error.errno() {
        Some(errno) => std::io::Error::from_raw_os_error(errno),
        None => std::io::Error::other(error),
    };
    let mut made = Error::os("set up", format!("the network: {text}"), source);
    if let Some(code) = code {
        made = made.with_hresult(code);
    }
    let made = made.with_events([because(text)]);
    match hint {
        Some(hint) => made.with_hint(hint),
        None => made,
    }
}

fn chain(error: &PlaneError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Why, in words that an error has beside its code.
pub(super) fn because(reason: impl Into<String>) -> ErrorEvent {
    ErrorEvent::new("network", reason)
}

/// A document that says something that can't be, with the service's code for it.
pub(super) fn invalid(code: Hresult, path: impl Into<String>, message: impl Into<String>) -> Error {
    Error::invalid_document(path, message).with_hresult(code)
}
