//! The network configuration on standard input. Each member is used or refused by name.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::environment::{self, NAME};
use crate::failure::Failure;

/// Versions of the specification that are spoken here, the oldest first.
pub(crate) const VERSIONS: [&str; 3] = ["0.4.0", "1.0.0", "1.1.0"];

type Rest = Map<String, Value>;

/// A network configuration, as the runtime hands it over.
#[expect(clippy::struct_field_names, reason = "the names are the specification's")]
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    pub(crate) name: String,
    #[serde(rename = "type")]
    plugin: String,
    /// NAT, Internal or Private; nothing: as the network is, or NAT.
    pub(crate) network_type: Option<String>,
    #[serde(default)]
    pub(crate) subnets: Vec<Subnet>,
    /// In place of the default route.
    #[serde(default)]
    pub(crate) routes: Vec<Route>,
    #[serde(default)]
    pub(crate) dns: Dns,
    #[serde(default)]
    pub(crate) runtime_config: RuntimeConfig,
    /// What the runtime may send; it says so to the runtime.
    #[serde(default)]
    capabilities: Map<String, Value>,
    pub(crate) prev_result: Option<Map<String, Value>>,
    #[serde(rename = "cni.dev/valid-attachments")]
    valid: Option<Vec<Valid>>,
    /// The same under the name that runtimes had for it at first.
    #[serde(rename = "cni.dev/attachments")]
    valid_before: Option<Vec<Valid>>,
    #[serde(rename = "cniVersion")]
    pub(crate) version: String,
    #[serde(flatten)]
    rest: Rest,
}

/// A subnet of the network.
#[expect(clippy::struct_field_names, reason = "the names are those that other plugins have")]
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Subnet {
    /// Such as `10.9.0.0/24`.
    pub(crate) subnet: String,
    pub(crate) gateway: Option<IpAddr>,
    #[serde(flatten)]
    rest: Rest,
}

/// A route of the container.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Route {
    pub(crate) dst: String,
    /// Nothing: the subnet's gateway.
    pub(crate) gw: Option<IpAddr>,
    pub(crate) priority: Option<u16>,
    #[serde(flatten)]
    rest: Rest,
}

/// What names are resolved with; the runtime makes the file of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Dns {
    #[serde(default)]
    pub(crate) nameservers: Vec<String>,
    #[serde(default)]
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) search: Vec<String>,
    #[serde(default)]
    pub(crate) options: Vec<String>,
    #[serde(flatten)]
    rest: Rest,
}

/// What a runtime says for one container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuntimeConfig {
    #[serde(default)]
    pub(crate) port_mappings: Vec<PortMapping>,
    /// Addresses that the container is to have, with or without their prefix.
    #[serde(default)]
    pub(crate) ips: Vec<String>,
    pub(crate) mac: Option<String>,
    #[serde(flatten)]
    rest: Rest,
}

/// A port to be published.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortMapping {
    pub(crate) host_port: u16,
    pub(crate) container_port: u16,
    #[serde(default)]
    protocol: String,
    #[serde(rename = "hostIP", default)]
    host_ip: String,
    #[serde(flatten)]
    rest: Rest,
}

/// An attachment that is still wanted.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Valid {
    #[serde(rename = "containerID")]
    pub(crate) container: String,
    #[serde(rename = "ifname")]
    pub(crate) interface: String,
}

impl PortMapping {
    /// The number of the protocol.
    pub(crate) fn protocol(&self, at: usize) -> Result<u32, Failure> {
        match self.protocol.to_ascii_lowercase().as_str() {
            "" | "tcp" => Ok(6),
            "udp" => Ok(17),
            _ => {
                let path = format!("runtimeConfig.portMappings[{at}].protocol");
                Err(Failure::unsupported(&path, &self.protocol.clone().into()))
            }
        }
    }

    /// The host's address; `None`: every one.
    pub(crate) fn host_ip(&self, at: usize) -> Result<Option<IpAddr>, Failure> {
        if self.host_ip.is_empty() {
            return Ok(None);
        }
        let path = format!("runtimeConfig.portMappings[{at}].hostIP");
        self.host_ip
            .parse()
            .map(Some)
            .map_err(|_| Failure::configuration(&path, &format!("{:?} is no address", self.host_ip)))
    }
}

/// The version that a configuration is of, whatever else it says.
pub(crate) fn version(value: &Value) -> Result<&str, Failure> {
    let version = value.get("cniVersion").and_then(Value::as_str).unwrap_or_default();
    if VERSIONS.contains(&version) {
        return Ok(version);
    }
    let reason = format!("cniVersion {version:?} is not spoken here: {}", VERSIONS.join(", "));
    Err(Failure::version(reason))
}

impl Config {
    /// Reads it, and refuses what can't be honoured.
    pub(crate) fn read(value: Value) -> Result<Self, Failure> {
        let config: Self = serde_json::from_value(value)
            .map_err(|error| Failure::decode(format!("the network configuration: {error}")))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Failure> {
        if !environment::is_name(&self.name) {
            return Err(Failure::configuration("name", &format!("{:?}: {NAME}", self.name)));
        }
        if self.plugin != "hcs-cni" {
            return Err(Failure::configuration("type", &format!("{:?} is another plugin", self.plugin)));
        }
        none("", &self.rest)?;
        none("dns.", &self.dns.rest)?;
        none("runtimeConfig.", &self.runtime_config.rest)?;
        for (at, subnet) in self.subnets.iter().enumerate() {
            none(&format!("subnets[{at}]."), &subnet.rest)?;
        }
        for (at, route) in self.routes.iter().enumerate() {
            none(&format!("routes[{at}]."), &route.rest)?;
        }
        for (at, mapping) in self.runtime_config.port_mappings.iter().enumerate() {
            let path = format!("runtimeConfig.portMappings[{at}].");
            none(&path, &mapping.rest)?;
            if mapping.host_port == 0 || mapping.container_port == 0 {
                let which = if mapping.host_port == 0 { "hostPort" } else { "containerPort" };
                return Err(Failure::configuration(&format!("{path}{which}"), "0 is no port"));
            }
        }
        for (name, wanted) in &self.capabilities {
            let known = matches!(name.as_str(), "portMappings" | "ips" | "mac");
            if !known && wanted != &Value::Bool(false) {
                return Err(Failure::unsupported(&format!("capabilities.{name}"), wanted));
            }
        }
        Ok(())
    }

    /// The attachments that are still wanted.
    pub(crate) fn valid(&self) -> Result<&[Valid], Failure> {
        let valid = self.valid.as_ref().or(self.valid_before.as_ref());
        let reason = "without it all attachments would be taken for garbage";
        valid.map(Vec::as_slice).ok_or_else(|| Failure::configuration("cni.dev/valid-attachments", reason))
    }
}

fn none(path: &str, rest: &Rest) -> Result<(), Failure> {
    match rest.iter().next() {
        Some((name, value)) => Err(Failure::unsupported(&format!("{path}{name}"), value)),
        None => Ok(()),
    }
}
