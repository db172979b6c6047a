//! Strings with known values that both schemas use.

open_enum! {
    /// What kind of compute system.
    pub enum SystemType {
        /// A container.
        #[doc(alias = "ContainerType")]
        CONTAINER = "Container",
        /// A virtual machine.
        #[doc(alias = "VirtualMachineType")]
        VIRTUAL_MACHINE = "VirtualMachine",
        /// The host itself.
        #[doc(alias = "HostType")]
        HOST = "Host",
    }

    /// The operating system within. Absent means Windows.
    pub enum OsType {
        /// Windows.
        WINDOWS = "Windows",
        /// Linux.
        LINUX = "Linux",
    }

    /// The state of a compute system.
    pub enum State {
        /// Created, not started.
        CREATED = "Created",
        /// Started.
        RUNNING = "Running",
        /// Frozen.
        PAUSED = "Paused",
        /// Exited.
        STOPPED = "Stopped",
        /// Saved as the template of others.
        SAVED_AS_TEMPLATE = "SavedAsTemplate",
        /// The service can't tell.
        UNKNOWN = "Unknown",
    }

    /// How a compute system ended.
    pub enum ExitType {
        /// It has not ended.
        NONE = "None",
        /// By itself or by a shutdown.
        GRACEFUL_EXIT = "GracefulExit",
        /// By a terminate.
        FORCED_EXIT = "ForcedExit",
        /// By a failure.
        UNEXPECTED_EXIT = "UnexpectedExit",
        /// The service can't tell.
        UNKNOWN = "Unknown",
    }

    /// What to do with a resource.
    pub enum RequestType {
        /// Add it.
        ADD = "Add",
        /// Remove it.
        REMOVE = "Remove",
        /// Announce it to the guest.
        PRE_ADD = "PreAdd",
        /// Change it.
        UPDATE = "Update",
    }

    /// Which kind of resource: of a schema 1 system (`Network`), or within a guest.
    pub enum ResourceType {
        /// A network endpoint.
        NETWORK = "Network",
        /// A network namespace.
        NETWORK_NAMESPACE = "NetworkNamespace",
        /// A mapped directory.
        MAPPED_DIRECTORY = "MappedDirectory",
        /// A mapped virtual disk.
        MAPPED_VIRTUAL_DISK = "MappedVirtualDisk",
        /// Layers put together to a root.
        COMBINED_LAYERS = "CombinedLayers",
        /// A persistent memory device.
        VPMEM_DEVICE = "VPMemDevice",
        /// A SCSI device itself, before it is taken away.
        SCSI_DEVICE = "SCSIDevice",
        /// A device of the host, given to the guest.
        VPCI_DEVICE = "VPCIDevice",
        /// Limits of a container within a guest.
        CONTAINER_CONSTRAINTS = "ContainerConstraints",
        /// The HvSocket configuration.
        HV_SOCKET = "HvSocket",
        /// What a confidential guest may do.
        SECURITY_POLICY = "SecurityPolicy",
        /// An addition to that.
        SECURITY_POLICY_FRAGMENT = "SecurityPolicyFragment",
        /// The memory limit of all containers of a Linux guest.
        POD_CGROUP_MEMORY_LIMIT = "PodCgroupMemoryLimit",
        /// The scratch disk of a confidential Windows container.
        MAPPED_VIRTUAL_DISK_FOR_CONTAINER_SCRATCH = "MappedVirtualDiskForContainerScratch",
        /// The layers of a confidential Windows container.
        WCOW_BLOCK_CIMS = "WCOWBlockCims",
        /// Those layers put together to a root.
        CWCOW_COMBINED_LAYERS = "CWCOWCombinedLayers",
    }

    /// How the host caches a virtual disk or a layer.
    pub enum CacheMode {
        /// As the service sees fit; normally enabled.
        UNSPECIFIED = "Unspecified",
        /// Not.
        DISABLED = "Disabled",
        /// Yes.
        ENABLED = "Enabled",
        /// For this system alone.
        PRIVATE = "Private",
        /// For this system, sharing what is the same elsewhere.
        PRIVATE_ALLOW_SHARING = "PrivateAllowSharing",
    }

    /// What can be asked about a system.
    pub enum PropertyType {
        /// Counters of processor, memory, storage and network.
        #[doc(alias = "PropertyTypeStatistics")]
        STATISTICS = "Statistics",
        /// Its processes.
        #[doc(alias = "PropertyTypeProcessList")]
        PROCESS_LIST = "ProcessList",
        /// Its mapped virtual disks; schema 1 only.
        #[doc(alias = "PropertyTypeMappedVirtualDisk")]
        MAPPED_VIRTUAL_DISK = "MappedVirtualDisk",
        /// What its guest can do.
        #[doc(alias = "PropertyTypeGuestConnection")]
        GUEST_CONNECTION = "GuestConnection",
        /// Memory of a virtual machine.
        MEMORY = "Memory",
        /// Memory as the guest sees it.
        GUEST_MEMORY = "GuestMemory",
        /// Whether it ends with its last handle.
        TERMINATE_ON_LAST_HANDLE_CLOSED = "TerminateOnLastHandleClosed",
        /// Shared memory of a virtual machine.
        SHARED_MEMORY_REGION = "SharedMemoryRegion",
        /// Its credential guard.
        CONTAINER_CREDENTIAL_GUARD = "ContainerCredentialGuard",
        /// The heartbeat of a virtual machine.
        IC_HEARTBEAT_STATUS = "ICHeartbeatStatus",
        /// Processors of a virtual machine.
        PROCESSOR_TOPOLOGY = "ProcessorTopology",
        /// The processor group of a virtual machine.
        CPU_GROUP = "CpuGroup",
        /// Its GUID.
        SYSTEM_GUID = "SystemGUID",
    }

    /// What to change about a process.
    pub enum ProcessOperation {
        /// The size of its console.
        CONSOLE_SIZE = "ConsoleSize",
        /// Close one of its standard streams.
        CLOSE_HANDLE = "CloseHandle",
    }

    /// Which standard stream.
    pub enum StdHandle {
        /// The input.
        STD_IN = "StdIn",
        /// The output.
        STD_OUT = "StdOut",
        /// The error output.
        STD_ERR = "StdErr",
        /// All three.
        ALL = "All",
    }

    /// Console control events, as signals for Windows processes.
    pub enum WindowsSignal {
        /// Ctrl+C; number 0.
        CTRL_C = "CtrlC",
        /// Ctrl+Break; number 1.
        CTRL_BREAK = "CtrlBreak",
        /// The console is closed; number 2.
        CTRL_CLOSE = "CtrlClose",
        /// The user logs off; number 5.
        CTRL_LOG_OFF = "CtrlLogOff",
        /// The system shuts down; number 6.
        CTRL_SHUTDOWN = "CtrlShutdown",
    }
}

impl WindowsSignal {
    /// The number that v0.8.4 sent and that Windows' control handlers get.
    pub fn number(&self) -> Option<u32> {
        let numbers = [0, 1, 2, 5, 6];
        Self::KNOWN.iter().zip(numbers).find(|(signal, _)| *signal == self).map(|(_, number)| number)
    }

    /// The event with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::KNOWN.iter().find(|signal| signal.number() == Some(number)).cloned()
    }
}
