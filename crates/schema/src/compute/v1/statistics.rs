//! Counters of a system and of its processes.

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
        /// Memory.
        pub memory: MemoryStats = "Memory" always,
        /// Processors.
        pub processor: ProcessorStats = "Processor" always,
        /// Storage.
        pub storage: StorageStats = "Storage" always,
        /// Network, one row per endpoint.
        pub network: Vec<NetworkStats> = "Network" omit,
    }

    /// The traffic of one endpoint.
    pub struct NetworkStats {
        /// Bytes received.
        pub bytes_received: u64 = "BytesReceived" omit,
        /// Bytes sent.
        pub bytes_sent: u64 = "BytesSent" omit,
        /// Packets received.
        pub packets_received: u64 = "PacketsReceived" omit,
        /// Packets sent.
        pub packets_sent: u64 = "PacketsSent" omit,
        /// Packets dropped on their way in.
        pub dropped_packets_incoming: u64 = "DroppedPacketsIncoming" omit,
        /// Packets dropped on their way out.
        pub dropped_packets_outgoing: u64 = "DroppedPacketsOutgoing" omit,
        /// The endpoint's id.
        pub endpoint_id: String = "EndpointId" omit,
        /// The id of its instance in the system.
        pub instance_id: String = "InstanceId" omit,
    }

    /// One process of a system.
    pub struct ProcessListItem {
        /// When it started.
        pub create_timestamp: Time = "CreateTimestamp" always,
        /// Its program's file name.
        pub image_name: String = "ImageName" omit,
        /// Its time in the kernel, in 100 ns.
        pub kernel_time_100ns: u64 = "KernelTime100ns" omit,
        /// Bytes committed.
        pub memory_commit_bytes: u64 = "MemoryCommitBytes" omit,
        /// Bytes in memory that it shares with nobody.
        pub memory_working_set_private_bytes: u64 = "MemoryWorkingSetPrivateBytes" omit,
        /// Bytes in memory that it shares.
        pub memory_working_set_shared_bytes: u64 = "MemoryWorkingSetSharedBytes" omit,
        /// Its number within the system.
        pub process_id: u32 = "ProcessId" omit,
        /// Its time in its own code, in 100 ns.
        pub user_time_100ns: u64 = "UserTime100ns" omit,
    }
}
