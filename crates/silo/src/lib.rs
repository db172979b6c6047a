//! A container's kernel side on Linux: namespaces, cgroups, mounts, seccomp, its supervisor and its process 1.
//!
//! Three programs meet here. The *client*, any program with this library, starts one *supervisor* per system and
//! talks to it ([`client`], [`protocol`]). The supervisor, outside the container, makes the container from a
//! [`spec::Spec`], is the truth about its state, and ends with it. *Init*, a clone of the supervisor, is process 1
//! inside: it starts processes and reaps them.
//!
//! Invariant: this crate knows nothing of HCS documents; it takes and gives plain values.

#![cfg(target_os = "linux")]

pub mod board;
pub mod capability;
pub mod cgroup;
pub mod client;
pub mod disk;
pub mod farewell;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod init;
pub mod process_list;
pub mod protocol;
pub mod seccomp;
pub mod spec;
pub mod supervisor;
mod sys;
pub mod tree;
pub mod wire;
