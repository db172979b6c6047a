//! The map between the documents of HNS v1 and HCN v2. Hosts keep v2 and answer in either.
//!
//! Nothing is lost on the way. What one side says and the other has no member for travels among the unknown members of
//! the other, under its own name: `DNSServerCompartment` of v1 stands so in v2, `Flags` of v2 in v1. What both can say is
//! written in the words of each, and comes back in one canonical form (`Protocols` `"6"` of a v1 rule as `Protocol` 6).
//!
//! Source: `networking.md` 1.5, 1.6.

mod endpoint;
mod leftover;
mod namespace;
mod network;
mod policy;
mod policy_list;

pub use endpoint::{endpoint_to_v1, endpoint_to_v2, endpoint_updated};
pub use namespace::{namespace_to_v1, namespace_to_v2};
pub use network::{network_to_v1, network_to_v2, network_updated};
pub use policy::{policy_to_v1, policy_to_v2};
pub use policy_list::{
    Listed, endpoint_reference, load_balancer_to_v1, policy_list_to_v2, referenced_endpoint, route_to_v1,
};

use serde_json::Value;

/// Whether a document that `HcnCreate…` got is one of v1: it names no schema version, and has a member that only v1
/// has.
pub fn is_v1(document: &Value) -> bool {
    const V1_ONLY: [&str; 17] = [
        "Subnets",
        "MacPools",
        "NetworkAdapterName",
        "SourceMac",
        "DNSSuffix",
        "DNSServerList",
        "AutomaticDNS",
        "ManagementIP",
        "VirtualNetwork",
        "VirtualNetworkName",
        "IPAddress",
        "IPv6Address",
        "GatewayAddress",
        "PrefixLength",
        "References",
        "IsDefault",
        "ResourceList",
    ];
    let Some(members) = document.as_object() else { return false };
    let get = |object: &serde_json::Map<String, Value>, name: &str| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let version =
        get(members, "SchemaVersion").and_then(|version| get(version.as_object()?, "Major")?.as_u64());
    version.is_none_or(|major| major < 2)
        && members.keys().any(|key| V1_ONLY.iter().any(|name| key.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests;
