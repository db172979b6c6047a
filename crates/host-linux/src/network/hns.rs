//! HNS v1: requests by method and path, over the objects of v2.
//!
//! Source: `networking.md` 1.3. A list's and a creation's path ends with a slash; ids are the same in any case.

use std::sync::Arc;

use hcs_contract::{Error, Hresult, NetworkObjectKind, Object, ObjectKind, Result};
use hcs_schema::Document;
use hcs_schema::network::{hns, map};
use serde_json::{Value, json};

use super::documents::value;
use super::store::{Holder, Tables};
use super::{documents, ids};
use crate::compute::Engine;

/// What the service's features are told by: all of those of 15.4 that this host has, and those that it refuses by name.
const VERSION: (u32, u32) = (15, 4);

/// Answers one request: the output, if it has one.
pub(super) fn call(engine: &Arc<Engine>, method: &str, path: &str, object: &str) -> Result<Option<Value>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    let id = parts.get(1).copied().unwrap_or_default();
    match (method.to_ascii_uppercase().as_str(), words.as_slice()) {
        ("GET", ["globals", "version"]) => Ok(Some(json!({ "Major": VERSION.0, "Minor": VERSION.1 }))),
        ("GET", ["networks"]) => {
            list(engine, |tables| tables.networks(None)?.iter().map(|row| network(tables, &row.id)).collect())
        }
        ("GET", ["networks", _]) => one(engine, NetworkObjectKind::Network, id, |tables| {
            tables.network(id)?.map(|row| network(tables, &row.id)).transpose()
        }),
        ("POST", ["networks"]) => {
            let document = map::network_to_v2(&read::<hns::Network>(object)?);
            // Read again, as whoever makes one by v2 has it checked.
            let document = documents::read_network(&document.to_json())?;
            let id = engine.change_networks(|world| world.create_network(None, document))?;
            one(engine, NetworkObjectKind::Network, &id, |tables| Ok(Some(network(tables, &id)?)))
        }
        ("DELETE", ["networks", _]) => done(engine.change_networks(|world| world.delete_network(id))),
        ("GET", ["endpoints"]) => list(engine, |tables| {
            tables
                .endpoints(None)?
                .iter()
                .map(|row| Ok(value(&documents::endpoint_v1(tables, row)?)))
                .collect()
        }),
        ("GET", ["endpoints", _]) => endpoint(engine, id),
        ("POST", ["endpoints"]) => {
            let document: hns::Endpoint = read(object)?;
            let network = network_of(engine, &document)?;
            let document = documents::v1_endpoint(&document)?;
            let id = engine.change_networks(|world| world.create_endpoint(&network, None, document))?;
            endpoint(engine, &id)
        }
        ("POST", ["endpoints", _]) => {
            let update: hns::Endpoint = read(object)?;
            update_endpoint(engine, id, &update)?;
            endpoint(engine, id)
        }
        ("DELETE", ["endpoints", _]) => done(engine.change_networks(|world| world.delete_endpoint(id))),
        ("POST", ["endpoints", _, "attach"]) => done(attach(engine, id, &read(object)?, true)),
        ("POST", ["endpoints", _, "detach"]) => done(attach(engine, id, &read(object)?, false)),
        ("POST", ["namespaces"]) => {
            let document = map::namespace_to_v2(&read::<hns::Namespace>(object)?);
            let id = engine.change_networks(|world| world.create_namespace(None, document))?;
            namespace(engine, &id)
        }
        ("GET", ["namespaces"]) => list(engine, |tables| {
            let rows = tables.namespaces()?;
            rows.iter().map(|row| Ok(value(&documents::namespace_v1(engine, tables, row)?))).collect()
        }),
        ("GET", ["namespaces", _]) => namespace(engine, id),
        ("DELETE", ["namespaces", _]) => done(engine.change_networks(|world| world.delete_namespace(id))),
        ("POST", ["namespaces", _, change @ ("addresource" | "removeresource")]) => {
            let resource: hns::NamespaceResource = read(object)?;
            if !resource.resource_type.eq_ignore_ascii_case("Endpoint") {
                return Err(Error::not_supported("Type", "endpoints are attached and detached"));
            }
            let verb = if *change == "addresource" { "Add" } else { "Remove" };
            let request = json!({
                "ResourceType": "Endpoint",
                "RequestType": verb,
                "Settings": { "EndpointId": documents::resource_endpoint(&resource.data) },
            });
            engine.change_networks(|world| world.modify_namespace(id, &request.to_string()))?;
            namespace(engine, id)
        }
        ("GET", ["policylists"]) => Ok(Some(json!([]))),
        ("GET" | "DELETE", ["policylists", _]) => Err(NetworkObjectKind::LoadBalancer.not_found(id)),
        ("POST", ["policylists"]) => {
            Err(Error::not_supported("policylists", "load balancers and routes come with a later version"))
        }
        (_, ["accelnet"]) => {
            Err(Error::not_supported("accelnet", "it is of adapters that this host has none of"))
        }
        ("GET", ["endpointstats", _]) => stats(engine, id),
        ("DELETE", ["networks" | "endpoints" | "namespaces" | "policylists"]) => {
            Err(Error::invalid_argument("path", "it names no object; nothing is deleted wholesale"))
        }
        ("POST", ["networks", _]) => {
            Err(Error::not_supported("networks", "a network of v1 is not changed; modify it by HCN"))
        }
        (method, _) => Err(Error::not_supported(format!("{method} {path}"), "there is no such request")),
    }
}

fn read<T: Document>(object: &str) -> Result<T> {
    let text = if object.trim().is_empty() { "{}" } else { object };
    documents::parse(text)
}

fn done(result: Result<()>) -> Result<Option<Value>> {
    result.map(|()| None)
}

fn list(engine: &Arc<Engine>, f: impl FnOnce(&Tables<'_>) -> Result<Vec<Value>>) -> Result<Option<Value>> {
    engine.read_networks(f).map(|all| Some(Value::Array(all)))
}

fn one(
    engine: &Arc<Engine>,
    kind: NetworkObjectKind,
    id: &str,
    f: impl FnOnce(&Tables<'_>) -> Result<Option<Value>>,
) -> Result<Option<Value>> {
    ids::check("id", id)?;
    engine.read_networks(f)?.map_or_else(|| Err(kind.not_found(id)), |found| Ok(Some(found)))
}

fn network(tables: &Tables<'_>, id: &str) -> Result<Value> {
    let document = documents::network(tables, id)?.ok_or_else(|| NetworkObjectKind::Network.not_found(id))?;
    Ok(value(&map::network_to_v1(&document)))
}

fn endpoint(engine: &Arc<Engine>, id: &str) -> Result<Option<Value>> {
    one(engine, NetworkObjectKind::Endpoint, id, |tables| {
        tables.endpoint(id)?.map(|row| Ok(value(&documents::endpoint_v1(tables, &row)?))).transpose()
    })
}

fn namespace(engine: &Arc<Engine>, id: &str) -> Result<Option<Value>> {
    one(engine, NetworkObjectKind::Namespace, id, |tables| {
        tables
            .namespace(id)?
            .map(|row| Ok(value(&documents::namespace_v1(engine, tables, &row)?)))
            .transpose()
    })
}

/// What has passed an endpoint; all zeros for one that is not attached.
fn stats(engine: &Arc<Engine>, id: &str) -> Result<Option<Value>> {
    ids::check("id", id)?;
    let (id, counters) = engine.change_networks(|world| {
        let row = world.endpoint(id)?;
        Ok((row.id.clone(), world.counters(&row)?))
    })?;
    let stats = hns::EndpointStats {
        bytes_received: counters.bytes_received,
        bytes_sent: counters.bytes_sent,
        packets_received: counters.packets_received,
        packets_sent: counters.packets_sent,
        dropped_packets_incoming: counters.dropped_received,
        dropped_packets_outgoing: counters.dropped_sent,
        endpoint_id: id.clone(),
        instance_id: id,
        ..hns::EndpointStats::default()
    };
    Ok(Some(value(&stats)))
}

/// The network of a new endpoint, by its id or its name.
fn network_of(engine: &Arc<Engine>, document: &hns::Endpoint) -> Result<String> {
    if !document.virtual_network.is_empty() {
        return ids::check("VirtualNetwork", &document.virtual_network).map(str::to_owned);
    }
    let name = &document.virtual_network_name;
    let found = engine.read_networks(|tables| tables.networks(Some(name)))?;
    found.into_iter().next().map(|row| row.id).ok_or_else(|| {
        Error::not_found(Object::new(ObjectKind::Network, name))
            .with_hresult(Hresult::HCN_E_NETWORK_NOT_FOUND)
    })
}

/// A client of v1 sends the whole endpoint; its policies may differ from those that are there.
fn update_endpoint(engine: &Arc<Engine>, id: &str, update: &hns::Endpoint) -> Result<()> {
    engine.change_networks(|world| {
        let row = world.endpoint(id)?;
        let stored = hcs_schema::network::hcn::HostComputeEndpoint::from_json(&row.document)?;
        let now = world.store.read(|tables| documents::endpoint_v1(tables, &row))?;
        if let Some(name) = changed(&now, update) {
            return Err(Error::not_supported(
                name,
                "an endpoint's policies can be changed, and nothing else",
            ));
        }
        let policies = map::endpoint_updated(&stored, update).policies;
        let mut document = stored;
        document.policies = policies;
        world.replace_endpoint(&row, document)
    })
}

/// The first member that an update of an endpoint would change, but for its policies. What says nothing changes nothing,
/// and how the endpoint stands is not the client's to say.
fn changed(now: &hns::Endpoint, update: &hns::Endpoint) -> Option<&'static str> {
    type Text = fn(&hns::Endpoint) -> &str;
    type Number = fn(&hns::Endpoint) -> u8;
    fn namespace(endpoint: &hns::Endpoint) -> &str {
        endpoint.namespace.as_ref().map_or("", |namespace| &namespace.id)
    }
    let texts: [(_, Text); 13] = [
        ("ID", |of| &of.id),
        ("Name", |of| &of.name),
        ("VirtualNetwork", |of| &of.virtual_network),
        ("VirtualNetworkName", |of| &of.virtual_network_name),
        ("MacAddress", |of| &of.mac_address),
        ("IPAddress", |of| &of.ip_address),
        ("IPv6Address", |of| &of.ipv6_address),
        ("DNSSuffix", |of| &of.dns_suffix),
        ("DNSServerList", |of| &of.dns_server_list),
        ("DNSDomain", |of| &of.dns_domain),
        ("GatewayAddress", |of| &of.gateway_address),
        ("GatewayAddressV6", |of| &of.gateway_address_v6),
        ("Namespace", namespace),
    ];
    let numbers: [(_, Number); 6] = [
        ("PrefixLength", |of| of.prefix_length),
        ("IPv6PrefixLength", |of| of.ipv6_prefix_length),
        ("DisableICC", |of| of.disable_icc.into()),
        ("IsRemoteEndpoint", |of| of.is_remote_endpoint.into()),
        ("EnableInternalDNS", |of| of.enable_internal_dns.into()),
        ("EnableLowMetric", |of| of.enable_low_metric.into()),
    ];
    let text = |of: &Text| {
        let (asked, has) = (of(update), of(now));
        !asked.is_empty() && !asked.eq_ignore_ascii_case(has)
    };
    let number = |of: &Number| of(update) != 0 && of(update) != of(now);
    texts
        .iter()
        .find(|(_, of)| text(of))
        .map(|(name, _)| *name)
        .or_else(|| numbers.iter().find(|(_, of)| number(of)).map(|(name, _)| *name))
}

/// Attaches an endpoint to a container, or to the host's own namespace.
fn attach(
    engine: &Arc<Engine>,
    id: &str,
    request: &hns::EndpointAttachDetachRequest,
    attach: bool,
) -> Result<()> {
    const HOST: u16 = 1;
    ids::check("id", id)?;
    let kind = request.system_type.as_str();
    if kind.eq_ignore_ascii_case("VirtualMachine") {
        return Err(Error::not_supported("SystemType", "there are no virtual machines here"));
    }
    if kind.eq_ignore_ascii_case("Container") {
        if request.compartment_id > HOST {
            let reason = "a container's endpoints are in the container's own compartment";
            return Err(Error::not_supported("CompartmentId", reason));
        }
        let (life, directory) = engine.living(&request.container_id)?;
        return engine.change_network_of(&life, &directory, id, attach);
    }
    if !kind.eq_ignore_ascii_case("Host") {
        return Err(Error::not_supported("SystemType", format!("{kind:?} is neither Container nor Host")));
    }
    if request.compartment_id > HOST {
        return Err(Error::not_supported("CompartmentId", "the host's own compartment is 1"));
    }
    engine.change_networks(|world| {
        let not_found = || NetworkObjectKind::Namespace.not_found("HostDefault");
        let host = world.store.read(|tables| tables.host_default()?.ok_or_else(not_found))?;
        let holder = Holder::Namespace(host.number);
        if attach {
            return world.attach(id, &holder);
        }
        let row = world.endpoint(id)?;
        world.detach(&row, &holder)
    })
}
