//! What the guest of a system can do.

use crate::Version;

document! {
    /// The connection to the guest's agent.
    pub struct GuestConnectionInfo {
        /// The document versions that the guest accepts; each covers the lower minors of its major.
        pub supported_schema_versions: Vec<Version> = "SupportedSchemaVersions" omit,
        /// The version of the agent's protocol.
        pub protocol_version: u32 = "ProtocolVersion" omit,
        /// What the guest says that it can do.
        pub guest_defined_capabilities: GuestDefinedCapabilities = "GuestDefinedCapabilities" always,
    }

    /// Abilities of a guest.
    pub struct GuestDefinedCapabilities {
        /// It takes network namespaces.
        pub namespace_add_request_supported: bool = "NamespaceAddRequestSupported" omit,
        /// It delivers signals.
        pub signal_process_supported: bool = "SignalProcessSupported" omit,
        /// It can dump its stacks.
        pub dump_stacks_supported: bool = "DumpStacksSupported" omit,
        /// It can delete a container's state.
        pub delete_container_state_supported: bool = "DeleteContainerStateSupported" omit,
        /// It can update a container.
        pub update_container_supported: bool = "UpdateContainerSupported" omit,
        /// It forwards its log.
        pub log_forwarding_supported: bool = "LogForwardingSupported" omit,
        /// It runs host process containers.
        pub host_process_container_supported: bool = "HostProcessContainerSupported" omit,
    }
}
