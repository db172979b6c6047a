//! Catalogues of document types: what the support tables and the tests go through.

use crate::{Document, Member, ParseError, compute, network};

/// One type of document, or of a part of one.
#[derive(Clone, Copy, Debug)]
pub struct DocumentType {
    /// The Rust path below its module, such as `v1::ContainerConfig` or `hcn::Dns`; without a module before it when both
    /// schemas have it.
    pub name: &'static str,
    /// Its members, in the order in which they are written.
    pub members: &'static [Member],
    /// Reads a text as this type and writes it again.
    pub rewrite: fn(&str) -> Result<String, ParseError>,
}

/// The type as an entry of a catalogue.
pub(crate) const fn of<T: Document>(name: &'static str) -> DocumentType {
    DocumentType {
        name,
        members: T::MEMBERS,
        rewrite: |text| T::from_json(text).map(|document| document.to_json()),
    }
}

macro_rules! catalogue {
    ($($type:path,)*) => {
        &[$($crate::catalogue::of::<$type>(stringify!($type)),)*]
    };
}

pub(crate) use catalogue;

/// Every type of every catalogue: [`compute::DOCUMENTS`], then [`network::DOCUMENTS`].
pub fn documents() -> impl Iterator<Item = &'static DocumentType> {
    compute::DOCUMENTS.iter().chain(network::DOCUMENTS)
}
