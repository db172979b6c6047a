//! NAT networks: out, in by published ports, and by nothing else.

use std::net::{IpAddr, TcpStream};

use hcs_dataplane::{Kind, Outbound, PortMap, Transport};

use crate::support::{World, connects, datagrams, endpoint, listen, net, network, receive};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn port(transport: Transport, at: Option<&str>, port: u16, to: &str) -> PortMap {
    PortMap { transport, at: at.map(ip), port, to: to.parse().unwrap() }
}

#[test]
fn containers_reach_each_other_and_the_outside_which_sees_the_host_s_address() {
    for seen in [false, true] {
        let mut world = World::new();
        world.bridged_frames_seen(seen);
        let nat = network(1, Kind::Nat);
        world.plane.add_network(&nat).unwrap();
        let one = world.container(&nat, &endpoint(1, 10));
        let two = world.container(&nat, &endpoint(1, 11));

        let server = listen(&world.outside, "0.0.0.0:80");
        assert_eq!(connects(&one, "192.0.2.9:80", &server), ip("192.0.2.1"));
        let server6 = listen(&world.outside, "[2001:db8::9]:81");
        assert_eq!(connects(&one, "[2001:db8::9]:81", &server6), ip("2001:db8::1"));

        let server = listen(&two, "0.0.0.0:80");
        assert_eq!(connects(&one, "10.9.1.11:80", &server), ip("10.9.1.10"));
        let server6 = listen(&two, "[fd00:1::11]:81");
        assert_eq!(connects(&one, "[fd00:1::11]:81", &server6), ip("fd00:1::10"));

        let server = listen(&world.host, "10.9.1.1:80");
        assert_eq!(connects(&one, "10.9.1.1:80", &server), ip("10.9.1.10"));
    }
}

#[test]
fn published_ports_are_reached_from_everywhere_over_ipv4_and_ipv6() {
    for seen in [false, true] {
        let mut world = World::new();
        world.bridged_frames_seen(seen);
        let nat = network(1, Kind::Nat);
        world.plane.add_network(&nat).unwrap();
        let one = world.container(&nat, &endpoint(1, 10));
        let two = world.container(&nat, &endpoint(1, 11));
        let other = network(2, Kind::Nat);
        world.plane.add_network(&other).unwrap();
        let far = world.container(&other, &endpoint(2, 10));
        world
            .plane
            .add_ports(&[
                port(Transport::Tcp, None, 8080, "10.9.1.10:80"),
                port(Transport::Tcp, None, 8080, "[fd00:1::10]:80"),
                port(Transport::Tcp, Some("192.0.2.1"), 9090, "10.9.1.10:80"),
                port(Transport::Tcp, Some("2001:db8::1"), 9090, "[fd00:1::10]:80"),
            ])
            .unwrap();

        let server = listen(&one, "0.0.0.0:80");
        for (from, to, sees) in [
            (&world.outside, "192.0.2.1:8080", "192.0.2.9"),
            (&world.outside, "192.0.2.1:9090", "192.0.2.9"),
            (&world.host, "192.0.2.1:8080", "192.0.2.1"),
            (&world.host, "127.0.0.1:8080", "10.9.1.1"),
            (&world.host, "10.9.1.1:8080", "10.9.1.1"),
            (&two, "192.0.2.1:8080", "10.9.1.1"),
            (&two, "10.9.1.1:8080", "10.9.1.1"),
            (&two, "192.0.2.1:9090", "10.9.1.1"),
            (&one, "192.0.2.1:8080", "10.9.1.1"),
            (&far, "192.0.2.1:8080", "10.9.2.10"),
        ] {
            assert_eq!(connects(from, to, &server), ip(sees), "{from} to {to}");
        }
        let server = listen(&one, "[::]:80".replace("[::]", "[fd00:1::10]").as_str());
        for (from, to, sees) in [
            (&world.outside, "[2001:db8::1]:8080", "2001:db8::9"),
            (&world.outside, "[2001:db8::1]:9090", "2001:db8::9"),
            (&world.host, "[2001:db8::1]:8080", "2001:db8::1"),
            (&two, "[2001:db8::1]:8080", "fd00:1::1"),
            (&one, "[2001:db8::1]:9090", "fd00:1::1"),
            (&far, "[fd00:2::1]:8080", "fd00:2::10"),
        ] {
            assert_eq!(connects(from, to, &server), ip(sees), "{from} to {to}");
        }
    }
}

#[test]
fn datagrams_reach_a_published_port_and_are_answered() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let one = world.container(&nat, &endpoint(1, 10));
    world.plane.add_ports(&[port(Transport::Udp, None, 5353, "10.9.1.10:53")]).unwrap();
    let server = datagrams(&one, "0.0.0.0:53");
    for (from, bind, to) in [
        (&world.outside, "192.0.2.9:0", "192.0.2.1:5353"),
        (&world.host, "127.0.0.1:0", "127.0.0.1:5353"),
        (&one, "10.9.1.10:0", "192.0.2.1:5353"),
    ] {
        let client = datagrams(from, bind);
        client.send_to(b"question", to).unwrap();
        let (text, sender) = receive(&server);
        assert_eq!(text, "question");
        server.send_to(b"answer", sender).unwrap();
        let (text, sender) = receive(&client);
        assert_eq!((text.as_str(), sender.to_string().as_str()), ("answer", to));
    }
}

#[test]
fn from_outside_and_from_other_networks_nothing_else_comes_in() {
    for seen in [false, true] {
        let mut world = World::new();
        world.bridged_frames_seen(seen);
        let (nat, other) = (network(1, Kind::Nat), network(2, Kind::Nat));
        world.plane.add_network(&nat).unwrap();
        world.plane.add_network(&other).unwrap();
        let one = world.container(&nat, &endpoint(1, 10));
        let far = world.container(&other, &endpoint(2, 10));
        let udp = |at, n| port(Transport::Udp, at, n, "10.9.1.10:53");
        world.plane.add_ports(&[udp(None, 5353)]).unwrap();
        // The outside knows the way to the containers.
        let mut links = hcs_dataplane::Links::open(&world.outside).unwrap();
        let wan = links.need(&crate::support::name("wan")).unwrap().index;
        for (to, via) in [("10.9.1.0/24", "192.0.2.1"), ("fd00:1::/64", "2001:db8::1")] {
            let route = hcs_dataplane::Route { destination: net(to), gateway: Some(ip(via)), metric: None };
            links.set_route(wan, &route).unwrap();
        }
        let server = datagrams(&one, "[::]:53");
        for (from, bind) in [(&world.outside, "[::]:0"), (&far, "[::]:0")] {
            let client = datagrams(from, bind);
            // Packets of one sender keep their order: what comes first shows that the others were dropped.
            client.send_to(b"straight", "[::ffff:10.9.1.10]:53").unwrap();
            client.send_to(b"straight", "[fd00:1::10]:53").unwrap();
            client.send_to(b"published", "[::ffff:192.0.2.1]:5353").unwrap();
            assert_eq!(receive(&server).0, "published");
        }
    }
}

#[test]
fn a_container_does_not_reach_what_the_host_keeps_at_127_0_0_1() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let one = world.container(&nat, &endpoint(1, 10));
    // The container sends 127.0.0.1 out to its gateway in place of to itself.
    let mut inside = hcs_dataplane::Links::open(&one).unwrap();
    let eth0 = inside.need(&crate::support::name("eth0")).unwrap().index;
    let secret = datagrams(&world.host, "0.0.0.0:7000");
    one.inside(|| {
        fs_err::write("/proc/sys/net/ipv4/conf/eth0/route_localnet", "1").unwrap();
        fs_err::write("/proc/sys/net/ipv4/conf/all/route_localnet", "1").unwrap();
    })
    .unwrap();
    let lo = inside.need(&crate::support::name("lo")).unwrap().index;
    inside.remove_address(lo, net("127.0.0.1/8")).unwrap();
    let route = hcs_dataplane::Route {
        destination: net("127.0.0.1/32"),
        gateway: Some(ip("10.9.1.1")),
        metric: Some(0),
    };
    inside.set_route(eth0, &route).unwrap();
    let client = datagrams(&one, "10.9.1.10:0");
    client.send_to(b"to loopback", "127.0.0.1:7000").unwrap();
    client.send_to(b"to the gateway", "10.9.1.1:7000").unwrap();
    assert_eq!(receive(&secret).0, "to the gateway");
}

#[test]
fn an_endpoint_keeps_its_address_or_takes_a_given_one_towards_what_it_is_told() {
    let mut world = World::new();
    let mut links = hcs_dataplane::Links::open(&world.host).unwrap();
    let eth0 = links.need(&crate::support::name("eth0")).unwrap().index;
    links.add_address(eth0, net("192.0.2.77/24")).unwrap();
    let mut there = hcs_dataplane::Links::open(&world.outside).unwrap();
    let wan = there.need(&crate::support::name("wan")).unwrap().index;
    there.add_address(wan, net("192.0.2.200/24")).unwrap();
    let route = hcs_dataplane::Route {
        destination: net("10.9.1.0/24"),
        gateway: Some(ip("192.0.2.1")),
        metric: None,
    };
    there.set_route(wan, &route).unwrap();

    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let with = |m, outbound| hcs_dataplane::Endpoint { outbound, ..endpoint(1, m) };
    let to = |text: &str| vec![net(text)];
    let excepted = Outbound { exceptions: to("192.0.2.128/25"), ..Outbound::default() };
    let only = Outbound { destinations: to("192.0.2.0/25"), ..Outbound::default() };
    let given = Outbound { address: vec![ip("192.0.2.77")], ..excepted.clone() };
    let server = listen(&world.outside, "0.0.0.0:80");
    for (m, outbound, near, far) in [
        (10, excepted, "192.0.2.1", "10.9.1.10"),
        (11, only, "192.0.2.1", "10.9.1.11"),
        (12, given, "192.0.2.77", "10.9.1.12"),
        (13, Outbound::default(), "192.0.2.1", "192.0.2.1"),
    ] {
        let endpoint = with(m, outbound);
        let inside = world.container(&nat, &endpoint);
        assert_eq!(connects(&inside, "192.0.2.9:80", &server), ip(near), "{endpoint:?}");
        assert_eq!(connects(&inside, "192.0.2.200:80", &server), ip(far), "{endpoint:?}");
        world.plane.detach(&nat, &[endpoint]).unwrap();
    }
}

#[test]
fn a_port_is_withdrawn_and_one_that_is_taken_is_refused_by_name() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let one = world.container(&nat, &endpoint(1, 10));
    let all: Vec<PortMap> =
        (1..=200).map(|n| port(Transport::Tcp, Some("192.0.2.1"), 8000 + n, "10.9.1.10:80")).collect();
    world.plane.add_ports(&all).unwrap();
    world.plane.add_ports(&all[..7]).unwrap();

    let fresh = port(Transport::Tcp, None, 1, "10.9.1.10:80");
    let taken = port(Transport::Tcp, Some("192.0.2.1"), 8150, "10.9.1.11:80");
    let refused = world.plane.add_ports(&[fresh, taken]).unwrap_err();
    assert!(refused.is_already_exists(), "{refused:?}");
    assert!(refused.to_string().contains("192.0.2.1 . tcp . 8150"), "{refused}");
    let contradiction =
        world.plane.add_ports(&[fresh, port(Transport::Tcp, None, 1, "10.9.1.10:81")]).unwrap_err();
    assert!(contradiction.to_string().contains("tcp 1 → 10.9.1.10:81"), "{contradiction}");

    let server = listen(&one, "0.0.0.0:80");
    connects(&world.outside, "192.0.2.1:8150", &server);
    // Also ones that are not there.
    world.plane.remove_ports(&[all[149], fresh]).unwrap();
    world.plane.remove_ports(&[taken]).unwrap();
    let refused = world.outside.inside(|| TcpStream::connect("192.0.2.1:8150")).unwrap();
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    connects(&world.outside, "192.0.2.1:8151", &server);
}

#[test]
fn datagrams_that_flow_go_to_the_new_endpoint_when_the_port_is_given_to_it() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let one = world.container(&nat, &endpoint(1, 10));
    let two = world.container(&nat, &endpoint(1, 11));
    let (first, second) = (datagrams(&one, "0.0.0.0:53"), datagrams(&two, "0.0.0.0:53"));
    let client = datagrams(&world.outside, "0.0.0.0:0");
    let other = datagrams(&world.outside, "0.0.0.0:0");
    let (to_first, to_second) =
        (port(Transport::Udp, None, 53, "10.9.1.10:53"), port(Transport::Udp, None, 53, "10.9.1.11:53"));
    let stays = port(Transport::Udp, None, 54, "10.9.1.10:53");
    world.plane.add_ports(&[to_first, stays]).unwrap();
    client.send_to(b"1", "192.0.2.1:53").unwrap();
    assert_eq!(receive(&first).0, "1");
    other.send_to(b"2", "192.0.2.1:54").unwrap();
    let (_, back) = receive(&first);
    world.plane.remove_ports(&[to_first]).unwrap();
    world.plane.add_ports(&[to_second]).unwrap();
    client.send_to(b"3", "192.0.2.1:53").unwrap();
    assert_eq!(receive(&second).0, "3");
    // The connection by the other port goes on.
    first.send_to(b"4", back).unwrap();
    assert_eq!(receive(&other).0, "4");
    // With an endpoint go its connections.
    world.plane.detach(&nat, &[endpoint(1, 11)]).unwrap();
    world.plane.remove_ports(&[to_second]).unwrap();
    let three = world.container(&nat, &endpoint(1, 11));
    let third = datagrams(&three, "0.0.0.0:53");
    client.send_to(b"nobody's", "192.0.2.1:53").unwrap();
    world.plane.add_ports(&[port(Transport::Udp, None, 55, "10.9.1.11:53")]).unwrap();
    client.send_to(b"5", "192.0.2.1:55").unwrap();
    assert_eq!(receive(&third).0, "5");
}
