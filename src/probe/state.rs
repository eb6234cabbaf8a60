//! What a site is, by how its page is answered.

use serde::Serialize;

use super::trail::{Trail, is_maintenance_redirect};

/// What a site is for the visitor who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answers as a site does: with a page, or by telling who asked that there is none for them.
    Open,
    /// In maintenance: 503, or an answer that says so by a header or as a page.
    Closed,
    /// In maintenance: visitors are sent elsewhere.
    Redirected,
    /// In maintenance for others, not for who asked.
    LetThrough,
    /// Neither: it does not answer, answers that it is broken or cannot take the request, or redirects for ever or to
    /// nowhere.
    Broken,
}

impl State {
    /// Reads the state from the way to the page, going by status and headers.
    pub fn of(trail: &Trail) -> Self {
        let Ok(site) = &trail.site().seen else { return Self::Broken };
        match &trail.last().seen {
            // Such a redirect is the maintenance answer, wherever it leads.
            _ if is_maintenance_redirect(site) => Self::Redirected,
            _ if trail.is_endless() => Self::Broken,
            _ if site.let_through().is_some() => Self::LetThrough,
            Ok(last) if last.is_marked() || last.status == 503 => Self::Closed,
            Ok(last) if trail.leads_away() && matches!(last.status, 404 | 410) => Self::Broken,
            Ok(last) if is_of_a_site(last.status) => Self::Open,
            _ => Self::Broken,
        }
    }
}

/// Whether a site that works answers so. A 400 is none of these: what was asked for is right.
fn is_of_a_site(status: u16) -> bool {
    matches!(status, 200..=300 | 401..=420 | 422..=499)
}
