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
    #[error(transparent)]
    Host { source: hcsshim::Error },
    #[error("the layers have {count} differences")]
    Differ { count: usize },
}

impl From<hcsshim::Error> for Failure {
    fn from(source: hcsshim::Error) -> Self {
        Self::Host { source }
    }
}

impl Failure {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&str> {
        match self {
            Self::Host { source } => source.hint(),
            _ => None,
        }
    }

    /// Whoever read our output has had enough: no failure of ours.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let (Self::Output { source } | Self::Layer { source: TarLayerError::Write { source }, .. }) = self
        else {
            return false;
        };
        source.kind() == io::ErrorKind::BrokenPipe
    }
}
