//! The only reader of the system clock.
//!
//! Everything that decides or writes takes the time as an argument; edges read it here, once per
//! request or action. Stored times are UTC, cut to microseconds, because PostgreSQL keeps no more.

use jiff::{Timestamp, Unit};

/// The wall clock now, cut to whole microseconds so that a stored time reads back equal.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
    let now = Timestamp::now();
    to_microseconds(now)
}

/// Cuts a time to whole microseconds, towards the past.
pub fn to_microseconds(at: Timestamp) -> Timestamp {
    at.round(jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Floor)).unwrap_or(at)
}
