//! What each command does, by packets and by what is left.

use hcs_dataplane::{Links, Plane};
use hcsshim::contract::NetworkObjectKind::{Endpoint, Namespace, Network};
use hcsshim::schema::network::hcn::HostComputeEndpoint;
use serde_json::{Value, json};

use super::packets::{connects, listen, name};
use super::support::{Answer, Container, World};

#[test]
fn what_is_added_speaks_to_others_to_the_outside_and_by_published_ports() {
    let world = World::new();
    let (a, b) = (Container::new("a"), Container::new("b"));
    let ports = json!([{ "hostPort": 8080, "containerPort": 80, "protocol": "tcp" }]);
    let config = World::config(
        &json!({ "capabilities": { "portMappings": true }, "runtimeConfig": { "portMappings": ports } }),
    );
    let result = world.link("ADD", &config, &a, "net0").done();
    assert_eq!(result["cniVersion"], "1.1.0");
    let host_end = result["interfaces"][0]["name"].as_str().unwrap();
    assert!(Links::open(&world.host).unwrap().find(&name(host_end)).unwrap().is_some(), "{result}");
    let inside = Links::open(&a.netns).unwrap().need(&name("net0")).unwrap();
    let mac = inside.mac.unwrap().to_string().replace('-', ":").to_lowercase();
    assert_eq!(
        result["interfaces"][1],
        json!({ "name": "net0", "mac": mac, "sandbox": a.path, "mtu": inside.mtu })
    );
    assert_eq!(
        result["ips"],
        json!([{ "address": "10.9.0.2/24", "interface": 1, "gateway": "10.9.0.1" },
            { "address": "fd00::2/64", "interface": 1, "gateway": "fd00::1" }])
    );
    assert_eq!(
        result["routes"],
        json!([{ "dst": "0.0.0.0/0", "gw": "10.9.0.1" }, { "dst": "::/0", "gw": "fd00::1" }])
    );
    assert!(result["dns"].is_object(), "{result}");
    let other = World::config(&json!({ "dns": { "nameservers": ["10.0.0.53"], "search": ["example"] } }));
    let second = world.link("ADD", &other, &b, "eth0").done();
    assert_eq!(second["dns"], json!({ "nameservers": ["10.0.0.53"], "search": ["example"] }));
    assert_eq!(b.links(), ["lo", "eth0"]);
    // Both ways between them, out, and in by the published port.
    let server = listen(&a.netns, "[::]:80");
    assert_eq!(connects(&b.netns, "10.9.0.2:80", &server).to_string(), "::ffff:10.9.0.3");
    assert_eq!(connects(&b.netns, "[fd00::2]:80", &server).to_string(), "fd00::3");
    connects(&a.netns, "127.0.0.1:80", &server);
    let outside = listen(&world.outside, "192.0.2.9:81");
    assert_eq!(connects(&b.netns, "192.0.2.9:81", &outside).to_string(), "192.0.2.1");
    assert_eq!(connects(&world.outside, "192.0.2.1:8080", &server).to_string(), "::ffff:192.0.2.9");
    connects(&world.outside, "[2001:db8::1]:8080", &server);
    // A port that is taken is told, and nothing is left of the attempt.
    let third = Container::new("c");
    let (code, message) = world.link("ADD", &config, &third, "eth0").failed();
    assert!(code == 100 && message.contains("8080"), "{code}: {message}");
    assert_eq!((third.links(), world.endpoints(), world.held()), (vec!["lo".to_owned()], 2, 2));
    for (container, link) in [(&a, "net0"), (&b, "eth0")] {
        world.link("DEL", &config, container, link).done();
        assert_eq!(container.links(), ["lo"]);
    }
    assert_eq!((world.endpoints(), world.held()), (0, 0));
    world.link("ADD", &config, &third, "eth0").done();
    world.link("DEL", &config, &third, "eth0").done();
}

#[test]
fn calls_that_come_at_once_make_one_network() {
    let world = World::new();
    let containers = ["a", "b", "c", "d"].map(Container::new);
    let config = World::config(&json!({}));
    let all = |command: &'static str| -> Vec<Value> {
        std::thread::scope(|scope| {
            let calls = containers
                .each_ref()
                .map(|container| scope.spawn(|| world.link(command, &config, container, "eth0").done()));
            calls.map(|call| call.join().unwrap()).to_vec()
        })
    };
    let mut addresses: Vec<String> =
        all("ADD").iter().map(|result| result["ips"][0]["address"].to_string()).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!((addresses.len(), world.objects(Network).len()), (4, 1), "{addresses:?}");
    all("DEL");
    assert_eq!((world.endpoints(), world.held()), (0, 0));
}

#[test]
fn what_is_deleted_is_gone_however_often_and_whatever_became_of_the_namespace() {
    let world = World::new();
    let container = Container::new("a");
    let config = World::config(&json!({}));
    // Before there was anything.
    world.link("DEL", &config, &container, "eth0").done();
    world.link("ADD", &config, &container, "eth0").done();
    let (code, message) = world.link("ADD", &config, &container, "eth0").failed();
    assert!(code == 100 && message.contains("already exists"), "{code}: {message}");
    assert_eq!((container.links().len(), world.endpoints()), (2, 1), "the one that is there stays");
    assert_eq!(world.link("DEL", &config, &container, "eth0").done(), Value::Null);
    assert_eq!(world.link("DEL", &config, &container, "eth0").done(), Value::Null);
    assert_eq!((container.links().len(), world.endpoints(), world.held()), (1, 0, 0));
    // The runtime's own handle is gone first, and it names no namespace any more.
    world.link("ADD", &config, &container, "eth0").done();
    drop(container);
    let variables = [("CNI_COMMAND", "DEL"), ("CNI_CONTAINERID", "a"), ("CNI_IFNAME", "eth0")];
    Answer::of(&world.call(&variables, &config.to_string())).done();
    assert_eq!((world.endpoints(), world.held()), (0, 0));
    assert_eq!(
        (world.objects(Network).len(), world.objects(Namespace).len()),
        (1, 1),
        "the network and the host's"
    );
}

#[test]
fn a_check_sees_what_somebody_took_away() {
    let world = World::new();
    let container = Container::new("a");
    let mut config = World::config(&json!({}));
    let result = world.link("ADD", &config, &container, "eth0").done();
    let (code, message) = world.link("CHECK", &config, &container, "eth0").failed();
    assert!(code == 7 && message.contains("prevResult"), "{code}: {message}");
    config["prevResult"] = result.clone();
    assert_eq!(world.link("CHECK", &config, &container, "eth0").done(), Value::Null);
    // What the runtime was told is compared, too.
    let mut told = config.clone();
    told["prevResult"]["ips"][0]["address"] = "10.9.0.77/24".into();
    let (code, message) = world.link("CHECK", &told, &container, "eth0").failed();
    assert!(code == 101 && message.contains("10.9.0.77/24"), "{code}: {message}");
    let mut links = Links::open(&container.netns).unwrap();
    let own = links.need(&name("eth0")).unwrap().index;
    links.remove_address(own, "10.9.0.2/24".parse().unwrap()).unwrap();
    let (code, message) = world.link("CHECK", &config, &container, "eth0").failed();
    assert!(code == 101 && message.contains("address 10.9.0.2/24"), "{code}: {message}");
    links.delete(&[own], 77).unwrap();
    let (code, message) = world.link("CHECK", &config, &container, "eth0").failed();
    assert!(code == 101 && message.contains("made link"), "{code}: {message}");
    // A look mends nothing.
    assert_eq!(container.links(), ["lo"]);
    world.link("DEL", &config, &container, "eth0").done();
    let (code, _) = world.link("CHECK", &config, &container, "eth0").failed();
    assert_eq!(code, 101);
    assert_eq!((world.endpoints(), world.held()), (0, 0));
}

#[test]
fn garbage_is_what_is_not_in_the_list_and_of_this_network() {
    let world = World::new();
    let containers = ["a", "b", "c"].map(Container::new);
    let config = World::config(&json!({}));
    for container in &containers {
        world.link("ADD", &config, container, "eth0").done();
    }
    let mut other = config.clone();
    other["name"] = "others".into();
    other["subnets"] = json!([{ "subnet": "10.9.1.0/24" }]);
    other["routes"] = json!([{ "dst": "10.8.0.0/16" }]);
    world.link("ADD", &other, &containers[0], "eth1").done();
    // An endpoint of the network that is not the plugin's stays.
    let engine = world.engine();
    let hcn = engine.hcn().unwrap();
    let network = hcn.network_by_name("pods").unwrap().id;
    let foreign = hcn.create_endpoint_on(&network, &HostComputeEndpoint::default()).unwrap();
    let variables = [("CNI_COMMAND", "GC")];
    let gc = |config: &Value| Answer::of(&world.call(&variables, &config.to_string()));
    let (code, message) = gc(&config).failed();
    assert!(code == 7 && message.contains("cni.dev/valid-attachments"), "{code}: {message}");
    let mut listed = config.clone();
    listed["cni.dev/valid-attachments"] =
        json!([{ "containerID": "b", "ifname": "eth0" }, { "containerID": "c", "ifname": "eth1" }]);
    gc(&listed).done();
    let links: Vec<_> = containers.iter().map(Container::links).collect();
    assert_eq!(links, [vec!["lo", "eth1"], vec!["lo", "eth0"], vec!["lo"]]);
    assert_eq!((world.endpoints(), world.held()), (3, 2));
    hcn.delete_endpoint(&foreign.id).unwrap();
    // By the name that runtimes had for the list at first; and twice.
    other["cni.dev/attachments"] = json!([]);
    for _ in 0..2 {
        gc(&other).done();
        assert_eq!(world.objects(Endpoint).len(), 1);
    }
    world.link("DEL", &config, &containers[1], "eth0").done();
}

#[test]
fn a_second_link_leaves_the_first_one_s_routes_alone() {
    let world = World::new();
    let container = Container::new("a");
    let config = World::config(&json!({}));
    let first = world.link("ADD", &config, &container, "eth0").done();
    let mut other = World::config(
        &json!({ "name": "others", "subnets": [{ "subnet": "10.9.1.0/24", "gateway": "10.9.1.254" }] }),
    );
    let (code, message) = world.link("ADD", &other, &container, "eth1").failed();
    assert!(code == 7 && message.contains("route to 0.0.0.0/0"), "{code}: {message}");
    assert_eq!((container.links().len(), world.endpoints(), world.held()), (2, 1, 1));
    other["routes"] = json!([{ "dst": "0.0.0.0/0", "priority": 100 }]);
    other["prevResult"] = first;
    let result = world.link("ADD", &other, &container, "eth1").done();
    // Behind what was made before it.
    assert_eq!(result["interfaces"][3]["name"], "eth1", "{result}");
    assert_eq!(
        result["ips"][2],
        json!({ "address": "10.9.1.1/24", "interface": 3, "gateway": "10.9.1.254" })
    );
    assert_eq!(result["routes"][2], json!({ "dst": "0.0.0.0/0", "gw": "10.9.1.254", "priority": 100 }));
    let outside = listen(&world.outside, "192.0.2.9:81");
    connects(&container.netns, "192.0.2.9:81", &outside);
    for (config, link) in [(&other, "eth1"), (&config, "eth0")] {
        world.link("DEL", config, &container, link).done();
    }
    assert_eq!((container.links(), world.endpoints(), world.held()), (vec!["lo".to_owned()], 0, 0));
}

#[test]
fn addresses_that_a_runtime_asks_for_are_given_in_older_versions_too() {
    let world = World::new();
    let wanted = json!({ "ips": ["10.9.0.50/24", "fd00::50"], "mac": "02:15:5d:00:00:aa" });
    for version in ["0.4.0", "1.0.0"] {
        let container = Container::new("a");
        let mut config = World::config(&json!({ "cniVersion": version, "runtimeConfig": wanted }));
        let result = world.link("ADD", &config, &container, "eth0").done();
        assert_eq!(result["cniVersion"], version);
        assert_eq!(result["interfaces"][1]["mac"], "02:15:5d:00:00:aa");
        assert_eq!(result["ips"][0]["address"], "10.9.0.50/24");
        assert_eq!(result["ips"][0].get("version").is_some(), version == "0.4.0", "{result}");
        assert!(result["interfaces"][1].get("mtu").is_none(), "{result}");
        config["prevResult"] = result;
        world.link("CHECK", &config, &container, "eth0").done();
        world.link("DEL", &config, &container, "eth0").done();
        // GC is of 1.1.0.
        let output = world.call(&[("CNI_COMMAND", "GC")], &config.to_string());
        assert_eq!(Answer::of(&output).failed().0, 1);
    }
}

#[test]
fn status_says_whether_networks_can_be_made() {
    let world = World::new();
    let config = World::config(&json!({})).to_string();
    let status = || Answer::of(&world.call(&[("CNI_COMMAND", "STATUS")], &config));
    assert_eq!(status().done(), Value::Null);
    fs_err::write(world.path("state/network.db"), "no database at all, however long one looks at it ")
        .unwrap();
    for file in ["state/network.db-wal", "state/network.db-shm"] {
        let _ = fs_err::remove_file(world.path(file));
    }
    let (code, message) = status().failed();
    assert!(code == 50 && message.contains("network.db"), "{code}: {message}");
}

#[test]
fn the_version_is_told_whatever_the_configuration_says() {
    let world = World::new();
    let output = world.call(&[("CNI_COMMAND", "VERSION")], r#"{"cniVersion":"0.3.1"}"#);
    let expected = json!({ "cniVersion": "0.3.1", "supportedVersions": ["0.4.0", "1.0.0", "1.1.0"] });
    assert_eq!(Answer::of(&output).done(), expected);
}

/// An engine's share of the host's network is gone with its attachments, but for the network itself.
#[test]
fn nothing_but_the_network_is_left_at_the_host() {
    let world = World::new();
    let container = Container::new("a");
    let ports = json!([{ "hostPort": 8080, "containerPort": 80, "protocol": "udp", "hostIP": "192.0.2.1" }]);
    let config = World::config(&json!({ "runtimeConfig": { "portMappings": ports } }));
    world.link("ADD", &config, &container, "eth0").done();
    let instance = world.engine().linux().unwrap().instance().to_owned();
    let instance = hcs_dataplane::Instance::new(&instance).unwrap();
    let mut plane = Plane::open(instance, world.host.try_clone().unwrap()).unwrap();
    assert_eq!((plane.ports().unwrap().len(), plane.links().unwrap().len()), (1, 2));
    world.link("DEL", &config, &container, "eth0").done();
    assert_eq!((plane.ports().unwrap().len(), plane.links().unwrap().len()), (0, 1));
}
