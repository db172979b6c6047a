//! The JSON documents of the Host Compute Service, as Rust types: schema 1 ([`compute::v1`]) and schema 2
//! ([`compute::v2`]); and those of the Host Network Service: HNS v1 ([`network::hns`]) and HCN v2 ([`network::hcn`]).
//!
//! ```
//! use hcs_schema::Document as _;
//! use hcs_schema::compute::{SystemType, v1::ContainerConfig};
//!
//! let config = ContainerConfig {
//!     system_type: SystemType::CONTAINER,
//!     name: "web".into(),
//!     memory_maximum_in_mb: 512,
//!     ..ContainerConfig::default()
//! };
//! let text = r#"{"SystemType":"Container","Name":"web","Layers":null,"MemoryMaximumInMB":512,"HvPartition":false}"#;
//! assert_eq!(config.to_json(), text);
//!
//! // Any letter case; what this version does not know is kept, and an error has its place.
//! let read = ContainerConfig::from_json(r#"{"systemtype":"Container","New":[1]}"#)?;
//! assert_eq!((read.system_type, read.unknown["New"][0].as_u64()), (SystemType::CONTAINER, Some(1)));
//! let error = ContainerConfig::from_json(r#"{"Layers":[{"Path":7}]}"#).unwrap_err();
//! assert_eq!(error.path, "Layers[0].Path");
//! # Ok::<(), hcs_schema::ParseError>(())
//! ```
//!
//! The feature `json-schema` adds the JSON Schema of every document (module `json_schema`).
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

mod catalogue;
pub mod compute;
mod document;
#[cfg(feature = "drop-member")]
pub mod drop_member;
#[cfg(feature = "json-schema")]
pub mod json_schema;
mod linux_host;
mod member;
mod merge;
pub mod network;
mod time;
mod version;

pub use catalogue::{DocumentType, documents};
pub use document::{Document, Member, ParseError, Unknown, from_json};
pub use linux_host::{LinuxHost, UserNamespace, seccomp};
pub use member::MemberType;
pub use merge::{MergeError, merge_additional};
pub use time::Time;
pub use version::{BUILD_RS5, BUILD_SERVER_2022, UnsupportedVersion, Version};
