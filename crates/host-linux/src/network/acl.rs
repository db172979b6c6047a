//! Rules of the filter, as documents write them: lists in texts, with commas.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use hcs_contract::{Error, Hresult, Result};
use hcs_dataplane::ipnet::IpNet;
use hcs_dataplane::{AclRule, Action, Direction};
use hcs_schema::network::hcn::{AclPolicySetting, ActionType, DirectionType};

use super::errors::invalid;

/// What Windows writes for "every protocol".
const EVERY_PROTOCOL: u16 = 256;

/// The rule of a policy whose settings are at `path`. Where it applies (`RuleType`) makes no difference here: frames
/// between endpoints and those of the host pass the same rules, in the endpoint's own namespace.
pub(super) fn rule(path: &str, setting: &AclPolicySetting) -> Result<AclRule> {
    let AclPolicySetting {
        protocols,
        action,
        direction,
        local_addresses,
        remote_addresses,
        local_ports,
        remote_ports,
        rule_type,
        priority,
        unknown,
    } = setting;
    if let Some(name) = unknown.keys().next() {
        return Err(Error::not_supported(
            format!("{path}.{name}"),
            "a rule that is not understood whole is none",
        ));
    }
    if !rule_type.as_str().is_empty() && rule_type.known().is_none() {
        let message = format!("{:?} is neither Switch nor Host", rule_type.as_str());
        return Err(bad(&format!("{path}.RuleType"), message));
    }
    let action = match action.known() {
        Some(action) if *action == ActionType::ALLOW => Action::Allow,
        Some(action) if *action == ActionType::BLOCK => Action::Block,
        _ => {
            let message = format!("{:?} is neither Allow nor Block", action.as_str());
            return Err(bad(&format!("{path}.Action"), message));
        }
    };
    let direction = match direction.known() {
        Some(direction) if *direction == DirectionType::IN => Direction::In,
        Some(direction) if *direction == DirectionType::OUT => Direction::Out,
        _ => {
            let message = format!("{:?} is neither In nor Out", direction.as_str());
            return Err(bad(&format!("{path}.Direction"), message));
        }
    };
    let rule = AclRule {
        direction,
        action,
        priority: *priority,
        protocols: read_protocols(&format!("{path}.Protocols"), protocols)?,
        local: addresses(&format!("{path}.LocalAddresses"), local_addresses)?,
        remote: addresses(&format!("{path}.RemoteAddresses"), remote_addresses)?,
        local_ports: ports(&format!("{path}.LocalPorts"), local_ports)?,
        remote_ports: ports(&format!("{path}.RemotePorts"), remote_ports)?,
    };
    Ok(rule)
}

fn bad(path: &str, message: String) -> Error {
    invalid(Hresult::HCN_E_INVALID_POLICY, path, message)
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn read_protocols(path: &str, text: &str) -> Result<Vec<u8>> {
    let mut found = Vec::new();
    for item in list(text) {
        match item.parse::<u16>() {
            Ok(EVERY_PROTOCOL) => return Ok(Vec::new()),
            Ok(number) if u8::try_from(number).is_ok() => found.extend(u8::try_from(number)),
            _ => return Err(bad(path, format!("{item:?} is no protocol's number, such as 6 for TCP"))),
        }
    }
    Ok(found)
}

fn addresses(path: &str, text: &str) -> Result<Vec<IpNet>> {
    list(text)
        .map(|item| {
            let address = item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
            address.map_err(|_| bad(path, format!("{item:?} is no address and no prefix")))
        })
        .collect()
}

fn ports(path: &str, text: &str) -> Result<Vec<RangeInclusive<u16>>> {
    list(text)
        .map(|item| {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
                (Ok(first), Ok(last)) if first <= last => Ok(first..=last),
                _ => Err(bad(path, format!("{item:?} is no port and no range of ports, such as 80-90"))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hcs_schema::Document as _;

    fn read(text: &str) -> Result<AclRule> {
        rule("Settings", &AclPolicySetting::from_json(text)?)
    }

    #[test]
    fn lists_are_read_and_what_is_none_is_named() {
        let found = read(
            r#"{"Protocols":"6, 17","Action":"Block","Direction":"out","LocalAddresses":"10.0.0.0/8,10.1.2.3,fd00::1",
                "RemotePorts":"80, 8000-8080","Priority":200,"RuleType":"Switch"}"#,
        )
        .unwrap();
        assert_eq!((found.action, found.direction, found.priority), (Action::Block, Direction::Out, 200));
        assert_eq!(found.protocols, [6, 17]);
        assert_eq!(
            found.local.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "10.1.2.3/32", "fd00::1/128"]
        );
        assert_eq!(found.remote_ports, [80..=80, 8000..=8080]);
        assert!(
            read(r#"{"Protocols":"256","Action":"Allow","Direction":"In"}"#).unwrap().protocols.is_empty()
        );
        for (text, field) in [
            (r#"{"Action":"Pass","Direction":"In"}"#, "Action"),
            (r#"{"Action":"Allow","Direction":""}"#, "Direction"),
            (r#"{"Action":"Allow","Direction":"In","Protocols":"tcp"}"#, "Protocols"),
            (r#"{"Action":"Allow","Direction":"In","Protocols":"257"}"#, "Protocols"),
            (r#"{"Action":"Allow","Direction":"In","LocalAddresses":"10.0.0.0/33"}"#, "LocalAddresses"),
            (r#"{"Action":"Allow","Direction":"In","RemoteAddresses":"web"}"#, "RemoteAddresses"),
            (r#"{"Action":"Allow","Direction":"In","LocalPorts":"90-80"}"#, "LocalPorts"),
            (r#"{"Action":"Allow","Direction":"In","RemotePorts":"65536"}"#, "RemotePorts"),
            (r#"{"Action":"Allow","Direction":"In","RuleType":"Router"}"#, "RuleType"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.hresult(), Hresult::HCN_E_INVALID_POLICY, "{text}");
            assert!(error.to_string().contains(field), "{error}");
        }
        let error = read(r#"{"Action":"Allow","Direction":"In","Users":"x"}"#).unwrap_err();
        assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
    }
}
