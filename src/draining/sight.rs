//! Whether it can be known who is at work.

use std::time::{Duration, Instant};

use crate::actions::Knows;

/// After an outage those at work are written down again only when they or their servers come to it: a task with its next
/// sign of life, visits with the next note. For so long an empty table does not mean that nobody is there. Whoever begins
/// to look cannot know that there was no outage just before.
const RECOVERS_WITHIN: Duration = Duration::from_secs(12);

/// What whoever settles drains remembers of the database.
#[derive(Debug)]
pub(crate) struct Sight {
    lost: bool,
    found_at: Instant,
}

impl Default for Sight {
    fn default() -> Self {
        Self { lost: false, found_at: Instant::now() }
    }
}

impl Sight {
    /// One that has looked for a while.
    #[cfg(test)]
    pub(super) fn of_long_ago() -> Self {
        Self { lost: false, found_at: Instant::now().checked_sub(RECOVERS_WITHIN).unwrap() }
    }

    /// The database did not answer. Whether that is news.
    pub(crate) fn is_lost(&mut self) -> bool {
        !std::mem::replace(&mut self.lost, true)
    }

    /// The database has answered.
    pub(crate) fn sees(&mut self) {
        if std::mem::take(&mut self.lost) {
            self.found_at = Instant::now();
        }
    }

    /// What can be known.
    pub(crate) fn knows(&self) -> Knows {
        if self.lost || self.found_at.elapsed() < RECOVERS_WITHIN { Knows::DeadlinesOnly } else { Knows::Everything }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_begins_to_look_takes_nobody_to_have_left() {
        let mut sight = Sight::default();
        assert_eq!(sight.knows(), Knows::DeadlinesOnly);
        sight.sees();
        assert_eq!(sight.knows(), Knows::DeadlinesOnly);
    }

    #[test]
    fn after_an_outage_nobody_is_taken_to_have_left_for_a_while() {
        let mut sight = Sight::of_long_ago();
        sight.sees();
        assert_eq!(sight.knows(), Knows::Everything);
        assert!(sight.is_lost() && !sight.is_lost());
        assert_eq!(sight.knows(), Knows::DeadlinesOnly);
        sight.sees();
        assert_eq!(sight.knows(), Knows::DeadlinesOnly);
        sight.found_at = Sight::of_long_ago().found_at;
        assert_eq!(sight.knows(), Knows::Everything);
        assert!(sight.is_lost(), "the next outage is news again");
    }
}
