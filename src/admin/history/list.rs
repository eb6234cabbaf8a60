//! The list of changes.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};

use super::filter::{Asked, kinds, visible};
use super::undo::added;
use super::words::{Words, domain, name_in};
use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::{Choice, HistoryPage, HistoryRow, Link, Moment, Pager, Section};
use crate::admin::panel::Panel;
use crate::change::{Change, Revision};
use crate::clock;
use crate::snapshot::Snapshot;
use crate::storage::{Reader, StoreError};
use crate::user::{Rights, User};

/// Entries of a page.
const PAGE: usize = 50;

/// Most people to choose from.
const MAX_PEOPLE: i64 = 200;

/// An entry with what is known of it beside the log.
struct Entry {
    change: Change,
    /// The change that took it back.
    undone_by: Option<Revision>,
    /// Whether its site has not been changed after it.
    is_last: bool,
}

/// The page of entries that is asked for.
pub(in crate::admin) async fn list(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    asked: Option<Query<Asked>>,
) -> Result<HttpResponse, PanelError> {
    let rights = operator.rights();
    let snapshot = panel.maintenance.snapshot();
    let asked = asked.map(Query::into_inner).unwrap_or_default().cleaned(rights);
    let (filter, seen) = (asked.filter(rights, &snapshot), visible(rights));
    let knows_users = rights.superuser();
    let (mut entries, people, users) = panel
        .read(move |reader| {
            let changes = reader.change_list(&filter, PAGE as i64 + 1)?;
            let entries: Result<Vec<Entry>, StoreError> =
                changes.into_iter().map(|change| entry(reader, change)).collect();
            let users = if knows_users { reader.user_list()? } else { Vec::new() };
            Ok((entries?, reader.change_actors(&seen, MAX_PEOPLE)?, users))
        })
        .await?;
    let has_more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let rows = Rows { panel: &panel, rights, snapshot: &snapshot, users: &users };
    let page = HistoryPage {
        people: people.into_iter().map(|name| Choice::new(name.clone(), name)).collect(),
        kinds: kinds(rights),
        result: asked.sentence(!entries.is_empty()),
        pager: pager(&panel, &asked, &entries, has_more),
        rows: entries.iter().map(|entry| rows.row(entry)).collect(),
        back: format!("history/{}", asked.query(asked.before())),
        export_query: asked.query(None),
        site: asked.site,
        person: asked.person,
        kind: asked.kind,
    };
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::History)), &page)
}

fn entry(reader: &mut Reader<'_>, change: Change) -> Result<Entry, StoreError> {
    let record = match change.site_id.filter(|_| change.before.is_none()) {
        Some(site) => reader.record(site)?,
        None => None,
    };
    Ok(Entry {
        undone_by: reader.change_undone_by(change.revision)?,
        is_last: record.is_some_and(|(_, revision)| revision == change.revision),
        change,
    })
}

fn pager(panel: &Panel, asked: &Asked, entries: &[Entry], has_more: bool) -> Option<Pager> {
    let (first, last) = (entries.first()?.change.revision, entries.last()?.change.revision);
    let link = |label: &str, before: Option<Revision>| Link {
        label: label.to_owned(),
        href: format!("{}history/{}", panel.base(), asked.query(before)),
    };
    (has_more || asked.before().is_some()).then(|| Pager {
        shown: format!("Changes {first} to {last}"),
        previous: asked.before().map(|_| link("Newest", None)),
        next: has_more.then(|| link("Older", Some(last))),
    })
}

/// Words entries for one reader.
struct Rows<'a> {
    panel: &'a Panel,
    rights: &'a Rights,
    snapshot: &'a Snapshot,
    users: &'a [User],
}

impl Rows<'_> {
    fn row(&self, entry: &Entry) -> HistoryRow {
        let change = &entry.change;
        let (zone, now) = (self.panel.zone(), clock::now());
        let words = Words { site: &name_in(self.snapshot), zone: zone.clone(), now };
        HistoryRow {
            revision: change.revision.0,
            at: Moment::with_seconds(change.at, &zone, now),
            actor: change.actor.clone(),
            origin: origin(change),
            subject: if change.site_id.is_some() { domain(&change.subject) } else { change.subject.clone() },
            subject_href: self.href(change),
            what: words.title(change),
            is_refusal: change.is_refusal(),
            changes: words.of(change),
            may_undo: self.may_undo(entry),
            is_asked: added(change).is_some(),
            note: match (entry.undone_by, change.undoes) {
                (Some(by), _) => Some(format!("Undone by change {by}")),
                (None, Some(undone)) => Some(format!("Undoes change {undone}")),
                (None, None) => None,
            },
        }
    }

    /// The page of the site or of the user, while it is there and the reader's.
    fn href(&self, change: &Change) -> Option<String> {
        let base = self.panel.base();
        match change.site_id {
            Some(id) => {
                let is_theirs = self.snapshot.site(id).is_some() && self.rights.staff_of(id);
                is_theirs.then(|| format!("{base}sites/{id}/"))
            }
            None if change.is_of_all_sites() => Some(format!("{base}schedule/")),
            None => {
                let user = self.users.iter().find(|user| user.username == change.subject)?;
                Some(format!("{base}users/{}/", user.id.0))
            }
        }
    }

    /// Whether the button would do something. The action has the last word.
    fn may_undo(&self, entry: &Entry) -> bool {
        let change = &entry.change;
        if entry.undone_by.is_some() || change.is_final_because().is_some() {
            return false;
        }
        let Some(site) = change.site_id else { return change.is_of_all_sites() && self.rights.superuser() };
        let is_there = self.snapshot.site(site).is_some();
        match (&change.before, &change.after) {
            (Some(before), Some(_)) => {
                let is_of_superusers = names_of_the_site(before);
                is_there && self.rights.staff_of(site) && (self.rights.superuser() || !is_of_superusers)
            }
            (Some(_), None) => !is_there && self.rights.superuser(),
            (None, Some(_)) => entry.is_last && self.rights.superuser(),
            (None, None) => false,
        }
    }
}

/// Whether an edit touched what only superusers change: names and settings of the site.
fn names_of_the_site(before: &serde_json::Value) -> bool {
    const OF_THE_SITE: [&str; 6] = ["domain", "name", "aliases", "is_default", "is_protected", "time_zone"];
    OF_THE_SITE.iter().any(|name| before.get(name).is_some())
}

/// `web, 203.0.113.9`; the name of the command line says its door already.
fn origin(change: &Change) -> String {
    let door = match change.door.as_str() {
        "panel" => "web",
        "setup" => "set-up link",
        "cli" | "system" => "",
        other => other,
    };
    let parts = [door, change.address.as_deref().unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
