//! Counters that both schemas have.

document! {
    /// A system's memory.
    pub struct MemoryStats {
        /// Bytes committed.
        pub usage_commit_bytes: u64 = "MemoryUsageCommitBytes" omit,
        /// The most bytes that were committed at once.
        pub usage_commit_peak_bytes: u64 = "MemoryUsageCommitPeakBytes" omit,
        /// Bytes in memory that it shares with nobody.
        pub usage_private_working_set_bytes: u64 = "MemoryUsagePrivateWorkingSetBytes" omit,
    }

    /// A system's use of the processors, summed over them.
    pub struct ProcessorStats {
        /// In all, in 100 ns.
        pub total_runtime_100ns: u64 = "TotalRuntime100ns" omit,
        /// In programs, in 100 ns.
        pub runtime_user_100ns: u64 = "RuntimeUser100ns" omit,
        /// In the kernel, in 100 ns.
        pub runtime_kernel_100ns: u64 = "RuntimeKernel100ns" omit,
    }

    /// A system's storage traffic.
    pub struct StorageStats {
        /// Reads, counted in units of the service's choice.
        pub read_count_normalized: u64 = "ReadCountNormalized" omit,
        /// Bytes read.
        pub read_size_bytes: u64 = "ReadSizeBytes" omit,
        /// Writes, counted in units of the service's choice.
        pub write_count_normalized: u64 = "WriteCountNormalized" omit,
        /// Bytes written.
        pub write_size_bytes: u64 = "WriteSizeBytes" omit,
    }
}
