//! Images as others see them: e2fsck, the kernel, veritysetup, and our own reader.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod archive;
mod bad_tars;
mod content;
mod damaged;
mod foreign;
mod hashes;
mod kernel;
mod layers;
mod limits;
mod model;
mod random;
mod tools;
