//! A point in time as a page shows it.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

/// A time in words, with its exact value for machines and for a closer look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// Exact time, RFC 3339 with `Z`, whole seconds: for `<time datetime>`.
    pub iso: String,
    /// As short as can be: `03:12 UTC` on the day of the page, else `20 Nov, 03:12 UTC`, else with the year.
    pub short: String,
    /// Whole: `Sat 21 Nov 2026, 03:12:04 UTC`.
    pub full: String,
}

impl Moment {
    /// Words for `at`, in the given zone, on a page that is made at `now`.
    pub fn of(at: Timestamp, zone: &TimeZone, now: Timestamp) -> Self {
        Self::worded(at, zone, now, "%H:%M")
    }

    /// The same with seconds, as the history shows it.
    pub fn with_seconds(at: Timestamp, zone: &TimeZone, now: Timestamp) -> Self {
        Self::worded(at, zone, now, "%H:%M:%S")
    }

    fn worded(at: Timestamp, zone: &TimeZone, now: Timestamp, clock: &str) -> Self {
        let (local, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
        let format = if local.date() == today.date() {
            format!("{clock} %Z")
        } else if local.year() == today.year() {
            format!("%-d %b, {clock} %Z")
        } else {
            format!("%-d %b %Y, {clock} %Z")
        };
        Self {
            iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            short: local.strftime(&format).to_string(),
            full: local.strftime("%a %-d %b %Y, %H:%M:%S %Z").to_string(),
        }
    }
}

/// Words for a stretch of time, rounded down: `under a minute`, `47 min`, `2 h 5 min`, `26 h`, `3 days`.
///
/// A negative stretch counts as none.
pub fn lasted(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_secs().max(0) / 60;
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (0, 0) => "under a minute".to_owned(),
        (0, _) => format!("{rest} min"),
        (1..10, 1..) => format!("{hours} h {rest} min"),
        (..48, _) => format!("{hours} h"),
        _ => format!("{} days", hours / 24),
    }
}

/// The same from the first second on: `12 s`, then as [`lasted`].
pub fn lasted_from_seconds(from: Timestamp, to: Timestamp) -> String {
    match to.duration_since(from).as_secs().max(0) {
        seconds @ ..60 => format!("{seconds} s"),
        _ => lasted(from, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid time")
    }

    #[test]
    fn a_time_is_as_short_as_its_distance_allows() {
        let now = at("2026-11-21T03:12:04Z");
        let short = |text| Moment::of(at(text), &TimeZone::UTC, now).short;
        assert_eq!(short("2026-11-21T02:25:00Z"), "02:25 UTC");
        assert_eq!(short("2026-11-20T23:00:00Z"), "20 Nov, 23:00 UTC");
        assert_eq!(short("2025-12-31T23:00:00Z"), "31 Dec 2025, 23:00 UTC");
    }

    #[test]
    fn the_day_is_the_day_in_the_shown_zone() {
        let zone = TimeZone::get("Europe/Berlin").expect("is bundled");
        let moment = Moment::of(at("2026-11-20T23:30:00Z"), &zone, at("2026-11-21T03:00:00Z"));
        assert_eq!(moment.short, "00:30 CET");
        assert_eq!(moment.full, "Sat 21 Nov 2026, 00:30:00 CET");
        assert_eq!(moment.iso, "2026-11-20T23:30:00Z");
    }

    #[test]
    fn a_stretch_is_worded_in_the_units_that_matter() {
        let from = at("2026-11-01T00:00:00Z");
        for (to, words) in [
            ("2026-10-31T00:00:00Z", "under a minute"),
            ("2026-11-01T00:00:59Z", "under a minute"),
            ("2026-11-01T00:47:00Z", "47 min"),
            ("2026-11-01T02:00:00Z", "2 h"),
            ("2026-11-01T02:05:00Z", "2 h 5 min"),
            ("2026-11-02T02:05:00Z", "26 h"),
            ("2026-11-04T02:05:00Z", "3 days"),
        ] {
            assert_eq!(lasted(from, at(to)), words, "until {to}");
        }
        assert_eq!(lasted_from_seconds(from, at("2026-10-31T00:00:00Z")), "0 s");
        assert_eq!(lasted_from_seconds(from, at("2026-11-01T00:00:59Z")), "59 s");
        assert_eq!(lasted_from_seconds(from, at("2026-11-01T00:01:00Z")), "1 min");
    }
}
