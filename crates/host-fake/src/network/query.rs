//! Which objects a query matches.

use hcs_contract::reading::has_value;
use hcs_contract::{Hresult, NetworkObjectKind, Result};
use hcs_schema::network::hcn::{
    HostComputeEndpoint, HostComputeLoadBalancer, HostComputeNamespace, HostComputeNetwork, HostComputeQuery,
    HostComputeRoute,
};
use hcs_schema::network::hns;
use hcs_schema::{Document, Member};
use serde_json::{Map, Value};

use super::invalid;
use super::store::State;

/// Reads a query; the empty text is the empty query.
pub(super) fn read(text: &str) -> Result<HostComputeQuery> {
    super::read(text)
}

/// The ids of the objects of one kind that a query matches, in the order in which they were made.
pub(super) fn ids(state: &State, kind: NetworkObjectKind, query: &str) -> Result<Vec<String>> {
    let filter = filter(&read(query)?)?;
    let members: [&[Member]; 2] = match kind {
        NetworkObjectKind::Network => [HostComputeNetwork::MEMBERS, hns::Network::MEMBERS],
        NetworkObjectKind::Endpoint => [HostComputeEndpoint::MEMBERS, hns::Endpoint::MEMBERS],
        NetworkObjectKind::Namespace => [HostComputeNamespace::MEMBERS, hns::Namespace::MEMBERS],
        NetworkObjectKind::LoadBalancer => [HostComputeLoadBalancer::MEMBERS, hns::PolicyList::MEMBERS],
        NetworkObjectKind::Route => [HostComputeRoute::MEMBERS, hns::PolicyList::MEMBERS],
    };
    let known = |name: &String| {
        members.iter().copied().flatten().any(|member| member.name.eq_ignore_ascii_case(name))
    };
    if let Some(name) = filter.keys().find(|name| !known(name)) {
        return Err(invalid(Hresult::E_INVALIDARG, "Filter", format!("a {kind} has no member {name:?}")));
    }
    let matches = |id: &String| {
        let forms = state.forms(kind, id);
        forms.is_some_and(|forms| {
            filter.iter().all(|(name, wanted)| {
                has_value(&forms.v2, name, wanted) || has_value(&forms.v1, name, wanted)
            })
        })
    };
    Ok(all(state, kind).into_iter().filter(matches).collect())
}

/// Every id of one kind.
pub(super) fn all(state: &State, kind: NetworkObjectKind) -> Vec<String> {
    match kind {
        NetworkObjectKind::Network => state.networks.values().map(|network| network.id.clone()).collect(),
        NetworkObjectKind::Endpoint => {
            state.endpoints.values().map(|endpoint| endpoint.document.id.clone()).collect()
        }
        NetworkObjectKind::Namespace => {
            state.namespaces.values().map(|namespace| namespace.document.id.clone()).collect()
        }
        NetworkObjectKind::LoadBalancer => {
            state.load_balancers.values().map(|balancer| balancer.id.clone()).collect()
        }
        NetworkObjectKind::Route => state.routes.values().map(|route| route.id.clone()).collect(),
    }
}

fn filter(query: &HostComputeQuery) -> Result<Map<String, Value>> {
    if query.filter.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(&query.filter)
        .map_err(|error| invalid(Hresult::E_INVALIDARG, "Filter", format!("it is no JSON object: {error}")))
}
