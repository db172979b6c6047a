//! Why a command failed.

use std::io;

use hcs_layers::tar::TarLayerError;

/// What failed, and on what.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("at least one read-only layer must be specified")]
    NoLayers,
    /// The cause names the file.
    #[error("cannot open a file")]
    Open { source: io::Error },
    #[error("{layer}")]
    Layer { layer: String, source: TarLayerError },
    #[error("cannot write the result")]
    Output { source: io::Error },
    #[error("{command} is not supported here: it needs {what}, which this version does not make")]
    NotHere { command: &'static str, what: &'static str },
}

impl Failure {
    /// Whoever read our output has had enough: no failure of ours.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let (Self::Output { source } | Self::Layer { source: TarLayerError::Write { source }, .. }) = self
        else {
            return false;
        };
        source.kind() == io::ErrorKind::BrokenPipe
    }
}
