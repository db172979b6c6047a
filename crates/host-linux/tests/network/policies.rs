//! Each policy by packets that it must let pass and packets that it must not.

use std::time::{Duration, Instant};

use hcs_contract::NetworkService;
use serde_json::json;

use super::packets::{PATIENCE, connects, datagrams, listen, receive};
use super::support::{Endpoint, Network, World, policies};

fn blocked(from: &hcs_dataplane::Netns, to: &str) -> bool {
    let to = to.parse().unwrap();
    from.inside(|| std::net::TcpStream::connect_timeout(&to, Duration::from_millis(300))).unwrap().is_err()
}

#[test]
fn published_ports_lead_in_from_everywhere() {
    let world = World::new();
    let network = world.nat();
    let port = |protocol: u8, flags: u32| {
        json!({ "Type": "PortMapping", "Settings":
            { "Protocol": protocol, "InternalPort": 80, "ExternalPort": 8080, "Flags": flags } })
    };
    let (endpoint, netns) =
        world.attached(&network, &json!({ "Policies": [port(6, 0), port(6, 2), port(17, 0)] }));
    let (_, other) = world.attached(&network, &json!({}));
    let server = listen(&netns, "[::]:80");
    assert_eq!(connects(&world.outside, "192.0.2.1:8080", &server).to_string(), "::ffff:192.0.2.9");
    assert_eq!(connects(&world.outside, "[2001:db8::1]:8080", &server).to_string(), "2001:db8::9");
    connects(&world.host, "127.0.0.1:8080", &server);
    connects(&world.host, "192.0.2.1:8080", &server);
    connects(&other, "192.0.2.1:8080", &server);
    connects(&netns, "192.0.2.1:8080", &server);
    let inside = datagrams(&netns, "0.0.0.0:80");
    let outside = datagrams(&world.outside, "192.0.2.9:0");
    outside.send_to(b"over UDP", "192.0.2.1:8080").unwrap();
    assert_eq!(receive(&inside).0, "over UDP");
    // Another endpoint can't have it, and leaves nothing of its own.
    let error =
        world.try_endpoint(&network, &json!({ "Name": "third", "Policies": [port(6, 0)] })).unwrap_err();
    assert!(error.is_port_already_exists(), "{error}");
    assert!(world.ids(Endpoint, &json!({ "Name": "third" })).is_empty());
    // Nor one of a port that another program has.
    let _program = listen(&world.host, "0.0.0.0:8081");
    let taken = json!([{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8081 } }]);
    let error = world.try_endpoint(&network, &json!({ "Policies": taken })).unwrap_err();
    assert!(error.is_port_already_exists() && error.to_string().contains("another program"), "{error}");
    // One that is chosen is told.
    let any = json!([{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "externalport": 0 } }]);
    let chosen = world.endpoint(&network, &json!({ "Policies": any }));
    assert_eq!(world.document(Endpoint, &chosen)["Policies"][0]["Settings"]["ExternalPort"], 49_152);
    // Withdrawn, and free again.
    world.open(Endpoint, &endpoint).modify(&policies("Remove", &json!([port(6, 0)]))).unwrap();
    assert!(blocked(&world.outside, "192.0.2.1:8080"));
    connects(&world.outside, "[2001:db8::1]:8080", &server);
    world.open(Endpoint, &chosen).modify(&policies("Update", &json!([port(6, 0)]))).unwrap();
    assert_eq!(world.drift(), Vec::<String>::new());
    world.clear();
}

#[test]
fn rules_let_pass_what_they_name_and_the_first_drops_all_else() {
    let world = World::new();
    let network = world.nat();
    let rule = |action: &str, direction: &str, ports: &str, priority: u16| {
        json!({ "Type": "ACL", "Settings": { "Action": action, "Direction": direction, "Protocols": "6",
            "LocalPorts": ports, "RuleType": "Switch", "Priority": priority } })
    };
    let (endpoint, netns) = world.attached(&network, &json!({}));
    let (_, other) = world.attached(&network, &json!({}));
    let open = listen(&netns, "0.0.0.0:80");
    let closed = listen(&netns, "0.0.0.0:81");
    connects(&other, "10.9.0.2:81", &closed);
    let rules = json!([rule("Allow", "In", "80", 200), rule("Block", "In", "70-90", 300)]);
    world.open(Endpoint, &endpoint).modify(&policies("Add", &rules)).unwrap();
    connects(&other, "10.9.0.2:80", &open);
    assert!(blocked(&other, "10.9.0.2:81"));
    // What no rule names: neither in nor out.
    let unnamed = listen(&netns, "0.0.0.0:99");
    assert!(blocked(&other, "10.9.0.2:99"));
    let server = listen(&other, "0.0.0.0:82");
    assert!(blocked(&netns, "10.9.0.3:82"));
    let all = json!([{ "Type": "ACL", "Settings": { "Action": "Allow", "Direction": "Out", "RemoteAddresses": "10.9.0.3",
        "Protocols": "256", "Priority": 65_500 } }]);
    world.open(Endpoint, &endpoint).modify(&policies("Add", &all)).unwrap();
    connects(&netns, "10.9.0.3:82", &server);
    // The lower number is asked first.
    world
        .open(Endpoint, &endpoint)
        .modify(&policies("Add", &json!([rule("Block", "In", "80", 100)])))
        .unwrap();
    assert!(blocked(&other, "10.9.0.2:80"));
    world.open(Endpoint, &endpoint).modify(&policies("Remove", &json!([{ "Type": "ACL" }]))).unwrap();
    connects(&other, "10.9.0.2:99", &unnamed);
    assert_eq!(world.drift(), Vec::<String>::new());
    world.clear();
}

#[test]
fn a_network_s_rules_hold_for_all_of_its_endpoints() {
    let world = World::new();
    let network = world.nat();
    let (_, a) = world.attached(&network, &json!({}));
    let (_, b) = world.attached(&network, &json!({}));
    let server = listen(&b, "0.0.0.0:80");
    connects(&a, "10.9.0.3:80", &server);
    let rules = json!([
        { "Type": "NetworkACL", "Settings": { "Action": "Block", "Direction": "In", "LocalPorts": "80", "Protocols": "6", "Priority": 1 } },
        { "Type": "NetworkACL", "Settings": { "Action": "Allow", "Direction": "In", "Priority": 2 } },
        { "Type": "NetworkACL", "Settings": { "Action": "Allow", "Direction": "Out", "Priority": 2 } },
    ]);
    world.open(Network, &network).modify(&policies("Add", &rules)).unwrap();
    assert!(blocked(&a, "10.9.0.3:80"));
    let other = listen(&b, "0.0.0.0:81");
    connects(&a, "10.9.0.3:81", &other);
    world.open(Network, &network).modify(&policies("Remove", &json!([{ "Type": "NetworkACL" }]))).unwrap();
    connects(&a, "10.9.0.3:80", &server);
    world.clear();
}

#[test]
fn what_leaves_has_the_host_s_address_but_for_exceptions() {
    let world = World::new();
    let network = world.nat();
    let mut links = hcs_dataplane::Links::open(&world.outside).unwrap();
    let wan = links.need(&"wan".parse().unwrap()).unwrap().index;
    let back = |to: &str| hcs_dataplane::Route {
        destination: to.parse().unwrap(),
        gateway: Some("192.0.2.1".parse().unwrap()),
        metric: None,
    };
    links.set_route(wan, &back("10.9.0.0/24")).unwrap();
    links.add_address(wan, "198.51.100.9/24".parse().unwrap()).unwrap();
    let server = listen(&world.outside, "0.0.0.0:80");
    let from = |policy: serde_json::Value, to: &str| {
        let (endpoint, netns) =
            world.attached(&network, &json!({ "Policies": [{ "Type": "OutBoundNAT", "Settings": policy }] }));
        let seen = connects(&netns, to, &server).to_string();
        world.engine.host.delete(Endpoint, &endpoint).unwrap();
        seen
    };
    assert_eq!(from(json!({}), "192.0.2.9:80"), "192.0.2.1");
    assert_eq!(from(json!({ "Exceptions": ["192.0.2.0/24"] }), "192.0.2.9:80"), "10.9.0.2");
    assert_eq!(from(json!({ "Exceptions": ["192.0.2.0/24"] }), "198.51.100.9:80"), "192.0.2.1");
    assert_eq!(from(json!({ "Destinations": ["198.51.100.0/24"] }), "192.0.2.9:80"), "10.9.0.2");
    assert_eq!(from(json!({ "Destinations": ["198.51.100.0/24"] }), "198.51.100.9:80"), "192.0.2.1");
    // An address of the host's that is not the one of its way out.
    let mut links = hcs_dataplane::Links::open(&world.host).unwrap();
    let eth0 = links.need(&"eth0".parse().unwrap()).unwrap().index;
    links.add_address(eth0, "192.0.2.77/24".parse().unwrap()).unwrap();
    assert_eq!(from(json!({ "VirtualIP": "192.0.2.77" }), "192.0.2.9:80"), "192.0.2.77");
    // Of an endpoint that is attached.
    let (endpoint, netns) = world.attached(&network, &json!({}));
    for (policy, source) in [
        (json!([{ "Type": "OutBoundNAT", "Settings": { "Exceptions": ["192.0.2.0/24"] } }]), "10.9.0.2"),
        (json!([{ "Type": "OutBoundNAT", "Settings": {} }]), "192.0.2.1"),
    ] {
        world.open(Endpoint, &endpoint).modify(&policies("Update", &policy)).unwrap();
        assert_eq!(connects(&netns, "192.0.2.9:80", &server).to_string(), source);
    }
    world.clear();
}

#[test]
fn an_endpoint_sends_no_faster_than_it_may() {
    const RATE: u64 = 500_000;
    const BYTES: usize = 300_000;
    let world = World::new();
    let network = world.nat();
    let limit =
        |rate: u64| json!([{ "Type": "QOS", "Settings": { "MaximumOutgoingBandwidthInBytes": rate } }]);
    let (endpoint, netns) = world.attached(&network, &json!({ "Policies": limit(RATE) }));
    let (_, other) = world.attached(&network, &json!({}));
    let server = listen(&other, "0.0.0.0:80");
    let send = || {
        use std::io::{Read, Write};
        let to = "10.9.0.3:80".parse().unwrap();
        let mut client =
            netns.inside(|| std::net::TcpStream::connect_timeout(&to, PATIENCE)).unwrap().unwrap();
        let mut accepted = server.accept().unwrap().0;
        let begun = Instant::now();
        let writer = std::thread::spawn(move || client.write_all(&vec![7; BYTES]).unwrap());
        let mut read = Vec::new();
        accepted.read_to_end(&mut read).unwrap();
        writer.join().unwrap();
        assert_eq!(read.len(), BYTES);
        begun.elapsed()
    };
    // 64 KiB may leave at once; the rest takes what the rate says.
    let least = Duration::from_millis(400);
    assert!(send() > least);
    world.open(Endpoint, &endpoint).modify(&policies("Update", &limit(0))).unwrap();
    assert!(send() < least);
    world.clear();
}

#[test]
fn overhead_names_and_addresses_of_links_are_as_the_policies_say() {
    let world = World::new();
    let policies =
        json!([{ "Type": "SourceMacAddress", "Settings": { "SourceMacAddress": "02:15:5d:00:00:aa" } }]);
    let network =
        world.network(&json!({ "Type": "NAT", "Ipams": super::support::ipams(0), "Policies": policies }));
    let document = json!({ "MacAddress": "02-15-5d-00-00-bb", "Policies": [
        { "Type": "EncapOverhead", "Settings": { "Overhead": 50 } },
        { "Type": "PortName", "Settings": { "Name": "a port of the switch" } },
        { "Type": "L2Driver" }, { "Type": "Iov", "Settings": { "IovOffloadWeight": 100 } },
    ] });
    let (endpoint, netns) = world.attached(&network, &document);
    let mut links = hcs_dataplane::Links::open(&netns).unwrap();
    let link = links.need(&"eth0".parse().unwrap()).unwrap();
    assert_eq!((link.mtu, link.mac), (1450, Some("02-15-5D-00-00-BB".parse().unwrap())));
    let mut links = hcs_dataplane::Links::open(&world.host).unwrap();
    let all = links.list().unwrap();
    let bridge = all.iter().find(|link| link.name.starts_with("hcb")).unwrap();
    assert_eq!(bridge.mac, Some("02-15-5D-00-00-AA".parse().unwrap()));
    let port = all.iter().find(|link| link.name.starts_with("hce")).unwrap();
    assert_eq!((port.mtu, port.alias.as_deref()), (1450, Some("a port of the switch")));
    // A packet that fills the link passes, and one that is larger does not.
    let inside = datagrams(&netns, "0.0.0.0:90");
    let host = datagrams(&world.host, "10.9.0.1:0");
    host.send_to(&[b'x'; 1400], "10.9.0.2:90").unwrap();
    assert_eq!(receive(&inside).0.len(), 1400);
    // Kept and echoed, in the order in which they came.
    let kept = world.document(Endpoint, &endpoint)["Policies"].clone();
    let kinds: Vec<_> =
        kept.as_array().unwrap().iter().map(|policy| policy["Type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["EncapOverhead", "PortName", "L2Driver", "Iov"]);
    assert_eq!(world.drift(), Vec::<String>::new());
    world.clear();
}
