//! When the database last confirmed that the state in force is the newest.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Stands for "never".
const NEVER: i64 = i64::MIN;

/// A time that one thread sets and any may read, without a lock.
#[derive(Debug)]
pub(crate) struct Confirmed(AtomicI64);

impl Default for Confirmed {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl Confirmed {
    /// The time, in whole microseconds; `None` before the first.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        let microseconds = self.0.load(Ordering::Relaxed);
        (microseconds != NEVER).then(|| Timestamp::from_microsecond(microseconds).ok()).flatten()
    }

    /// Notes that the database has just confirmed it.
    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.as_microsecond(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_and_there_is_none_at_first() {
        let confirmed = Confirmed::default();
        assert_eq!(confirmed.at(), None);
        let at: Timestamp = "2026-11-21T03:00:00.000001Z".parse().unwrap();
        confirmed.set(at);
        assert_eq!(confirmed.at(), Some(at));
    }
}
