//! What holds a site closed: every open cause, each with a button of its own.

use serde::Serialize;

use super::{Moment, Span};

/// Everything that holds one site closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// What the list is: `What holds it closed`, of a draining site `What will close it`.
    pub title: &'static str,
    /// The open causes: the box, leases, windows.
    pub rows: Vec<CauseRow>,
    /// Whose message visitors read and why, as a sentence.
    pub message: String,
}

/// One open cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseRow {
    /// Whether it is the box.
    pub is_box: bool,
    /// Whether it closes for writing only.
    pub is_read_only: bool,
    /// What it is: `The box`, `Window-12 “Database upgrade”`.
    pub what: String,
    /// Since when it holds; a box may have been ticked before that was noted.
    pub since: Option<Moment>,
    /// When it ends or is expected to.
    pub until: Option<Moment>,
    /// What that time means: `ends by itself`, `expected`, `expires, then stays`; empty without one.
    pub until_note: &'static str,
    /// Whether that time has passed.
    pub is_overdue: bool,
    /// Who is behind it; `None` for a window.
    pub by: Option<String>,
    /// Whether its message is the one that visitors get.
    pub is_shown: bool,
    /// Where its *End* is sent.
    pub end_href: String,
}

/// The next time of a window, on the page of a site that it closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteWindow {
    /// `window-12 “Database upgrade”`.
    pub name: String,
    /// Its form; `None` when the user may not change it.
    pub href: Option<String>,
    /// When.
    pub when: Span,
    /// How it repeats; empty when it does not.
    pub repeats: String,
    /// Whether it is one of all sites.
    pub is_of_all: bool,
}
