//! One entry of the change log, which is also the feed that servers follow: its id is the revision.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::maintenance::Level;
use crate::site::SiteId;

/// Number of a change. Grows by commit order; every server says which one it enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub i64);

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The action of an entry that replaced all sites at once. Whoever follows the log reads everything again.
pub const CONFIG_IMPORTED: &str = "config.imported";

/// The action of an entry about a visit that somebody has ended. Nothing brings it back.
pub const VISIT_ENDED: &str = "visit.ended";

/// One change: who did what to which site, from where, and what it was before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its number, which is the revision it made.
    pub revision: Revision,
    /// When it was committed.
    pub at: Timestamp,
    /// The site it is about; `None` for users and sessions.
    pub site_id: Option<SiteId>,
    /// The site's domain at that time, or the user's name for changes about a user.
    pub subject: String,
    /// Who: a user name, `CLI, root@web1`, `setup`.
    pub actor: String,
    /// Through which door: `panel`, `cli`, `setup`, `system`.
    pub door: String,
    /// Client address, for changes that came over HTTP.
    pub address: Option<String>,
    /// What happened, as a stable word with a dot: `maintenance.started`, `site.edited`, `login.refused`.
    pub action: String,
    /// The touched fields as they were; `None` when there was nothing.
    pub before: Option<Value>,
    /// The touched fields as they became; `None` when nothing is left.
    pub after: Option<Value>,
    /// The change that this one takes back.
    pub undoes: Option<Revision>,
}

impl Change {
    /// What happened, as people read it: `Maintenance started`. A word that is not known here is shown as it is.
    pub fn title(&self) -> &str {
        match self.action.as_str() {
            "maintenance.started" if self.closes_for_writing() => "Closed for writing",
            "maintenance.started" => "Maintenance started",
            "maintenance.updated" => "Maintenance updated",
            "maintenance.ended" => "Maintenance ended",
            "drain.started" => "Draining started",
            "drain.moved" => "Deadline of the drain moved",
            "drain.cancelled" => "Drain cancelled, the site stays open",
            "drain.forced" => "Closed at once",
            "drain.emptied" => "Closed: nobody was left",
            "drain.expired" => "Closed at the deadline",
            "site.added" => "Site added",
            "site.edited" => "Site edited",
            "site.removed" => "Site removed",
            "window.added" => "Window added",
            "window.edited" => "Window edited",
            "window.removed" => "Window removed",
            "window.ended" => "Window ended early",
            "window.extended" => "Window extended",
            "window.skipped" => "Window skipped once",
            "lease.taken" => "Lease taken",
            "lease.renewed" => "Lease renewed",
            "lease.ended" => "Lease ended",
            "lease.lifted" => "Lease lifted",
            "user.added" => "User added",
            "user.edited" => "User edited",
            "user.removed" => "User removed",
            "user.password_changed" => "Password changed",
            "user.unlocked" => "Account unlocked",
            "session.ended" => "Session ended",
            VISIT_ENDED => "Session of the site ended",
            "login.accepted" => "Logged in",
            "login.refused" => "Log-in refused",
            "login.ended" => "Logged out",
            CONFIG_IMPORTED => "Configuration imported",
            other => other,
        }
    }

    /// Whether the box was ticked to close for writing only.
    fn closes_for_writing(&self) -> bool {
        let level = self.after.as_ref().and_then(|after| after.get("level"));
        level.and_then(Value::as_str) == Some(Level::ReadOnly.as_str())
    }

    /// Why nothing can take it back; `None` when something can.
    pub fn is_final_because(&self) -> Option<&'static str> {
        match self.action.as_str() {
            VISIT_ENDED => Some("nobody can be signed in again by it"),
            "drain.emptied" => Some("nobody is left to wait for"),
            "drain.expired" => Some("its deadline has passed"),
            _ => None,
        }
    }

    /// Whether it touched anything of its site but leases, windows, what became of their times, and drains.
    pub fn is_of_the_record(&self) -> bool {
        let is_planned = |name: &String| {
            name.starts_with("lease ") || name.starts_with("window ") || name == "exceptions" || name == "drains"
        };
        let sides = [&self.before, &self.after].map(|side| side.as_ref().and_then(Value::as_object));
        // A site that was added or removed is touched as a whole.
        self.action != VISIT_ENDED
            && (sides.iter().any(Option::is_none)
                || sides.into_iter().flatten().any(|fields| fields.keys().any(|name| !is_planned(name))))
    }

    /// Whether it is about windows of all sites, which belong to no single one.
    pub fn is_of_all_sites(&self) -> bool {
        self.site_id.is_none() && self.action.starts_with("window.")
    }

    /// Whether it is about something that was not allowed.
    pub fn is_refusal(&self) -> bool {
        self.action.ends_with(".refused")
    }
}
