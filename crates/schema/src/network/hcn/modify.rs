//! Changes of objects.

use serde_json::Value;

use super::{
    EndpointPolicy, EndpointResourceType, NamespaceResourceType, NetworkPolicy, NetworkResourceType,
    RequestType,
};

document! {
    /// A change of a network.
    pub struct ModifyNetworkSettingRequest {
        /// What of it.
        pub resource_type: NetworkResourceType = "ResourceType" omit,
        /// What to do.
        pub request_type: RequestType = "RequestType" omit,
        /// The resource: for `Policy` a [`PolicyNetworkRequest`], for `DNS` a [`super::Dns`].
        pub settings: Value = "Settings" omit,
    }

    /// A change of an endpoint.
    pub struct ModifyEndpointSettingRequest {
        /// What of it.
        pub resource_type: EndpointResourceType = "ResourceType" omit,
        /// What to do.
        pub request_type: RequestType = "RequestType" omit,
        /// The resource: for `Policy` a [`PolicyEndpointRequest`], for `Port` a [`VmEndpointRequest`].
        pub settings: Value = "Settings" omit,
    }

    /// A change of a namespace.
    pub struct ModifyNamespaceSettingRequest {
        /// What of it.
        pub resource_type: NamespaceResourceType = "ResourceType" omit,
        /// What to do.
        pub request_type: RequestType = "RequestType" omit,
        /// The resource: a [`NamespaceEndpointRequest`] or [`NamespaceContainerRequest`].
        pub settings: Value = "Settings" omit,
    }

    /// Policies of a network.
    pub struct PolicyNetworkRequest {
        /// The policies.
        pub policies: Vec<NetworkPolicy> = "Policies" omit,
    }

    /// Policies of an endpoint.
    pub struct PolicyEndpointRequest {
        /// The policies.
        pub policies: Vec<EndpointPolicy> = "Policies" omit,
    }

    /// An endpoint to put into a namespace, or to take out of it.
    pub struct NamespaceEndpointRequest {
        /// The endpoint's id.
        pub endpoint_id: String = "EndpointId" omit,
    }

    /// A container to put into a namespace, or to take out of it.
    pub struct NamespaceContainerRequest {
        /// The container's id.
        pub container_id: String = "ContainerId" omit,
    }

    /// A virtual machine's adapter that an endpoint becomes.
    pub struct VmEndpointRequest {
        /// The port's id.
        pub port_id: String = "PortId" omit,
        /// The adapter's name.
        pub virtual_nic_name: String = "VirtualNicName" omit,
        /// The virtual machine's id.
        pub virtual_machine_id: String = "VirtualMachineId" omit,
    }
}
