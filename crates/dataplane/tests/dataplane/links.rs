//! Links, addresses, routes, neighbours and limits as the kernel keeps them.

use std::time::Duration;

use hcs_dataplane::{Bridge, BridgePort, EgressLimit, Links, Netns, Route, Veth};

use crate::support::{PATIENCE, connects, listen, mac, name, namespace, net, outside_of};

const GROUP: u32 = 4711;

/// `count` containers on bridge `br0`, with the addresses 10.9.0.10, .11, … and fd00:9::10, …
fn containers(host: &Netns, count: u8) -> Vec<Netns> {
    let mut links = Links::open(host).unwrap();
    links.add_bridge(&Bridge { name: name("br0"), mac: mac(1), mtu: Some(1400), group: GROUP }).unwrap();
    let bridge = links.need(&name("br0")).unwrap().index;
    (0..count)
        .map(|n| {
            let inside = namespace(&format!("container {n}"));
            let veth = Veth {
                name: name(&format!("vh{n}")),
                peer: name("eth0"),
                peer_mac: mac(10 + n),
                mtu: Some(1400),
                bridge,
                group: GROUP,
            };
            links.add_veth(&veth, &inside).unwrap();
            let mut there = Links::open(&inside).unwrap();
            let eth0 = there.need(&name("eth0")).unwrap().index;
            there.no_own_ipv6_address(eth0).unwrap();
            there.set_up(eth0).unwrap();
            there.add_address(eth0, net(&format!("10.9.0.{}/24", 10 + n))).unwrap();
            there.add_address(eth0, net(&format!("fd00:9::{}/64", 10 + n))).unwrap();
            inside
        })
        .collect()
}

#[test]
fn two_containers_on_a_bridge_talk_over_ipv4_and_ipv6() {
    let host = namespace("host");
    let both = containers(&host, 2);
    for (bind, to) in [("0.0.0.0:80", "10.9.0.11:80"), ("[::]:81", "[fd00:9::11]:81")] {
        let server = listen(&both[1], bind);
        let from = connects(&both[0], to, &server);
        assert!(from.to_string().ends_with("10"), "{from}");
    }
    let mut links = Links::open(&host).unwrap();
    let vh0 = links.need(&name("vh0")).unwrap();
    assert_eq!((vh0.mtu, vh0.group, vh0.up, vh0.kind.as_deref()), (1400, GROUP, true, Some("veth")));
    assert_eq!(vh0.controller, Some(links.need(&name("br0")).unwrap().index));
    let eth0 = Links::open(&both[0]).unwrap().need(&name("eth0")).unwrap();
    assert_eq!((eth0.mtu, eth0.mac), (1400, Some(mac(10))));
}

#[test]
fn what_is_made_twice_or_cannot_be_is_refused_with_its_name_and_the_kernel_s_words() {
    let host = namespace("host");
    let mut links = Links::open(&host).unwrap();
    let bridge = Bridge { name: name("br0"), mac: mac(1), mtu: None, group: GROUP };
    links.add_bridge(&bridge).unwrap();
    let twice = links.add_bridge(&bridge).unwrap_err();
    assert!(twice.is_already_exists(), "{twice:?}");
    assert_eq!(twice.to_string(), "cannot make bridge br0");

    let index = links.need(&name("br0")).unwrap().index;
    let away =
        Route { destination: net("10.0.0.0/8"), gateway: Some("172.16.0.1".parse().unwrap()), metric: None };
    let refused = links.set_route(index, &away).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("cannot add route to 10.0.0.0/8 via 172.16.0.1 over link number {index}")
    );
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    assert!(reason.contains("Nexthop has invalid gateway"), "{reason}");

    let nowhere = links.need(&name("br1")).unwrap_err();
    assert!(nowhere.is_not_found() && nowhere.to_string().contains("br1"), "{nowhere}");
    assert!(links.remove_address(index, net("10.1.0.1/24")).unwrap_err().is_not_found());
}

#[test]
fn addresses_routes_and_neighbours_are_set_twice_without_harm_and_read_back() {
    let host = namespace("host");
    let mut links = Links::open(&host).unwrap();
    links.add_bridge(&Bridge { name: name("br0"), mac: mac(1), mtu: None, group: GROUP }).unwrap();
    let index = links.need(&name("br0")).unwrap().index;
    for address in ["10.9.0.1/24", "fd00:9::1/64"] {
        for _ in 0..2 {
            links.add_address(index, net(address)).unwrap();
        }
        let neighbour = net(address).hosts().nth(5).unwrap();
        for _ in 0..2 {
            links.set_neighbour(index, neighbour, mac(6)).unwrap();
        }
        links.remove_neighbour(index, neighbour).unwrap();
        assert!(links.remove_neighbour(index, neighbour).unwrap_err().is_not_found());
    }
    for (to, via) in [("0.0.0.0/0", "10.9.0.2"), ("::/0", "fd00:9::2"), ("172.16.5.9/16", "10.9.0.3")] {
        let route = Route { destination: net(to), gateway: Some(via.parse().unwrap()), metric: Some(50) };
        links.set_route(index, &route).unwrap();
        links.set_route(index, &route).unwrap();
    }
    let mut found: Vec<String> = links.addresses().unwrap().iter().map(|a| a.address.to_string()).collect();
    found.sort();
    assert_eq!(found, ["10.9.0.1/24", "127.0.0.1/8", "::1/128", "fd00:9::1/64"]);
    links.remove_address(index, net("10.9.0.1/24")).unwrap();
    assert!(!links.addresses().unwrap().iter().any(|a| a.address == net("10.9.0.1/24")));
}

#[test]
fn many_links_are_deleted_together_and_others_stay() {
    let host = namespace("host");
    let _outside = outside_of(&host);
    let inside = containers(&host, 20);
    let mut links = Links::open(&host).unwrap();
    let all = links.list().unwrap();
    let ours: Vec<u32> =
        all.iter().filter(|l| l.group == GROUP && l.name != "br0").map(|l| l.index).collect();
    assert_eq!(ours.len(), 20);
    links.delete(&ours[..1], 4712).unwrap();
    // One that is gone is no error; nor is nothing.
    links.delete(&ours, 4712).unwrap();
    links.delete(&ours, 4712).unwrap();
    links.delete(&[], 4712).unwrap();
    let mut left: Vec<String> = links.list().unwrap().into_iter().map(|l| l.name).collect();
    left.sort();
    assert_eq!(left, ["br0", "eth0", "lo"]);
    // The other ends have gone too.
    assert!(Links::open(&inside[7]).unwrap().find(&name("eth0")).unwrap().is_none());
    let lo = links.need(&name("lo")).unwrap().index;
    assert!(links.delete(&[lo], 4712).is_err());
}

#[test]
fn a_port_s_settings_and_a_link_s_limit_are_read_back() {
    let host = namespace("host");
    let inside = containers(&host, 1);
    let mut links = Links::open(&host).unwrap();
    let vh0 = links.need(&name("vh0")).unwrap().index;
    for port in [
        BridgePort { hairpin: true, locked: false, isolated: true },
        BridgePort { hairpin: false, locked: true, isolated: false },
    ] {
        links.set_port(vh0, port).unwrap();
        assert_eq!(links.need(&name("vh0")).unwrap().port, Some(port));
    }
    assert_eq!(links.need(&name("br0")).unwrap().port, None);

    let mut there = Links::open(&inside[0]).unwrap();
    let eth0 = there.need(&name("eth0")).unwrap().index;
    assert_eq!(there.egress_limit(eth0).unwrap(), None);
    there.set_egress_limit(eth0, None).unwrap();
    for rate in [125_000, 1_250_000_000, 12_500_000_000, 1_000] {
        there.set_egress_limit(eth0, Some(EgressLimit { rate })).unwrap();
        assert_eq!(there.egress_limit(eth0).unwrap(), Some(EgressLimit { rate }));
    }
    assert!(there.set_egress_limit(eth0, Some(EgressLimit { rate: 999 })).is_err());
    there.set_egress_limit(eth0, None).unwrap();
    assert_eq!(there.egress_limit(eth0).unwrap(), None);
}

#[test]
fn a_link_is_ready_when_its_other_end_is_and_that_is_waited_for() {
    let host = namespace("host");
    let mut links = Links::open(&host).unwrap();
    links.add_bridge(&Bridge { name: name("br0"), mac: mac(1), mtu: None, group: GROUP }).unwrap();
    let bridge = links.need(&name("br0")).unwrap().index;
    let inside = namespace("container");
    let veth =
        Veth { name: name("vh0"), peer: name("eth0"), peer_mac: mac(10), mtu: None, bridge, group: GROUP };
    links.add_veth(&veth, &inside).unwrap();
    let late = links.ready(&name("vh0"), Duration::ZERO).unwrap_err();
    assert!(matches!(late, hcs_dataplane::Error::Late { .. }), "{late}");
    assert!(links.ready(&name("nowhere"), PATIENCE).unwrap_err().is_not_found());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| links.ready(&name("vh0"), PATIENCE).unwrap());
        let mut there = Links::open(&inside).unwrap();
        let eth0 = there.need(&name("eth0")).unwrap().index;
        there.set_up(eth0).unwrap();
        assert!(waits.join().unwrap().ready);
    });
}

#[test]
fn links_go_with_their_namespaces_and_that_is_waited_for() {
    let host = namespace("host");
    let mut inside = containers(&host, 20);
    let mut links = Links::open(&host).unwrap();
    let names: Vec<_> = (0..20).map(|n| name(&format!("vh{n}"))).collect();
    let held = inside.pop().unwrap();
    drop(inside);
    links.gone(&names[..19], PATIENCE).unwrap();
    links.gone(&names[..19], Duration::ZERO).unwrap();
    let late = links.gone(&names, Duration::ZERO).unwrap_err();
    assert!(late.to_string().contains("vh19"), "{late}");
    drop(held);
    links.gone(&names, PATIENCE).unwrap();
}
