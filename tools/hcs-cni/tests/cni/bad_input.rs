//! What a runtime may get wrong is told by the specification's codes, and makes nothing.

use serde_json::{Value, json};

use super::support::{Answer, Container, World};

#[test]
fn each_variable_that_is_missing_or_wrong_is_named() {
    let world = World::new();
    let container = Container::new("a");
    let config = World::config(&json!({})).to_string();
    let all = [
        ("CNI_COMMAND", "ADD"),
        ("CNI_CONTAINERID", "a"),
        ("CNI_NETNS", container.path.as_str()),
        ("CNI_IFNAME", "eth0"),
    ];
    for at in 0..all.len() {
        for value in ["", "/../x y"] {
            let mut variables = all.to_vec();
            variables[at].1 = value;
            let (code, message) = Answer::of(&world.call(&variables, &config)).failed();
            // A path that leads nowhere is found out by the engine.
            let expected = if (at, value) == (2, "/../x y") { 7 } else { 4 };
            let name = if expected == 7 { "NetworkNamespace" } else { all[at].0 };
            assert!(code == expected && message.contains(name), "{value:?}: {code}: {message}");
        }
    }
    for (name, value) in [
        ("CNI_IFNAME", "sixteen-letters-"),
        ("CNI_IFNAME", ".."),
        ("CNI_ARGS", "IP=10.9.0.9"),
        ("CNI_NETNS", "a"),
    ] {
        let mut variables: Vec<_> = all.iter().copied().filter(|(known, _)| *known != name).collect();
        variables.push((name, value));
        let (code, message) = Answer::of(&world.call(&variables, &config)).failed();
        assert!(code == 4 && message.contains(name), "{code}: {message}");
    }
    assert_eq!((world.endpoints(), container.links().len()), (0, 1));
}

#[test]
fn a_namespace_that_is_none_or_the_host_s_is_refused_and_nothing_is_left() {
    let world = World::new();
    let file = world.path("file");
    fs_err::write(&file, "").unwrap();
    let host = super::support::path_of(&world.host);
    for path in [file.to_str().unwrap(), "/proc/self/ns/mnt", "/nowhere", "/", &host] {
        let variables =
            [("CNI_COMMAND", "ADD"), ("CNI_CONTAINERID", "a"), ("CNI_NETNS", path), ("CNI_IFNAME", "eth0")];
        let config = World::config(&json!({})).to_string();
        let (code, message) = Answer::of(&world.call(&variables, &config)).failed();
        assert!(code == 7 && message.contains("LinuxHost.NetworkNamespace"), "{path}: {code}: {message}");
        assert_eq!((world.endpoints(), world.held()), (0, 0), "{path}");
    }
}

#[test]
fn a_name_that_is_taken_in_the_namespace_stays_its_owner_s() {
    let world = World::new();
    let container = Container::new("a");
    let config = World::config(&json!({}));
    let (code, message) = world.link("ADD", &config, &container, "lo").failed();
    assert!(code == 100 && message.contains("exists"), "{code}: {message}");
    assert_eq!((container.links(), world.endpoints(), world.held()), (vec!["lo".to_owned()], 0, 0));
}

#[test]
fn what_is_no_configuration_is_told_by_its_code() {
    let world = World::new();
    let container = Container::new("a");
    let good = World::config(&json!({}));
    let with = |path: &str, value: Value| {
        let mut config = good.clone();
        config[path] = value;
        config.to_string()
    };
    let cases = [
        (String::new(), 6, "no JSON"),
        ("{".to_owned(), 6, "no JSON"),
        ("[]".to_owned(), 1, "cniVersion"),
        ("{}".to_owned(), 1, "cniVersion"),
        (with("cniVersion", "0.3.1".into()), 1, "0.3.1"),
        (with("cniVersion", "2.0.0".into()), 1, "2.0.0"),
        (with("name", "a/b".into()), 7, "name"),
        (with("name", "".into()), 7, "name"),
        (with("name", 7.into()), 6, "string"),
        (with("type", "bridge".into()), 7, "type"),
        (with("ipMasq", true.into()), 2, "ipMasq: true"),
        (with("ipam", json!({ "type": "host-local" })), 2, "ipam: "),
        (with("networkType", "Overlay".into()), 2, "networkType"),
        (with("subnets", json!([{ "subnet": "10.9.0.0" }])), 7, "subnets[0].subnet"),
        (
            with("subnets", json!([{ "subnet": "10.9.0.0/24", "rangeStart": "10.9.0.9" }])),
            2,
            "subnets[0].rangeStart",
        ),
        (with("subnets", json!([{ "subnet": "10.9.0.0/24", "gateway": "x" }])), 6, "address"),
        (with("routes", json!([{ "dst": "x" }])), 7, "routes[0].dst"),
        (with("routes", json!([{ "dst": "10.0.0.0/8", "mtu": 1400 }])), 2, "routes[0].mtu"),
        (with("dns", json!({ "nameservers": ["x"] })), 7, "ServerList[0]"),
        (with("dns", json!({ "servers": [] })), 2, "dns.servers"),
        (with("capabilities", json!({ "bandwidth": true })), 2, "capabilities.bandwidth"),
        (with("runtimeConfig", json!({ "bandwidth": {} })), 2, "runtimeConfig.bandwidth"),
        (with("runtimeConfig", json!({ "ips": ["x"] })), 7, "runtimeConfig.ips[0]"),
        (with("runtimeConfig", json!({ "ips": ["10.7.0.1"] })), 100, ""),
        (
            with("runtimeConfig", json!({ "portMappings": [{ "hostPort": 0, "containerPort": 80 }] })),
            7,
            "hostPort",
        ),
        (
            with(
                "runtimeConfig",
                json!({ "portMappings": [{ "hostPort": 1, "containerPort": 1, "protocol": "sctp" }] }),
            ),
            2,
            "portMappings[0].protocol",
        ),
        (
            with(
                "runtimeConfig",
                json!({ "portMappings": [{ "hostPort": 1, "containerPort": 1, "hostIP": "x" }] }),
            ),
            7,
            "portMappings[0].hostIP",
        ),
    ];
    let variables = [
        ("CNI_COMMAND", "ADD"),
        ("CNI_CONTAINERID", container.id),
        ("CNI_NETNS", container.path.as_str()),
        ("CNI_IFNAME", "eth0"),
    ];
    for (config, expected, named) in &cases {
        let (code, message) = Answer::of(&world.call(&variables, config)).failed();
        assert!(code == *expected && message.contains(named), "{config}: {code}: {message}");
    }
    assert_eq!((container.links().len(), world.endpoints(), world.held()), (1, 0, 0));
}

#[test]
fn a_network_that_is_there_must_be_the_one_that_is_described() {
    let world = World::new();
    let container = Container::new("a");
    let config = World::config(&json!({}));
    world.link("ADD", &config, &container, "eth0").done();
    let other = Container::new("b");
    for (more, named) in [
        (json!({ "networkType": "Internal" }), "networkType"),
        (json!({ "subnets": [{ "subnet": "10.77.0.0/24" }] }), "subnets[0]"),
        (json!({ "subnets": [{ "subnet": "10.9.0.0/24", "gateway": "10.9.0.9" }] }), "subnets[0]"),
    ] {
        let (code, message) = world.link("ADD", &World::config(&more), &other, "eth0").failed();
        assert!(code == 7 && message.contains(named), "{code}: {message}");
    }
    // What is said as it is, or not said, is the same network.
    for more in [
        json!({ "networkType": "NAT", "subnets": [{ "subnet": "10.9.0.7/24", "gateway": "10.9.0.1" }] }),
        json!({ "subnets": [] }),
    ] {
        let same = World::config(&more);
        world.link("ADD", &same, &other, "eth0").done();
        world.link("DEL", &same, &other, "eth0").done();
    }
    world.link("DEL", &config, &container, "eth0").done();
}
