//! What a site is, by how its page is answered.

use serde::Serialize;

use super::trail::{Trail, is_maintenance_redirect};

/// What a site is for the visitor who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answers as a site does: with a page, a redirect or an error of its own.
    Open,
    /// In maintenance: 503, or an answer that says so.
    Closed,
    /// In maintenance: visitors are sent elsewhere.
    Redirected,
    /// In maintenance for others, not for who asked.
    LetThrough,
    /// Neither: it does not answer, answers that it is broken, or redirects for ever.
    Broken,
}

impl State {
    /// Reads the state from the way to the page.
    pub fn of(trail: &Trail) -> Self {
        let Ok(site) = &trail.site().seen else { return Self::Broken };
        match &trail.last().seen {
            // Such a redirect is the maintenance answer, wherever it leads.
            _ if is_maintenance_redirect(site) => Self::Redirected,
            _ if trail.is_endless() => Self::Broken,
            _ if site.let_through().is_some() => Self::LetThrough,
            Ok(last) if last.is_marked() || last.status == 503 => Self::Closed,
            Ok(last) if last.status < 500 => Self::Open,
            _ => Self::Broken,
        }
    }
}
