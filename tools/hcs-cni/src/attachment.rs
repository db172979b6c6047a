//! An attachment: an endpoint of the engine's, in a namespace of the runtime's. Their ids come of the names that the
//! runtime has for it, so that every call finds them without a record of its own.

use std::net::IpAddr;
use std::path::Path;

use hcsshim::hcn::{Hcn, new_namespace};
use hcsshim::schema::network::hcn::{
    Dns, EndpointPolicy, EndpointPolicySetting, HostComputeEndpoint, HostComputeNetwork, IpConfig,
    NamespaceResource, NamespaceType, NatFlags, PortMappingPolicySetting, Route,
};
use hcsshim::{Error, Guid, Host};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::environment::Link;
use crate::failure::Failure;
use crate::{network, result};

/// What the names of endpoints begin with that this plugin has made.
const OURS: &str = "hcs-cni";

/// The id of the object that has these names: a GUID (version 8) of their digest.
pub(crate) fn id_of(names: &[&str]) -> String {
    // None of them has a space in it.
    let digest = Sha256::digest(format!("{OURS} {}", names.join(" ")));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Guid::of_version(8, bytes).to_string()
}

fn endpoint_id(config: &Config, link: &Link) -> String {
    id_of(&["endpoint", &config.name, &link.container, &link.interface])
}

fn namespace_id(config: &Config, link: &Link) -> String {
    id_of(&["namespace", &config.name, &link.container, &link.interface])
}

/// Nothing of a link's name is in the other: neither has a colon.
fn name_of(container: &str, interface: &str) -> String {
    format!("{OURS}:{container}:{interface}")
}

/// Makes an attachment; what the runtime is told of it. What fails leaves nothing but the network.
pub(crate) fn add(host: &Host, config: &Config, link: &Link, netns: &Path) -> Result<Value, Failure> {
    let hcn = host.hcn()?;
    let network = network::find_or_make(&hcn, config)?;
    let made = hcn.create_endpoint_on(&network.id, &document(config, link, &network)?)?;
    let attached = attach(host, &hcn, config, link, netns, &made);
    if attached.is_err() {
        // The first failure is the one to be told; DEL frees what is left.
        let _ = del(host, config, link);
    }
    attached
}

fn attach(
    host: &Host,
    hcn: &Hcn,
    config: &Config,
    link: &Link,
    netns: &Path,
    endpoint: &HostComputeEndpoint,
) -> Result<Value, Failure> {
    let mut namespace = new_namespace(NamespaceType::HOST);
    namespace.id = namespace_id(config, link);
    namespace.resources = vec![NamespaceResource::endpoint(&endpoint.id)];
    let given = json!({ "NetworkNamespace": netns, "InterfaceName": link.interface });
    namespace.unknown.insert("LinuxHost".into(), given);
    hcn.create_namespace(&namespace)?;
    let report = linux(host)?.check_endpoint(&endpoint.id)?;
    result::of(config, endpoint, &report, &link.interface, netns)
}

fn document(
    config: &Config,
    link: &Link,
    network: &HostComputeNetwork,
) -> Result<HostComputeEndpoint, Failure> {
    let dns = Dns {
        domain: config.dns.domain.clone(),
        search: config.dns.search.clone(),
        server_list: config.dns.nameservers.clone(),
        options: config.dns.options.clone(),
        ..Dns::default()
    };
    Ok(HostComputeEndpoint {
        id: endpoint_id(config, link),
        name: name_of(&link.container, &link.interface),
        ip_configurations: addresses(config)?,
        mac_address: config.runtime_config.mac.as_deref().unwrap_or_default().replace(':', "-"),
        dns,
        routes: routes(config, network)?,
        policies: ports(config, network)?,
        ..HostComputeEndpoint::default()
    })
}

fn addresses(config: &Config) -> Result<Vec<IpConfig>, Failure> {
    let read = |(at, text): (usize, &String)| {
        let whole = || text.parse().ok().map(|ip| (ip, 0));
        let (ip, prefix_length) = network::split(text).or_else(whole).ok_or_else(|| {
            let path = format!("runtimeConfig.ips[{at}]");
            Failure::configuration(&path, &format!("{text:?} is no address"))
        })?;
        Ok(IpConfig { ip_address: ip.to_string(), prefix_length, ..IpConfig::default() })
    };
    config.runtime_config.ips.iter().enumerate().map(read).collect()
}

fn routes(config: &Config, network: &HostComputeNetwork) -> Result<Vec<Route>, Failure> {
    let gateway = |v6: bool| {
        network::subnets(network).filter_map(network::gateway).find(|gateway| gateway.is_ipv6() == v6)
    };
    let read = |(at, route): (usize, &crate::config::Route)| {
        let (destination, _) = network::split(&route.dst).ok_or_else(|| {
            let path = format!("routes[{at}].dst");
            Failure::configuration(&path, &format!("{:?} is no prefix", route.dst))
        })?;
        let hop = route.gw.or_else(|| gateway(destination.is_ipv6())).ok_or_else(|| {
            let path = format!("routes[{at}].gw");
            Failure::configuration(&path, "the network has no gateway that it could be")
        })?;
        Ok(Route {
            next_hop: hop.to_string(),
            destination_prefix: route.dst.clone(),
            metric: route.priority.unwrap_or_default(),
            ..Route::default()
        })
    };
    config.routes.iter().enumerate().map(read).collect()
}

/// Published ports, each in the IP versions that the network has and the host's address is of.
fn ports(config: &Config, network: &HostComputeNetwork) -> Result<Vec<EndpointPolicy>, Failure> {
    let has = |v6: bool| network::subnets(network).any(|subnet| subnet.ip_address_prefix.contains(':') == v6);
    let mut policies = Vec::new();
    for (at, mapping) in config.runtime_config.port_mappings.iter().enumerate() {
        let (protocol, host_ip) = (mapping.protocol(at)?, mapping.host_ip(at)?);
        for v6 in [false, true] {
            if !host_ip.map_or_else(|| has(v6), |ip| ip.is_ipv6() == v6) {
                continue;
            }
            let setting = PortMappingPolicySetting {
                protocol,
                internal_port: mapping.container_port,
                external_port: mapping.host_port,
                vip: host_ip
                    .filter(|ip| !ip.is_unspecified())
                    .as_ref()
                    .map(IpAddr::to_string)
                    .unwrap_or_default(),
                flags: if v6 { NatFlags::IPV6 } else { NatFlags::NONE },
                ..PortMappingPolicySetting::default()
            };
            policies.extend(Option::<EndpointPolicy>::from(EndpointPolicySetting::PortMapping(setting)));
        }
    }
    Ok(policies)
}

/// Takes an attachment away. No error if there is none.
pub(crate) fn del(host: &Host, config: &Config, link: &Link) -> Result<(), Failure> {
    remove(&host.hcn()?, &namespace_id(config, link), &endpoint_id(config, link))
}

/// The endpoint goes last: by it what is left is found.
fn remove(hcn: &Hcn, namespace: &str, endpoint: &str) -> Result<(), Failure> {
    for result in [hcn.delete_namespace(namespace), hcn.delete_endpoint(endpoint)] {
        match result {
            Err(error) if !error.is_not_exist() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Compares an attachment with the kernel and with what the runtime was told.
pub(crate) fn check(host: &Host, config: &Config, link: &Link, netns: &Path) -> Result<(), Failure> {
    let told = config
        .prev_result
        .as_ref()
        .ok_or_else(|| Failure::configuration("prevResult", "without it there is nothing to compare with"))?;
    let endpoint = match host.hcn()?.endpoint(&endpoint_id(config, link)) {
        Err(error) if error.is_not_exist() => {
            return Err(Failure::differs(&["there is no endpoint of it".to_owned()]));
        }
        other => other?,
    };
    let report = linux(host)?.check_endpoint(&endpoint.id)?;
    let mut found = result::differences(told, &endpoint, &link.interface, netns);
    if report.name.is_none() {
        found.push("it is in no namespace".to_owned());
    }
    found.extend(report.differences.into_iter().map(|difference| format!("to be {difference}")));
    if found.is_empty() { Ok(()) } else { Err(Failure::differs(&found)) }
}

/// Frees all attachments to the network but those that are still wanted.
pub(crate) fn gc(host: &Host, config: &Config) -> Result<(), Failure> {
    let valid = config.valid()?;
    let hcn = host.hcn()?;
    let Some(network) = network::find(&hcn, config)? else { return Ok(()) };
    let keep: std::collections::HashSet<String> =
        valid.iter().map(|valid| name_of(&valid.container, &valid.interface)).collect();
    for endpoint in hcn.endpoints_of_network(&network.id)? {
        let Some((OURS, rest)) = endpoint.name.split_once(':') else { continue };
        if keep.contains(&endpoint.name) {
            continue;
        }
        let Some((container, interface)) = rest.split_once(':') else { continue };
        let link = Link { container: container.into(), interface: interface.into() };
        remove(&hcn, &namespace_id(config, &link), &endpoint.id)?;
    }
    Ok(())
}

/// Whether networks can be made: their record and the kernel's side can be opened.
pub(crate) fn status(host: Result<Host, Error>, config: &Config) -> Result<(), Failure> {
    let host = host.map_err(|error| Failure::unavailable(&error))?;
    let hcn = host.hcn().map_err(|error| Failure::unavailable(&error))?;
    hcn.networks(&hcsshim::schema::network::hcn::HostComputeQuery::filtered("Name", &config.name))
        .map(drop)
        .map_err(|error| Failure::unavailable(&error))
}

fn linux(host: &Host) -> Result<&hcsshim::linux::LinuxHost, Failure> {
    let linux =
        host.linux().ok_or_else(|| Error::service_unavailable("the host is not this machine's own"))?;
    Ok(linux)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_guids_that_come_of_the_names() {
        let one = id_of(&["endpoint", "net", "a", "eth0"]);
        assert_eq!(one, id_of(&["endpoint", "net", "a", "eth0"]));
        assert_ne!(one, id_of(&["endpoint", "net", "a", "eth1"]));
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!((lengths, &one[14..15]), (vec![8, 4, 4, 4, 12], "8"), "{one}");
    }
}
