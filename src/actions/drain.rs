//! Drains: begun with maintenance, given more time, and ended.

use jiff::{SignedDuration, Timestamp};

use super::{Act, ActionError, Actions, Actor, Done};
use crate::cause::{Cause, CauseId};
use crate::clock;
use crate::drain::{AtWork, Drain, DrainEnd, HowEnded, SETTLING, check_deadline};
use crate::field::FieldErrors;
use crate::lease::Lease;
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::{Reader, StoreError};
use crate::visit::seen_since;

/// What became of the drain of a site.
#[derive(Debug, Clone, PartialEq)]
pub enum Drained {
    /// It ended: the site is in maintenance.
    Closed(SiteRecord),
    /// Its deadline is another one.
    Moved(SiteRecord),
    /// Nothing was to be done: the site is not draining, or somebody is still at work.
    Already(SiteRecord),
}

/// What whoever settles drains knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knows {
    /// Who is at work: the database has answered for a while.
    Everything,
    /// Only what time it is: the database was away, and those at work may not have been written down again.
    DeadlinesOnly,
}

impl Drained {
    /// The record of the site after the action.
    pub fn record(&self) -> &SiteRecord {
        match self {
            Self::Closed(record) | Self::Moved(record) | Self::Already(record) => record,
        }
    }
}

/// What a look at a drain came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// What became of it.
    pub drained: Drained,
    /// Who and what is left, while it drains.
    pub left: Option<AtWork>,
}

impl Actions {
    /// Closes these sites at once, whoever is still at work, if they are draining.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] or [`ActionError::NoSuchSite`]; then no site was changed.
    pub fn drain_force(&self, actor: &Actor, sites: &[SiteId]) -> Result<Done<Vec<Drained>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.drain_force(*site)).collect())
    }

    /// Puts the deadline of a drain that runs off by `by`.
    ///
    /// # Errors
    /// [`ActionError::Invalid`] for a deadline that cannot be, [`ActionError::NotAllowed`].
    pub fn drain_extend(&self, actor: &Actor, site: SiteId, by: SignedDuration) -> Result<Done<Drained>, ActionError> {
        self.act(actor, |act| act.drain_extend(site, by))
    }

    /// Ends a drain when nobody is at work any more, and notes how one ended whose deadline has been reached. Any server
    /// may call it, and as often as it likes: it reads, and takes a writer's turn only when there is something to do. They
    /// look again then, so that only the first finds it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn drain_settle(&self, site: SiteId, knows: Knows) -> Result<Settled, ActionError> {
        let now = clock::now();
        let looked = self.store.read(|reader| {
            let Some((record, _)) = reader.record(site)? else { return Ok(None) };
            let looked = look(reader, &record, now, self.visit_idle, knows)?;
            Ok(Some((record, looked)))
        })?;
        match looked.ok_or(ActionError::NoSuchSite)? {
            (record, Looked { due: None, left }) => Ok(Settled { drained: Drained::Already(record), left }),
            (_, Looked { due: Some(_), .. }) => {
                let drained = self.act(&Actor::system(), |act| act.drain_settle(site, knows))?.value;
                Ok(Settled { drained, left: None })
            }
        }
    }
}

impl Act<'_, '_> {
    /// Gives the box of a site that is to be saved a drain, or the drain of its box another deadline.
    pub(super) fn drain_box(
        &self,
        before: &SiteRecord,
        after: &mut SiteRecord,
        deadline: Timestamp,
    ) -> Result<(), ActionError> {
        let began = after.maintenance.since.unwrap_or(self.now);
        let deadline = check_deadline(deadline, began, self.now).map_err(|text| FieldErrors::of("drain", text))?;
        if after.maintenance.expected_end.is_some_and(|end| end <= deadline) {
            return Err(FieldErrors::of("drain", "the site is expected to be open again before it has closed").into());
        }
        let Some(since) = after.maintenance.since else { return Ok(()) };
        if !before.maintenance.box_holds(self.now) {
            after.drains.push(Drain { cause: CauseId::Box, started_at: since, deadline, end: None });
        } else if let Some(drain) = after.drains.iter_mut().find(|drain| drain.is_of(CauseId::Box, since))
            && drain.closes_at() > self.now
        {
            drain.deadline = deadline;
        }
        Ok(())
    }

    /// The drain of a lease that is taken now.
    pub(super) fn drain_of_lease(&self, lease: &Lease, deadline: Timestamp) -> Result<Drain, ActionError> {
        let deadline =
            check_deadline(deadline, lease.since, self.now).map_err(|text| FieldErrors::of("drain", text))?;
        Ok(Drain { cause: CauseId::Lease(lease.id), started_at: lease.since, deadline, end: None })
    }

    pub(super) fn drain_force(&mut self, site: SiteId) -> Result<Drained, ActionError> {
        self.need_staff_of(site)?;
        let (before, _) = self.record(site)?;
        if before.causes().standing(self.now).phase() != Phase::Draining {
            return Ok(Drained::Already(before));
        }
        let draining = draining(&before, self.now);
        let left = at_work(self.writer, &before, &draining, self.now, self.visit_idle)?;
        self.drain_end(&before, &draining, HowEnded::Forced, left)
    }

    fn drain_extend(&mut self, site: SiteId, by: SignedDuration) -> Result<Drained, ActionError> {
        self.need_staff_of(site)?;
        let (before, _) = self.record(site)?;
        let mut after = before.clone();
        for (cause, until) in draining(&before, self.now) {
            let deadline = until.checked_add(by).map_err(|error| FieldErrors::of("drain", error))?;
            let began = cause.since.unwrap_or(self.now);
            let deadline = check_deadline(deadline, began, self.now).map_err(|text| FieldErrors::of("drain", text))?;
            if cause.until.is_some_and(|end| end <= deadline) {
                return Err(FieldErrors::of("drain", "the site would be open again before it has closed").into());
            }
            kept(&mut after, &cause, until).deadline = deadline;
        }
        match self.save(&before, &after, "drain.moved", None)? {
            Some(_) => Ok(Drained::Moved(after)),
            None => Ok(Drained::Already(after)),
        }
    }

    fn drain_settle(&mut self, site: SiteId, knows: Knows) -> Result<Drained, ActionError> {
        let (before, _) = self.record(site)?;
        match look(self.writer, &before, self.now, self.visit_idle, knows)?.due {
            Some(due) => self.drain_end(&before, &due.drains, due.how, due.left),
            None => Ok(Drained::Already(before)),
        }
    }

    /// Writes that these drains have ended, how, and what was left.
    fn drain_end(
        &mut self,
        before: &SiteRecord,
        drains: &[(Cause, Timestamp)],
        how: HowEnded,
        left: AtWork,
    ) -> Result<Drained, ActionError> {
        let AtWork { sessions, tasks } = left;
        let mut after = before.clone();
        for (cause, until) in drains {
            let at = self.now.min(*until);
            kept(&mut after, cause, *until).end = Some(DrainEnd { at, how, sessions, tasks });
        }
        let action = match how {
            HowEnded::Empty => "drain.emptied",
            HowEnded::Deadline => "drain.expired",
            HowEnded::Forced => "drain.forced",
        };
        self.save(before, &after, action, None)?;
        Ok(Drained::Closed(after))
    }
}

/// Drains that are over, with how they ended and what was left.
struct Due {
    drains: Vec<(Cause, Timestamp)>,
    how: HowEnded,
    left: AtWork,
}

/// What is found of the drains of a site.
struct Looked {
    due: Option<Due>,
    /// Who and what is left, while it drains.
    left: Option<AtWork>,
}

/// Finds the drains of a site whose deadline has been reached without anybody noting it, else those that nobody is left
/// of.
fn look(
    reader: &mut Reader<'_>,
    record: &SiteRecord,
    now: Timestamp,
    idle: SignedDuration,
    knows: Knows,
) -> Result<Looked, StoreError> {
    let expired = expired(record, now);
    if !expired.is_empty() {
        // As it was then: whoever was at work has been held since.
        let deadline = expired.iter().map(|(_, until)| *until).min().unwrap_or(now);
        let left = at_work(reader, record, &expired, deadline, idle)?;
        let due = Due { drains: expired, how: HowEnded::Deadline, left };
        return Ok(Looked { due: Some(due), left: None });
    }
    let drains = draining(record, now);
    if record.causes().standing(now).phase() != Phase::Draining {
        return Ok(Looked { due: None, left: None });
    }
    let left = at_work(reader, record, &drains, now, idle)?;
    let is_settled = |cause: &Cause| cause.since.is_some_and(|since| since + SETTLING <= now);
    let is_over = knows == Knows::Everything && left.is_empty() && drains.iter().all(|(cause, _)| is_settled(cause));
    Ok(Looked { due: is_over.then_some(Due { drains, how: HowEnded::Empty, left }), left: Some(left) })
}

/// Who and what has been at work since before these drains began, and was at `now`.
fn at_work(
    reader: &mut Reader<'_>,
    record: &SiteRecord,
    drains: &[(Cause, Timestamp)],
    now: Timestamp,
    idle: SignedDuration,
) -> Result<AtWork, StoreError> {
    let since = drains.iter().filter_map(|(cause, _)| cause.since).min().unwrap_or(now);
    reader.at_work(record.site.id, since, now, seen_since(now, idle))
}

/// The open causes that are draining, with when each closes the site.
fn draining(record: &SiteRecord, now: Timestamp) -> Vec<(Cause, Timestamp)> {
    let causes = record.causes().at(now).into_iter();
    causes.filter_map(|cause| cause.drains_until.map(|until| (cause, until))).collect()
}

/// The open causes whose drain has come to its deadline without anybody noting it, with that deadline.
fn expired(record: &SiteRecord, now: Timestamp) -> Vec<(Cause, Timestamp)> {
    let causes = record.causes();
    let open = causes.at(now).into_iter();
    open.filter_map(|cause| causes.expired_drain(&cause, now).map(|until| (cause, until))).collect()
}

/// The drain that is kept of this cause; that of a window may have been planned only.
fn kept<'r>(record: &'r mut SiteRecord, cause: &Cause, deadline: Timestamp) -> &'r mut Drain {
    let started_at = cause.since.expect("a cause that drains has a beginning");
    let place = record.drains.iter().position(|drain| drain.is_of(cause.id, started_at)).unwrap_or_else(|| {
        record.drains.push(Drain { cause: cause.id, started_at, deadline, end: None });
        record.drains.len() - 1
    });
    &mut record.drains[place]
}

/// Forgets the drains of causes that do not hold the site any more; the log has them.
pub(super) fn forget_ended(record: &mut SiteRecord, now: Timestamp) {
    let open: Vec<(CauseId, Option<Timestamp>)> =
        record.causes().at(now).iter().map(|cause| (cause.id, cause.since)).collect();
    record.drains.retain(|drain| open.contains(&(drain.cause, Some(drain.started_at))));
}
