//! What is there is brought to what is wanted: from nothing, from half of it, from what others made of it; and nobody
//! else's links, routes, addresses and rules are touched.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hcs_dataplane::{
    Acl, AclRule, Action, Bridge, BridgePort, Change, Direction, EgressLimit, Endpoint, Error, Instance,
    Kind, LinkName, Links, Netns, Network, Plane, PortMap, TableState, Transport, Wanted,
};

use crate::listing::nft;
use crate::support::{World, connects, endpoint, listen, mac, name, namespace, net, network, outside_of};

struct Set {
    networks: Vec<(Network, Vec<Endpoint>)>,
    inside: Vec<Netns>,
    ports: Vec<PortMap>,
}

impl Set {
    /// A NAT network with two endpoints, an internal one with one, a private one with one, and ports.
    fn new() -> Self {
        let networks = vec![
            (network(1, Kind::Nat), vec![endpoint(1, 10), endpoint(1, 11)]),
            (network(2, Kind::Internal), vec![endpoint(2, 10)]),
            (network(3, Kind::Private), vec![endpoint(3, 10)]),
        ];
        let inside = (0..4).map(|n| Netns::create(format!("container {n}")).unwrap()).collect();
        let ports = (1..=300)
            .map(|n| PortMap {
                transport: if n % 2 == 0 { Transport::Tcp } else { Transport::Udp },
                at: (n % 3 == 0).then(|| "192.0.2.1".parse::<IpAddr>().unwrap()),
                port: 8000 + n,
                to: "10.9.1.10:80".parse().unwrap(),
            })
            .collect();
        Self { networks, inside, ports }
    }

    fn wanted(&self) -> Wanted<'_> {
        let mut inside = self.inside.iter();
        let with = |(network, endpoints): &(Network, Vec<Endpoint>)| {
            let endpoints = endpoints.iter().map(|e| (e.clone(), inside.next().unwrap())).collect();
            (network.clone(), endpoints)
        };
        Wanted {
            networks: self.networks.iter().map(with).collect(),
            ports: self.ports.clone(),
            ..Wanted::default()
        }
    }
}

fn works(world: &World, set: &Set) {
    let server = listen(&set.inside[0], "0.0.0.0:80");
    connects(&set.inside[1], "10.9.1.10:80", &server);
    connects(&world.outside, "192.0.2.1:8002", &server);
    connects(&world.outside, "192.0.2.1:8006", &server);
    let server = listen(&world.outside, "0.0.0.0:80");
    assert_eq!(connects(&set.inside[0], "192.0.2.9:80", &server).to_string(), "192.0.2.1");
}

#[test]
fn applied_twice_it_changes_nothing_and_afterwards_all_works() {
    let mut world = World::new();
    let set = Set::new();
    let made = world.plane.apply(&set.wanted()).unwrap();
    assert!(made.iter().any(|c| matches!(c, Change::Made(what) if what == "bridge br1")), "{made:?}");
    assert_eq!(world.plane.table_state().unwrap(), TableState::Present);
    let before = world.plane.links().unwrap();
    assert_eq!(world.plane.apply(&set.wanted()).unwrap(), []);
    assert_eq!(world.plane.links().unwrap(), before);
    works(&world, &set);
    let mut ports = world.plane.ports().unwrap();
    ports.sort();
    let mut wanted = set.ports.clone();
    wanted.sort();
    assert_eq!(ports, wanted);
}

#[test]
fn call_by_call_gives_the_same_as_all_at_once() {
    let mut world = World::new();
    let set = Set::new();
    let wanted = set.wanted();
    for _ in 0..2 {
        for (network, endpoints) in &wanted.networks {
            world.plane.add_network(network).unwrap();
            for (endpoint, netns) in endpoints {
                world.plane.attach(network, endpoint, netns).unwrap();
            }
        }
        world.plane.add_ports(&wanted.ports).unwrap();
    }
    assert_eq!(world.plane.apply(&wanted).unwrap(), []);
    works(&world, &set);
}

/// What somebody does at the host, or in the first container.
#[derive(Clone, Copy)]
enum Damage {
    Host(fn(&World, &mut Links)),
    Inside(fn(&Netns, &mut Links)),
}

fn index(links: &mut Links, text: &str) -> u32 {
    links.need(&name(text)).unwrap().index
}

fn damages() -> Vec<(&'static str, Damage)> {
    use Damage::{Host, Inside};
    vec![
        (
            "bridge br1",
            Host(|_, links| {
                let br1 = index(links, "br1");
                links.delete(&[br1], 4712).unwrap();
            }),
        ),
        (
            "link vh1-10",
            Host(|_, links| {
                let link = index(links, "vh1-10");
                links.delete(&[link], 4712).unwrap();
            }),
        ),
        (
            "link vh1-11",
            Host(|_, links| {
                let link = index(links, "vh1-11");
                links.set_controller(link, None).unwrap();
            }),
        ),
        (
            "port vh1-11",
            Host(|_, links| {
                let link = index(links, "vh1-11");
                links.set_port(link, BridgePort { hairpin: false, locked: false, isolated: false }).unwrap();
            }),
        ),
        (
            "address 10.9.1.1/24 of br1",
            Host(|_, links| {
                let br1 = index(links, "br1");
                links.remove_address(br1, net("10.9.1.1/24")).unwrap();
            }),
        ),
        (
            "bridge br1",
            Host(|_, links| {
                let br1 = index(links, "br1");
                links.set_mac_and_mtu(br1, Some(mac(9)), None).unwrap();
            }),
        ),
        (
            "neighbour 10.9.1.10 of br1",
            Host(|_, links| {
                let br1 = index(links, "br1");
                links.set_neighbour(br1, "10.9.1.10".parse().unwrap(), mac(9)).unwrap();
            }),
        ),
        (
            "neighbour 10.9.1.77 of br1",
            Host(|_, links| {
                let br1 = index(links, "br1");
                links.set_neighbour(br1, "10.9.1.77".parse().unwrap(), mac(9)).unwrap();
            }),
        ),
        (
            "set any4",
            Host(|world, _| {
                let ports = [PortMap {
                    transport: Transport::Tcp,
                    at: None,
                    port: 7,
                    to: "10.9.1.10:7".parse().unwrap(),
                }];
                let mut plane =
                    Plane::open(Instance::new("test").unwrap(), world.host.try_clone().unwrap()).unwrap();
                plane.add_ports(&ports).unwrap();
            }),
        ),
        (
            "ipv4/ip_forward",
            Host(|world, _| {
                world.host.inside(|| fs_err::write("/proc/sys/net/ipv4/ip_forward", "0").unwrap()).unwrap();
            }),
        ),
        (
            "ipv4/conf/br1/route_localnet",
            Host(|world, _| {
                let path = "/proc/sys/net/ipv4/conf/br1/route_localnet";
                world.host.inside(|| fs_err::write(path, "0").unwrap()).unwrap();
            }),
        ),
        ("nftables table hcs-test", Host(|world, _| _ = nft(&world.host, &["flush", "ruleset"]))),
        (
            "address 10.9.1.10/24 in",
            Inside(|_, links| {
                let eth0 = index(links, "eth0");
                links.remove_address(eth0, net("10.9.1.10/24")).unwrap();
            }),
        ),
        (
            "address 10.9.1.99/24 in",
            Inside(|_, links| {
                let eth0 = index(links, "eth0");
                links.add_address(eth0, net("10.9.1.99/24")).unwrap();
            }),
        ),
        (
            "route to 0.0.0.0/0 in",
            Inside(|_, links| {
                let eth0 = index(links, "eth0");
                // With its address goes the route; the address is given back, and the route is not.
                links.remove_address(eth0, net("10.9.1.10/24")).unwrap();
                links.add_address(eth0, net("10.9.1.10/24")).unwrap();
            }),
        ),
        (
            "egress limit of eth0 in",
            Inside(|_, links| {
                let eth0 = index(links, "eth0");
                links.set_egress_limit(eth0, Some(EgressLimit { rate: 1_000 })).unwrap();
            }),
        ),
        ("rules of eth0 in", Inside(|inside, _| _ = nft(inside, &["flush", "ruleset"]))),
    ]
}

#[test]
fn whatever_others_did_to_it_is_seen_and_mended() {
    let mut world = World::new();
    let mut set = Set::new();
    let acl = Acl { otherwise_in: Action::Block, ..Acl::default() };
    let allow = AclRule {
        direction: Direction::In,
        action: Action::Allow,
        priority: 1,
        protocols: vec![6],
        local: Vec::new(),
        remote: Vec::new(),
        local_ports: vec![80..=80],
        remote_ports: Vec::new(),
    };
    set.networks[0].1[0].acl = Acl { rules: vec![allow], ..acl };
    world.plane.apply(&set.wanted()).unwrap();
    assert_eq!(world.plane.drift(&set.wanted()).unwrap(), []);
    let fence = world.plane.fence().unwrap();
    for (what, damage) in damages() {
        match damage {
            Damage::Host(damage) => damage(&world, &mut Links::open(&world.host).unwrap()),
            Damage::Inside(damage) => damage(&set.inside[0], &mut Links::open(&set.inside[0]).unwrap()),
        }
        let wanted = || Wanted { fence: fence.clone(), ..set.wanted() };
        let drift = world.plane.drift(&wanted()).unwrap();
        assert!(drift.iter().any(|change| change.to_string().contains(what)), "{what}: {drift:?}");
        assert_eq!(world.plane.drift(&wanted()).unwrap(), drift, "a look changed something");
        let mended = world.plane.apply(&wanted()).unwrap();
        assert!(drift.iter().all(|change| mended.contains(change)), "{drift:?}, {mended:?}");
        assert_eq!(world.plane.apply(&wanted()).unwrap(), [], "{what}");
        assert_eq!(world.plane.drift(&wanted()).unwrap(), [], "{what}");
        works(&world, &set);
    }
}

#[test]
fn a_look_at_what_is_missing_makes_nothing() {
    let mut world = World::new();
    let set = Set::new();
    let before = host_state(&world.host);
    let drift = world.plane.drift(&set.wanted()).unwrap();
    assert!(drift.contains(&Change::Made("bridge br1".to_owned())), "{drift:?}");
    assert!(drift.contains(&Change::Made("nftables table hcs-test".to_owned())), "{drift:?}");
    assert_eq!(host_state(&world.host), before);
    assert_eq!(world.plane.table_state().unwrap(), TableState::Absent);
    // And what is there is made by the next call all the same.
    assert_ne!(world.plane.apply(&set.wanted()).unwrap(), []);
    works(&world, &set);
}

#[test]
fn what_is_not_wanted_any_more_is_removed() {
    let mut world = World::new();
    let mut set = Set::new();
    world.plane.apply(&set.wanted()).unwrap();
    set.networks[0].1.pop();
    set.inside.remove(1);
    set.networks.pop();
    set.inside.pop();
    set.ports.truncate(7);
    let removed = world.plane.apply(&set.wanted()).unwrap();
    assert!(removed.contains(&Change::Removed("link br3".to_owned())), "{removed:?}");
    assert!(removed.contains(&Change::Removed("link vh1-11".to_owned())), "{removed:?}");
    assert_eq!(world.plane.ports().unwrap().len(), 7);
    let mut left: Vec<String> = world.plane.links().unwrap().into_iter().map(|link| link.name).collect();
    left.sort();
    assert_eq!(left, ["br1", "br2", "vh1-10", "vh2-10"]);
    assert_eq!(world.plane.apply(&set.wanted()).unwrap(), []);
}

/// All that the host has of its own: links, addresses, routes, and the settings that a network may need changed.
fn host_state(host: &Netns) -> BTreeMap<String, String> {
    let mut links = Links::open(host).unwrap();
    let mut state = BTreeMap::new();
    for mut link in links.list().unwrap() {
        link.ready = false; // a bridge of another program's without ports; the kernel says so some time later
        state.insert(format!("link {}", link.name), format!("{link:?}"));
    }
    state.insert("addresses".to_owned(), format!("{:?}", links.addresses().unwrap()));
    host.inside(|| {
        for file in ["route", "ipv6_route"] {
            let text = fs_err::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap();
            // Without the counters of use, which grow by themselves.
            let columns = |line: &str| {
                let keep =
                    |(n, _): &(usize, &str)| if file == "route" { *n != 5 } else { *n != 6 && *n != 7 };
                line.split_whitespace().enumerate().filter(keep).map(|(_, c)| c).collect::<Vec<_>>().join(" ")
            };
            // Multicast and local routes, which the kernel adds by itself, some time after a link is on.
            let late = |line: &&str| !line.starts_with("ff00") && !line.contains(" 80200001 ");
            let mut lines: Vec<String> = text.lines().filter(late).map(columns).collect();
            lines.sort();
            state.insert(file.to_owned(), lines.join("\n"));
        }
        for setting in ["ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/eth0/route_localnet"] {
            let value = fs_err::read_to_string(format!("/proc/sys/net/{setting}")).unwrap();
            state.insert(setting.to_owned(), value);
        }
    })
    .unwrap();
    state
}

#[test]
fn nobody_else_s_links_addresses_routes_and_rules_are_touched() {
    let mut world = World::new();
    // Another program's bridge, with the prefix of nobody, and another instance with a network of its own.
    let mut links = Links::open(&world.host).unwrap();
    links.add_bridge(&Bridge { name: name("docker0"), mac: mac(0x77), mtu: None, group: 0 }).unwrap();
    let docker = links.need(&name("docker0")).unwrap().index;
    links.add_address(docker, "172.17.0.1/16".parse().unwrap()).unwrap();
    let mut other = Plane::open(Instance::new("other").unwrap(), world.host.try_clone().unwrap()).unwrap();
    other.add_network(&network(7, Kind::Internal)).unwrap();
    let before = host_state(&world.host);

    let set = Set::new();
    world.plane.apply(&set.wanted()).unwrap();
    let during = host_state(&world.host);
    for (what, value) in &before {
        if what.starts_with("link ") {
            assert_eq!(during.get(what), Some(value), "{what}");
        }
    }
    assert_eq!(other.table_state().unwrap(), TableState::Present);
    // Names of others are not taken over.
    for taken in ["docker0", "eth0", "br7"] {
        let network = Network { bridge: name(taken), ..network(5, Kind::Nat) };
        let refused = world.plane.add_network(&network).unwrap_err();
        assert!(matches!(&refused, Error::Foreign { name, .. } if name == taken), "{refused}");
        assert!(world.plane.remove_network(&network).is_err());
    }
    world.plane.clear().unwrap();
    let after = host_state(&world.host);
    for (what, value) in &before {
        assert_eq!(after.get(what), Some(value), "{what}");
    }
    assert_eq!(after.len(), before.len());
    assert_eq!(world.plane.table_state().unwrap(), TableState::Absent);
    assert_eq!(other.table_state().unwrap(), TableState::Present);
    world.plane.clear().unwrap();
}

#[test]
fn the_host_forwards_for_containers_and_still_not_between_its_own_links() {
    let mut world = World::new();
    // A second network of the host's own, "lan", with a machine on it that takes the host for a router.
    let lan = namespace("lan");
    let mut links = Links::open(&world.host).unwrap();
    links.add_bridge(&Bridge { name: name("lan"), mac: mac(0x66), mtu: None, group: 0 }).unwrap();
    let bridge = links.need(&name("lan")).unwrap().index;
    links.add_address(bridge, "198.51.100.1/24".parse().unwrap()).unwrap();
    let veth = hcs_dataplane::Veth {
        name: name("lan0"),
        peer: name("eth0"),
        peer_mac: mac(0x67),
        mtu: None,
        bridge,
        group: 0,
    };
    links.add_veth(&veth, &lan).unwrap();
    let mut there = Links::open(&lan).unwrap();
    let eth0 = there.need(&name("eth0")).unwrap().index;
    there.set_up(eth0).unwrap();
    there.add_address(eth0, "198.51.100.2/24".parse().unwrap()).unwrap();
    let route = |to: &str, via: &str| hcs_dataplane::Route {
        destination: to.parse().unwrap(),
        gateway: Some(via.parse().unwrap()),
        metric: None,
    };
    there.set_route(eth0, &route("0.0.0.0/0", "198.51.100.1")).unwrap();
    let mut outside = Links::open(&world.outside).unwrap();
    let wan = outside.need(&name("wan")).unwrap().index;
    outside.set_route(wan, &route("198.51.100.0/24", "192.0.2.1")).unwrap();
    links.ready(&name("lan0"), crate::support::PATIENCE).unwrap();
    there.ready(&name("eth0"), crate::support::PATIENCE).unwrap();

    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let inside = world.container(&nat, &endpoint(1, 10));
    assert_eq!(world.setting("ipv4/ip_forward"), "1");
    let fence = world.plane.fence().unwrap();
    let names: Vec<&str> = fence.v4.iter().map(LinkName::as_str).collect();
    assert_eq!(names, ["eth0", "lan", "lan0"]);
    assert_eq!(fence.v4, fence.v6);

    // From the LAN to the outside: dropped. To the host itself, which comes later: there.
    let server = crate::support::datagrams(&world.outside, "0.0.0.0:7000");
    let client = crate::support::datagrams(&lan, "0.0.0.0:0");
    client.send_to(b"through", "192.0.2.9:7000").unwrap();
    // A container gets out, by the same links.
    let other = crate::support::datagrams(&inside, "0.0.0.0:0");
    other.send_to(b"container", "192.0.2.9:7000").unwrap();
    assert_eq!(crate::support::receive(&server).0, "container");

    // After somebody threw our table away, the fence is put up again from what the caller kept.
    world.host.inside(|| fs_err::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap()).unwrap();
    world.plane.clear().unwrap();
    assert_eq!(world.setting("ipv4/ip_forward"), "0");
    assert_eq!(world.setting("ipv6/conf/all/forwarding"), "0");
    world.host.inside(|| fs_err::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap()).unwrap();
    let wanted = Wanted {
        networks: vec![(nat.clone(), vec![(endpoint(1, 10), &inside)])],
        fence: fence.clone(),
        ..Wanted::default()
    };
    world.plane.apply(&wanted).unwrap();
    assert_eq!(world.plane.fence().unwrap(), fence);
    client.send_to(b"through", "192.0.2.9:7000").unwrap();
    let other = crate::support::datagrams(&inside, "0.0.0.0:0");
    other.send_to(b"container", "192.0.2.9:7000").unwrap();
    assert_eq!(crate::support::receive(&server).0, "container");

    // A link that came since may be another program's, who wants packets forwarded: then forwarding stays on.
    links.add_bridge(&Bridge { name: name("docker0"), mac: mac(0x77), mtu: None, group: 0 }).unwrap();
    world.plane.clear().unwrap();
    assert_eq!(world.setting("ipv4/ip_forward"), "1");
    assert_eq!(world.plane.fence().unwrap().v4, fence.v4);
    client.send_to(b"through", "192.0.2.9:7000").unwrap();
    let direct = crate::support::datagrams(&world.host, "0.0.0.0:0");
    direct.send_to(b"host", "192.0.2.9:7000").unwrap();
    assert_eq!(crate::support::receive(&server).0, "host");
}

#[test]
fn a_host_keeps_listening_to_routers_when_it_begins_to_forward() {
    let host = namespace("host");
    let _outside = outside_of(&host);
    let read = |key: &str| {
        let path = format!("/proc/sys/net/ipv6/conf/{key}");
        host.inside(|| fs_err::read_to_string(&path).unwrap()).unwrap().trim_end().to_owned()
    };
    assert_eq!(read("eth0/accept_ra"), "1");
    let mut plane = Plane::open(Instance::new("test").unwrap(), host.try_clone().unwrap()).unwrap();
    plane.add_network(&network(1, Kind::Nat)).unwrap();
    assert_eq!((read("eth0/accept_ra").as_str(), read("all/forwarding").as_str()), ("2", "1"));
    assert_eq!(read("br1/accept_ra"), "0");
}
