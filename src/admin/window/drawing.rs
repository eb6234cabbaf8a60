//! The next two weeks as bars: a picture of the list, which has the same in words.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::entries::{Entry, Group};
use super::owners::ALL_SITES;
use crate::admin::page::{Drawing, DrawingRow};
use crate::window::Window;

/// Days that are drawn.
const DAYS: i64 = 14;

/// Units of a day: one is a quarter of an hour.
const DAY: i64 = 96;

/// Narrowest bar, which can still be seen on a phone.
const NARROWEST: i64 = 6;

/// Most rows.
const MAX_ROWS: usize = 12;

/// Most bars of one window.
const MAX_BARS: usize = 400;

/// Height of a row in units.
const HEIGHT: i64 = 20;

/// Draws the windows of these entries, a row for each site; `None` when nothing is planned in these days.
pub(super) fn draw(entries: &[Entry<'_>], zone: &TimeZone, now: Timestamp) -> Option<Drawing> {
    let first = now.to_zoned(zone.clone()).start_of_day().ok()?;
    let from = first.timestamp();
    let until = from.checked_add(SignedDuration::from_hours(24 * DAYS)).ok()?;
    let mut rows: Vec<(String, Vec<&Window>)> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.group != Group::Over) {
        let site = entry.site.map_or_else(|| ALL_SITES.to_owned(), |line| line.domain.to_unicode());
        match rows.iter_mut().find(|(known, _)| *known == site) {
            Some((_, windows)) if windows.iter().any(|window| window.id == entry.window.id) => {}
            Some((_, windows)) => windows.push(entry.window),
            None => rows.push((site, vec![entry.window])),
        }
    }
    let drawn: Vec<DrawingRow> = rows
        .into_iter()
        .map(|(site, windows)| {
            let bars = windows.iter().fold(String::new(), |path, window| path + &bars(window, from, until));
            DrawingRow { site, bars }
        })
        .filter(|row| !row.bars.is_empty())
        .collect();
    let more = drawn.len().saturating_sub(MAX_ROWS);
    (!drawn.is_empty()).then(|| Drawing {
        days: (0..DAYS).map(|day| (&first + day.days()).strftime("%-d").to_string()).collect(),
        width: DAYS * DAY,
        height: HEIGHT,
        ticks: (1..DAYS).fold(String::new(), |mut path, day| {
            write!(path, "M{} 0v{HEIGHT}", day * DAY).expect("writing to a String cannot fail");
            path
        }),
        rows: drawn.into_iter().take(MAX_ROWS).collect(),
        more,
    })
}

/// The times of a window as a path of rectangles.
fn bars(window: &Window, from: Timestamp, until: Timestamp) -> String {
    let mut path = String::new();
    let Ok(calendar) = window.calendar() else { return path };
    let units = |at: Timestamp| at.clamp(from, until).duration_since(from).as_mins() / 15;
    let times = window.after(&calendar, from).take_while(|time| time.starts_at < until).take(MAX_BARS);
    for time in times {
        let (x, end) = (units(time.starts_at), units(time.ends_at.unwrap_or(until)));
        let width = (end - x).max(NARROWEST);
        write!(path, "M{x} 3h{width}v14h-{width}z").expect("writing to a String cannot fail");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::entries::entries;
    use super::*;
    use crate::schedule::{Moment, Schedule};

    #[test]
    fn a_window_is_a_bar_where_it_is_and_one_without_an_end_goes_on() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let moment = |text: &str| Moment::new(at(text), TimeZone::UTC);
        let window =
            |from, until: Option<&str>| Window::new(Schedule::Once { start: moment(from), end: until.map(moment) });
        let now = at("2026-11-21T03:00:00Z");
        let windows = [window("2026-11-22T06:00:00Z", Some("2026-11-22T12:00:00Z"))];
        let drawing = draw(&entries(&[], &windows, now), &TimeZone::UTC, now).unwrap();
        assert_eq!((drawing.days[0].as_str(), drawing.days[13].as_str()), ("21", "4"));
        assert_eq!((drawing.rows[0].site.as_str(), drawing.rows[0].bars.as_str()), ("All sites", "M120 3h24v14h-24z"));
        let open = [window("2026-11-21T00:00:00Z", None)];
        let drawing = draw(&entries(&[], &open, now), &TimeZone::UTC, now).unwrap();
        assert_eq!(drawing.rows[0].bars, "M0 3h1344v14h-1344z");
        let far = [window("2027-11-21T00:00:00Z", None)];
        assert!(draw(&entries(&[], &far, now), &TimeZone::UTC, now).is_none());
    }
}
