//! What a runtime is told of an attachment, and what it gives back for CHECK.

use std::path::Path;

use hcsshim::linux::EndpointReport;
use hcsshim::schema::network::hcn::HostComputeEndpoint;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::failure::Failure;

/// The result of an attachment, behind what plugins before this one have made.
pub(crate) fn of(
    config: &Config,
    endpoint: &HostComputeEndpoint,
    report: &EndpointReport,
    interface: &str,
    netns: &Path,
) -> Result<Value, Failure> {
    let mut result = config.prev_result.clone().unwrap_or_default();
    result.insert("cniVersion".into(), config.version.as_str().into());
    let interfaces = list(&mut result, "interfaces")?;
    interfaces.push(json!({ "name": report.host_link }));
    let inside = interfaces.len();
    let mut own = json!({ "name": interface, "mac": mac(&endpoint.mac_address), "sandbox": netns.display().to_string() });
    // 1.1.0 has it first.
    if let (Some(mtu), "1.1.0") = (report.mtu, config.version.as_str()) {
        own["mtu"] = mtu.into();
    }
    interfaces.push(own);
    let ips = list(&mut result, "ips")?;
    for ip in &endpoint.ip_configurations {
        let v6 = ip.ip_address.contains(':');
        let mut value =
            json!({ "address": format!("{}/{}", ip.ip_address, ip.prefix_length), "interface": inside });
        let gateway = endpoint.routes.iter().map(|route| &route.next_hop);
        if let Some(gateway) = gateway.into_iter().find(|hop| !hop.is_empty() && hop.contains(':') == v6) {
            value["gateway"] = gateway.as_str().into();
        }
        if config.version == "0.4.0" {
            value["version"] = if v6 { "6" } else { "4" }.into();
        }
        ips.push(value);
    }
    let routes = list(&mut result, "routes")?;
    for route in &endpoint.routes {
        let mut value = json!({ "dst": route.destination_prefix });
        if !route.next_hop.is_empty() {
            value["gw"] = route.next_hop.as_str().into();
        }
        if route.metric > 0 && config.version == "1.1.0" {
            value["priority"] = route.metric.into();
        }
        routes.push(value);
    }
    let dns = &endpoint.dns;
    let given = result.get("dns").is_some_and(|dns| dns.as_object().is_some_and(|dns| !dns.is_empty()));
    if !given {
        let mut value = Map::new();
        for (name, texts) in
            [("nameservers", &dns.server_list), ("search", &dns.search), ("options", &dns.options)]
        {
            if !texts.is_empty() {
                value.insert(name.into(), json!(texts));
            }
        }
        if !dns.domain.is_empty() {
            value.insert("domain".into(), dns.domain.as_str().into());
        }
        result.insert("dns".into(), value.into());
    }
    Ok(result.into())
}

fn list<'a>(result: &'a mut Map<String, Value>, name: &str) -> Result<&'a mut Vec<Value>, Failure> {
    let value = result.entry(name).or_insert_with(|| json!([]));
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut().ok_or_else(|| Failure::decode(format!("prevResult.{name}: it is no list")))
}

/// What of an attachment a result says otherwise.
pub(crate) fn differences(
    result: &Map<String, Value>,
    endpoint: &HostComputeEndpoint,
    interface: &str,
    netns: &Path,
) -> Vec<String> {
    let mut found = Vec::new();
    let items = |name: &str| result.get(name).and_then(Value::as_array).into_iter().flatten();
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sandbox = netns.display().to_string();
    let own = items("interfaces")
        .position(|item| text(item, "name") == interface && text(item, "sandbox") == sandbox);
    let Some(own) = own else {
        return vec![format!("prevResult has no interface {interface} in {sandbox}")];
    };
    let told = items("interfaces").nth(own).map(|item| text(item, "mac")).unwrap_or_default();
    if !told.eq_ignore_ascii_case(&mac(&endpoint.mac_address)) {
        found.push(format!("prevResult has the hardware address {told} for {interface}"));
    }
    let is_own = |item: &&Value| item.get("interface").and_then(Value::as_u64) == Some(own as u64);
    let told: Vec<String> = items("ips").filter(is_own).map(|item| text(item, "address")).collect();
    let present: Vec<String> = endpoint
        .ip_configurations
        .iter()
        .map(|ip| format!("{}/{}", ip.ip_address, ip.prefix_length))
        .collect();
    for address in told.iter().filter(|address| !present.contains(address)) {
        found.push(format!("prevResult has the address {address}, which {interface} has not"));
    }
    for address in present.iter().filter(|address| !told.contains(address)) {
        found.push(format!("prevResult lacks the address {address} of {interface}"));
    }
    found
}

/// A hardware address as Linux writes it.
fn mac(text: &str) -> String {
    text.replace('-', ":").to_ascii_lowercase()
}
