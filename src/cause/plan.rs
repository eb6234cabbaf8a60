//! The causes of a site laid out in time, so that a request needs no calendar.

use jiff::Timestamp;

use super::{CauseId, Causes};
use crate::drain::Drain;
use crate::lease::Lease;
use crate::maintenance::Level;
use crate::message::Message;
use crate::notice::{Notice, Notices};
use crate::timeline::{Closure, Timeline};
use crate::window::Window;

/// Occurrences of a repeating window that a timeline holds. When the last of them has begun it is to be made anew.
pub(super) const OCCURRENCES: usize = 64;

/// What a closure of a timeline is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The cause.
    pub id: CauseId,
    /// Its own messages; empty takes those of the site.
    pub messages: Vec<Message>,
    /// How much it closes.
    pub level: Level,
}

/// When a site is closed and by what, ready to be asked at every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The segments; their causes are numbers of `sources`.
    pub timeline: Timeline,
    /// What the causes of the segments are. In the order in which they have a say about the message: the box, leases,
    /// windows.
    pub sources: Vec<Source>,
    /// The times of windows that visitors are told of.
    pub notices: Notices,
    /// At this moment the plan must be made anew, because a window repeats for longer than it reaches.
    pub valid_until: Timestamp,
}

/// A plan in the making.
struct Draft {
    closures: Vec<Closure>,
    notices: Vec<Notice>,
    sources: Vec<Source>,
    valid_until: Timestamp,
}

impl Causes<'_> {
    /// Everything from `now` on, laid out in time.
    pub fn plan(&self, now: Timestamp) -> Plan {
        let mut draft =
            Draft { closures: Vec::new(), notices: Vec::new(), sources: Vec::new(), valid_until: Timestamp::MAX };
        self.lay_out_box(&mut draft, now);
        for lease in self.leases.iter().filter(|lease| lease.holds(now)) {
            self.lay_out_lease(&mut draft, lease, now);
        }
        for window in self.every_window() {
            self.lay_out_window(&mut draft, &window, now);
        }
        Plan {
            timeline: Timeline::of(&draft.closures),
            sources: draft.sources,
            notices: draft.notices.into_iter().collect(),
            valid_until: draft.valid_until,
        }
    }

    fn lay_out_box(&self, draft: &mut Draft, now: Timestamp) {
        let record = self.maintenance;
        if !record.box_holds(now) {
            return;
        }
        let closure = Closure {
            cause: draft.sources.len(),
            starts_at: record.since.unwrap_or(now).min(now),
            since: record.since,
            ends_at: record.box_ends_at(),
            expected: record.expected_end,
            drains: false,
        };
        let drain = record.since.and_then(|since| self.drain_of(CauseId::Box, since));
        draft.closures.extend(closure.drained(drain.map(Drain::closes_at)));
        draft.sources.push(Source { id: CauseId::Box, messages: Vec::new(), level: record.level });
    }

    fn lay_out_lease(&self, draft: &mut Draft, lease: &Lease, now: Timestamp) {
        let closure = Closure {
            cause: draft.sources.len(),
            starts_at: lease.since.min(now),
            since: Some(lease.since),
            ends_at: lease.ends_at(),
            expected: None,
            drains: false,
        };
        let id = CauseId::Lease(lease.id);
        let drain = self.drain_of(id, lease.since);
        draft.closures.extend(closure.drained(drain.map(Drain::closes_at)));
        draft.sources.push(Source { id, messages: lease.messages.clone(), level: Level::Full });
    }

    fn lay_out_window(&self, draft: &mut Draft, window: &Window, now: Timestamp) {
        let Ok(calendar) = window.calendar() else { return };
        let (id, before) = (CauseId::Window(window.id), draft.closures.len());
        let (mut times, mut last) = (window.after(&calendar, now), None);
        for occurrence in times.by_ref().take(OCCURRENCES) {
            last = Some(occurrence.starts_at);
            draft.notices.extend(Notice::of(window, draft.sources.len(), &occurrence));
            let closure = Closure {
                cause: draft.sources.len(),
                starts_at: occurrence.starts_at,
                since: Some(occurrence.starts_at),
                ends_at: occurrence.ends_at,
                expected: None,
                drains: false,
            };
            let drain = self.drain_of(id, occurrence.starts_at);
            draft.closures.extend(closure.drained(drain.map(Drain::closes_at).or(window.drains_until(&occurrence))));
        }
        if let (Some(last), Some(_)) = (last, times.next()) {
            draft.valid_until = draft.valid_until.min(last);
        }
        if draft.closures.len() > before {
            draft.sources.push(Source { id, messages: window.messages.clone(), level: window.level });
        }
    }
}
