//! The state of a site, as `--json` shows it. The fields are relied on by scripts: only add.

use jiff::Timestamp;
use serde::Serialize;

use crate::cause::{Cause, CauseId};
use crate::change::Revision;
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// One site as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct SiteState {
    /// Key of the site.
    pub id: SiteId,
    /// Its domain.
    pub domain: String,
    /// Its name; the domain when it has none.
    pub name: String,
    /// `open`, `draining` or `maintenance`.
    pub phase: Phase,
    /// Since when the first open cause has held it closed; null while it is open.
    pub since: Option<Timestamp>,
    /// When it is expected to open; null when that is not known or the site is open.
    pub until: Option<Timestamp>,
    /// Whether `until` has passed and the site is still closed.
    pub overdue: bool,
    /// Who closed it; null while it is open.
    pub started_by: Option<String>,
    /// What the page says in the first language; null without a message of its own.
    pub message: Option<String>,
    /// Everything that holds it closed.
    pub causes: Vec<Cause>,
    /// The window that begins next; null when none is ahead.
    pub next: Option<NextWindow>,
    /// The last change of the site.
    pub revision: Revision,
}

/// A window that lies ahead.
#[derive(Debug, Clone, Serialize)]
pub struct NextWindow {
    /// `window-12`.
    pub id: CauseId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends; null until somebody ends it.
    pub ends_at: Option<Timestamp>,
    /// What people call it.
    pub name: String,
}

impl SiteState {
    /// The state of a record at `now`.
    pub fn of(record: &SiteRecord, revision: Revision, now: Timestamp) -> Self {
        let standing = record.causes().standing(now);
        let next = record.causes().next_window(now).map(|(window, occurrence)| NextWindow {
            id: CauseId::Window(window.id),
            starts_at: occurrence.starts_at,
            ends_at: occurrence.ends_at,
            name: window.name.clone(),
        });
        Self {
            id: record.site.id,
            domain: record.site.domain.to_string(),
            name: record.site.display_name(),
            phase: standing.phase(),
            since: standing.since,
            until: standing.until,
            overdue: standing.overdue(now).is_some(),
            started_by: standing.by,
            message: record.messages.first().map(|message| message.body.clone()).filter(|body| !body.is_empty()),
            causes: standing.causes,
            next,
            revision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_fields_are_there_under_their_names() {
        let record = SiteRecord::new(crate::cli::site::new_site("example.com".parse().unwrap(), "UTC"));
        let state = SiteState::of(&record, Revision(3), "2026-11-21T03:12:04Z".parse().unwrap());
        let json = serde_json::to_value(state).unwrap();
        for field in ["id", "domain", "phase", "since", "until", "message", "causes", "next", "revision"] {
            assert!(json.get(field).is_some(), "{field}");
        }
        assert_eq!((json["phase"].as_str(), json["revision"].as_i64()), (Some("open"), Some(3)));
    }
}
