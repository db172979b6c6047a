//! What can't be is refused with the service's code for it, and leaves nothing.

use hcs_contract::{Hresult, NetworkService};
use serde_json::{Value, json};

use super::support::{Endpoint, Namespace, Network, World, ipams, policies};

const NOBODY: &str = "7b7fd6a5-0b0c-4e29-b4a3-3a5d2b3f9d11";

fn subnet(prefix: &str, gateway: &str) -> Value {
    json!({ "Type": "NAT", "Ipams": [{ "Subnets": [{ "IpAddressPrefix": prefix,
        "Routes": [{ "NextHop": gateway, "DestinationPrefix": "0.0.0.0/0" }] }] }] })
}

#[test]
fn networks_that_can_t_be() {
    let world = World::new();
    let nat = world.nat();
    // What is changed later is looked at as well.
    let dns = json!({ "ResourceType": "DNS", "RequestType": "Update", "Settings": { "Search": ["a\nnameserver 192.0.2.66"] } });
    let error = world.open(Network, &nat).modify(&dns.to_string()).unwrap_err();
    assert_eq!(error.hresult(), Hresult::E_INVALIDARG, "{error}");
    for (document, code, says) in [
        (subnet("10.9.0.128/25", "10.9.0.129"), Hresult::HCN_E_NETWORK_ALREADY_EXISTS, "overlaps"),
        (subnet("10.0.0.0/8", "10.0.0.1"), Hresult::HCN_E_NETWORK_ALREADY_EXISTS, "overlaps"),
        (subnet("192.0.2.0/25", "192.0.2.2"), Hresult::HCN_E_INVALID_PREFIX, "host's own"),
        (subnet("10.10.0.0", "10.10.0.1"), Hresult::HCN_E_INVALID_PREFIX, "no prefix"),
        (subnet("10.10.0.0/33", "10.10.0.1"), Hresult::HCN_E_INVALID_PREFIX, "no prefix"),
        (subnet("10.10.0.0/31", "10.10.0.1"), Hresult::HCN_E_INVALID_PREFIX, "no room"),
        (subnet("127.0.0.0/24", "127.0.0.1"), Hresult::HCN_E_INVALID_PREFIX, "no link may have"),
        (subnet("10.10.0.0/24", "10.11.0.1"), Hresult::HCN_E_INVALID_SUBNET, "no gateway"),
        (subnet("10.10.0.0/24", "10.10.0.0"), Hresult::HCN_E_INVALID_SUBNET, "no gateway"),
        (subnet("10.10.0.0/24", "gw"), Hresult::HCN_E_INVALID_IP, "NextHop"),
        (json!({ "Type": "Token Ring" }), Hresult::HCN_E_INVALID_NETWORK_TYPE, "Token Ring"),
        (json!({ "Type": "Overlay" }), Hresult::ERROR_NOT_SUPPORTED, "Overlay"),
        (json!({ "Type": "Transparent" }), Hresult::ERROR_NOT_SUPPORTED, "NetAdapterName"),
        (json!({ "Flags": 1 }), Hresult::ERROR_NOT_SUPPORTED, "Flags"),
        (json!({ "ID": "nat" }), Hresult::HCN_E_GUID_CONVERSION_FAILURE, "nat"),
        (json!({ "Ipams": 7 }), Hresult::HCN_E_INVALID_JSON, "Ipams"),
        (
            json!({ "MacPool": { "Ranges": [{ "StartMacAddress": "x", "EndMacAddress": "y" }] } }),
            Hresult::E_INVALIDARG,
            "StartMacAddress",
        ),
        (
            json!({ "Dns": { "ServerList": ["8.8.8.8\nsearch evil"] } }),
            Hresult::HCN_E_INVALID_IP,
            "ServerList[0]",
        ),
        (json!({ "Dns": { "Domain": "a b" } }), Hresult::E_INVALIDARG, "Dns"),
        (
            json!({ "Ipams": [{ "Subnets": [{ "Routes": [{ "NextHop": "10.1.0.1" }] }] }] }),
            Hresult::ERROR_NOT_SUPPORTED,
            "Ipams[0].Subnets[0].Routes",
        ),
        (
            json!({ "Type": "Private", "Ipams": [{ "Subnets": [{ "Flags": 1 }] }] }),
            Hresult::ERROR_NOT_SUPPORTED,
            "Ipams[0].Subnets[0].Flags",
        ),
        (json!({ "Policies": [{ "Type": "Magic" }] }), Hresult::HCN_E_INVALID_POLICY_TYPE, "Magic"),
        (json!({ "Policies": [{ "Type": "HostRoute" }] }), Hresult::ERROR_NOT_SUPPORTED, "HostRoute"),
        (
            json!({ "Policies": [{ "Type": "NetAdapterName", "Settings": { "NetworkAdapterName": "eth0" } }] }),
            Hresult::ERROR_NOT_SUPPORTED,
            "Policies[0]",
        ),
        (
            json!({ "Type": "L2Bridge", "Policies": [{ "Type": "NetAdapterName", "Settings": { "NetworkAdapterName": "eth7" } }] }),
            Hresult::HCN_E_ADAPTER_NOT_FOUND,
            "eth7",
        ),
        (
            json!({ "Ipams": [{ "Subnets": [{ "IpAddressPrefix": "10.10.0.0/24", "Policies": [{ "Type": "VLAN", "Settings": { "IsolationId": 7 } }] }] }] }),
            Hresult::ERROR_NOT_SUPPORTED,
            "VLAN",
        ),
    ] {
        let error = world.try_network(&document).unwrap_err();
        assert_eq!(error.hresult(), code, "{document}: {error}");
        let text = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(text.contains(says), "{document}: {text}");
    }
    assert_eq!(world.ids(Network, &json!({})).len(), 1, "none of them is there");
    assert_eq!(world.drift(), Vec::<String>::new());
    for (text, code) in [("{", Hresult::HCN_E_INVALID_JSON), ("[]", Hresult::HCN_E_INVALID_JSON)] {
        assert_eq!(world.engine.host.create(Network, None, text).unwrap_err().hresult(), code);
    }
    let error = world.engine.host.create(Network, Some("x"), "{}").unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_GUID_CONVERSION_FAILURE);
    world.clear();
}

#[test]
fn endpoints_that_can_t_be() {
    let world = World::new();
    let network = world.nat();
    let private = world.network(&json!({ "Type": "Private", "Ipams": ipams(1) }));
    let address = |address: &str| json!({ "IpConfigurations": [{ "IpAddress": address }] });
    let policy =
        |kind: &str, settings: Value| json!({ "Policies": [{ "Type": kind, "Settings": settings }] });
    let first = world.endpoint(&network, &json!({ "MacAddress": "02-00-00-00-00-01" }));
    for (document, code, says) in [
        (address("10.9.1.2"), Hresult::HCN_E_SUBNET_NOT_FOUND, "10.9.1.2"),
        (address("10.9.0.1"), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, "10.9.0.1"),
        (address("10.9.0.0"), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, "10.9.0.0"),
        (address("10.9.0.255"), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, "10.9.0.255"),
        (address("10.9.0.2"), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, "10.9.0.2"),
        (address("web"), Hresult::HCN_E_INVALID_IP, "web"),
        (
            json!({ "IpConfigurations": [{ "IpAddress": "10.9.0.9", "PrefixLength": 33 }] }),
            Hresult::HCN_E_INVALID_PREFIX,
            "PrefixLength",
        ),
        (json!({ "MacAddress": "02-00-00-00-00-01" }), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, "MacAddress"),
        (json!({ "MacAddress": "01-00-00-00-00-01" }), Hresult::E_INVALIDARG, "MacAddress"),
        (json!({ "MacAddress": "\u{0}\u{15}]" }), Hresult::E_INVALIDARG, "MacAddress"),
        (json!({ "Flags": 1 }), Hresult::ERROR_NOT_SUPPORTED, "RemoteEndpoint"),
        (
            json!({ "Routes": [{ "NextHop": "10.9.0.1", "DestinationPrefix": "x" }] }),
            Hresult::HCN_E_INVALID_PREFIX,
            "Routes[0]",
        ),
        (
            json!({ "Routes": [{ "NextHop": "::1", "DestinationPrefix": "10.0.0.0/8" }] }),
            Hresult::HCN_E_INVALID_IP,
            "Routes[0]",
        ),
        (
            policy("PortMapping", json!({ "Protocol": 6, "ExternalPort": 80 })),
            Hresult::HCN_E_INVALID_INTERNAL_PORT,
            "InternalPort",
        ),
        (
            policy("PortMapping", json!({ "Protocol": 1, "InternalPort": 80 })),
            Hresult::HCN_E_INVALID_POLICY,
            "Protocol",
        ),
        (
            policy("PortMapping", json!({ "InternalPort": 80, "ExternalPort": 1, "Flags": 4 })),
            Hresult::ERROR_NOT_SUPPORTED,
            "Flags",
        ),
        (
            policy("PortMapping", json!({ "InternalPort": "80" })),
            Hresult::HCN_E_INVALID_POLICY,
            "Policies[0]",
        ),
        (
            policy("ACL", json!({ "Action": "Allow", "Direction": "In", "LocalPorts": "http" })),
            Hresult::HCN_E_INVALID_POLICY,
            "LocalPorts",
        ),
        (
            policy("QOS", json!({ "MaximumOutgoingBandwidthInBytes": 10 })),
            Hresult::HCN_E_INVALID_POLICY,
            "MaximumOutgoing",
        ),
        (policy("EncapOverhead", json!({ "Overhead": 1000 })), Hresult::HCN_E_INVALID_POLICY, "Overhead"),
        (
            policy("OutBoundNAT", json!({ "MaxPortPoolUsage": 5 })),
            Hresult::ERROR_NOT_SUPPORTED,
            "MaxPortPoolUsage",
        ),
        (
            policy("TierAcl", json!({ "Name": "t", "Direction": "In", "Order": 1 })),
            Hresult::ERROR_NOT_SUPPORTED,
            "TierAcl",
        ),
        (policy("Magic", json!({})), Hresult::HCN_E_INVALID_POLICY_TYPE, "Magic"),
    ] {
        let error = world.try_endpoint(&network, &document).unwrap_err();
        assert_eq!(error.hresult(), code, "{document}: {error}");
        assert!(error.to_string().contains(says), "{document}: {error}");
    }
    let port = policy("PortMapping", json!({ "Protocol": 6, "InternalPort": 80, "ExternalPort": 80 }));
    let error = world.try_endpoint(&private, &port).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_MAPPING_NOT_SUPPORTED);
    let error = world.try_endpoint(NOBODY, &json!({})).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_NETWORK_NOT_FOUND);
    let error = world.try_endpoint(&network, &json!({ "ID": first.to_uppercase() })).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_ALREADY_EXISTS);
    assert_eq!(world.ids(Endpoint, &json!({})), [first.as_str()]);
    // What failed took nothing: the next gets the lowest of all.
    let next = world.endpoint(&network, &json!({}));
    assert_eq!(world.document(Endpoint, &next)["IpConfigurations"][0]["IpAddress"], "10.9.0.3");
    let handle = world.open(Endpoint, &first);
    let error = handle.modify(&policies("Remove", &json!([{ "Type": "QOS" }]))).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_POLICY_NOT_FOUND);
    let error = handle.modify(r#"{"ResourceType":"Port"}"#).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
    // Gone, whoever has it open; and gone once.
    world.engine.host.delete(Endpoint, &first).unwrap();
    for error in [
        handle.properties("").unwrap_err(),
        handle.modify(&policies("Add", &json!([{ "Type": "L2Driver" }]))).unwrap_err(),
        world.engine.host.delete(Endpoint, &first).unwrap_err(),
    ] {
        assert_eq!(error.hresult(), Hresult::ERROR_NOT_FOUND);
    }
    handle.close();
    assert_eq!(handle.properties("").unwrap_err().code(), "already-closed");
    world.clear();
}

#[test]
fn a_pool_that_is_empty_says_so_and_one_that_is_not_again_gives() {
    let world = World::new();
    let network = world.network(&subnet("10.9.9.0/30", "10.9.9.1"));
    let only = world.endpoint(&network, &json!({}));
    let error = world.try_endpoint(&network, &json!({})).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED);
    assert!(error.to_string().contains("taken") && error.hint().is_some(), "{error}");
    world.engine.host.delete(Endpoint, &only).unwrap();
    world.endpoint(&network, &json!({}));
    let macs = json!({ "Ranges": [{ "StartMacAddress": "02-00-00-00-00-01", "EndMacAddress": "02-00-00-00-00-02" }] });
    let small = world.network(&json!({ "Type": "Private", "MacPool": macs }));
    let one = world.endpoint(&small, &json!({}));
    assert_eq!(
        world.document(Endpoint, &one)["MacAddress"],
        "02-00-00-00-00-02",
        "the first is the bridge's"
    );
    let error = world.try_endpoint(&small, &json!({})).unwrap_err();
    assert!(error.to_string().contains("hardware"), "{error}");
    world.clear();
}

#[test]
fn what_nobody_has_is_not_found_and_queries_are_checked() {
    let world = World::new();
    let host = &world.engine.host;
    for kind in hcs_contract::NetworkObjectKind::ALL {
        assert_eq!(host.open(*kind, NOBODY).unwrap_err().hresult(), Hresult::ERROR_NOT_FOUND, "{kind}");
        assert_eq!(host.delete(*kind, NOBODY).unwrap_err().hresult(), Hresult::ERROR_NOT_FOUND, "{kind}");
        assert_eq!(host.open(*kind, "x").unwrap_err().hresult(), Hresult::HCN_E_GUID_CONVERSION_FAILURE);
    }
    for kind in [Network, Endpoint, Namespace] {
        let error = host.enumerate(kind, r#"{"Filter":"{\"Colour\":\"red\"}"}"#).unwrap_err();
        assert_eq!(error.hresult(), Hresult::E_INVALIDARG, "{error}");
        assert_eq!(host.enumerate(kind, r#"{"Filter":"red"}"#).unwrap_err().hresult(), Hresult::E_INVALIDARG);
    }
    for kind in [hcs_contract::NetworkObjectKind::LoadBalancer, hcs_contract::NetworkObjectKind::Route] {
        assert_eq!(host.enumerate(kind, "").unwrap(), "[]");
        assert_eq!(host.create(kind, None, "{}").unwrap_err().hresult(), Hresult::ERROR_NOT_SUPPORTED);
    }
    assert_eq!(host.create(Endpoint, None, "{}").unwrap_err().hresult(), Hresult::E_INVALIDARG);
    world.clear();
}
