//! How much of a process's input has reached it: what a request to close that input waits for.
//!
//! Bytes and request come by two connections, in no order. The request says how many bytes went before it.

use tokio::sync::watch;

/// Bytes that have reached a process.
#[derive(Debug)]
pub(crate) struct Progress(watch::Sender<u64>);

impl Default for Progress {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Progress {
    /// So many more have.
    pub(crate) fn add(&self, count: usize) {
        self.0.send_modify(|sum| *sum = sum.saturating_add(count as u64));
    }

    /// No more will: the process does not read any more, or the client's connection was lost.
    pub(crate) fn give_up(&self) {
        self.0.send_replace(u64::MAX);
    }

    /// Returns when so many have, or no more will.
    pub(crate) async fn reach(&self, count: u64) {
        // Fails only without a sender, and we hold it.
        let _ = self.0.subscribe().wait_for(|sum| *sum >= count).await;
    }
}
