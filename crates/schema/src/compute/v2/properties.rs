//! What a system and the service answer about themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{ExitType, GuestConnectionInfo, OsType, PropertyType, State, SystemType};
use super::{ProcessDetails, Statistics};

document! {
    /// Which properties to ask for; none: the basic ones.
    pub struct PropertyQuery {
        /// The properties.
        pub property_types: Vec<PropertyType> = "PropertyTypes" omit,
        /// Properties that take an argument, by name, with it.
        pub queries: BTreeMap<String, Value> = "Queries" omit,
    }

    /// A compute system's properties, schema 2.
    pub struct Properties {
        /// Its id.
        pub id: String = "Id" omit,
        /// What it is.
        pub system_type: SystemType = "SystemType" omit,
        /// The operating system within.
        pub runtime_os_type: OsType = "RuntimeOsType" omit,
        /// Its name.
        pub name: String = "Name" omit,
        /// Who manages it.
        pub owner: String = "Owner" omit,
        /// The GUID of its virtual machine, by which sockets reach it.
        pub runtime_id: String = "RuntimeId" omit,
        /// The template that it was cloned from.
        pub runtime_template_id: String = "RuntimeTemplateId" omit,
        /// Its state.
        pub state: State = "State" omit,
        /// It has exited.
        pub stopped: bool = "Stopped" omit,
        /// How it exited.
        pub exit_type: ExitType = "ExitType" omit,
        /// The memory of a virtual machine, as it is.
        pub memory: Value = "Memory" omit,
        /// Its counters, when asked for.
        pub statistics: Option<Statistics> = "Statistics" omit,
        /// Its processes, when asked for.
        pub process_list: Vec<ProcessDetails> = "ProcessList" omit,
        /// It ends with its last handle.
        pub terminate_on_last_handle_closed: bool = "TerminateOnLastHandleClosed" omit,
        /// The virtual machine that hosts it.
        pub hosting_system_id: String = "HostingSystemId" omit,
        /// Shared memory of a virtual machine, as it is.
        pub shared_memory_region_info: Vec<Value> = "SharedMemoryRegionInfo" omit,
        /// What its guest can do, when asked for.
        pub guest_connection_info: Option<GuestConnectionInfo> = "GuestConnectionInfo" omit,
        /// Its GUID.
        pub system_guid: String = "SystemGUID" omit,
        /// The answers to `Queries`, by name.
        pub property_responses: BTreeMap<String, PropertyResponse> = "PropertyResponses" omit,
        /// Counters of a Linux guest, as they are.
        pub lcow_metrics: Value = "LCOWMetrics" omit,
    }

    /// The answer to one query.
    pub struct PropertyResponse {
        /// What the service answered.
        pub response: Value = "Response" omit,
    }

    /// Properties of the service, one per property that was asked for, in that order.
    pub struct ServiceProperties {
        /// The answers, as they are.
        pub properties: Vec<Value> = "Properties" omit,
    }
}
