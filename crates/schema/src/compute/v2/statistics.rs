//! Counters of a system and of its processes. No network part: endpoints have their own.

use super::super::{MemoryStats, ProcessorStats, StorageStats};
use crate::Time;

document! {
    /// A system's counters.
    pub struct Statistics {
        /// When they were taken.
        pub timestamp: Time = "Timestamp" always,
        /// When the system started.
        pub container_start_time: Time = "ContainerStartTime" always,
        /// How long it has been running, in 100 ns.
        pub uptime_100ns: u64 = "Uptime100ns" omit,
        /// Processors.
        pub processor: Option<ProcessorStats> = "Processor" omit,
        /// Memory.
        pub memory: Option<MemoryStats> = "Memory" omit,
        /// Storage.
        pub storage: Option<StorageStats> = "Storage" omit,
    }

    /// One process of a system.
    pub struct ProcessDetails {
        /// Its number within the system.
        pub process_id: u32 = "ProcessId" omit,
        /// Its program's file name.
        pub image_name: String = "ImageName" omit,
        /// When it started.
        pub create_timestamp: Time = "CreateTimestamp" always,
        /// Its time in its own code, in 100 ns.
        pub user_time_100ns: u64 = "UserTime100ns" omit,
        /// Its time in the kernel, in 100 ns.
        pub kernel_time_100ns: u64 = "KernelTime100ns" omit,
        /// Bytes committed.
        pub memory_commit_bytes: u64 = "MemoryCommitBytes" omit,
        /// Bytes in memory that it shares with nobody.
        pub memory_working_set_private_bytes: u64 = "MemoryWorkingSetPrivateBytes" omit,
        /// Bytes in memory that it shares.
        pub memory_working_set_shared_bytes: u64 = "MemoryWorkingSetSharedBytes" omit,
    }
}
