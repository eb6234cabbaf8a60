//! Starts and ends maintenance, on one site or on several at once.

use jiff::Timestamp;

use super::{Act, ActionError, Actions, Actor, Done, Drained};
use crate::cause::{Cause, CauseId};
use crate::field::FieldErrors;
use crate::maintenance::{AtEnd, Level, MaintenanceRecord, Phase};
use crate::message::Message;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::window::{Exception, SiteException};

/// How maintenance starts.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// What the page says, in the site's first language; `None` keeps the message.
    pub message: Option<String>,
    /// When the work is expected to be over; `None` means unknown.
    pub expected_end: Option<Timestamp>,
    /// What happens then; `None` keeps what is set, [`AtEnd::Remind`] on a fresh start.
    pub at_end: Option<AtEnd>,
    /// How much is closed; `None` keeps what is set, [`Level::Full`] on a fresh start.
    pub level: Option<Level>,
    /// Closes a site that drains at once, whoever is at work.
    pub force: bool,
    /// Those at work may finish: when the site closes at the latest. On a site that drains already this is its new
    /// deadline; one that is in maintenance stays so. `None` closes at once, but does not cut a drain that runs short.
    pub drain_until: Option<Timestamp>,
    /// Language of a first message, for a site that has none.
    pub language: String,
    /// Domains typed to confirm the start on protected sites. `None` skips the question: the caller has asked.
    pub typed_domains: Option<Vec<String>>,
}

/// What starting or ending came to, for one site.
#[derive(Debug, Clone, PartialEq)]
pub enum Switched {
    /// Maintenance started.
    Started(SiteRecord),
    /// It was already in maintenance; message or expected end changed.
    Updated(SiteRecord),
    /// These causes ended. Others hold it closed only where one was named.
    Ended(SiteRecord, Vec<Cause>),
    /// It was draining, and is in maintenance now.
    Forced(SiteRecord),
    /// It was so already.
    Already(SiteRecord),
}

impl Switched {
    /// The site's record after the action.
    pub fn record(&self) -> &SiteRecord {
        match self {
            Self::Started(record)
            | Self::Updated(record)
            | Self::Ended(record, _)
            | Self::Forced(record)
            | Self::Already(record) => record,
        }
    }
}

impl Start {
    /// Whether nothing is said of how, so that the box has nothing to add to what holds a site closed.
    fn is_bare(&self) -> bool {
        let is_timed = self.expected_end.is_some() || self.at_end.is_some() || self.drain_until.is_some();
        self.message.is_none() && self.level.is_none() && !is_timed
    }
}

impl Actions {
    /// Starts maintenance on these sites: all of them or, when one refuses, none.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`], [`ActionError::Protected`], [`ActionError::Invalid`] for an end in the past
    /// or a message that cannot be kept, for a drain that is not before the end.
    pub fn start(&self, actor: &Actor, sites: &[SiteId], start: &Start) -> Result<Done<Vec<Switched>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.start(*site, start)).collect())
    }

    /// Ends one cause on these sites, by its id: something else may hold them closed afterwards. A site that it does
    /// not hold closed stays as it is.
    ///
    /// # Errors
    /// As [`Actions::end`].
    pub fn end_cause(
        &self,
        actor: &Actor,
        sites: &[SiteId],
        cause: CauseId,
    ) -> Result<Done<Vec<Switched>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.end(*site, Some(cause))).collect())
    }

    /// Ends maintenance on these sites, whatever holds them closed: afterwards they are open. A window of all sites
    /// goes on elsewhere.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] or [`ActionError::NoSuchSite`]; then no site was changed.
    pub fn end(&self, actor: &Actor, sites: &[SiteId]) -> Result<Done<Vec<Switched>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.end(*site, None)).collect())
    }
}

impl Act<'_, '_> {
    /// A protected site asks for its domain, unless the caller has asked.
    pub(super) fn ask_if_protected(&self, record: &SiteRecord, typed: Option<&[String]>) -> Result<(), ActionError> {
        let is_typed = typed.is_none_or(|typed| typed.iter().any(|typed| record.site.domain.is_meant_by(typed)));
        if record.site.is_protected && !is_typed {
            return Err(ActionError::Protected { domain: record.site.domain.to_string() });
        }
        Ok(())
    }

    fn start(&mut self, site: SiteId, start: &Start) -> Result<Switched, ActionError> {
        self.need_staff_of(site)?;
        let is_forced = start.force && matches!(self.drain_force(site)?, Drained::Closed(_));
        let (before, _) = self.record(site)?;
        let is_fresh = !before.maintenance.box_holds(self.now);
        if is_forced && is_fresh && start.is_bare() {
            // A window or a lease closes it, and goes on to.
            return Ok(Switched::Forced(before));
        }
        if is_fresh {
            self.ask_if_protected(&before, start.typed_domains.as_deref())?;
        }
        if start.expected_end.is_some_and(|end| end <= self.now) {
            return Err(FieldErrors::of("expected_end", "lies in the past").into());
        }
        let mut after = before.clone();
        if is_fresh {
            begin(&mut after.maintenance, self.now, &self.actor.name);
        }
        if let Some(end) = start.expected_end {
            after.maintenance.expected_end = Some(end);
        }
        if let Some(at_end) = start.at_end {
            after.maintenance.at_end = at_end;
        }
        if let Some(level) = start.level {
            after.maintenance.level = level;
        }
        if let Some(deadline) = start.drain_until {
            self.drain_box(&before, &mut after, deadline)?;
        }
        if let Some(text) = &start.message {
            set_first_message(&mut after, text, &start.language);
        }
        let errors = after.check();
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let action = match (is_fresh, start.drain_until.is_some() && before.drains != after.drains) {
            (true, false) => "maintenance.started",
            (true, true) => "drain.started",
            (false, true) => "drain.moved",
            (false, false) => "maintenance.updated",
        };
        match self.save(&before, &after, action, None)? {
            _ if is_forced => Ok(Switched::Forced(after)),
            None => Ok(Switched::Already(after)),
            Some(_) if is_fresh => Ok(Switched::Started(after)),
            Some(_) => Ok(Switched::Updated(after)),
        }
    }

    fn end(&mut self, site: SiteId, only: Option<CauseId>) -> Result<Switched, ActionError> {
        self.need_staff_of(site)?;
        let (before, _) = self.record(site)?;
        let open = before.causes().at(self.now);
        let ended: Vec<Cause> = open.iter().filter(|cause| only.is_none_or(|only| only == cause.id)).cloned().collect();
        let mut after = before.clone();
        for cause in &ended {
            end_cause(&mut after, cause, self.now);
        }
        if only.is_none_or(|only| only == CauseId::Box) {
            // A box that has opened by itself at its expected end is still ticked.
            end(&mut after.maintenance);
        }
        let was_draining = before.causes().standing(self.now).phase() == Phase::Draining;
        let action = match (ended.len() < open.len(), only) {
            (false, _) | (true, None) if was_draining => "drain.cancelled",
            (false, _) | (true, None) => "maintenance.ended",
            (true, Some(CauseId::Box)) => "maintenance.updated",
            (true, Some(CauseId::Lease(_))) => "lease.ended",
            (true, Some(CauseId::Window(_))) => "window.ended",
        };
        match self.save(&before, &after, action, None)? {
            Some(_) if !ended.is_empty() => Ok(Switched::Ended(after, ended)),
            _ => Ok(Switched::Already(after)),
        }
    }
}

/// Takes one open cause from a site. A window of all sites goes on elsewhere.
pub(super) fn end_cause(record: &mut SiteRecord, cause: &Cause, now: Timestamp) {
    match cause.id {
        CauseId::Box => end(&mut record.maintenance),
        CauseId::Lease(id) => record.leases.retain(|lease| lease.id != id),
        CauseId::Window(id) => {
            let Some(starts_at) = cause.since else { return };
            match record.windows.iter_mut().find(|window| window.id == id) {
                Some(own) => drop(own.exceptions.insert(starts_at, Exception { ends_at: now })),
                None => {
                    record.exceptions.retain(|it| (it.window, it.starts_at) != (id, starts_at));
                    record.exceptions.push(SiteException { window: id, starts_at, ends_at: now });
                }
            }
        }
    }
}

/// Ticks the box: from now, by this actor, with no end known.
pub(super) fn begin(record: &mut MaintenanceRecord, now: Timestamp, by: &str) {
    record.in_maintenance = true;
    record.since = Some(now);
    record.started_by = Some(by.to_owned());
    record.expected_end = None;
    record.at_end = AtEnd::Remind;
    record.level = Level::Full;
}

/// Unticks the box and forgets what belonged to this maintenance.
pub(super) fn end(record: &mut MaintenanceRecord) {
    record.in_maintenance = false;
    record.since = None;
    record.started_by = None;
    record.expected_end = None;
    record.at_end = AtEnd::Remind;
    record.level = Level::Full;
}

/// Sets the text of the first message, which is the fallback for all languages.
fn set_first_message(record: &mut SiteRecord, text: &str, language: &str) {
    match record.messages.first_mut() {
        Some(message) => message.body = text.to_owned(),
        None => {
            let language = language.to_owned();
            record.messages.push(Message { language, body: text.to_owned(), ..Message::default() });
        }
    }
}
