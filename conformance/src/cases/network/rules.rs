//! Rules that hold for every object: `networking.md` §0, and the promises of the traits.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

use hcs_contract::{NetworkEvent, NetworkEventKind, NetworkObjectKind};
use serde_json::json;

use super::{Net, acl_pair, text};
use crate::check::{holds, same};
use crate::{Case, Failure};

pub(super) const CASES: &[Case] = &[
    Case::of_networks(
        "network_rules::unknown_members_are_kept",
        &["contract NetworkService: kept and echoed", "net §0.12 absent structs"],
        |context| {
            let net = Net::new(context)?;
            let network = net.network_of("NAT", |document| document["Nobody"] = json!({"x": [1, null]}))?;
            same("Nobody", &network["Nobody"], &json!({"x": [1, null]}))?;
            let endpoint = net.endpoint_with(&network, json!({"Nobody": 7}))?;
            same("Nobody", &endpoint["Nobody"], &json!(7))
        },
    ),
    Case::of_networks("network_rules::names_in_any_case", &["net §0.11 names in any case"], |context| {
        let net = Net::new(context)?;
        let namespace = net.create(
            NetworkObjectKind::Namespace,
            &json!({"type": "guest", "SCHEMAVERSION": {"major": 2, "minor": 0}}),
        )?;
        same("Type, as it came", &text(&namespace, "Type"), &"guest")
    }),
    Case::of_networks(
        "network_rules::policies_keep_their_order_and_words",
        &["net §4.4 Policies on create", "net §0.14 types in any case"],
        |context| {
            let net = Net::new(context)?;
            let network = net.nat()?;
            let mut policies = acl_pair();
            policies[1]["Type"] = "acl".into();
            let endpoint = net.endpoint_with(&network, json!({"Policies": policies}))?;
            same("Policies", &endpoint["Policies"], &policies)
        },
    ),
    Case::of_networks(
        "network_rules::an_id_has_one_text",
        &["net §2.2: the same letter case everywhere", "net §6 letter case of ids"],
        |context| {
            let net = Net::new(context)?;
            let id = "b1e7c6d2-0000-4F52-9D19-57e9f4a8e8b2";
            let namespace = net.create(
                NetworkObjectKind::Namespace,
                &json!({"ID": id, "Type": "Host", "SchemaVersion": {"Major": 2, "Minor": 0}}),
            )?;
            let network = net.nat()?;
            let endpoint = net.endpoint(&network)?;
            net.change_namespace(
                &json!({"ID": id.to_uppercase()}),
                "Add",
                &json!({"ID": text(&endpoint, "ID").to_uppercase()}),
            )?;
            let opened =
                net.done("open", net.service.open(NetworkObjectKind::Namespace, &id.to_lowercase()))?;
            same("the handle's", &opened.id(), &id)?;
            let attached = net.properties(NetworkObjectKind::Endpoint, &endpoint)?;
            same("the endpoint's", &attached["HostComputeNamespace"], &namespace["ID"])?;
            let inside = net.properties(NetworkObjectKind::Namespace, &namespace)?;
            same("the namespace's", &inside["Resources"][0]["Data"]["ID"], &endpoint["ID"])
        },
    ),
    Case::of_networks(
        "network_rules::what_happens_is_told",
        &["contract NetworkService: subscribe"],
        |context| {
            let net = Net::new(context)?;
            let (send, told) = channel();
            let send = Mutex::new(send);
            let callback = Arc::new(move |event: &NetworkEvent| {
                // Who has stopped listening has what it wants.
                let _ = send.lock().unwrap_or_else(PoisonError::into_inner).send(event.clone());
            });
            let subscription = net.done("subscribe", net.service.subscribe(callback))?;
            let network = net.nat()?;
            net.delete(NetworkObjectKind::Network, &network)?;
            for kind in [NetworkEventKind::NETWORK_CREATE, NetworkEventKind::NETWORK_DELETE] {
                loop {
                    let event = told.recv_timeout(net.context.patience());
                    let event = event.map_err(|_| Failure::Nothing(kind.to_string()))?;
                    let of_ours = event.data.as_deref().unwrap_or_default().contains(text(&network, "ID"));
                    if event.kind == kind && of_ours {
                        break;
                    }
                }
            }
            drop(subscription);
            let namespace = net.namespace("Guest")?;
            let late = told.try_iter().find(|event| event.kind == NetworkEventKind::NAMESPACE_CREATE);
            holds(late.is_none(), format!("told after the subscription has ended: {late:?} of {namespace}"))
        },
    ),
];
