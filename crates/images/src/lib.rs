//! Container images on Linux.
//!
//! A [`Store`] keeps blobs by their digest and images by their names. Images come from registries ([`registry`]), OCI
//! layouts and docker archives ([`archive`]), and leave by the same ways. [`Store::prepare`] unpacks an image's layers
//! into folders that containers stand on, each chain of layers once for all images that share it. [`Store::commit`] makes a
//! layer of what a container wrote.
//!
//! Invariant: this crate knows nothing of HCS documents and starts no container. What comes from registries and archives
//! is hostile: every blob is checked against its digest and size before it is used, every document has a limit, and no
//! path leads out of the store.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

pub mod archive;
pub mod build;
mod commit;
mod digest;
mod error;
mod ext4;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod io;
mod launch;
mod linux_diff;
mod mount;
mod platform;
mod reference;
pub mod registry;
mod spec;
mod stack;
mod store;
mod unpack;
mod windows_diff;

pub use commit::{Change, Committed};
pub use digest::{Digest, DigestError};
pub use error::{ImageError, Result};
pub use hcs_ext4::verity::Verity;
pub use io::Lock;
pub use launch::Launch;
pub use platform::{Wanted, runs_here};
pub use reference::{Reference, ReferenceError};
pub use spec::{Config, Descriptor, Image, Index, Manifest, Platform};
pub use store::{Documents, Entry, Fsck, InUse, Store, Swept};
pub use unpack::{UnpackProgress, Unpacked, is_windows_itself};
