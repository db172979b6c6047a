//! HNS v1: requests by method and path (`networking.md` 1.3).

use hcs_contract::{Error, Hresult, NetworkObjectKind, Result, check_network_id};
use hcs_schema::network::hcn::NamespaceType;
use hcs_schema::network::map::{self, Listed};
use hcs_schema::network::{hcn, hns};
use serde_json::{Value, json};

use super::store::State;
use super::{invalid, query, read};

/// The service's version: the first with every feature that clients ask for.
const VERSION: (u32, u32) = (15, 4);

const HOST: u16 = 1;

/// Does one request; what it gives.
pub(super) fn request(state: &mut State, method: &str, path: &str, object: &str) -> Result<Option<Value>> {
    let (method, lower) = (method.to_ascii_uppercase(), path.to_ascii_lowercase());
    let words: Vec<&str> = lower.split('/').filter(|word| !word.is_empty()).collect();
    let (kind, id, verb) = match words.as_slice() {
        ["globals", "version"] if method == "GET" => {
            return Ok(Some(json!({ "Major": VERSION.0, "Minor": VERSION.1 })));
        }
        ["accelnet"] => return accelerated(state, &method, object),
        ["endpointstats", id] if method == "GET" => return statistics(state, id),
        [kind] => (*kind, None, None),
        [kind, id] => (*kind, Some(*id), None),
        [kind, id, verb] => (*kind, Some(*id), Some(*verb)),
        _ => return Err(no_request(&method, path)),
    };
    if let Some(id) = id {
        check_network_id("path", id)?;
    }
    match (kind, method.as_str(), id, verb) {
        ("networks", ..) => networks(state, &method, id, verb, object),
        ("endpoints", ..) => endpoints(state, &method, id, verb, object),
        ("namespaces", ..) => namespaces(state, &method, id, verb, object),
        ("policylists", ..) => policy_lists(state, &method, id, verb, object),
        _ => Err(no_request(&method, path)),
    }
}

fn no_request(method: &str, path: &str) -> Error {
    let error = Error::invalid_argument("path", format!("there is no request {method} {path}"));
    if method == "DELETE" { error.with_hint("name the object: nothing is deleted wholesale") } else { error }
}

/// The object in the words of v1.
fn one(state: &State, kind: NetworkObjectKind, id: &str) -> Result<Option<Value>> {
    let forms = state.forms(kind, id).ok_or_else(|| kind.not_found(id))?;
    Ok(Some(forms.v1))
}

fn list(state: &State, kinds: &[NetworkObjectKind]) -> Value {
    let ids = kinds.iter().flat_map(|kind| query::all(state, *kind).into_iter().map(move |id| (*kind, id)));
    ids.filter_map(|(kind, id)| Some(state.forms(kind, &id)?.v1)).collect()
}

fn networks(
    state: &mut State,
    method: &str,
    id: Option<&str>,
    verb: Option<&str>,
    object: &str,
) -> Result<Option<Value>> {
    let kind = NetworkObjectKind::Network;
    match (method, id, verb) {
        ("GET", None, None) => Ok(Some(list(state, &[kind]))),
        ("GET", Some(id), None) => one(state, kind, id),
        ("POST", None, None) => {
            let id = state.create_network(None, map::network_to_v2(&read(object)?))?;
            one(state, kind, &id)
        }
        ("POST", Some(id), None) => {
            let stored = state.networks.get_mut(id).ok_or_else(|| kind.not_found(id))?;
            let updated = map::network_updated(stored, &read(object)?);
            super::policies::check("Policies", &updated.policies)?;
            // Nothing that endpoints have got from it is changed under them.
            let fixed = |network: &hcn::HostComputeNetwork| {
                (network.network_type.clone(), network.ipams.clone(), network.mac_pool.clone())
            };
            if fixed(&updated) != fixed(stored) {
                return Err(Error::not_supported(
                    "Subnets, MacPools, Type",
                    "they are a network's for its life",
                ));
            }
            *stored = hcn::HostComputeNetwork { id: stored.id.clone(), ..updated };
            one(state, kind, id)
        }
        ("DELETE", Some(id), None) => state.delete_network(id).map(|()| None),
        _ => Err(no_request(method, "/networks/")),
    }
}

fn endpoints(
    state: &mut State,
    method: &str,
    id: Option<&str>,
    verb: Option<&str>,
    object: &str,
) -> Result<Option<Value>> {
    let kind = NetworkObjectKind::Endpoint;
    match (method, id, verb) {
        ("GET", None, None) => Ok(Some(list(state, &[kind]))),
        ("GET", Some(id), None) => one(state, kind, id),
        ("POST", None, None) => {
            let document: hns::Endpoint = read(object)?;
            let network = if document.virtual_network.is_empty() {
                let named =
                    |network: &&hcn::HostComputeNetwork| network.name == document.virtual_network_name;
                let found = state.networks.values().find(named).map(|network| network.id.clone());
                let missing = NetworkObjectKind::Network.object(&document.virtual_network_name);
                found.ok_or_else(|| Error::not_found(missing))?
            } else {
                document.virtual_network.clone()
            };
            let id = state.create_endpoint(&network, None, map::endpoint_to_v2(&document))?;
            one(state, kind, &id)
        }
        ("POST", Some(id), None) => {
            let update: hns::Endpoint = read(object)?;
            state.modify_endpoint(id, |stored| {
                let updated = map::endpoint_updated(stored, &update);
                let fixed = |endpoint: &hcn::HostComputeEndpoint| {
                    (
                        endpoint.host_compute_network.clone(),
                        endpoint.ip_configurations.clone(),
                        endpoint.mac_address.clone(),
                    )
                };
                if fixed(&updated) != fixed(stored) {
                    let members = "VirtualNetwork, IPAddress, MacAddress";
                    return Err(Error::not_supported(members, "they are an endpoint's for its life"));
                }
                let namespace = std::mem::take(&mut stored.host_compute_namespace);
                let id = stored.id.clone();
                *stored = hcn::HostComputeEndpoint { id, host_compute_namespace: namespace, ..updated };
                Ok(())
            })?;
            one(state, kind, id)
        }
        ("DELETE", Some(id), None) => state.delete_endpoint(id).map(|()| None),
        ("POST", Some(id), Some("attach")) => attach(state, id, &read(object)?).map(|()| None),
        ("POST", Some(id), Some("detach")) => detach(state, id, &read(object)?).map(|()| None),
        _ => Err(no_request(method, "/endpoints/")),
    }
}

/// The namespace that is the host's own.
fn host_namespace(state: &State) -> Result<String> {
    let own = state
        .namespaces
        .values()
        .find(|namespace| namespace.document.namespace_type.known() == Some(&NamespaceType::HOST_DEFAULT));
    let found = own.map(|namespace| namespace.document.id.clone());
    found.ok_or_else(|| NetworkObjectKind::Namespace.not_found("HostDefault"))
}

fn attach(state: &mut State, id: &str, request: &hns::EndpointAttachDetachRequest) -> Result<()> {
    match who(request)? {
        None => state.attach(id, &host_namespace(state)?),
        Some(container) => {
            let kind = NetworkObjectKind::Endpoint;
            let endpoint = state.endpoints.get_mut(id).ok_or_else(|| kind.not_found(id))?;
            if !endpoint.containers.iter().any(|known| known.eq_ignore_ascii_case(container)) {
                endpoint.containers.push(container.to_owned());
            }
            Ok(())
        }
    }
}

fn detach(state: &mut State, id: &str, request: &hns::EndpointAttachDetachRequest) -> Result<()> {
    match who(request)? {
        None => state.detach(id, &host_namespace(state)?),
        Some(container) => {
            let kind = NetworkObjectKind::Endpoint;
            let endpoint = state.endpoints.get_mut(id).ok_or_else(|| kind.not_found(id))?;
            let before = endpoint.containers.len();
            endpoint.containers.retain(|known| !known.eq_ignore_ascii_case(container));
            if endpoint.containers.len() == before {
                return Err(Error::from_hresult(Hresult::HCN_E_ENDPOINT_NOT_ATTACHED));
            }
            endpoint.detached = true;
            Ok(())
        }
    }
}

/// The container that is meant; none for the host itself.
fn who(request: &hns::EndpointAttachDetachRequest) -> Result<Option<&str>> {
    let system = request.system_type.known().map(hns::SystemType::as_str);
    match system {
        Some("Container") if !request.container_id.is_empty() => Ok(Some(&request.container_id)),
        Some("Container") => Err(invalid(Hresult::E_INVALIDARG, "ContainerId", "it must name a container")),
        Some("Host") if request.compartment_id <= HOST => Ok(None),
        Some("Host") => Err(Error::not_supported("CompartmentId", "the host's own compartment is 1")),
        _ => Err(Error::not_supported("SystemType", "there are no virtual machines here")),
    }
}

fn statistics(state: &State, id: &str) -> Result<Option<Value>> {
    let kind = NetworkObjectKind::Endpoint;
    check_network_id("path", id)?;
    let endpoint = state.endpoints.get(id).ok_or_else(|| kind.not_found(id))?;
    // Nothing is sent, so nothing was.
    let statistics = hns::EndpointStats {
        endpoint_id: endpoint.document.id.clone(),
        instance_id: endpoint.document.id.clone(),
        ..hns::EndpointStats::default()
    };
    Ok(serde_json::to_value(statistics).ok())
}

fn namespaces(
    state: &mut State,
    method: &str,
    id: Option<&str>,
    verb: Option<&str>,
    object: &str,
) -> Result<Option<Value>> {
    let kind = NetworkObjectKind::Namespace;
    match (method, id, verb) {
        ("GET", None, None) => Ok(Some(list(state, &[kind]))),
        ("GET", Some(id), None) => one(state, kind, id),
        ("POST", None, None) => {
            let id = state.create_namespace(None, map::namespace_to_v2(&read(object)?))?;
            one(state, kind, &id)
        }
        ("DELETE", Some(id), None) => state.delete_namespace(id).map(|()| None),
        ("POST", Some(id), Some(verb @ ("addresource" | "removeresource"))) => {
            let resource: hns::NamespaceResource = read(object)?;
            if !resource.resource_type.eq_ignore_ascii_case("Endpoint") {
                return Err(Error::not_supported("Type", "endpoints are added and removed"));
            }
            let data: hns::NamespaceEndpointRequest = read(&resource.data.to_string())?;
            if state.namespaces.get(id).is_none() {
                return Err(kind.not_found(id));
            }
            if verb == "addresource" {
                state.attach(&data.id, id)?;
            } else {
                state.detach(&data.id, id)?;
            }
            one(state, kind, id)
        }
        _ => Err(no_request(method, "/namespaces/")),
    }
}

fn policy_lists(
    state: &mut State,
    method: &str,
    id: Option<&str>,
    verb: Option<&str>,
    object: &str,
) -> Result<Option<Value>> {
    let (balancer, route) = (NetworkObjectKind::LoadBalancer, NetworkObjectKind::Route);
    let kind_of = |state: &State, id: &str| {
        let found = [balancer, route].into_iter().find(|kind| state.find(*kind, id).is_some());
        found.ok_or_else(|| balancer.not_found(id))
    };
    match (method, id, verb) {
        ("GET", None, None) => Ok(Some(list(state, &[balancer, route]))),
        ("GET", Some(id), None) => one(state, kind_of(state, id)?, id),
        ("POST", None, None) => {
            let listed = map::policy_list_to_v2(&read(object)?).map_err(|error| {
                let reference = error.path.starts_with("References");
                let code = if reference {
                    Hresult::HCN_E_INVALID_JSON_REFERENCE
                } else {
                    Hresult::HCN_E_INVALID_POLICY
                };
                Error::from(error).with_hresult(code)
            })?;
            match listed {
                Listed::LoadBalancer(document) => {
                    let id = state.create_load_balancer(None, document)?;
                    one(state, balancer, &id)
                }
                Listed::Route(document) => {
                    let id = state.create_route(None, document)?;
                    one(state, route, &id)
                }
            }
        }
        ("DELETE", Some(id), None) => match kind_of(state, id)? {
            NetworkObjectKind::Route => state.delete_route(id).map(|()| None),
            _ => state.delete_load_balancer(id).map(|()| None),
        },
        _ => Err(no_request(method, "/policylists/")),
    }
}

fn accelerated(state: &mut State, method: &str, object: &str) -> Result<Option<Value>> {
    match method {
        "GET" => {}
        "POST" => state.accelerated = read(object)?,
        "DELETE" => state.accelerated = hns::MacList::default(),
        _ => return Err(no_request(method, "/accelnet/")),
    }
    Ok(serde_json::to_value(&state.accelerated).ok())
}
