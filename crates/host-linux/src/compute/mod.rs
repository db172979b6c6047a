//! The compute part of the contract.

#[cfg(test)]
mod bad_values;
mod bases;
mod compartment;
mod create;
mod create_v1;
mod create_v2;
mod disk;
mod engine;
mod errors;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gc;
mod handle;
mod live;
mod mapped;
#[cfg(test)]
mod members;
mod modify;
mod plan;
mod process;
mod process_doc;
mod process_limits;
mod properties;
mod reclaim;
mod records;
mod refuse;
mod registry;
mod service;
mod spec;
mod system;
mod throttle;
mod windows_path;
mod words;

pub(crate) use bases::from_wine;
pub(crate) use compartment::host_netns_path;
pub(crate) use engine::Engine;
pub use gc::{Garbage, GcReport};
pub use mapped::{MappedFolder, MappedNow, MappedSocket};
pub use records::Written;
pub use service::LinuxHost;
