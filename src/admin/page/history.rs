//! The change log, and taking a change back.

use serde::Serialize;

use super::{Choice, Moment, Page, Pager};

/// Who did what, when, from where.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HistoryPage {
    /// `site` in force: a domain; empty for all.
    pub site: String,
    /// `person` in force; empty for all.
    pub person: String,
    /// `kind` in force: first part of an action, `maintenance`, `pattern`; empty for all.
    pub kind: String,
    /// People to choose from.
    pub people: Vec<Choice>,
    /// Kinds to choose from.
    pub kinds: Vec<Choice>,
    /// What was found, when something was asked for. Takes the focus.
    pub result: Option<String>,
    /// Newest first; at most 50.
    pub rows: Vec<HistoryRow>,
    /// Newer and older.
    pub pager: Option<Pager>,
    /// This page as a path under the panel's base with its query.
    pub back: String,
    /// Query of the exports, which have the same filters: `?site=…`, or empty.
    pub export_query: String,
}

impl Page for HistoryPage {
    const TEMPLATE: &'static str = "admin/history/list.html";
}

/// One change.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryRow {
    /// Its number.
    pub revision: i64,
    /// When.
    pub at: Moment,
    /// Who: `ann`, `CLI, root@web1`.
    pub actor: String,
    /// Through which door and from where: `web, 203.0.113.9`; may be empty.
    pub origin: String,
    /// The site's domain or the user's name.
    pub subject: String,
    /// Page of the subject; `None` when it is gone or not the reader's.
    pub subject_href: Option<String>,
    /// What happened, in words: `Maintenance started`.
    pub what: String,
    /// Whether it was refused: a failed log-in, a change one may not make.
    pub is_refusal: bool,
    /// Every touched field.
    pub changes: Vec<FieldChange>,
    /// Whether the reader may take it back.
    pub may_undo: bool,
    /// Whether that leads to a question.
    pub is_asked: bool,
    /// The change that took it back, or that it takes back: `Undone by change 118`.
    pub note: Option<String>,
}

/// One field before and after, in words.
#[derive(Debug, Clone, Serialize)]
pub struct FieldChange {
    /// Name of the field.
    pub label: String,
    /// Before; empty when there was nothing.
    pub before: String,
    /// After; empty when nothing is left.
    pub after: String,
}

/// Something changed since: shows both and asks.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UndoPage {
    /// The changes to take back.
    pub revisions: Vec<i64>,
    /// The newest revision seen; sent as `seen`, so that a further change is asked about again.
    pub seen: i64,
    /// What would be taken back: `Expected end changed on forum.example.com`.
    pub what: String,
    /// Who changed it since and when: `bo changed this 3 min ago.`
    pub since: String,
    /// Fields: `before` is what it is now, `after` what it would be.
    pub changes: Vec<FieldChange>,
    /// Where to go back to, under the panel's base.
    pub back: String,
}

impl Page for UndoPage {
    const TEMPLATE: &'static str = "admin/history/undo.html";
}
