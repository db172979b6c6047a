//! Networks of each kind, by the packets that pass and do not pass.

use hcs_contract::NetworkService;
use serde_json::json;

use super::packets::{connects, listen};
use super::support::{Endpoint, Network, World, ipams};

/// A connection that must not come about. The kernel says no at once where there is no route; where packets are
/// dropped, this much time shows it.
fn refused(from: &hcs_dataplane::Netns, to: &str) -> bool {
    let to = to.parse().unwrap();
    let limit = std::time::Duration::from_millis(300);
    from.inside(|| std::net::TcpStream::connect_timeout(&to, limit)).unwrap().is_err()
}

#[test]
fn a_nat_network_leads_out_and_lets_nothing_in() {
    let world = World::new();
    let network = world.nat();
    let (one, a) = world.attached(&network, &json!({ "Name": "a" }));
    let (_, b) = world.attached(&network, &json!({ "Name": "b" }));
    let outside = listen(&world.outside, "192.0.2.9:80");
    assert_eq!(connects(&a, "192.0.2.9:80", &outside).to_string(), "192.0.2.1");
    let outside6 = listen(&world.outside, "[2001:db8::9]:80");
    assert_eq!(connects(&a, "[2001:db8::9]:80", &outside6).to_string(), "2001:db8::1");
    let inside = listen(&b, "0.0.0.0:81");
    assert_eq!(connects(&a, "10.9.0.3:81", &inside).to_string(), "10.9.0.2");
    assert_eq!(connects(&world.host, "10.9.0.3:81", &inside).to_string(), "10.9.0.1");
    // The outside has a route, and still nothing comes in.
    world.outside.inside(|| ()).unwrap();
    assert!(refused(&world.outside, "10.9.0.3:81"));
    // What the documents say is what is there.
    let document = world.document(Endpoint, &one);
    assert_eq!(document["IpConfigurations"][0], json!({ "IpAddress": "10.9.0.2", "PrefixLength": 24 }));
    assert_eq!(document["IpConfigurations"][1], json!({ "IpAddress": "fd00::2", "PrefixLength": 64 }));
    assert_eq!(document["Routes"][0], json!({ "NextHop": "10.9.0.1", "DestinationPrefix": "0.0.0.0/0" }));
    assert!(document["MacAddress"].as_str().unwrap().starts_with("00-15-5D-"), "{document}");
    assert_eq!(world.drift(), Vec::<String>::new());
    world.engine.host.delete(Network, &network).unwrap();
    assert!(world.ids(Endpoint, &json!({})).is_empty());
    assert!(refused(&a, "192.0.2.9:80"));
    world.clear();
}

#[test]
fn internal_and_private_networks_lead_nowhere_else() {
    let world = World::new();
    let outside = listen(&world.outside, "192.0.2.9:80");
    let internal = world.network(&json!({ "Name": "internal", "Type": "Internal", "Ipams": ipams(1) }));
    let (_, a) = world.attached(&internal, &json!({}));
    let (_, b) = world.attached(&internal, &json!({}));
    let inside = listen(&b, "0.0.0.0:81");
    connects(&a, "10.9.1.3:81", &inside);
    connects(&world.host, "10.9.1.3:81", &inside);
    assert!(refused(&a, "192.0.2.9:80"));
    let private = world.network(&json!({ "Name": "private", "Type": "Private", "Ipams": ipams(2) }));
    let (_, c) = world.attached(&private, &json!({}));
    let (_, d) = world.attached(&private, &json!({}));
    // Without a gateway of the document's own, endpoints get the lowest addresses but it.
    let inside = listen(&d, "0.0.0.0:82");
    connects(&c, "10.9.2.3:82", &inside);
    assert!(refused(&world.host, "10.9.2.3:82"));
    assert!(refused(&c, "192.0.2.9:80"));
    drop(outside);
    world.clear();
}

/// A second wire, on which the host has no address: it ends as eth1 there. The links outside, and the wire's among them.
fn second_wire(world: &World) -> (hcs_dataplane::Links, u32) {
    let mut links = hcs_dataplane::Links::open(&world.outside).unwrap();
    let veth = hcs_dataplane::Veth {
        name: "wire1".parse().unwrap(),
        peer: "eth1".parse().unwrap(),
        peer_mac: "02-00-00-00-00-77".parse().unwrap(),
        mtu: None,
        bridge: None,
        group: 0,
    };
    links.add_veth(&veth, &world.host).unwrap();
    let wire = links.need(&"wire1".parse().unwrap()).unwrap().index;
    (links, wire)
}

#[test]
fn an_endpoint_on_the_wire_is_seen_there() {
    let world = World::new();
    let (mut links, wire) = second_wire(&world);
    links.set_up(wire).unwrap();
    links.add_address(wire, "10.9.3.1/24".parse().unwrap()).unwrap();
    for kind in ["Transparent", "L2Bridge", "L2Tunnel"] {
        let policies = json!([{ "Type": "NetAdapterName", "Settings": { "NetworkAdapterName": "eth1" } }]);
        let network = world.network(&json!({ "Type": kind, "Ipams": [ipams(3)[0]], "Policies": policies }));
        let (_, a) = world.attached(&network, &json!({}));
        let server = listen(&world.outside, "10.9.3.1:80");
        // With its own address, and to it.
        assert_eq!(connects(&a, "10.9.3.1:80", &server).to_string(), "10.9.3.2");
        let inside = listen(&a, "0.0.0.0:81");
        assert_eq!(connects(&world.outside, "10.9.3.2:81", &inside).to_string(), "10.9.3.1");
        world.clear();
    }
    // The host's own link would be cut off.
    let policies = json!([{ "Type": "NetAdapterName", "Settings": { "NetworkAdapterName": "eth0" } }]);
    let error = world.try_network(&json!({ "Type": "L2Bridge", "Policies": policies })).unwrap_err();
    assert!(error.to_string().contains("192.0.2.1"), "{error}");
    let policies = json!([{ "Type": "InterfaceConstraint", "Settings": { "InterfaceAlias": "eth1" } }]);
    world.network(&json!({ "Type": "Transparent", "Ipams": [{ "Type": "DHCP" }], "Policies": policies }));
    world.clear();
}

#[test]
fn a_network_whose_wire_is_gone_stands_in_no_other_s_way() {
    let world = World::new();
    let (mut links, wire) = second_wire(&world);
    let policies = json!([{ "Type": "NetAdapterName", "Settings": { "NetworkAdapterName": "eth1" } }]);
    let lost = world.network(&json!({ "Type": "Transparent", "Ipams": [ipams(3)[0]], "Policies": policies }));
    let nat = world.nat();
    links.delete(&[wire], 4711).unwrap();
    // The next boot: all is made anew, and one can't be.
    let database = rusqlite::Connection::open(world.engine.path("state/network.db")).unwrap();
    database.execute("UPDATE state SET value = 'another' WHERE key = 'boot'", []).unwrap();
    drop(database);
    assert_eq!(world.ids(Network, &json!({})).len(), 2);
    let (endpoint, netns) = world.attached(&nat, &json!({}));
    let server = listen(&world.outside, "192.0.2.9:80");
    connects(&netns, "192.0.2.9:80", &server);
    let rule =
        json!([{ "Type": "ACL", "Settings": { "Action": "Allow", "Direction": "Out", "Priority": 1 } }]);
    world.open(Endpoint, &endpoint).modify(&super::support::policies("Add", &rule)).unwrap();
    let rule = rule.to_string().replace("ACL", "NetworkACL");
    let rule = serde_json::from_str(&rule).unwrap();
    world.open(Network, &nat).modify(&super::support::policies("Add", &rule)).unwrap();
    // It is not forgotten.
    let error = world.engine.host.check_networks(true).unwrap_err();
    assert!(error.to_string().contains("eth1"), "{error}");
    world.engine.host.delete(Network, &lost).unwrap();
    world.engine.host.check_networks(true).unwrap();
    connects(&netns, "192.0.2.9:80", &server);
    world.clear();
}

#[test]
fn a_network_without_addresses_gets_some_that_nobody_has() {
    let world = World::new();
    let one = world.network(&json!({ "Name": "one", "Type": "NAT", "MacPool": {}, "Dns": {} }));
    let two = world.network(&json!({ "Name": "two", "Type": "nat" }));
    let prefix = |id: &str| world.document(Network, id)["Ipams"][0]["Subnets"][0]["IpAddressPrefix"].clone();
    assert_eq!((prefix(&one), prefix(&two)), (json!("172.16.0.0/20"), json!("172.16.16.0/20")));
    let range = |id: &str| world.document(Network, id)["MacPool"]["Ranges"][0]["StartMacAddress"].clone();
    assert_ne!(range(&one), range(&two));
    assert_eq!(world.ids(Network, &json!({ "Name": "two" })), [two.as_str()]);
    assert_eq!(world.ids(Network, &json!({ "ID": two.to_uppercase() })), [two.as_str()]);
    assert_eq!(world.ids(Network, &json!({})).len(), 2);
    assert_eq!(world.ids(Network, &json!({ "Name": "Two" })), [""; 0]);
    // All of a filter holds, and an id is a text.
    assert_eq!(world.ids(Network, &json!({ "ID": one, "Name": "two" })), [""; 0]);
    assert_eq!(world.ids(Network, &json!({ "ID": one, "Name": "one" })), [one.as_str()]);
    assert_eq!(world.ids(Network, &json!({ "ID": 5 })), [""; 0]);
    let endpoint = world.endpoint(&one, &json!({}));
    assert_eq!(world.ids(Endpoint, &json!({ "ID": endpoint, "HostComputeNetwork": two })), [""; 0]);
    assert_eq!(world.ids(Endpoint, &json!({ "VirtualNetwork": one })), [endpoint]);
    world.clear();
}

#[test]
fn the_machine_s_own_network_stays_as_it_is() {
    let own = || {
        let mut links = hcs_dataplane::Links::open(&hcs_dataplane::Netns::current().unwrap()).unwrap();
        let addresses = links.addresses().unwrap();
        let all = links.list().unwrap();
        let routes: Vec<_> = all.iter().map(|link| links.routes(link.index).unwrap()).collect();
        let forward = fs_err::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
        // Other tests' links to other namespaces are none of this one's.
        let names: Vec<_> = all.iter().map(|link| (link.name.clone(), link.group)).collect();
        (names, addresses, routes, forward)
    };
    let before = own();
    let world = World::new();
    let network = world.nat();
    let port = json!([{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8080 } }]);
    let (endpoint, _netns) = world.attached(&network, &json!({ "Policies": port }));
    assert_eq!(own(), before, "with a network");
    world.engine.host.delete(Endpoint, &endpoint).unwrap();
    world.clear();
    assert_eq!(own(), before, "without it");
}
