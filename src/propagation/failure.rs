//! An outage of the database as the follower lives through it: how long to wait, and what to say when.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::change::Revision;
use crate::clock;

/// Shortest pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often an outage that lasts is written to the log again.
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// An outage.
#[derive(Debug)]
pub(super) struct Failure {
    /// When it was noticed.
    pub(super) since: Timestamp,
    /// How long to wait before the next try.
    pub(super) pause: Duration,
    noticed: Instant,
    said: Instant,
    /// The revision in force when it began.
    pub(super) revision: Revision,
}

impl Failure {
    /// One that was just noticed, with `revision` in force. Whoever notices it says so.
    pub(super) fn new(since: Timestamp, revision: Revision) -> Self {
        let now = Instant::now();
        Self { since, pause: FIRST_PAUSE, noticed: now, said: now, revision }
    }

    /// The next failure: the same outage, which is said now and then, or a new one, which is said at once.
    pub(super) fn again(last: Option<Self>, reason: &str, revision: Revision) -> Self {
        match last {
            None => {
                log::error!("The database does not answer; every site keeps its last known state. {reason}");
                Self::new(clock::now(), revision)
            }
            Some(mut failure) => {
                if failure.said.elapsed() >= REMIND_EVERY {
                    log::error!("The database still does not answer, since {}. {reason}", failure.since);
                    failure.said = Instant::now();
                }
                failure.pause = (failure.pause * 2).min(LONGEST_PAUSE);
                failure
            }
        }
    }

    /// Says that it is over, and how many changes were caught up with, as far as that is known.
    pub(super) fn over(self, changes: Option<i64>) {
        let away = self.noticed.elapsed().as_secs_f64();
        let caught_up = changes.map(|changes| format!("; changes caught up with: {changes}")).unwrap_or_default();
        log::info!("The database answers again after {away:.1} s{caught_up}.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_up_to_two_seconds_and_the_outage_stays_the_same() {
        let first = Failure::again(None, "away", Revision(7));
        let (since, mut pauses) = (first.since, vec![first.pause.as_millis()]);
        let mut failure = Some(first);
        for _ in 0..8 {
            let next = Failure::again(failure.take(), "away", Revision(7));
            assert_eq!(next.since, since);
            pauses.push(next.pause.as_millis());
            failure = Some(next);
        }
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000]);
    }
}
