//! Network objects on the wire: their kinds in paths, what opening one gives, what happens to them.

use hcs_contract::{Hresult, NetworkEvent, NetworkEventKind, NetworkObjectKind};
use serde::{Deserialize, Serialize};

/// The part of a path that names a kind.
pub const fn kind_in_path(kind: NetworkObjectKind) -> &'static str {
    match kind {
        NetworkObjectKind::Network => "networks",
        NetworkObjectKind::Endpoint => "endpoints",
        NetworkObjectKind::Namespace => "namespaces",
        NetworkObjectKind::LoadBalancer => "loadbalancers",
        NetworkObjectKind::Route => "routes",
    }
}

/// The kind that a part of a path names.
pub fn kind_of_path(part: &str) -> Option<NetworkObjectKind> {
    NetworkObjectKind::ALL.iter().copied().find(|kind| kind_in_path(*kind) == part)
}

/// An object that was made or found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FoundObject {
    /// Its id, in the object's own text.
    pub id: String,
}

/// A [`NetworkEvent`] on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WireNetworkEvent {
    /// [`NetworkEventKind`].
    pub event: u32,
    /// How it ended.
    pub status: i32,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl From<&NetworkEvent> for WireNetworkEvent {
    fn from(event: &NetworkEvent) -> Self {
        let NetworkEvent { kind, status, data } = event;
        Self { event: kind.0, status: status.to_i32(), data: data.clone() }
    }
}

impl From<WireNetworkEvent> for NetworkEvent {
    fn from(event: WireNetworkEvent) -> Self {
        let WireNetworkEvent { event, status, data } = event;
        Self { kind: NetworkEventKind(event), status: Hresult::from_i32(status), data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_events_come_back() {
        for kind in NetworkObjectKind::ALL {
            assert_eq!(kind_of_path(kind_in_path(*kind)), Some(*kind));
        }
        assert_eq!(kind_of_path("hns"), None);
        let event = NetworkEvent::of(NetworkEventKind::NETWORK_CREATE, "n");
        let text = serde_json::to_string(&WireNetworkEvent::from(&event)).unwrap();
        assert_eq!(text, r#"{"Event":2,"Status":0,"Data":"{\"ID\":\"n\"}"}"#);
        let read: WireNetworkEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(NetworkEvent::from(read), event);
    }
}
