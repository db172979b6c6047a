//! Errors: `networking.md` §5.3, 2.7 and 2.9.

use hcs_contract::{Hresult, NetworkObjectKind};
use serde_json::{Value, json};

use super::{NOBODY, Net, text};
use crate::Case;
use crate::check::{holds, same};

pub(super) const CASES: &[Case] = &[
    Case::of_networks(
        "network_errors::who_is_not_there_is_not_listed",
        &["net §5.3 TestMissingNetworkByName, …ById, TestMissingNamespaceById"],
        |context| {
            let net = Net::new(context)?;
            for kind in NetworkObjectKind::ALL {
                same("by id", &net.list(*kind, &json!({"ID": NOBODY}))?, &vec![])?;
            }
            same(
                "by name",
                &net.list(NetworkObjectKind::Network, &json!({"Name": "Not found name"}))?,
                &vec![],
            )
        },
    ),
    Case::of_networks(
        "network_errors::who_is_not_there_is_not_opened",
        &["net §5.3 TestNotFoundError", "net §2.7 errors"],
        |context| {
            let net = Net::new(context)?;
            for kind in NetworkObjectKind::ALL {
                let error = net.fails(
                    &format!("open {kind}"),
                    net.service.open(*kind, NOBODY),
                    Hresult::ERROR_NOT_FOUND,
                )?;
                holds(error.is_not_exist(), format!("it is no not-found: {error}"))?;
                net.fails(
                    &format!("delete {kind}"),
                    net.service.delete(*kind, NOBODY),
                    Hresult::ERROR_NOT_FOUND,
                )?;
            }
            Ok(())
        },
    ),
    Case::of_networks(
        "network_errors::a_published_port_is_one_endpoints",
        &["net §5.3 TestEndpointAlreadyExistsError", "net §2.9 already exists"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let mapping = |protocol: u32| {
                json!({"Policies": [{"Type": "PortMapping",
                "Settings": {"Protocol": protocol, "InternalPort": 45678, "ExternalPort": 56789}}]})
            };
            let first = net.endpoint_with(&network, mapping(17))?;
            let error = net.fails(
                "the same port",
                net.try_endpoint(&network, &mapping(17)),
                Hresult::HCN_E_PORT_ALREADY_EXISTS,
            )?;
            holds(
                error.is_already_exists() && error.is_port_already_exists(),
                format!("what it is: {error}"),
            )?;
            // Another protocol has ports of its own.
            net.endpoint_with(&network, mapping(6))?;
            net.delete(NetworkObjectKind::Endpoint, &first)?;
            net.endpoint_with(&network, mapping(17)).map(drop)
        },
    ),
    Case::of_networks(
        "network_errors::an_id_is_one_objects",
        &["net §2.1 ID in Settings", "net §2.9 already exists"],
        |context| {
            let net = Net::new(context)?;
            let id = "A1E7C6D2-0000-4f52-9d19-57e9f4a8e8b2";
            let document = json!({"ID": id, "Type": "Guest", "SchemaVersion": {"Major": 2, "Minor": 0}});
            let kind = NetworkObjectKind::Namespace;
            let namespace = net.create(kind, &document)?;
            same("the id, as it was given", &text(&namespace, "ID"), &id)?;
            let again =
                net.service.create(kind, Some(&id.to_lowercase()), r#"{"SchemaVersion":{"Major":2}}"#);
            let error = net.fails("make it again", again, Hresult::ERROR_ALREADY_EXISTS)?;
            holds(error.is_already_exists(), format!("what it is: {error}"))?;
            net.delete(kind, &json!({"ID": id.to_lowercase()}))?;
            // The id of what is gone is free; that of the call counts before the document's, unless it is all zeros.
            let zeros = "00000000-0000-0000-0000-000000000000";
            for (given, due) in [(zeros, id), (NOBODY, NOBODY)] {
                let made =
                    net.done("make it", net.service.create(kind, Some(given), &document.to_string()))?;
                net.later(kind, made.id());
                same("the id", &made.id(), &due)?;
                net.delete(kind, &json!({"ID": due}))?;
            }
            let network = net.network_of("NAT", |document| document["ID"] = NOBODY.into())?;
            let again = net.service.create(
                NetworkObjectKind::Network,
                None,
                &json!({"ID": network["ID"],
            "SchemaVersion": {"Major": 2, "Minor": 0}})
                .to_string(),
            );
            net.fails("a network of its id", again, Hresult::HCN_E_NETWORK_ALREADY_EXISTS).map(drop)
        },
    ),
    Case::of_networks("network_errors::what_is_no_guid", &["net §0.9 and 2.7 803B0019"], |context| {
        let net = Net::new(context)?;
        for id in [
            "x",
            "{7e1f0a5c-9c1d-4e44-8d5a-0c0ffee00001}",
            "7e1f0a5c9c1d4e448d5a0c0ffee00001",
            "7e1f0a5c-9c1d-4e44-8d5a-0c0ffee0000g",
        ] {
            let opened = net.service.open(NetworkObjectKind::Network, id);
            net.fails(id, opened, Hresult::HCN_E_GUID_CONVERSION_FAILURE)?;
            let made = net.service.create(NetworkObjectKind::Namespace, None, &json!({"ID": id}).to_string());
            net.fails(id, made, Hresult::HCN_E_GUID_CONVERSION_FAILURE)?;
        }
        Ok(())
    }),
    Case::of_networks("network_errors::what_is_no_document", &["net §2.7 803B001B"], |context| {
        let net = Net::new(context)?;
        for text in ["{", "[]", "7", r#"{"Name":7}"#, r#"{"Policies":{}}"#] {
            let made = net.service.create(NetworkObjectKind::Network, None, text);
            let error = net.fails(text, made, Hresult::HCN_E_INVALID_JSON)?;
            holds(error.code() == "invalid-document", format!("what it is: {error}"))?;
        }
        Ok(())
    }),
    Case::of_networks("network_errors::a_filter_that_names_no_member", &["net §2.3 Filter"], |context| {
        let net = Net::new(context)?;
        for filter in [json!({"Nonsense": "x"}).to_string(), "x".into(), "[]".into()] {
            let query = json!({"Filter": filter}).to_string();
            let listed = net.service.enumerate(NetworkObjectKind::Network, &query);
            net.fails(&filter, listed, Hresult::E_INVALIDARG)?;
        }
        let empty = net.done("enumerate", net.service.enumerate(NetworkObjectKind::Network, ""))?;
        holds(serde_json::from_str::<Vec<Value>>(&empty).is_ok(), format!("no array: {empty}"))
    }),
    Case::of_networks(
        "network_errors::a_closed_handle",
        &["contract handles: after close AlreadyClosed"],
        |context| {
            let net = Net::new(context)?;
            let namespace = net.namespace("Guest")?;
            let (closed, open) = (
                net.open(NetworkObjectKind::Namespace, &namespace)?,
                net.open(NetworkObjectKind::Namespace, &namespace)?,
            );
            closed.close();
            closed.close();
            for error in [closed.properties("").err(), closed.modify("{}").err()] {
                holds(
                    error.as_ref().is_some_and(hcs_contract::Error::is_already_closed),
                    format!("it gives {error:?}"),
                )?;
            }
            net.properties_of(&*open).map(drop)
        },
    ),
];
