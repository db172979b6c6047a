//! The host's table: how packets pass between endpoints, host and outside. See docs/dataplane.md.

pub(crate) mod contents;
pub(crate) mod table;
