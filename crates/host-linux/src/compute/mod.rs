//! The compute part of the contract.

mod bases;
mod create;
mod create_v1;
mod create_v2;
mod engine;
mod errors;
mod events;
mod gc;
mod handle;
mod live;
#[cfg(test)]
mod members;
mod modify;
mod plan;
mod process;
mod process_doc;
mod properties;
mod reclaim;
mod records;
mod refuse;
mod registry;
mod service;
mod spec;
mod system;
mod windows_path;
mod words;

pub(crate) use create_v1::{NO_NETWORK, NO_THROTTLE};
pub use gc::{Garbage, GcReport};
pub use records::SystemInfo;
pub use service::LinuxHost;
