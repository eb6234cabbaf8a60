//! Windows: what runs, what is ahead, what is over; and the form of one.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Choice, Conflict, Field, FieldError, Link, Moment, Page, Pager, lasted};
use crate::window::Occurrence;

/// What runs now, what is ahead, and what is over.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SchedulePage {
    /// The only site that is shown; `None` shows all of the user's.
    pub site: Option<Link>,
    /// Windows that hold sites closed now.
    pub running: Vec<WindowRow>,
    /// Windows with a time ahead, by their next start, and those that do not count.
    pub ahead: Vec<WindowRow>,
    /// Times of the last 30 days that are over, newest first.
    pub over: Vec<WindowRow>,
    /// The next two weeks drawn; `None` while nothing is planned in them.
    pub timeline: Option<Drawing>,
    /// Zone of the days of that drawing.
    pub zone: String,
    /// More pages; `None` when one holds all.
    pub pager: Option<Pager>,
    /// Where a window is added.
    pub add_href: String,
    /// This page as a path under the panel's base with its query.
    pub back: String,
    /// How many rows there are on all pages.
    pub total: usize,
}

impl Page for SchedulePage {
    const TEMPLATE: &'static str = "admin/schedule/list.html";
}

/// A window, or one of its times.
#[derive(Debug, Clone, Serialize)]
pub struct WindowRow {
    /// Key of the window.
    pub id: i64,
    /// `window-12 “Database upgrade”`.
    pub name: String,
    /// The domain of its site; `All sites` for one of all.
    pub site: String,
    /// The site's page; `None` for all sites.
    pub site_href: Option<String>,
    /// When; `None` for one that has no time ahead.
    pub when: Option<Span>,
    /// The planned end, where it ends at another time.
    pub planned_end: Option<Moment>,
    /// How it repeats, and until when: `every week on Sunday`; empty when it does not.
    pub repeats: String,
    /// What else there is to know: `It is not active: it closes nothing.`
    pub note: String,
    /// Whether the user may change it.
    pub may_change: bool,
    /// Whether its end can be put off: there is one.
    pub may_extend: bool,
    /// Whether one time can be left out: it repeats.
    pub may_skip: bool,
}

/// A stretch of time in words, for the reader's own clock as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// `Sat 21 Nov, 02:00–03:30 CET`, `Sat 21 Nov, 02:00 CET until it is ended`.
    pub text: String,
    /// Its start.
    pub start: Moment,
    /// Its end; `None` until somebody ends it.
    pub end: Option<Moment>,
    /// `in 3 days`, `now, 12 min left`, `2 h ago`.
    pub distance: String,
}

impl Span {
    /// Words for a time of a window in a zone, on a page that is made at `now`.
    pub fn of(time: &Occurrence, zone: &TimeZone, now: Timestamp) -> Self {
        let start = time.starts_at.to_zoned(zone.clone());
        let day = |at: &jiff::Zoned| {
            let style = if at.year() == now.to_zoned(zone.clone()).year() { "%a %-d %b" } else { "%a %-d %b %Y" };
            at.strftime(style).to_string()
        };
        let text = match time.ends_at.map(|end| end.to_zoned(zone.clone())) {
            None => format!("{}, {} until it is ended", day(&start), start.strftime("%H:%M %Z")),
            Some(end) if end.date() == start.date() && end.offset() == start.offset() => {
                format!("{}, {}–{}", day(&start), start.strftime("%H:%M"), end.strftime("%H:%M %Z"))
            }
            // Another day, or another offset: then each side has its own.
            Some(end) if end.date() == start.date() => {
                format!("{}, {}–{}", day(&start), start.strftime("%H:%M %Z"), end.strftime("%H:%M %Z"))
            }
            Some(end) => {
                format!("{}, {} – {}, {}", day(&start), start.strftime("%H:%M %Z"), day(&end), end.strftime("%H:%M %Z"))
            }
        };
        let distance = match time.ends_at {
            _ if time.starts_at > now => format!("in {}", lasted(now, time.starts_at)),
            None => "now, without an end".to_owned(),
            Some(end) if end > now => format!("now, {} left", lasted(now, end)),
            Some(end) => format!("{} ago", lasted(end, now)),
        };
        Self {
            text,
            start: Moment::of(time.starts_at, zone, now),
            end: time.ends_at.map(|end| Moment::of(end, zone, now)),
            distance,
        }
    }
}

/// The next days as bars, one row for each site. The same is in the list in words.
#[derive(Debug, Clone, Serialize)]
pub struct Drawing {
    /// The days: `21`, `22`, ….
    pub days: Vec<String>,
    /// Width of the drawing in its own units.
    pub width: i64,
    /// Height of a row.
    pub height: i64,
    /// Where each day begins, but for the first: an SVG path.
    pub ticks: String,
    /// One row for each site.
    pub rows: Vec<DrawingRow>,
    /// How many sites have no row, because there are too many.
    pub more: usize,
}

/// One row of the drawing.
#[derive(Debug, Clone, Serialize)]
pub struct DrawingRow {
    /// Domain, or `All sites`.
    pub site: String,
    /// Its windows: an SVG path of one rectangle for each time.
    pub bars: String,
}

/// The form of a window: added, or changed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WindowFormPage {
    /// Key of the window; `None` while it is being added.
    pub id: Option<i64>,
    /// `window-12 “Database upgrade”`; empty while adding.
    pub stored_name: String,
    /// `sites`: `all`, the key of a site, or several keys with commas.
    pub sites: Field,
    /// Sites to choose from; empty where the domain is typed or where there is nothing to choose.
    pub site_choices: Vec<Choice>,
    /// The sites by name, where there is nothing to choose: several from the list, or those of a stored window.
    pub fixed_sites: Vec<String>,
    /// `name`.
    pub name: Field,
    /// `zone`: IANA name.
    pub zone: Field,
    /// `start`: `YYYY-MM-DD HH:MM` in that zone.
    pub start: Field,
    /// A time as one may type it.
    pub example: String,
    /// `ending`: `lasts`, `end`, `open`.
    pub ending: Field,
    /// `lasts`: minutes.
    pub lasts: Field,
    /// `end`: as `start`.
    pub end: Field,
    /// `repeats`: empty, `daily`, `weekly`, `monthly`, `rule`.
    pub repeats: Field,
    /// The ways to repeat.
    pub repeat_choices: Vec<Choice>,
    /// `rule`: a cron expression.
    pub rule: Field,
    /// `until`: a day, to its end, or a time at which nothing begins any more; may be empty.
    pub until: Field,
    /// `how` it closes: `close` at once, `drain` those at work first.
    pub how: Field,
    /// `drain_minutes`: how long those may at most.
    pub drain_minutes: Field,
    /// `notice`: minutes.
    pub notice_minutes: Field,
    /// Notice times to choose from.
    pub notice_choices: Vec<Choice>,
    /// `language`: tag of the message.
    pub language: Field,
    /// That language by its own name.
    pub language_name: String,
    /// `heading`.
    pub heading: Field,
    /// `body`.
    pub body: Field,
    /// `read_only`: whether it closes for writing only.
    pub read_only: Field,
    /// `counts`: whether the window closes anything at all.
    pub counts: Field,
    /// Names what was read; sent as `read`, so that a change of somebody else is noticed.
    pub read: String,
    /// What was refused.
    pub errors: Vec<FieldError>,
    /// Somebody changed the window in between.
    pub conflict: Option<Conflict>,
    /// What the typed window would do.
    pub preview: Preview,
    /// Asked before it is saved: names exactly what is shown; sent as `confirm`.
    pub confirm: Option<String>,
    /// What running windows and stored ones can be told: skip, end, remove.
    pub can: WindowCan,
}

impl Page for WindowFormPage {
    const TEMPLATE: &'static str = "admin/schedule/form.html";
}

/// What can be done with a stored window besides saving it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct WindowCan {
    /// It runs.
    pub end: bool,
    /// It runs and has an end.
    pub extend: bool,
    /// It has a time ahead.
    pub skip: bool,
}

/// What a typed window would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Preview {
    /// Its next times, at most five; empty while something is wrong with it.
    pub times: Vec<Span>,
    /// Whether there are more after those.
    pub has_more: bool,
    /// How it repeats, and until when: `every day until 2027-04-01 12:00`; empty when it does not.
    pub repeats: String,
    /// The sites: `forum.example.com`, `all sites`.
    pub sites: String,
    /// What happens to them at each start: `forum.example.com drains up to 15 min, then closes`.
    pub does: String,
    /// When visitors are told before the first of the times: `from 01:30 UTC on`; empty without a notice.
    pub notice: String,
    /// What is to be known: changes of clocks, overlaps, no end.
    pub remarks: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Planned;

    fn said(starts: &str, ends: Option<&str>, zone: &str, now: &str) -> [String; 2] {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let planned = Planned { starts_at: at(starts), ends_at: ends.map(at) };
        let time = Occurrence { starts_at: planned.starts_at, ends_at: planned.ends_at, planned };
        let span = Span::of(&time, &TimeZone::get(zone).unwrap(), at(now));
        [span.text, span.distance]
    }

    #[test]
    fn a_stretch_of_time_is_as_short_as_it_can_be_and_never_ambiguous() {
        let now = "2026-11-18T01:00:00Z";
        for (starts, ends, zone, text) in [
            ("2026-11-21T01:00:00Z", Some("2026-11-21T02:30:00Z"), "Europe/Berlin", "Sat 21 Nov, 02:00–03:30 CET"),
            (
                "2026-11-21T22:00:00Z",
                Some("2026-11-22T01:00:00Z"),
                "UTC",
                "Sat 21 Nov, 22:00 UTC – Sun 22 Nov, 01:00 UTC",
            ),
            ("2026-11-21T01:00:00Z", None, "UTC", "Sat 21 Nov, 01:00 UTC until it is ended"),
            (
                "2027-03-28T00:30:00Z",
                Some("2027-03-28T01:30:00Z"),
                "Europe/Berlin",
                "Sun 28 Mar 2027, 01:30 CET–03:30 CEST",
            ),
        ] {
            assert_eq!(said(starts, ends, zone, now)[0], text);
        }
    }

    #[test]
    fn its_distance_is_told_from_the_side_that_is_nearer() {
        for (now, distance) in [
            ("2026-11-18T01:00:00Z", "in 3 days"),
            ("2026-11-21T01:30:00Z", "now, 1 h left"),
            ("2026-11-21T04:30:00Z", "2 h ago"),
        ] {
            assert_eq!(said("2026-11-21T01:00:00Z", Some("2026-11-21T02:30:00Z"), "UTC", now)[1], distance);
        }
        assert_eq!(said("2026-11-21T01:00:00Z", None, "UTC", "2026-11-21T02:00:00Z")[1], "now, without an end");
    }
}
