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
