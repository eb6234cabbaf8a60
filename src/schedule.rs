//! When something happens: once, or again and again by a rule.
//!
//! A time is entered in some zone and stays true to its clock there: a weekly 02:00 is 02:00 in summer and in winter,
//! and a single time follows when the rules of its zone change. A rule is evaluated on the clock of its zone and only
//! then turned into moments, so that each of its times happens exactly once: one that a spring forward leaves out
//! happens at the end of the gap, one that an autumn has twice happens the first time.
//!
//! Pure: what a window *means* is told in [`crate::window`].

use std::fmt;
use std::str::FromStr;

use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, Direction};
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{AmbiguousOffset, OffsetConflict, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// Longest time from a start to its end, and from one occurrence to the next that a rule may have.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Longest rule, in bytes.
const MAX_RULE: usize = 100;

/// Occurrences that are looked at to tell whether a rule ever overtakes itself.
const LOOK_AHEAD: usize = 400;

/// A moment together with the zone whose clock it was read from, in the form of RFC 9557:
/// `2026-11-21T02:00:00+01:00[Europe/Berlin]`.
///
/// When the zone's rules have changed since and the offset is wrong by now, the clock time counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment(Zoned);

/// A text that is no [`Moment`].
#[derive(Debug, thiserror::Error)]
#[error("is not a time with its zone: {0}")]
pub struct MomentError(jiff::Error);

impl Moment {
    /// A moment on the clock of a zone.
    pub fn new(at: Timestamp, zone: TimeZone) -> Self {
        Self(at.to_zoned(zone))
    }

    /// The moment itself.
    pub fn at(&self) -> Timestamp {
        self.0.timestamp()
    }

    /// The zone it was entered in.
    pub fn zone(&self) -> &TimeZone {
        self.0.time_zone()
    }

    /// What the clock of its zone shows.
    pub fn clock(&self) -> DateTime {
        self.0.datetime()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        static PARSER: DateTimeParser = DateTimeParser::new().offset_conflict(OffsetConflict::PreferOffset);
        PARSER.parse_zoned(text).map(Self).map_err(MomentError)
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a time on the clock of a zone means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The clock shows it once.
    Once(Moment),
    /// The clock jumps over it, and shows this instead.
    Skipped(Moment),
    /// The clock shows it twice: at these two moments.
    Twice(Moment, Moment),
}

impl Reading {
    /// Reads a clock time in a zone.
    ///
    /// # Errors
    /// A time that is outside of what can be represented, near the years -9999 and 9999.
    pub fn of(clock: DateTime, zone: &TimeZone) -> Result<Self, jiff::Error> {
        let ambiguous = zone.to_ambiguous_zoned(clock);
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Self::Once(Moment(ambiguous.unambiguous()?)),
            AmbiguousOffset::Fold { .. } => {
                Self::Twice(Moment(ambiguous.clone().earlier()?), Moment(ambiguous.later()?))
            }
            AmbiguousOffset::Gap { .. } => Self::Skipped(Moment(end_of_gap(ambiguous.later()?))),
        })
    }

    /// The moment that counts: the end of a gap, the first of two.
    pub fn moment(self) -> Moment {
        match self {
            Self::Once(moment) | Self::Skipped(moment) | Self::Twice(moment, _) => moment,
        }
    }
}

/// The moment at which the clock has jumped, of a moment shortly after the jump.
fn end_of_gap(after: Zoned) -> Zoned {
    let zone = after.time_zone();
    let jump = zone.preceding(after.timestamp() + SignedDuration::from_secs(1)).next();
    let jumped_at = jump.map_or(after.timestamp(), |jump| jump.timestamp());
    jumped_at.to_zoned(zone.clone())
}

/// Once, or again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// From a moment to another, or until somebody ends it.
    Once {
        /// When it begins.
        start: Moment,
        /// When it ends; `None` until somebody ends it.
        end: Option<Moment>,
    },
    /// By a rule.
    Repeat(Repeat),
}

/// A rule for beginnings, with a length that is the same each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// A cron expression of five fields: minute, hour, day of month, month, day of week.
    pub rule: String,
    /// IANA name of the zone on whose clock the rule is read.
    pub zone: String,
    /// Length in minutes, as time passes: a change of clocks does not make it longer or shorter.
    pub minutes: u32,
    /// Nothing begins before.
    pub from: Option<Timestamp>,
    /// Nothing begins at or after.
    pub until: Option<Timestamp>,
}

/// Why a schedule cannot be. The text fits after the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// It ends before it begins, or at once.
    #[error("must be after the start")]
    EndBeforeStart,
    /// It lasts longer than a year.
    #[error("is more than a year after the start")]
    TooLong,
    /// No such zone.
    #[error("`{0}` is not a time zone; use an area and city such as Europe/Berlin, or UTC")]
    Zone(String),
    /// Not a rule; says what is wrong with it.
    #[error("is not a rule: {0}")]
    Rule(String),
    /// A rule that names no day that exists.
    #[error("never happens")]
    Never,
    /// Zero minutes.
    #[error("must be at least one minute")]
    NoLength,
    /// A rule that begins again before it has ended.
    #[error("happens again before it is over: it begins at {begins} and lasts until {ends}, so it would never end")]
    Overtakes {
        /// Beginning of the second of two.
        begins: String,
        /// End of the first.
        ends: String,
    },
}

impl ScheduleError {
    /// The form field that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::EndBeforeStart | Self::TooLong => "end",
            Self::Zone(_) => "zone",
            Self::Rule(_) | Self::Never => "rule",
            Self::NoLength | Self::Overtakes { .. } => "minutes",
        }
    }
}

/// One time that it happens, as planned. Holds from `starts_at` on and not at `ends_at` any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends; `None` until somebody ends it.
    pub ends_at: Option<Timestamp>,
}

/// A schedule that has been checked and can be asked.
#[derive(Debug, Clone)]
pub struct Calendar(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Once(Planned),
    Repeat { cron: Box<Cron>, zone: TimeZone, length: SignedDuration, from: Timestamp, until: Timestamp },
}

impl Schedule {
    /// The zone that its times are shown in.
    pub fn zone(&self) -> TimeZone {
        match self {
            Self::Once { start, .. } => start.zone().clone(),
            Self::Repeat(repeat) => zone(&repeat.zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// Checks everything that can be wrong with it. To be asked once, before it is kept: a rule is followed for some
    /// hundred times.
    ///
    /// # Errors
    /// As [`Schedule::calendar`]; for a rule also when it never happens or overtakes itself.
    pub fn check(&self) -> Result<Calendar, ScheduleError> {
        let calendar = self.calendar()?;
        if let Self::Repeat(repeat) = self {
            calendar.check_gaps(repeat.from.unwrap_or(EPOCH))?;
        }
        Ok(calendar)
    }

    /// Makes it ready to be asked.
    ///
    /// # Errors
    /// An end that is not after the start, a length of nothing or of more than a year, an unknown zone, a text that is
    /// no rule.
    pub fn calendar(&self) -> Result<Calendar, ScheduleError> {
        match self {
            Self::Once { start, end } => {
                let planned = Planned { starts_at: start.at(), ends_at: end.as_ref().map(Moment::at) };
                match planned.ends_at.map(|end| end.duration_since(planned.starts_at)) {
                    Some(length) if length <= SignedDuration::ZERO => Err(ScheduleError::EndBeforeStart),
                    Some(length) if length > LONGEST => Err(ScheduleError::TooLong),
                    _ => Ok(Calendar(Kind::Once(planned))),
                }
            }
            Self::Repeat(repeat) => repeat.calendar(),
        }
    }
}

/// In one line: `2026-11-22 02:00 to 03:00, Europe/Berlin`, `0 2 * * SUN for 60 min, Europe/Berlin, until the end of
/// 2027-03-31`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once { start, end } => {
                let clock = start.clock();
                write!(f, "{}", clock.strftime("%Y-%m-%d %H:%M"))?;
                match end {
                    Some(end) if end.clock().date() == clock.date() => {
                        write!(f, " to {}", end.clock().strftime("%H:%M"))?
                    }
                    Some(end) => write!(f, " to {}", end.clock().strftime("%Y-%m-%d %H:%M"))?,
                    None => f.write_str(" until it is ended")?,
                }
                write!(f, ", {}", name_of(start.zone()))
            }
            Self::Repeat(repeat) => {
                write!(f, "{} for {} min, {}", repeat.rule, repeat.minutes, repeat.zone)?;
                repeat.until_in_words().map_or(Ok(()), |until| write!(f, ", {until}"))
            }
        }
    }
}

/// The IANA name of a zone.
pub fn name_of(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

impl Repeat {
    /// Until when it repeats, on the clock of its zone: `until 2027-04-01 12:00`, `until the end of 2027-03-31`. `None`
    /// when it repeats for ever.
    pub fn until_in_words(&self) -> Option<String> {
        let until = self.until?.to_zoned(zone(&self.zone).unwrap_or(TimeZone::UTC));
        Some(match last_day(&until) {
            Some(day) => format!("until the end of {day}"),
            None => format!("until {}", until.strftime("%Y-%m-%d %H:%M")),
        })
    }

    fn calendar(&self) -> Result<Calendar, ScheduleError> {
        let length = SignedDuration::from_mins(self.minutes.into());
        if self.minutes == 0 {
            return Err(ScheduleError::NoLength);
        }
        if length > LONGEST {
            return Err(ScheduleError::TooLong);
        }
        Ok(Calendar(Kind::Repeat {
            cron: Box::new(parse(&self.rule)?),
            zone: zone(&self.zone).ok_or_else(|| ScheduleError::Zone(self.zone.clone()))?,
            length,
            from: self.from.unwrap_or(Timestamp::MIN),
            until: self.until.unwrap_or(Timestamp::MAX),
        }))
    }
}

/// Where the check of a rule begins that has no beginning: any rule is the same every 400 years, and times before
/// computers have no use here.
const EPOCH: Timestamp = Timestamp::UNIX_EPOCH;

/// The fields of a rule, each with what it may hold.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of week", "0 to 7, where 0 and 7 are Sunday, or SUN to SAT"),
];

fn parse(rule: &str) -> Result<Cron, ScheduleError> {
    if rule.len() > MAX_RULE {
        return Err(ScheduleError::Rule(format!("it is longer than {MAX_RULE} characters")));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(rule.trim()).map_err(|_| ScheduleError::Rule(what_is_wrong(rule, &parser)))
}

/// What is wrong with a text that is no rule. The parser's own words speak of its options.
fn what_is_wrong(rule: &str, parser: &CronParser) -> String {
    let fields: Vec<&str> = rule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let count = match fields.len() {
            0 => "it is empty".to_owned(),
            1 => "it has one field".to_owned(),
            count => format!("it has {count} fields"),
        };
        return format!("{count}, and five fields are needed: {}", FIELDS.map(|(name, _)| name).join(", "));
    }
    let is_wrong = |at: usize| {
        let alone: Vec<&str> = (0..FIELDS.len()).map(|field| if field == at { fields[at] } else { "*" }).collect();
        parser.parse(&alone.join(" ")).is_err()
    };
    match (0..FIELDS.len()).find(|at| is_wrong(*at)) {
        Some(at) => format!("“{}” is no {}, which is {}", fields[at], FIELDS[at].0, FIELDS[at].1),
        None => "its fields do not go together".to_owned(),
    }
}

/// The day that ends at this moment; `None` when it is in the middle of one.
pub fn last_day(until: &Zoned) -> Option<Date> {
    let is_start = until.start_of_day().is_ok_and(|start| start == *until);
    until.date().yesterday().ok().filter(|_| is_start)
}

/// The moment at which this day ends in a zone: of which it is the [`last_day`].
///
/// # Errors
/// A day so far away that it cannot be represented.
pub fn end_of(day: Date, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    Ok(day.tomorrow()?.to_zoned(zone.clone())?.timestamp())
}

/// A zone by its IANA name.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

impl Calendar {
    /// Every time that is not over at `at`, in order of beginning. Endless for a rule without an end.
    pub fn after(&self, at: Timestamp) -> Box<dyn Iterator<Item = Planned> + '_> {
        match &self.0 {
            Kind::Once(planned) => Box::new(std::iter::once(*planned).filter(move |planned| !planned.is_over(at))),
            Kind::Repeat { cron, zone, length, from, until } => {
                // Whatever began longer ago than its length is over.
                let earliest = at.checked_sub(*length).unwrap_or(Timestamp::MIN).max(*from);
                let begin = earliest.max(EPOCH).to_zoned(zone.clone()).datetime();
                // A gap of the clock may lie between: a day earlier is early enough for any zone.
                let begin = begin.checked_sub(SignedDuration::from_hours(24)).unwrap_or(begin);
                let times = cron.iter_from(begin, Direction::Forward);
                let planned = times.map_while(move |clock| self.at_clock(clock, zone, *length));
                let planned = Deduplicated { last: None, inner: planned };
                let (from, until) = (*from, *until);
                Box::new(
                    planned
                        .skip_while(move |planned| planned.starts_at < from || planned.is_over(at))
                        .take_while(move |planned| planned.starts_at < until),
                )
            }
        }
    }

    fn at_clock(&self, clock: DateTime, zone: &TimeZone, length: SignedDuration) -> Option<Planned> {
        let starts_at = Reading::of(clock, zone).ok()?.moment().at();
        Some(Planned { starts_at, ends_at: Some(starts_at.checked_add(length).ok()?) })
    }

    /// Whether it can ever happen, and never begins again before it has ended.
    fn check_gaps(&self, from: Timestamp) -> Result<(), ScheduleError> {
        let mut times = self.after(from).take(LOOK_AHEAD);
        let Some(mut last) = times.next() else { return Err(ScheduleError::Never) };
        for next in times {
            // At its end it may begin again only if that is meant to be endless, which a rule cannot mean.
            if last.ends_at.is_some_and(|end| next.starts_at <= end) {
                let show = |at: Timestamp| at.to_zoned(self.zone()).strftime("%Y-%m-%d %H:%M").to_string();
                return Err(ScheduleError::Overtakes {
                    begins: show(next.starts_at),
                    ends: show(last.ends_at.unwrap_or(last.starts_at)),
                });
            }
            last = next;
        }
        Ok(())
    }

    fn zone(&self) -> TimeZone {
        match &self.0 {
            Kind::Once(_) => TimeZone::UTC,
            Kind::Repeat { zone, .. } => zone.clone(),
        }
    }

    /// What changes of clocks do to the times between `at` and `until`, as far as it happens then.
    pub fn clock_changes(&self, at: Timestamp, until: Timestamp) -> Vec<ClockChange> {
        let Kind::Repeat { cron, zone, from, until: last, .. } = &self.0 else { return Vec::new() };
        let (from, last) = (*from, *last);
        let happens = move |moment: &Moment| (from..last).contains(&moment.at());
        let begin = at.to_zoned(zone.clone()).datetime();
        let end = until.to_zoned(zone.clone()).datetime();
        let times = cron.iter_from(begin, Direction::Forward).take_while(|clock| *clock <= end);
        times
            .filter_map(|clock| match Reading::of(clock, zone).ok()? {
                Reading::Skipped(moved_to) if happens(&moved_to) => Some(ClockChange::Skipped { clock, moved_to }),
                Reading::Twice(first, _) if happens(&first) => Some(ClockChange::Twice { clock, first }),
                _ => None,
            })
            .collect()
    }
}

/// A time of a rule that the clock of its zone jumps over or shows twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockChange {
    /// The clock jumps over it.
    Skipped {
        /// The time that is left out.
        clock: DateTime,
        /// When it happens instead.
        moved_to: Moment,
    },
    /// The clock shows it twice.
    Twice {
        /// The time that comes twice.
        clock: DateTime,
        /// When it happens.
        first: Moment,
    },
}

impl Planned {
    /// Whether it has ended at `at`.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= at)
    }

    /// Whether it holds at `at`.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.starts_at <= at && !self.is_over(at)
    }
}

/// Leaves out a time that a gap has moved onto another one.
struct Deduplicated<I> {
    last: Option<Timestamp>,
    inner: I,
}

impl<I: Iterator<Item = Planned>> Iterator for Deduplicated<I> {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let last = self.last;
        let next = self.inner.find(|planned| last.is_none_or(|last| planned.starts_at > last))?;
        self.last = Some(next.starts_at);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn repeat(rule: &str, zone: &str, minutes: u32) -> Schedule {
        Schedule::Repeat(Repeat { rule: rule.to_owned(), zone: zone.to_owned(), minutes, from: None, until: None })
    }

    /// The next starts after a moment, as the clock of the zone shows them with its offset.
    fn starts(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
        let calendar = schedule.calendar().unwrap();
        let zone = schedule.zone();
        let shown = |planned: Planned| planned.starts_at.to_zoned(zone.clone()).strftime("%m-%d %H:%M%:z").to_string();
        calendar.after(at(after)).take(count).map(shown).collect()
    }

    #[test]
    fn a_weekly_two_o_clock_stays_two_o_clock_in_summer_and_winter() {
        let weekly = repeat("0 2 * * MON", "Europe/Berlin", 60);
        assert_eq!(
            starts(&weekly, "2026-10-18T00:00:00Z", 3),
            ["10-19 02:00+02:00", "10-26 02:00+01:00", "11-02 02:00+01:00"]
        );
    }

    #[test]
    fn a_time_that_the_clock_jumps_over_happens_at_the_end_of_the_gap_and_only_once() {
        let nightly = repeat("30 2 * * *", "Europe/Berlin", 20);
        assert_eq!(
            starts(&nightly, "2026-03-28T00:00:00Z", 3),
            ["03-28 02:30+01:00", "03-29 03:00+02:00", "03-30 02:30+02:00"]
        );
        let often = repeat("0,30 2,3 * * *", "Europe/Berlin", 20);
        assert_eq!(
            starts(&often, "2026-03-29T00:00:00Z", 3),
            ["03-29 03:00+02:00", "03-29 03:30+02:00", "03-30 02:00+02:00"]
        );
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_happens_the_first_time() {
        let nightly = repeat("30 2 * * *", "Europe/Berlin", 20);
        assert_eq!(starts(&nightly, "2026-10-24T12:00:00Z", 2), ["10-25 02:30+02:00", "10-26 02:30+01:00"]);
    }

    #[test]
    fn zones_of_half_hours_and_of_no_changes_and_leap_days_and_years_ends() {
        assert_eq!(
            starts(&repeat("15 2 * * *", "Asia/Kathmandu", 5), "2026-12-31T00:00:00Z", 2),
            ["01-01 02:15+05:45", "01-02 02:15+05:45"]
        );
        // Lord Howe Island changes its clock by half an hour: 02:00 to 02:30.
        assert_eq!(
            starts(&repeat("15 2 * * *", "Australia/Lord_Howe", 5), "2026-10-03T00:00:00Z", 2),
            ["10-04 02:30+11:00", "10-05 02:15+11:00"]
        );
        let leap = repeat("0 0 29 2 *", "UTC", 60).calendar().unwrap();
        let years: Vec<i16> = leap
            .after(at("2026-01-01T00:00:00Z"))
            .take(2)
            .map(|p| p.starts_at.to_zoned(TimeZone::UTC).year())
            .collect();
        assert_eq!(years, [2028, 2032]);
    }

    #[test]
    fn one_that_runs_is_the_first_and_it_is_over_at_its_end() {
        let nightly = repeat("0 23 * * *", "UTC", 120).calendar().unwrap();
        let first = |text: &str| nightly.after(at(text)).next().unwrap();
        assert!(first("2026-11-22T00:59:59Z").covers(at("2026-11-22T00:59:59Z")));
        assert_eq!(first("2026-11-22T01:00:00Z").starts_at, at("2026-11-22T23:00:00Z"));
        assert_eq!(first("2026-11-22T00:59:59Z").starts_at, at("2026-11-21T23:00:00Z"));
    }

    #[test]
    fn a_rule_holds_between_its_first_and_its_last_day() {
        let schedule = Schedule::Repeat(Repeat {
            rule: "0 2 * * *".to_owned(),
            zone: "UTC".to_owned(),
            minutes: 30,
            from: Some(at("2026-11-21T02:00:00Z")),
            until: Some(at("2026-11-23T02:00:00Z")),
        });
        assert_eq!(starts(&schedule, "2026-01-01T00:00:00Z", 9), ["11-21 02:00+00:00", "11-22 02:00+00:00"]);
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        for (rule, zone, minutes, words) in [
            ("0 2 * * MON", "Europe/Berlin", 0, "at least one minute"),
            ("0 2 * * MON", "Mars/Olympus", 60, "not a time zone"),
            ("0 2 30 2 *", "UTC", 60, "never happens"),
            ("* * * * * *", "UTC", 60, "five fields"),
            ("* * * * *", "UTC", 1, "would never end"),
            ("0 * * * *", "UTC", 61, "happens again"),
            ("0 2 * * *", "UTC", 24 * 60, "would never end"),
            ("25 2 * * *", "UTC", 60 * 24 * 400, "more than a year"),
            ("* * * * * *", "UTC", 60, "it has 6 fields, and five"),
            ("nonsense", "UTC", 60, "it has one field, and five fields are needed: minute, hour, day of month, month"),
            ("", "UTC", 60, "is not a rule: it is empty, and five"),
            ("0 25 * * *", "UTC", 60, "“25” is no hour, which is 0 to 23"),
            ("0 2 * * FOO", "UTC", 60, "“FOO” is no day of week, which is 0 to 7"),
            ("0 2 32 * *", "UTC", 60, "“32” is no day of month"),
            ("x 2 * * *", "UTC", 60, "“x” is no minute"),
            ("0 2 * 13 *", "UTC", 60, "“13” is no month"),
        ] {
            let error = repeat(rule, zone, minutes).check().unwrap_err().to_string();
            assert!(error.contains(words), "{rule} {zone} {minutes}: {error}");
        }
        let once =
            |start: &str, end: &str| Schedule::Once { start: start.parse().unwrap(), end: Some(end.parse().unwrap()) };
        let (two, three) = ("2026-11-21T02:00:00+00:00[UTC]", "2026-11-21T03:00:00+00:00[UTC]");
        assert_eq!(once(three, two).calendar().unwrap_err(), ScheduleError::EndBeforeStart);
        assert_eq!(once(two, two).calendar().unwrap_err(), ScheduleError::EndBeforeStart);
        assert_eq!(once(two, "2028-11-21T03:00:00+00:00[UTC]").calendar().unwrap_err(), ScheduleError::TooLong);
        assert!(once(two, three).calendar().is_ok());
    }

    #[test]
    fn a_clock_time_is_read_with_what_the_zone_does_to_it() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let read = |text: &str| Reading::of(text.parse().unwrap(), &berlin).unwrap();
        assert!(matches!(read("2026-11-21T02:30"), Reading::Once(_)));
        let Reading::Skipped(moved) = read("2026-03-29T02:30") else { panic!() };
        assert_eq!(moved.to_string(), "2026-03-29T03:00:00+02:00[Europe/Berlin]");
        let Reading::Twice(first, second) = read("2026-10-25T02:30") else { panic!() };
        assert_eq!(second.at().duration_since(first.at()), SignedDuration::from_hours(1));
        let changes = repeat("30 2 * * SUN", "Europe/Berlin", 20).calendar().unwrap();
        let changes = changes.clock_changes(at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        assert_eq!(changes.len(), 2, "{changes:?}");
    }

    #[test]
    fn a_change_of_clocks_after_the_last_time_or_before_the_first_is_none_of_its_business() {
        let between = |from: &str, until: &str| {
            let Schedule::Repeat(repeat) = repeat("30 2 * * *", "Europe/Berlin", 20) else { unreachable!() };
            let calendar = repeat_between(repeat, from, until).calendar().unwrap();
            calendar.clock_changes(at("2026-11-18T00:00:00Z"), at("2027-11-18T00:00:00Z")).len()
        };
        assert_eq!(between("2026-11-18T00:00:00Z", "2027-11-18T00:00:00Z"), 2);
        assert_eq!(between("2026-11-18T00:00:00Z", "2027-04-01T10:00:00Z"), 1);
        assert_eq!(between("2027-04-01T10:00:00Z", "2027-10-31T00:30:00Z"), 0);
    }

    #[test]
    fn until_when_it_repeats_is_told_as_a_day_or_as_a_time() {
        let told = |until: &str| {
            let Schedule::Repeat(repeat) = repeat("30 2 * * *", "Europe/Berlin", 20) else { unreachable!() };
            repeat_between(repeat, "2026-11-18T00:00:00Z", until).to_string()
        };
        let start = "30 2 * * * for 20 min, Europe/Berlin, until";
        assert_eq!(told("2027-04-01T10:00:00Z"), format!("{start} 2027-04-01 12:00"));
        assert_eq!(told("2027-04-01T22:00:00Z"), format!("{start} the end of 2027-04-01"));
        assert_eq!(repeat("0 2 * * *", "UTC", 20).to_string(), "0 2 * * * for 20 min, UTC");
    }

    fn repeat_between(repeat: Repeat, from: &str, until: &str) -> Schedule {
        Schedule::Repeat(Repeat { from: Some(at(from)), until: Some(at(until)), ..repeat })
    }

    #[test]
    fn a_moment_follows_its_clock_when_the_rules_of_its_zone_have_changed() {
        // As stored when Berlin was believed to be at +03:00 that day.
        let moment: Moment = "2026-11-21T02:00:00+03:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-21T02:00:00+01:00[Europe/Berlin]");
        // The second of two is kept apart from the first.
        let second: Moment = "2026-10-25T02:30:00+01:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(second.at(), at("2026-10-25T01:30:00Z"));
        let json = serde_json::to_string(&second).unwrap();
        assert_eq!(serde_json::from_str::<Moment>(&json).unwrap(), second);
        for wrong in ["", "2026-11-21T02:00:00Z", "2026-11-21T02:00[Nowhere/City]"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn times_come_in_order_do_not_overlap_and_those_after_a_moment_are_those_not_over(
            minute in 0u32..60, hour in 0u32..24, weekday in 0u32..7, daily in any::<bool>(),
            minutes in 1u32..1400, zone in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
                "America/St_Johns", "Africa/Casablanca", "Pacific/Apia",
            ]),
            second in 1_700_000_000i64..1_900_000_000,
        ) {
            let day = if daily { "*".to_owned() } else { weekday.to_string() };
            let schedule = repeat(&format!("{minute} {hour} * * {day}"), zone, minutes);
            let calendar = schedule.check();
            prop_assume!(calendar.is_ok());
            let calendar = calendar.unwrap();
            let now = Timestamp::from_second(second).unwrap();
            let found: Vec<Planned> = calendar.after(now).take(20).collect();
            prop_assert_eq!(found.len(), 20);
            for pair in found.windows(2) {
                prop_assert!(pair[0].ends_at.unwrap() < pair[1].starts_at);
            }
            prop_assert!(found.iter().all(|planned| !planned.is_over(now)));
            // Asked a second later, nothing that is not over is lost.
            let later = now + SignedDuration::from_secs(1);
            let again: Vec<Planned> = calendar.after(later).take(19).collect();
            let expected: Vec<Planned> = found.iter().copied().filter(|planned| !planned.is_over(later)).take(19).collect();
            prop_assert_eq!(again, expected);
        }
    }
}
