//! HNS v1 over the same objects.

use hcs_contract::{Error, HnsEnvelope, NetworkService};
use serde_json::{Value, json};

use super::compute::done;
use super::support::{Endpoint, Namespace, Network, World};

fn call(world: &World, method: &str, path: &str, body: &Value) -> Result<Option<Value>, Error> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = world.engine.host.hns_call(method, path, &body).unwrap();
    HnsEnvelope::parse(&answer).unwrap().into_output()
}

fn output(world: &World, method: &str, path: &str, body: &Value) -> Value {
    call(world, method, path, body).unwrap().unwrap()
}

#[test]
fn both_generations_see_the_same_objects() {
    let world = World::new();
    let document = json!({ "Name": "GoTestNat", "Type": "nat", "Subnets":
        [{ "AddressPrefix": "192.168.100.0/24", "GatewayAddress": "192.168.100.1" }] });
    let network = output(&world, "POST", "/networks/", &document);
    let id = network["ID"].as_str().unwrap();
    assert_eq!(world.document(Network, id)["Ipams"][0]["Subnets"][0]["IpAddressPrefix"], "192.168.100.0/24");
    let endpoint =
        output(&world, "POST", "/endpoints/", &json!({ "Name": "e", "VirtualNetworkName": "GoTestNat" }));
    assert_eq!(endpoint["IPAddress"], "192.168.100.2");
    assert_eq!(endpoint["PrefixLength"], 24);
    assert_eq!(endpoint["GatewayAddress"], "192.168.100.1");
    assert_eq!((&endpoint["VirtualNetworkName"], &endpoint["State"]), (&json!("GoTestNat"), &json!(1)));
    let path = format!("/endpoints/{}", endpoint["ID"].as_str().unwrap());
    // Attached by v1, told by v2.
    let namespace = output(&world, "POST", "/namespaces/", &json!({}));
    let of_namespace = format!("/namespaces/{}", namespace["ID"].as_str().unwrap());
    let resource = json!({ "Type": "Endpoint", "Data": { "Id": endpoint["ID"] } });
    call(&world, "POST", &format!("{of_namespace}/addresource"), &resource).unwrap();
    let v2 = world.document(Endpoint, endpoint["ID"].as_str().unwrap());
    assert_eq!(v2["HostComputeNamespace"], namespace["ID"]);
    assert_eq!(output(&world, "GET", &path, &Value::Null)["Namespace"]["ID"], namespace["ID"]);
    assert_eq!(output(&world, "GET", &of_namespace, &Value::Null)["ResourceList"][0]["Type"], "Endpoint");
    call(&world, "POST", &format!("{of_namespace}/removeresource"), &resource).unwrap();
    call(&world, "DELETE", &of_namespace, &Value::Null).unwrap();
    let error = call(&world, "DELETE", &of_namespace, &Value::Null).unwrap_err();
    assert!(error.is_not_exist() && error.message() == Some("Element not found."), "{error:?}");
    // To the host's own compartment and back, as upstream's test does it.
    call(&world, "POST", &format!("{path}/attach"), &json!({ "SystemType": "Host", "CompartmentId": 1 }))
        .unwrap();
    assert_eq!(output(&world, "GET", &path, &Value::Null)["State"], 2);
    call(&world, "POST", &format!("{path}/detach"), &json!({ "SystemType": "Host" })).unwrap();
    // Nothing has passed one that is not attached.
    let stats = output(&world, "GET", &path.replace("endpoints", "endpointstats"), &Value::Null);
    assert_eq!((&stats["BytesSent"], &stats["EndpointId"]), (&json!(0), &endpoint["ID"]));
    // The whole endpoint with other policies.
    let mut update = output(&world, "GET", &path, &Value::Null);
    update["Policies"] = json!([{ "Type": "QOS", "MaximumOutgoingBandwidthInBytes": 5000 }]);
    let updated = output(&world, "POST", &path, &update);
    assert_eq!(updated["Policies"][0]["MaximumOutgoingBandwidthInBytes"], 5000);
    update["IPAddress"] = json!("192.168.100.77");
    let error = call(&world, "POST", &path, &update).unwrap_err();
    assert!(error.message().is_some_and(|message| message.contains("IPAddress")), "{error:?}");
    for (member, value) in [
        ("Name", json!("other")),
        ("IPv6Address", json!("fd00::77")),
        ("DNSServerList", json!("192.0.2.53")),
        ("GatewayAddress", json!("192.168.100.9")),
        ("PrefixLength", json!(16)),
        ("DisableICC", json!(true)),
        ("Namespace", json!({ "ID": network["ID"] })),
    ] {
        let mut update = output(&world, "GET", &path, &Value::Null);
        update[member] = value;
        let error = call(&world, "POST", &path, &update).unwrap_err();
        assert!(error.message().is_some_and(|message| message.contains(member)), "{error:?}");
    }
    assert_eq!(output(&world, "GET", "/endpoints/", &Value::Null).as_array().unwrap().len(), 1);
    assert_eq!(output(&world, "GET", "/globals/version", &Value::Null), json!({ "Major": 15, "Minor": 4 }));
    for path in ["/networks/", "/endpoints/", "/namespaces/", "/policylists/"] {
        assert!(call(&world, "DELETE", path, &Value::Null).is_err(), "{path} is not deleted wholesale");
    }
    assert!(call(&world, "POST", "/policylists/", &json!({})).is_err());
    call(&world, "DELETE", &format!("/networks/{}", id.to_uppercase()), &Value::Null).unwrap();
    assert!(world.ids(Endpoint, &json!({})).is_empty());
    // What v1 wrote, v2 takes.
    let made = world.engine.host.create(Network, None, &document.to_string()).unwrap();
    assert_eq!(world.document(Network, made.id())["Name"], "GoTestNat");
    world.clear();
}

#[test]
fn a_container_s_endpoint_is_attached_by_its_name() {
    let world = World::new();
    let network = world.nat();
    let endpoint = world.endpoint(&network, &json!({}));
    let system = world.engine.started("web", "");
    let path = format!("/endpoints/{endpoint}");
    let request = json!({ "ContainerId": "web", "SystemType": "Container" });
    call(&world, "POST", &format!("{path}/attach"), &request).unwrap();
    let v1 = output(&world, "GET", &path, &Value::Null);
    assert_eq!((&v1["SharedContainers"], &v1["State"]), (&json!(["web"]), &json!(2)));
    assert_eq!(
        super::compute::run(&system, "busybox ip -4 addr show eth0 | busybox grep -c 10.9.0.2/24").0,
        "1\n"
    );
    let stats = || output(&world, "GET", &format!("/endpointstats/{endpoint}"), &Value::Null);
    let before = stats();
    let server = super::packets::listen(&world.host, "10.9.0.1:80");
    let heard = std::thread::spawn(move || {
        use std::io::Read;
        let mut bytes = Vec::new();
        server.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        bytes.len()
    });
    super::compute::run(&system, "busybox head -c 50000 /dev/zero | busybox nc -w 1 10.9.0.1 80");
    assert_eq!(heard.join().unwrap(), 50_000);
    let after = stats();
    let passed = |member: &str| after[member].as_u64().unwrap() - before[member].as_u64().unwrap();
    assert!((50_000..100_000).contains(&passed("BytesSent")), "{before} {after}");
    assert!((100..50_000).contains(&passed("BytesReceived")), "{before} {after}");
    call(&world, "POST", &format!("{path}/detach"), &request).unwrap();
    assert_eq!(super::compute::run(&system, "busybox ip link | busybox grep -c eth0 || true").0, "0\n");
    let error = call(
        &world,
        "POST",
        &format!("{path}/attach"),
        &json!({ "ContainerId": "nobody", "SystemType": "Container" }),
    );
    assert!(error.unwrap_err().is_not_exist());
    done(&system.terminate(""));
    drop(system);
    assert_eq!(world.ids(Namespace, &json!({})).len(), 1);
    world.clear();
}
