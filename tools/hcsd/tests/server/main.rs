//! The server as clients find it: good ones, bad ones, and ones that die. Needs root for the engine's part.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod clients;
mod daemon;
mod events;
mod hostile;
mod rights;
mod storage;
mod support;
