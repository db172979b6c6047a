//! The agent's decisions, apart from its Windows calls: they compile and are tested on any platform.
//!
//! Invariant: nothing here makes a system call; files come as bytes, the environment as pairs.

#![forbid(unsafe_code)]

pub mod environment;
pub mod identity;
pub mod image;
pub mod mode;
pub mod registry_path;
pub mod search;
pub mod unix_path;
