//! Namespaces: `networking.md` §5.5.

use hcs_contract::{Hresult, NetworkObjectKind};
use serde_json::{Value, json};

use super::{NOBODY, Net, text};
use crate::Case;
use crate::check::{holds, same, same_text};

const KIND: NetworkObjectKind = NetworkObjectKind::Namespace;

pub(super) const CASES: &[Case] = &[
    Case::of_networks(
        "namespaces::create_delete",
        &["net §5.5 TestCreateDeleteNamespace, …Guest", "net §4.2 namespace types"],
        |context| {
            let net = Net::new(context)?;
            for kind in ["Host", "HostDefault", "Guest", "GuestDefault"] {
                let namespace = net.namespace(kind)?;
                same_text("Type", text(&namespace, "Type"), kind)?;
                net.delete(KIND, &namespace)?;
            }
            Ok(())
        },
    ),
    Case::of_networks(
        "namespaces::several_of_the_host_itself",
        &["net §4.2 HostDefault, NamespaceId 5"],
        |context| {
            let net = Net::new(context)?;
            let (first, second) = (net.namespace("HostDefault")?, net.namespace("HostDefault")?);
            net.delete(KIND, &first)?;
            net.properties(KIND, &second)?;
            net.delete(KIND, &second)
        },
    ),
    Case::of_networks(
        "namespaces::the_host_has_one_from_the_beginning",
        &["net §4.2 pre-create one"],
        |context| {
            let net = Net::new(context)?;
            for id in net.list(KIND, &Value::Null)? {
                let namespace = net.properties(KIND, &json!({"ID": id}))?;
                if text(&namespace, "Type") == "HostDefault" {
                    return same("NamespaceId", &namespace["NamespaceId"].as_u64(), &Some(1));
                }
            }
            holds(false, "no namespace has the type HostDefault")
        },
    ),
    Case::of_networks(
        "namespaces::a_document_that_says_nothing",
        &["net §2.4 Type may be absent", "net §5.10 ncproxy, hcsoci"],
        |context| {
            let net = Net::new(context)?;
            let namespace = net.create(KIND, &json!({"SchemaVersion": {"Major": 0, "Minor": 0}}))?;
            same_text("Type", text(&namespace, "Type"), "Host")
        },
    ),
    Case::of_networks(
        "namespaces::by_id_and_listed",
        &["net §5.5 TestGetNamespaceById, TestListNamespaces"],
        |context| {
            let net = Net::new(context)?;
            let namespace = net.namespace("HostDefault")?;
            let id = text(&namespace, "ID").to_owned();
            same("by id", &net.list(KIND, &json!({"ID": id}))?, &vec![id.clone()])?;
            let listed = net.list(KIND, &Value::Null)?;
            holds(listed.contains(&id), "it is not listed")?;
            listed.iter().try_for_each(|id| net.properties(KIND, &json!({"ID": id})).map(drop))
        },
    ),
    Case::of_networks(
        "namespaces::endpoints_are_its_resources",
        &[
            "net §5.5 TestGetNamespaceEndpointIds, TestAddRemoveNamespaceEndpoint, TestModifyNamespaceSettings",
        ],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let (endpoint, namespace) = (net.endpoint(&network)?, net.namespace("HostDefault")?);
            net.change_namespace(&namespace, "Add", &endpoint)?;
            // To its own namespace again is a success.
            net.change_namespace(&namespace, "Add", &endpoint)?;
            let found = net.properties(KIND, &namespace)?;
            let due = json!([{"Type": "Endpoint", "Data": {"ID": endpoint["ID"]}}]);
            same("Resources", &found["Resources"], &due)?;
            let other = net.namespace("Host")?;
            let add = json!({"ResourceType": "Endpoint", "RequestType": "Add", "Settings": {"EndpointId": endpoint["ID"]}});
            let twice = net.open(KIND, &other)?.modify(&add.to_string());
            net.fails("into a second namespace", twice, Hresult::HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS)?;
            net.change_namespace(&namespace, "Remove", &endpoint)?;
            net.change_namespace(&other, "Add", &endpoint)?;
            // It stays, in none.
            net.delete(KIND, &other)?;
            let endpoint = net.properties(NetworkObjectKind::Endpoint, &endpoint)?;
            same_text("HostComputeNamespace", text(&endpoint, "HostComputeNamespace"), "")
        },
    ),
    Case::of_networks(
        "namespaces::a_new_one_is_empty",
        &["net §5.5 TestGetNamespaceContainers"],
        |context| {
            let net = Net::new(context)?;
            let namespace = net.namespace("HostDefault")?;
            same("Resources", &namespace["Resources"], &Value::Null)
        },
    ),
    Case::of_networks("namespaces::an_endpoint_that_is_not_there", &["net §2.7 803B0002"], |context| {
        let net = Net::new(context)?;
        let namespace = net.namespace("Host")?;
        let add =
            json!({"ResourceType": "Endpoint", "RequestType": "Add", "Settings": {"EndpointId": NOBODY}});
        let added = net.open(KIND, &namespace)?.modify(&add.to_string());
        net.fails("add it", added, Hresult::HCN_E_ENDPOINT_NOT_FOUND).map(drop)
    }),
];
