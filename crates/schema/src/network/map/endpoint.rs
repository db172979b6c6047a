//! Endpoints.

use serde_json::Value;

use super::leftover::{from_members, keep, members, restore, take, updated};
use super::network::{dns_to_v1, dns_to_v2, flat, gateway_routes, is_default_route, policies};
use crate::Unknown;
use crate::network::hcn::{
    EncapOverheadEndpointPolicySetting, EndpointFlags, EndpointPolicy, EndpointPolicySetting,
    HostComputeEndpoint, IpConfig, Version,
};
use crate::network::hns::{self, Namespace};

/// Members of v2 that v1 can say in part.
const V2: [&str; 4] = ["IpConfigurations", "Dns", "Routes", "Flags"];
/// Members of v1 that v2 has no member for.
const V1: [&str; 6] =
    ["VirtualNetworkName", "DNSDomain", "EnableInternalDNS", "EnableLowMetric", "SharedContainers", "State"];

/// The endpoint of v2 that says what this one of v1 says.
pub fn endpoint_to_v2(v1: &hns::Endpoint) -> HostComputeEndpoint {
    let hns::Endpoint {
        id,
        name,
        virtual_network,
        virtual_network_name: _,
        policies: flat,
        mac_address,
        ip_address,
        ipv6_address,
        dns_suffix,
        dns_server_list,
        dns_domain: _,
        gateway_address,
        gateway_address_v6,
        enable_internal_dns: _,
        disable_icc,
        prefix_length,
        ipv6_prefix_length,
        is_remote_endpoint,
        enable_low_metric: _,
        namespace,
        encap_overhead,
        shared_containers: _,
        state: _,
        unknown,
    } = v1.clone();
    let address =
        |ip_address: String, prefix_length| IpConfig { ip_address, prefix_length, ..IpConfig::default() };
    let addresses = [address(ip_address, prefix_length), address(ipv6_address, ipv6_prefix_length)];
    let mut flags = EndpointFlags::NONE;
    if is_remote_endpoint {
        flags = flags | EndpointFlags::REMOTE_ENDPOINT;
    }
    if disable_icc {
        flags = flags | EndpointFlags::DISABLE_INTER_COMPUTE_COMMUNICATION;
    }
    let overhead = (encap_overhead != 0).then(|| {
        EndpointPolicySetting::EncapOverhead(EncapOverheadEndpointPolicySetting {
            overhead: encap_overhead,
            ..EncapOverheadEndpointPolicySetting::default()
        })
    });
    let mut endpoint = HostComputeEndpoint {
        id,
        name,
        host_compute_network: virtual_network,
        host_compute_namespace: namespace.map(|namespace| namespace.id).unwrap_or_default(),
        policies: overhead
            .and_then(Option::from)
            .into_iter()
            .chain(policies::<EndpointPolicy>(&flat))
            .collect(),
        ip_configurations: addresses
            .into_iter()
            .filter(|config| !config.ip_address.is_empty() || config.prefix_length != 0)
            .collect(),
        dns: dns_to_v2(&dns_suffix, &dns_server_list),
        routes: [gateway_address, gateway_address_v6]
            .iter()
            .flat_map(|gateway| gateway_routes(gateway))
            .collect(),
        mac_address,
        flags,
        schema_version: Version::v2_0(),
        unknown,
        ..HostComputeEndpoint::default()
    };
    let said = members(v1);
    for name in V1 {
        if let Some(value) = said.get(name) {
            endpoint.unknown.insert(name.to_owned(), value.clone());
        }
    }
    restore(endpoint, |endpoint| &mut endpoint.unknown, &V2)
}

/// The endpoint of v1 that says what this one of v2 says.
pub fn endpoint_to_v1(v2: &HostComputeEndpoint) -> hns::Endpoint {
    let mut v1 = said(v2);
    keep(v2, &endpoint_to_v2(&v1), &V2, &mut v1.unknown);
    v1
}

/// What v1 has words for.
fn said(v2: &HostComputeEndpoint) -> hns::Endpoint {
    let HostComputeEndpoint {
        id,
        name,
        host_compute_network,
        host_compute_namespace,
        policies,
        ip_configurations,
        dns,
        routes,
        mac_address,
        flags,
        health: _,
        schema_version: _,
        mut unknown,
    } = v2.clone();
    let (dns_suffix, dns_server_list) = dns_to_v1(&dns);
    let namespace = (!host_compute_namespace.is_empty())
        .then(|| Namespace { id: host_compute_namespace, ..Namespace::default() });
    let mut v1 = hns::Endpoint {
        id,
        name,
        virtual_network: host_compute_network,
        mac_address,
        dns_suffix,
        dns_server_list,
        is_remote_endpoint: flags.contains(EndpointFlags::REMOTE_ENDPOINT),
        disable_icc: flags.contains(EndpointFlags::DISABLE_INTER_COMPUTE_COMMUNICATION),
        namespace,
        ..hns::Endpoint::default()
    };
    for policy in policies {
        match policy.setting() {
            Ok(EndpointPolicySetting::EncapOverhead(setting)) if v1.encap_overhead == 0 => {
                v1.encap_overhead = setting.overhead;
            }
            _ => v1.policies.extend(flat(&[policy])),
        }
    }
    for IpConfig { ip_address, prefix_length, unknown: _ } in ip_configurations {
        if ip_address.contains(':') && v1.ipv6_address.is_empty() {
            (v1.ipv6_address, v1.ipv6_prefix_length) = (ip_address, prefix_length);
        } else if !ip_address.contains(':') && v1.ip_address.is_empty() {
            (v1.ip_address, v1.prefix_length) = (ip_address, prefix_length);
        }
    }
    for route in routes.iter().filter(|route| is_default_route(&route.destination_prefix)) {
        let gateway =
            if route.next_hop.contains(':') { &mut v1.gateway_address_v6 } else { &mut v1.gateway_address };
        if gateway.is_empty() {
            gateway.clone_from(&route.next_hop);
        }
    }
    with_words_of_v1(v1, &mut unknown)
}

/// Gives `v1` its own members that v2 carried, and what nobody knows.
fn with_words_of_v1(v1: hns::Endpoint, unknown: &mut Unknown) -> hns::Endpoint {
    let own: Vec<(&str, Value)> =
        V1.iter().filter_map(|name| take(unknown, name).map(|value| (*name, value))).collect();
    let mut all = members(&v1);
    all.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let mut v1 = from_members(all).unwrap_or(v1);
    v1.unknown.append(unknown);
    v1
}

/// `stored` after a v1 client has sent `update`, the whole endpoint in its words: what it says as before stays as it is
/// stored, with all that v1 can't say.
pub fn endpoint_updated(stored: &HostComputeEndpoint, update: &hns::Endpoint) -> HostComputeEndpoint {
    let seen = hns::Endpoint { unknown: Unknown::new(), ..said(stored) };
    updated(stored, &endpoint_to_v2(&seen), &endpoint_to_v2(update))
}
