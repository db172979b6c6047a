//! The messages between a container's supervisor and the agent inside a Windows container.
//!
//! Both ends are ours, but the agent's end lives among the container's programs: the supervisor treats every byte
//! from there as hostile. A channel is a pair of byte pipes: the standard input and output of `agent.exe`, or two
//! named FIFOs for a console's launcher, which speaks the same messages for its one process.
//!
//! Invariant: this crate knows nothing of HCS documents, and nothing of Linux or Windows calls, so that both ends
//! compile it.

#![forbid(unsafe_code)]

mod frame;
pub mod identity;
mod message;
mod pretended;

/// Where a Windows container's Wine prefix is mounted, as a unix path inside.
pub const PREFIX: &str = "/prefix";

pub use frame::{Decoder, FrameError, MAX_FRAME, encode};
pub use message::{
    Console, ControlEvent, CreateProcess, Failure, FromAgent, HANDED_OUT, HandedOut, MappedPipe,
    PROTOCOL_VERSION, ProcessRow, RegistryChange, RegistryData, Request, Response, Streams, ToAgent,
};
pub use pretended::{PRETENDED_PROGRAMS, is_pretended};
