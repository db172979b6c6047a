//! Our tables in nft's words: what we wrote as bytes, nft must read as what was meant.

use std::process::Command;

use hcs_dataplane::{Kind, Netns, Outbound, PortMap, TableState, Transport};

use crate::support::{World, endpoint, net, network};

#[expect(clippy::disallowed_methods, reason = "nft is what the tables are compared with")]
pub(crate) fn nft(netns: &Netns, arguments: &[&str]) -> String {
    let output = netns.inside(|| Command::new("nft").args(arguments).output()).unwrap();
    let output = output.unwrap_or_else(|e| panic!("nft (Debian's package nftables) cannot be run: {e}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert!(output.status.success(), "nft {arguments:?}: {}", text(output.stderr));
    text(output.stdout)
}

#[test]
fn nft_shows_the_host_s_table_as_it_is_meant() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    world.plane.add_network(&network(2, Kind::Internal)).unwrap();
    let outbound = Outbound {
        exceptions: vec![net("172.16.0.0/12"), net("fd00::/8")],
        address: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        ..Outbound::default()
    };
    world.container(&nat, &hcs_dataplane::Endpoint { outbound, ..endpoint(1, 10) });
    let port = |transport, at: Option<&str>, port, to: &str| PortMap {
        transport,
        at: at.map(|at| at.parse().unwrap()),
        port,
        to: to.parse().unwrap(),
    };
    world
        .plane
        .add_ports(&[
            port(Transport::Tcp, None, 8080, "10.9.1.10:80"),
            port(Transport::Udp, Some("192.0.2.1"), 53, "10.9.1.10:5353"),
            port(Transport::Tcp, None, 8080, "[fd00:1::10]:80"),
            port(Transport::Tcp, Some("2001:db8::1"), 443, "[fd00:1::10]:8443"),
        ])
        .unwrap();
    let listing = nft(&world.host, &["list", "ruleset"]);
    let expected = include_str!("host-table.nft");
    assert_eq!(listing, expected, "\n{listing}");
}

#[test]
fn what_somebody_changed_in_the_fixed_part_is_noticed_and_mended() {
    let mut world = World::new();
    let nat = network(1, Kind::Nat);
    world.plane.add_network(&nat).unwrap();
    let wanted = || hcs_dataplane::Wanted {
        networks: vec![(nat.clone(), Vec::new())],
        ..hcs_dataplane::Wanted::default()
    };
    for (change, noticed) in [
        (vec!["flush", "chain", "inet", "hcs-test", "forward"], "chain forward"),
        (vec!["add", "rule", "inet", "hcs-test", "published", "accept"], "chain published"),
        (vec!["add", "set", "inet", "hcs-test", "more", "{ type ipv4_addr; }"], "18 sets"),
        (vec!["add", "chain", "inet", "hcs-test", "more"], "7 chains"),
        (vec!["chain", "inet", "hcs-test", "postrouting", "{ policy drop; }"], "chain postrouting"),
    ] {
        nft(&world.host, &change);
        let TableState::Other(difference) = world.plane.table_state().unwrap() else { panic!("{change:?}") };
        assert!(difference.contains(noticed), "{difference}");
        assert_ne!(world.plane.apply(&wanted()).unwrap(), []);
        assert_eq!(world.plane.table_state().unwrap(), TableState::Present);
    }
    nft(&world.host, &["flush", "ruleset"]);
    assert_eq!(world.plane.table_state().unwrap(), TableState::Absent);
    world.plane.apply(&wanted()).unwrap();
    assert_eq!(world.plane.apply(&wanted()).unwrap(), []);
}
