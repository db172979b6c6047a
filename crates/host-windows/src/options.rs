//! Which of the service's two interfaces is used, and how long calls may take.

use hcs_contract::{Deadlines, Error, Result};

/// One of the two interfaces of the service. A handle is of one of them as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// vmcompute.dll, which the Go library uses: calls block or complete by notification. On every Windows with
    /// containers; takes documents of both schemas.
    VmCompute,
    /// computecore.dll: every call has an operation. From build 17763 (Windows 10 1809, Server 2019) on. The service
    /// takes only documents of schema 2 by it.
    ComputeCore,
}

impl Generation {
    /// The interface's DLL.
    pub const fn library(self) -> &'static str {
        match self {
            Self::VmCompute => "vmcompute.dll",
            Self::ComputeCore => "computecore.dll",
        }
    }
}

/// The settings of a [`crate::WindowsHost`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The interface for every system. `None`: [`Generation::ComputeCore`] for a system that is created from a document
    /// of schema 2, [`Generation::VmCompute`] for all others, for systems that are opened, and for lists; where one of the
    /// two DLLs is missing, the other.
    pub generation: Option<Generation>,
    /// How long those calls may take that return a handle. All others return an operation, whose user says.
    pub deadlines: Deadlines,
}

impl Options {
    /// The defaults, changed by `HCS_GENERATION` (`vmcompute` or `computecore`) and `HCSSHIM_TIMEOUT_*`. `lookup` gives a
    /// variable's value: nothing here reads the real environment.
    ///
    /// # Errors
    /// Invalid argument: `HCS_GENERATION` names no interface.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let generation = match lookup("HCS_GENERATION").as_deref() {
            None | Some("") => None,
            Some("vmcompute") => Some(Generation::VmCompute),
            Some("computecore") => Some(Generation::ComputeCore),
            Some(other) => {
                let reason = format!("{other:?} is neither \"vmcompute\" nor \"computecore\"");
                return Err(Error::invalid_argument("HCS_GENERATION", reason));
            }
        };
        Ok(Self { generation, deadlines: Deadlines::from_lookup(lookup) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_is_named_by_its_dll() {
        let options = |value: &'static str| {
            Options::from_lookup(move |name| (name == "HCS_GENERATION").then(|| value.to_owned()))
        };
        assert_eq!(options("").unwrap().generation, None);
        assert_eq!(options("vmcompute").unwrap().generation, Some(Generation::VmCompute));
        assert_eq!(options("computecore").unwrap().generation, Some(Generation::ComputeCore));
        assert!(options("3").unwrap_err().to_string().contains("\"3\""));
    }
}
