//! Load balancers: `networking.md` §5.4.

use hcs_contract::NetworkObjectKind;
use serde_json::{Value, json};

use super::{Net, text};
use crate::check::{holds, same};
use crate::{Case, Failure};

const KIND: NetworkObjectKind = NetworkObjectKind::LoadBalancer;

/// The load balancer of the Go library's tests.
fn document(endpoints: &[&Value], flags: u32, port: &Value) -> Value {
    json!({
        "HostComputeEndpoints": endpoints.iter().map(|endpoint| endpoint["ID"].clone()).collect::<Vec<_>>(),
        "SourceVIP": "10.0.0.1", "FrontendVIPs": ["1.1.1.2", "1.1.1.3"], "PortMappings": [port],
        "SchemaVersion": {"Major": 2, "Minor": 0}, "Flags": flags,
    })
}

fn port(flags: u32) -> Value {
    json!({"Protocol": 6, "InternalPort": 8080, "ExternalPort": 8090, "Flags": flags})
}

fn ids(balancer: &Value) -> Vec<&str> {
    let endpoints = balancer["HostComputeEndpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
    endpoints.iter().filter_map(Value::as_str).collect()
}

/// A load balancer with one endpoint, and its network.
fn made(net: &Net, flags: u32, port_flags: u32) -> Result<(Value, Value, Value), Failure> {
    let network = net.nat()?;
    let endpoint = net.endpoint(&network)?;
    let balancer = net.create(KIND, &document(&[&endpoint], flags, &port(port_flags)))?;
    Ok((network, endpoint, balancer))
}

pub(super) const CASES: &[Case] = &[
    Case::of_networks(
        "load_balancers::create_delete",
        &["net §5.4 TestCreateDeleteLoadBalancer"],
        |context| {
            let net = Net::new(context)?;
            let (network, endpoint, balancer) = made(&net, 0, 0)?;
            same("its endpoints", &ids(&balancer), &vec![text(&endpoint, "ID")])?;
            net.delete(KIND, &balancer)?;
            net.delete(NetworkObjectKind::Endpoint, &endpoint)?;
            net.delete(NetworkObjectKind::Network, &network)
        },
    ),
    Case::of_networks(
        "load_balancers::replaced",
        &["net §5.4 TestCreateUpdateDeleteLoadBalancer"],
        |context| {
            let net = Net::new(context)?;
            let (network, first, balancer) = made(&net, 0, 0)?;
            let second = net.endpoint(&network)?;
            for endpoints in [vec![&first, &second], vec![&second]] {
                let mut whole = document(&endpoints, 0, &port(0));
                whole["ID"] = balancer["ID"].clone();
                net.modify(KIND, &balancer, &whole)?;
                let found = net.properties(KIND, &balancer)?;
                let due: Vec<_> = endpoints.iter().map(|endpoint| text(endpoint, "ID")).collect();
                same("its endpoints", &ids(&found), &due)?;
            }
            Ok(())
        },
    ),
    Case::of_networks(
        "load_balancers::by_id_and_listed",
        &["net §5.4 TestGetLoadBalancerById, TestListLoadBalancer"],
        |context| {
            let net = Net::new(context)?;
            let (.., balancer) = made(&net, 0, 0)?;
            let id = text(&balancer, "ID").to_owned();
            same("by id", &net.list(KIND, &json!({"ID": id}))?, &vec![id.clone()])?;
            holds(net.list(KIND, &Value::Null)?.contains(&id), "it is not listed")
        },
    ),
    Case::of_networks(
        "load_balancers::made_again_with_its_id",
        &["net §5.4 TestLoadBalancerAddRemoveEndpoint"],
        |context| {
            let net = Net::new(context)?;
            let (network, first, balancer) = made(&net, 0, 0)?;
            let second = net.endpoint(&network)?;
            for endpoints in [vec![&first, &second], vec![&second]] {
                net.delete(KIND, &balancer)?;
                let mut whole = document(&endpoints, 0, &port(0));
                whole["ID"] = balancer["ID"].clone();
                let again = net.create(KIND, &whole)?;
                same("ID", &again["ID"], &balancer["ID"])?;
                same("its endpoints", &ids(&again).len(), &endpoints.len())?;
            }
            net.delete(KIND, &balancer)
        },
    ),
    Case::of_networks(
        "load_balancers::flags",
        &["net §5.4 TestAddDSRLoadBalancer, TestAddILBLoadBalancer"],
        |context| {
            let net = Net::new(context)?;
            for (flags, port_flags) in [(1, 12), (0, 1)] {
                let (network, _, balancer) = made(&net, flags, port_flags)?;
                let found = net.properties(KIND, &balancer)?;
                same("Flags", &found["Flags"].as_u64().unwrap_or_default(), &u64::from(flags))?;
                same("the port's", &found["PortMappings"][0]["Flags"].as_u64(), &Some(port_flags.into()))?;
                net.delete(KIND, &balancer)?;
                net.delete(NetworkObjectKind::Network, &network)?;
            }
            Ok(())
        },
    ),
    Case::of_networks(
        "load_balancers::a_deleted_endpoint_leaves_it",
        &["net §4.4 Delete of endpoint used by LB"],
        |context| {
            let net = Net::new(context)?;
            let (_, endpoint, balancer) = made(&net, 0, 0)?;
            net.delete(NetworkObjectKind::Endpoint, &endpoint)?;
            let found = net.properties(KIND, &balancer)?;
            same("its endpoints", &ids(&found), &vec![])
        },
    ),
];
