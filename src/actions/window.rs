//! Windows of one site or of all: added, changed, removed, and what becomes of one of their times.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Act, ActionError, Actions, Actor, Done, Entry};
use crate::change::Revision;
use crate::record::{Difference, SiteRecord, window_difference};
use crate::site::SiteId;
use crate::window::{Exception, Window, WindowId};

/// A window after an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The window, as it is or as it was.
    pub window: Window,
    /// Its site; `None` means all of them.
    pub site: Option<SiteId>,
}

/// Exceptions of times that were over for so long are dropped when a window is written: the log has them.
const KEEP_EXCEPTIONS: SignedDuration = SignedDuration::from_hours(24 * 90);

impl Actions {
    /// Adds a window, to one site or to all.
    ///
    /// # Errors
    /// [`ActionError::Invalid`] by field, [`ActionError::NotAllowed`]: staff of the site, or a superuser for all.
    pub fn window_add(
        &self,
        actor: &Actor,
        site: Option<SiteId>,
        window: &Window,
    ) -> Result<Done<Planned>, ActionError> {
        self.act(actor, |act| act.window_add(site, window))
    }

    /// Adds several windows, each to one site or, with `None`, to all sites: all of them or, when one is refused, none.
    ///
    /// # Errors
    /// As [`Actions::window_add`].
    pub fn window_add_some(
        &self,
        actor: &Actor,
        windows: &[(Option<SiteId>, Window)],
    ) -> Result<Done<Vec<Planned>>, ActionError> {
        self.act(actor, |act| windows.iter().map(|(site, window)| act.window_add(*site, window)).collect())
    }

    /// Changes a window.
    ///
    /// # Errors
    /// [`ActionError::NoSuchWindow`], and as [`Actions::window_add`].
    pub fn window_edit(
        &self,
        actor: &Actor,
        id: WindowId,
        edit: impl FnOnce(&mut Window) -> Result<(), ActionError>,
    ) -> Result<Done<Planned>, ActionError> {
        self.act(actor, |act| {
            let (owner, mut window) = act.window(id)?;
            edit(&mut window)?;
            check(&window)?;
            act.window_save(&owner, owner.windows_with(&window), "window.edited")?;
            Ok(Planned { window, site: owner.site() })
        })
    }

    /// Removes a window. A site that it holds closed opens, if nothing else holds it.
    ///
    /// # Errors
    /// [`ActionError::NoSuchWindow`], [`ActionError::NotAllowed`].
    pub fn window_remove(&self, actor: &Actor, id: WindowId) -> Result<Done<Planned>, ActionError> {
        self.act(actor, |act| {
            let (owner, window) = act.window(id)?;
            act.window_save(&owner, owner.windows_without(id), "window.removed")?;
            Ok(Planned { window, site: owner.site() })
        })
    }

    /// Ends the time that runs now.
    ///
    /// # Errors
    /// [`ActionError::NotRunning`], [`ActionError::NoSuchWindow`], [`ActionError::NotAllowed`].
    pub fn window_end(&self, actor: &Actor, id: WindowId) -> Result<Done<Planned>, ActionError> {
        self.act(actor, |act| {
            let now = act.now;
            act.window_except(id, "window.ended", |window| {
                let running = window.at(now).ok_or(ActionError::NotRunning)?;
                Ok((running.starts_at, now))
            })
        })
    }

    /// Puts off the end of the time that runs now, or else of the next one. One without an end is left as it is.
    ///
    /// # Errors
    /// [`ActionError::NotRunning`] when there is none with an end, [`ActionError::NoSuchWindow`],
    /// [`ActionError::NotAllowed`].
    pub fn window_extend(&self, actor: &Actor, id: WindowId, by: SignedDuration) -> Result<Done<Planned>, ActionError> {
        self.act(actor, |act| {
            let now = act.now;
            act.window_except(id, "window.extended", |window| {
                let calendar = window.calendar().map_err(|_| ActionError::NotRunning)?;
                let next = window.after(&calendar, now).next().ok_or(ActionError::NotRunning)?;
                let end = next.ends_at.ok_or(ActionError::NotRunning)?;
                Ok((next.starts_at, end.checked_add(by).map_err(|_| ActionError::NotRunning)?))
            })
        })
    }

    /// Leaves out one time: the one that begins at `starts_at`, or the next one that has not begun.
    ///
    /// # Errors
    /// [`ActionError::NotRunning`] when there is no such time, [`ActionError::NoSuchWindow`],
    /// [`ActionError::NotAllowed`].
    pub fn window_skip(
        &self,
        actor: &Actor,
        id: WindowId,
        starts_at: Option<Timestamp>,
    ) -> Result<Done<Planned>, ActionError> {
        self.act(actor, |act| {
            let now = act.now;
            act.window_except(id, "window.skipped", |window| {
                let calendar = window.calendar().map_err(|_| ActionError::NotRunning)?;
                let mut ahead = window.after(&calendar, now).filter(|time| time.starts_at > now);
                let found = match starts_at {
                    Some(wanted) => ahead.find(|time| time.starts_at >= wanted).filter(|time| time.starts_at == wanted),
                    None => ahead.next(),
                };
                let starts_at = found.ok_or(ActionError::NotRunning)?.starts_at;
                Ok((starts_at, starts_at))
            })
        })
    }
}

/// Whom a window belongs to, as stored before the action.
enum Owner {
    Site(Box<SiteRecord>),
    All(Arc<[Window]>),
}

impl Owner {
    fn site(&self) -> Option<SiteId> {
        match self {
            Self::Site(record) => Some(record.site.id),
            Self::All(_) => None,
        }
    }

    fn windows(&self) -> &[Window] {
        match self {
            Self::Site(record) => &record.windows,
            Self::All(windows) => windows,
        }
    }

    /// The windows with this one in place of the one of the same number.
    fn windows_with(&self, window: &Window) -> Vec<Window> {
        let mut windows = self.windows_without(window.id);
        windows.push(window.clone());
        windows.sort_by_key(|window| window.id);
        windows
    }

    fn windows_without(&self, id: WindowId) -> Vec<Window> {
        self.windows().iter().filter(|window| window.id != id).cloned().collect()
    }
}

impl Act<'_, '_> {
    fn window_add(&mut self, site: Option<SiteId>, window: &Window) -> Result<Planned, ActionError> {
        let owner = self.window_owner(site)?;
        check(window)?;
        let mut window = window.clone();
        // Inserted for its number, then written with its entry in the log as any other.
        window.id = self.writer.window_insert(site, &window)?;
        self.window_save(&owner, owner.windows_with(&window), "window.added")?;
        Ok(Planned { window, site })
    }

    /// The owner of new windows, if the actor may give it one.
    fn window_owner(&mut self, site: Option<SiteId>) -> Result<Owner, ActionError> {
        match site {
            Some(site) => {
                self.need_staff_of(site)?;
                Ok(Owner::Site(Box::new(self.record(site)?.0)))
            }
            None => {
                self.need_superuser()?;
                Ok(Owner::All(self.writer.window_shared()?))
            }
        }
    }

    fn window(&mut self, id: WindowId) -> Result<(Owner, Window), ActionError> {
        let site = self.writer.window_site(id)?.ok_or(ActionError::NoSuchWindow)?;
        let owner = self.window_owner(site)?;
        let window = owner.windows().iter().find(|window| window.id == id).cloned();
        Ok((owner, window.ok_or(ActionError::NoSuchWindow)?))
    }

    fn window_except(
        &mut self,
        id: WindowId,
        action: &'static str,
        choose: impl FnOnce(&Window) -> Result<(Timestamp, Timestamp), ActionError>,
    ) -> Result<Planned, ActionError> {
        let (owner, mut window) = self.window(id)?;
        let (starts_at, ends_at) = choose(&window)?;
        let old = self.now - KEEP_EXCEPTIONS;
        window.exceptions.retain(|_, exception| exception.ends_at >= old);
        window.exceptions.insert(starts_at, Exception { ends_at });
        self.window_save(&owner, owner.windows_with(&window), action)?;
        Ok(Planned { window, site: owner.site() })
    }

    fn window_save(&mut self, owner: &Owner, windows: Vec<Window>, action: &'static str) -> Result<(), ActionError> {
        match owner {
            Owner::All(before) => self.window_save_shared(before, &windows, action, None),
            Owner::Site(before) => {
                let after = SiteRecord { windows, ..(**before).clone() };
                self.save(before, &after, action, None).map(drop)
            }
        }
    }

    /// Writes the windows of all sites with an entry that is about no single site.
    pub(super) fn window_save_shared(
        &mut self,
        before: &[Window],
        after: &[Window],
        action: &'static str,
        undoes: Option<Revision>,
    ) -> Result<(), ActionError> {
        let difference = window_difference(before, after);
        if difference.is_empty() {
            return Ok(());
        }
        let Difference { before: old, after: new } = difference;
        self.log(Entry {
            site: None,
            subject: ALL_SITES.to_owned(),
            action,
            before: Some(old),
            after: Some(new),
            undoes,
        })?;
        self.writer.window_update_shared(before, after)?;
        Ok(())
    }
}

/// What an entry of the log is about that concerns windows of all sites.
pub const ALL_SITES: &str = "all sites";

fn check(window: &Window) -> Result<(), ActionError> {
    let errors = window.check();
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}
