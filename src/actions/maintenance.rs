//! Starts and ends maintenance, on one site or on several at once.

use jiff::Timestamp;

use super::{Act, ActionError, Actions, Actor, Done};
use crate::field::FieldErrors;
use crate::maintenance::{AtEnd, Cause, MaintenanceRecord};
use crate::message::Message;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// How maintenance starts.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// What the page says, in the site's first language; `None` keeps the message.
    pub message: Option<String>,
    /// When the work is expected to be over; `None` means unknown.
    pub expected_end: Option<Timestamp>,
    /// What happens then; `None` keeps what is set, [`AtEnd::Remind`] on a fresh start.
    pub at_end: Option<AtEnd>,
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
    /// Maintenance ended, with all these causes.
    Ended(SiteRecord, Vec<Cause>),
    /// It was so already.
    Already(SiteRecord),
}

impl Switched {
    /// The site's record after the action.
    pub fn record(&self) -> &SiteRecord {
        match self {
            Self::Started(record) | Self::Updated(record) | Self::Ended(record, _) | Self::Already(record) => record,
        }
    }
}

impl Actions {
    /// Starts maintenance on these sites: all of them or, when one refuses, none.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`], [`ActionError::Protected`], [`ActionError::Invalid`] for an end in the past
    /// or a message that cannot be kept.
    pub fn start(&self, actor: &Actor, sites: &[SiteId], start: &Start) -> Result<Done<Vec<Switched>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.start(*site, start)).collect())
    }

    /// Ends maintenance on these sites: afterwards they are open.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] or [`ActionError::NoSuchSite`]; then no site was changed.
    pub fn end(&self, actor: &Actor, sites: &[SiteId]) -> Result<Done<Vec<Switched>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.end(*site)).collect())
    }
}

impl Act<'_, '_> {
    fn start(&mut self, site: SiteId, start: &Start) -> Result<Switched, ActionError> {
        self.need_staff_of(site)?;
        let (before, _) = self.record(site)?;
        let is_fresh = !before.maintenance.box_holds(self.now);
        if is_fresh && before.site.is_protected && !is_typed(&before, start) {
            return Err(ActionError::Protected { domain: before.site.domain.to_string() });
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
        if let Some(text) = &start.message {
            set_first_message(&mut after, text, &start.language);
        }
        let errors = after.check();
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let action = if is_fresh { "maintenance.started" } else { "maintenance.updated" };
        match self.save(&before, &after, action, None)? {
            None => Ok(Switched::Already(after)),
            Some(_) if is_fresh => Ok(Switched::Started(after)),
            Some(_) => Ok(Switched::Updated(after)),
        }
    }

    fn end(&mut self, site: SiteId) -> Result<Switched, ActionError> {
        self.need_staff_of(site)?;
        let (before, _) = self.record(site)?;
        let causes = before.maintenance.causes(self.now);
        let mut after = before.clone();
        end(&mut after.maintenance);
        match self.save(&before, &after, "maintenance.ended", None)? {
            None => Ok(Switched::Already(after)),
            // The box was ticked but had already opened by itself at its expected end.
            Some(_) if causes.is_empty() => Ok(Switched::Already(after)),
            Some(_) => Ok(Switched::Ended(after, causes)),
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
}

/// Unticks the box and forgets what belonged to this maintenance.
pub(super) fn end(record: &mut MaintenanceRecord) {
    record.in_maintenance = false;
    record.since = None;
    record.started_by = None;
    record.expected_end = None;
    record.at_end = AtEnd::Remind;
}

fn is_typed(record: &SiteRecord, start: &Start) -> bool {
    start.typed_domains.as_ref().is_none_or(|typed| typed.iter().any(|typed| record.site.domain.is_meant_by(typed)))
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
