//! The list of sites, and the form for a site's own settings.

use serde::Serialize;

use super::{Conflict, Field, FieldError, Link, Moment, Page, Seen, ServersSummary};
use crate::cause::Standing;
use crate::maintenance::{Level, Phase};

/// The status of a site: a shape and a word, never colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Names the shape and the colour: `open`, `scheduled`, `draining`, `maintenance`.
    pub kind: &'static str,
    /// The word: `Open`, `Scheduled`, `Draining`, `In maintenance`, `Closed for writing`.
    pub word: &'static str,
}

impl Status {
    /// An open site with a window ahead.
    pub const SCHEDULED: Self = Self { kind: "scheduled", word: "Scheduled" };
    /// Visitors were told beforehand of what the site does now.
    pub const ANNOUNCED: Self = Self { kind: "scheduled", word: "Announced" };

    /// A site that is closed so far.
    pub fn closed(level: Level) -> Self {
        match level {
            Level::Full => Phase::Maintenance.into(),
            Level::ReadOnly => Self { word: "Closed for writing", ..Phase::Maintenance.into() },
        }
    }
}

impl From<&Standing> for Status {
    fn from(standing: &Standing) -> Self {
        match standing.phase() {
            Phase::Maintenance => Self::closed(standing.level().unwrap_or_default()),
            other => other.into(),
        }
    }
}

impl From<Phase> for Status {
    fn from(phase: Phase) -> Self {
        let (kind, word) = match phase {
            Phase::Open => ("open", "Open"),
            Phase::Draining => ("draining", "Draining"),
            Phase::Maintenance => ("maintenance", "In maintenance"),
        };
        Self { kind, word }
    }
}

/// The list of sites: home of the panel.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SitesPage {
    /// Words searched for; empty shows all.
    pub query: String,
    /// Filter in force as sent in `status`: empty, `maintenance`, `read-only`, `draining`, `scheduled`.
    pub filter: String,
    /// Filters with their counts; the words include the count.
    pub filters: Vec<FilterLink>,
    /// How many sites the user has.
    pub total: usize,
    /// What was found: `1 of 20 sites matches “forum”.` Takes the focus.
    pub result: Option<String>,
    /// This page's rows: overdue, in maintenance, closed for writing, draining, scheduled, open; then by name. At most 50.
    pub rows: Vec<SiteRow>,
    /// Whether the rows have boxes and the bar for several is shown.
    pub is_selecting: bool,
    /// The same list with boxes, or, while selecting, without.
    pub select_href: String,
    /// This list as a path under the panel's base with its query, to come back to: `?q=forum`.
    pub back: String,
    /// Address of this list for the script that follows it.
    pub live_href: String,
    /// Address of this list with every box ticked; `None` when there are no boxes or all are ticked.
    pub all_href: Option<String>,
    /// More pages; `None` when one holds all.
    pub pager: Option<Pager>,
    /// How the servers stand, when there are several or one is behind.
    pub servers: Option<ServersSummary>,
    /// Whether the user may add a site.
    pub may_add: bool,
    /// How the user is seen, and whether the rules would keep the user out.
    pub seen: Option<Seen>,
}

impl Page for SitesPage {
    const TEMPLATE: &'static str = "admin/sites/list.html";
}

/// A filter above a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterLink {
    /// What is read: `In maintenance`.
    pub label: String,
    /// How many it shows.
    pub count: usize,
    /// Where it leads; keeps the search.
    pub href: String,
    /// Whether it is in force.
    pub is_current: bool,
}

/// One site of the list.
#[derive(Debug, Clone, Serialize)]
pub struct SiteRow {
    /// Its key.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// Its name; empty when it is the same as the domain.
    pub name: String,
    /// What it is doing.
    pub status: Status,
    /// Since when it has been closed.
    pub since: Option<Moment>,
    /// When a window begins next, on an open site.
    pub next: Option<Moment>,
    /// While it drains, when it closes at the latest.
    pub closes_at: Option<Moment>,
    /// Who closed it; `by window-12 “Database upgrade”` where that is not the box alone.
    pub by: Option<String>,
    /// When it is expected back.
    pub expected_end: Option<Moment>,
    /// How long the expected end has passed: `12 min`.
    pub overdue: Option<String>,
    /// `none`, `1 pattern`, `3 patterns`.
    pub patterns: String,
    /// Whether starting maintenance asks for the domain first.
    pub is_protected: bool,
    /// Whether the box is ticked while selecting.
    pub is_selected: bool,
}

/// Links to the other pages of a long list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pager {
    /// What is shown: `51–100 of 120 sites`.
    pub shown: String,
    /// The page before.
    pub previous: Option<Link>,
    /// The page after.
    pub next: Option<Link>,
}

/// Adds a site, or changes its own settings. Maintenance is not among them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SiteFormPage {
    /// Key of the site; `None` while it is being added.
    pub id: Option<i64>,
    /// Stored domain; empty while adding.
    pub stored_domain: String,
    /// Revision the form was read at.
    pub revision: i64,
    /// `domain`: what visitors type.
    pub domain: Field,
    /// `name`: shown in the panel and on the 503 page.
    pub name: Field,
    /// `aliases`: other names, one a line; `*.example.com` is every name below.
    pub aliases: Field,
    /// `time_zone`: IANA name in which times are typed and shown.
    pub time_zone: Field,
    /// `is_default`: requests for unknown hosts belong to this site.
    pub is_default: Field,
    /// `is_protected`: starting maintenance asks for the domain.
    pub is_protected: Field,
    /// What was refused.
    pub errors: Vec<FieldError>,
    /// Somebody changed these settings in between.
    pub conflict: Option<Conflict>,
    /// Whether the user may delete the site.
    pub may_delete: bool,
}

impl Page for SiteFormPage {
    const TEMPLATE: &'static str = "admin/sites/settings.html";
}
