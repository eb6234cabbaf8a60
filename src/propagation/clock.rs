//! Measures how far the database's clock is ahead, and makes it the one that counts.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::storage::{Store, StoreError};

/// How often it is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(60);

/// A smaller difference from the offset in force counts as none: a measurement is not more exact over a network, and
/// a clock that trembles would go back now and then.
const TOLERANCE: SignedDuration = SignedDuration::from_millis(250);

/// A larger offset is warned about.
const WARN_ABOVE: SignedDuration = SignedDuration::from_secs(2);

/// An answer that took longer says too little about the moment it is of.
const LONGEST_ROUND_TRIP: SignedDuration = SignedDuration::from_secs(1);

/// When it was last measured, and whether somebody was warned.
#[derive(Debug, Default)]
pub(crate) struct ClockWatch {
    measured: Option<(Instant, Timestamp)>,
    has_warned: bool,
}

impl ClockWatch {
    /// Whether it is time to measure: a minute has passed, or the system's clock was set.
    pub(crate) fn is_due(&self) -> bool {
        self.measured.is_none_or(|(at, system)| is_due(at.elapsed(), clock::system().duration_since(system)))
    }

    /// Asks the database for its time, in bounded time, and lets its clock count from now on. A SQLite file goes by the
    /// clock of this machine.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) fn measure(&mut self, store: &Store) -> Result<(), StoreError> {
        if store.url().sqlite_path().is_some() {
            return Ok(());
        }
        let asked = store.clone();
        let (before, there, after) = store.apart_blocking(move || {
            asked.read(|reader| {
                let before = clock::system();
                let there = reader.clock()?;
                Ok((before, there, clock::system()))
            })
        })?;
        self.measured = Some((Instant::now(), after));
        let in_force = clock::offset();
        let Some(offset) = new_offset(before, there, after, in_force) else { return Ok(()) };
        clock::set_offset(offset);
        if offset.abs() > WARN_ABOVE && !self.has_warned {
            self.has_warned = true;
            log::warn!(
                "The clock of this machine differs from that of the database by {:.1} s. The database's counts; set \
                 this one right.",
                offset.as_secs_f64()
            );
        }
        Ok(())
    }
}

/// Whether a minute has passed, or the system's clock went otherwise than time did.
fn is_due(passed: Duration, by_system: SignedDuration) -> bool {
    let passed_signed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    passed >= MEASURE_EVERY || (by_system - passed_signed).abs() > TOLERANCE
}

/// The offset that an answer gives: the database said `there` at some moment between `before` and `after`, by half the
/// round trip. `None` when the one in force is near enough, or the answer took too long to tell.
fn new_offset(
    before: Timestamp,
    there: Timestamp,
    after: Timestamp,
    in_force: SignedDuration,
) -> Option<SignedDuration> {
    let round_trip = after.duration_since(before);
    if round_trip.is_negative() || round_trip > LONGEST_ROUND_TRIP {
        return None;
    }
    let offset = there.duration_since(before + round_trip / 2);
    // No offset at all is the rule, so it is kept where it may be.
    let offset = if offset.abs() < TOLERANCE { SignedDuration::ZERO } else { offset };
    let is_other = offset != in_force && ((offset - in_force).abs() >= TOLERANCE || offset.is_zero());
    is_other.then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_795_000_000_000 + milliseconds).unwrap()
    }

    fn ms(milliseconds: i64) -> SignedDuration {
        SignedDuration::from_millis(milliseconds)
    }

    #[test]
    fn the_offset_is_counted_from_the_middle_of_the_round_trip() {
        assert_eq!(new_offset(at(0), at(3_600_050), at(100), ms(0)), Some(ms(3_600_000)));
        assert_eq!(new_offset(at(0), at(-3_599_950), at(100), ms(0)), Some(ms(-3_600_000)));
    }

    #[test]
    fn small_differences_count_as_none() {
        for there in [-249, 0, 249] {
            assert_eq!(new_offset(at(0), at(there), at(0), ms(0)), None, "{there}");
        }
        assert_eq!(new_offset(at(0), at(250), at(0), ms(0)), Some(ms(250)));
        // Near the offset in force it stays; back near zero it goes.
        assert_eq!(new_offset(at(0), at(5_200), at(0), ms(5_000)), None);
        assert_eq!(new_offset(at(0), at(5_300), at(0), ms(5_000)), Some(ms(5_300)));
        assert_eq!(new_offset(at(0), at(200), at(0), ms(300)), Some(ms(0)));
    }

    #[test]
    fn an_answer_that_took_too_long_changes_nothing() {
        assert_eq!(new_offset(at(0), at(3_600_000), at(1_001), ms(0)), None);
        // The system's clock was set back between the two.
        assert_eq!(new_offset(at(0), at(3_600_000), at(-1), ms(0)), None);
    }

    #[test]
    fn it_is_measured_each_minute_and_when_the_system_clock_was_set() {
        assert!(ClockWatch::default().is_due());
        assert!(!is_due(Duration::from_secs(59), SignedDuration::from_secs(59)));
        assert!(is_due(Duration::from_secs(60), SignedDuration::from_secs(60)));
        assert!(is_due(Duration::from_secs(1), SignedDuration::from_secs(3_601)));
        assert!(is_due(Duration::from_secs(1), SignedDuration::from_secs(-1)));
    }
}
