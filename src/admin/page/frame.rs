//! What every panel page shows around its own content: links, the strip of closed sites, the message of the last
//! action.

use serde::{Deserialize, Serialize};

use super::{CauseRow, Moment, Status};
use crate::user::{Rights, Theme};

/// Everything around the content of a page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Frame {
    /// Address of the panel, with a slash at both ends: `/admin/`. Every address on a page begins with it.
    pub base: String,
    /// Address of the style sheet and the script, with a slash at the end.
    pub assets: String,
    /// Token that every form sends as `csrf`.
    pub csrf: String,
    /// Light or dark.
    pub theme: Theme,
    /// Whether the keys `/`, `g s`, `g h` and `?` are on for this user.
    pub has_shortcuts: bool,
    /// Main links; empty while nobody is logged in.
    pub nav: Vec<NavLink>,
    /// Name of the user who is logged in.
    pub user: Option<String>,
    /// Whether the page is the user's own account.
    pub is_account: bool,
    /// The sites that are in maintenance or draining; `None` when there are none, or nobody is logged in.
    pub strip: Option<Strip>,
    /// A sentence about the panel's own state: the database does not answer, a template is broken.
    pub notice: Option<String>,
    /// What the last action did.
    pub flash: Option<Flash>,
}

/// A part of the panel that has a main link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The sites: home.
    Sites,
    /// Windows.
    Schedule,
    /// The change log.
    History,
    /// The servers that decide by the shared state.
    Servers,
    /// People and roles; for superusers.
    Users,
    /// The settings in force; for superusers.
    Settings,
}

/// A main link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NavLink {
    /// What is read.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether the page belongs to it.
    pub is_current: bool,
}

impl NavLink {
    /// The main links that these rights may use, under `base`.
    pub fn all(base: &str, rights: &Rights, current: Option<Section>) -> Vec<Self> {
        let link = |section, label, path: &str| Self {
            label,
            href: format!("{base}{path}"),
            is_current: current == Some(section),
        };
        let mut links = Vec::new();
        if rights.panel() {
            links.push(link(Section::Sites, "Sites", ""));
            links.push(link(Section::Schedule, "Schedule", "schedule/"));
            links.push(link(Section::History, "History", "history/"));
            links.push(link(Section::Servers, "Servers", "servers/"));
        }
        if rights.superuser() {
            links.push(link(Section::Users, "Users", "users/"));
            links.push(link(Section::Settings, "Settings", "settings/"));
        }
        links
    }
}

/// The strip that names the sites that are in maintenance or draining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Strip {
    /// What they are, with their numbers: `3 of 20 sites in maintenance, 1 closed for writing, 1 draining`.
    pub heading: String,
    /// The gravest of what they are.
    pub status: Status,
    /// The closed sites, overdue first, then those in maintenance, those closed for writing only, those that drain; the
    /// longest first, at most six.
    pub sites: Vec<StripSite>,
    /// How many are not named.
    pub more: usize,
    /// The list of those.
    pub more_href: String,
    /// Whether something else than a box holds one of these sites: then every cause is listed with its own *End*.
    pub has_causes: bool,
    /// Said when a site has been closed for more than 24 hours.
    pub warning: Option<String>,
}

/// A closed site on the strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StripSite {
    /// Its domain.
    pub domain: String,
    /// Its page, or that of its drain.
    pub href: String,
    /// Whether it is closed for writing only.
    pub is_read_only: bool,
    /// While it drains, when it closes and who is left, to go on after its name: `closes at 14:32 UTC, 5 sessions left`.
    pub draining: Option<String>,
    /// Since when.
    pub since: Option<Moment>,
    /// How long, in words; empty when the beginning is unknown.
    pub lasted: String,
    /// How long the expected end has passed.
    pub overdue: Option<String>,
    /// Who started it.
    pub by: Option<String>,
    /// What holds it closed.
    pub causes: Vec<CauseRow>,
}

/// How a message of an action looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlashLevel {
    /// Done.
    #[default]
    Done,
    /// Nothing changed, or something is to be known.
    Note,
    /// Refused.
    Error,
}

/// What the last action did. Stays until the next page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flash {
    /// How it looks.
    pub level: FlashLevel,
    /// What happened, first sentence; it also begins the title of the page.
    pub text: String,
    /// What follows from it: `Visitors get the 503 page.`
    pub detail: String,
    /// Revisions that *Undo* takes back; empty without *Undo*.
    pub undo: Vec<i64>,
    /// Where *Undo* comes back to: a path under the panel's base with its query; empty for the sites.
    pub back: String,
    /// What one may want to do next.
    pub links: Vec<Link>,
}

/// A link with its words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Link {
    /// What is read.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_a_role_may_not_use_are_absent() {
        let labels = |rights: &Rights| -> Vec<_> {
            NavLink::all("/admin/", rights, None).into_iter().map(|link| link.label).collect()
        };
        let staff = Rights { is_active: true, is_staff: true, ..Rights::default() };
        let superuser = Rights { is_superuser: true, ..staff.clone() };
        assert_eq!(labels(&superuser), ["Sites", "Schedule", "History", "Servers", "Users", "Settings"]);
        assert_eq!(labels(&staff), ["Sites", "Schedule", "History", "Servers"]);
        assert!(labels(&Rights::default()).is_empty());
        assert!(labels(&Rights { is_active: false, ..superuser }).is_empty());
    }
}
