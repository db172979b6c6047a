//! Networks through the public API, on the fake: what clients must tell apart, and the Go library's own checks.


use std::sync::Arc;

use hcsshim::fake::{FakeHost, Fault};
use hcsshim::hcn::Feature;
use hcsshim::schema::network::hcn::{
    EndpointPolicySetting, HostComputeEndpoint, HostComputeNetwork, HostComputeQuery, Ipam, NetworkType,
    PortMappingPolicySetting, Route, SDNRoutePolicySetting, Subnet,
};
use hcsshim::schema::network::hns::{AclPolicy, ActionType, DirectionType, PolicyType};
use hcsshim::{Host, Hresult, OperationKind, Options};

const NOBODY: &str = "7e1f0a5c-9c1d-4e44-8d5a-0c0ffee00001";

fn nat(name: &str) -> HostComputeNetwork {
    HostComputeNetwork { name: name.into(), network_type: NetworkType::NAT, ..HostComputeNetwork::default() }
}

fn published(port: u16) -> HostComputeEndpoint {
    let mapping = PortMappingPolicySetting {
        protocol: 6,
        internal_port: 80,
        external_port: port,
        ..PortMappingPolicySetting::default()
    };
    HostComputeEndpoint {
        policies: Option::from(EndpointPolicySetting::PortMapping(mapping)).into_iter().collect(),
        ..HostComputeEndpoint::default()
    }
}

#[test]
fn not_found_already_exists_and_no_service_are_three_errors() {
    let fake = FakeHost::new();
    let host = Host::fake(&fake);
    let (hcn, hns) = (host.hcn().unwrap(), host.hns().unwrap());
    let network = hcn.create_network(&nat("a")).unwrap();
    for error in [
        hcn.network(NOBODY).unwrap_err(),
        hcn.network_by_name("b").unwrap_err(),
        hcn.delete_endpoint(NOBODY).unwrap_err(),
        hns.network(NOBODY).unwrap_err(),
        hns.network_by_name("b").unwrap_err(),
        hns.remove_namespace(NOBODY).unwrap_err(),
    ] {
        assert!(
            error.is_not_exist() && !error.is_already_exists() && !error.is_service_unavailable(),
            "{error}"
        );
        assert!(!error.object_id().is_empty(), "{error}");
    }
    hcn.create_endpoint_on(&network.id, &published(8080)).unwrap();
    let again = HostComputeNetwork { id: network.id.clone(), ..nat("a") };
    let taken = [
        hcn.create_network(&again).unwrap_err(),
        hcn.create_endpoint_on(&network.id, &published(8080)).unwrap_err(),
    ];
    for error in &taken {
        assert!(error.is_already_exists() && !error.is_not_exist(), "{error}");
    }
    assert_eq!(taken.map(|error| error.code()), ["network-already-exists", "port-already-exists"]);
    fake.faults().add(Fault::on(OperationKind::Enumerate).fail(Hresult::ERROR_SERVICE_NOT_ACTIVE));
    let error = hcn.networks(&HostComputeQuery::all()).unwrap_err();
    assert!(error.is_service_unavailable() && !error.is_not_exist(), "{error}");
}

#[test]
fn a_host_without_networks_says_so() {
    let host = Host::from_service(Arc::new(FakeHost::new()), Options::default());
    assert!(host.hcn().unwrap_err().is_not_supported());
    assert!(host.hns().unwrap_err().to_string().contains("networks"));
}

#[test]
fn what_later_clients_check_is_checked() {
    let fake = FakeHost::new();
    let hcn = Host::fake(&fake).hcn().unwrap();
    let with = |routes: &[(&str, &str)]| {
        let route = |(next_hop, destination_prefix): &(&str, &str)| Route {
            next_hop: (*next_hop).into(),
            destination_prefix: (*destination_prefix).into(),
            ..Route::default()
        };
        let subnet = Subnet {
            ip_address_prefix: "192.168.100.0/24".into(),
            routes: routes.iter().map(route).collect(),
            ..Subnet::default()
        };
        let ipam = Ipam { subnets: vec![subnet], ..Ipam::default() };
        HostComputeNetwork { ipams: vec![ipam], ..nat("checked") }
    };
    for (routes, path) in [
        (&[("", "0.0.0.0/0")][..], "Ipams[0].Subnets[0].Routes[0].NextHop"),
        (&[("192.168.100.1", "1.1.1.1/0")][..], "Ipams[0].Subnets[0].Routes"),
    ] {
        let error = hcn.create_network(&with(routes)).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
    }
    for routes in [&[][..], &[("192.168.100.1", "0.0.0.0")][..], &[("192.168.100.1", "0.0.0.0/0")][..]] {
        let network = hcn.create_network(&with(routes)).unwrap();
        hcn.delete_network(&network.id).unwrap();
    }
    let named =
        HostComputeEndpoint { host_compute_namespace: NOBODY.into(), ..HostComputeEndpoint::default() };
    assert!(hcn.create_endpoint(&named).unwrap_err().to_string().contains("HostComputeNamespace"));
    let error = hcn.add_route(&[], SDNRoutePolicySetting::default()).unwrap_err();
    assert!(error.to_string().contains("endpoint_ids"), "{error}");
}

#[test]
fn rules_of_v1_are_added_and_all_taken_away() {
    let host = Host::fake(&FakeHost::new());
    let (hcn, hns) = (host.hcn().unwrap(), host.hns().unwrap());
    let network = hcn.create_network(&nat("a")).unwrap();
    let endpoint = hcn.create_endpoint_on(&network.id, &published(8080)).unwrap();
    let rule = AclPolicy {
        policy_type: PolicyType::ACL,
        protocol: 6,
        action: ActionType::ALLOW,
        direction: DirectionType::IN,
        local_port: 80,
        ..AclPolicy::default()
    };
    hns.apply_acl_policies(&endpoint.id, &[rule]).unwrap();
    let found = hcn.endpoint(&endpoint.id).unwrap();
    assert!(matches!(found.policies[0].setting(), Ok(EndpointPolicySetting::PortMapping(_))));
    let Ok(EndpointPolicySetting::Acl(acl)) = found.policies[1].setting() else { panic!("{found:?}") };
    assert_eq!((acl.protocols.as_str(), acl.local_ports.as_str()), ("6", "80"));
    hns.apply_acl_policies(&endpoint.id, &[]).unwrap();
    assert_eq!(hcn.endpoint(&endpoint.id).unwrap().policies.len(), 1);
}

#[test]
fn an_endpoint_that_is_attached_is_not_attached_again() {
    let host = Host::fake(&FakeHost::new());
    let (hcn, hns) = (host.hcn().unwrap(), host.hns().unwrap());
    let network = hcn.create_network(&nat("a")).unwrap();
    let endpoint = hcn.create_endpoint_on(&network.id, &HostComputeEndpoint::default()).unwrap();
    hns.attach_to_container(&endpoint.id, "web", 0).unwrap();
    assert!(hns.is_attached(&endpoint.id, "WEB").unwrap());
    // There is no such container: the network service alone was asked.
    host.hot_attach_endpoint("web", &endpoint.id).unwrap();
    hns.detach_from_container(&endpoint.id, "web").unwrap();
    host.hot_detach_endpoint("web", &endpoint.id).unwrap();
    assert!(host.hot_attach_endpoint("web", &endpoint.id).unwrap_err().is_not_exist());
}

#[test]
fn the_service_has_every_feature() {
    let hcn = Host::fake(&FakeHost::new()).hcn().unwrap();
    for feature in Feature::ALL {
        hcn.require(*feature).unwrap();
    }
    assert!(hcn.supported_features().unwrap().api.v2);
}
