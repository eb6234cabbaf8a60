//! The expected end as text: on the wall clock of the site's zone, `2026-11-21 03:30`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::clock;
use crate::schedule::{end_of, last_day};

/// How a time is written.
const PLAIN: &str = "%Y-%m-%d %H:%M";

/// Length of a day as it is written: `2026-11-21`.
const DAY_CHARS: usize = 10;

/// Minutes to which an example is rounded up.
const EXAMPLE_STEP: i64 = 30 * 60;

/// The text for a stored time, cut to minutes. A time that the zone's clock shows twice has its distance from UTC.
pub(in crate::admin) fn text_of(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let style = if zone.to_ambiguous_timestamp(local.datetime()).is_ambiguous() { "%Y-%m-%d %H:%M%:z" } else { PLAIN };
    local.strftime(style).to_string()
}

/// A time of the next hour or so, as an example of how to write one.
pub(in crate::admin) fn example(now: Timestamp, zone: &TimeZone) -> String {
    let next = (now.as_second() / EXAMPLE_STEP + 1) * EXAMPLE_STEP;
    text_of(Timestamp::from_second(next).unwrap_or(now), zone)
}

/// Reads a time as it may be typed: `2026-11-21 03:30` on the zone's clock, with `T` for the space, with seconds, or
/// with its distance from UTC (RFC 3339). `None` for an empty text.
///
/// # Errors
/// A sentence for the field: it is no time, or the zone's clock skips it or shows it twice.
pub(in crate::admin) fn parse(text: &str, zone: &TimeZone, example: &str) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let shown: String = text.chars().take(60).filter(|c| !c.is_control()).collect();
    let wrong = || format!("“{shown}” is not a time. Write it like {example}.");
    let (bare, is_utc) = match text.strip_suffix("UTC") {
        Some(bare) => (bare.trim_end(), true),
        None => (text, false),
    };
    let pieces = Pieces::parse(bare).map_err(|_| wrong())?;
    let time = pieces.time().ok_or_else(|| format!("“{shown}” has no time of day. Write it like {example}."))?;
    let local = pieces.date().to_datetime(time);
    let named = pieces.to_time_zone().map_err(|_| wrong())?;
    let at = match (pieces.to_numeric_offset(), named) {
        (Some(offset), _) => offset.to_timestamp(local).map_err(|_| wrong())?,
        (None, _) if is_utc => Offset::UTC.to_timestamp(local).map_err(|_| wrong())?,
        (None, named) => on_the_clock(local, named.as_ref().unwrap_or(zone), &wrong)?,
    };
    Ok(Some(clock::to_microseconds(at)))
}

/// The text for a moment until which something goes on: the last day when it is the end of one, else the time.
pub(in crate::admin) fn text_of_until(until: Timestamp, zone: &TimeZone) -> String {
    last_day(&until.to_zoned(zone.clone())).map_or_else(|| text_of(until, zone), |day| day.to_string())
}

/// Reads a moment until which something goes on: a day such as `2027-03-31`, which counts to its end on the zone's clock,
/// or a time as [`parse`] does. `None` for an empty text.
///
/// # Errors
/// A sentence for the field.
pub(in crate::admin) fn parse_until(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if let Ok(day) = text.parse::<Date>()
        && text.len() == DAY_CHARS
    {
        return end_of(day, zone).map(Some).map_err(|_| format!("“{text}” is too far away."));
    }
    let example = example(now, zone);
    let (day, _) = example.split_at(DAY_CHARS);
    parse(text, zone, &format!("{day}, which counts to its end, or like {example}"))
}

/// The moment at which the zone's clock shows this.
fn on_the_clock(local: DateTime, zone: &TimeZone, wrong: &dyn Fn() -> String) -> Result<Timestamp, String> {
    let name = zone.iana_name().unwrap_or("this zone");
    let shown = local.strftime(PLAIN);
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).map_err(|_| wrong()),
        AmbiguousOffset::Gap { before, .. } => {
            let after = before.to_timestamp(local).map_err(|_| wrong())?;
            let after = text_of(after, zone);
            Err(format!("{shown} does not exist in {name}: the clocks are put forward over it. Write {after} instead."))
        }
        AmbiguousOffset::Fold { before, after } => {
            let with = |offset: Offset| match offset.to_timestamp(local) {
                Ok(at) => text_of(at, zone),
                Err(_) => format!("{shown}{offset}"),
            };
            let (first, second) = (with(before), with(after));
            Err(format!(
                "{shown} comes twice in {name}: the clocks are put back. Write {first} for the first time or {second} \
                 for the second."
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn read(text: &str) -> Result<Option<String>, String> {
        parse(text, &berlin(), "2026-11-21 03:30").map(|at| at.map(|at| at.to_string()))
    }

    #[test]
    fn a_time_is_read_on_the_clock_of_the_zone_however_it_is_written() {
        for (text, at) in [
            ("2026-11-21 03:30", "2026-11-21T02:30:00Z"),
            (" 2026-11-21T03:30 ", "2026-11-21T02:30:00Z"),
            ("2026-11-21 03:30:15", "2026-11-21T02:30:15Z"),
            ("2026-11-21T03:30:15.123456789", "2026-11-21T02:30:15.123456Z"),
            ("2026-07-21 03:30", "2026-07-21T01:30:00Z"),
            ("2026-11-21T03:30:00Z", "2026-11-21T03:30:00Z"),
            ("2026-11-21T03:30Z", "2026-11-21T03:30:00Z"),
            ("2026-11-21 03:30 UTC", "2026-11-21T03:30:00Z"),
            ("2026-11-21 03:30+05:30", "2026-11-20T22:00:00Z"),
            ("2026-11-21T03:30[America/New_York]", "2026-11-21T08:30:00Z"),
        ] {
            assert_eq!(read(text), Ok(Some(at.to_owned())), "{text}");
        }
        assert_eq!(read("  "), Ok(None));
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in ["tomorrow", "03:30", "2026-11-31 03:30", "21.11.2026 03:30", "2026-11-21 25:00", "UTC", "\u{0}"] {
            let error = read(text).unwrap_err();
            assert!(error.ends_with("is not a time. Write it like 2026-11-21 03:30."), "{error}");
        }
        assert!(read("2026-11-21").unwrap_err().contains("has no time of day"));
        assert!(read("2026-11-21T03:30[Europe/Atlantis]").is_err());
    }

    #[test]
    fn a_time_that_the_clock_skips_or_shows_twice_is_said() {
        assert_eq!(
            read("2027-03-28 02:30").unwrap_err(),
            "2027-03-28 02:30 does not exist in Europe/Berlin: the clocks are put forward over it. \
             Write 2027-03-28 03:30 instead."
        );
        assert_eq!(
            read("2026-10-25 02:30").unwrap_err(),
            "2026-10-25 02:30 comes twice in Europe/Berlin: the clocks are put back. \
             Write 2026-10-25 02:30+02:00 for the first time or 2026-10-25 02:30+01:00 for the second."
        );
        assert_eq!(read("2026-10-25 02:30+02:00"), Ok(Some("2026-10-25T00:30:00Z".to_owned())));
        assert_eq!(read("2026-10-25 02:30+01:00"), Ok(Some("2026-10-25T01:30:00Z".to_owned())));
    }

    #[test]
    fn a_day_counts_to_its_end_and_comes_back_as_a_day() {
        let now = "2026-11-21T02:12:04Z".parse().unwrap();
        for (text, until) in [
            ("2027-03-31", "2027-03-31T22:00:00Z"),
            // The day on which the clocks are put forward.
            ("2027-03-28", "2027-03-28T22:00:00Z"),
            ("2027-04-01 12:00", "2027-04-01T10:00:00Z"),
        ] {
            let read = parse_until(text, &berlin(), now).unwrap().unwrap();
            assert_eq!(read.to_string(), until);
            assert_eq!(text_of_until(read, &berlin()), text);
        }
        assert_eq!(parse_until("", &berlin(), now), Ok(None));
        for wrong in ["spring", "2027-02-30", "9999-12-31"] {
            let error = parse_until(wrong, &berlin(), now).unwrap_err();
            assert!(error.ends_with("to its end, or like 2026-11-21 03:30.") || error.contains("too far"), "{error}");
        }
    }

    #[test]
    fn an_example_lies_ahead() {
        let now = "2026-11-21T02:12:04Z".parse().unwrap();
        assert_eq!(example(now, &berlin()), "2026-11-21 03:30");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same_minute(minutes in 0..60_000_000_i64) {
            let at = Timestamp::from_second(minutes * 60).unwrap();
            prop_assert_eq!(parse(&text_of(at, &berlin()), &berlin(), ""), Ok(Some(at)));
        }

        #[test]
        fn any_text_is_read_without_panic(text in prop_oneof![any::<String>(), "[-0-9T: Z+\\[\\]A-Za-z/.]{0,40}"]) {
            let _ = read(&text);
        }
    }
}
