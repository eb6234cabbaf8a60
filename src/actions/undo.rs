//! Takes a change back: a new entry puts the touched fields back as they were, and erases nothing.

use serde_json::Value;

use super::{Act, ActionError, Actions, Actor, Done};
use crate::change::{Change, Revision};
use crate::maintenance::Phase;
use crate::record::{Fields, SiteRecord, windows_with};
use crate::site::SiteId;

/// What an undo put back.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// The change that was taken back.
    pub change: Change,
    /// The site's record now; `None` when the undo removed the site again.
    pub record: Option<SiteRecord>,
}

/// What may be put back over.
#[derive(Clone, Copy)]
enum Over {
    /// Nothing that has changed again since.
    Nothing,
    /// Anything.
    Anything,
    /// What was known when it was confirmed: changes up to `seen`, and the action's own, which are after `start`.
    Seen { seen: Revision, start: Revision },
}

impl Over {
    /// Whether a site that was last changed at this revision may be put back.
    fn allows(self, changed_at: Revision) -> bool {
        match self {
            Self::Nothing => false,
            Self::Anything => true,
            Self::Seen { seen, start } => changed_at <= seen || changed_at > start,
        }
    }
}

impl Actions {
    /// Takes back one change of a site.
    ///
    /// # Errors
    /// [`ActionError::ChangedSince`] when a touched field has changed again, unless `anyway`;
    /// [`ActionError::CannotUndo`] for changes of users and sessions; [`ActionError::NotAllowed`].
    pub fn undo(&self, actor: &Actor, revision: Revision, anyway: bool) -> Result<Done<Undone>, ActionError> {
        let over = if anyway { Over::Anything } else { Over::Nothing };
        self.act(actor, |act| act.undo(revision, over))
    }

    /// Takes back several changes, in this order, so the newest belongs first: all of them or, when one refuses,
    /// none. `seen` is the last revision that was known to whoever confirmed to put back older values over newer
    /// ones.
    ///
    /// # Errors
    /// As [`Actions::undo`].
    pub fn undo_all(
        &self,
        actor: &Actor,
        revisions: &[Revision],
        seen: Option<Revision>,
    ) -> Result<Done<Vec<Undone>>, ActionError> {
        self.act(actor, |act| {
            let over = seen.map_or(Over::Nothing, |seen| Over::Seen { seen, start: act.revision });
            revisions.iter().map(|revision| act.undo(*revision, over)).collect()
        })
    }
}

impl Act<'_, '_> {
    fn undo(&mut self, revision: Revision, over: Over) -> Result<Undone, ActionError> {
        let change = self.writer.change(revision)?.ok_or(ActionError::NoSuchChange)?;
        if change.is_of_all_sites() {
            return self.put_back_shared(change, over);
        }
        if let Some(reason) = change.is_final_because() {
            return Err(ActionError::CannotUndo { reason });
        }
        let site = change.site_id.ok_or(ActionError::CannotUndo { reason: "it is not about a site" })?;
        self.need_same_sites(revision)?;
        let record = match (&change.before, &change.after) {
            (Some(before), Some(after)) => Some(self.put_back(&change, site, fields(before)?, fields(after)?, over)?),
            (Some(before), None) => Some(self.bring_back(&change, fields(before)?)?),
            (None, Some(_)) => self.take_away(&change, site)?,
            (None, None) => return Err(ActionError::CannotUndo { reason: "it changed nothing of a site" }),
        };
        Ok(Undone { change, record })
    }

    /// Refuses a change from before an import, since when the id may be another site's.
    fn need_same_sites(&mut self, revision: Revision) -> Result<(), ActionError> {
        match self.writer.change_import_after(revision)? {
            Some(_) => Err(ActionError::CannotUndo { reason: "the whole configuration was imported since" }),
            None => Ok(()),
        }
    }

    /// Lays the windows of all sites back to what they were.
    fn put_back_shared(&mut self, change: Change, over: Over) -> Result<Undone, ActionError> {
        self.need_superuser()?;
        let (Some(before), Some(after)) = (&change.before, &change.after) else {
            return Err(ActionError::CannotUndo { reason: "its entry in the log is incomplete" });
        };
        let current = self.writer.window_shared()?;
        let is_as_it_became = windows_with(&current, fields(after)?).is_ok_and(|windows| *windows == *current);
        if !is_as_it_became && matches!(over, Over::Nothing) {
            return Err(ActionError::CannotUndo { reason: "the window has changed again since" });
        }
        let unreadable = "it was written by another version of this program";
        let restored =
            windows_with(&current, fields(before)?).map_err(|_| ActionError::CannotUndo { reason: unreadable })?;
        self.window_save_shared(&current, &restored, "window.edited", Some(change.revision))?;
        Ok(Undone { change, record: None })
    }

    /// Puts the fields of an edit back.
    fn put_back(
        &mut self,
        change: &Change,
        site: SiteId,
        before: &Fields,
        after: &Fields,
        over: Over,
    ) -> Result<SiteRecord, ActionError> {
        self.need_staff_of(site)?;
        let (current, changed_at) = self.record(site)?;
        let changed_since = current.fields_unlike(after);
        if !changed_since.is_empty() && !over.allows(changed_at) {
            return Err(ActionError::ChangedSince { fields: changed_since, current: Box::new(current) });
        }
        let unreadable = "it was written by another version of this program";
        let restored = current.with(before).map_err(|_| ActionError::CannotUndo { reason: unreadable })?;
        if restored.site != current.site {
            self.need_superuser()?;
        }
        self.check(&restored, Some(site))?;
        let phase = |record: &SiteRecord| record.causes().standing(self.now).phase();
        let action = match (phase(&current), phase(&restored)) {
            (Phase::Draining, Phase::Draining) if current.drains != restored.drains => "drain.moved",
            (Phase::Open | Phase::Maintenance, Phase::Draining) => "drain.started",
            (Phase::Draining, Phase::Open) => "drain.cancelled",
            (Phase::Open, Phase::Maintenance) => "maintenance.started",
            (Phase::Maintenance, Phase::Open) => "maintenance.ended",
            _ if before.keys().all(|name| name.starts_with("window ")) => "window.edited",
            _ => "site.edited",
        };
        self.save(&current, &restored, action, Some(change.revision))?;
        Ok(restored)
    }

    /// Adds a removed site again, under its old number.
    fn bring_back(&mut self, change: &Change, before: &Fields) -> Result<SiteRecord, ActionError> {
        self.need_superuser()?;
        let unreadable = "it was written by another version of this program";
        let record: SiteRecord = serde_json::from_value(Value::Object(before.clone()))
            .map_err(|_| ActionError::CannotUndo { reason: unreadable })?;
        if self.writer.record(record.site.id)?.is_some() {
            return Err(ActionError::CannotUndo { reason: "the site is there again" });
        }
        self.check(&record, None)?;
        self.insert(record, "site.added", Some(change.revision), true)
    }

    /// Removes a site that was added, as long as nothing was done with it.
    fn take_away(&mut self, change: &Change, site: SiteId) -> Result<Option<SiteRecord>, ActionError> {
        self.need_superuser()?;
        let (record, revision) = self.record(site)?;
        if revision != change.revision {
            return Err(ActionError::CannotUndo { reason: "the site was changed since; remove it instead" });
        }
        self.remove(&record, "site.removed", Some(change.revision))?;
        Ok(None)
    }
}

fn fields(value: &Value) -> Result<&Fields, ActionError> {
    value.as_object().ok_or(ActionError::CannotUndo { reason: "its entry in the log is incomplete" })
}
