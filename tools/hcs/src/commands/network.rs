//! `hcs network`, `hcs endpoint`, `hcs namespace`.

use hcsshim::Host;
use hcsshim::contract::NetworkObjectKind;
use hcsshim::schema::Document as _;
use hcsshim::schema::network::hcn::{
    Dns, HostComputeNetwork, Ipam, NetAdapterNameNetworkPolicySetting, NetworkPolicy, NetworkPolicySetting,
    Route, Subnet,
};
use serde_json::{Value, json};

use super::each;
use crate::args::network::{Attach, Create, CreateEndpoint, Endpoint, Ids, Namespace, Network};
use crate::failure::Failure;
use crate::host;
use crate::network::{self, DEFAULT, Objects};
use crate::outcome::Outcome;
use crate::printer::{self, Named, Printer};

pub(crate) fn network(command: &Network, printer: Printer) -> Result<Outcome, Failure> {
    let host = host::open()?;
    let networks = Objects::new(&host, NetworkObjectKind::Network)?;
    match command {
        Network::Create(create) => {
            let id = networks.create(&document(create)?.to_json())?;
            printer.result(&Named { id })
        }
        Network::Ls => list(&networks, printer),
        Network::Inspect(ids) => inspect(&networks, ids),
        Network::Rm(ids) => each(&ids.ids, printer, |id| networks.delete(id)),
        Network::Check(check) => return self::check(&host, check.repair, printer),
    }?;
    Ok(Outcome::Success)
}

fn list(networks: &Objects<'_>, printer: Printer) -> Result<(), Failure> {
    printer.list(&documents(networks)?, ["NETWORK", "NAME", "TYPE", "PREFIXES"], |network| {
        let subnets = network["Ipams"].as_array().into_iter().flatten();
        let subnets = subnets.flat_map(|ipam| ipam["Subnets"].as_array().into_iter().flatten());
        let prefixes: Vec<String> = subnets.map(|subnet| text(&subnet["IpAddressPrefix"])).collect();
        [text(&network["ID"]), text(&network["Name"]), text(&network["Type"]), prefixes.join(" ")]
    })
}

#[cfg(target_os = "linux")]
fn check(host: &Host, repair: bool, printer: Printer) -> Result<Outcome, Failure> {
    let report = host::engine(host, "network check")?.check_networks(repair)?;
    if printer.is_json() {
        printer::json(&report.differences)?;
    } else {
        for difference in &report.differences {
            printer::line(difference)?;
        }
    }
    Ok(if report.differences.is_empty() || repair { Outcome::Success } else { Outcome::Differs })
}

#[cfg(not(target_os = "linux"))]
fn check(_: &Host, _: bool, _: Printer) -> Result<Outcome, Failure> {
    Err(host::linux_only("network check"))
}

pub(crate) fn endpoint(command: &Endpoint, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let endpoints = Objects::new(&host, NetworkObjectKind::Endpoint)?;
    match command {
        Endpoint::Create(create) => printer.result(&Named { id: create_endpoint(&host, create)? }),
        Endpoint::Ls => printer.list(
            &documents(&endpoints)?,
            ["ENDPOINT", "NAME", "NETWORK", "ADDRESSES", "NAMESPACE"],
            |endpoint| {
                let addresses = endpoint["IpConfigurations"].as_array().into_iter().flatten();
                let addresses: Vec<String> = addresses.map(|address| text(&address["IpAddress"])).collect();
                let [id, name, network, namespace] =
                    ["ID", "Name", "HostComputeNetwork", "HostComputeNamespace"]
                        .map(|member| text(&endpoint[member]));
                [id, name, network, addresses.join(" "), namespace]
            },
        ),
        Endpoint::Inspect(ids) => inspect(&endpoints, ids),
        Endpoint::Rm(ids) => each(&ids.ids, printer, |id| endpoints.delete(id)),
    }
}

pub(crate) fn namespace(command: &Namespace, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let namespaces = Objects::new(&host, NetworkObjectKind::Namespace)?;
    match command {
        Namespace::Create => printer.result(&Named { id: namespaces.create("{}")? }),
        Namespace::Ls => printer.list(
            &documents(&namespaces)?,
            ["NAMESPACE", "TYPE", "COMPARTMENT", "ENDPOINTS"],
            |namespace| {
                let endpoints = namespace["Resources"].as_array().map_or(0, Vec::len);
                [
                    text(&namespace["ID"]),
                    text(&namespace["Type"]),
                    namespace["NamespaceId"].to_string(),
                    endpoints.to_string(),
                ]
            },
        ),
        Namespace::Inspect(ids) => inspect(&namespaces, ids),
        Namespace::Rm(ids) => each(&ids.ids, printer, |id| namespaces.delete(id)),
        Namespace::Attach(attach) => change(&host, attach, "Add"),
        Namespace::Detach(attach) => change(&host, attach, "Remove"),
    }
}

fn change(host: &Host, attach: &Attach, request: &str) -> Result<(), Failure> {
    let endpoint = Objects::new(host, NetworkObjectKind::Endpoint)?.open(&attach.endpoint)?;
    let namespace = Objects::new(host, NetworkObjectKind::Namespace)?.open(&attach.namespace)?;
    let settings = json!({
        "ResourceType": "Endpoint",
        "RequestType": request,
        "Settings": { "EndpointId": endpoint.id() },
    });
    Ok(namespace.modify(&settings.to_string())?)
}

fn create_endpoint(host: &Host, create: &CreateEndpoint) -> Result<String, Failure> {
    let network = network::network(host, create.connection.network().unwrap_or(DEFAULT))?;
    let mut document = network::endpoint(&create.connection, &network);
    document.name = create.name.clone().unwrap_or_default();
    let made = host.networks()?.create_endpoint(&network.id, None, &document.to_json())?;
    Ok(made.id().to_owned())
}

/// The document of a network, as the options describe it.
fn document(create: &Create) -> Result<HostComputeNetwork, Failure> {
    let mut subnets: Vec<Subnet> = Vec::new();
    for prefix in &create.subnet {
        subnets.push(Subnet { ip_address_prefix: prefix.clone(), ..Subnet::default() });
    }
    for gateway in &create.gateway {
        let of_version = |subnet: &&mut Subnet| {
            subnet.routes.is_empty() && subnet.ip_address_prefix.contains(':') == gateway.is_ipv6()
        };
        let Some(subnet) = subnets.iter_mut().find(of_version) else {
            return Err(Failure::Usage {
                problem: format!("--gateway {gateway} has no --subnet that it could be the gateway of"),
                hint: "give one --gateway for each --subnet, in the same order".into(),
            });
        };
        subnet.routes = vec![Route {
            next_hop: gateway.to_string(),
            destination_prefix: if gateway.is_ipv6() { "::/0" } else { "0.0.0.0/0" }.into(),
            ..Route::default()
        }];
    }
    let adapter = create.adapter.clone().map(|network_adapter_name| {
        let setting = NetAdapterNameNetworkPolicySetting { network_adapter_name, ..Default::default() };
        Option::<NetworkPolicy>::from(NetworkPolicySetting::NetAdapterName(setting))
    });
    let dns = if create.dns.is_empty() { network::automatic_dns() } else { None };
    let ipam = Ipam { ipam_type: "Static".into(), subnets, ..Ipam::default() };
    Ok(HostComputeNetwork {
        name: create.name.clone(),
        network_type: create.kind.as_str().into(),
        ipams: if create.subnet.is_empty() { Vec::new() } else { vec![ipam] },
        dns: Dns { server_list: create.dns.iter().map(ToString::to_string).collect(), ..Dns::default() },
        policies: [adapter.flatten(), dns].into_iter().flatten().collect(),
        ..HostComputeNetwork::default()
    })
}

fn documents(objects: &Objects<'_>) -> Result<Vec<Value>, Failure> {
    objects.ids(None)?.iter().map(|id| objects.document(id)).collect()
}

fn inspect(objects: &Objects<'_>, ids: &Ids) -> Result<(), Failure> {
    let found = ids.ids.iter().map(|id| objects.document(id)).collect::<Result<Vec<_>, _>>()?;
    printer::json(&found)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
