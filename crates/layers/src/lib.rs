//! Layers of container images on Linux.
//!
//! A layer is a folder: [`LayerWriter`] makes it file by file, [`LayerReader`] reads it. What Linux has no place for stands
//! in a file beside the content ([`metadata`]). As the service hands layers over, they are transport folders
//! ([`transport`]).
//!
//! What Windows says of a file beyond its content comes in the form of Win32 backup streams ([`backup`]), with reparse
//! buffers ([`reparse`]), extended attributes ([`ea`]), security descriptors ([`security`]) and times of 100 ns
//! ([`filetime`]).
//!
//! Invariant: this crate knows nothing of HCS documents. Archives, streams and layer folders are hostile: nothing makes it
//! panic, allocate without bounds or follow a path out of a layer's root; what can't be kept is an error that names it.

#![forbid(unsafe_code)]

pub mod backup;
mod bytes;
#[cfg(target_os = "linux")]
mod diff;
pub mod ea;
pub mod filetime;
pub mod hive;
#[cfg(target_os = "linux")]
mod layer;
#[cfg(target_os = "linux")]
pub mod layer_stream;
#[cfg(target_os = "linux")]
pub mod metadata;
#[cfg(target_os = "linux")]
pub mod path;
pub mod reparse;
#[cfg(target_os = "linux")]
mod root;
pub mod security;
#[cfg(target_os = "linux")]
pub mod tar;
#[cfg(target_os = "linux")]
pub mod transport;
#[cfg(target_os = "linux")]
mod whole;

#[cfg(target_os = "linux")]
pub use diff::{Change, diff};
#[cfg(target_os = "linux")]
pub use layer::{Backup, Item, LayerError, LayerOptions, LayerReader, LayerWriter, What};
#[cfg(target_os = "linux")]
pub use whole::{Summary, destroy, inspect};
