//! Changes of policies: what `Add`, `Update` and `Remove` make of those that are there.
//!
//! Source: `networking.md` 2.6.

use hcs_contract::{Error, Hresult, Object, ObjectKind, Result};
use hcs_schema::network::hcn::{
    Dns, EndpointPolicy, EndpointResourceType, HostComputeEndpoint, HostComputeNetwork,
    ModifyEndpointSettingRequest, ModifyNetworkSettingRequest, NetworkPolicy, NetworkResourceType,
    PolicyEndpointRequest, PolicyNetworkRequest, RequestType,
};
use hcs_schema::{Document as _, from_json};
use serde_json::Value;

use super::documents;
use super::errors::invalid;

/// A policy, of whatever.
trait Policy: Clone + PartialEq {
    fn type_name(&self) -> &str;
    fn settings(&self) -> &Value;
}

impl Policy for NetworkPolicy {
    fn type_name(&self) -> &str {
        self.policy_type.as_str()
    }

    fn settings(&self) -> &Value {
        &self.settings
    }
}

impl Policy for EndpointPolicy {
    fn type_name(&self) -> &str {
        self.policy_type.as_str()
    }

    fn settings(&self) -> &Value {
        &self.settings
    }
}

fn same_type(one: &impl Policy, other: &impl Policy) -> bool {
    one.type_name().eq_ignore_ascii_case(other.type_name())
}

/// Whether nothing is said, so that the type alone counts.
fn is_open(settings: &Value) -> bool {
    settings.as_object().is_none_or(serde_json::Map::is_empty)
}

fn change<P: Policy>(present: &mut Vec<P>, request: &RequestType, asked: Vec<P>) -> Result<()> {
    if asked.is_empty() {
        return Err(Error::invalid_document("Settings.Policies", "it must name policies"));
    }
    let equal = |one: &P, other: &P| same_type(one, other) && one.settings() == other.settings();
    if request.as_str().is_empty() || *request == RequestType::ADD {
        for policy in asked {
            if !present.iter().any(|known| equal(known, &policy)) {
                present.push(policy);
            }
        }
    } else if *request == RequestType::UPDATE {
        present.retain(|known| !asked.iter().any(|policy| same_type(known, policy)));
        present.extend(asked);
    } else if *request == RequestType::REMOVE {
        for policy in asked {
            let before = present.len();
            let open = is_open(policy.settings());
            present.retain(|known| !(equal(known, &policy) || open && same_type(known, &policy)));
            if present.len() == before {
                let object = Object::new(ObjectKind::Policy, policy.type_name());
                return Err(Error::not_found(object).with_hresult(Hresult::HCN_E_POLICY_NOT_FOUND));
            }
        }
    } else {
        let reason = format!("{:?} is none of Add, Update and Remove", request.as_str());
        return Err(Error::not_supported("RequestType", reason));
    }
    Ok(())
}

/// What `settings` asks of an endpoint's document.
pub(super) fn modify_endpoint(document: &mut HostComputeEndpoint, settings: &str) -> Result<()> {
    let ModifyEndpointSettingRequest { resource_type, request_type, settings, unknown: _ } =
        from_json(settings)?;
    if resource_type != EndpointResourceType::POLICY {
        return Err(unknown_resource(resource_type.as_str(), "an endpoint's policies can be changed"));
    }
    let PolicyEndpointRequest { policies, unknown: _ } =
        PolicyEndpointRequest::from_json(&settings.to_string())?;
    change(&mut document.policies, &request_type, policies)
}

/// What `settings` asks of a network's document.
pub(super) fn modify_network(document: &mut HostComputeNetwork, settings: &str) -> Result<()> {
    let ModifyNetworkSettingRequest { resource_type, request_type, settings, unknown: _ } =
        from_json(settings)?;
    if resource_type == NetworkResourceType::DNS {
        let dns = Dns::from_json(&settings.to_string())?;
        documents::check_dns("Settings", &dns)?;
        document.dns = dns;
        return Ok(());
    }
    if resource_type != NetworkResourceType::POLICY {
        return Err(unknown_resource(resource_type.as_str(), "a network's policies and DNS can be changed"));
    }
    let PolicyNetworkRequest { policies, unknown: _ } =
        PolicyNetworkRequest::from_json(&settings.to_string())?;
    change(&mut document.policies, &request_type, policies)
}

fn unknown_resource(name: &str, reason: &'static str) -> Error {
    if name.is_empty() {
        return invalid(Hresult::E_INVALIDARG, "ResourceType", "it must name what to change");
    }
    Error::not_supported(format!("ResourceType {name:?}"), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(document: &mut HostComputeEndpoint, request: &str, policies: &str) -> Result<()> {
        let text = format!(
            r#"{{"ResourceType":"Policy","RequestType":"{request}","Settings":{{"Policies":{policies}}}}}"#
        );
        modify_endpoint(document, &text)
    }

    #[test]
    fn policies_are_added_once_updated_by_type_and_removed_by_what_they_say() {
        let mut document = HostComputeEndpoint::default();
        let one = r#"{"Type":"QOS","Settings":{"MaximumOutgoingBandwidthInBytes":2000}}"#;
        let other = r#"{"Type":"QOS","Settings":{"MaximumOutgoingBandwidthInBytes":3000}}"#;
        let port = r#"{"Type":"PortMapping","Settings":{"InternalPort":80}}"#;
        ask(&mut document, "Add", &format!("[{one},{port}]")).unwrap();
        ask(&mut document, "Add", &format!("[{one}]")).unwrap();
        assert_eq!(document.policies.len(), 2);
        ask(&mut document, "Update", &format!("[{other}]")).unwrap();
        assert_eq!(document.policies.len(), 2);
        assert_eq!(document.policies[1].settings["MaximumOutgoingBandwidthInBytes"], 3000);
        let error = ask(&mut document, "Remove", &format!("[{one}]")).unwrap_err();
        assert_eq!(error.hresult(), Hresult::HCN_E_POLICY_NOT_FOUND);
        ask(&mut document, "Remove", &format!("[{other}]")).unwrap();
        ask(&mut document, "Remove", r#"[{"Type":"portmapping","Settings":{}}]"#).unwrap();
        assert!(document.policies.is_empty());
        for (text, field) in [
            (r#"{"ResourceType":"Port"}"#, "ResourceType"),
            (r#"{"ResourceType":"Policy","Settings":{"Policies":[]}}"#, "Settings.Policies"),
            (
                r#"{"ResourceType":"Policy","RequestType":"Refresh","Settings":{"Policies":[{"Type":"QOS"}]}}"#,
                "RequestType",
            ),
        ] {
            let error = modify_endpoint(&mut document, text).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
    }
}
