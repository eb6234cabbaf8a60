//! Leases: taken, renewed, and cleared away when they have gone by themselves.

use jiff::{SignedDuration, Timestamp};

use super::{Act, ActionError, Actions, Actor, Done};
use crate::field::FieldErrors;
use crate::lease::{self, Lease, LeaseId, MAX_NAME_CHARS, OnExpiry};
use crate::message::Message;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// How a lease is taken.
#[derive(Debug, Clone)]
pub struct Take {
    /// How long it holds unless it is renewed: ten seconds to a day.
    pub length: SignedDuration,
    /// What happens when it is not.
    pub on_expiry: OnExpiry,
    /// What holds it, for people.
    pub name: String,
    /// Its own text for the page; `None` takes the site's messages.
    pub message: Option<String>,
    /// Language of that text.
    pub language: String,
    /// Those at work may finish: when the site closes at the latest. `None` closes it at once.
    pub drain_until: Option<Timestamp>,
    /// Domains typed to confirm it on protected sites. `None` skips the question: the caller has asked.
    pub typed_domains: Option<Vec<String>>,
}

/// A lease on a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Leased {
    /// The lease.
    pub lease: Lease,
    /// The record of its site after the action.
    pub record: SiteRecord,
}

impl Actions {
    /// Takes a lease on each of these sites: on all of them or, when one refuses, on none.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`], [`ActionError::Protected`], [`ActionError::Invalid`] for a length or a text that
    /// cannot be.
    pub fn lease_take(&self, actor: &Actor, sites: &[SiteId], take: &Take) -> Result<Done<Vec<Leased>>, ActionError> {
        self.act(actor, |act| sites.iter().map(|site| act.lease_take(*site, take)).collect())
    }

    /// Puts the expiry of a lease off to `length` from now; also of one that has expired and stayed.
    ///
    /// # Errors
    /// [`ActionError::NoSuchLease`] when it is gone: ended by somebody, or lifted because it was not renewed in time.
    pub fn lease_renew(&self, actor: &Actor, id: LeaseId, length: SignedDuration) -> Result<Done<Leased>, ActionError> {
        self.act(actor, |act| act.lease_renew(id, length))
    }

    /// Ends a lease. `None` when it was gone already.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`].
    pub fn lease_end(&self, actor: &Actor, id: LeaseId) -> Result<Done<Option<Leased>>, ActionError> {
        self.act(actor, |act| act.lease_end(id))
    }

    /// Clears away leases that have gone by themselves before `before`, and notes it in the log. To be called now and
    /// then; they hold nothing any more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn lease_purge(&self, actor: &Actor, before: Timestamp) -> Result<Done<usize>, ActionError> {
        self.act(actor, |act| {
            let sites = act.writer.lease_sites_lifted(before)?;
            for site in &sites {
                let (stored, _) = act.record(*site)?;
                let mut after = stored.clone();
                after.leases.retain(|lease| lease.ends_at().is_none_or(|end| end > before));
                act.save(&stored, &after, "lease.lifted", None)?;
            }
            Ok(sites.len())
        })
    }
}

impl Act<'_, '_> {
    fn lease_take(&mut self, site: SiteId, take: &Take) -> Result<Leased, ActionError> {
        self.need_staff_of(site)?;
        let (before, _) = self.record(site)?;
        self.ask_if_protected(&before, take.typed_domains.as_deref())?;
        let text = take.message.as_deref().unwrap_or_default();
        let message =
            Message { language: take.language.clone(), body: text.to_owned(), ..Message::default() }.cleaned();
        let mut lease = Lease {
            id: LeaseId(0),
            name: take.name.clone(),
            started_by: self.actor.name.clone(),
            since: self.now,
            expires_at: self.expiry(take.length)?,
            on_expiry: take.on_expiry,
            messages: if text.is_empty() { Vec::new() } else { vec![message] },
        };
        check(&lease)?;
        lease.id = self.writer.lease_insert(site, &lease)?;
        let mut after = before.clone();
        after.leases.push(lease.clone());
        if let Some(deadline) = take.drain_until {
            after.drains.push(self.drain_of_lease(&lease, deadline)?);
        }
        let action = match (before.is_closed(self.now), take.drain_until) {
            (true, _) => "lease.taken",
            (false, Some(_)) => "drain.started",
            (false, None) => "maintenance.started",
        };
        self.save(&before, &after, action, None)?;
        Ok(Leased { lease, record: after })
    }

    fn lease_renew(&mut self, id: LeaseId, length: SignedDuration) -> Result<Leased, ActionError> {
        let (before, lease) = self.lease(id)?;
        if !lease.holds(self.now) {
            return Err(ActionError::NoSuchLease);
        }
        let lease = Lease { expires_at: self.expiry(length)?, ..lease };
        let mut after = before.clone();
        after.leases.iter_mut().filter(|other| other.id == id).for_each(|other| other.clone_from(&lease));
        self.save(&before, &after, "lease.renewed", None)?;
        Ok(Leased { lease, record: after })
    }

    fn lease_end(&mut self, id: LeaseId) -> Result<Option<Leased>, ActionError> {
        let (before, lease) = match self.lease(id) {
            Ok(found) => found,
            Err(ActionError::NoSuchLease) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut after = before.clone();
        after.leases.retain(|other| other.id != id);
        let opens = lease.holds(self.now) && !after.is_closed(self.now);
        self.save(&before, &after, if opens { "maintenance.ended" } else { "lease.ended" }, None)?;
        Ok(lease.holds(self.now).then_some(Leased { lease, record: after }))
    }

    fn lease(&mut self, id: LeaseId) -> Result<(SiteRecord, Lease), ActionError> {
        let site = self.writer.lease_site(id)?.ok_or(ActionError::NoSuchLease)?;
        self.need_staff_of(site)?;
        let (record, _) = self.record(site)?;
        let lease = record.leases.iter().find(|lease| lease.id == id).cloned();
        Ok((record, lease.ok_or(ActionError::NoSuchLease)?))
    }

    fn expiry(&self, length: SignedDuration) -> Result<Timestamp, ActionError> {
        let length = lease::check_length(length).map_err(|text| FieldErrors::of("lease", text))?;
        self.now.checked_add(length).map_err(|error| FieldErrors::of("lease", error).into())
    }
}

fn check(lease: &Lease) -> Result<(), ActionError> {
    let mut errors = FieldErrors::default();
    if lease.name.chars().count() > MAX_NAME_CHARS || lease.name.chars().any(char::is_control) {
        errors.add("name", format!("at most {MAX_NAME_CHARS} characters, and none that is invisible"));
    }
    for wrong in lease.messages.iter().filter_map(|message| message.validate().err()).flatten() {
        errors.add("message", wrong.error);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}
