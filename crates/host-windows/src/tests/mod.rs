//! Both generations over tables of functions of ours: what is given back, what is told to whom, in which order of events.

#![expect(unsafe_code, reason = "stands in for the service's DLLs")]

mod computecore;
mod host;
mod service;
mod vmcompute;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hcs_contract::{Callback, Notification};

/// Longer than anything here takes: a hang fails instead of hanging the run.
const PATIENCE: Duration = Duration::from_mins(1);

/// A subscriber, and what it is told.
fn subscriber() -> (Callback, Receiver<Notification>) {
    let (send, told) = channel();
    (std::sync::Arc::new(move |notification: &Notification| send.send(notification.clone()).unwrap()), told)
}
