//! A window: a planned time of maintenance, for one site or for all.
//!
//! A window closes its sites by itself, at the second, on every server: nothing has to happen at its start or its end.
//! What becomes of one of its times otherwise (left out, ended early, prolonged) is kept as an [`Exception`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::field::FieldErrors;
use crate::maintenance::Level;
use crate::message::Message;
use crate::schedule::{Calendar, Planned, Schedule, ScheduleError};

/// Longest drain of a window, in minutes.
pub const MAX_DRAIN_MINUTES: u32 = 24 * 60;

/// Most characters of a window's name.
pub const MAX_NAME_CHARS: usize = 200;

/// Longest notice, in minutes: a week.
pub const MAX_NOTICE_MINUTES: u32 = 7 * 24 * 60;

/// Key of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WindowId(pub i64);

impl fmt::Display for WindowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A planned time of maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Key; zero before it is stored.
    pub id: WindowId,
    /// What people call it; may be empty.
    pub name: String,
    /// When.
    pub schedule: Schedule,
    /// Minutes before each start from which visitors are told; zero tells nobody.
    pub notice_minutes: u32,
    /// Minutes after each start in which those at work may finish; zero closes at once.
    #[serde(default)]
    pub drain_minutes: u32,
    /// How much it closes.
    #[serde(default)]
    pub level: Level,
    /// Its own messages, one for each language; empty takes those of the site.
    pub messages: Vec<Message>,
    /// Whether it counts at all.
    pub is_enabled: bool,
    /// Times that became different from what was planned, by their planned start.
    pub exceptions: BTreeMap<Timestamp, Exception>,
}

/// What became of one time of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// When it ends instead; at or before its start leaves it out.
    pub ends_at: Timestamp,
}

/// What became of one time of a window of all sites, on one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteException {
    /// The window.
    pub window: WindowId,
    /// Its planned start.
    pub starts_at: Timestamp,
    /// When it ends on this site instead; at or before its start leaves it out.
    pub ends_at: Timestamp,
}

/// One time that a window closes its sites. Holds from `starts_at` on and not at `ends_at` any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends; `None` until somebody ends it.
    pub ends_at: Option<Timestamp>,
    /// What was planned.
    pub planned: Planned,
}

impl Occurrence {
    /// Whether it holds at `at`.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.starts_at <= at && self.ends_at.is_none_or(|end| at < end)
    }

    /// Whether both hold at some moment.
    pub fn meets(&self, other: &Self) -> bool {
        let begins_before_end = |one: &Self, other: &Self| other.ends_at.is_none_or(|end| one.starts_at < end);
        begins_before_end(self, other) && begins_before_end(other, self)
    }

    /// Whether it was ended early or prolonged.
    pub fn is_changed(&self) -> bool {
        self.ends_at != self.planned.ends_at
    }
}

impl Window {
    /// A window of that schedule, without a name, a notice or a message.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            id: WindowId(0),
            name: String::new(),
            schedule,
            notice_minutes: 0,
            drain_minutes: 0,
            level: Level::Full,
            messages: Vec::new(),
            is_enabled: true,
            exceptions: BTreeMap::new(),
        }
    }

    /// This window of all sites as it is on the one that has these exceptions.
    pub fn on_site(&self, exceptions: &[SiteException]) -> Cow<'_, Self> {
        let mut window = Cow::Borrowed(self);
        for exception in exceptions.iter().filter(|exception| exception.window == self.id) {
            window.to_mut().exceptions.insert(exception.starts_at, Exception { ends_at: exception.ends_at });
        }
        window
    }

    /// Everything that is wrong with this window, by form field; empty when it may be saved.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.name.chars().count() > MAX_NAME_CHARS || self.name.chars().any(char::is_control) {
            errors.add("name", format!("at most {MAX_NAME_CHARS} characters, and none that is invisible"));
        }
        if let Err(error) = self.schedule.check() {
            errors.add(error.field(), error);
        }
        if self.notice_minutes > MAX_NOTICE_MINUTES {
            errors.add("notice_minutes", format!("at most {MAX_NOTICE_MINUTES} minutes, which is a week"));
        }
        if self.drain_minutes > MAX_DRAIN_MINUTES {
            errors.add("drain_minutes", format!("at most {MAX_DRAIN_MINUTES} minutes, which is a day"));
        }
        for (row, message) in self.messages.iter().enumerate() {
            for wrong in message.validate().err().into_iter().flatten() {
                errors.add(format!("messages[{row}][{}]", wrong.field.as_str()), wrong.error);
            }
        }
        errors
    }

    /// How long before each start visitors are told.
    pub fn notice(&self) -> SignedDuration {
        SignedDuration::from_mins(self.notice_minutes.into())
    }

    /// When a time of this window closes its sites, as planned; `None` when it closes them at its start.
    pub fn drains_until(&self, occurrence: &Occurrence) -> Option<Timestamp> {
        let length = SignedDuration::from_mins(self.drain_minutes.into());
        let until = occurrence.starts_at.checked_add(length).unwrap_or(Timestamp::MAX);
        (self.drain_minutes > 0).then_some(until)
    }

    /// When it happens.
    ///
    /// # Errors
    /// As [`Schedule::calendar`].
    pub fn calendar(&self) -> Result<Calendar, ScheduleError> {
        self.schedule.calendar()
    }

    /// In one line: `“Database upgrade”, 2026-11-22 02:00 to 03:00, Europe/Berlin`.
    pub fn in_words(&self) -> String {
        let name = if self.name.is_empty() { String::new() } else { format!("“{}”, ", self.name) };
        let off = if self.is_enabled { "" } else { ", switched off" };
        format!("{name}{}{off}", self.schedule)
    }

    /// Every time that is not over at `at`, in order of beginning, without those that are left out; none when the
    /// window does not count. Endless for a rule without an end.
    pub fn after<'a>(&'a self, calendar: &'a Calendar, at: Timestamp) -> impl Iterator<Item = Occurrence> + 'a {
        // One that was prolonged may be over by its plan, and those after it are asked for anyway.
        let prolonged = self.exceptions.iter().find(|(_, exception)| exception.ends_at > at);
        let from = prolonged.map_or(at, |(starts_at, _)| at.min(*starts_at));
        let planned = self.is_enabled.then(|| calendar.after(from)).into_iter().flatten();
        planned
            .filter_map(move |planned| self.occurrence(planned))
            .filter(move |it| it.ends_at.is_none_or(|end| end > at))
    }

    /// What became of a planned time; `None` when it is left out.
    fn occurrence(&self, planned: Planned) -> Option<Occurrence> {
        let ends_at = match self.exceptions.get(&planned.starts_at) {
            Some(exception) => Some(exception.ends_at),
            None => planned.ends_at,
        };
        let is_left_out = ends_at.is_some_and(|end| end <= planned.starts_at);
        (!is_left_out).then_some(Occurrence { starts_at: planned.starts_at, ends_at, planned })
    }

    /// The time that holds at `at`, if any.
    pub fn at(&self, at: Timestamp) -> Option<Occurrence> {
        let calendar = self.calendar().ok()?;
        self.after(&calendar, at).next().filter(|occurrence| occurrence.covers(at))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::schedule::{Moment, Repeat};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window(schedule: Schedule) -> Window {
        Window { id: WindowId(1), ..Window::new(schedule) }
    }

    fn nightly() -> Window {
        window(Schedule::Repeat(Repeat {
            rule: "0 2 * * *".to_owned(),
            zone: "UTC".to_owned(),
            minutes: 60,
            from: None,
            until: None,
        }))
    }

    /// Start and end of the next times, in hours and minutes of a day.
    fn next(window: &Window, after: &str, count: usize) -> Vec<String> {
        let calendar = window.calendar().unwrap();
        let clock = |at: Timestamp| at.to_zoned(TimeZone::UTC).strftime("%d %H:%M").to_string();
        let shown = |it: Occurrence| format!("{}-{}", clock(it.starts_at), it.ends_at.map(clock).unwrap_or_default());
        window.after(&calendar, at(after)).take(count).map(shown).collect()
    }

    fn except(window: &mut Window, starts_at: &str, ends_at: &str) {
        window.exceptions.insert(at(starts_at), Exception { ends_at: at(ends_at) });
    }

    #[test]
    fn one_time_is_left_out_and_the_next_is_not() {
        let mut window = nightly();
        except(&mut window, "2026-11-22T02:00:00Z", "2026-11-22T02:00:00Z");
        assert_eq!(next(&window, "2026-11-22T01:00:00Z", 2), ["23 02:00-23 03:00", "24 02:00-24 03:00"]);
        assert_eq!(window.at(at("2026-11-22T02:30:00Z")), None);
    }

    #[test]
    fn one_time_ends_early_or_late_and_the_others_as_planned() {
        let mut window = nightly();
        except(&mut window, "2026-11-22T02:00:00Z", "2026-11-22T02:20:00Z");
        except(&mut window, "2026-11-23T02:00:00Z", "2026-11-23T03:15:00Z");
        assert_eq!(
            next(&window, "2026-11-22T02:10:00Z", 3),
            ["22 02:00-22 02:20", "23 02:00-23 03:15", "24 02:00-24 03:00"]
        );
        assert_eq!(next(&window, "2026-11-22T02:20:00Z", 1), ["23 02:00-23 03:15"]);
        assert_eq!(next(&window, "2026-11-23T03:10:00Z", 2), ["23 02:00-23 03:15", "24 02:00-24 03:00"]);
        assert!(window.at(at("2026-11-23T03:14:59Z")).unwrap().is_changed());
        assert_eq!(window.at(at("2026-11-23T03:15:00Z")), None);
    }

    #[test]
    fn one_without_an_end_lasts_until_somebody_ends_it() {
        let start = Moment::new(at("2026-11-22T02:00:00Z"), TimeZone::UTC);
        let mut window = window(Schedule::Once { start, end: None });
        assert!(window.at(at("2036-01-01T00:00:00Z")).is_some());
        except(&mut window, "2026-11-22T02:00:00Z", "2026-11-22T05:00:00Z");
        assert!(window.at(at("2026-11-22T04:59:59Z")).is_some());
        assert_eq!(window.at(at("2026-11-22T05:00:00Z")), None);
    }

    #[test]
    fn one_that_does_not_count_never_happens() {
        let disabled = Window { is_enabled: false, ..nightly() };
        assert_eq!(next(&disabled, "2026-11-22T01:00:00Z", 2), Vec::<String>::new());
        assert_eq!(disabled.at(at("2026-11-22T02:30:00Z")), None);
    }
}
