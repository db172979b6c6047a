//! Namespaces: what is attached is there, what is detached is gone.

use hcs_contract::{Hresult, NetworkService};
use serde_json::json;

use super::packets::{connects, listen};
use super::support::{Endpoint, Namespace, Network, World};

#[test]
fn endpoints_come_and_go_and_say_where_they_are() {
    let world = World::new();
    let network = world.nat();
    let (namespace, netns) = world.namespace();
    let (one, two) = (world.endpoint(&network, &json!({})), world.endpoint(&network, &json!({})));
    for endpoint in [&one, &two, &two] {
        world.attach(&namespace, endpoint).unwrap();
    }
    let links = || -> Vec<String> {
        let all = hcs_dataplane::Links::open(&netns).unwrap().list().unwrap();
        all.into_iter().map(|link| link.name).collect()
    };
    assert_eq!(links(), ["lo", "eth0", "eth1"]);
    let document = world.document(Namespace, &namespace);
    assert_eq!(document["Type"], "Host");
    assert!(document["NamespaceId"].as_u64().unwrap() > 1, "{document}");
    let resources =
        json!([{ "Type": "Endpoint", "Data": { "ID": one } }, { "Type": "Endpoint", "Data": { "ID": two } }]);
    assert_eq!(document["Resources"], resources);
    assert_eq!(world.document(Endpoint, &one)["HostComputeNamespace"], json!(namespace));
    let server = listen(&netns, "0.0.0.0:80");
    connects(&world.host, "10.9.0.2:80", &server);
    // In another namespace it can't be as well.
    let (other, _held) = world.namespace();
    let error = world.attach(&other, &one).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS);
    world.detach(&namespace, &one).unwrap();
    assert_eq!(links(), ["lo", "eth1"]);
    let error = world.detach(&namespace, &one).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_ENDPOINT_NOT_ATTACHED);
    assert!(world.document(Endpoint, &one).get("HostComputeNamespace").is_none());
    // The first place that is free.
    world.attach(&namespace, &one).unwrap();
    assert_eq!(links().len(), 3);
    assert_eq!(world.drift(), Vec::<String>::new());
    // A namespace that goes lets its endpoints go.
    world.engine.host.delete(Namespace, &namespace).unwrap();
    assert_eq!(links(), ["lo"]);
    assert!(world.document(Endpoint, &one).get("HostComputeNamespace").is_none());
    // The host's own is there whatever happens to the one that was.
    let hosts = || world.ids(Namespace, &json!({ "Type": "HostDefault" }));
    let host = hosts().remove(0);
    world.engine.host.delete(Namespace, &host).unwrap();
    assert!(hosts().len() == 1 && hosts()[0] != host, "{:?}", hosts());
    world.clear();
}

#[test]
fn the_host_s_own_namespace_keeps_its_routes() {
    let world = World::new();
    let network = world.nat();
    let all = world.ids(Namespace, &json!({}));
    assert_eq!(all.len(), 1, "one is there from the beginning");
    assert_eq!(world.document(Namespace, &all[0])["Type"], "HostDefault");
    assert_eq!(world.document(Namespace, &all[0])["NamespaceId"], 1);
    let made =
        world.engine.host.create(Namespace, None, r#"{"Type":"HostDefault","NamespaceId":5}"#).unwrap();
    let eth0 = || {
        let mut links = hcs_dataplane::Links::open(&world.host).unwrap();
        let eth0 = links.need(&"eth0".parse().unwrap()).unwrap().index;
        links.routes(eth0).unwrap()
    };
    let (before, without) = (eth0(), tables(&world.host));
    let policies = json!([
        { "Type": "ACL", "Settings": { "Action": "Allow", "Direction": "In", "Priority": 1 } },
        { "Type": "ACL", "Settings": { "Action": "Allow", "Direction": "Out", "Priority": 1 } },
    ]);
    let endpoint = world.endpoint(&network, &json!({ "Policies": policies }));
    world.attach(made.id(), &endpoint).unwrap();
    assert_eq!(eth0(), before);
    assert_eq!(tables(&world.host).lines().count(), without.lines().count() + 1, "its rules");
    // The host has the endpoint's address.
    let server = listen(&world.host, "10.9.0.2:80");
    let (_, netns) = world.attached(&network, &json!({}));
    connects(&netns, "10.9.0.2:80", &server);
    assert_eq!(world.drift(), Vec::<String>::new());
    world.engine.host.delete(Namespace, made.id()).unwrap();
    assert_eq!((eth0(), tables(&world.host)), (before, without));
    assert_eq!(world.ids(Namespace, &json!({ "Type": "HostDefault" })), all);
    for kind in ["Guest", "GuestDefault"] {
        let guest = world.engine.host.create(Namespace, None, &format!(r#"{{"Type":"{kind}"}}"#)).unwrap();
        assert_eq!(world.document(Namespace, guest.id())["Type"], kind);
        let error = world.attach(guest.id(), &endpoint).unwrap_err();
        assert_eq!(error.hresult(), Hresult::HCN_E_REQUEST_UNSUPPORTED);
    }
    world.clear();
}

#[expect(clippy::disallowed_methods, reason = "nft says in its own words what there is")]
fn tables(netns: &hcs_dataplane::Netns) -> String {
    let list = || std::process::Command::new("nft").args(["list", "tables"]).output();
    let output = netns.inside(list).unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_endpoint_is_attached_as_it_is_made_or_not_made_at_all() {
    let world = World::new();
    let network = world.nat();
    let (namespace, netns) = world.namespace();
    let endpoint = world.endpoint(&network, &json!({ "HostComputeNamespace": namespace.to_uppercase() }));
    assert_eq!(world.document(Endpoint, &endpoint)["HostComputeNamespace"], json!(namespace));
    let server = listen(&netns, "0.0.0.0:80");
    connects(&world.host, "10.9.0.2:80", &server);
    let nobody = "7b7fd6a5-0b0c-4e29-b4a3-3a5d2b3f9d11";
    let error = world.try_endpoint(&network, &json!({ "HostComputeNamespace": nobody })).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_NOT_FOUND);
    assert_eq!(world.ids(Endpoint, &json!({})), [endpoint.as_str()]);
    // It leaves nothing: the address is the next one's.
    let next = world.endpoint(&network, &json!({}));
    assert_eq!(world.document(Endpoint, &next)["IpConfigurations"][0]["IpAddress"], "10.9.0.3");
    // Deleted where it is.
    world.engine.host.delete(Endpoint, &endpoint).unwrap();
    assert!(world.document(Namespace, &namespace).get("Resources").is_none());
    assert_eq!(world.ids(Endpoint, &json!({ "VirtualNetwork": network })), [next]);
    world.engine.host.delete(Network, &network).unwrap();
    world.clear();
}

/// Somebody else's namespace with a link of its own, and the document that names it.
fn given(world: &World, interface: &str) -> (hcs_dataplane::Netns, serde_json::Value) {
    let theirs = super::packets::namespace("theirs");
    let path = super::support::path_of(&theirs);
    assert!(world.ids(Namespace, &json!({ "Type": "Host" })).is_empty());
    (theirs, json!({ "LinuxHost": { "NetworkNamespace": path, "InterfaceName": interface } }))
}

#[test]
fn a_namespace_that_is_somebody_else_s_is_held_and_its_link_called_as_they_say() {
    let world = World::new();
    let network = world.nat();
    let (theirs, document) = given(&world, "uplink");
    let made = world.engine.host.create(Namespace, None, &document.to_string()).unwrap();
    let (one, two) = (world.endpoint(&network, &json!({})), world.endpoint(&network, &json!({})));
    for _ in 0..2 {
        world.attach(made.id(), &one).unwrap();
    }
    let links = |netns: &hcs_dataplane::Netns| -> Vec<String> {
        let all = hcs_dataplane::Links::open(netns).unwrap().list().unwrap();
        all.into_iter().map(|link| link.name).collect()
    };
    assert_eq!(links(&theirs), ["lo", "uplink"]);
    let server = listen(&theirs, "0.0.0.0:80");
    connects(&world.host, "10.9.0.2:80", &server);
    let report = world.engine.host.check_endpoint(&one).unwrap();
    assert_eq!((report.name.as_deref(), report.differences), (Some("uplink"), vec![]));
    assert_eq!(world.engine.host.check_endpoint(&two).unwrap().name, None);
    assert_eq!(world.drift(), Vec::<String>::new());
    let error = world.attach(made.id(), &two).unwrap_err();
    assert!(error.is_not_supported() && error.to_string().contains("one endpoint"), "{error}");
    // It is there without its owner, and what another program takes away is seen and mended.
    drop((theirs, server));
    let held = hcs_dataplane::Netns::open(world.engine.path("run/netns").join(made.id())).unwrap();
    let mut inside = hcs_dataplane::Links::open(&held).unwrap();
    let own = inside.need(&"uplink".parse().unwrap()).unwrap().index;
    inside.delete(&[own], 77).unwrap();
    let differences = world.engine.host.check_endpoint(&one).unwrap().differences;
    assert!(differences.len() == 1 && differences[0].starts_with("made link"), "{differences:?}");
    assert_eq!(links(&held), ["lo"]);
    world.engine.host.check_networks(true).unwrap();
    assert_eq!(links(&held), ["lo", "uplink"]);
    world.engine.host.delete(Namespace, made.id()).unwrap();
    assert_eq!(links(&held), ["lo"]);
    assert!(world.document(Endpoint, &one).get("HostComputeNamespace").is_none());
    world.clear();
}

#[test]
fn a_namespace_that_is_somebody_else_s_ends_with_the_boot_and_its_endpoint_stays() {
    let world = World::new();
    let network = world.nat();
    let (_theirs, document) = given(&world, "uplink");
    let made = world.engine.host.create(Namespace, None, &document.to_string()).unwrap();
    let endpoint = world.endpoint(&network, &json!({ "HostComputeNamespace": made.id() }));
    let database = rusqlite::Connection::open(world.engine.path("state/network.db")).unwrap();
    database.execute("UPDATE state SET value = 'another' WHERE key = 'boot'", []).unwrap();
    drop(database);
    assert!(world.ids(Namespace, &json!({ "Type": "Host" })).is_empty());
    assert!(!world.engine.path("run/netns").join(made.id()).exists());
    assert!(world.document(Endpoint, &endpoint).get("HostComputeNamespace").is_none());
    assert_eq!(world.drift(), Vec::<String>::new());
    world.engine.host.delete(Endpoint, &endpoint).unwrap();
    world.clear();
}

#[test]
fn a_namespace_that_can_t_be_given_is_refused_by_its_member() {
    let world = World::new();
    let (_theirs, good) = given(&world, "eth0");
    let host = super::support::path_of(&world.host);
    for (member, value) in [
        ("NetworkNamespace", json!("relative")),
        ("NetworkNamespace", json!("/proc/self/ns/mnt")),
        ("NetworkNamespace", json!("/nowhere")),
        ("NetworkNamespace", json!(host)),
        ("InterfaceName", json!("a/b")),
        ("InterfaceName", json!("")),
        ("InterfaceName", json!("sixteen-letters-")),
        ("InterfaceName", json!(7)),
        ("Other", json!(true)),
    ] {
        let mut document = good.clone();
        document["LinuxHost"][member] = value;
        let error = world.engine.host.create(Namespace, None, &document.to_string()).unwrap_err();
        assert!(error.to_string().contains("LinuxHost"), "{document}: {error}");
        assert_eq!(world.ids(Namespace, &json!({})).len(), 1, "{document}");
    }
    let mut guest = good;
    guest["Type"] = json!("Guest");
    let error = world.engine.host.create(Namespace, None, &guest.to_string()).unwrap_err();
    assert!(error.is_not_supported() && error.to_string().contains("LinuxHost"), "{error}");
    assert_eq!(fs_err::read_dir(world.engine.path("run/netns")).unwrap().count(), 0);
    world.clear();
}
