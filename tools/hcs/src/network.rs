//! Networks, endpoints and namespaces by name or id, and what a container's options ask of them.

use std::net::IpAddr;
use std::sync::Arc;

use hcsshim::contract::{NetworkObject, NetworkObjectKind, NetworkService};
use hcsshim::schema::LinuxHost;
use hcsshim::schema::network::hcn::{
    AutomaticDNSNetworkPolicySetting, Dns, EndpointPolicy, EndpointPolicySetting, HostComputeEndpoint,
    HostComputeNetwork, IpConfig, NatFlags, NetworkPolicy, NetworkPolicySetting, NetworkType,
    PortMappingPolicySetting,
};
use hcsshim::schema::{Document as _, from_json};
use hcsshim::{Error, Host};
use serde_json::json;

use crate::args::network::Connection;
use crate::args::values::Published;
use crate::failure::Failure;

/// The network that containers are on when they want one and say none.
pub(crate) const DEFAULT: &str = "nat";
/// Its id wherever this tool makes it, so that two who do so at once make one.
const DEFAULT_ID: &str = "b95d0c5e-57d4-412b-b571-18a81a16e005";

/// The objects of one kind.
pub(crate) struct Objects<'a> {
    service: &'a Arc<dyn NetworkService>,
    kind: NetworkObjectKind,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(host: &'a Host, kind: NetworkObjectKind) -> Result<Self, Failure> {
        Ok(Self { service: host.networks()?, kind })
    }

    /// The ids of all, or of those with this value of a member.
    pub(crate) fn ids(&self, filter: Option<(&str, &str)>) -> Result<Vec<String>, Failure> {
        let query = match filter {
            None => String::new(),
            Some((member, value)) => {
                json!({ "SchemaVersion": { "Major": 2, "Minor": 0 }, "Filter": json!({ member: value }).to_string() })
                    .to_string()
            }
        };
        let text = self.service.enumerate(self.kind, &query)?;
        Ok(from_list(&text)?)
    }

    /// One by its id or its name.
    pub(crate) fn open(&self, id: &str) -> Result<Arc<dyn NetworkObject>, Failure> {
        if is_id(id) || self.kind == NetworkObjectKind::Namespace {
            return Ok(self.service.open(self.kind, id)?);
        }
        match self.ids(Some(("Name", id)))?.as_slice() {
            [] => Err(Failure::Hcs(self.kind.not_found(id))),
            [only] => Ok(self.service.open(self.kind, only)?),
            several => Err(Failure::Usage {
                problem: format!("{} of {id} there are {}", self.kind, several.len()),
                hint: format!("give the id of one: {}", several.join(", ")).into(),
            }),
        }
    }

    /// The document of one.
    pub(crate) fn document(&self, id: &str) -> Result<serde_json::Value, Failure> {
        let text = self.open(id)?.properties("")?;
        Ok(from_json(&text).map_err(Error::from)?)
    }

    pub(crate) fn create(&self, document: &str) -> Result<String, Failure> {
        Ok(self.service.create(self.kind, None, document)?.id().to_owned())
    }

    pub(crate) fn delete(&self, id: &str) -> Result<(), Failure> {
        let object = self.open(id)?;
        Ok(self.service.delete(self.kind, object.id())?)
    }
}

fn from_list(text: &str) -> Result<Vec<String>, Error> {
    from_json(text).map_err(Error::from)
}

/// Whether a text has the form of an id: names of this form are not looked for.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4
}

/// The network of this name or id; the default one is made if it is not there.
pub(crate) fn network(host: &Host, name: &str) -> Result<HostComputeNetwork, Failure> {
    let networks = Objects::new(host, NetworkObjectKind::Network)?;
    if name == DEFAULT && networks.ids(Some(("Name", DEFAULT)))?.is_empty() {
        let document = HostComputeNetwork {
            id: DEFAULT_ID.into(),
            name: DEFAULT.into(),
            network_type: NetworkType::NAT,
            policies: automatic_dns().into_iter().collect(),
            ..HostComputeNetwork::default()
        };
        match networks.create(&document.to_json()) {
            // Somebody else has made it meanwhile.
            Err(Failure::Hcs(error)) if error.is_already_exists() => {}
            other => drop(other?),
        }
    }
    let text = networks.open(name)?.properties("")?;
    Ok(HostComputeNetwork::from_json(&text).map_err(Error::from)?)
}

/// Endpoints resolve names with what the host does.
pub(crate) fn automatic_dns() -> Option<NetworkPolicy> {
    let setting = AutomaticDNSNetworkPolicySetting { enable: true, ..Default::default() };
    NetworkPolicySetting::AutomaticDns(setting).into()
}

/// The document of an endpoint on `network`, as the options describe it.
pub(crate) fn endpoint(connection: &Connection, network: &HostComputeNetwork) -> HostComputeEndpoint {
    let config = |ip: &IpAddr| IpConfig { ip_address: ip.to_string(), ..IpConfig::default() };
    let prefixes =
        network.ipams.iter().flat_map(|ipam| &ipam.subnets).map(|subnet| &subnet.ip_address_prefix);
    let versions: Vec<bool> = prefixes.map(|prefix| prefix.contains(':')).collect();
    HostComputeEndpoint {
        host_compute_network: network.id.clone(),
        ip_configurations: connection.ip.iter().map(config).collect(),
        mac_address: connection.mac.clone().unwrap_or_default(),
        dns: Dns { server_list: connection.dns.iter().map(IpAddr::to_string).collect(), ..Dns::default() },
        policies: connection.publish.iter().flat_map(|port| port_mappings(port, &versions)).collect(),
        ..HostComputeEndpoint::default()
    }
}

/// A published port, of each IP version that the network has and the address is of. `versions`: whether of IPv6.
fn port_mappings(port: &Published, versions: &[bool]) -> Vec<EndpointPolicy> {
    let wanted = |v6: bool| port.address.map_or(versions.contains(&v6), |address| address.is_ipv6() == v6);
    let mapping = |v6: bool| {
        let setting = PortMappingPolicySetting {
            protocol: if port.udp { 17 } else { 6 },
            internal_port: port.container,
            external_port: port.host,
            vip: port.address.map(|address| address.to_string()).unwrap_or_default(),
            flags: if v6 { NatFlags::IPV6 } else { NatFlags::NONE },
            ..PortMappingPolicySetting::default()
        };
        Option::<EndpointPolicy>::from(EndpointPolicySetting::PortMapping(setting))
    };
    [false, true].into_iter().filter(|v6| wanted(*v6)).filter_map(mapping).collect()
}

/// Adds to a container's document what its options ask of networks.
pub(crate) fn connect(host: &Host, connection: &Connection, part: &mut LinuxHost) -> Result<(), Failure> {
    let only = |what: &str| -> Result<(), Failure> {
        if connection.ip.is_empty()
            && connection.mac.is_none()
            && connection.dns.is_empty()
            && connection.publish.is_empty()
        {
            return Ok(());
        }
        Err(Failure::Usage {
            problem: format!("--network {what} takes no address, no DNS and no ports"),
            hint: "name a network, or leave those out".into(),
        })
    };
    match connection.network() {
        None => Ok(()),
        Some("none") => only("none"),
        Some("host") => {
            only("host")?;
            let namespaces = Objects::new(host, NetworkObjectKind::Namespace)?;
            let own = namespaces.ids(Some(("Type", "HostDefault")))?.into_iter().next();
            let own =
                own.ok_or_else(|| Failure::Hcs(NetworkObjectKind::Namespace.not_found("HostDefault")))?;
            part.network_namespace = own;
            Ok(())
        }
        Some(name) => {
            part.endpoints.push(endpoint(connection, &network(host, name)?));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::values::published;

    #[test]
    fn a_port_is_published_in_each_ip_version_of_the_network() {
        let both = [false, true];
        let policies = |port: &str, versions: &[bool]| {
            let policies = port_mappings(&published(port).unwrap(), versions);
            policies.iter().map(|policy| policy.settings.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            policies("8080:80", &both),
            [
                r#"{"Protocol":6,"InternalPort":80,"ExternalPort":8080}"#,
                r#"{"Protocol":6,"InternalPort":80,"ExternalPort":8080,"Flags":2}"#
            ]
        );
        assert_eq!(policies("53/udp", &both[..1]), [r#"{"Protocol":17,"InternalPort":53}"#]);
        assert_eq!(
            policies("192.0.2.1:8080:80", &both),
            [r#"{"Protocol":6,"InternalPort":80,"ExternalPort":8080,"VIP":"192.0.2.1"}"#]
        );
    }
}
