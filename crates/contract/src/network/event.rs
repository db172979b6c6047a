//! What happens to network objects, in the numbers of the service (`HCN_NOTIFICATIONS` of computenetwork.h).

use std::fmt;

use crate::notification::open_numbers;
use crate::{Callback, Hresult};

/// What is called for each event. It must not block.
pub type NetworkCallback = Callback<NetworkEvent>;

/// Something that happened to a network object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkEvent {
    /// What happened.
    pub kind: NetworkEventKind,
    /// Success, or why it failed.
    pub status: Hresult,
    /// A JSON document, `{"ID": …}` from hosts of ours: the network, namespace or endpoint that it happened to.
    pub data: Option<String>,
}

impl NetworkEvent {
    /// What happened, well, to the object with this id.
    pub fn of(kind: NetworkEventKind, id: &str) -> Self {
        let data = serde_json::json!({ "ID": id }).to_string();
        Self { kind, status: Hresult::S_OK, data: Some(data) }
    }
}

open_numbers! {
    /// The events of the network service. Unknown numbers stay representable.
    NetworkEventKind {
        /// Not an event.
        INVALID = 0x0000_0000,
        /// A network is about to be made.
        NETWORK_PRE_CREATE = 0x0000_0001,
        /// A network was made.
        NETWORK_CREATE = 0x0000_0002,
        /// A network is about to be deleted.
        NETWORK_PRE_DELETE = 0x0000_0003,
        /// A network was deleted.
        NETWORK_DELETE = 0x0000_0004,
        /// A namespace was made.
        NAMESPACE_CREATE = 0x0000_0005,
        /// A namespace was deleted.
        NAMESPACE_DELETE = 0x0000_0006,
        /// A guest network service was made.
        GUEST_NETWORK_SERVICE_CREATE = 0x0000_0007,
        /// A guest network service was deleted.
        GUEST_NETWORK_SERVICE_DELETE = 0x0000_0008,
        /// An endpoint was attached.
        NETWORK_ENDPOINT_ATTACHED = 0x0000_0009,
        /// An endpoint was detached.
        NETWORK_ENDPOINT_DETACHED = 0x0000_0010,
        /// A guest network service changed its state.
        GUEST_NETWORK_SERVICE_STATE_CHANGED = 0x0000_0011,
        /// An interface of a guest network service changed its state.
        GUEST_NETWORK_SERVICE_INTERFACE_STATE_CHANGED = 0x0000_0012,
        /// The service is gone, and every handle with it.
        SERVICE_DISCONNECT = 0x0100_0000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_headers() {
        use windows_sys::Win32::System::HostComputeNetwork as header;
        for (ours, theirs) in [
            (NetworkEventKind::INVALID, header::HcnNotificationInvalid),
            (NetworkEventKind::NETWORK_PRE_CREATE, header::HcnNotificationNetworkPreCreate),
            (NetworkEventKind::NETWORK_CREATE, header::HcnNotificationNetworkCreate),
            (NetworkEventKind::NETWORK_PRE_DELETE, header::HcnNotificationNetworkPreDelete),
            (NetworkEventKind::NETWORK_DELETE, header::HcnNotificationNetworkDelete),
            (NetworkEventKind::NAMESPACE_CREATE, header::HcnNotificationNamespaceCreate),
            (NetworkEventKind::NAMESPACE_DELETE, header::HcnNotificationNamespaceDelete),
            (
                NetworkEventKind::GUEST_NETWORK_SERVICE_CREATE,
                header::HcnNotificationGuestNetworkServiceCreate,
            ),
            (
                NetworkEventKind::GUEST_NETWORK_SERVICE_DELETE,
                header::HcnNotificationGuestNetworkServiceDelete,
            ),
            (NetworkEventKind::NETWORK_ENDPOINT_ATTACHED, header::HcnNotificationNetworkEndpointAttached),
            (NetworkEventKind::NETWORK_ENDPOINT_DETACHED, header::HcnNotificationNetworkEndpointDetached),
            (
                NetworkEventKind::GUEST_NETWORK_SERVICE_STATE_CHANGED,
                header::HcnNotificationGuestNetworkServiceStateChanged,
            ),
            (
                NetworkEventKind::GUEST_NETWORK_SERVICE_INTERFACE_STATE_CHANGED,
                header::HcnNotificationGuestNetworkServiceInterfaceStateChanged,
            ),
            (NetworkEventKind::SERVICE_DISCONNECT, header::HcnNotificationServiceDisconnect),
        ] {
            assert_eq!(i64::from(ours.0), i64::from(theirs), "{ours}");
        }
    }

    #[test]
    fn an_event_names_its_object() {
        let event = NetworkEvent::of(NetworkEventKind::NETWORK_CREATE, "n\"1");
        assert_eq!(event.data.as_deref(), Some(r#"{"ID":"n\"1"}"#));
        assert_eq!(NetworkEventKind(0x77).to_string(), "0x00000077");
    }
}
