//! A database that has failed is left alone for a moment, and then asked by one caller at a time: the others need not wait
//! for an answer that does not come.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// How long nobody asks after a failure.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// How long the others leave it to the one who asks then. A question is given up sooner, unless settings let it take
/// longer.
const TURN: SignedDuration = SignedDuration::from_secs(15);

/// Stands for "it answers".
const NONE: i64 = i64::MIN;

/// Until when a database is left alone, in microseconds since 1970. Callers say what time it is.
#[derive(Debug)]
pub(crate) struct Respite(AtomicI64);

impl Default for Respite {
    fn default() -> Self {
        Self(AtomicI64::new(NONE))
    }
}

impl Respite {
    /// Whether it is left alone at `now`.
    pub(crate) fn is_on(&self, now: Timestamp) -> bool {
        is_ahead(self.0.load(Ordering::Relaxed), now)
    }

    /// The caller's turn to ask: everybody's while it answers, one at a time after it has failed. Whoever asks says what
    /// came of it while holding the turn; who does not, as when nobody waits for the answer any more, leaves it to the next.
    pub(crate) fn turn(&self, now: Timestamp) -> Option<Turn<'_>> {
        let until = self.0.load(Ordering::Relaxed);
        if until == NONE {
            return Some(Turn { respite: self, taken: None });
        }
        let next = (now + TURN).as_microsecond();
        let is_taken =
            !is_ahead(until, now) && self.0.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        is_taken.then_some(Turn { respite: self, taken: Some((until, next)) })
    }

    /// It has failed at `now`.
    pub(crate) fn begin(&self, now: Timestamp) {
        self.0.store((now + PAUSE).as_microsecond(), Ordering::Relaxed);
    }

    /// It has answered.
    pub(crate) fn end(&self) {
        // Written only where that changes something: every look-up comes by.
        if self.0.load(Ordering::Relaxed) != NONE {
            self.0.store(NONE, Ordering::Relaxed);
        }
    }
}

/// Leave to ask the database.
#[derive(Debug)]
pub(crate) struct Turn<'r> {
    respite: &'r Respite,
    /// What stood there before, and what stands there while nobody else may ask.
    taken: Option<(i64, i64)>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some((before, taken)) = self.taken {
            self.respite.0.compare_exchange(taken, before, Ordering::Relaxed, Ordering::Relaxed).ok();
        }
    }
}

/// A moment that is further away than any turn is of a clock that went back.
fn is_ahead(until: i64, now: Timestamp) -> bool {
    let left = until.saturating_sub(now.as_microsecond());
    left > 0 && SignedDuration::from_micros(left) <= TURN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    #[test]
    fn after_a_failure_one_at_a_time_asks_again() {
        let respite = Respite::default();
        let turns = [respite.turn(at(0)), respite.turn(at(0))];
        assert!(turns.iter().all(Option::is_some) && !respite.is_on(at(0)));
        respite.begin(at(10));
        assert!(respite.is_on(at(10)) && respite.turn(at(10)).is_none());
        let turns = [0, 0, 3, 14, 15, 15].map(|second| respite.turn(at(11 + second)));
        assert_eq!(turns.each_ref().map(Option::is_some), [true, false, false, false, true, false]);
        respite.end();
        drop(turns);
        let turns = [respite.turn(at(26)), respite.turn(at(26))];
        assert!(turns.iter().all(Option::is_some) && !respite.is_on(at(26)));
    }

    #[test]
    fn a_turn_that_brought_no_answer_passes_on() {
        let respite = Respite::default();
        respite.begin(at(0));
        let turn = respite.turn(at(2));
        assert!(turn.is_some() && respite.turn(at(2)).is_none());
        drop(turn);
        let turn = respite.turn(at(2)).expect("nobody has it");
        respite.begin(at(2));
        drop(turn);
        assert!(respite.turn(at(2)).is_none(), "what was said of it stays");
    }

    #[test]
    fn a_clock_that_went_back_ends_it() {
        let respite = Respite::default();
        respite.begin(at(1_000));
        assert!(!respite.is_on(at(0)) && respite.turn(at(0)).is_some());
    }
}
