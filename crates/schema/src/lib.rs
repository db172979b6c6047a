//! The JSON documents of the Host Compute Service and the Host Network Service, as Rust types.
//!
//! Invariants of this crate:
//! - Types only: no I/O, no calls of an operating system, no policy. What a host can honour is the host's business.
//! - Output is what the service's own client library sends: the same names, the same order, the same members left
//!   out when they are empty. Results, which that library only reads, leave out what was not asked for.
//! - Input is read as that library reads it: names in any case, `null` for the zero value, the last of two equal
//!   members. A value of the wrong type is an error that names its place.
//! - Nothing is lost: members that a type does not know are kept in its `unknown` map and written back.
//!
//! Structs are not `#[non_exhaustive]`, on purpose: a host takes each one apart without `..`, so that the compiler
//! names every place that must decide about a new member.

#![forbid(unsafe_code)]

#[macro_use]
mod macros;

pub mod compute;
mod document;
#[cfg(feature = "json-schema")]
pub mod json_schema;
mod linux_host;
mod member;
mod merge;
mod time;
mod version;

pub use document::{Document, Member, ParseError, Unknown, from_json};
pub use linux_host::{LinuxHost, UserNamespace, seccomp};
pub use member::MemberType;
pub use merge::{MergeError, merge_additional};
pub use time::Time;
pub use version::{BUILD_RS5, BUILD_SERVER_2022, UnsupportedVersion, Version};
