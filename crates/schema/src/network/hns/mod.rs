//! The documents of HNS v1: what requests of `HNSCall` carry and what their answers give.

mod endpoint;
mod namespace;
mod network;
mod policy;
mod policy_list;

pub use endpoint::{
    Endpoint, EndpointAttachDetachRequest, EndpointRequestResponse, EndpointState, EndpointStats,
};
pub use namespace::{Namespace, NamespaceEndpointRequest, NamespaceResource};
pub use network::{MacAddress, MacList, MacPool, Network, Subnet};
pub use policy::{
    AclPolicy, ElbPolicy, IsolationPolicy, NatPolicy, OutboundNatPolicy, PaPolicy, Policy, PolicySetting,
    PolicyType, ProxyPolicy, QosPolicy, RoutePolicy, VlanPolicy, VsidPolicy,
};
pub use policy_list::PolicyList;

pub use super::hcn::{ActionType, DirectionType, RuleType, Version};
pub use crate::compute::SystemType;
