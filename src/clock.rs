//! The only reader of the system clock.
//!
//! Everything that decides or writes takes the time as an argument; edges read it here, once per
//! request or action. Stored times are UTC, cut to microseconds, because PostgreSQL keeps no more.
//!
//! Servers that share a PostgreSQL decide by its clock, so that "at 14:32" is the same moment on all of them:
//! [`now`] adds what `set_offset` was told. One process has one offset; on SQLite it stays zero.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// How far the clock that counts is ahead of the system's, in microseconds.
static OFFSET: AtomicI64 = AtomicI64::new(0);

/// The time that counts, cut to whole microseconds so that a stored time reads back equal.
pub fn now() -> Timestamp {
    match OFFSET.load(Ordering::Relaxed) {
        0 => system(),
        offset => system().checked_add(SignedDuration::from_micros(offset)).unwrap_or_else(|_| system()),
    }
}

/// The system's own clock, whatever clock counts.
pub(crate) fn system() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
    let now = Timestamp::now();
    to_microseconds(now)
}

/// How far the clock that counts is ahead of the system's.
pub(crate) fn offset() -> SignedDuration {
    SignedDuration::from_micros(OFFSET.load(Ordering::Relaxed))
}

/// Makes another clock count: one that is `offset` ahead of the system's.
pub(crate) fn set_offset(offset: SignedDuration) {
    let microseconds = i64::try_from(offset.as_micros()).unwrap_or(0);
    OFFSET.store(microseconds, Ordering::Relaxed);
}

/// Cuts a time to whole microseconds, towards the past.
pub fn to_microseconds(at: Timestamp) -> Timestamp {
    // A count is cut towards 1970, so what lies before it needs one more. Each request reads the clock: jiff's general
    // rounding takes ten times as long.
    let microseconds = at.as_microsecond() - i64::from(at.subsec_nanosecond() % 1_000 < 0);
    Timestamp::from_microsecond(microseconds).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_cut_to_whole_microseconds_towards_the_past() {
        for (at, cut) in [
            ("2026-11-21T03:12:04.123456789Z", "2026-11-21T03:12:04.123456Z"),
            ("2026-11-21T03:12:04.123456Z", "2026-11-21T03:12:04.123456Z"),
            ("1970-01-01T00:00:00.000000999Z", "1970-01-01T00:00:00Z"),
            ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z"),
            ("1969-12-31T23:59:59.000000001Z", "1969-12-31T23:59:59Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
        ] {
            assert_eq!(to_microseconds(at.parse().unwrap()), cut.parse().unwrap(), "{at}");
        }
        assert!(to_microseconds(Timestamp::MIN) <= Timestamp::MIN && to_microseconds(Timestamp::MAX) <= Timestamp::MAX);
    }
}
