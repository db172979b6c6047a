//! Policies: flat in v1, a type with settings in v2.

use serde_json::{Map, Value, json};

/// A type of policy: what each side calls it, and the members that have two names.
struct Row {
    v1: &'static str,
    v2: &'static str,
    members: &'static [(&'static str, &'static str)],
}

const fn row(v1: &'static str, v2: &'static str, members: &'static [(&'static str, &'static str)]) -> Row {
    Row { v1, v2, members }
}

/// What no row names has one name on both sides.
const ROWS: &[Row] = &[
    row("NAT", "PortMapping", &[]),
    row("PA", "ProviderAddress", &[("PA", "ProviderAddress")]),
    row("VLAN", "VLAN", &[("VLAN", "IsolationId")]),
    row("VSID", "VSID", &[("VSID", "IsolationId")]),
    row("OutBoundNAT", "OutBoundNAT", &[("VIP", "VirtualIP"), ("ExceptionList", "Exceptions")]),
    row("ROUTE", "SDNRoute", &[]),
    row("PROXY", "L4Proxy", &[("ExceptionList", "Exceptions"), ("OutboundNat", "OutboundNAT")]),
    row("ACL", "ACL", &[]),
];

/// The protocols that v1 calls by name.
const PROTOCOLS: [(&str, u32); 2] = [("TCP", 6), ("UDP", 17)];

/// The members that a rule of the filter of v1 has in two forms: one number, or a list as text. v2 has the list.
const SINGLE: [(&str, &str); 3] =
    [("Protocol", "Protocols"), ("LocalPort", "LocalPorts"), ("RemotePort", "RemotePorts")];

fn find(rows: &'static [Row], kind: &str, side: fn(&Row) -> &'static str) -> Option<&'static Row> {
    rows.iter().find(|row| side(row).eq_ignore_ascii_case(kind))
}

fn rename(members: &mut Map<String, Value>, names: impl Fn(&str) -> Option<&'static str>) {
    let all = std::mem::take(members).into_iter();
    *members = all.map(|(name, value)| (names(&name).map_or(name, str::to_owned), value)).collect();
}

/// The policy `{"Type":…, "Settings":{…}}` of v2 that says what this flat one of v1 says. What is no object with a type
/// becomes the settings of an empty type, for a host to refuse.
pub fn policy_to_v2(policy: &Value) -> Value {
    let Some((kind, mut members)) = split(policy) else { return json!({ "Type": "", "Settings": policy }) };
    let Some(row) = find(ROWS, &kind, |row| row.v1) else {
        return written_v2(&kind, &members);
    };
    rename(&mut members, |name| {
        row.members.iter().find(|(v1, _)| v1.eq_ignore_ascii_case(name)).map(|(_, v2)| *v2)
    });
    match row.v1 {
        "NAT" => {
            if let Some((_, protocol)) =
                members.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("Protocol"))
            {
                let number = PROTOCOLS.iter().find(|(name, _)| {
                    protocol.as_str().is_some_and(|given| given.eq_ignore_ascii_case(name))
                });
                match number {
                    Some((_, number)) => *protocol = (*number).into(),
                    None if *protocol == "" => *protocol = 0.into(),
                    None => {}
                }
            }
        }
        "ACL" => {
            for (one, list) in SINGLE {
                let number = member(&members, one).and_then(|(_, value)| value.as_u64());
                let listed = member(&members, list).is_some_and(|(_, value)| *value != "");
                if let (Some(number), false) = (number, listed) {
                    members.retain(|name, _| {
                        !name.eq_ignore_ascii_case(one) && !name.eq_ignore_ascii_case(list)
                    });
                    // 256 is v1's word for every protocol, as is none.
                    if number != 0 && !(one == "Protocol" && number == 256) {
                        members.insert(list.to_owned(), number.to_string().into());
                    }
                }
            }
            // Older clients send every member, also where it says nothing.
            members.retain(|_, value| *value != 0 && *value != "");
        }
        _ => {}
    }
    let kind = if row.v1 == row.v2 { &kind } else { row.v2 };
    written_v2(kind, &members)
}

/// The flat policy of v1 that says what this one of v2 says.
pub fn policy_to_v1(policy: &Value) -> Value {
    let Some((kind, mut others)) = split(policy) else { return policy.clone() };
    let settings = member(&others, "Settings").map(|(name, value)| (name.to_owned(), value.clone()));
    let mut members = match settings {
        Some((_, untyped)) if kind.is_empty() => return untyped,
        Some((name, Value::Object(settings))) => {
            others.shift_remove(&name);
            settings
        }
        _ => Map::new(),
    };
    members.extend(others);
    let row = find(ROWS, &kind, |row| row.v2);
    if let Some(row) = row {
        rename(&mut members, |name| {
            row.members.iter().find(|(_, v2)| v2.eq_ignore_ascii_case(name)).map(|(v1, _)| *v1)
        });
        match row.v1 {
            "NAT" => {
                if let Some((_, protocol)) =
                    members.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("Protocol"))
                {
                    let name = PROTOCOLS.iter().find(|(_, number)| *protocol == *number);
                    match name {
                        Some((name, _)) => *protocol = (*name).into(),
                        None if *protocol == 0 => *protocol = "".into(),
                        None => {}
                    }
                }
            }
            "ACL" => {
                for (one, list) in SINGLE {
                    let number = member(&members, list).and_then(|(name, value)| {
                        Some((name.to_owned(), value.as_str()?.parse::<u16>().ok()?))
                    });
                    if let Some((name, number)) = number {
                        members.shift_remove(&name);
                        members.insert(one.to_owned(), number.into());
                    }
                }
            }
            _ => {}
        }
    }
    let kind = match row {
        Some(row) if row.v1 != row.v2 => row.v1,
        _ => &kind,
    };
    let mut flat = Map::new();
    flat.insert("Type".to_owned(), kind.into());
    flat.extend(members);
    Value::Object(flat)
}

/// A policy's type and its other members; none for what has no type.
fn split(policy: &Value) -> Option<(String, Map<String, Value>)> {
    let mut members = policy.as_object()?.clone();
    let (name, kind) = member(&members, "Type").map(|(name, kind)| (name.to_owned(), kind.clone()))?;
    members.shift_remove(&name);
    Some((kind.as_str()?.to_owned(), members))
}

fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<(&'a str, &'a Value)> {
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(key, value)| (key.as_str(), value))
}

fn written_v2(kind: &str, members: &Map<String, Value>) -> Value {
    if members.is_empty() { json!({ "Type": kind }) } else { json!({ "Type": kind, "Settings": members }) }
}
