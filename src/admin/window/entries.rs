//! What the list of windows shows: what runs, what is ahead, what is over; in this order.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use crate::schedule::{Planned, Schedule};
use crate::storage::SiteLine;
use crate::window::{Occurrence, Window};

/// How long a time that is over stays in the list.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// It holds its sites closed now.
    Running,
    /// It has a time ahead, or does not count.
    Ahead,
    /// It is over.
    Over,
}

/// A window with one of its times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) group: Group,
    pub(super) window: &'a Window,
    /// Its site; `None` for one of all sites.
    pub(super) site: Option<&'a SiteLine>,
    /// When; `None` for one that does not count, and for one that never comes again.
    pub(super) time: Option<Occurrence>,
    /// Whether that time was left out.
    pub(super) is_left_out: bool,
}

/// Everything to be listed of these sites and of all, in order.
pub(super) fn entries<'a>(lines: &'a [SiteLine], shared: &'a [Window], now: Timestamp) -> Vec<Entry<'a>> {
    let own = lines.iter().flat_map(|line| line.windows.iter().map(move |window| (window, Some(line))));
    let all = shared.iter().map(|window| (window, None)).chain(own);
    let mut entries: Vec<Entry<'a>> = all.flat_map(|(window, site)| of(window, site, now)).collect();
    let start = |entry: &Entry<'_>| entry.time.map_or(Timestamp::MAX, |time| time.starts_at);
    entries.sort_by_key(|entry| {
        // What is over comes back in time.
        let over = (entry.group == Group::Over).then(|| Reverse(end(entry)));
        (entry.group, over, start(entry), entry.window.id)
    });
    entries
}

fn end(entry: &Entry<'_>) -> Timestamp {
    let end = |time: Occurrence| time.ends_at.unwrap_or(time.starts_at).max(time.starts_at);
    entry.time.map_or(Timestamp::MIN, end)
}

fn of<'a>(window: &'a Window, site: Option<&'a SiteLine>, now: Timestamp) -> Vec<Entry<'a>> {
    let entry = |group, time, is_left_out| Entry { group, window, site, time, is_left_out };
    let mut entries: Vec<Entry<'a>> =
        past(window, now).map(|time| entry(Group::Over, Some(time), is_left_out(&time))).collect();
    if !window.is_enabled {
        entries.push(entry(Group::Ahead, None, false));
        return entries;
    }
    let Ok(calendar) = window.calendar() else { return entries };
    for time in window.after(&calendar, now).take(2) {
        let group = if time.starts_at > now { Group::Ahead } else { Group::Running };
        entries.push(entry(group, Some(time), false));
        if group == Group::Ahead {
            break;
        }
    }
    entries
}

fn is_left_out(time: &Occurrence) -> bool {
    time.ends_at.is_some_and(|end| end <= time.starts_at)
}

/// The times that are over since not long ago: that of a window that happens once, and of one that repeats those that
/// became different from the plan. The others were as planned, and are many.
fn past(window: &Window, now: Timestamp) -> impl Iterator<Item = Occurrence> + '_ {
    let planned: Vec<Planned> = match &window.schedule {
        Schedule::Once { start, end } => {
            vec![Planned { starts_at: start.at(), ends_at: end.as_ref().map(|end| end.at()) }]
        }
        Schedule::Repeat(repeat) => {
            let length = SignedDuration::from_mins(repeat.minutes.into());
            let planned =
                |starts_at: &Timestamp| Planned { starts_at: *starts_at, ends_at: starts_at.checked_add(length).ok() };
            window.exceptions.keys().map(planned).collect()
        }
    };
    let actual = |planned: Planned| Occurrence {
        starts_at: planned.starts_at,
        ends_at: window.exceptions.get(&planned.starts_at).map_or(planned.ends_at, |it| Some(it.ends_at)),
        planned,
    };
    let since = now - KEPT;
    planned.into_iter().map(actual).filter(move |time| {
        // One that is left out is over once its time has come.
        let end = time.ends_at.map(|end| end.max(time.starts_at));
        end.is_some_and(|end| end <= now && end > since)
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::schedule::{Moment, Repeat};
    use crate::window::{Exception, WindowId};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn once(id: i64, from: &str, until: Option<&str>) -> Window {
        let moment = |text: &str| Moment::new(at(text), TimeZone::UTC);
        let schedule = Schedule::Once { start: moment(from), end: until.map(moment) };
        Window { id: WindowId(id), ..Window::new(schedule) }
    }

    fn nightly(id: i64) -> Window {
        let repeat =
            Repeat { rule: "0 2 * * *".to_owned(), zone: "UTC".to_owned(), minutes: 60, from: None, until: None };
        Window { id: WindowId(id), ..Window::new(Schedule::Repeat(repeat)) }
    }

    fn listed(windows: &[Window]) -> Vec<(Group, i64)> {
        let entries = entries(&[], windows, at("2026-11-21T02:30:00Z"));
        entries.iter().map(|entry| (entry.group, entry.window.id.0)).collect()
    }

    #[test]
    fn what_runs_comes_first_then_what_is_ahead_then_what_is_over() {
        let windows = [
            once(1, "2026-11-20T02:00:00Z", Some("2026-11-20T03:00:00Z")),
            once(2, "2026-11-25T02:00:00Z", Some("2026-11-25T03:00:00Z")),
            once(3, "2026-11-21T02:00:00Z", None),
            nightly(4),
            Window { is_enabled: false, ..nightly(5) },
            once(6, "2026-11-20T22:00:00Z", Some("2026-11-21T01:00:00Z")),
            once(7, "2026-10-01T02:00:00Z", Some("2026-10-01T03:00:00Z")),
        ];
        assert_eq!(
            listed(&windows),
            [
                (Group::Running, 3),
                (Group::Running, 4),
                (Group::Ahead, 4),
                (Group::Ahead, 2),
                (Group::Ahead, 5),
                (Group::Over, 6),
                (Group::Over, 1),
            ]
        );
    }

    #[test]
    fn of_one_that_repeats_the_times_that_were_not_as_planned_are_told_afterwards() {
        let mut window = nightly(1);
        let mut except =
            |starts: &str, ends: &str| window.exceptions.insert(at(starts), Exception { ends_at: at(ends) });
        except("2026-11-19T02:00:00Z", "2026-11-19T02:20:00Z");
        except("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z");
        except("2026-11-22T02:00:00Z", "2026-11-22T02:00:00Z");
        let windows = [window];
        let entries = entries(&[], &windows, at("2026-11-20T12:00:00Z"));
        let told: Vec<_> = entries
            .iter()
            .map(|entry| (entry.group, entry.time.unwrap().starts_at.to_string(), entry.is_left_out))
            .collect();
        let told: Vec<_> = told.iter().map(|(group, at, is_left_out)| (*group, at.as_str(), *is_left_out)).collect();
        assert_eq!(
            told,
            [
                (Group::Ahead, "2026-11-21T02:00:00Z", false),
                (Group::Over, "2026-11-20T02:00:00Z", true),
                (Group::Over, "2026-11-19T02:00:00Z", false),
            ]
        );
    }
}
