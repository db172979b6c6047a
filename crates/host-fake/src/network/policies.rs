//! Policies: which there are, and what changes make of them (`networking.md` 2.6).

use hcs_contract::{Error, Hresult, NetworkObjectKind, Object, ObjectKind, Result};
use hcs_schema::ParseError;
use hcs_schema::network::hcn::{
    EndpointPolicy, EndpointPolicySetting, EndpointResourceType, HostComputeEndpoint, HostComputeNetwork,
    ModifyEndpointSettingRequest, ModifyNetworkSettingRequest, NetworkPolicy, NetworkPolicySetting,
    NetworkResourceType, PolicyEndpointRequest, PolicyNetworkRequest, RequestType, SubnetPolicy,
    SubnetPolicySetting,
};
use serde_json::Value;

use super::{invalid, read};

/// A policy of a network, a subnet or an endpoint.
pub(super) trait Policy: Clone {
    fn type_name(&self) -> &str;
    fn settings(&self) -> &Value;
    /// Whether its type is known; an error for settings that are not what it asks for.
    fn is_known(&self) -> Result<bool, ParseError>;
}

macro_rules! policy {
    ($($type:ty, $other:path;)+) => {$(
        impl Policy for $type {
            fn type_name(&self) -> &str {
                self.policy_type.as_str()
            }

            fn settings(&self) -> &Value {
                &self.settings
            }

            fn is_known(&self) -> Result<bool, ParseError> {
                self.setting().map(|setting| setting != $other)
            }
        }
    )+};
}

policy! {
    NetworkPolicy, NetworkPolicySetting::Other;
    SubnetPolicy, SubnetPolicySetting::Other;
    EndpointPolicy, EndpointPolicySetting::Other;
}

/// # Errors
/// The first policy that is of no known type, or not what its type asks for.
pub(super) fn check<P: Policy>(path: &str, policies: &[P]) -> Result<()> {
    for (at, policy) in policies.iter().enumerate() {
        let path = format!("{path}[{at}]");
        match policy.is_known() {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("{:?} is no policy here", policy.type_name());
                return Err(invalid(Hresult::HCN_E_INVALID_POLICY_TYPE, format!("{path}.Type"), message));
            }
            Err(error) => {
                return Err(invalid(
                    Hresult::HCN_E_INVALID_POLICY,
                    format!("{path}.{}", error.path),
                    error.message,
                ));
            }
        }
    }
    Ok(())
}

fn same_type(one: &impl Policy, other: &impl Policy) -> bool {
    one.type_name().eq_ignore_ascii_case(other.type_name())
}

fn change<P: Policy>(present: &mut Vec<P>, request: &RequestType, asked: Vec<P>) -> Result<()> {
    check("Settings.Policies", &asked)?;
    let equal = |one: &P, other: &P| same_type(one, other) && one.settings() == other.settings();
    match request.known().map(RequestType::as_str) {
        Some("Add") => {
            for policy in asked {
                if !present.iter().any(|known| equal(known, &policy)) {
                    present.push(policy);
                }
            }
        }
        Some("Update") => {
            present.retain(|known| !asked.iter().any(|policy| same_type(known, policy)));
            present.extend(asked);
        }
        Some("Remove") => {
            for policy in asked {
                let before = present.len();
                // Settings that say nothing stand for every policy of the type.
                let open = hcs_contract::reading::is_unset_json(policy.settings());
                present.retain(|known| !(equal(known, &policy) || open && same_type(known, &policy)));
                if present.len() == before {
                    return Err(Error::not_found(Object::new(ObjectKind::Policy, policy.type_name())));
                }
            }
        }
        _ => {
            let reason = format!("{:?} is none of Add, Update and Remove", request.as_str());
            return Err(Error::not_supported("RequestType", reason));
        }
    }
    Ok(())
}

/// Does what `settings` asks of a network.
pub(super) fn modify_network(document: &mut HostComputeNetwork, settings: &str) -> Result<()> {
    let ModifyNetworkSettingRequest { resource_type, request_type, settings, unknown: _ } = read(settings)?;
    match resource_type.known().map(NetworkResourceType::as_str) {
        Some("Policy") => {
            let PolicyNetworkRequest { policies, unknown: _ } = read(&settings.to_string())?;
            change(&mut document.policies, &request_type, policies)
        }
        Some("DNS") => {
            document.dns = read(&settings.to_string())?;
            Ok(())
        }
        _ => Err(no_resource(NetworkObjectKind::Network, resource_type.as_str())),
    }
}

/// Does what `settings` asks of an endpoint.
pub(super) fn modify_endpoint(document: &mut HostComputeEndpoint, settings: &str) -> Result<()> {
    let ModifyEndpointSettingRequest { resource_type, request_type, settings, unknown: _ } = read(settings)?;
    if resource_type.known() != Some(&EndpointResourceType::POLICY) {
        return Err(no_resource(NetworkObjectKind::Endpoint, resource_type.as_str()));
    }
    let PolicyEndpointRequest { policies, unknown: _ } = read(&settings.to_string())?;
    change(&mut document.policies, &request_type, policies)
}

/// What can't be changed of an object.
pub(super) fn no_resource(kind: NetworkObjectKind, resource: &str) -> Error {
    Error::not_supported("ResourceType", format!("{resource:?} of a {kind} can't be changed here"))
}
