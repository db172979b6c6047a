//! A subscriber that remembers what it was told, in order.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};

use hcs_contract::{Callback, EventType, Notification};

use crate::check::same;
use crate::{Context, Failure};

/// Remembers notifications; gives them out one by one.
pub(crate) struct Recorder {
    callback: Callback,
    received: Receiver<Notification>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let (send, received) = channel();
        let send = Mutex::new(send);
        let callback: Callback = Arc::new(move |notification: &Notification| {
            let send = send.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody listens any more when the case has ended.
            let _ = send.send(notification.clone());
        });
        Self { callback, received }
    }

    /// What is to be subscribed.
    pub(crate) fn callback(&self) -> Callback {
        Arc::clone(&self.callback)
    }

    /// The next notification, which must be of this kind.
    pub(crate) fn next(&self, context: &Context, kind: EventType) -> Result<Notification, Failure> {
        context.step(format!("the notification {kind}"));
        let received = self.received.recv_timeout(context.patience());
        let notification = received.map_err(|_| Failure::Nothing(format!("the notification {kind}")))?;
        same("kind of the notification", &notification.kind, &kind)?;
        Ok(notification)
    }

    /// The kinds of what has come and was not given out.
    pub(crate) fn seen(&self) -> Vec<EventType> {
        self.received.try_iter().map(|notification| notification.kind).collect()
    }
}
