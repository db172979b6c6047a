//! Documents of both generations: read as v2, answered as what is asked for.

use hcs_contract::{Error, Hresult, NetworkObjectKind, Result};
use hcs_schema::network::hcn::{
    Dns, HostComputeEndpoint, HostComputeNamespace, HostComputeNetwork, NamespaceResource,
};
use hcs_schema::network::{hns, map};
use hcs_schema::{Document, from_json};
use serde_json::Value;

use super::errors::invalid;
use super::store::{EndpointRow, Holder, NamespaceRow, Tables};
use super::{namespaces, netns};
use crate::compute::Engine;
use crate::ids::Life;

/// A document that does not parse is so by the network service's own code.
pub(super) fn parse<T: Document>(text: &str) -> Result<T> {
    from_json(text).map_err(|error| Error::from(error).with_hresult(Hresult::HCN_E_INVALID_JSON))
}

/// A document as JSON.
pub(super) fn value(document: &impl Document) -> Value {
    serde_json::to_value(document).expect("documents have string keys and values that JSON can hold")
}

fn is_v1(text: &str) -> Result<bool> {
    let value: Value =
        from_json(text).map_err(|error| Error::from(error).with_hresult(Hresult::HCN_E_INVALID_JSON))?;
    Ok(map::is_v1(&value))
}

/// A network's document, of either generation.
pub(super) fn read_network(text: &str) -> Result<HostComputeNetwork> {
    let document = if is_v1(text)? { map::network_to_v2(&parse(text)?) } else { parse(text)? };
    check_dns("Dns", &document.dns)?;
    Ok(document)
}

/// An endpoint's document, of either generation.
pub(super) fn read_endpoint(text: &str) -> Result<HostComputeEndpoint> {
    if is_v1(text)? { v1_endpoint(&parse(text)?) } else { parse(text) }
}

/// An endpoint of v1. Of what v1 alone can say, what can't be honoured is refused.
pub(super) fn v1_endpoint(document: &hns::Endpoint) -> Result<HostComputeEndpoint> {
    for (name, given) in
        [("EnableInternalDNS", document.enable_internal_dns), ("EnableLowMetric", document.enable_low_metric)]
    {
        if given {
            return Err(Error::not_supported(name, "there is no such service here"));
        }
    }
    Ok(map::endpoint_to_v2(document))
}

/// A namespace's document, of either generation.
pub(super) fn read_namespace(text: &str) -> Result<HostComputeNamespace> {
    if is_v1(text)? { Ok(map::namespace_to_v2(&parse(text)?)) } else { parse(text) }
}

/// What becomes a line of resolv.conf has no line of its own to add.
pub(super) fn check_dns(path: &str, dns: &Dns) -> Result<()> {
    let Dns { domain, search, server_list, options, unknown: _ } = dns;
    for (at, server) in server_list.iter().enumerate() {
        if server.parse::<std::net::IpAddr>().is_err() {
            let path = format!("{path}.ServerList[{at}]");
            return Err(invalid(Hresult::HCN_E_INVALID_IP, path, format!("{server:?} is no address")));
        }
    }
    let mut words = std::iter::once(domain).chain(search).chain(options);
    match words.find(|word| word.contains(|c: char| c.is_whitespace() || c.is_control())) {
        Some(word) => Err(invalid(Hresult::E_INVALIDARG, path, format!("{word:?} is no single word"))),
        None => Ok(()),
    }
}

/// An object's id in its own text; `None`: there is no such object.
pub(super) fn id(tables: &Tables<'_>, kind: NetworkObjectKind, id: &str) -> Result<Option<String>> {
    Ok(match kind {
        NetworkObjectKind::Network => tables.network(id)?.map(|row| row.id),
        NetworkObjectKind::Endpoint => tables.endpoint(id)?.map(|row| row.id),
        NetworkObjectKind::Namespace => tables.namespace(id)?.map(|row| row.id),
        NetworkObjectKind::LoadBalancer | NetworkObjectKind::Route => None,
    })
}

/// A network's document as it is answered.
pub(super) fn network(tables: &Tables<'_>, id: &str) -> Result<Option<HostComputeNetwork>> {
    Ok(tables.network(id)?.map(|row| HostComputeNetwork::from_json(&row.document)).transpose()?)
}

/// An endpoint's document as it is answered: with the namespace that it is in.
pub(super) fn endpoint(tables: &Tables<'_>, row: &EndpointRow) -> Result<HostComputeEndpoint> {
    let mut document = HostComputeEndpoint::from_json(&row.document)?;
    if let Some(Holder::Namespace(number)) = row.holder
        && let Some(namespace) = tables.namespace_of_number(number)?
    {
        document.host_compute_namespace = namespace.id;
    }
    Ok(document)
}

/// The same for v1, which says how it stands, too.
pub(super) fn endpoint_v1(tables: &Tables<'_>, row: &EndpointRow) -> Result<hns::Endpoint> {
    let mut document = map::endpoint_to_v1(&endpoint(tables, row)?);
    if let Some(network) = tables.network_of_number(row.network)? {
        document.virtual_network_name = HostComputeNetwork::from_json(&network.document)?.name;
    }
    document.state = match &row.holder {
        Some(_) => hns::EndpointState::ATTACHED,
        None => hns::EndpointState::CREATED,
    };
    if let Some(Holder::System(life)) = &row.holder
        && let Some(life) = Life::parse(life)
    {
        document.shared_containers = vec![life.id_name().id()];
    }
    Ok(document)
}

/// A namespace's document as it is answered.
pub(super) fn namespace(
    engine: &Engine,
    tables: &Tables<'_>,
    row: &NamespaceRow,
) -> Result<HostComputeNamespace> {
    namespaces::document(tables, row, netns::number(&engine.netns_path(&row.id)))
}

/// The same for v1, whose resources are endpoints alone.
pub(super) fn namespace_v1(
    engine: &Engine,
    tables: &Tables<'_>,
    row: &NamespaceRow,
) -> Result<hns::Namespace> {
    Ok(map::namespace_to_v1(&namespace(engine, tables, row)?))
}

/// An object's document in the form of both generations.
pub(super) fn forms(
    engine: &Engine,
    tables: &Tables<'_>,
    kind: NetworkObjectKind,
    id: &str,
) -> Result<Vec<Value>> {
    Ok(match kind {
        NetworkObjectKind::Network => match network(tables, id)? {
            Some(document) => vec![value(&document), value(&map::network_to_v1(&document))],
            None => Vec::new(),
        },
        NetworkObjectKind::Endpoint => match tables.endpoint(id)? {
            Some(row) => vec![value(&endpoint(tables, &row)?), value(&endpoint_v1(tables, &row)?)],
            None => Vec::new(),
        },
        NetworkObjectKind::Namespace => match tables.namespace(id)? {
            Some(row) => {
                vec![value(&namespace(engine, tables, &row)?), value(&namespace_v1(engine, tables, &row)?)]
            }
            None => Vec::new(),
        },
        NetworkObjectKind::LoadBalancer | NetworkObjectKind::Route => Vec::new(),
    })
}

/// An object's document in the form of a query's schema; `None`: there is no such object.
pub(super) fn answer(
    engine: &Engine,
    tables: &Tables<'_>,
    kind: NetworkObjectKind,
    id: &str,
    version: u32,
) -> Result<Option<String>> {
    let mut forms = forms(engine, tables, kind, id)?.into_iter();
    let v2 = forms.next();
    let chosen = if version == 1 { forms.next() } else { v2 };
    Ok(chosen.map(|document| document.to_string()))
}

/// A resource of a namespace of v1: an endpoint's id.
pub(super) fn resource_endpoint(data: &Value) -> String {
    let resource = NamespaceResource { data: data.clone(), ..NamespaceResource::endpoint("") };
    resource.id().to_owned()
}
