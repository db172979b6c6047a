//! The document that a compute system is created from.

use serde_json::Value;

use super::Container;
use crate::{LinuxHost, Version};

document! {
    /// A compute system, schema 2: exactly one of `HostedSystem`, `Container` and `VirtualMachine`.
    pub struct ComputeSystem {
        /// The platform that manages it; lists can be filtered by it.
        pub owner: String = "Owner" omit,
        /// The version of this document.
        pub schema_version: Option<Version> = "SchemaVersion" omit,
        /// The id of the virtual machine that hosts it.
        pub hosting_system_id: String = "HostingSystemId" omit,
        /// What the agent within that virtual machine gets.
        pub hosted_system: Option<HostedSystem> = "HostedSystem" omit,
        /// A container.
        pub container: Option<Container> = "Container" omit,
        /// A virtual machine, as it is.
        pub virtual_machine: Value = "VirtualMachine" omit,
        /// End when the last handle closes.
        pub should_terminate_on_last_handle_closed: bool = "ShouldTerminateOnLastHandleClosed" omit,
        /// What only a Linux host knows.
        pub linux_host: Option<LinuxHost> = "LinuxHost" omit,
    }

    /// The document for the agent within the virtual machine that hosts a container. Members for Linux guests (the
    /// path of a bundle and its specification) stand in `unknown`, as they are.
    pub struct HostedSystem {
        /// The version of this document.
        pub schema_version: Option<Version> = "SchemaVersion" omit,
        /// The container, with paths as the guest sees them.
        pub container: Option<Container> = "Container" omit,
    }
}
