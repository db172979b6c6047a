//! What goes on: calls that are not complete and streams that are connected. A server that ends waits for it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::metrics::Metrics;

/// Counts what goes on.
#[derive(Clone, Debug)]
pub(crate) struct Activities {
    count: Arc<watch::Sender<usize>>,
    metrics: Arc<Metrics>,
}

/// One that goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Activity(Activities);

impl Activities {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { count: Arc::new(watch::Sender::new(0)), metrics }
    }

    pub(crate) fn begin(&self) -> Activity {
        self.count.send_modify(|count| *count += 1);
        self.metrics.activities.inc();
        Activity(self.clone())
    }

    /// Returns when nothing goes on.
    pub(crate) async fn none(&self) {
        // Fails only without a sender, and we hold it.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.0.count.send_modify(|count| *count -= 1);
        self.0.metrics.activities.dec();
    }
}
