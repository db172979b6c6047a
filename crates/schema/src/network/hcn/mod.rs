//! The documents of HCN v2: networks, endpoints, namespaces, load balancers, routes, and what asks for them and changes them.

mod endpoint;
mod endpoint_policy;
mod load_balancer;
mod modify;
mod names;
mod namespace;
mod network;
mod network_policy;
mod policy;
mod query;
mod route;
mod shared_policy;
mod version;

pub use endpoint::{EndpointFlags, HostComputeEndpoint, IpConfig};
pub use endpoint_policy::{
    AclPolicySetting, EncapOverheadEndpointPolicySetting, FiveTuple, IovPolicySetting,
    L4WfpProxyPolicySetting, NatFlags, OutboundNatPolicySetting, PortMappingPolicySetting,
    PortnameEndpointPolicySetting, ProxyExceptions, QosPolicySetting, SDNRoutePolicySetting,
    TierAclPolicySetting, TierAclRule,
};
pub use load_balancer::{
    HostComputeLoadBalancer, LoadBalancerDistribution, LoadBalancerFlags, LoadBalancerPortMapping,
    LoadBalancerPortMappingFlags,
};
pub use modify::{
    ModifyEndpointSettingRequest, ModifyNamespaceSettingRequest, ModifyNetworkSettingRequest,
    NamespaceContainerRequest, NamespaceEndpointRequest, PolicyEndpointRequest, PolicyNetworkRequest,
    VmEndpointRequest,
};
pub use names::{
    ActionType, DirectionType, EndpointPolicyType, EndpointResourceType, NamespaceResourceType,
    NamespaceType, NetworkPolicyType, NetworkResourceType, NetworkType, RequestType, RuleType, SetPolicyType,
    SubnetPolicyType,
};
pub use namespace::{
    HostComputeNamespace, NamespaceResource, NamespaceResourceContainer, NamespaceResourceEndpoint,
};
pub use network::{
    Dns, ExtraParams, Health, HostComputeNetwork, Ipam, MacPool, MacRange, NetworkFlags, Route, Subnet,
    SubnetFlags,
};
pub use network_policy::{
    AutomaticDNSNetworkPolicySetting, DrMacAddressNetworkPolicySetting, LayerConstraintNetworkPolicySetting,
    NetAdapterNameNetworkPolicySetting, RemoteSubnetRoutePolicySetting, SetPolicySetting,
    SourceMacAddressNetworkPolicySetting, VSwitchExtensionNetworkPolicySetting, VlanPolicySetting,
    VsidPolicySetting, VxlanPortPolicySetting,
};
pub use policy::{
    EndpointPolicy, EndpointPolicySetting, NetworkPolicy, NetworkPolicySetting, SubnetPolicy,
    SubnetPolicySetting,
};
pub use query::{HostComputeQuery, HostComputeQueryFlags};
pub use route::HostComputeRoute;
pub use shared_policy::{
    InterfaceConstraintPolicySetting, L4ProxyPolicySetting, ProviderAddressEndpointPolicySetting,
};
pub use version::Version;
