//! Networks: `networking.md` §5.6, and what the service fills in.

use hcs_contract::{Hresult, NetworkObjectKind};
use serde_json::{Value, json};

use super::{GATEWAY, NOBODY, Net, PREFIX, acl_pair, text, types};
use crate::check::{holds, same, same_text};
use crate::{Case, Failure};

const KIND: NetworkObjectKind = NetworkObjectKind::Network;

/// The policy is there after `Add` and gone after `Remove`.
fn comes_and_goes(net: &Net, network: &Value, policy: &Value) -> Result<(), Failure> {
    let kind = text(policy, "Type");
    holds(!types(network).contains(&kind), format!("a new network has {kind} already"))?;
    net.policies(KIND, network, "Add", &json!([policy]))?;
    let with = net.properties(KIND, network)?;
    holds(types(&with).contains(&kind), format!("{kind} was added, and is not there: {with}"))?;
    net.policies(KIND, network, "Remove", &json!([policy]))?;
    let without = net.properties(KIND, network)?;
    holds(!types(&without).contains(&kind), format!("{kind} was removed, and is there: {without}"))?;
    net.delete(KIND, network)
}

pub(super) const CASES: &[Case] = &[
    Case::of_networks(
        "networks::create_delete",
        &["net §5.6 TestCreateDeleteNetwork", "net §4.4 IDs"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            same("the id's length", &text(&network, "ID").len(), &36)?;
            same_text("Type", text(&network, "Type"), "NAT")?;
            same_text("the prefix", text(&network["Ipams"][0]["Subnets"][0], "IpAddressPrefix"), PREFIX)?;
            net.delete(KIND, &network)?;
            let again = net.service.delete(KIND, text(&network, "ID"));
            net.fails("delete it again", again, Hresult::ERROR_NOT_FOUND).map(drop)
        },
    ),
    Case::of_networks(
        "networks::a_default_route_without_a_length",
        &["net §5.1, as v0.8.4 sends it"],
        |context| {
            let net = Net::new(context)?;
            let network = net.network_of("NAT", |document| {
                document["Ipams"][0]["Subnets"][0]["Routes"][0]["DestinationPrefix"] = "0.0.0.0".into();
            })?;
            let endpoint = net.endpoint(&network)?;
            same_text("the endpoint's gateway", text(&endpoint["Routes"][0], "NextHop"), GATEWAY)
        },
    ),
    Case::of_networks(
        "networks::addresses_are_chosen",
        &["net §5.6 TestCreateDeleteNetworks 2", "net §4.4 what the service fills in"],
        |context| {
            let net = Net::new(context)?;
            let network = net.create(
                KIND,
                &json!({"Name": "conformance-nat", "Type": "NAT",
            "SchemaVersion": {"Major": 2, "Minor": 2}}),
            )?;
            let subnet = &network["Ipams"][0]["Subnets"][0];
            holds(text(subnet, "IpAddressPrefix").contains('/'), format!("no prefix was chosen: {network}"))?;
            let ranges = network["MacPool"]["Ranges"].as_array().map_or(0, Vec::len);
            holds(ranges > 0, "no MAC addresses were chosen")?;
            let endpoint = net.endpoint(&network)?;
            holds(
                !text(&endpoint["IpConfigurations"][0], "IpAddress").is_empty(),
                "the endpoint has no address",
            )
        },
    ),
    Case::of_networks(
        "networks::by_id_and_by_name",
        &["net §5.6 TestGetNetworkByName, TestGetNetworkById"],
        |context| {
            let net = Net::new(context)?;
            let network =
                net.network_of("NAT", |document| document["Name"] = "conformance by name".into())?;
            let id = text(&network, "ID").to_owned();
            same("by id", &net.list(KIND, &json!({"ID": id.to_uppercase()}))?, &vec![id.clone()])?;
            same("by name", &net.list(KIND, &json!({"Name": "conformance by name"}))?, &vec![id])?;
            same(
                "by a name in another case",
                &net.list(KIND, &json!({"Name": "Conformance By Name"}))?,
                &vec![],
            )
        },
    ),
    Case::of_networks("networks::every_one_that_is_listed_opens", &["net §5.6 TestListNetwork"], |context| {
        let net = Net::new(context)?;
        let network = net.nat()?;
        let listed = net.list(KIND, &Value::Null)?;
        holds(listed.iter().any(|id| id == text(&network, "ID")), "the new network is not listed")?;
        for id in listed {
            let properties = net.properties(KIND, &json!({"ID": id}))?;
            same_text("ID", text(&properties, "ID"), &id)?;
            // A client that presets nothing would take a network without a type for none.
            holds(!text(&properties, "Type").is_empty(), format!("it has no Type: {properties}"))?;
        }
        Ok(())
    }),
    Case::of_networks(
        "networks::flags_are_echoed",
        &["net §5.6 TestNetworkFlags: equal to 8, no more bits"],
        |context| {
            let net = Net::new(context)?;
            let network = net.network_of("NAT", |document| document["Flags"] = 8.into())?;
            let network = net.properties(KIND, &network)?;
            same("Flags", &network["Flags"].as_u64(), &Some(8))
        },
    ),
    Case::of_networks(
        "networks::remote_subnet_route",
        &["net §5.6 TestAddRemoveRemoteSubnetRoutePolicy"],
        |context| {
            let net = Net::new(context)?;
            let network = net.overlay()?;
            comes_and_goes(
                &net,
                &network,
                &json!({"Type": "RemoteSubnetRoute", "Settings": {
                    "DestinationPrefix": "192.168.2.0/24", "IsolationId": 5000, "ProviderAddress": "1.1.1.1",
                    "DistributedRouterMacAddress": "00-12-34-56-78-9a",
                }}),
            )
        },
    ),
    Case::of_networks("networks::host_route", &["net §5.6 TestAddRemoveHostRoutePolicy"], |context| {
        let net = Net::new(context)?;
        let network = net.overlay()?;
        comes_and_goes(&net, &network, &json!({"Type": "HostRoute", "Settings": {}}))
    }),
    Case::of_networks("networks::network_acl", &["net §5.6 TestAddRemoveNetworACLPolicy"], |context| {
        let net = Net::new(context)?;
        let network = net.nat()?;
        comes_and_goes(&net, &network, &json!({"Type": "NetworkACL", "Settings": acl_pair()[0]["Settings"]}))
    }),
    Case::of_networks("networks::l2_bridge", &["net §5.1 L2Bridge"], |context| {
        let net = Net::new(context)?;
        let network = net.network_of("L2Bridge", |document| document["Flags"] = 8.into())?;
        same_text("Type", text(&network, "Type"), "L2Bridge")
    }),
    Case::of_networks(
        "networks::deleted_with_its_endpoints",
        &["net §4.4 Network delete with live endpoints"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let endpoint = net.endpoint(&network)?;
            let handle = net.open(NetworkObjectKind::Endpoint, &endpoint)?;
            net.delete(KIND, &network)?;
            let opened = net.service.open(NetworkObjectKind::Endpoint, text(&endpoint, "ID"));
            net.fails("open its endpoint", opened, Hresult::ERROR_NOT_FOUND)?;
            net.fails("ask a handle of its endpoint", handle.properties(""), Hresult::ERROR_NOT_FOUND)?;
            same(
                "endpoints of the network",
                &net.list(NetworkObjectKind::Endpoint, &json!({"ID": endpoint["ID"]}))?,
                &vec![],
            )
        },
    ),
    Case::of_networks(
        "networks::two_nat_networks_need_two_prefixes",
        &["net §2.7 803B0010", "net §4.4 what the service fills in"],
        |context| {
            let net = Net::new(context)?;
            let first = net.nat()?;
            let document = |prefix: &str| {
                json!({"Type": "NAT", "Ipams": [{"Subnets": [{"IpAddressPrefix": prefix,
                "Routes": [{"NextHop": GATEWAY, "DestinationPrefix": "0.0.0.0/0"}]}]}],
                "SchemaVersion": {"Major": 2, "Minor": 0}})
                .to_string()
            };
            for overlapping in [PREFIX, "192.168.100.0/25", "192.168.0.0/16"] {
                let made = net.service.create(KIND, None, &document(overlapping));
                net.fails(overlapping, made, Hresult::HCN_E_NETWORK_ALREADY_EXISTS)?;
            }
            net.delete(KIND, &first)?;
            net.nat().map(drop)
        },
    ),
    Case::of_networks("networks::a_wrong_prefix_or_type", &["net §2.7 803B000B, 803B0030"], |context| {
        let net = Net::new(context)?;
        for (member, value, code) in [
            ("Type", json!("Nonsense"), Hresult::HCN_E_INVALID_NETWORK_TYPE),
            (
                "Ipams",
                json!([{"Subnets": [{"IpAddressPrefix": "192.168.100.0"}]}]),
                Hresult::HCN_E_INVALID_PREFIX,
            ),
            (
                "Ipams",
                json!([{"Subnets": [{"IpAddressPrefix": "192.168.300.0/24"}]}]),
                Hresult::HCN_E_INVALID_PREFIX,
            ),
            (
                "Ipams",
                json!([{"Subnets": [{"IpAddressPrefix": PREFIX,
                    "Routes": [{"NextHop": "10.0.0.1", "DestinationPrefix": "0.0.0.0/0"}]}]}]),
                Hresult::HCN_E_INVALID_SUBNET,
            ),
            ("Policies", json!([{"Type": "Nonsense", "Settings": {}}]), Hresult::HCN_E_INVALID_POLICY_TYPE),
            (
                "Policies",
                json!([{"Type": "NetworkACL", "Settings": {"Priority": "x"}}]),
                Hresult::HCN_E_INVALID_POLICY,
            ),
        ] {
            let mut document = json!({"Type": "NAT", "SchemaVersion": {"Major": 2, "Minor": 0}});
            document[member] = value;
            let made = net.service.create(KIND, None, &document.to_string());
            net.fails(&document.to_string(), made, code)?;
        }
        same("networks of that id", &net.list(KIND, &json!({"ID": NOBODY}))?, &vec![])
    }),
];
