//! What a person can do. Panel, command line and clock go through here, so three doors do the same thing.
//!
//! Each action checks who may, validates, writes, appends to the log and thereby bumps the revision, all in
//! one transaction. Nothing else writes what the gate decides by.

mod drain;
mod error;
mod lease;
mod login;
mod maintenance;
mod site;
mod transfer;
mod undo;
mod user;
mod visit;
mod window;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub use drain::{Drained, Knows, Settled};
pub use error::ActionError;
pub use lease::{Leased, Take};
pub(crate) use login::RightPassword;
pub use maintenance::{Start, Switched};
pub use site::{Save, Saved};
pub use transfer::Imported;
pub use undo::Undone;
pub(crate) use user::SETUP_SECRET;
pub use user::{PasswordHash, UserEdit};
pub use window::{ALL_SITES, Planned};

use crate::change::Revision;
use crate::clock;
use crate::record::{Difference, SiteRecord};
use crate::site::SiteId;
use crate::storage::{NewChange, Reader, Store, Writer};
use crate::user::{Rights, UserId};

/// Through which door somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The panel, in a browser.
    Panel,
    /// The command line, by somebody with a shell on the server.
    Cli,
    /// The one-time set-up link.
    Setup,
    /// The program itself.
    System,
}

impl Door {
    /// The word for it in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Cli => "cli",
            Self::Setup => "setup",
            Self::System => "system",
        }
    }
}

/// Who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Name as the log shows it: `ada`, `CLI, root@web1`.
    pub name: String,
    /// Through which door.
    pub door: Door,
    /// Client address, when it came over HTTP.
    pub address: Option<IpAddr>,
    /// A panel user, whose rights are read anew within the transaction; `None` is the operator of the
    /// machine, who may everything.
    pub user: Option<UserId>,
}

impl Actor {
    /// The operator of the machine, at a shell.
    pub fn operator(name: impl Into<String>) -> Self {
        Self { name: name.into(), door: Door::Cli, address: None, user: None }
    }

    /// This program by itself.
    pub fn system() -> Self {
        Self { name: "system".to_owned(), door: Door::System, address: None, user: None }
    }

    /// A user of the panel.
    pub fn panel(name: impl Into<String>, user: UserId, address: Option<IpAddr>) -> Self {
        Self { name: name.into(), door: Door::Panel, address, user: Some(user) }
    }
}

/// What an action made, and the revision from which it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Done<T> {
    /// What it made.
    pub value: T,
    /// The revision to wait for; the last one when nothing had to change.
    pub revision: Revision,
    /// The entries that it made in the log, in their order: what an undo takes back.
    pub changes: Vec<Revision>,
}

/// For so long after their last request people count as at work, where no setting says otherwise.
const DEFAULT_IDLE: SignedDuration = SignedDuration::from_mins(5);

/// The only way to change anything.
#[derive(Clone)]
pub struct Actions {
    store: Store,
    after_commit: Arc<dyn Fn() + Send + Sync>,
    visit_idle: SignedDuration,
}

impl Actions {
    /// Actions on a database. `after_commit` is called after each change, to wake whoever follows the log.
    pub fn new(store: Store, after_commit: impl Fn() + Send + Sync + 'static) -> Self {
        Self { store, after_commit: Arc::new(after_commit), visit_idle: DEFAULT_IDLE }
    }

    /// For so long after their last request people count as at work; five minutes unless it is said otherwise.
    #[must_use]
    pub fn with_visit_idle(self, visit_idle: SignedDuration) -> Self {
        Self { visit_idle, ..self }
    }

    /// For so long after their last request people count as at work.
    pub fn visit_idle(&self) -> SignedDuration {
        self.visit_idle
    }

    /// The database, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Runs one action: its own time, its own transaction, and a wake-up after the commit.
    fn act<T>(
        &self,
        actor: &Actor,
        work: impl FnOnce(&mut Act<'_, '_>) -> Result<T, ActionError>,
    ) -> Result<Done<T>, ActionError> {
        let done = self.store.write(|writer| {
            let rights = rights_of(actor, writer)?;
            let revision = writer.change_last()?;
            let (now, visit_idle) = (clock::now(), self.visit_idle);
            let mut act = Act { actor, rights, now, visit_idle, revision, changes: Vec::new(), writer };
            let value = work(&mut act)?;
            Ok::<_, ActionError>(Done { value, revision: act.revision, changes: act.changes })
        })?;
        (self.after_commit)();
        Ok(done)
    }
}

/// Rights within one action; everything for the operator of the machine.
fn rights_of(actor: &Actor, reader: &mut Reader<'_>) -> Result<Rights, ActionError> {
    let Some(id) = actor.user else {
        return Ok(Rights { is_active: true, is_staff: true, is_superuser: true, sites: None });
    };
    match reader.user(id)? {
        Some(user) => Ok(user.rights),
        None => Ok(Rights::default()),
    }
}

/// One action under way.
struct Act<'a, 'w> {
    actor: &'a Actor,
    rights: Rights,
    now: Timestamp,
    visit_idle: SignedDuration,
    revision: Revision,
    changes: Vec<Revision>,
    writer: &'a mut Writer<'w>,
}

impl Act<'_, '_> {
    fn need_superuser(&mut self) -> Result<(), ActionError> {
        if self.rights.superuser() { Ok(()) } else { Err(self.refused("a superuser", |user| user.superuser())?) }
    }

    fn need_staff_of(&mut self, site: SiteId) -> Result<(), ActionError> {
        if self.rights.staff_of(site) {
            return Ok(());
        }
        Err(self.refused("staff of this site", |user| user.staff_of(site))?)
    }

    /// The refusal, which names the role that is needed and who has it.
    fn refused(&mut self, needs: &'static str, has: impl Fn(&Rights) -> bool) -> Result<ActionError, ActionError> {
        let users = self.writer.user_list()?;
        let who = users.into_iter().filter(|user| has(&user.rights)).map(|user| user.username).take(5).collect();
        Ok(ActionError::NotAllowed { needs, who })
    }

    /// A site's record with its revision.
    fn record(&mut self, id: SiteId) -> Result<(SiteRecord, Revision), ActionError> {
        self.writer.record(id)?.ok_or(ActionError::NoSuchSite)
    }

    /// Appends to the log.
    fn log(&mut self, entry: Entry) -> Result<Revision, ActionError> {
        let object = |fields: Option<crate::record::Fields>| fields.map(Value::Object);
        self.revision = self.writer.change_append(&NewChange {
            at: self.now,
            site_id: entry.site,
            subject: entry.subject,
            actor: self.actor.name.clone(),
            door: self.actor.door.as_str(),
            address: self.actor.address.map(|address| address.to_string()),
            action: entry.action.to_owned(),
            before: object(entry.before),
            after: object(entry.after),
            undoes: entry.undoes,
        })?;
        self.changes.push(self.revision);
        Ok(self.revision)
    }

    /// Writes a changed record with its log entry. `None` when nothing differs: then nothing is written.
    fn save(
        &mut self,
        before: &SiteRecord,
        after: &SiteRecord,
        action: &'static str,
        undoes: Option<Revision>,
    ) -> Result<Option<Revision>, ActionError> {
        let mut after = Cow::Borrowed(after);
        if !after.drains.is_empty() {
            drain::forget_ended(after.to_mut(), self.now);
        }
        let Difference { before: old, after: new } = before.difference(&after);
        if old.is_empty() && new.is_empty() {
            return Ok(None);
        }
        let revision = self.log(Entry {
            site: Some(before.site.id),
            subject: after.site.domain.to_string(),
            action,
            before: Some(old),
            after: Some(new),
            undoes,
        })?;
        if after.site.is_default && !before.site.is_default {
            self.writer.site_clear_default(Some(before.site.id))?;
        }
        self.writer.record_update(before, &after, revision)?;
        Ok(Some(revision))
    }
}

/// An entry of the log, less what every entry has.
struct Entry {
    site: Option<SiteId>,
    subject: String,
    action: &'static str,
    before: Option<crate::record::Fields>,
    after: Option<crate::record::Fields>,
    undoes: Option<Revision>,
}
