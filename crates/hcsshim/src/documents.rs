//! Which documents a call takes: the typed ones of both schemas, and JSON text, which passes through unchanged.

use std::borrow::Cow;

use hcs_contract::{Error, Result};
use hcs_schema::compute::{OsType, v1, v2};
use hcs_schema::{Document, merge_additional};
use serde_json::Value;

/// What kind of programs run in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guest {
    /// Windows programs.
    Windows,
    /// Linux programs.
    Linux,
}

mod sealed {
    /// Keeps the traits of this module ours, so that they may grow.
    pub trait Sealed {}
}

/// A document that [`crate::Host::create_container`] takes.
pub trait ContainerDocument: sealed::Sealed {
    /// The document as it is sent.
    fn json(&self) -> Cow<'_, str>;

    /// What will run inside, when the document's type says so: then nobody needs to ask the service.
    fn guest(&self) -> Option<Guest> {
        None
    }
}

impl ContainerDocument for v1::ContainerConfig {
    fn json(&self) -> Cow<'_, str> {
        self.to_json().into()
    }

    fn guest(&self) -> Option<Guest> {
        Some(if self.container_type == OsType::LINUX { Guest::Linux } else { Guest::Windows })
    }
}

/// A document that [`crate::Container::create_process`] takes.
pub trait ProcessDocument: sealed::Sealed {
    /// The document as it is sent.
    fn json(&self) -> Cow<'_, str>;
}

/// A document that [`crate::Container::modify`] takes.
pub trait ModifyDocument: sealed::Sealed {
    /// The document as it is sent.
    fn json(&self) -> Cow<'_, str>;
}

macro_rules! takes {
    ($($trait:ident: $($type:ty),+;)+) => {$(
        $(impl $trait for $type {
            fn json(&self) -> Cow<'_, str> {
                self.to_json().into()
            }
        })+
        /// JSON text of either schema.
        impl $trait for str {
            fn json(&self) -> Cow<'_, str> {
                self.into()
            }
        }
        /// JSON text of either schema.
        impl $trait for String {
            fn json(&self) -> Cow<'_, str> {
                self.as_str().into()
            }
        }
        /// JSON of either schema.
        impl $trait for Value {
            fn json(&self) -> Cow<'_, str> {
                self.to_string().into()
            }
        }
    )+};
}

takes! {
    ContainerDocument: v2::ComputeSystem;
    ProcessDocument: v1::ProcessConfig, v2::ProcessParameters;
    ModifyDocument: v1::ResourceModificationRequestResponse, v2::ModifySettingRequest;
}

impl sealed::Sealed for v1::ContainerConfig {}
impl sealed::Sealed for v2::ComputeSystem {}
impl sealed::Sealed for v1::ProcessConfig {}
impl sealed::Sealed for v2::ProcessParameters {}
impl sealed::Sealed for v1::ResourceModificationRequestResponse {}
impl sealed::Sealed for v2::ModifySettingRequest {}
impl sealed::Sealed for str {}
impl sealed::Sealed for String {}
impl sealed::Sealed for Value {}

/// A document as it stands within another.
pub(crate) fn json(document: &impl Document) -> Value {
    serde_json::to_value(document).expect("documents have string keys and values that JSON can hold")
}

/// Lays the user's additional JSON over a document.
pub(crate) fn with_additional<'a>(document: Cow<'a, str>, additional: &str) -> Result<Cow<'a, str>> {
    if additional.is_empty() {
        return Ok(document);
    }
    merge_additional(&document, additional).map(Cow::Owned).map_err(|error| {
        Error::invalid_argument("additional JSON", format!("{error}: {}", error.source))
            .with_hint("correct or unset HCSSHIM_CREATECONTAINER_ADDITIONALJSON")
    })
}
