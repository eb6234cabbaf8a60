//! What only a site needs that is closed or will be: when, by what, who passes, and the answers.
//!
//! A site whose window begins next month costs no more than its record: patterns, networks and pages are compiled when
//! they are first asked for, which for a site that is closed already is when the change arrives.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::cause::{CauseId, Plan, Source};
use crate::maintenance::{Level, Phase};
use crate::message::Message;
use crate::network::NetworkSet;
use crate::notice::{Notice, SiteNotice, told};
use crate::page::SitePages;
use crate::pattern::IgnoredPatterns;
use crate::record::SiteRecord;
use crate::rules::Rules;
use crate::tally::SiteCounts;
use crate::template::PageTemplates;
use crate::timeline::{Draining, Segment};

/// A site that is closed or will be.
#[derive(Debug)]
pub struct ClosedSite {
    record: Arc<SiteRecord>,
    rules: Arc<Rules>,
    templates: Arc<PageTemplates>,
    plan: Plan,
    passing: OnceLock<Passing>,
    pages: Vec<OnceLock<SitePages>>,
    /// Where its requests are counted.
    pub counts: SiteCounts,
}

/// Who passes a closed site, compiled.
#[derive(Debug)]
struct Passing {
    networks: NetworkSet,
    ignored: IgnoredPatterns,
}

/// A closed site at a moment at which it is closed.
#[derive(Debug, Clone, Copy)]
pub struct Closed<'s> {
    site: &'s ClosedSite,
    segment: usize,
}

impl ClosedSite {
    /// Lays out when this site is closed; `None` when it is neither closed nor will be, as far as is known at `now`.
    /// What is needed at once is compiled at once.
    pub fn compile(
        record: &SiteRecord,
        rules: &Arc<Rules>,
        templates: &Arc<PageTemplates>,
        now: Timestamp,
    ) -> Option<Self> {
        let plan = record.causes().plan(now);
        if plan.timeline.segments().is_empty() {
            return None;
        }
        let pages = plan.timeline.segments().iter().map(|_| OnceLock::new()).collect();
        let this = Self {
            record: Arc::new(record.clone()),
            rules: Arc::clone(rules),
            templates: Arc::clone(templates),
            plan,
            passing: OnceLock::new(),
            pages,
            counts: SiteCounts::default(),
        };
        this.prepare(now);
        Some(this)
    }

    /// Compiles what a request at `at` would need, so that no visitor has to wait for it.
    pub fn prepare(&self, at: Timestamp) {
        if let Some(closed) = self.at(at) {
            closed.pages();
            self.passing();
        }
    }

    /// The site at `now`, or `None` while it is open.
    #[inline]
    pub fn at(&self, now: Timestamp) -> Option<Closed<'_>> {
        self.plan.timeline.index_at(now).map(|segment| Closed { site: self, segment })
    }

    /// The first moment after `now` at which something changes by itself.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        let running = self.plan.timeline.at(now).and_then(|segment| segment.ends_at);
        running.into_iter().chain(self.next_start(now)).min().unwrap_or(Timestamp::MAX)
    }

    /// The next time after `now` at which what holds it closed begins or changes: of an open site, when it closes.
    pub fn next_start(&self, now: Timestamp) -> Option<Timestamp> {
        self.plan.timeline.next(now).map(|segment| segment.starts_at)
    }

    /// What people are told at `now`, in the language that the lines of an `Accept-Language` ask for: of the next time
    /// ahead while the site is still open, of the moment at which it closes while it is draining.
    pub fn notice<'h>(&self, now: Timestamp, ranges: impl Iterator<Item = &'h [u8]>) -> Option<SiteNotice> {
        let timeline = &self.plan.timeline;
        let (starts_at, messages) = match self.at(now) {
            Some(closed) => (closed.draining()?.closes_at, closed.own_messages().unwrap_or_default()),
            None => {
                let notice = self.plan.notices.at(now)?;
                (notice.starts_at, self.source_of(notice).1)
            }
        };
        // Where another time follows at once, the site does not open in between.
        let ends_at = timeline.at(starts_at).and_then(|segment| segment.opens_at);
        let told = told(&self.record.site, messages, starts_at, ends_at, ranges);
        let (message, language) = told.map(|told| (told.text, told.language)).unzip();
        Some(SiteNotice { starts_at, ends_at, message, language })
    }

    /// The times of windows that visitors are told of at some moment, those that run included, in order of beginning.
    pub fn notices(&self) -> &[Notice] {
        self.plan.notices.all()
    }

    /// Which window a notice is of, and what that says; empty when it has no message of its own.
    pub fn source_of(&self, notice: &Notice) -> (CauseId, &[Message]) {
        let source = &self.plan.sources[notice.source];
        (source.id, &source.messages)
    }

    /// The first moment after `now` at which what visitors may know changes by itself.
    pub fn next_told_change(&self, now: Timestamp) -> Timestamp {
        let passing_end = self.at(now).and_then(|closed| closed.end_ahead(now));
        let told = self.plan.notices.next_change(now);
        passing_end.into_iter().chain(told).fold(self.next_change(now), Timestamp::min)
    }

    /// From this moment on it must be compiled anew, because a window repeats for longer than was laid out.
    pub fn valid_until(&self) -> Timestamp {
        self.plan.valid_until
    }

    /// Whether those at work may finish at some time.
    pub fn may_drain(&self) -> bool {
        self.plan.timeline.segments().iter().any(|segment| segment.draining.is_some())
    }

    /// Whether it is neither draining at `now` nor has a drain that came to its deadline without anybody noting how it
    /// ended.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        let is_draining = self.at(now).is_some_and(|closed| closed.draining().is_some());
        let causes = self.record.causes();
        !is_draining && causes.at(now).iter().all(|cause| causes.expired_drain(cause, now).is_none())
    }

    /// The record that it was compiled from.
    pub fn record(&self) -> &Arc<SiteRecord> {
        &self.record
    }

    /// Addresses that pass this site.
    pub fn networks(&self) -> &NetworkSet {
        &self.passing().networks
    }

    /// Paths that pass this site.
    pub fn ignored(&self) -> &IgnoredPatterns {
        &self.passing().ignored
    }

    /// A pattern that does not compile, which saving refuses, lets nothing through; the others stay in force.
    fn passing(&self) -> &Passing {
        self.passing.get_or_init(|| {
            let (ignored, left_out) = IgnoredPatterns::compile_valid(self.record.patterns.clone());
            if let Some((row, error)) = left_out.first() {
                let (domain, more) = (&self.record.site.domain, left_out.len() - 1);
                log::error!("Ignored pattern {} of {domain} is left out, and {more} more: {error}", row + 1);
            }
            Passing { networks: self.record.networks.iter().map(|row| row.network).collect(), ignored }
        })
    }
}

impl<'s> Closed<'s> {
    /// What does not depend on the moment.
    pub fn site(&self) -> &'s ClosedSite {
        self.site
    }

    /// The record of the site.
    pub fn record(&self) -> &'s SiteRecord {
        &self.site.record
    }

    /// Addresses that pass.
    pub fn networks(&self) -> &'s NetworkSet {
        self.site.networks()
    }

    /// Paths that pass.
    pub fn ignored(&self) -> &'s IgnoredPatterns {
        self.site.ignored()
    }

    fn segment(&self) -> &'s Segment {
        &self.site.plan.timeline.segments()[self.segment]
    }

    /// The causes that hold the site closed, in the order in which they have a say about the message.
    pub fn causes(&self) -> impl Iterator<Item = CauseId> + use<'s> {
        self.sources().map(|source| source.id)
    }

    fn sources(&self) -> impl Iterator<Item = &'s Source> + use<'s> {
        let site = self.site;
        self.segment().causes.iter().map(move |cause| &site.plan.sources[*cause])
    }

    /// What the site is doing: draining while all of its causes let those at work finish, else in maintenance.
    #[inline]
    pub fn phase(&self) -> Phase {
        if self.draining().is_some() { Phase::Draining } else { Phase::Maintenance }
    }

    /// Since when nobody new comes in, and when it closes at the latest, while it is draining.
    #[inline]
    pub fn draining(&self) -> Option<Draining> {
        self.segment().draining
    }

    /// How much is closed: as much as the strictest of the causes closes.
    #[inline]
    pub fn level(&self) -> Level {
        self.sources().map(|source| source.level).max().unwrap_or_default()
    }

    /// Since when the oldest of the causes has held it closed; `None` when that was not noted.
    pub fn since(&self) -> Option<Timestamp> {
        self.segment().since
    }

    /// When the site is expected to open, if that still lies ahead of `now`; a past moment is never told to visitors.
    pub fn end_ahead(&self, now: Timestamp) -> Option<Timestamp> {
        self.segment().opens_at.filter(|end| *end > now)
    }

    /// Whether it was to be open by `now`.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.segment().opens_at.is_some_and(|end| end <= now)
    }

    /// The messages of the first cause that has its own; `None` while none has.
    fn own_messages(&self) -> Option<&'s [Message]> {
        let site = self.site;
        let site_has_own = site.record.causes().has_messages;
        self.sources().find_map(|source| match source.id {
            CauseId::Box if site_has_own => Some(site.record.messages.as_slice()),
            CauseId::Box => None,
            CauseId::Lease(_) | CauseId::Window(_) => Some(source.messages.as_slice()).filter(|own| !own.is_empty()),
        })
    }

    /// The answers, ready to send.
    pub fn pages(&self) -> &'s SitePages {
        self.site.pages[self.segment].get_or_init(|| {
            let (site, segment) = (self.site, self.segment());
            let messages = self.own_messages().unwrap_or(&site.record.messages);
            let input = site.rules.page_input(&site.record, messages, segment.opens_at, segment.starts_at);
            SitePages::new(&site.templates, input)
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, tz::TimeZone};

    use super::*;
    use crate::cause::CauseId;
    use crate::drain::Drain;
    use crate::lease::{Lease, LeaseId, OnExpiry};
    use crate::maintenance::AtEnd;
    use crate::schedule::{Moment, Repeat, Schedule};
    use crate::site::{Domain, Site, SiteId};
    use crate::window::{Window, WindowId};

    fn at(minutes: i64) -> Timestamp {
        let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        midnight + SignedDuration::from_mins(minutes)
    }

    fn a_record() -> SiteRecord {
        SiteRecord::new(Site {
            id: SiteId(1),
            domain: Domain::parse("forum.example.com").unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        })
    }

    /// Something of everything: a box that is noted and one that is not, a lease, windows that overlap, drains.
    fn records() -> Vec<SiteRecord> {
        let moment = |minutes| Moment::new(at(minutes), TimeZone::UTC);
        let once = |id, from, until| {
            let schedule = Schedule::Once { start: moment(from), end: Some(moment(until)) };
            Window { id: WindowId(id), ..Window::new(schedule) }
        };
        let hourly = Schedule::Repeat(Repeat {
            rule: "0 * * * *".to_owned(),
            zone: "UTC".to_owned(),
            minutes: 20,
            from: None,
            until: None,
        });
        let mut drained = once(3, 30, 90);
        (drained.drain_minutes, drained.level) = (25, Level::ReadOnly);
        let ticked = |since| {
            let mut record = a_record();
            record.maintenance.in_maintenance = true;
            (record.maintenance.since, record.maintenance.expected_end) = (since, Some(at(45)));
            record
        };
        let mut opens = ticked(Some(at(-10)));
        opens.maintenance.at_end = AtEnd::Open;
        opens.windows = vec![once(1, 40, 70), once(2, 60, 100)];
        let mut draining = ticked(Some(at(0)));
        draining.drains = vec![Drain { cause: CauseId::Box, started_at: at(0), deadline: at(15), end: None }];
        draining.windows = vec![drained.clone()];
        let mut leased = a_record();
        leased.leases = vec![Lease {
            id: LeaseId(1),
            name: "deploy".to_owned(),
            started_by: "ci".to_owned(),
            since: at(-5),
            expires_at: at(35),
            on_expiry: OnExpiry::Lift,
            messages: Vec::new(),
        }];
        leased.windows = vec![drained, Window { id: WindowId(4), ..Window::new(hourly) }];
        vec![a_record(), ticked(None), ticked(Some(at(-60))), opens, draining, leased]
    }

    #[test]
    fn what_is_compiled_tells_the_same_as_the_causes_themselves() {
        let rules = Arc::new(crate::rules::tests::rules());
        for (number, record) in records().iter().enumerate() {
            let compiled = ClosedSite::compile(record, &rules, &Arc::default(), at(0));
            for minute in 0..180 {
                let (now, what) = (at(minute), format!("record {number} in minute {minute}"));
                let standing = record.causes().standing(now);
                let closed = compiled.as_ref().and_then(|compiled| compiled.at(now));
                assert_eq!(closed.is_some(), standing.is_closed(), "{what}");
                if let Some(closed) = closed {
                    let said = (closed.since(), closed.phase(), Some(closed.level()), closed.is_overdue(now));
                    let is_overdue = standing.overdue(now).is_some();
                    assert_eq!(said, (standing.since, standing.phase(), standing.level(), is_overdue), "{what}");
                } else {
                    let next = compiled.as_ref().and_then(|compiled| compiled.next_start(now));
                    let window = record.causes().next_window(now).map(|(_, time)| time.starts_at);
                    assert_eq!(next, window, "{what}");
                }
            }
        }
    }
}
