//! What a client's callback is told.

use hcs_bridge::Callback;
use hcs_contract::{Hresult, Notification, NotificationType};

/// A notification in this API's numbers.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) kind: NotificationType,
    pub(crate) status: Hresult,
    pub(crate) data: Option<String>,
}

impl Note {
    /// A host's, as this API says it; `None` for what it never reports.
    pub(crate) fn from_host(notification: &Notification) -> Option<Self> {
        let Notification { kind, status, data } = notification;
        Some(Self { kind: kind.to_v1()?, status: status.to_v1(), data: data.clone() })
    }

    pub(crate) fn tell(&self, callback: &Callback) {
        callback.call(self.kind.0, self.status, self.data.as_deref());
    }
}
