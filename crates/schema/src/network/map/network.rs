//! Networks.

use serde_json::Value;

use super::leftover::{keep, restore, take, updated};
use super::{policy_to_v1, policy_to_v2};
use crate::network::hcn::{
    AutomaticDNSNetworkPolicySetting, Dns, HostComputeNetwork, Ipam, MacPool, MacRange,
    NetAdapterNameNetworkPolicySetting, NetworkPolicy, NetworkPolicySetting, Route,
    SourceMacAddressNetworkPolicySetting, Subnet, SubnetPolicy, Version,
};
use crate::network::hns;

/// Members of v2 that v1 can say in part, or not at all.
const V2: [&str; 4] = ["MacPool", "Dns", "Ipams", "Flags"];
/// Members of v1 that v2 has no member for.
const V1: [&str; 2] = ["DNSServerCompartment", "ManagementIP"];

/// The default route's destination for a gateway of this family.
pub(super) fn default_route(gateway: &str) -> &'static str {
    if gateway.contains(':') { "::/0" } else { "0.0.0.0/0" }
}

/// Whether a destination is the default one. v0.8.4's own clients leave the length out.
pub(super) fn is_default_route(destination: &str) -> bool {
    matches!(destination, "0.0.0.0/0" | "::/0" | "0.0.0.0" | "::")
}

/// `a,b` as a list; nothing is an empty one.
pub(super) fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// `DNSSuffix` and `DNSServerList` of v1: its suffixes are the own domain, then those that are searched.
pub(super) fn dns_to_v2(suffixes: &str, servers: &str) -> Dns {
    let mut suffixes = split(suffixes);
    let domain = if suffixes.is_empty() { String::new() } else { suffixes.remove(0) };
    Dns { domain, search: suffixes, server_list: split(servers), ..Dns::default() }
}

/// The two texts that say it.
pub(super) fn dns_to_v1(dns: &Dns) -> (String, String) {
    let domain = Some(&dns.domain).filter(|domain| !domain.is_empty());
    let suffixes: Vec<&str> = domain.into_iter().chain(&dns.search).map(String::as_str).collect();
    (suffixes.join(","), dns.server_list.join(","))
}

/// Policies of one kind as those of the other.
pub(super) fn policies<T: crate::Document>(flat: &[Value]) -> Vec<T> {
    let read = |policy| serde_json::from_value(policy_to_v2(policy)).expect("it has a type, which is a text");
    flat.iter().map(read).collect()
}

/// The same the other way.
pub(super) fn flat<T: crate::Document>(policies: &[T]) -> Vec<Value> {
    let value = |policy| serde_json::to_value(policy).expect("documents hold what JSON can hold");
    policies.iter().map(|policy| policy_to_v1(&value(policy))).collect()
}

/// The network of v2 that says what this one of v1 says.
pub fn network_to_v2(v1: &hns::Network) -> HostComputeNetwork {
    let hns::Network {
        id,
        name,
        network_type,
        network_adapter_name,
        source_mac,
        policies: flat,
        mac_pools,
        subnets,
        dns_suffix,
        dns_server_list,
        dns_server_compartment,
        management_ip,
        automatic_dns,
        unknown,
    } = v1.clone();
    let mut lifted = Vec::new();
    if !network_adapter_name.is_empty() {
        lifted.push(NetworkPolicySetting::NetAdapterName(NetAdapterNameNetworkPolicySetting {
            network_adapter_name,
            ..NetAdapterNameNetworkPolicySetting::default()
        }));
    }
    if !source_mac.is_empty() {
        lifted.push(NetworkPolicySetting::SourceMacAddress(SourceMacAddressNetworkPolicySetting {
            source_mac_address: source_mac,
            ..SourceMacAddressNetworkPolicySetting::default()
        }));
    }
    if automatic_dns {
        lifted.push(NetworkPolicySetting::AutomaticDns(AutomaticDNSNetworkPolicySetting {
            enable: true,
            ..AutomaticDNSNetworkPolicySetting::default()
        }));
    }
    let range = |hns::MacPool { start_mac_address, end_mac_address, unknown }| MacRange {
        start_mac_address,
        end_mac_address,
        unknown,
    };
    let subnet = |hns::Subnet { address_prefix, gateway_address, policies: flat, unknown }| Subnet {
        ip_address_prefix: address_prefix,
        policies: policies::<SubnetPolicy>(&flat),
        routes: gateway_routes(&gateway_address),
        unknown,
        ..Subnet::default()
    };
    let ipam = Ipam {
        ipam_type: "Static".to_owned(),
        subnets: subnets.into_iter().map(subnet).collect(),
        ..Ipam::default()
    };
    let mut network = HostComputeNetwork {
        id,
        name,
        network_type,
        policies: lifted
            .into_iter()
            .filter_map(Option::from)
            .chain(policies::<NetworkPolicy>(&flat))
            .collect(),
        mac_pool: MacPool { ranges: mac_pools.into_iter().map(range).collect(), ..MacPool::default() },
        dns: dns_to_v2(&dns_suffix, &dns_server_list),
        ipams: if ipam.subnets.is_empty() { Vec::new() } else { vec![ipam] },
        schema_version: Version::v2_0(),
        unknown,
        ..HostComputeNetwork::default()
    };
    if dns_server_compartment != 0 {
        network.unknown.insert(V1[0].to_owned(), dns_server_compartment.into());
    }
    if !management_ip.is_empty() {
        network.unknown.insert(V1[1].to_owned(), management_ip.into());
    }
    restore(network, |network| &mut network.unknown, &V2)
}

/// The default route through a gateway; none without one.
pub(super) fn gateway_routes(gateway: &str) -> Vec<Route> {
    let route = |gateway: &str| Route {
        next_hop: gateway.to_owned(),
        destination_prefix: default_route(gateway).to_owned(),
        ..Route::default()
    };
    if gateway.is_empty() { Vec::new() } else { vec![route(gateway)] }
}

/// The network of v1 that says what this one of v2 says.
pub fn network_to_v1(v2: &HostComputeNetwork) -> hns::Network {
    let mut v1 = said(v2);
    keep(v2, &network_to_v2(&v1), &V2, &mut v1.unknown);
    v1
}

/// What v1 has words for.
fn said(v2: &HostComputeNetwork) -> hns::Network {
    let HostComputeNetwork {
        id,
        name,
        network_type,
        policies,
        mac_pool,
        dns,
        ipams,
        flags: _,
        health: _,
        schema_version: _,
        unknown,
    } = v2.clone();
    let (dns_suffix, dns_server_list) = dns_to_v1(&dns);
    let mut v1 = hns::Network {
        id,
        name,
        network_type,
        dns_suffix,
        dns_server_list,
        unknown,
        ..hns::Network::default()
    };
    for policy in policies {
        match policy.setting() {
            Ok(NetworkPolicySetting::NetAdapterName(setting)) if v1.network_adapter_name.is_empty() => {
                v1.network_adapter_name = setting.network_adapter_name;
            }
            Ok(NetworkPolicySetting::SourceMacAddress(setting)) if v1.source_mac.is_empty() => {
                v1.source_mac = setting.source_mac_address;
            }
            Ok(NetworkPolicySetting::AutomaticDns(setting)) if setting.enable => v1.automatic_dns = true,
            _ => v1.policies.extend(flat(&[policy])),
        }
    }
    let range = |MacRange { start_mac_address, end_mac_address, unknown }| hns::MacPool {
        start_mac_address,
        end_mac_address,
        unknown,
    };
    v1.mac_pools = mac_pool.ranges.into_iter().map(range).collect();
    let subnet = |subnet: Subnet| hns::Subnet {
        address_prefix: subnet.ip_address_prefix,
        gateway_address: gateway(&subnet.routes).unwrap_or_default().to_owned(),
        policies: flat(&subnet.policies),
        unknown: subnet.unknown,
    };
    v1.subnets = ipams.into_iter().flat_map(|ipam| ipam.subnets).map(subnet).collect();
    if let Some(compartment) = take(&mut v1.unknown, V1[0]) {
        v1.dns_server_compartment = compartment.as_u64().and_then(|n| n.try_into().ok()).unwrap_or_default();
    }
    if let Some(Value::String(address)) = take(&mut v1.unknown, V1[1]) {
        v1.management_ip = address;
    }
    v1
}

/// The next hop of the first default route.
fn gateway(routes: &[Route]) -> Option<&str> {
    routes
        .iter()
        .find(|route| is_default_route(&route.destination_prefix))
        .map(|route| route.next_hop.as_str())
}

/// `stored` after a v1 client has sent `update`, the whole network in its words: what it says as before stays as it is
/// stored, with all that v1 can't say.
pub fn network_updated(stored: &HostComputeNetwork, update: &hns::Network) -> HostComputeNetwork {
    let seen = hns::Network { unknown: crate::Unknown::new(), ..said(stored) };
    updated(stored, &network_to_v2(&seen), &network_to_v2(update))
}
