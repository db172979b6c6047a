//! Containers on networks: born in them, attached and detached while they run, gone from them when they end.

use hcs_contract::{Hresult, NetworkService};
use serde_json::{Value, json};

use super::compute::{Ended, code, done, kill_and_wait, run, supervisor_of};
use super::packets::{connects, listen};
use super::support::{Endpoint, Namespace, Network, World};
use super::windows;

/// The document of a Linux container with endpoints of its own.
fn with_own(world: &World, endpoints: &Value) -> String {
    world.engine.document(&format!(r#""LinuxHost":{{"Endpoints":{endpoints}}}"#))
}

/// A server inside that says hello to each client, and the address that it sees.
const SERVER: &str = "busybox nc -ll -p 80 -e /bin/echo hello";

fn hello(from: &hcs_dataplane::Netns, to: &str) -> String {
    use std::io::Read;
    let to = to.parse().unwrap();
    // Until the server listens the kernel refuses at once.
    for _ in 0..100_000 {
        let connected =
            from.inside(|| std::net::TcpStream::connect_timeout(&to, super::packets::PATIENCE)).unwrap();
        if let Ok(mut client) = connected {
            // A server that waits for a question sees that there is none.
            client.shutdown(std::net::Shutdown::Write).unwrap();
            client.set_read_timeout(Some(super::packets::PATIENCE)).unwrap();
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            return text;
        }
        std::thread::yield_now();
    }
    panic!("nobody answers at {to}");
}

#[test]
fn a_container_is_born_with_its_endpoints_and_takes_its_own_along() {
    let world = World::new();
    let network = world.nat();
    let lasting = world.endpoint(&network, &json!({ "Name": "lasting" }));
    let own = json!([{ "HostComputeNetwork": network, "Name": "own", "Dns": { "ServerList": ["192.0.2.53"], "Search": ["example.org"] },
        "Policies": [{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8080 } }] }]);
    let document = world.engine.document(&format!(
        r#""EndpointList":["{lasting}"],"DNSSearchList":"example.com","AllowUnqualifiedDNSQuery":true,"LinuxHost":{{"Endpoints":{own}}}"#
    ));
    let system = world.engine.try_create("web", &document).unwrap();
    done(&system.start(""));
    let links = "busybox ip -o -4 addr show | busybox awk '{ print $2, $4 }'";
    assert_eq!(run(&system, links).0, "lo 127.0.0.1/8\neth0 10.9.0.2/24\neth1 10.9.0.3/24\n");
    assert_eq!(
        run(&system, "cat /etc/resolv.conf").0,
        "nameserver 192.0.2.53\nsearch example.com example.org\n"
    );
    let server = super::compute::spawn(&system, &super::compute::shell(SERVER));
    assert_eq!(hello(&world.outside, "192.0.2.1:8080"), "hello\n");
    assert_eq!(hello(&world.host, "127.0.0.1:8080"), "hello\n");
    // Programs may ask for echoes without a right to send any packet.
    assert_eq!(run(&system, "cat /proc/sys/net/ipv4/ping_group_range").0, "0\t2147483647\n");
    // It may not change what holds for it.
    let forbidden = "busybox ip addr add 10.9.0.99/24 dev eth0 2>/dev/null; echo $?";
    assert_ne!(run(&system, forbidden).0, "0\n");
    assert_eq!(world.drift(), Vec::<String>::new());
    assert_eq!(world.ids(Endpoint, &json!({})).len(), 2);
    drop(server);
    done(&system.terminate(""));
    // When the end is told its own endpoint is gone, with its port, and the other is free.
    assert_eq!(world.ids(Endpoint, &json!({})), [lasting.as_str()]);
    drop(system);
    let (namespace, _netns) = world.namespace();
    world.attach(&namespace, &lasting).unwrap();
    let again = world.engine.try_create("web", &with_own(&world, &own)).unwrap();
    done(&again.terminate(""));
    drop(again);
    assert_eq!(world.drift(), Vec::<String>::new());
    world.clear();
}

#[test]
fn endpoints_are_attached_and_detached_while_it_runs() {
    let world = World::new();
    let network = world.nat();
    let endpoint = world.endpoint(&network, &json!({}));
    let system = world.engine.started("web", "");
    let request = |verb: &str, id: &str| {
        json!({ "ResourceType": "Network", "Settings": id, "RequestType": verb }).to_string()
    };
    assert_eq!(run(&system, "busybox ip link | busybox grep -c eth0 || true").0, "0\n");
    done(&system.modify(&request("Add", &endpoint)));
    done(&system.modify(&request("Add", &endpoint)));
    assert_eq!(run(&system, "busybox ip route").0.lines().next(), Some("default via 10.9.0.1 dev eth0 "));
    let server = listen(&world.outside, "192.0.2.9:80");
    let heard = std::thread::spawn(move || {
        use std::io::Read;
        let mut text = String::new();
        server.accept().unwrap().0.read_to_string(&mut text).unwrap();
        text
    });
    run(&system, "echo hello | busybox nc -w 1 192.0.2.9 80");
    assert_eq!(heard.join().unwrap(), "hello\n");
    assert_eq!(
        code(&system.modify(&request("Add", "7b7fd6a5-0b0c-4e29-b4a3-3a5d2b3f9d11"))),
        Hresult::HCN_E_ENDPOINT_NOT_FOUND.0
    );
    let (namespace, _netns) = world.namespace();
    assert_eq!(
        world.attach(&namespace, &endpoint).unwrap_err().hresult(),
        Hresult::HCN_E_ENDPOINT_ALREADY_ATTACHED
    );
    done(&system.modify(&request("Remove", &endpoint)));
    assert_eq!(run(&system, "busybox ip link | busybox grep -c eth0 || true").0, "0\n");
    assert_eq!(code(&system.modify(&request("Remove", &endpoint))), Hresult::HCN_E_ENDPOINT_NOT_ATTACHED.0);
    // Attached to one that ends: free again, without anybody's doing.
    done(&system.modify(&request("Add", &endpoint)));
    done(&system.terminate(""));
    drop(system);
    world.attach(&namespace, &endpoint).unwrap();
    assert_eq!(world.drift(), Vec::<String>::new());
    world.clear();
}

#[test]
fn containers_share_a_namespace() {
    let world = World::new();
    let network = world.nat();
    let (namespace, netns) = world.namespace();
    let endpoint = world.endpoint(&network, &json!({}));
    world.attach(&namespace, &endpoint).unwrap();
    let networking = format!(r#""Networking":{{"Namespace":"{namespace}"}}"#);
    let one = world.engine.try_create("one", &world.engine.document_2(&networking)).unwrap();
    let two = world.engine.try_create("two", &world.engine.document_2(&networking)).unwrap();
    for system in [&one, &two] {
        done(&system.start(""));
    }
    let server = super::compute::spawn(&one, &super::compute::shell(SERVER));
    assert_eq!(hello(&netns, "127.0.0.1:80"), "hello\n");
    assert_eq!(run(&two, "busybox nc 127.0.0.1 80 < /dev/null").0, "hello\n");
    assert_eq!(run(&two, "busybox ls /sys/class/net").0, "eth0\nlo\n");
    // With ids of its own as well, and a port below 1024.
    let mapped = format!(
        r#"{{"Owner":"tests","SchemaVersion":{{"Major":2,"Minor":1}},"LinuxHost":{{"UserNamespace":"Auto"}},"Container":{{"Storage":{{"Path":"{}"}},{networking}}}}}"#,
        world.engine.root.display()
    );
    let three = world.engine.try_create("three", &mapped).unwrap();
    done(&three.start(""));
    assert_eq!(run(&three, "busybox ls /sys/class/net").0, "eth0\nlo\n");
    let other =
        super::compute::spawn(&three, &super::compute::shell("busybox nc -ll -p 81 -e /bin/echo mapped"));
    assert_eq!(hello(&world.host, "10.9.0.2:81"), "mapped\n");
    drop((server, other));
    for system in [one, two, three] {
        done(&system.terminate(""));
    }
    assert_eq!(world.document(Endpoint, &endpoint)["HostComputeNamespace"], json!(namespace), "it stays");
    // The host's own.
    let host = world.ids(Namespace, &json!({ "Type": "HostDefault" })).remove(0);
    let of_host = format!(r#""LinuxHost":{{"NetworkNamespace":"{host}"}}"#);
    let system = world.engine.try_create("host", &world.engine.document(&of_host)).unwrap();
    done(&system.start(""));
    assert_eq!(run(&system, "busybox ip -o -4 addr show eth0 | busybox grep -c 192.0.2.1/24").0, "1\n");
    done(&system.terminate(""));
    drop(system);
    world.clear();
}

#[test]
fn what_can_t_be_attached_makes_no_container() {
    let world = World::new();
    let network = world.nat();
    let nobody = "7b7fd6a5-0b0c-4e29-b4a3-3a5d2b3f9d11";
    let taken = world.endpoint(&network, &json!({}));
    let (namespace, _netns) = world.namespace();
    world.attach(&namespace, &taken).unwrap();
    let of = |more: &str| world.engine.document(more);
    for (document, code, says) in [
        (
            of(&format!(r#""EndpointList":["{nobody}"]"#)),
            Hresult::HCN_E_ENDPOINT_NOT_FOUND,
            "EndpointList[0]",
        ),
        (
            of(&format!(r#""EndpointList":["{taken}"]"#)),
            Hresult::HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS,
            "EndpointList[0]",
        ),
        (of(r#""EndpointList":["eth0"]"#), Hresult::HCS_E_INVALID_JSON, "EndpointList[0]"),
        (of(r#""DNSSearchList":"example.com""#), Hresult::ERROR_NOT_SUPPORTED, "DNSSearchList"),
        (with_own(&world, &json!([{}])), Hresult::HCS_E_INVALID_JSON, "LinuxHost.Endpoints[0]"),
        (
            with_own(&world, &json!([{ "HostComputeNetwork": nobody }])),
            Hresult::HCN_E_NETWORK_NOT_FOUND,
            "LinuxHost.Endpoints[0]",
        ),
        (
            with_own(
                &world,
                &json!([{ "HostComputeNetwork": network }, { "HostComputeNetwork": network, "IpConfigurations": [{ "IpAddress": "10.9.0.1" }] }]),
            ),
            Hresult::HCN_E_ADDR_INVALID_OR_RESERVED,
            "LinuxHost.Endpoints[1]",
        ),
        (
            with_own(
                &world,
                &json!([{ "HostComputeNetwork": network, "Dns": { "Search": ["a\nnameserver 192.0.2.66"] } }]),
            ),
            Hresult::E_INVALIDARG,
            "Dns",
        ),
        (
            world.engine.document_2(&format!(r#""Networking":{{"Namespace":"{nobody}"}}"#)),
            Hresult::ERROR_NOT_FOUND,
            "Networking.Namespace",
        ),
        (
            world.engine.document_2(&format!(
                r#""Networking":{{"Namespace":"{namespace}","NetworkAdapters":["{taken}"]}}"#
            )),
            Hresult::ERROR_NOT_SUPPORTED,
            "Networking.Namespace",
        ),
    ] {
        let error = world.engine.try_create("none", &document).unwrap_err();
        assert_eq!(error.hresult(), code, "{document}: {error}");
        assert!(error.to_string().contains(says), "{document}: {error}");
        assert_eq!(world.ids(Endpoint, &json!({})), [taken.as_str()], "{document}");
    }
    assert_eq!(world.drift(), Vec::<String>::new());
    world.clear();
}

#[test]
fn an_endpoint_of_a_container_s_own_is_nobody_else_s() {
    let world = World::new();
    let network = world.nat();
    let system = world
        .engine
        .try_create("web", &with_own(&world, &json!([{ "HostComputeNetwork": network }])))
        .unwrap();
    done(&system.start(""));
    let own = world.ids(Endpoint, &json!({})).remove(0);
    let request = json!({ "ResourceType": "Network", "Settings": own, "RequestType": "Remove" });
    done(&system.modify(&request.to_string()));
    assert!(world.ids(Endpoint, &json!({})).is_empty(), "taken from the one that it was made for");
    done(&system.terminate(""));
    drop(system);
    // As an engine left them that attached them later than it made them, and was killed between.
    world.endpoint(&network, &json!({}));
    let database = rusqlite::Connection::open(world.engine.path("state/network.db")).unwrap();
    database.execute("UPDATE endpoints SET owned = 1", []).unwrap();
    database.execute("INSERT INTO state VALUES ('unsettled', '1')", []).unwrap();
    drop(database);
    world.engine.host.check_networks(true).unwrap();
    assert!(world.ids(Endpoint, &json!({})).is_empty(), "left by somebody");
    world.clear();
}

#[test]
fn a_killed_container_s_endpoints_are_found_and_freed() {
    let world = World::new();
    let network = world.nat();
    let own = json!([{ "HostComputeNetwork": network,
        "Policies": [{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8080 } }] }]);
    let system = world.engine.try_create("web", &with_own(&world, &own)).unwrap();
    done(&system.start(""));
    let init = Ended::of(world.engine.host.inspect("web").unwrap().init_pid.unwrap());
    kill_and_wait(supervisor_of(&world.engine.host, "web"));
    init.wait();
    drop(system);
    // Whoever looks at networks sees it still; whoever looks at systems clears it away.
    let report = world.engine.host.gc(false).unwrap();
    assert_eq!((report.found.len(), report.failures.as_slice()), (1, [].as_slice()), "{report:?}");
    assert!(world.ids(Endpoint, &json!({})).is_empty());
    assert_eq!(world.drift(), Vec::<String>::new());
    // Its runtime folder went, as in a reboot.
    let system = world.engine.try_create("web", &with_own(&world, &own)).unwrap();
    let init = Ended::of(world.engine.host.inspect("web").unwrap().init_pid.unwrap());
    kill_and_wait(supervisor_of(&world.engine.host, "web"));
    init.wait();
    drop(system);
    fs_err::remove_dir_all(world.engine.path("run/systems/web")).unwrap();
    let report = world.engine.host.gc(false).unwrap();
    let found: Vec<String> = report.found.iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|line| line == "endpoints of compute system web, which is gone"), "{found:?}");
    assert!(report.failures.is_empty(), "{report:?}");
    assert!(world.ids(Endpoint, &json!({})).is_empty());
    world.engine.host.delete(Network, &network).unwrap();
    let inside = listen(&world.host, "0.0.0.0:8080");
    connects(&world.outside, "192.0.2.1:8080", &inside);
    world.clear();
}

#[test]
fn a_windows_server_answers_at_a_published_port_and_resolves_names_by_its_network() {
    let world = World::new();
    let network = world.nat();
    let own = json!([{ "HostComputeNetwork": network, "Dns": { "ServerList": ["192.0.2.9"] },
        "Policies": [{ "Type": "PortMapping", "Settings": { "Protocol": 6, "InternalPort": 80, "ExternalPort": 8080 } }] }]);
    let (base, programs) = (windows::base(), windows::probe());
    let document = json!({
        "Owner": "tests", "SchemaVersion": { "Major": 2, "Minor": 1 }, "LinuxHost": { "Endpoints": own },
        "Container": {
            "Storage": { "Layers": [{ "Path": base.path() }] },
            "MappedDirectories": [{ "HostPath": programs, "ContainerPath": r"C:\programs", "ReadOnly": true }],
        },
    });
    let system = world.engine.try_create("windows", &document.to_string()).unwrap();
    done(&system.start(""));
    let parameters = json!({ "CommandLine": r"C:\programs\server.exe 80" }).to_string();
    let server = super::compute::spawn(&system, &parameters);
    assert!(hello(&world.outside, "192.0.2.1:8080").ends_with("hello from Windows"));
    assert!(hello(&world.host, "127.0.0.1:8080").ends_with("hello from Windows"));
    let ipconfig = json!({ "CommandLine": "ipconfig", "CreateStdOutPipe": true }).to_string();
    let (text, _, _) = super::compute::finish(&super::compute::spawn(&system, &ipconfig));
    assert!(text.contains("10.9.0.2"), "{text}");
    // A question for a name comes to the server that the endpoint names.
    let questions = super::packets::datagrams(&world.outside, "192.0.2.9:53");
    let ping = json!({ "CommandLine": "ping -n 1 name.example", "CreateStdOutPipe": true }).to_string();
    let asking = super::compute::spawn(&system, &ping);
    let (question, _) = super::packets::receive(&questions);
    assert!(question.contains("name") && question.contains("example"), "{question:?}");
    done(&asking.process.terminate(""));
    drop((server, asking));
    done(&system.terminate(""));
    assert!(world.ids(Endpoint, &json!({})).is_empty());
    drop(system);
    world.clear();
}
