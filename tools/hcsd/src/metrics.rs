//! What the server counts, in the text form that Prometheus reads.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Which requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    /// The route, as the OpenAPI document has it; empty when there is none.
    pub(crate) route: String,
    /// The answer's status.
    pub(crate) status: u16,
}

/// Why something was refused before it reached a route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Reason {
    pub(crate) reason: &'static str,
}

/// The counters, and how they are shown.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Request, Counter>,
    pub(crate) duration: Histogram,
    pub(crate) connections: Gauge,
    pub(crate) sessions: Gauge,
    pub(crate) handles: Gauge,
    pub(crate) activities: Gauge,
    pub(crate) stream_bytes: Counter<u64, AtomicU64>,
    pub(crate) refused: Family<Reason, Counter>,
}

/// From a property query to a create with a cold cache.
const SECONDS: [f64; 9] = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.25, 1.0, 10.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hcsd");
        let (requests, duration) = (Family::default(), Histogram::new(SECONDS));
        let [connections, sessions, handles, activities]: [Gauge; 4] = Default::default();
        let (stream_bytes, refused) = (Counter::default(), Family::default());
        registry.register("requests", "Requests answered, by route and status", requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request's head to its answer's",
            Unit::Seconds,
            duration.clone(),
        );
        registry.register("connections", "Connections that are open", connections.clone());
        registry.register("sessions", "Sessions that live", sessions.clone());
        registry.register("handles", "Handles that sessions hold", handles.clone());
        registry.register("activities", "Calls and streams that go on", activities.clone());
        registry.register_with_unit(
            "stream",
            "Bytes carried in standard streams",
            Unit::Bytes,
            stream_bytes.clone(),
        );
        registry.register(
            "refused",
            "Connections and requests refused by a limit or for want of rights",
            refused.clone(),
        );
        Self {
            registry,
            requests,
            duration,
            connections,
            sessions,
            handles,
            activities,
            stream_bytes,
            refused,
        }
    }

    pub(crate) fn refuse(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
