//! The state of a site, as `--json` shows it. The fields are relied on by scripts: only add.

use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use crate::cause::{Cause, CauseId};
use crate::change::Revision;
use crate::drain::AtWork;
use crate::maintenance::{Level, Phase};
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::{Store, StoreError};

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
    /// How much is closed: `full` or `read-only`, by the strictest of its causes; null while it is open.
    pub level: Option<&'static str>,
    /// The same for people.
    #[serde(skip)]
    pub word: &'static str,
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
    /// While it drains: when it closes at the latest; else null.
    pub closes_at: Option<Timestamp>,
    /// Sessions at work; while it drains those that signed in before that began.
    pub sessions: u64,
    /// Tasks that run.
    pub tasks: u64,
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

/// The states of records, with who and what is at work on each.
///
/// # Errors
/// When the database fails.
pub fn states(
    context: &Context,
    store: &Store,
    records: &[(&SiteRecord, Revision)],
    now: Timestamp,
) -> Result<Vec<SiteState>, StoreError> {
    let seen_since = context.visits.seen_since(now);
    store.read(|reader| {
        let everywhere = reader.at_work_everywhere(seen_since)?;
        let state = |(record, revision): &(&SiteRecord, Revision)| {
            let standing = record.causes().standing(now);
            let at_work = match (standing.phase(), standing.since) {
                // Whoever signed in since is not waited for.
                (Phase::Draining, Some(since)) => reader.at_work(record.site.id, since, now, seen_since)?,
                _ => everywhere.get(&record.site.id).copied().unwrap_or_default(),
            };
            Ok(SiteState::of(record, *revision, at_work, now))
        };
        records.iter().map(state).collect()
    })
}

impl SiteState {
    /// The state of a record at `now`, with who and what is at work there.
    pub fn of(record: &SiteRecord, revision: Revision, at_work: AtWork, now: Timestamp) -> Self {
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
            level: standing.level().map(Level::as_str),
            word: standing.in_words(),
            since: standing.since,
            until: standing.until,
            overdue: standing.overdue(now).is_some(),
            closes_at: standing.closes_at(),
            started_by: standing.by,
            sessions: at_work.sessions,
            tasks: at_work.tasks,
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
        let state = SiteState::of(&record, Revision(3), AtWork::default(), "2026-11-21T03:12:04Z".parse().unwrap());
        let json = serde_json::to_value(state).unwrap();
        for field in [
            "id",
            "domain",
            "phase",
            "level",
            "since",
            "until",
            "closes_at",
            "sessions",
            "tasks",
            "message",
            "causes",
            "next",
            "revision",
        ] {
            assert!(json.get(field).is_some(), "{field}");
        }
        assert_eq!((json["phase"].as_str(), json["revision"].as_i64()), (Some("open"), Some(3)));
    }
}
