//! Rules of endpoints, by packets that must pass and packets that must be dropped. A dropped datagram is proved by one
//! that is sent after it and arrives: packets of one sender to one machine keep their order.

use std::net::UdpSocket;
use std::ops::RangeInclusive;

use hcs_dataplane::ipnet::IpNet;
use hcs_dataplane::{Acl, AclRule, Action, Direction, Endpoint, Error, Kind, Links, Netns, Network, Route};

use crate::listing::nft;
use crate::support::{World, connects, datagrams, endpoint, listen, name, net, network, receive};

const IN: Direction = Direction::In;
const OUT: Direction = Direction::Out;

fn rule(direction: Direction, action: Action, priority: u16) -> AclRule {
    AclRule {
        direction,
        action,
        priority,
        protocols: Vec::new(),
        local: Vec::new(),
        remote: Vec::new(),
        local_ports: Vec::new(),
        remote_ports: Vec::new(),
    }
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| net(text)).collect()
}

/// An endpoint under test and another one on the same network, and the outside, which knows the way to both.
struct Lab {
    world: World,
    network: Network,
    one: Netns,
    two: Netns,
}

impl Lab {
    fn new() -> Self {
        let mut world = World::new();
        // Straight ways to and from the outside, without translation: the rules see both sides' own addresses.
        let network = network(1, Kind::Internal);
        world.plane.add_network(&network).unwrap();
        let one = world.container(&network, &endpoint(1, 10));
        let two = world.container(&network, &endpoint(1, 11));
        Self { world, network, one, two }
    }

    fn set(&mut self, acl: &Acl) {
        let endpoint = Endpoint { acl: acl.clone(), ..endpoint(1, 10) };
        self.world.plane.attach(&self.network, &endpoint, &self.one).unwrap();
    }

    fn rules(&mut self, rules: &[AclRule]) {
        self.set(&Acl { rules: rules.to_vec(), ..Acl::default() });
    }
}

/// A datagram from `socket` to each of `dropped`, and then one to `passes`, which is the first that arrives.
fn only(socket: &UdpSocket, dropped: &[&str], passes: &str, server: &UdpSocket) {
    for to in dropped {
        // What is dropped on its way out may say so at once.
        match socket.send_to(b"dropped", to) {
            Ok(_) => {}
            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::PermissionDenied, "{to}"),
        }
    }
    socket.send_to(passes.as_bytes(), passes).unwrap();
    assert_eq!(receive(server).0, passes);
}

#[test]
fn ports_and_protocols() {
    let mut lab = Lab::new();
    let ports = |ports: &[RangeInclusive<u16>]| AclRule {
        protocols: vec![17],
        local_ports: ports.to_vec(),
        ..rule(IN, Action::Block, 100)
    };
    let client = datagrams(&lab.two, "10.9.1.11:0");
    let [a, b, c, d] = ["80", "81", "90", "91"].map(|port| datagrams(&lab.one, &format!("10.9.1.10:{port}")));
    lab.rules(&[ports(&[80..=80])]);
    only(&client, &["10.9.1.10:80"], "10.9.1.10:81", &b);
    lab.rules(&[ports(&[80..=80, 81..=90])]);
    only(&client, &["10.9.1.10:80", "10.9.1.10:81", "10.9.1.10:90"], "10.9.1.10:91", &d);
    lab.rules(&[ports(&[91..=65535])]);
    only(&client, &["10.9.1.10:91"], "10.9.1.10:90", &c);
    // Another protocol's rule leaves it alone, and holds for that protocol.
    lab.rules(&[AclRule { protocols: vec![6, 132], ..ports(&[80..=80]) }]);
    only(&client, &[], "10.9.1.10:80", &a);
    let tcp = listen(&lab.one, "10.9.1.10:81");
    connects(&lab.two, "10.9.1.10:81", &tcp);
    // Without a protocol, ports are those of every protocol that has them.
    lab.rules(&[AclRule { protocols: Vec::new(), ..ports(&[80..=80]) }]);
    only(&client, &["10.9.1.10:80"], "10.9.1.10:81", &b);

    // The other side's port, and the endpoint's own on its way out.
    let from = client.local_addr().unwrap().port();
    let other = datagrams(&lab.two, "10.9.1.11:0");
    lab.rules(&[AclRule { remote_ports: vec![from..=from], ..ports(&[]) }]);
    client.send_to(b"dropped", "10.9.1.10:80").unwrap();
    only(&other, &[], "10.9.1.10:80", &a);
    // To sockets that nothing was asked from, or what is sent would be an answer.
    let (client, other) = (datagrams(&lab.two, "10.9.1.11:0"), datagrams(&lab.two, "10.9.1.11:0"));
    let from = client.local_addr().unwrap().port();
    lab.rules(&[AclRule { direction: OUT, local_ports: vec![80..=81], ..ports(&[]) }]);
    let to = format!("10.9.1.11:{from}");
    _ = a.send_to(b"dropped", &to);
    _ = b.send_to(b"dropped", &to);
    only(&c, &[], &to, &client);
    lab.rules(&[AclRule { direction: OUT, remote_ports: vec![from..=from], ..ports(&[]) }]);
    let other_to = other.local_addr().unwrap().to_string();
    only(&a, &[&to], &other_to, &other);
}

#[test]
fn addresses_of_both_versions() {
    let mut lab = Lab::new();
    let both = |direction, local: &[&str], remote: &[&str]| AclRule {
        local: nets(local),
        remote: nets(remote),
        ..rule(direction, Action::Block, 100)
    };
    let client = datagrams(&lab.two, "[::]:0");
    let server = datagrams(&lab.one, "[::]:80");
    let (v4, v6) = ("[::ffff:10.9.1.10]:80", "[fd00:1::10]:80");
    lab.rules(&[both(IN, &[], &["10.9.1.11/32"])]);
    only(&client, &[v4], v6, &server);
    lab.rules(&[both(IN, &[], &["fd00:1::11/128"])]);
    only(&client, &[v6], v4, &server);
    lab.rules(&[both(IN, &["10.9.1.10/32", "fd00:1::/64"], &["10.9.1.8/30", "fd00:2::/64"])]);
    only(&client, &[v4], v6, &server);
    // A rule for two addresses fits what both sides fit.
    lab.rules(&[both(IN, &["10.9.1.99/32"], &["10.9.1.11/32"])]);
    only(&client, &[], v4, &server);
    // Prefixes that touch, overlap and repeat.
    lab.rules(&[both(IN, &[], &["10.9.1.0/29", "10.9.1.8/29", "10.9.1.11/32", "10.9.1.11/32", "0.0.0.0/1"])]);
    only(&client, &[v4], v6, &server);

    // To a socket that nothing was asked from, or what is sent would be an answer.
    let client = datagrams(&lab.two, "[::]:0");
    let from_v6 = format!("[fd00:1::11]:{}", client.local_addr().unwrap().port());
    let from_v4 = format!("[::ffff:10.9.1.11]:{}", client.local_addr().unwrap().port());
    lab.rules(&[both(OUT, &[], &["10.9.1.11/32"])]);
    only(&server, &[&from_v4], &from_v6, &client);
    lab.rules(&[both(OUT, &["10.9.1.8/30"], &[])]);
    only(&server, &[&from_v4], &from_v6, &client);
}

#[test]
fn the_lowest_priority_number_is_asked_first_and_what_no_rule_fits_goes_by_default() {
    let mut lab = Lab::new();
    let client = datagrams(&lab.two, "10.9.1.11:0");
    let [a, b] = ["80", "81"].map(|port| datagrams(&lab.one, &format!("10.9.1.10:{port}")));
    let port = |action, priority| AclRule { local_ports: vec![80..=80], ..rule(IN, action, priority) };
    for (rules, passes) in [
        (vec![port(Action::Block, 100), port(Action::Allow, 200)], false),
        (vec![port(Action::Block, 200), port(Action::Allow, 100)], true),
        (vec![port(Action::Block, 100), port(Action::Allow, 100)], false),
        (vec![port(Action::Allow, 100), port(Action::Block, 100)], true),
        (
            vec![
                rule(IN, Action::Block, u16::MAX),
                port(Action::Allow, 0),
                AclRule { local_ports: vec![81..=81], ..rule(IN, Action::Allow, 5) },
            ],
            true,
        ),
    ] {
        lab.rules(&rules);
        if passes {
            only(&client, &[], "10.9.1.10:80", &a);
        } else {
            only(&client, &["10.9.1.10:80"], "10.9.1.10:81", &b);
        }
    }
    // By default nothing, in both directions; the answers to what is allowed pass all the same.
    lab.set(&Acl {
        rules: vec![port(Action::Allow, 1)],
        otherwise_in: Action::Block,
        otherwise_out: Action::Block,
    });
    only(&client, &["10.9.1.10:81"], "10.9.1.10:80", &a);
    a.send_to(b"answer", client.local_addr().unwrap()).unwrap();
    assert_eq!(receive(&client).0, "answer");
    let other = datagrams(&lab.two, "10.9.1.11:0");
    _ = b.send_to(b"unasked", other.local_addr().unwrap());
    let tcp = listen(&lab.one, "10.9.1.10:80");
    connects(&lab.two, "10.9.1.10:80", &tcp);
    lab.set(&Acl { otherwise_in: Action::Block, ..Acl::default() });
    let server = listen(&lab.two, "10.9.1.11:80");
    connects(&lab.one, "10.9.1.11:80", &server);
    b.send_to(b"first", other.local_addr().unwrap()).unwrap();
    assert_eq!(receive(&other).0, "first");
}

#[test]
fn a_rule_that_blocks_holds_for_what_flows_already() {
    let mut lab = Lab::new();
    let client = datagrams(&lab.two, "10.9.1.11:0");
    let [a, b] = ["80", "81"].map(|port| datagrams(&lab.one, &format!("10.9.1.10:{port}")));
    only(&client, &[], "10.9.1.10:80", &a);
    a.send_to(b"answer", client.local_addr().unwrap()).unwrap();
    assert_eq!(receive(&client).0, "answer");
    lab.rules(&[AclRule { local_ports: vec![80..=80], ..rule(IN, Action::Block, 1) }]);
    only(&client, &["10.9.1.10:80"], "10.9.1.10:81", &b);
    // And with the rules gone all passes again.
    lab.rules(&[]);
    only(&client, &[], "10.9.1.10:80", &a);
    assert_eq!(nft(&lab.one, &["list", "ruleset"]), "");
}

#[test]
fn neighbours_find_each_other_under_a_default_of_nothing() {
    let mut lab = Lab::new();
    let only_from = |text: &str| AclRule { remote: nets(&[text]), ..rule(IN, Action::Allow, 1) };
    lab.set(&Acl {
        rules: vec![only_from("fd00:1::11/128"), only_from("10.9.1.11/32")],
        otherwise_in: Action::Block,
        otherwise_out: Action::Block,
    });
    // Neither side has asked for the other yet: a neighbour solicitation must come in, and its answer go out.
    let server = listen(&lab.one, "[fd00:1::10]:80");
    connects(&lab.two, "[fd00:1::10]:80", &server);
    let server = listen(&lab.one, "10.9.1.10:80");
    connects(&lab.two, "10.9.1.10:80", &server);
}

#[test]
fn contradictions_are_refused_and_nothing_is_changed() {
    let mut lab = Lab::new();
    let base = rule(IN, Action::Block, 7);
    for (bad, says) in [
        (AclRule { protocols: vec![1], local_ports: vec![80..=80], ..base.clone() }, "ports of a protocol"),
        (
            AclRule { local: nets(&["10.0.0.0/8"]), remote: nets(&["fd00::/8"]), ..base.clone() },
            "one IP version",
        ),
        #[expect(clippy::reversed_empty_ranges, reason = "it is what is refused")]
        (AclRule { remote_ports: vec![9..=8], ..base.clone() }, "ends before it begins"),
    ] {
        let acl = Acl { rules: vec![base.clone(), bad], ..Acl::default() };
        let endpoint = Endpoint { acl, ..endpoint(1, 10) };
        let refused = lab.world.plane.attach(&lab.network, &endpoint, &lab.one).unwrap_err();
        assert!(matches!(refused, Error::Invalid { .. }), "{refused:?}");
        let text = refused.to_string();
        assert!(text.contains("rule 1 (priority 7)") && text.contains(says), "{text}");
    }
    assert_eq!(nft(&lab.one, &["list", "ruleset"]), "");
}

#[test]
fn nft_shows_an_endpoint_s_table_as_it_is_meant() {
    let mut lab = Lab::new();
    let acl = Acl {
        rules: vec![
            AclRule {
                protocols: vec![6],
                remote: nets(&["10.0.0.21/32", "192.168.100.0/24", "fd00:7::/64"]),
                local_ports: vec![80..=80, 8080..=8089],
                ..rule(IN, Action::Allow, 200)
            },
            AclRule { protocols: vec![6, 17], local_ports: vec![443..=443], ..rule(IN, Action::Allow, 100) },
            AclRule {
                protocols: vec![17],
                remote: nets(&["192.0.2.53/32"]),
                remote_ports: vec![53..=53],
                ..rule(OUT, Action::Allow, 100)
            },
            rule(OUT, Action::Block, 65_000),
        ],
        otherwise_in: Action::Block,
        otherwise_out: Action::Allow,
    };
    lab.set(&acl);
    let listing = nft(&lab.one, &["list", "ruleset"]);
    assert_eq!(listing, include_str!("endpoint-table.nft"), "\n{listing}");
    // Set again it is left alone; changed by somebody, it is mended.
    let generation = || nft(&lab.one, &["-a", "list", "ruleset"]);
    let before = generation();
    lab.set(&acl);
    let same = nft(&lab.one, &["-a", "list", "ruleset"]);
    assert_eq!(same, before);
    nft(&lab.one, &["flush", "chain", "inet", "hcs-test-eth0", "in"]);
    lab.set(&acl);
    assert_eq!(nft(&lab.one, &["list", "ruleset"]), listing);
}

#[test]
fn an_internal_network_has_no_way_out_and_a_private_one_not_even_to_the_host() {
    for seen in [false, true] {
        let mut world = World::new();
        world.bridged_frames_seen(seen);
        // The host forwards for somebody else.
        world.host.inside(|| fs_err::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap()).unwrap();
        let mut there = Links::open(&world.outside).unwrap();
        let wan = there.need(&name("wan")).unwrap().index;
        let back = Route {
            destination: net("10.9.0.0/16"),
            gateway: Some("192.0.2.1".parse().unwrap()),
            metric: None,
        };
        there.set_route(wan, &back).unwrap();
        let (internal, private) = (network(1, Kind::Internal), network(3, Kind::Private));
        for network in [&internal, &private] {
            world.plane.add_network(network).unwrap();
        }
        let inside = world.container(&internal, &endpoint(1, 10));
        let peer = world.container(&internal, &endpoint(1, 11));
        let server = datagrams(&world.outside, "0.0.0.0:7000");
        let client = datagrams(&inside, "10.9.1.10:0");
        client.send_to(b"out", "192.0.2.9:7000").unwrap();
        let host = datagrams(&world.host, "0.0.0.0:0");
        host.send_to(b"host", "192.0.2.9:7000").unwrap();
        assert_eq!(receive(&server).0, "host");
        // Nor in; but the host and its endpoints talk.
        let server = datagrams(&inside, "10.9.1.10:53");
        let outside = datagrams(&world.outside, "0.0.0.0:0");
        outside.send_to(b"in", "10.9.1.10:53").unwrap();
        host.send_to(b"from the host", "10.9.1.10:53").unwrap();
        assert_eq!(receive(&server).0, "from the host");
        let tcp = listen(&peer, "10.9.1.11:80");
        connects(&inside, "10.9.1.11:80", &tcp);
        let tcp = listen(&world.host, "10.9.1.1:80");
        connects(&inside, "10.9.1.1:80", &tcp);

        // A private network: its endpoints talk to each other, and nobody routes.
        let routes = Vec::new();
        let one = world.container(&private, &Endpoint { routes: routes.clone(), ..endpoint(3, 10) });
        let two = world.container(&private, &Endpoint { routes, ..endpoint(3, 11) });
        let tcp = listen(&two, "10.9.3.11:80");
        connects(&one, "10.9.3.11:80", &tcp);
        let addresses = Links::open(&world.host).unwrap().addresses().unwrap();
        assert!(!addresses.iter().any(|a| a.address.to_string().starts_with("10.9.3.")));
    }
}
