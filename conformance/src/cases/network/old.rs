//! HNS v1, and that both generations see the same objects: `networking.md` §1, §5.8, §5.9.

use hcs_contract::{Hresult, NetworkObjectKind};
use serde_json::{Value, json};

use super::{GATEWAY, NOBODY, Net, PREFIX, failed, text};
use crate::check::{coded, holds, same, same_text};
use crate::{Case, Failure};

fn network() -> Value {
    json!({"Name": "conformance-old", "Type": "nat",
        "Subnets": [{"AddressPrefix": PREFIX, "GatewayAddress": GATEWAY}]})
}

fn made(net: &Net) -> Result<(Value, Value), Failure> {
    let network = net.hns("POST", "/networks/", &network())?;
    net.later(NetworkObjectKind::Network, text(&network, "ID"));
    let endpoint = json!({"Name": "conformance-old", "VirtualNetwork": network["ID"]});
    let endpoint = net.hns("POST", "/endpoints/", &endpoint)?;
    net.later(NetworkObjectKind::Endpoint, text(&endpoint, "ID"));
    Ok((network, endpoint))
}

fn path(collection: &str, object: &Value) -> String {
    format!("/{collection}/{}", text(object, "ID"))
}

/// The request fails with this code.
fn fails(net: &Net, method: &str, path: &str, object: &Value, code: Hresult) -> Result<(), Failure> {
    let step = format!("{method} {path}");
    match net.request(method, path, object)? {
        Ok(output) => {
            Err(Failure::NoError { step, result: format!("{output:?}"), expected: code.to_string() })
        }
        Err(error) => coded(&step, &error, code),
    }
}

pub(super) const CASES: &[Case] = &[
    Case::of_networks("hns::version", &["net §5.8 feature tests", "net §2.8 versions"], |context| {
        let net = Net::new(context)?;
        let version = net.hns("GET", "/globals/version", &Value::Null)?;
        holds(version["Major"].as_u64() >= Some(9), format!("a version with HCN v2: {version}"))?;
        same("the same again", &net.hns("GET", "/globals/version", &Value::Null)?, &version)
    }),
    Case::of_networks("hns::network_and_endpoint", &["net §5.9 TestEndpoint, TestNetwork"], |context| {
        let net = Net::new(context)?;
        let (network, endpoint) = made(&net)?;
        same_text("AddressPrefix", text(&network["Subnets"][0], "AddressPrefix"), PREFIX)?;
        same_text("GatewayAddress", text(&endpoint, "GatewayAddress"), GATEWAY)?;
        same("PrefixLength", &endpoint["PrefixLength"].as_u64(), &Some(24))?;
        let endpoint_path = path("endpoints", &endpoint);
        net.hns(
            "POST",
            &format!("{endpoint_path}/attach"),
            &json!({"SystemType": "Host", "CompartmentId": 1}),
        )?;
        net.hns("POST", &format!("{endpoint_path}/detach"), &json!({"SystemType": "Host"}))?;
        net.hns("DELETE", &endpoint_path, &Value::Null)?;
        net.hns("DELETE", &path("networks", &network), &Value::Null).map(drop)
    }),
    Case::of_networks(
        "hns::lists_are_arrays",
        &["net §5.9 TestEndpointGetAll, TestNetworkGetAll", "net §1.2 the envelope"],
        |context| {
            let net = Net::new(context)?;
            let (network, endpoint) = made(&net)?;
            for (collection, object) in [("networks", &network), ("endpoints", &endpoint)] {
                let all = net.hns("GET", &format!("/{collection}/"), &Value::Null)?;
                let all = all
                    .as_array()
                    .ok_or_else(|| Failure::Broken(format!("{collection}: no array: {all}")))?;
                holds(
                    all.iter().any(|one| one["ID"] == object["ID"]),
                    format!("{collection}: it is not there"),
                )?;
                for one in all {
                    for member in ["IPAddress", "IPv6Address"] {
                        let address = text(one, member);
                        let good = address.is_empty() || address.parse::<std::net::IpAddr>().is_ok();
                        holds(good, format!("{member} {address:?} is no address"))?;
                    }
                }
            }
            net.hns("GET", "/policylists/", &Value::Null)?
                .as_array()
                .map(drop)
                .ok_or_else(|| Failure::Broken("policy lists are no array".into()))
        },
    ),
    Case::of_networks("hns::statistics_of_every_endpoint", &["net §5.9 TestEndpointStatsAll"], |context| {
        let net = Net::new(context)?;
        let (network, endpoint) = made(&net)?;
        let statistics = net.hns("GET", &path("endpointstats", &endpoint), &Value::Null)?;
        same("EndpointId", &statistics["EndpointId"], &endpoint["ID"])?;
        for member in
            ["BytesReceived", "BytesSent", "PacketsReceived", "PacketsSent", "DroppedPacketsIncoming"]
        {
            holds(statistics[member].is_u64(), format!("{member} is no number: {statistics}"))?;
        }
        net.hns("DELETE", &path("networks", &network), &Value::Null).map(drop)
    }),
    Case::of_networks(
        "hns::accelerated_addresses",
        &["net §5.9 TestAccelnetNnvManagementMacAddresses"],
        |context| {
            let net = Net::new(context)?;
            let list = json!({"MacAddressList": [{"MacAddress": "00-15-5D-0A-B7-C6"}, {"MacAddress": "00-15-5D-38-01-00"}]});
            same("set", &net.hns("POST", "/accelnet/", &list)?, &list)?;
            same("get", &net.hns("GET", "/accelnet/", &Value::Null)?, &list)?;
            net.hns("DELETE", "/accelnet/", &Value::Null)?;
            let left = net.hns("GET", "/accelnet/", &Value::Null)?;
            same("what is left", &left["MacAddressList"].as_array().map_or(0, Vec::len), &0)
        },
    ),
    Case::of_networks(
        "hns::documents_of_v1_make_objects_of_v2",
        &["net §5.9 TestV1Network, TestV1Endpoint"],
        |context| {
            let net = Net::new(context)?;
            let mut document = network();
            document["MacPools"] =
                json!([{"StartMacAddress": "00-15-5D-52-C0-00", "EndMacAddress": "00-15-5D-52-CF-FF"}]);
            let network = net.create(NetworkObjectKind::Network, &document)?;
            same_text("the prefix", text(&network["Ipams"][0]["Subnets"][0], "IpAddressPrefix"), PREFIX)?;
            let endpoint = json!({"Name": "conformance-old", "VirtualNetwork": network["ID"]});
            let endpoint = net.made(&net.done("create endpoint", net.try_endpoint(&network, &endpoint))?)?;
            same("its network", &endpoint["HostComputeNetwork"], &network["ID"])
        },
    ),
    Case::of_networks("hns::both_see_the_same_objects", &["net §1.6 Visibility across APIs"], |context| {
        let net = Net::new(context)?;
        let (network, endpoint) = made(&net)?;
        let newer = net.properties(NetworkObjectKind::Endpoint, &endpoint)?;
        same("the address", &newer["IpConfigurations"][0]["IpAddress"], &endpoint["IPAddress"])?;
        same("the network", &newer["HostComputeNetwork"], &network["ID"])?;
        // Attached by v2, seen and detached by v1.
        let namespace = net.namespace("Host")?;
        net.change_namespace(&namespace, "Add", &endpoint)?;
        let older = net.hns("GET", &path("endpoints", &endpoint), &Value::Null)?;
        same("Namespace.ID", &older["Namespace"]["ID"], &namespace["ID"])?;
        let namespace_path = path("namespaces", &namespace);
        let inside = net.hns("GET", &namespace_path, &Value::Null)?;
        same(
            "ResourceList",
            &inside["ResourceList"],
            &json!([{"Type": "Endpoint", "Data": {"Id": endpoint["ID"]}}]),
        )?;
        let resource = json!({"Type": "Endpoint", "Data": {"Id": endpoint["ID"]}});
        net.hns("POST", &format!("{namespace_path}/removeresource"), &resource)?;
        let newer = net.properties(NetworkObjectKind::Endpoint, &endpoint)?;
        same_text("HostComputeNamespace", text(&newer, "HostComputeNamespace"), "")?;
        net.hns("DELETE", &namespace_path, &Value::Null)?;
        let opened = net.service.open(NetworkObjectKind::Namespace, text(&namespace, "ID"));
        net.fails("open what v1 has deleted", opened, Hresult::ERROR_NOT_FOUND).map(drop)
    }),
    Case::of_networks(
        "hns::properties_in_the_words_of_v1",
        &["net §2.8: the answer follows the query's schema"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let handle = net.open(NetworkObjectKind::Network, &network)?;
            let query = json!({"SchemaVersion": {"Major": 1, "Minor": 0}}).to_string();
            let older = net.done("properties", handle.properties(&query))?;
            let older = crate::context::parse(&older)?;
            same_text("AddressPrefix", text(&older["Subnets"][0], "AddressPrefix"), PREFIX)
        },
    ),
    Case::of_networks("hns::a_namespace_from_nothing", &["net §1.3 POST /namespaces/"], |context| {
        let net = Net::new(context)?;
        let namespace = net.hns("POST", "/namespaces/", &json!({}))?;
        net.later(NetworkObjectKind::Namespace, text(&namespace, "ID"));
        same("the id's length", &text(&namespace, "ID").len(), &36)?;
        net.hns("DELETE", &path("namespaces", &namespace), &Value::Null).map(drop)
    }),
    Case::of_networks(
        "hns::policies_are_replaced_as_a_whole",
        &["net §1.3 POST /endpoints/{id}: Endpoint (whole)"],
        |context| {
            let net = Net::new(context)?;
            let (_, endpoint) = made(&net)?;
            let endpoint_path = path("endpoints", &endpoint);
            let rule = json!({"Type": "ACL", "Protocol": 6, "Action": "Allow", "Direction": "In", "LocalPort": 80, "Priority": 200});
            let mut whole = net.hns("GET", &endpoint_path, &Value::Null)?;
            whole["Policies"] = json!([rule]);
            let updated = net.hns("POST", &endpoint_path, &whole)?;
            same("policies of v1", &updated["Policies"].as_array().map_or(0, Vec::len), &1)?;
            let newer = net.properties(NetworkObjectKind::Endpoint, &endpoint)?;
            same_text("in the words of v2", text(&newer["Policies"][0]["Settings"], "LocalPorts"), "80")?;
            whole["Policies"] = Value::Null;
            net.hns("POST", &endpoint_path, &whole)?;
            let newer = net.properties(NetworkObjectKind::Endpoint, &endpoint)?;
            same("what is left", &newer["Policies"], &Value::Null)
        },
    ),
    Case::of_networks("hns::what_is_not_there", &["net §1.2 Element not found."], |context| {
        let net = Net::new(context)?;
        for collection in ["networks", "endpoints", "namespaces", "policylists"] {
            for method in ["GET", "DELETE"] {
                fails(
                    &net,
                    method,
                    &format!("/{collection}/{NOBODY}"),
                    &Value::Null,
                    Hresult::ERROR_NOT_FOUND,
                )?;
            }
        }
        let answer = net.service.hns_call("GET", &format!("/namespaces/{NOBODY}"), "");
        let answer = answer.map_err(|error| failed("GET", error))?;
        holds(answer.contains("Element not found."), format!("clients know it by this text alone: {answer}"))
    }),
    Case::of_networks("hns::nothing_is_deleted_wholesale", &["net §1.3 Path notes"], |context| {
        let net = Net::new(context)?;
        let (network, _) = made(&net)?;
        for collection in ["networks", "endpoints", "namespaces", "policylists"] {
            fails(&net, "DELETE", &format!("/{collection}/"), &Value::Null, Hresult::E_INVALIDARG)?;
        }
        net.hns("GET", &path("networks", &network), &Value::Null).map(drop)
    }),
    Case::of_networks("hns::a_balancer_and_a_route_are_policy_lists", &["net §1.6 PolicyList"], |context| {
        let net = Net::new(context)?;
        let (_, endpoint) = made(&net)?;
        let reference = format!("/endpoints/{}", text(&endpoint, "ID"));
        for (policy, kind) in [
            (
                json!({"Type": "ELB", "Protocol": 6, "InternalPort": 80, "ExternalPort": 8088, "VIPs": ["1.1.1.9"]}),
                NetworkObjectKind::LoadBalancer,
            ),
            (
                json!({"Type": "ROUTE", "DestinationPrefix": "10.9.0.0/16", "NextHop": "192.168.100.7"}),
                NetworkObjectKind::Route,
            ),
        ] {
            let list = json!({"References": [reference], "Policies": [policy]});
            let made = net.hns("POST", "/policylists/", &list)?;
            net.later(kind, text(&made, "ID"));
            let newer = net.properties(kind, &made)?;
            same("its endpoint", &newer["HostComputeEndpoints"], &json!([endpoint["ID"]]))?;
            same(
                "References",
                &net.hns("GET", &path("policylists", &made), &Value::Null)?["References"],
                &json!([reference]),
            )?;
            net.hns("DELETE", &path("policylists", &made), &Value::Null)?;
        }
        let wrong = json!({"References": ["/networks/x"], "Policies": [{"Type": "ELB"}]});
        fails(&net, "POST", "/policylists/", &wrong, Hresult::HCN_E_INVALID_JSON_REFERENCE)
    }),
];
