//! Which objects a query is about, and how they are answered.

use hcs_contract::reading::has_value;
use hcs_contract::{Error, Hresult, NetworkObjectKind, Result};
use hcs_schema::network::hcn::{
    HostComputeEndpoint, HostComputeNamespace, HostComputeNetwork, HostComputeQuery,
};
use hcs_schema::network::hns;
use hcs_schema::{Document, Member};
use serde_json::{Map, Value};

use super::documents;
use super::store::Tables;
use crate::compute::Engine;

/// Reads a query; the empty text is the empty query.
pub(super) fn read(text: &str) -> Result<HostComputeQuery> {
    if text.trim().is_empty() {
        Ok(HostComputeQuery::default())
    } else {
        Ok(HostComputeQuery::from_json(text)?)
    }
}

/// What a query's filter asks for.
fn filter(query: &HostComputeQuery) -> Result<Map<String, Value>> {
    if query.filter.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(&query.filter).map_err(|error| {
        Error::invalid_document("Filter", format!("it is no JSON object: {error}"))
            .with_hresult(Hresult::E_INVALIDARG)
    })
}

/// The ids of the objects of one kind that a query matches, in the order of their creation.
pub(super) fn ids(
    engine: &Engine,
    tables: &Tables<'_>,
    kind: NetworkObjectKind,
    query: &HostComputeQuery,
) -> Result<Vec<String>> {
    let filter = filter(query)?;
    let members: [&[Member]; 2] = match kind {
        NetworkObjectKind::Network => [HostComputeNetwork::MEMBERS, hns::Network::MEMBERS],
        NetworkObjectKind::Endpoint => [HostComputeEndpoint::MEMBERS, hns::Endpoint::MEMBERS],
        NetworkObjectKind::Namespace => [HostComputeNamespace::MEMBERS, hns::Namespace::MEMBERS],
        _ => return Ok(Vec::new()),
    };
    for name in filter.keys() {
        let known = |member: &&Member| member.name.eq_ignore_ascii_case(name);
        if !members.iter().copied().flatten().any(|member| known(&member)) {
            let error = Error::invalid_document("Filter", format!("a {kind} has no member {name:?}"));
            return Err(error.with_hresult(Hresult::E_INVALIDARG));
        }
    }
    let given = |name: &str| {
        filter.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
    };
    // The members that there is an index for.
    let (id, name) = (given("ID"), given("Name"));
    let network = given("VirtualNetwork").or_else(|| given("HostComputeNetwork"));
    let candidates: Vec<String> = match kind {
        NetworkObjectKind::Network => match id {
            Some(id) => tables.network(id)?.into_iter().map(|row| row.id).collect(),
            None => tables.networks(name)?.into_iter().map(|row| row.id).collect(),
        },
        NetworkObjectKind::Endpoint => match (id, network) {
            (Some(id), _) => tables.endpoint(id)?.into_iter().map(|row| row.id).collect(),
            (None, Some(network)) => match tables.network(network)? {
                Some(network) => {
                    tables.endpoints_of_network(network.number)?.into_iter().map(|row| row.id).collect()
                }
                None => Vec::new(),
            },
            (None, None) => tables.endpoints(name)?.into_iter().map(|row| row.id).collect(),
        },
        _ => match id {
            Some(id) => tables.namespace(id)?.into_iter().map(|row| row.id).collect(),
            None => tables.namespaces()?.into_iter().map(|row| row.id).collect(),
        },
    };
    let indexed = ["ID", "VirtualNetwork", "HostComputeNetwork"];
    let by_index_alone = |name: &String, value: &Value| {
        filter.len() == 1 && value.is_string() && indexed.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    if filter.iter().all(|(name, value)| by_index_alone(name, value)) {
        return Ok(candidates);
    }
    let mut found = Vec::new();
    for id in candidates {
        let forms = documents::forms(engine, tables, kind, &id)?;
        if filter.iter().all(|(name, value)| forms.iter().any(|form| has_value(form, name, value))) {
            found.push(id);
        }
    }
    Ok(found)
}
