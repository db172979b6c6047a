//! Failures of layers as the contract has them.

use std::io;
use std::path::Path;

use hcs_contract::{Error, Hresult, Object};
use hcs_layers::LayerError;
use rustix::io::Errno;

use crate::paths::not_writable;

/// A layer's folder as an object.
pub(super) fn object(layer: &Path) -> Object {
    Object::layer(layer.display().to_string())
}

/// The system refused a step.
pub(super) fn os(step: &'static str, path: &Path, errno: Errno) -> Error {
    not_writable(step, path, errno.into())
}

/// The same of a call of `std`.
pub(super) fn io(step: &'static str, path: &Path, error: io::Error) -> Error {
    not_writable(step, path, error)
}

/// It has to be activated first, or prepared.
pub(super) fn not_ready(layer: &Path, state: &'static str) -> Error {
    Error::invalid_state(object(layer), state).with_hresult(Hresult::ERROR_NOT_READY)
}

/// It is still in use.
pub(super) fn busy(layer: &Path, state: &'static str) -> Error {
    Error::invalid_state(object(layer), state).with_hresult(Hresult::ERROR_BUSY)
}

/// A failure of the library that reads and writes layers.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
pub(super) fn layer(error: LayerError) -> Error {
    let code = match &error {
        LayerError::NotEmpty { folder } => return Error::already_exists(Object::layer(folder.clone())),
        LayerError::Mounted { .. } => Hresult::ERROR_BUSY,
        LayerError::NoLayer { folder } => {
            return Error::not_found(Object::layer(folder.clone())).with_hint(error.to_string());
        }
        LayerError::Io { step, name, source } => {
            let source = io::Error::new(source.kind(), source.to_string());
            return not_writable(step, Path::new(name), source);
        }
        _ => Hresult::ERROR_INVALID_DATA,
    };
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let text: Vec<String> = causes.map(ToString::to_string).collect();
    Error::from_hresult(code).with_message(text.join(": "))
}
