//! Changing a running system, or the service.

use serde_json::Value;

use super::super::{PropertyType, RequestType};

document! {
    /// A change of a system. A change for the guest alone has no `ResourcePath`.
    pub struct ModifySettingRequest {
        /// What to change: see [`super::resource_path`].
        pub resource_path: String = "ResourcePath" omit,
        /// What to do with it.
        pub request_type: RequestType = "RequestType" omit,
        /// The resource, in the form that the path asks for.
        pub settings: Value = "Settings" omit,
        /// A request that the service passes on to the guest: a [`super::GuestModificationRequest`].
        pub guest_request: Value = "GuestRequest" omit,
    }

    /// A change of the service's own settings.
    pub struct ServiceModificationRequest {
        /// Which setting, such as `CpuGroup`.
        pub property_type: PropertyType = "PropertyType" omit,
        /// Its value: for `CpuGroup` a [`HostProcessorModificationRequest`].
        pub settings: Value = "Settings" omit,
    }

    /// A change of the host's groups of processors.
    pub struct HostProcessorModificationRequest {
        /// What to do.
        pub operation: CpuGroupOperation = "Operation" omit,
        /// With which group.
        pub operation_details: Option<CpuGroupDetails> = "OperationDetails" omit,
    }

    /// A group of the host's processors, for virtual machines to share. What sets a property of it stands in
    /// `unknown`.
    #[doc(alias = "CreateGroupOperation")]
    #[doc(alias = "DeleteGroupOperation")]
    pub struct CpuGroupDetails {
        /// The group's GUID.
        pub group_id: String = "GroupId" omit,
        /// How many logical processors it has; to create one.
        pub logical_processor_count: u32 = "LogicalProcessorCount" omit,
        /// Their numbers; to create one.
        pub logical_processors: Vec<u32> = "LogicalProcessors" omit,
    }
}

open_enum! {
    /// What to do with a group of processors.
    pub enum CpuGroupOperation {
        /// Make it.
        CREATE_GROUP = "CreateGroup",
        /// Remove it.
        DELETE_GROUP = "DeleteGroup",
        /// Set a property of it.
        SET_PROPERTY = "SetProperty",
    }
}
