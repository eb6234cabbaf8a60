//! What is odd about a window though nothing is wrong: changes of clocks, overlaps, no end.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::owners::Owners;
use super::read::Read;
use super::words::{Simple, named};
use crate::admin::page::Span;
use crate::schedule::{ClockChange, Schedule};
use crate::window::{Occurrence, Window};

/// Times ahead that are shown and compared.
pub(super) const AHEAD: usize = 5;

/// How far ahead changes of clocks are looked for.
const A_YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Most times of another window that are compared.
const COMPARED: usize = 100;

/// Most sentences of one kind.
const MOST: usize = 4;

/// The times that are not over, the one that runs first.
pub(super) fn times(window: &Window, now: Timestamp, count: usize) -> Vec<Occurrence> {
    let Ok(calendar) = window.calendar() else { return Vec::new() };
    window.after(&calendar, now).take(count).collect()
}

/// Everything to be known before it is saved, as sentences.
pub(super) fn remarks(read: &Read, stored: Option<&Window>, owners: &Owners, now: Timestamp) -> Vec<String> {
    let window = &read.window;
    let (mine, zone) = (times(window, now, AHEAD), window.schedule.zone());
    let mut remarks = Vec::new();
    if !window.is_enabled {
        remarks.push("It is not active: it closes nothing until “Active” is ticked.".to_owned());
    }
    if read.is_rescheduled && mine.first().is_some_and(|first| first.covers(now)) {
        remarks.push("Its start has passed: the site closes at once.".to_owned());
    }
    if mine.iter().any(|time| time.ends_at.is_none()) {
        remarks.push("It has no end: the site stays closed until somebody ends it.".to_owned());
    }
    let is_never_closed = |time: &Occurrence| {
        time.ends_at.zip(window.drains_until(time)).is_some_and(|(end, closes_at)| end <= closes_at)
    };
    if mine.iter().any(is_never_closed) {
        remarks.push(
            "Those at work may go on until it is over: if somebody does, the site is never closed altogether."
                .to_owned(),
        );
    }
    let is_lost = |starts_at: &Timestamp| !window.exceptions.contains_key(starts_at);
    if stored.is_some_and(|stored| stored.exceptions.keys().any(is_lost)) {
        remarks.push("Single times that were put off or left out follow the new plan again.".to_owned());
    }
    remarks.extend(months_left_out(&window.schedule));
    remarks.extend(clocks(&window.schedule, &mine, &zone, now));
    remarks.extend(overlaps(window, &mine, owners, now));
    remarks
}

/// The months that do not have the day on which it repeats.
fn months_left_out(schedule: &Schedule) -> Option<String> {
    let Schedule::Repeat(repeat) = schedule else { return None };
    let Some((Simple::Monthly(day), ..)) = Simple::of(&repeat.rule) else { return None };
    let months = match day {
        29 => "February, but in leap years",
        30 => "February",
        31 => "February, April, June, September and November",
        _ => return None,
    };
    Some(format!("Months without a day {day} are left out: {months}."))
}

/// What changes of clocks do to it.
fn clocks(schedule: &Schedule, mine: &[Occurrence], zone: &TimeZone, now: Timestamp) -> Vec<String> {
    let changes = schedule.calendar().map(|calendar| calendar.clock_changes(now, now + A_YEAR)).unwrap_or_default();
    let moved = changes.iter().take(MOST).map(|change| match change {
        ClockChange::Skipped { clock, moved_to } => format!(
            "{} does not exist, because the clocks are put forward: it begins at {} that day.",
            clock.strftime("%Y-%m-%d %H:%M"),
            moved_to.clock().strftime("%H:%M")
        ),
        ClockChange::Twice { clock, .. } => format!(
            "{} comes twice, because the clocks are put back: it begins the first time.",
            clock.strftime("%Y-%m-%d %H:%M")
        ),
    });
    moved.chain(mine.iter().filter_map(|time| change_within(time, zone)).take(MOST)).collect()
}

/// Said of a time during which the clocks change.
fn change_within(time: &Occurrence, zone: &TimeZone) -> Option<String> {
    let (start, end) = (time.starts_at.to_zoned(zone.clone()), time.ends_at?.to_zoned(zone.clone()));
    let shift = end.offset().seconds() - start.offset().seconds();
    let way = match shift {
        0 => return None,
        1.. => "forward",
        _ => "back",
    };
    let minutes = time.ends_at?.duration_since(time.starts_at).as_mins();
    Some(format!(
        "The clocks are put {way} by {} min while it runs on {}: it lasts {minutes} min of real time.",
        shift.abs() / 60,
        start.strftime("%-d %b %Y")
    ))
}

/// Other windows that hold the same sites closed at one of the next times.
fn overlaps(window: &Window, mine: &[Occurrence], owners: &Owners, now: Timestamp) -> Vec<String> {
    let meets = |other: &Window| {
        let theirs = times(other, now, COMPARED);
        theirs.into_iter().find(|theirs| mine.iter().any(|mine| mine.meets(theirs)))
    };
    let said = |other: &Window, whom: &str| {
        let time = Span::of(&meets(other)?, &other.schedule.zone(), now);
        Some(format!("It overlaps {} on {whom}: {}.", named(other), time.text))
    };
    let own = owners.records.iter().flat_map(|record| {
        let domain = record.site.domain.to_unicode();
        record.windows.iter().map(move |other| (other, domain.clone()))
    });
    let shared = owners.shared.iter().map(|other| (other, "all sites".to_owned()));
    own.chain(shared)
        .filter(|(other, _)| other.id != window.id)
        .filter_map(|(other, whom)| said(other, &whom))
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::typed::Typed;
    use super::*;
    use crate::schedule::Moment;
    use crate::window::WindowId;

    fn said(typed: &Typed, shared: Vec<Window>, now: &str) -> Vec<String> {
        let now = now.parse().unwrap();
        let owners = Owners { is_all: true, shared: shared.into(), ..Owners::default() };
        let read = Read::of(typed, None, now);
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        remarks(&read, None, &owners, now)
    }

    fn typed(start: &str, repeats: &str) -> Typed {
        Typed {
            zone: "Europe/Berlin".to_owned(),
            start: start.to_owned(),
            repeats: repeats.to_owned(),
            ending: "lasts".to_owned(),
            lasts: "90".to_owned(),
            read_only: false,
            counts: true,
            ..Typed::default()
        }
    }

    #[test]
    fn times_that_a_clock_skips_or_shows_twice_are_pointed_out() {
        let remarks = said(&typed("2026-11-22 02:30", "daily"), Vec::new(), "2026-11-18T00:00:00Z");
        assert_eq!(
            remarks,
            [
                "2027-03-28 02:30 does not exist, because the clocks are put forward: it begins at 03:00 that day.",
                "2027-10-31 02:30 comes twice, because the clocks are put back: it begins the first time.",
            ]
        );
    }

    #[test]
    fn clocks_that_change_after_its_last_time_are_not_warned_of() {
        let until = |until: &str| Typed { until: until.to_owned(), ..typed("2026-11-22 02:30", "daily") };
        let said = |until: &Typed| said(until, Vec::new(), "2026-11-18T00:00:00Z").len();
        assert_eq!(said(&until("2027-04-01 12:00")), 1);
        assert_eq!(said(&until("2027-03-27")), 0);
    }

    #[test]
    fn months_that_do_not_have_the_day_are_named() {
        let said = |start: &str| said(&typed(start, "monthly"), Vec::new(), "2026-11-18T00:00:00Z").join(" ");
        assert_eq!(said("2026-11-28 12:00"), "");
        assert_eq!(said("2027-01-29 12:00"), "Months without a day 29 are left out: February, but in leap years.");
        assert_eq!(
            said("2027-01-31 12:00"),
            "Months without a day 31 are left out: February, April, June, September and November."
        );
    }

    #[test]
    fn a_time_during_which_the_clocks_change_is_told_in_real_minutes() {
        let remarks = said(&typed("2027-03-28 01:30", ""), Vec::new(), "2026-11-18T00:00:00Z");
        assert_eq!(
            remarks,
            ["The clocks are put forward by 60 min while it runs on 28 Mar 2027: it lasts 90 min of real time."]
        );
    }

    #[test]
    fn an_overlap_is_named_and_one_that_only_touches_is_none() {
        let moment = |text: &str| Moment::new(text.parse().unwrap(), TimeZone::UTC);
        let other = |from, to| {
            let schedule = Schedule::Once { start: moment(from), end: Some(moment(to)) };
            Window { id: WindowId(3), name: "Backup".to_owned(), ..Window::new(schedule) }
        };
        let mine = typed("2026-11-22 02:00", "");
        let now = "2026-11-18T00:00:00Z";
        let crossing = other("2026-11-22T02:00:00Z", "2026-11-22T03:00:00Z");
        assert_eq!(
            said(&mine, vec![crossing], now),
            ["It overlaps window-3 “Backup” on all sites: Sun 22 Nov, 02:00–03:00 UTC."]
        );
        let touching = other("2026-11-22T02:30:00Z", "2026-11-22T03:00:00Z");
        assert_eq!(said(&mine, vec![touching], now), [""; 0]);
    }

    #[test]
    fn no_end_and_a_start_that_has_passed_are_said() {
        let open = Typed { ending: "open".to_owned(), ..typed("2026-11-18 00:30", "") };
        let remarks = said(&open, Vec::new(), "2026-11-18T00:00:00Z");
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert!(remarks[0].contains("closes at once") && remarks[1].contains("has no end"));
    }
}
