//! Which of the service's two kinds of handle one is, in either generation.

use hcs_contract::ObjectKind;

/// Of what it is a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    System,
    Process,
}

impl Kind {
    pub(crate) fn object(self) -> ObjectKind {
        match self {
            Self::System => ObjectKind::System,
            Self::Process => ObjectKind::Process,
        }
    }
}
