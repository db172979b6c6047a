//! The storage part of the contract on Linux: layers are folders, a writable one is the upper folder of an overlay, and its
//! volume is where that overlay is mounted.
//!
//! What a layer's folder holds stands in the repository's `docs/layers.md`. What is activated has a folder
//! `$HCS_RUN/volumes/<guid>`, which is the lock of that layer too; what is mounted there says the kernel, so that a call
//! that was killed half way has left nothing but what the next one sees.

mod base;
mod data;
mod disk;
mod error;
mod layer;
mod mount;
mod scratch;
mod service;
mod users;
mod volume;

pub(crate) use users::resolved;
pub(crate) use volume::{idle, remove_idle};
