//! How long changes take to be enforced here.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// Upper ends of the buckets in seconds, close together where the promises are: 50 ms on PostgreSQL, 150 ms on SQLite.
const BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The times from a change to its enforcement. A clone counts into the same.
#[derive(Debug, Clone)]
pub(crate) struct Propagation(pub(super) Histogram);

impl Default for Propagation {
    fn default() -> Self {
        Self(Histogram::new(BUCKETS))
    }
}

impl Propagation {
    /// Counts one change.
    pub(crate) fn observe(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }
}
