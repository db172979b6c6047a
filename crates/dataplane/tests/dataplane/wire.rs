//! What happens below IP: networks on an uplink, false source addresses, limits of rate.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hcs_dataplane::{Bridge, EgressLimit, Endpoint, Error, Kind, Links, Netns, Network, Route, Veth};

use crate::support::{
    PATIENCE, World, connects, datagrams, endpoint, listen, mac, name, namespace, net, network, receive,
};

/// A machine on a wire of its own, the host's end of which is `up0`, without addresses.
fn lan(host: &Netns) -> Netns {
    let lan = namespace("lan");
    let mut links = Links::open(&lan).unwrap();
    links.add_bridge(&Bridge { name: name("lan"), mac: mac(0xe0), mtu: None, group: 0 }).unwrap();
    let bridge = links.need(&name("lan")).unwrap().index;
    let veth =
        Veth { name: name("wire"), peer: name("up0"), peer_mac: mac(0xe1), mtu: None, bridge, group: 0 };
    links.add_veth(&veth, host).unwrap();
    links.add_address(bridge, net("198.51.100.1/24")).unwrap();
    links.add_address(bridge, net("2001:db8:1::1/64")).unwrap();
    lan
}

fn on_the_wire(m: u8) -> Endpoint {
    Endpoint {
        addresses: vec![net(&format!("198.51.100.{m}/24")), net(&format!("2001:db8:1::{m}/64"))],
        routes: vec![Route {
            destination: net("0.0.0.0/0"),
            gateway: Some("198.51.100.1".parse().unwrap()),
            metric: None,
        }],
        ..endpoint(4, m)
    }
}

#[test]
fn endpoints_on_an_uplink_are_on_the_wire_with_their_own_addresses() {
    for seen in [false, true] {
        let mut world = World::new();
        world.bridged_frames_seen(seen);
        let lan = lan(&world.host);
        // Beside a NAT network, whose rules must leave this one alone.
        world.plane.add_network(&network(1, Kind::Nat)).unwrap();
        let network = network(4, Kind::Uplink(name("up0")));
        world.plane.add_network(&network).unwrap();
        world.plane.add_network(&network).unwrap();
        let one = world.container(&network, &on_the_wire(10));
        let two = world.container(&network, &on_the_wire(11));
        let mut there = Links::open(&lan).unwrap();
        for link in ["wire", "lan"] {
            there.ready(&name(link), PATIENCE).unwrap();
        }
        let server = listen(&lan, "[::]:80");
        for (to, from) in
            [("198.51.100.1:80", "::ffff:198.51.100.10"), ("[2001:db8:1::1]:80", "2001:db8:1::10")]
        {
            assert_eq!(connects(&one, to, &server).to_string(), from);
        }
        // The wire sees the endpoint's own hardware address.
        let arp = lan.inside(|| fs_err::read_to_string("/proc/thread-self/net/arp").unwrap()).unwrap();
        let seen_mac = on_the_wire(10).mac.to_string().replace('-', ":").to_lowercase();
        assert!(arp.contains(&seen_mac), "{arp}");
        let server = listen(&two, "[::]:80");
        connects(&one, "198.51.100.11:80", &server);
        connects(&lan, "198.51.100.11:80", &server);
        connects(&lan, "[2001:db8:1::11]:80", &server);

        world.plane.remove_network(&network).unwrap();
        let up0 = Links::open(&world.host).unwrap().need(&name("up0")).unwrap();
        assert_eq!(up0.controller, None);
        assert!(Links::open(&one).unwrap().find(&name("eth0")).unwrap().is_none());
    }
}

#[test]
fn an_uplink_in_use_or_missing_is_refused_and_nothing_is_made() {
    let mut world = World::new();
    let _lan = lan(&world.host);
    let on = |uplink: &str| network(4, Kind::Uplink(name(uplink)));
    let used = world.plane.add_network(&on("eth0")).unwrap_err();
    assert!(used.to_string().contains("192.0.2.1/24"), "{used}");
    let missing = world.plane.add_network(&on("eth9")).unwrap_err();
    assert!(matches!(&missing, Error::NoLink { name } if name == "eth9"), "{missing}");
    assert_eq!(world.plane.links().unwrap(), []);
    world.plane.add_network(&on("up0")).unwrap();
    let other = Network { bridge: name("br5"), ..on("up0") };
    let taken = world.plane.add_network(&other).unwrap_err();
    assert!(taken.to_string().contains("a port of another link"), "{taken}");
}

#[test]
fn frames_with_another_source_than_the_endpoint_s_are_dropped() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let mut endpoint = endpoint(1, 10);
    let inside = world.container(&nat, &endpoint);
    let own = endpoint.mac;
    let server = datagrams(&world.host, "10.9.1.1:7000");
    let client = datagrams(&inside, "10.9.1.10:0");
    let mut there = Links::open(&inside).unwrap();
    let eth0 = there.need(&name("eth0")).unwrap().index;
    let mut say = |mac, text: &str| {
        there.set_mac_and_mtu(eth0, Some(mac), None).unwrap();
        client.send_to(text.as_bytes(), "10.9.1.1:7000").unwrap();
    };
    say(own, "own");
    assert_eq!(receive(&server).0, "own");
    say(mac(0x99), "false");
    say(own, "own again");
    assert_eq!(receive(&server).0, "own again");
    // And without the guard it passes.
    endpoint.only_its_mac = false;
    say(own, "");
    assert_eq!(receive(&server).0, "");
    world.plane.attach(&nat, &endpoint, &inside).unwrap();
    say(mac(0x99), "false");
    assert_eq!(receive(&server).0, "false");
}

/// How long `count` bytes take from one side of a connection to the other.
fn time(from: &TcpStream, to: &TcpStream, count: u32) -> Duration {
    let count = usize::try_from(count).unwrap();
    let (mut from, mut to) = (from, to);
    std::thread::scope(|scope| {
        scope.spawn(move || from.write_all(&vec![7; count]).unwrap());
        let mut bytes = vec![0; count];
        let start = Instant::now();
        to.read_exact(&mut bytes).unwrap();
        start.elapsed()
    })
}

#[test]
fn what_leaves_an_endpoint_is_limited_and_what_comes_is_not() {
    const RATE: u32 = 2_000_000;
    const COUNT: u32 = 1_000_000;
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let mut endpoint = endpoint(1, 10);
    endpoint.egress = Some(EgressLimit { rate: RATE.into() });
    let inside = world.container(&nat, &endpoint);
    let server = listen(&world.host, "10.9.1.1:80");
    let client = inside.inside(|| TcpStream::connect("10.9.1.1:80")).unwrap().unwrap();
    let (accepted, _) = server.accept().unwrap();
    let out = time(&client, &accepted, COUNT);
    // All but what may leave at once, at the given rate; nothing can make it faster.
    let least = Duration::from_secs_f64(f64::from(COUNT - (70 << 10)) / f64::from(RATE));
    assert!(out >= least, "{COUNT} bytes left in {out:?}");
    let back = time(&accepted, &client, COUNT);
    assert!(back < out / 2, "{COUNT} bytes came in {back:?}, left in {out:?}");
    endpoint.egress = None;
    world.plane.attach(&nat, &endpoint, &inside).unwrap();
    let free = time(&client, &accepted, COUNT);
    assert!(free < out / 2, "{COUNT} bytes left in {free:?} without a limit, {out:?} with one");
}
