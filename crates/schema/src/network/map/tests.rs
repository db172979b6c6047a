//! Round trips, and what stands where.

use serde_json::{Value, json};

use super::*;
use crate::Document;
use crate::network::{hcn, hns};

fn read<T: Document>(value: &Value) -> T {
    T::from_json(&value.to_string()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn written<T: Document>(document: &T) -> Value {
    serde_json::from_str(&document.to_json()).unwrap()
}

/// `v1` is written as `v2` says, and comes back.
#[track_caller]
fn both_ways<A: Document, B: Document>(v1: &Value, v2: &Value, to_v2: fn(&A) -> B, to_v1: fn(&B) -> A) {
    assert_eq!(written(&to_v2(&read(v1))), *v2);
    assert_eq!(written(&to_v1(&read(v2))), *v1);
}

#[test]
fn a_network() {
    both_ways::<hns::Network, _>(
        &json!({
            "ID": "n", "Name": "nat", "Type": "nat", "NetworkAdapterName": "Ethernet", "SourceMac": "00-01",
            "Policies": [{"Type": "HostRoute"}, {"Type": "Unheard", "A": [1]}],
            "MacPools": [{"StartMacAddress": "00-15-5D-52-C0-00", "EndMacAddress": "00-15-5D-52-CF-FF"}],
            "Subnets": [
                {"AddressPrefix": "192.168.100.0/24", "GatewayAddress": "192.168.100.1",
                 "Policies": [{"Type": "VLAN", "VLAN": 7}, {"Type": "VSID", "VSID": 5000}]},
                {"AddressPrefix": "fd00::/64", "GatewayAddress": "fd00::1"},
            ],
            "DNSSuffix": "a.test,b.test", "DNSServerList": "1.1.1.1,8.8.8.8", "DNSServerCompartment": 3,
            "ManagementIP": "10.0.0.2", "AutomaticDNS": true, "Nobody": {"x": null},
        }),
        &json!({
            "ID": "n", "Name": "nat", "Type": "nat",
            "Policies": [
                {"Type": "NetAdapterName", "Settings": {"NetworkAdapterName": "Ethernet"}},
                {"Type": "SourceMacAddress", "Settings": {"SourceMacAddress": "00-01"}},
                {"Type": "AutomaticDNS", "Settings": {"Enable": true}},
                {"Type": "HostRoute"},
                {"Type": "Unheard", "Settings": {"A": [1]}},
            ],
            "MacPool": {"Ranges": [{"StartMacAddress": "00-15-5D-52-C0-00", "EndMacAddress": "00-15-5D-52-CF-FF"}]},
            "Dns": {"Domain": "a.test", "Search": ["b.test"], "ServerList": ["1.1.1.1", "8.8.8.8"]},
            "Ipams": [{"Type": "Static", "Subnets": [
                {"IpAddressPrefix": "192.168.100.0/24",
                 "Policies": [{"Type": "VLAN", "Settings": {"IsolationId": 7}},
                              {"Type": "VSID", "Settings": {"IsolationId": 5000}}],
                 "Routes": [{"NextHop": "192.168.100.1", "DestinationPrefix": "0.0.0.0/0"}]},
                {"IpAddressPrefix": "fd00::/64",
                 "Routes": [{"NextHop": "fd00::1", "DestinationPrefix": "::/0"}]},
            ]}],
            "Health": {"Extra": {}},
            "SchemaVersion": {"Major": 2, "Minor": 0},
            "Nobody": {"x": null}, "DNSServerCompartment": 3, "ManagementIP": "10.0.0.2",
        }),
        network_to_v2,
        network_to_v1,
    );
}

#[test]
fn an_endpoint() {
    both_ways::<hns::Endpoint, _>(
        &json!({
            "ID": "e", "Name": "web", "VirtualNetwork": "n", "VirtualNetworkName": "nat",
            "Policies": [{"Type": "QOS", "MaximumOutgoingBandwidthInBytes": 9}],
            "MacAddress": "00-15-5D-52-C0-01", "IPAddress": "192.168.100.2", "IPv6Address": "fd00::2",
            "DNSSuffix": "a.test", "DNSServerList": "1.1.1.1", "DNSDomain": "d", "GatewayAddress": "192.168.100.1",
            "GatewayAddressV6": "fd00::1", "EnableInternalDNS": true, "DisableICC": true, "PrefixLength": 24,
            "IPv6PrefixLength": 64, "IsRemoteEndpoint": true, "EnableLowMetric": true, "Namespace": {"ID": "s"},
            "EncapOverhead": 50, "SharedContainers": ["c"], "State": 2, "Nobody": 1,
        }),
        &json!({
            "ID": "e", "Name": "web", "HostComputeNetwork": "n", "HostComputeNamespace": "s",
            "Policies": [
                {"Type": "EncapOverhead", "Settings": {"Overhead": 50}},
                {"Type": "QOS", "Settings": {"MaximumOutgoingBandwidthInBytes": 9}},
            ],
            "IpConfigurations": [
                {"IpAddress": "192.168.100.2", "PrefixLength": 24},
                {"IpAddress": "fd00::2", "PrefixLength": 64},
            ],
            "Dns": {"Domain": "a.test", "ServerList": ["1.1.1.1"]},
            "Routes": [
                {"NextHop": "192.168.100.1", "DestinationPrefix": "0.0.0.0/0"},
                {"NextHop": "fd00::1", "DestinationPrefix": "::/0"},
            ],
            "MacAddress": "00-15-5D-52-C0-01", "Flags": 3, "Health": {"Extra": {}},
            "SchemaVersion": {"Major": 2, "Minor": 0}, "Nobody": 1, "VirtualNetworkName": "nat", "DNSDomain": "d",
            "EnableInternalDNS": true, "EnableLowMetric": true, "SharedContainers": ["c"], "State": 2,
        }),
        endpoint_to_v2,
        endpoint_to_v1,
    );
}

/// What v1 has no word for stands in its unknown members, and comes back to its place.
#[test]
fn what_v1_cannot_say_is_not_lost() {
    let network = json!({
        "ID": "n", "Type": "Overlay", "MacPool": {},
        "Dns": {"Search": ["only.test"], "Options": ["ndots:1"]},
        "Ipams": [{"Type": "DHCP", "Subnets": [
            {"IpAddressPrefix": "10.0.0.0/8",
             "Routes": [{"NextHop": "10.0.0.1", "DestinationPrefix": "0.0.0.0"},
                        {"NextHop": "10.0.0.9", "DestinationPrefix": "1.0.0.0/8", "Metric": 7}],
             "Flags": 1},
        ]}],
        "Flags": 8, "Health": {"Extra": {}}, "SchemaVersion": {"Major": 2, "Minor": 0},
    });
    let v1 = network_to_v1(&read(&network));
    assert_eq!(v1.subnets[0].gateway_address, "10.0.0.1");
    assert_eq!(v1.unknown["Flags"], 8);
    assert_eq!(written(&network_to_v2(&v1)), network);

    let endpoint = json!({
        "ID": "e", "HostComputeNetwork": "n",
        "IpConfigurations": [{"IpAddress": "10.0.0.2", "PrefixLength": 8}, {"IpAddress": "10.0.0.3"}],
        "Dns": {}, "Routes": [{"NextHop": "10.0.0.9", "DestinationPrefix": "1.0.0.0/8"}], "Flags": 4,
        "Health": {"Extra": {}}, "SchemaVersion": {"Major": 2, "Minor": 0},
    });
    let v1 = endpoint_to_v1(&read(&endpoint));
    assert_eq!((v1.ip_address.as_str(), v1.prefix_length), ("10.0.0.2", 8));
    assert_eq!(written(&endpoint_to_v2(&v1)), endpoint);

    let balancer = json!({
        "ID": "b", "HostComputeEndpoints": ["e"], "FrontendVIPs": ["1.1.1.2"],
        "PortMappings": [{"Protocol": 6, "ExternalPort": 80, "DistributionType": 2, "Flags": 9}],
        "SchemaVersion": {"Major": 2, "Minor": 0}, "Flags": 3,
    });
    let v1 = load_balancer_to_v1(&read(&balancer));
    assert_eq!(policy_list_to_v2(&v1).unwrap(), Listed::LoadBalancer(read(&balancer)));
}

#[test]
fn policies_of_each_type() {
    for (v1, v2) in [
        (
            json!({"Type": "NAT", "Protocol": "TCP", "InternalPort": 80, "ExternalPort": 8080}),
            json!({"Type": "PortMapping", "Settings": {"Protocol": 6, "InternalPort": 80, "ExternalPort": 8080}}),
        ),
        (
            json!({"Type": "NAT", "Protocol": "", "ExternalPortReserved": true, "VIP": "10.0.0.1"}),
            json!({"Type": "PortMapping",
                   "Settings": {"Protocol": 0, "ExternalPortReserved": true, "VIP": "10.0.0.1"}}),
        ),
        (
            json!({"Type": "ACL", "Id": "r", "Action": "Block", "Direction": "In", "LocalPorts": "80,8080",
                   "Priority": 200, "Protocol": 17, "RemotePort": 53}),
            json!({"Type": "ACL", "Settings": {"Id": "r", "Action": "Block", "Direction": "In",
                   "LocalPorts": "80,8080", "Priority": 200, "Protocols": "17", "RemotePorts": "53"}}),
        ),
        (
            json!({"Type": "PA", "PA": "10.0.0.1"}),
            json!({"Type": "ProviderAddress", "Settings": {"ProviderAddress": "10.0.0.1"}}),
        ),
        (
            json!({"Type": "OutBoundNAT", "VIP": "10.0.0.1", "ExceptionList": ["10.0.0.0/8"], "Destinations": ["::/0"]}),
            json!({"Type": "OutBoundNAT", "Settings": {"VirtualIP": "10.0.0.1", "Exceptions": ["10.0.0.0/8"],
                   "Destinations": ["::/0"]}}),
        ),
        (
            json!({"Type": "ROUTE", "DestinationPrefix": "10.0.0.0/8", "NextHop": "10.0.0.1", "NeedEncap": true}),
            json!({"Type": "SDNRoute", "Settings": {"DestinationPrefix": "10.0.0.0/8", "NextHop": "10.0.0.1",
                   "NeedEncap": true}}),
        ),
        (
            json!({"Type": "PROXY", "IP": "10.0.0.1", "Port": "80", "ExceptionList": ["x"], "Destination": "y",
                   "OutboundNat": true}),
            json!({"Type": "L4Proxy", "Settings": {"IP": "10.0.0.1", "Port": "80", "Exceptions": ["x"],
                   "Destination": "y", "OutboundNAT": true}}),
        ),
        (json!({"Type": "L2Driver"}), json!({"Type": "L2Driver"})),
        (
            json!({"Type": "Isolation", "VLAN": 1, "VSID": 2, "InDefaultIsolation": false}),
            json!({"Type": "Isolation", "Settings": {"VLAN": 1, "VSID": 2, "InDefaultIsolation": false}}),
        ),
        // What has no type is left for a host to refuse.
        (json!(7), json!({"Type": "", "Settings": 7})),
        (json!({"A": 1}), json!({"Type": "", "Settings": {"A": 1}})),
        (json!({"Type": 7}), json!({"Type": "", "Settings": {"Type": 7}})),
    ] {
        assert_eq!(policy_to_v2(&v1), v2);
        assert_eq!(policy_to_v1(&v2), v1);
    }
}

/// v0.8.4 sends every member of a rule, and 256 for every protocol; types come in any letter case.
#[test]
fn a_rule_of_an_older_client_says_what_it_means() {
    let rule = json!({
        "Type": "acl", "Protocol": 256, "InternalPort": 0, "Action": "Allow", "Direction": "Out", "LocalAddresses": "",
        "RemoteAddresses": "", "LocalPort": 0, "RemotePort": 443, "Priority": 0, "ServiceName": "",
    });
    assert_eq!(
        policy_to_v2(&rule),
        json!({"Type": "acl", "Settings": {"Action": "Allow", "Direction": "Out", "RemotePorts": "443"}})
    );
}

#[test]
fn a_policy_list_is_a_load_balancer_or_a_route() {
    let list = json!({
        "ID": "l", "References": ["/endpoints/a", "/endpoints/b"],
        "Policies": [
            {"Type": "ELB", "Protocol": 6, "InternalPort": 8080, "ExternalPort": 80, "SourceVIP": "10.0.0.1",
             "VIPs": ["1.1.1.2"], "ILB": true, "IsDSR": true},
            {"Type": "ELB", "Protocol": 17, "InternalPort": 0, "ExternalPort": 53, "SourceVIP": "10.0.0.1",
             "VIPs": ["1.1.1.2"], "IsDSR": true},
        ],
    });
    let Listed::LoadBalancer(balancer) = policy_list_to_v2(&read(&list)).unwrap() else {
        panic!("no balancer")
    };
    assert_eq!(
        written(&balancer),
        json!({
            "ID": "l", "HostComputeEndpoints": ["a", "b"], "SourceVIP": "10.0.0.1", "FrontendVIPs": ["1.1.1.2"],
            "PortMappings": [
                {"Protocol": 6, "InternalPort": 8080, "ExternalPort": 80, "Flags": 1},
                {"Protocol": 17, "ExternalPort": 53},
            ],
            "SchemaVersion": {"Major": 2, "Minor": 0}, "Flags": 1,
        })
    );
    assert_eq!(written(&load_balancer_to_v1(&balancer)), list);

    let list = json!({
        "ID": "r", "References": ["/endpoints/a"],
        "Policies": [{"Type": "ROUTE", "DestinationPrefix": "169.254.169.254/24", "NextHop": "127.10.0.34"}],
    });
    let Listed::Route(route) = policy_list_to_v2(&read(&list)).unwrap() else { panic!("no route") };
    assert_eq!(route.setting[0].next_hop, "127.10.0.34");
    assert_eq!(written(&route_to_v1(&route)), list);

    for (list, path) in [
        (json!({}), "Policies"),
        (json!({"Policies": [{"Type": "NAT"}]}), "Policies[0].Type"),
        (json!({"Policies": [{"Type": "ELB", "VIPs": 7}]}), "Policies[0].VIPs"),
        (json!({"Policies": [{"Type": "ELB"}, {"Type": "ROUTE"}]}), "Policies"),
        (json!({"Policies": [{"Type": "ELB"}, {"Type": "ELB", "VIPs": ["1.1.1.1"]}]}), "Policies[1]"),
        (json!({"References": ["/networks/x"]}), "References[0]"),
        (json!({"References": ["/endpoints/"]}), "References[0]"),
    ] {
        assert_eq!(policy_list_to_v2(&read(&list)).unwrap_err().path, path, "{list}");
    }
}

#[test]
fn a_namespace() {
    both_ways::<hns::Namespace, _>(
        &json!({"ID": "s", "IsDefault": true, "ResourceList": [{"Type": "Endpoint", "Data": {"Id": "e"}}],
                "CompartmentId": 5}),
        &json!({"ID": "s", "NamespaceId": 5, "Type": "HostDefault",
                "Resources": [{"Type": "Endpoint", "Data": {"ID": "e"}}],
                "SchemaVersion": {"Major": 2, "Minor": 0}}),
        namespace_to_v2,
        namespace_to_v1,
    );
    for kind in ["Guest", "GuestDefault", "Host"] {
        let v2 = json!({"ID": "s", "Type": kind, "SchemaVersion": {"Major": 2, "Minor": 0}});
        assert_eq!(written(&namespace_to_v2(&namespace_to_v1(&read(&v2)))), v2);
    }
}

/// A v1 client reads an endpoint, drops what it does not know, changes a policy and sends the whole: what it could not
/// see stays.
#[test]
fn an_update_by_v1_keeps_what_v1_did_not_see() {
    let stored: hcn::HostComputeEndpoint = read(&json!({
        "ID": "e", "HostComputeNetwork": "n", "IpConfigurations": [{"IpAddress": "10.0.0.2", "PrefixLength": 8}],
        "Dns": {"Domain": "a.test", "Options": ["ndots:1"]},
        "Routes": [{"NextHop": "10.0.0.1", "DestinationPrefix": "0.0.0.0/0", "Metric": 3}],
        "Flags": 4, "Health": {"Extra": {"LayeredOn": "l"}}, "SchemaVersion": {"Major": 2, "Minor": 2},
        "Nobody": 1,
    }));
    let mut seen = endpoint_to_v1(&stored);
    seen.unknown.clear();
    assert_eq!(endpoint_updated(&stored, &seen), stored, "sent as it was read");

    seen.policies.push(json!({"Type": "ACL", "Action": "Block", "Direction": "In"}));
    seen.dns_server_list = "9.9.9.9".into();
    let updated = endpoint_updated(&stored, &seen);
    assert_eq!(updated.policies.len(), 1);
    assert_eq!(updated.dns.server_list, ["9.9.9.9"]);
    assert!(updated.dns.options.is_empty(), "v1 said it anew, so v1's words count");
    assert_eq!((updated.routes[0].metric, updated.flags.0), (3, 4));
    assert_eq!(updated.unknown["Nobody"], 1);

    let network: hcn::HostComputeNetwork = read(&json!({"ID": "n", "Type": "NAT", "Flags": 8, "Name": "a"}));
    let mut seen = network_to_v1(&network);
    seen.unknown.clear();
    seen.name = "b".into();
    let updated = network_updated(&network, &seen);
    assert_eq!((updated.name.as_str(), updated.flags.0), ("b", 8));
}

#[test]
fn a_document_of_v1_is_known_by_its_members() {
    for (document, v1) in [
        (json!({"Name": "n", "Type": "NAT", "Subnets": []}), true),
        (json!({"name": "e", "virtualnetwork": "n"}), true),
        (json!({"Name": "n", "SchemaVersion": {"Major": 0, "Minor": 0}, "MacPools": []}), true),
        (json!({"Name": "n", "SchemaVersion": {"Major": 2, "Minor": 0}, "Subnets": []}), false),
        (json!({"Name": "n", "Type": "NAT"}), false),
        (json!({"schemaversion": {"major": 0}}), false),
        (json!([]), false),
    ] {
        assert_eq!(is_v1(&document), v1, "{document}");
    }
}
