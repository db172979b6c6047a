//! Endpoints: `networking.md` §5.2, and what the service fills in.

use std::net::IpAddr;

use hcs_contract::{Hresult, NetworkObjectKind};
use serde_json::{Value, json};

use super::{GATEWAY, Net, acl_pair, text, types};
use crate::check::{holds, same, same_text};
use crate::{Case, Failure};

const KIND: NetworkObjectKind = NetworkObjectKind::Endpoint;

fn address(endpoint: &Value) -> &str {
    text(&endpoint["IpConfigurations"][0], "IpAddress")
}

pub(super) const CASES: &[Case] = &[
    Case::of_networks("endpoints::create_delete", &["net §5.2 TestCreateDeleteEndpoint"], |context| {
        let net = Net::new(context)?;
        let network = net.nat()?;
        let endpoint = net.endpoint(&network)?;
        same("HostComputeNetwork", &endpoint["HostComputeNetwork"], &network["ID"])?;
        net.delete(KIND, &endpoint)?;
        net.delete(NetworkObjectKind::Network, &network)
    }),
    Case::of_networks(
        "endpoints::what_is_left_open_is_filled_in",
        &["net §4.4 Endpoint with only Name"],
        |context| {
            let net = Net::new(context)?;
            let network = net.network_of("NAT", |document| {
                document["Dns"] = json!({"ServerList": ["10.1.1.1"], "Domain": "test"});
            })?;
            let endpoint = net.endpoint(&network)?;
            let ip: IpAddr =
                address(&endpoint).parse().map_err(|_| Failure::Broken(format!("no address: {endpoint}")))?;
            holds(ip != IpAddr::from([192, 168, 100, 1]), "it has the gateway's address")?;
            same("the prefix", &endpoint["IpConfigurations"][0]["PrefixLength"].as_u64(), &Some(24))?;
            same_text("the gateway", text(&endpoint["Routes"][0], "NextHop"), GATEWAY)?;
            same_text("where to", text(&endpoint["Routes"][0], "DestinationPrefix"), "0.0.0.0/0")?;
            let mac = text(&endpoint, "MacAddress");
            let of_the_pool = mac.len() == 17 && mac.starts_with("00-15-5D-52-C");
            holds(of_the_pool, format!("MacAddress {mac:?} is not of the network's pool"))?;
            same("its DNS", &endpoint["Dns"]["ServerList"], &json!(["10.1.1.1"]))?;
            let other = net.endpoint(&network)?;
            holds(address(&other) != address(&endpoint), "two endpoints have one address")?;
            holds(other["MacAddress"] != endpoint["MacAddress"], "two endpoints have one MAC address")
        },
    ),
    Case::of_networks(
        "endpoints::by_id_and_by_name",
        &["net §5.2 TestGetEndpointById, TestGetEndpointByName"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let endpoint = net.endpoint_with(&network, json!({"Name": "conformance by name"}))?;
            let id = text(&endpoint, "ID").to_owned();
            same_text("Name", text(&endpoint, "Name"), "conformance by name")?;
            same("by id", &net.list(KIND, &json!({"ID": id}))?, &vec![id.clone()])?;
            same("by name", &net.list(KIND, &json!({"Name": "conformance by name"}))?, &vec![id.clone()])?;
            net.delete(KIND, &json!({"ID": id}))
        },
    ),
    Case::of_networks(
        "endpoints::every_one_that_is_listed_opens",
        &["net §5.2 TestListEndpoints"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let endpoint = net.endpoint(&network)?;
            let listed = net.list(KIND, &Value::Null)?;
            holds(listed.iter().any(|id| id == text(&endpoint, "ID")), "the new endpoint is not listed")?;
            listed.iter().try_for_each(|id| net.properties(KIND, &json!({"ID": id})).map(drop))
        },
    ),
    Case::of_networks("endpoints::those_of_a_network", &["net §5.2 TestListEndpointsOfNetwork"], |context| {
        let net = Net::new(context)?;
        let network = net.nat()?;
        let first = net.endpoint(&network)?;
        let second = net.endpoint(&network)?;
        let ids = vec![text(&first, "ID").to_owned(), text(&second, "ID").to_owned()];
        for member in ["VirtualNetwork", "HostComputeNetwork"] {
            same("in the order of their making", &net.list(KIND, &json!({member: network["ID"]}))?, &ids)?;
        }
        same(
            "both members must fit",
            &net.list(KIND, &json!({"VirtualNetwork": network["ID"], "ID": second["ID"]}))?,
            &vec![ids[1].clone()],
        )
    }),
    Case::of_networks(
        "endpoints::attached_and_detached",
        &["net §5.2 TestEndpointNamespaceAttachDetach"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let (endpoint, namespace) = (net.endpoint(&network)?, net.namespace("HostDefault")?);
            net.change_namespace(&namespace, "Add", &endpoint)?;
            let attached = net.properties(KIND, &endpoint)?;
            same("HostComputeNamespace", &attached["HostComputeNamespace"], &namespace["ID"])?;
            net.change_namespace(&namespace, "Remove", &endpoint)?;
            let detached = net.properties(KIND, &endpoint)?;
            same_text("HostComputeNamespace", text(&detached, "HostComputeNamespace"), "")?;
            net.delete(NetworkObjectKind::Namespace, &namespace)?;
            net.delete(KIND, &endpoint)?;
            net.delete(NetworkObjectKind::Network, &network)
        },
    ),
    Case::of_networks(
        "endpoints::made_in_a_namespace",
        &["net §5.2 TestCreateEndpointWithNamespace"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let namespace = net.namespace("HostDefault")?;
            let endpoint = net.endpoint_with(&network, json!({"HostComputeNamespace": namespace["ID"]}))?;
            same("HostComputeNamespace", &endpoint["HostComputeNamespace"], &namespace["ID"])?;
            net.delete(KIND, &endpoint)?;
            let namespace = net.properties(NetworkObjectKind::Namespace, &namespace)?;
            same("what is left in the namespace", &namespace["Resources"], &Value::Null)
        },
    ),
    Case::of_networks(
        "endpoints::policies_are_updated",
        &["net §5.2 TestApplyPolicyOnEndpoint, TestModifyEndpointSettings"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let endpoint = net.endpoint(&network)?;
            net.policies(KIND, &endpoint, "Update", &acl_pair())?;
            let found = net.properties(KIND, &endpoint)?;
            same("Policies", &found["Policies"], &acl_pair())?;
            // An update replaces all of its types.
            let one = json!([acl_pair()[0]]);
            let found = net.policies(KIND, &endpoint, "Update", &one)?;
            same("Policies", &found["Policies"], &one)?;
            // What is there is not added again.
            let found = net.policies(KIND, &endpoint, "Add", &one)?;
            same("Policies", &found["Policies"], &one)?;
            net.policies(KIND, &endpoint, "Remove", &one)?;
            let gone = net.open(KIND, &endpoint)?.modify(
                &json!({"ResourceType": "Policy", "RequestType": "Remove", "Settings": {"Policies": one}})
                    .to_string(),
            );
            let error = net.fails("remove it again", gone, Hresult::HCN_E_POLICY_NOT_FOUND)?;
            holds(error.is_not_exist(), format!("it is no not-found: {error}"))
        },
    ),
    Case::of_networks(
        "endpoints::proxy_in_both_directions",
        &["net §5.2 TestAddL4WfpProxyPolicyOnEndpoint"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let endpoint = net.endpoint(&network)?;
            let found = net.policies(
                KIND,
                &endpoint,
                "Add",
                &json!([{"Type": "L4WFPPROXY", "Settings": {
                    "InboundProxyPort": "80", "OutboundProxyPort": "81",
                    "FilterTuple": {"Protocols": "6", "RemoteAddresses": "10.0.0.4", "Priority": 8},
                    "InboundExceptions": {"IpAddressExceptions": ["127.0.0.1"]},
                    "OutboundExceptions": {"PortExceptions": ["8081"]},
                }}]),
            )?;
            same("types", &types(&found), &vec!["L4WFPPROXY"])
        },
    ),
    Case::of_networks(
        "endpoints::rules_in_tiers",
        &["net §5.2 TestApplyTierAclPolicyOnEndpoint"],
        |context| {
            let net = Net::new(context)?;
            let network = net.network_of("L2Bridge", |document| document["Flags"] = 8.into())?;
            let endpoint = net.endpoint(&network)?;
            let tier = |direction: &str, order: u16| {
                json!({"Type": "TierAcl", "Settings": {
                    "Name": format!("tier-{order}"), "Direction": direction, "Order": order,
                    "TierAclRules": [
                        {"Id": "r1", "Protocols": "6", "TierAclRuleAction": "Block", "LocalPorts": "80", "Priority": 2000},
                        {"Id": "r2", "TierAclRuleAction": "Pass", "Priority": 2100},
                        {"Id": "r3", "TierAclRuleAction": "Allow", "Priority": 3100},
                    ],
                }})
            };
            let tiers: Vec<Value> = ["In", "Out"]
                .into_iter()
                .flat_map(|direction| [1001, 1002, 1013].map(|order| tier(direction, order)))
                .collect();
            let found = net.policies(KIND, &endpoint, "Update", &json!(tiers))?;
            same("policies", &types(&found).len(), &6)
        },
    ),
    Case::of_networks(
        "endpoints::addresses_that_are_asked_for",
        &["net §5.10 TestLCOW_IPv6_Assignment", "net §4.4 IP"],
        |context| {
            let net = Net::new(context)?;
            let network = net.network_of("NAT", |document| {
                let second = json!({"IpAddressPrefix": "fd00::100/120",
                "Routes": [{"NextHop": "fd00::101", "DestinationPrefix": "::/0"}]});
                if let Some(subnets) = document["Ipams"][0]["Subnets"].as_array_mut() {
                    subnets.push(second);
                }
            })?;
            let asked = json!([{"IpAddress": "192.168.100.4", "PrefixLength": 24}, {"IpAddress": "fd00::106", "PrefixLength": 120}]);
            let endpoint = net.endpoint_with(
                &network,
                json!({"IpConfigurations": asked, "MacAddress": "00:15:5d:52:c0:77"}),
            )?;
            same("IpConfigurations", &endpoint["IpConfigurations"], &asked)?;
            same_text("MacAddress", text(&endpoint, "MacAddress"), "00-15-5D-52-C0-77")?;
            // One of each family is chosen where none is asked for.
            let other = net.endpoint(&network)?;
            same("addresses", &other["IpConfigurations"].as_array().map_or(0, Vec::len), &2)
        },
    ),
    Case::of_networks(
        "endpoints::addresses_that_cannot_be",
        &["net §2.7 803B0005, 803B001E, 803B002F"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let taken = net.endpoint(&network)?;
            for (asked, code) in [
                (address(&taken), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED),
                (GATEWAY, Hresult::HCN_E_ADDR_INVALID_OR_RESERVED),
                ("192.168.100.0", Hresult::HCN_E_ADDR_INVALID_OR_RESERVED),
                ("192.168.100.255", Hresult::HCN_E_ADDR_INVALID_OR_RESERVED),
                ("192.168.101.7", Hresult::HCN_E_SUBNET_NOT_FOUND),
                ("192.168.100.777", Hresult::HCN_E_INVALID_IP),
            ] {
                let document = json!({"IpConfigurations": [{"IpAddress": asked}]});
                net.fails(asked, net.try_endpoint(&network, &document), code)?;
            }
            let wrong = json!({"MacAddress": "\u{0}\u{15}]R"});
            net.fails("a MAC address that is none", net.try_endpoint(&network, &wrong), Hresult::E_INVALIDARG)
                .map(drop)
        },
    ),
    Case::of_networks(
        "endpoints::a_failed_create_leaves_nothing",
        &["net §4.4 Failed endpoint create"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let port = json!([{"Type": "PortMapping", "Settings": {"Protocol": 17, "InternalPort": 45678, "ExternalPort": 56791}}]);
            let first = net.endpoint_with(
                &network,
                json!({"Policies": port, "IpConfigurations": [{"IpAddress": "192.168.100.9"}]}),
            )?;
            let id = "5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2";
            let mut second =
                json!({"ID": id, "Policies": port, "IpConfigurations": [{"IpAddress": "192.168.100.10"}]});
            net.fails(
                "the same port",
                net.try_endpoint(&network, &second),
                Hresult::HCN_E_PORT_ALREADY_EXISTS,
            )?;
            same("endpoints of the id", &net.list(KIND, &json!({"ID": id}))?, &vec![])?;
            // Its id and its address are free; its port is, with the first.
            net.delete(KIND, &first)?;
            second["SchemaVersion"] = json!({"Major": 2, "Minor": 0});
            let made = net.done("create it again", net.try_endpoint(&network, &second))?;
            same_text("the id", made.id(), id)?;
            net.delete(KIND, &json!({"ID": id}))
        },
    ),
    Case::of_networks("endpoints::on_a_network_that_is_not_there", &["net §2.7 803B0001"], |context| {
        let net = Net::new(context)?;
        let made = net.service.create_endpoint(super::NOBODY, None, "{}");
        net.fails("create it", made, Hresult::HCN_E_NETWORK_NOT_FOUND).map(drop)
    }),
];
