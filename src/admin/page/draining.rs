//! A drain: who and what is left, and how long there is.

use serde::Serialize;

use super::{Moment, Page, Status};

/// The page of a drain, which follows it while it is open.
#[derive(Debug, Clone, Serialize)]
pub struct DrainingPage {
    /// Path of the panel, with a slash at each end.
    pub base: String,
    /// Key of the site.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// What it is doing.
    pub status: Status,
    /// Whether it drains.
    pub is_draining: bool,
    /// Who is left, or how it ended: `5 sessions and 1 task are still at work.`
    pub summary: String,
    /// What that means: `It closes at 14:32 UTC, in 12 min, or as soon as nobody is left.`
    pub detail: String,
    /// From the announcement to the maintenance; empty for a site that has no drain.
    pub steps: Vec<DrainStep>,
    /// How many sessions have left; `None` when there was none, or it is over.
    pub gone: Option<Gone>,
    /// The sessions that are left.
    pub visits: Vec<VisitLine>,
    /// How many more there are.
    pub more_visits: u64,
    /// The tasks that run.
    pub tasks: Vec<TaskLine>,
    /// How many more there are.
    pub more_tasks: u64,
}

impl Page for DrainingPage {
    const TEMPLATE: &'static str = "admin/draining/show.html";
}

impl DrainingPage {
    /// The template of the parts that are sent anew.
    pub const LIVE: &'static str = "admin/draining/live.html";
}

/// A step on the way into maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainStep {
    /// The status that it leads to, with shape and word.
    pub status: Status,
    /// When; `None` when it was not noted.
    pub at: Option<Moment>,
    /// What else is to be said of that time: `at the latest`; may be empty.
    pub note: &'static str,
    /// `past`, `now` or `ahead`.
    pub place: &'static str,
}

/// How many have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// So many.
    pub left: u64,
    /// Of so many that were at work when it began.
    pub of: u64,
}

/// A session that is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitLine {
    /// Its number.
    pub id: i64,
    /// Who, as the site calls them; `A visitor` where nobody knows a name.
    pub who: String,
    /// What is known of them besides: `by the site’s own log-in`; empty for a session of ours.
    pub kind: &'static str,
    /// Since when.
    pub since: Moment,
    /// When they were last seen, in words: `2 min ago`.
    pub last_seen: String,
}

/// A task that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskLine {
    /// What people call it.
    pub name: String,
    /// The machine and the process: `web1, process 4711`.
    pub place: String,
    /// Who started it.
    pub by: String,
    /// Since when.
    pub since: Moment,
}
