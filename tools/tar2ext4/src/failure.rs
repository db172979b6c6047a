//! Why a command failed.

use std::io;

use hcs_ext4::read::ReadError;
use hcs_ext4::{ConvertError, verity};

/// What failed, and on which file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file could not be opened or made; the cause names it.
    #[error("cannot open a file")]
    Open { source: io::Error },
    #[error("{input}")]
    Convert { input: String, source: ConvertError },
    #[error("{output}: the image could not be written")]
    Image { output: String, source: hcs_ext4::Error },
    #[error("{output}: the VHD footer could not be written")]
    Footer { output: String, source: io::Error },
    #[error("{input}: could not be copied")]
    Copy { input: String, source: io::Error },
    #[error("{image}")]
    Read { image: String, source: ReadError },
    #[error("{image}: the hash tree could not be read")]
    Verity { image: String, source: verity::ReadError },
    #[error("{image}: it is damaged, see above")]
    Damaged { image: String },
    #[error("cannot write the result")]
    Output { source: io::Error },
}

impl Failure {
    /// Whoever read our output has had enough: no failure of ours.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output { source } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
