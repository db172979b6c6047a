//! The documents of the Host Compute Service: schema 1 ([`v1`]) and schema 2 ([`v2`]), and what both share.

mod catalogue;
mod counters;
mod exit;
mod guest_connection;
mod names;
mod process_control;
pub mod v1;
pub mod v2;

pub use catalogue::DOCUMENTS;
pub use counters::{MemoryStats, ProcessorStats, StorageStats};
pub use exit::{ProcessStatus, SystemExitStatus};
pub use guest_connection::{GuestConnectionInfo, GuestDefinedCapabilities};
pub use names::{
    CacheMode, ExitType, OsType, ProcessOperation, PropertyType, RequestType, ResourceType, State, StdHandle,
    SystemType, WindowsSignal,
};
pub use process_control::{CloseHandle, ConsoleSize, ProcessModifyRequest, Signal, SignalProcessOptions};

document! {
    /// Which compute systems to list. Empty lists don't filter; how filters combine is the service's business
    /// (ours: each that is not empty must match).
    pub struct ComputeSystemQuery {
        /// Identifiers.
        pub ids: Vec<String> = "Ids" omit,
        /// Kinds of system.
        pub types: Vec<SystemType> = "Types" omit,
        /// Names.
        pub names: Vec<String> = "Names" omit,
        /// Owners.
        pub owners: Vec<String> = "Owners" omit,
    }
}
