//! Adds, edits and removes sites.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::maintenance::{begin, end, end_cause};
use super::{Act, ActionError, Actions, Actor, Done, Entry};
use crate::change::Revision;
use crate::field::FieldErrors;
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// How an edited record is saved.
#[derive(Debug, Clone, Default)]
pub struct Save {
    /// The revision that the record was read at; a save over a later one is refused. `None` saves anyway.
    pub read_at: Option<Revision>,
    /// Warnings that were confirmed, by id.
    pub confirmed: BTreeSet<String>,
    /// Skips all warnings.
    pub confirm_all: bool,
    /// Domain typed to confirm a start on a protected site. Empty asks; `None` skips the question.
    pub typed_domain: Option<String>,
    /// When the box is ticked by this save: until when those at work may finish at the latest. `None` closes at once.
    pub drain_until: Option<Timestamp>,
    /// Whether a save that unticks the box also ends every window and lease that holds the site closed.
    pub ends_others: bool,
}

/// What saving came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The record as it is now.
    pub record: SiteRecord,
    /// The change; `None` when nothing differed.
    pub change: Option<Revision>,
}

impl Actions {
    /// Adds a site with its record. The first site is the default one.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] but for superusers; [`ActionError::Invalid`], also when a name is taken.
    pub fn site_add(&self, actor: &Actor, record: &SiteRecord) -> Result<Done<SiteRecord>, ActionError> {
        self.act(actor, |act| {
            act.need_superuser()?;
            act.check(record, None)?;
            let mut record = record.clone();
            record.site.is_default |= act.writer.site_count()? == 0;
            act.insert(record, "site.added", None, false)
        })
    }

    /// Saves a record that was edited as a whole, as the panel's form does.
    ///
    /// The times and the name of whoever started maintenance are kept by this action, not by the form. Leases and
    /// windows are no part of it: they stay as they are stored, unless the save ends them.
    ///
    /// # Errors
    /// [`ActionError::Stale`] when somebody saved it meanwhile, [`ActionError::Invalid`],
    /// [`ActionError::Unconfirmed`], [`ActionError::Protected`], [`ActionError::NotAllowed`].
    pub fn record_save(&self, actor: &Actor, edited: &SiteRecord, save: &Save) -> Result<Done<Saved>, ActionError> {
        self.act(actor, |act| {
            let (stored, _) = act.record(edited.site.id)?;
            let SiteRecord { leases, windows, exceptions, drains, shared, .. } = stored;
            act.save_edited(SiteRecord { leases, windows, exceptions, drains, shared, ..edited.clone() }, save)
        })
    }

    /// Changes a record by `edit`, as the commands do: read, edit, check and written in one transaction.
    ///
    /// # Errors
    /// As [`Actions::record_save`], and whatever `edit` refuses.
    pub fn record_edit(
        &self,
        actor: &Actor,
        site: SiteId,
        save: &Save,
        edit: impl FnOnce(&mut SiteRecord) -> Result<(), ActionError>,
    ) -> Result<Done<Saved>, ActionError> {
        self.act(actor, |act| {
            let (mut record, _) = act.record(site)?;
            edit(&mut record)?;
            act.save_edited(record, save)
        })
    }

    /// Removes a site with everything that hangs on it; the log keeps it, so that it can be put back.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] but for superusers, [`ActionError::NoSuchSite`].
    pub fn site_remove(&self, actor: &Actor, site: SiteId) -> Result<Done<SiteRecord>, ActionError> {
        self.act(actor, |act| {
            act.need_superuser()?;
            let (record, _) = act.record(site)?;
            act.remove(&record, "site.removed", None)?;
            Ok(record)
        })
    }
}

impl Act<'_, '_> {
    fn save_edited(&mut self, mut edited: SiteRecord, save: &Save) -> Result<Saved, ActionError> {
        let site = edited.site.id;
        self.need_staff_of(site)?;
        let (stored, revision) = self.record(site)?;
        self.keep_times(&stored, &mut edited)?;
        let starts = edited.maintenance.box_holds(self.now) && !stored.maintenance.box_holds(self.now);
        if let Some(deadline) = save.drain_until.filter(|_| starts) {
            self.drain_box(&stored, &mut edited, deadline)?;
        }
        if save.ends_others && !edited.maintenance.in_maintenance {
            for cause in edited.causes().at(self.now) {
                end_cause(&mut edited, &cause, self.now);
            }
        }
        if stored.difference(&edited).is_empty() {
            return Ok(Saved { record: stored, change: None });
        }
        if let Some(read_at) = save.read_at.filter(|read_at| *read_at < revision) {
            let edits = self.writer.change_edits_since(site, read_at)?;
            if let Some(last) = edits.into_iter().next() {
                return Err(ActionError::Stale { current: Box::new(stored), last: Some(Box::new(last)) });
            }
        }
        if stored.site != edited.site {
            self.need_superuser()?;
        }
        self.check(&edited, Some(site))?;
        self.ask(&stored, &edited, save)?;
        let was_draining = || stored.causes().standing(self.now).phase() == Phase::Draining;
        let action = match (stored.maintenance.box_holds(self.now), edited.maintenance.box_holds(self.now)) {
            (false, true) if stored.drains != edited.drains => "drain.started",
            (false, true) => "maintenance.started",
            (true, false) if edited.is_closed(self.now) => "maintenance.updated",
            (true, false) if was_draining() => "drain.cancelled",
            (true, false) => "maintenance.ended",
            _ => "site.edited",
        };
        let change = self.save(&stored, &edited, action, None)?;
        Ok(Saved { record: edited, change })
    }

    /// Since when and by whom is not typed but known; what belongs to an ended maintenance is forgotten.
    fn keep_times(&self, stored: &SiteRecord, edited: &mut SiteRecord) -> Result<(), ActionError> {
        let was = &stored.maintenance;
        let is = &mut edited.maintenance;
        if is == was {
            // Also a box that has opened by itself at its end: what is edited is something else.
            return Ok(());
        }
        if !is.in_maintenance {
            end(is);
            return Ok(());
        }
        let (expected_end, at_end, level) = (is.expected_end, is.at_end, is.level);
        if was.box_holds(self.now) {
            is.since = was.since;
            is.started_by.clone_from(&was.started_by);
        } else {
            begin(is, self.now, &self.actor.name);
            is.expected_end = expected_end;
            is.at_end = at_end;
            is.level = level;
        }
        let is_new = expected_end != was.expected_end || !was.box_holds(self.now);
        if is_new && expected_end.is_some_and(|end| end <= self.now) {
            return Err(FieldErrors::of("expected_end", "lies in the past").into());
        }
        Ok(())
    }

    /// What is wrong with a record, also against the names of other sites.
    pub(super) fn check(&mut self, record: &SiteRecord, own: Option<SiteId>) -> Result<(), ActionError> {
        let mut errors = record.check();
        let names = std::iter::once(("domain", record.site.domain.to_string()))
            .chain(record.site.aliases.iter().map(|alias| ("aliases", alias.to_string())));
        for (field, name) in names {
            if let Some(holder) = self.writer.site_holding(&name)?
                && Some(holder) != own
            {
                errors.add(field, format!("{name} belongs to another site already"));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
    }

    /// Asks for what must be confirmed.
    fn ask(&mut self, stored: &SiteRecord, edited: &SiteRecord, save: &Save) -> Result<(), ActionError> {
        let starts = edited.maintenance.box_holds(self.now) && !stored.maintenance.box_holds(self.now);
        let is_typed = |typed: &String| stored.site.domain.is_meant_by(typed);
        if starts && stored.site.is_protected && !save.typed_domain.as_ref().is_none_or(is_typed) {
            return Err(ActionError::Protected { domain: stored.site.domain.to_string() });
        }
        let warnings = edited.warnings(Some(stored), &save.confirmed);
        if warnings.is_empty() || save.confirm_all { Ok(()) } else { Err(ActionError::Unconfirmed(warnings)) }
    }

    pub(super) fn insert(
        &mut self,
        mut record: SiteRecord,
        action: &'static str,
        undoes: Option<Revision>,
        keep_id: bool,
    ) -> Result<SiteRecord, ActionError> {
        if record.site.is_default {
            self.writer.site_clear_default(None)?;
        }
        // The log entry needs the id and the row needs the revision: the row is marked right after.
        record.site.id = self.writer.record_insert(&record, self.revision, keep_id)?;
        let revision = self.log(Entry {
            site: Some(record.site.id),
            subject: record.site.domain.to_string(),
            action,
            before: None,
            after: Some(record.fields()),
            undoes,
        })?;
        self.writer.record_update(&record, &record, revision)?;
        Ok(record)
    }

    pub(super) fn remove(
        &mut self,
        record: &SiteRecord,
        action: &'static str,
        undoes: Option<Revision>,
    ) -> Result<Revision, ActionError> {
        self.writer.site_delete(record.site.id)?;
        self.log(Entry {
            site: Some(record.site.id),
            subject: record.site.domain.to_string(),
            action,
            before: Some(record.fields()),
            after: None,
            undoes,
        })
    }
}
