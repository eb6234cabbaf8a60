//! The time from a change to the moment when this server enforces it.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;

/// Called with each time.
type Observer = Box<dyn Fn(Duration) + Send + Sync>;

/// Hands the times to whoever asked for them, if anybody did.
#[derive(Default)]
pub(crate) struct Latency(OnceLock<Observer>);

impl Latency {
    /// Sets the observer; the first one stays.
    pub(super) fn observe(&self, observer: Observer) {
        self.0.set(observer).ok();
    }

    /// A change that was written at `at` is enforced at `now`. A clock that differs makes no negative time.
    pub(super) fn enforced(&self, at: Timestamp, now: Timestamp) {
        if let Some(observer) = self.0.get() {
            observer(Duration::try_from(now.duration_since(at)).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn the_first_observer_is_told_each_time_and_none_is_negative() {
        let (latency, told) = (Latency::default(), Arc::new(Mutex::new(Vec::new())));
        let at = |second| Timestamp::from_second(second).unwrap();
        latency.enforced(at(1), at(2));
        let seen = Arc::clone(&told);
        latency.observe(Box::new(move |time| seen.lock().unwrap().push(time)));
        latency.observe(Box::new(|_| panic!("the first stays")));
        latency.enforced(at(1), at(3));
        latency.enforced(at(3), at(1));
        assert_eq!(*told.lock().unwrap(), [Duration::from_secs(2), Duration::ZERO]);
    }
}
