//! Why a site is closed: the box, every window that covers now, every lease. It is closed while any of them holds, and
//! draining while all that hold it are.
//!
//! A cause has an id that people and scripts name it by: `box`, `window-12`, `lease-3`.

pub(crate) mod id;
mod plan;

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use id::{CauseId, NoCauseId};
pub use plan::{Plan, Source};

use crate::drain::Drain;
use crate::lease::Lease;
use crate::maintenance::{Level, MaintenanceRecord, Phase};
use crate::window::{Occurrence, SiteException, Window};

/// A reason for a site to be closed, while it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Name of the cause within its site.
    pub id: CauseId,
    /// What it is: `box`, `window` or `lease`.
    pub kind: &'static str,
    /// What people call it; empty for the box.
    pub name: String,
    /// Since when it holds. A box may have been ticked before that was noted.
    pub since: Option<Timestamp>,
    /// When it ends or is expected to.
    pub until: Option<Timestamp>,
    /// Whether it ends by itself at that time.
    pub ends_by_itself: bool,
    /// Who is behind it; `None` for a window.
    pub by: Option<String>,
    /// How much it closes: `full` or `read-only`.
    pub level: Level,
    /// While it lets those at work finish: when it closes the site at the latest. `None` when it closes it.
    pub drains_until: Option<Timestamp>,
    /// Whether its message is the one that visitors get.
    pub is_shown: bool,
}

impl Cause {
    /// Whether it was to be over by now.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Everything that can hold one site closed, now or later.
#[derive(Debug, Clone, Copy)]
pub struct Causes<'a> {
    /// The box.
    pub maintenance: &'a MaintenanceRecord,
    /// Whether the site has messages with words of their own.
    pub has_messages: bool,
    /// Its leases.
    pub leases: &'a [Lease],
    /// Its own windows.
    pub windows: &'a [Window],
    /// The windows of all sites.
    pub shared: &'a [Window],
    /// What became of times of those windows on this site.
    pub exceptions: &'a [SiteException],
    /// Drains that are kept beside the record.
    pub drains: &'a [Drain],
}

/// What a site is doing at one moment, summed up over its causes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Everything that holds it closed; empty while it is open.
    pub causes: Vec<Cause>,
    /// Since when the oldest of them has held it closed.
    pub since: Option<Timestamp>,
    /// Who is behind that one; `None` for a window.
    pub by: Option<String>,
    /// When it is expected to open; `None` while that is not known.
    pub until: Option<Timestamp>,
}

impl Standing {
    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        !self.causes.is_empty()
    }

    /// How much of it is closed: as much as its strictest cause closes. `None` while it is open.
    pub fn level(&self) -> Option<Level> {
        self.causes.iter().map(|cause| cause.level).max()
    }

    /// What it is doing, for people: `open`, `draining`, `in maintenance`, `closed for writing`.
    pub fn in_words(&self) -> &'static str {
        match self.phase() {
            Phase::Open => "open",
            Phase::Draining => "draining",
            Phase::Maintenance => self.level().unwrap_or_default().in_words(),
        }
    }

    /// What it does for visitors.
    pub fn phase(&self) -> Phase {
        match self.is_closed() {
            true if self.closes_at().is_some() => Phase::Draining,
            true => Phase::Maintenance,
            false => Phase::Open,
        }
    }

    /// While those at work may finish: when the site closes at the latest. `None` in any other phase.
    pub fn closes_at(&self) -> Option<Timestamp> {
        self.causes
            .iter()
            .map(|cause| cause.drains_until)
            .try_fold(Timestamp::MAX, |first, it| Some(first.min(it?)))
            .filter(|_| self.is_closed())
    }

    /// Since when it was to be open again, if it was.
    pub fn overdue(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until <= now)
    }
}

impl<'a> Causes<'a> {
    /// The causes that hold at `now`: the box, leases, its own windows, those of all sites.
    pub fn at(&self, now: Timestamp) -> Vec<Cause> {
        let mut causes: Vec<Cause> = self.boxed(now).into_iter().collect();
        causes.extend(self.leases.iter().filter(|lease| lease.holds(now)).map(of_lease));
        let running = self.running(now);
        causes.extend(running.iter().map(|(window, occurrence)| of_window(window, *occurrence)));
        for cause in &mut causes {
            let planned = running.iter().find(|(window, _)| CauseId::Window(window.id) == cause.id);
            let planned = planned.and_then(|(window, occurrence)| window.drains_until(occurrence));
            let kept = cause.since.and_then(|since| self.drain_of(cause.id, since));
            cause.drains_until = kept.map(Drain::closes_at).or(planned).filter(|until| *until > now);
        }
        if let Some(shown) = self.shown(&causes) {
            causes[shown].is_shown = true;
        }
        causes
    }

    /// Which of the open causes has its message shown: the box when the site has messages, else the first lease or
    /// window with a message of its own. `None` while none has, and the built-in words are shown.
    fn shown(&self, causes: &[Cause]) -> Option<usize> {
        let has_own = |cause: &Cause| match cause.id {
            CauseId::Box => self.has_messages,
            CauseId::Lease(id) => self.leases.iter().any(|lease| lease.id == id && !lease.messages.is_empty()),
            CauseId::Window(id) => self.every_window().any(|window| window.id == id && !window.messages.is_empty()),
        };
        causes.iter().position(has_own)
    }

    /// The drain that is kept of one time of a cause.
    pub fn drain_of(&self, cause: CauseId, started_at: Timestamp) -> Option<&'a Drain> {
        self.drains.iter().find(|drain| drain.is_of(cause, started_at))
    }

    /// The deadline of the drain of an open cause, when it has been reached, has closed the site, and nobody has noted how
    /// the drain ended.
    pub fn expired_drain(&self, cause: &Cause, now: Timestamp) -> Option<Timestamp> {
        let kept = cause.since.and_then(|since| self.drain_of(cause.id, since));
        let planned = || {
            let (window, occurrence) =
                self.running(now).into_iter().find(|(window, _)| CauseId::Window(window.id) == cause.id)?;
            window.drains_until(&occurrence)
        };
        let until = match kept {
            Some(drain) if drain.end.is_some() => None,
            Some(drain) => Some(drain.deadline),
            None => planned(),
        };
        until.filter(|until| *until <= now && self.closed_at(*until))
    }

    /// Whether the site has closed at this moment, because all that held it was draining until then.
    fn closed_at(&self, until: Timestamp) -> bool {
        let before = until.checked_sub(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MIN);
        self.at(before).iter().all(|cause| cause.drains_until.is_some())
    }

    fn boxed(&self, now: Timestamp) -> Option<Cause> {
        let record = self.maintenance;
        record.box_holds(now).then(|| Cause {
            id: CauseId::Box,
            kind: "box",
            name: String::new(),
            since: record.since,
            until: record.expected_end,
            ends_by_itself: record.box_ends_at().is_some(),
            by: record.started_by.clone(),
            level: record.level,
            drains_until: None,
            is_shown: false,
        })
    }

    /// Its own windows, then those of all sites as they are on this one.
    pub fn every_window(&self) -> impl Iterator<Item = Cow<'a, Window>> + use<'a> {
        let exceptions = self.exceptions;
        let shared = self.shared.iter().map(move |window| window.on_site(exceptions));
        self.windows.iter().map(Cow::Borrowed).chain(shared)
    }

    /// The windows that hold at `now`, those of the site before those of all sites.
    pub fn running(&self, now: Timestamp) -> Vec<(Cow<'a, Window>, Occurrence)> {
        self.every_window().filter_map(|window| window.at(now).map(|occurrence| (window, occurrence))).collect()
    }

    /// The next time that a window begins after `now`.
    pub fn next_window(&self, now: Timestamp) -> Option<(Cow<'a, Window>, Occurrence)> {
        let next = |window: Cow<'a, Window>| {
            let calendar = window.calendar().ok()?;
            let occurrence = window.after(&calendar, now).find(|occurrence| occurrence.starts_at > now)?;
            Some((window, occurrence))
        };
        self.every_window().filter_map(next).min_by_key(|(window, occurrence)| (occurrence.starts_at, window.id))
    }

    /// Whether the site is closed at `now`.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.maintenance.box_holds(now)
            || self.leases.iter().any(|lease| lease.holds(now))
            || self.every_window().any(|window| window.at(now).is_some())
    }

    /// What the site is doing at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let causes = self.at(now);
        let Some(first) = causes.iter().min_by_key(|cause| cause.since) else { return Standing::default() };
        let until = self.plan(now).timeline.at(now).and_then(|segment| segment.opens_at);
        Standing { since: first.since, by: first.by.clone(), until, causes }
    }
}

fn of_lease(lease: &Lease) -> Cause {
    Cause {
        id: CauseId::Lease(lease.id),
        kind: "lease",
        name: lease.name.clone(),
        since: Some(lease.since),
        until: Some(lease.expires_at),
        ends_by_itself: lease.ends_at().is_some(),
        by: Some(lease.started_by.clone()),
        level: Level::Full,
        drains_until: None,
        is_shown: false,
    }
}

fn of_window(window: &Window, occurrence: Occurrence) -> Cause {
    Cause {
        id: CauseId::Window(window.id),
        kind: "window",
        name: window.name.clone(),
        since: Some(occurrence.starts_at),
        until: occurrence.ends_at,
        ends_by_itself: occurrence.ends_at.is_some(),
        by: None,
        level: window.level,
        drains_until: None,
        is_shown: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::{LeaseId, OnExpiry};
    use crate::maintenance::AtEnd;
    use crate::message::Message;
    use crate::schedule::{Moment, Schedule};
    use crate::window::WindowId;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn window(id: i64, from: &str, until: &str) -> Window {
        let moment = |text| Moment::new(at(text), jiff::tz::TimeZone::UTC);
        let schedule = Schedule::Once { start: moment(from), end: Some(moment(until)) };
        Window { id: WindowId(id), ..Window::new(schedule) }
    }

    fn lease(id: i64, until: &str, on_expiry: OnExpiry) -> Lease {
        Lease {
            id: LeaseId(id),
            name: "deploy".to_owned(),
            started_by: "ci".to_owned(),
            since: at("03:00:00"),
            expires_at: at(until),
            on_expiry,
            messages: Vec::new(),
        }
    }

    fn ticked(expected_end: Option<&str>, at_end: AtEnd) -> MaintenanceRecord {
        let expected_end = expected_end.map(at);
        MaintenanceRecord {
            in_maintenance: true,
            since: Some(at("03:05:00")),
            expected_end,
            at_end,
            ..Default::default()
        }
    }

    const OPEN: MaintenanceRecord = MaintenanceRecord {
        in_maintenance: false,
        since: None,
        started_by: None,
        expected_end: None,
        at_end: AtEnd::Remind,
        level: Level::Full,
        redirect_url: None,
        retry_after: None,
    };

    fn causes<'a>(maintenance: &'a MaintenanceRecord, leases: &'a [Lease], windows: &'a [Window]) -> Causes<'a> {
        Causes { maintenance, has_messages: false, leases, windows, shared: &[], exceptions: &[], drains: &[] }
    }

    fn ids(causes: &Causes<'_>, now: &str) -> Vec<String> {
        causes.at(at(now)).iter().map(|cause| cause.id.to_string()).collect()
    }

    #[test]
    fn a_site_is_closed_while_any_cause_holds() {
        let (record, leases) = (ticked(None, AtEnd::Remind), [lease(3, "03:20:00", OnExpiry::Lift)]);
        let windows = [window(12, "03:10:00", "03:30:00")];
        let all = causes(&record, &leases, &windows);
        assert_eq!(ids(&all, "03:15:00"), ["box", "lease-3", "window-12"]);
        assert_eq!(ids(&all, "03:40:00"), ["box"]);
        let open = causes(&OPEN, &leases, &windows);
        assert_eq!(ids(&open, "03:15:00"), ["lease-3", "window-12"]);
        assert_eq!(ids(&open, "03:25:00"), ["window-12"]);
        assert_eq!((open.is_closed(at("03:29:59")), open.is_closed(at("03:30:00"))), (true, false));
        assert_eq!(open.standing(at("03:30:00")).phase(), Phase::Open);
        assert_eq!(open.standing(at("03:15:00")).until, Some(at("03:30:00")));
    }

    #[test]
    fn the_plan_says_at_every_moment_what_the_causes_say() {
        let record = ticked(Some("03:12:00"), AtEnd::Open);
        let leases = [lease(1, "03:20:00", OnExpiry::Lift), lease(2, "03:08:00", OnExpiry::Lift)];
        let windows =
            [window(1, "03:10:00", "03:15:00"), window(2, "03:20:00", "03:25:00"), window(3, "03:40:00", "03:41:00")];
        let all = causes(&record, &leases, &windows);
        let plan = all.plan(at("03:05:00"));
        for minute in 5..50 {
            let now = at(&format!("03:{minute:02}:00"));
            let planned = plan.timeline.at(now).map_or(Vec::new(), |segment| {
                segment.causes.iter().map(|cause| plan.sources[*cause].id).collect::<Vec<_>>()
            });
            let mut open: Vec<CauseId> = all.at(now).iter().map(|cause| cause.id).collect();
            open.sort_unstable();
            let mut planned = planned;
            planned.sort_unstable();
            assert_eq!(planned, open, "{minute}");
        }
        // The window that begins when the lease ends puts the opening off.
        assert_eq!(plan.timeline.at(at("03:18:00")).unwrap().opens_at, Some(at("03:25:00")));
    }

    #[test]
    fn a_window_of_all_sites_holds_until_it_is_ended_on_one_of_them() {
        let shared = [window(5, "03:00:00", "04:00:00")];
        let ended = [SiteException { window: WindowId(5), starts_at: at("03:00:00"), ends_at: at("03:20:00") }];
        let there = Causes { shared: &shared, ..causes(&OPEN, &[], &[]) };
        let here = Causes { exceptions: &ended, ..there };
        assert!(there.is_closed(at("03:30:00")) && !here.is_closed(at("03:30:00")) && here.is_closed(at("03:19:59")));
        assert!(here.plan(at("03:10:00")).timeline.at(at("03:30:00")).is_none());
    }

    #[test]
    fn the_message_is_that_of_the_box_else_of_the_first_that_has_one() {
        let message = Message { language: "en".to_owned(), body: "Upgrade".to_owned(), ..Message::default() };
        let windows = [
            window(1, "03:00:00", "04:00:00"),
            Window { messages: vec![message], ..window(2, "03:10:00", "04:00:00") },
        ];
        let record = ticked(None, AtEnd::Remind);
        let shown = |causes: &Causes<'_>| causes.at(at("03:30:00")).iter().position(|cause| cause.is_shown);
        let without = causes(&record, &[], &windows);
        assert_eq!(shown(&without), Some(2));
        assert_eq!(shown(&Causes { has_messages: true, ..without }), Some(0));
        assert_eq!(shown(&causes(&record, &[], &windows[..1])), None);
    }

    #[test]
    fn a_site_is_draining_while_every_cause_is_and_closes_with_the_first() {
        let record = ticked(None, AtEnd::Remind);
        let drain = Drain { cause: CauseId::Box, started_at: at("03:05:00"), deadline: at("03:20:00"), end: None };
        let windows = [Window { drain_minutes: 5, ..window(1, "03:10:00", "03:30:00") }];
        let drains = [drain.clone()];
        let all = Causes { drains: &drains, ..causes(&record, &[], &windows) };
        let phase = |causes: &Causes<'_>, now: &str| {
            let standing = causes.standing(at(now));
            let planned = causes.plan(at("03:05:00")).timeline.at(at(now)).and_then(|it| it.draining);
            assert_eq!(standing.closes_at(), planned.map(|it| it.closes_at), "{now}");
            (standing.phase(), standing.closes_at())
        };
        assert_eq!(phase(&all, "03:06:00"), (Phase::Draining, Some(at("03:20:00"))));
        assert_eq!(phase(&all, "03:12:00"), (Phase::Draining, Some(at("03:15:00"))));
        assert_eq!(phase(&all, "03:15:00"), (Phase::Maintenance, None));
        assert_eq!(phase(&all, "03:40:00"), (Phase::Maintenance, None));
        // That of another time of the cause counts for nothing.
        let drains = [Drain { started_at: at("03:00:00"), ..drain }];
        assert_eq!(phase(&Causes { drains: &drains, ..causes(&record, &[], &[]) }, "03:06:00").0, Phase::Maintenance);
    }

    #[test]
    fn a_plan_is_made_anew_a_whole_time_before_it_is_used_up() {
        let rule = "0 * * * *".to_owned();
        let repeat = crate::schedule::Repeat { rule, zone: "UTC".to_owned(), minutes: 5, from: None, until: None };
        for notice_minutes in [0, 30, 600] {
            let windows = [Window { id: WindowId(1), notice_minutes, ..Window::new(Schedule::Repeat(repeat.clone())) }];
            let plan = causes(&OPEN, &[], &windows).plan(at("03:30:00"));
            let last = plan.timeline.segments().last().unwrap().starts_at;
            assert_eq!((plan.timeline.segments().len(), plan.valid_until), (plan::OCCURRENCES, last));
        }
    }

    #[test]
    fn the_next_window_is_the_one_that_begins_first() {
        let windows =
            [window(1, "05:00:00", "06:00:00"), window(2, "04:00:00", "04:10:00"), window(3, "03:00:00", "04:00:00")];
        let all = causes(&OPEN, &[], &windows);
        let (next, occurrence) = all.next_window(at("03:30:00")).unwrap();
        assert_eq!((next.id, occurrence.starts_at), (WindowId(2), at("04:00:00")));
        assert!(all.next_window(at("05:00:00")).is_none());
    }
}
