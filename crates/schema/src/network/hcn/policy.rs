//! Policies: a type, and settings that it gives a meaning to.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    AclPolicySetting, AutomaticDNSNetworkPolicySetting, DrMacAddressNetworkPolicySetting,
    EncapOverheadEndpointPolicySetting, EndpointPolicyType, InterfaceConstraintPolicySetting,
    IovPolicySetting, L4ProxyPolicySetting, L4WfpProxyPolicySetting, LayerConstraintNetworkPolicySetting,
    NetAdapterNameNetworkPolicySetting, NetworkPolicyType, OutboundNatPolicySetting,
    PortMappingPolicySetting, PortnameEndpointPolicySetting, ProviderAddressEndpointPolicySetting,
    QosPolicySetting, RemoteSubnetRoutePolicySetting, SDNRoutePolicySetting, SetPolicySetting,
    SourceMacAddressNetworkPolicySetting, SubnetPolicyType, TierAclPolicySetting,
    VSwitchExtensionNetworkPolicySetting, VlanPolicySetting, VsidPolicySetting, VxlanPortPolicySetting,
};
use crate::ParseError;

document! {
    /// A policy of an endpoint.
    pub struct EndpointPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: EndpointPolicyType = "Type" always,
        /// What it says: see [`EndpointPolicy::setting`].
        pub settings: Value = "Settings" omit,
    }

    /// A policy of a network.
    pub struct NetworkPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: NetworkPolicyType = "Type" always,
        /// What it says: see [`NetworkPolicy::setting`].
        pub settings: Value = "Settings" omit,
    }

    /// A policy of a subnet.
    pub struct SubnetPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: SubnetPolicyType = "Type" always,
        /// What it says: see [`SubnetPolicy::setting`].
        pub settings: Value = "Settings" omit,
    }
}

/// Declares the settings that the types of a kind of policy have. Those of a type that says all by itself are any JSON.
macro_rules! settings {
    ($policy:ident, $kind:ident, $(#[doc = $doc:literal])* $setting:ident {
        $($constant:ident => $variant:ident($type:ty),)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $setting {
            $(#[doc = concat!("[`", stringify!($kind), "::", stringify!($constant), "`].")] $variant($type),)*
                /// A type that this version does not know.
            Other,
        }

        impl $policy {
            /// What the policy says, by its type in any letter case.
            ///
            /// # Errors
            /// Settings that are not what the type asks for, with the member's path below `Settings`.
            pub fn setting(&self) -> Result<$setting, ParseError> {
                let known = self.policy_type.known();
                $(if known == Some(&$kind::$constant) {
                    return read(&self.settings, &self.unknown).map($setting::$variant);
                })*
                Ok($setting::Other)
            }
        }

        impl From<$setting> for Option<$policy> {
            /// The policy that says this; none for what has no type.
            fn from(setting: $setting) -> Self {
                let (policy_type, settings) = match setting {
                    $($setting::$variant(setting) => ($kind::$constant, write(&setting)),)*
                    $setting::Other => return None,
                };
                Some($policy { policy_type, settings, unknown: crate::Unknown::new() })
            }
        }
    };
}

/// Clients that follow the public documentation call the settings `Data`.
fn read<T: DeserializeOwned>(settings: &Value, unknown: &crate::Unknown) -> Result<T, ParseError> {
    let data = unknown.iter().find(|(name, _)| name.eq_ignore_ascii_case("Data"));
    let (member, value) = match data {
        Some((name, value)) if settings.is_null() => (name.as_str(), value),
        _ => ("Settings", settings),
    };
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => member.to_owned(),
            path => format!("{member}.{path}"),
        };
        ParseError::at(path, error.into_inner().to_string())
    })
}

fn write<T: Serialize>(setting: &T) -> Value {
    serde_json::to_value(setting).expect("documents have string keys and values that JSON can hold")
}

settings! { EndpointPolicy, EndpointPolicyType,
    /// What a policy of an endpoint says.
    EndpointPolicySetting {
        PORT_MAPPING => PortMapping(PortMappingPolicySetting),
        ACL => Acl(AclPolicySetting),
        QOS => Qos(QosPolicySetting),
        L2_DRIVER => L2Driver(Value),
        OUT_BOUND_NAT => OutBoundNat(OutboundNatPolicySetting),
        SDN_ROUTE => SdnRoute(SDNRoutePolicySetting),
        L4_PROXY => L4Proxy(L4ProxyPolicySetting),
        L4_WFP_PROXY => L4WfpProxy(Box<L4WfpProxyPolicySetting>),
        PORT_NAME => PortName(PortnameEndpointPolicySetting),
        ENCAP_OVERHEAD => EncapOverhead(EncapOverheadEndpointPolicySetting),
        IOV => Iov(IovPolicySetting),
        PROVIDER_ADDRESS => ProviderAddress(ProviderAddressEndpointPolicySetting),
        INTERFACE_CONSTRAINT => InterfaceConstraint(InterfaceConstraintPolicySetting),
        TIER_ACL => TierAcl(TierAclPolicySetting),
    }
}

settings! { NetworkPolicy, NetworkPolicyType,
    /// What a policy of a network says.
    NetworkPolicySetting {
        SOURCE_MAC_ADDRESS => SourceMacAddress(SourceMacAddressNetworkPolicySetting),
        NET_ADAPTER_NAME => NetAdapterName(NetAdapterNameNetworkPolicySetting),
        VSWITCH_EXTENSION => VSwitchExtension(VSwitchExtensionNetworkPolicySetting),
        DR_MAC_ADDRESS => DrMacAddress(DrMacAddressNetworkPolicySetting),
        AUTOMATIC_DNS => AutomaticDns(AutomaticDNSNetworkPolicySetting),
        INTERFACE_CONSTRAINT => InterfaceConstraint(InterfaceConstraintPolicySetting),
        PROVIDER_ADDRESS => ProviderAddress(ProviderAddressEndpointPolicySetting),
        REMOTE_SUBNET_ROUTE => RemoteSubnetRoute(RemoteSubnetRoutePolicySetting),
        VXLAN_PORT => VxlanPort(VxlanPortPolicySetting),
        HOST_ROUTE => HostRoute(Value),
        SET_POLICY => SetPolicy(SetPolicySetting),
        NETWORK_L4_PROXY => L4Proxy(L4ProxyPolicySetting),
        LAYER_CONSTRAINT => LayerConstraint(LayerConstraintNetworkPolicySetting),
        NETWORK_ACL => NetworkAcl(AclPolicySetting),
    }
}

settings! { SubnetPolicy, SubnetPolicyType,
    /// What a policy of a subnet says.
    SubnetPolicySetting {
        VLAN => Vlan(VlanPolicySetting),
        VSID => Vsid(VsidPolicySetting),
    }
}
