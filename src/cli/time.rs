//! Times and durations as people type and read them. Times are UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::schedule::{Moment, Reading, end_of};

/// Longest duration that can be meant.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// `03:12:04 UTC`, with the date when it is not today's.
pub fn exact(at: Timestamp, now: Timestamp) -> String {
    let (date, time) = (of_day(at, now), at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string());
    format!("{date}{time} UTC")
}

/// `03:12`, with the date when it is not today's.
pub fn short(at: Timestamp, now: Timestamp) -> String {
    format!("{}{}", of_day(at, now), at.to_zoned(TimeZone::UTC).strftime("%H:%M"))
}

/// A time ahead: `Sun 02:00–03:00`, with its date when it is six days away or more.
pub fn ahead(starts_at: Timestamp, ends_at: Option<Timestamp>, now: Timestamp) -> String {
    let local = |at: Timestamp| at.to_zoned(TimeZone::UTC);
    let with_day = |at: Timestamp| {
        // So far a weekday alone says which day is meant.
        let form = if at.duration_since(now).as_hours() < 6 * 24 { "%a %H:%M" } else { "%a %Y-%m-%d %H:%M" };
        local(at).strftime(form).to_string()
    };
    let start = with_day(starts_at);
    match ends_at {
        Some(end) if local(end).date() == local(starts_at).date() => {
            format!("{start}–{}", local(end).strftime("%H:%M"))
        }
        Some(end) => format!("{start}–{}", with_day(end)),
        None => format!("{start} until it is ended"),
    }
}

fn of_day(at: Timestamp, now: Timestamp) -> String {
    let day = at.to_zoned(TimeZone::UTC).date();
    if day == now.to_zoned(TimeZone::UTC).date() { String::new() } else { format!("{day} ") }
}

/// `12 s`, `47 min`, `2 h 5 min`, `3 d 4 h`: the two largest units, rounded down.
pub fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {small_unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes % 60, "min"),
        (days, hours, _) => two(days, "d", hours % 24, "h"),
    }
}

/// Reads `30m`, `2h`, `1h30m`, `90s`, `1d`. A bare number is refused: it could be minutes or seconds.
///
/// # Errors
/// A sentence that says what would be right.
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "a duration has units, such as 30m, 2h, 1h30m or 90s".to_owned();
    let mut total = SignedDuration::ZERO;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let seconds = match rest[digits..unit_end].trim().to_ascii_lowercase().as_str() {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(seconds).map(SignedDuration::from_secs);
        total =
            part.and_then(|part| total.checked_add(part)).filter(|total| *total <= LONGEST).ok_or("at most 366d")?;
        rest = &rest[unit_end..];
    }
    match total.is_zero() {
        true if text.trim().is_empty() => Err(wrong()),
        true => Err("it must be longer than nothing".to_owned()),
        false => Ok(total),
    }
}

/// Whole minutes of a duration, a part of one counts as a whole; those that do not fit are the most there can be.
pub fn minutes(duration: SignedDuration) -> u32 {
    let minutes = duration.as_mins() + i64::from(duration.as_secs() % 60 > 0);
    u32::try_from(minutes).unwrap_or(u32::MAX)
}

/// A time as typed, before it is known what time it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A certain moment.
    At(Timestamp),
    /// The next time that the clock shows this, UTC.
    Next(Time),
}

impl When {
    /// Reads `03:30` (the next one), `2026-11-21 03:30` (both UTC) or a time with an offset, as RFC 3339 has it.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = text.strip_suffix(" UTC").unwrap_or(text).trim_end();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).map(|zoned| Self::At(zoned.timestamp()));
        for form in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%MZ"] {
            if let Ok(civil) = DateTime::strptime(form, text) {
                return utc(civil).map_err(|error| error.to_string());
            }
        }
        Time::strptime("%H:%M", text).map(Self::Next).map_err(|_| {
            "a time is 03:30 or 2026-11-21 03:30, in UTC, or one with an offset such as 2026-11-21T03:30+01:00"
                .to_owned()
        })
    }

    /// The moment that is meant, seen from `now`.
    pub fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Next(time) => {
                let today: Date = now.to_zoned(TimeZone::UTC).date();
                let on = |day: Date| day.to_datetime(time).to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
                match on(today) {
                    Ok(at) if at > now => at,
                    _ => on(today.saturating_add(1.day())).unwrap_or(now),
                }
            }
        }
    }
}

/// A time on the clock of some zone, or an exact one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalTime {
    /// With an offset: the zone only says how it is shown.
    Exact(Timestamp),
    /// A day and a time of the zone.
    Clock(DateTime),
    /// The next such time of the zone.
    Next(Time),
}

impl LocalTime {
    /// Reads `02:00`, `2026-11-22 02:00` or `2026-11-22T02:00+01:00`.
    ///
    /// # Errors
    /// A sentence that says how a time is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        for form in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"] {
            if let Ok(clock) = DateTime::strptime(form, text) {
                return Ok(Self::Clock(clock));
            }
        }
        if let Ok(time) = Time::strptime("%H:%M", text) {
            return Ok(Self::Next(time));
        }
        match When::parse(text) {
            Ok(When::At(at)) => Ok(Self::Exact(at)),
            _ => {
                Err("a time is 02:00 or 2026-11-22 02:00, or one with an offset such as 2026-11-22T02:00+01:00"
                    .to_owned())
            }
        }
    }

    /// The moment that is meant in a zone; a time without a day is the next one after `after`. What is odd about it is
    /// added to `remarks`.
    ///
    /// # Errors
    /// A time so far away that it cannot be represented.
    pub fn read(self, zone: &TimeZone, after: Timestamp, remarks: &mut Vec<String>) -> Result<Moment, jiff::Error> {
        let clock = match self {
            Self::Exact(at) => return Ok(Moment::new(at, zone.clone())),
            Self::Clock(clock) => clock,
            Self::Next(time) => {
                let today = after.to_zoned(zone.clone()).date();
                let is_ahead = Reading::of(today.to_datetime(time), zone)?.moment().at() > after;
                let day = if is_ahead { today } else { today.saturating_add(1.day()) };
                day.to_datetime(time)
            }
        };
        let shown = clock.strftime("%Y-%m-%d %H:%M");
        let reading = Reading::of(clock, zone)?;
        match &reading {
            Reading::Once(_) => {}
            Reading::Skipped(moved_to) => remarks.push(format!(
                "{shown} does not exist, because the clock jumps: {} is taken",
                moved_to.clock().strftime("%H:%M")
            )),
            Reading::Twice(first, second) => remarks.push(format!(
                "{shown} comes twice, because the clock is put back: the first is taken, {}; for the second give its \
                 offset, {}",
                first.at().to_zoned(zone.clone()).strftime("%H:%M%:z"),
                second.at().to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M%:z")
            )),
        }
        Ok(reading.moment())
    }
}

/// A moment until which something goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The end of a day of the zone.
    EndOf(Date),
    /// A time.
    Time(LocalTime),
}

impl Until {
    /// Reads a day such as `2027-03-31`, or a time as [`LocalTime::parse`] does.
    ///
    /// # Errors
    /// A sentence that says how it is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(day) = Date::strptime("%Y-%m-%d", text.trim()) {
            return Ok(Self::EndOf(day));
        }
        let wrong = |why| format!("a day is 2027-03-31, which counts to its end; {why}");
        LocalTime::parse(text).map(Self::Time).map_err(wrong)
    }

    /// The moment that is meant in a zone; the rest is as in [`LocalTime::read`].
    ///
    /// # Errors
    /// A time so far away that it cannot be represented.
    pub fn read(self, zone: &TimeZone, after: Timestamp, remarks: &mut Vec<String>) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::EndOf(day) => end_of(day, zone),
            Self::Time(time) => Ok(time.read(zone, after, remarks)?.at()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_duration_has_units() {
        for (text, seconds) in [
            ("30m", 1800),
            ("2h", 7200),
            ("1h30m", 5400),
            ("90s", 90),
            ("1d", 86_400),
            ("1h 30 min", 5400),
            ("366d", 31_622_400),
        ] {
            assert_eq!(duration(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in
            ["", "30", "m", "-5m", "0m", "1.5h", "5 years", "367d", "99999999999999999999h", "9223372036854775807w"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["0s", "0m", "0h 0m"] {
            assert_eq!(duration(text).unwrap_err(), "it must be longer than nothing", "{text}");
        }
    }

    #[test]
    fn a_time_ahead_names_its_weekday_and_its_date_where_that_is_far() {
        let now = at("2026-11-21T03:12:04Z");
        for (starts_at, ends_at, words) in [
            ("2026-11-22T02:00:00Z", Some("2026-11-22T03:00:00Z"), "Sun 02:00–03:00"),
            ("2026-11-21T23:00:00Z", Some("2026-11-22T01:00:00Z"), "Sat 23:00–Sun 01:00"),
            ("2026-11-22T02:00:00Z", None, "Sun 02:00 until it is ended"),
            ("2026-12-24T02:00:00Z", Some("2026-12-24T03:00:00Z"), "Thu 2026-12-24 02:00–03:00"),
            ("2026-11-28T02:00:00Z", Some("2026-11-28T03:00:00Z"), "Sat 2026-11-28 02:00–03:00"),
        ] {
            assert_eq!(ahead(at(starts_at), ends_at.map(at), now), words);
        }
    }

    #[test]
    fn a_time_without_a_date_is_the_next_one() {
        let now = at("2026-11-21T03:12:04Z");
        for (text, meant) in [
            ("03:30", "2026-11-21T03:30:00Z"),
            ("03:12", "2026-11-22T03:12:00Z"),
            ("2026-11-23 04:00", "2026-11-23T04:00:00Z"),
            ("2026-11-23 04:00 UTC", "2026-11-23T04:00:00Z"),
            ("2026-11-23T04:00Z", "2026-11-23T04:00:00Z"),
            ("2026-11-23T04:00:30+01:00", "2026-11-23T03:00:30Z"),
            ("2026-11-23T04:00+01:00", "2026-11-23T03:00:00Z"),
        ] {
            assert_eq!(When::parse(text).unwrap().after(now), at(meant), "{text}");
        }
        for text in ["", "tomorrow", "25:00", "3.30", "2026-13-01 00:00"] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_of_another_day_shows_the_day() {
        let now = at("2026-11-21T03:12:04Z");
        assert_eq!(exact(now, now), "03:12:04 UTC");
        assert_eq!(exact(at("2026-11-20T23:00:00Z"), now), "2026-11-20 23:00:00 UTC");
        assert_eq!(short(at("2026-11-22T01:00:00Z"), now), "2026-11-22 01:00");
    }

    #[test]
    fn a_span_has_at_most_two_units() {
        let now = at("2026-11-21T00:00:00Z");
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (2820, "47 min"), (7500, "2 h 5 min"), (7200, "2 h"), (273_600, "3 d 4 h")]
        {
            assert_eq!(span(now, now + SignedDuration::from_secs(seconds)), text);
        }
    }
}
