//! Layers by the storage service: in which order its calls go, what is refused, and that nothing is left.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod limits;
mod order;
mod support;
mod transport;
