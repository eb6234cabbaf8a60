//! The change log, which is also the feed that servers follow.

use diesel::prelude::*;
use jiff::Timestamp;
use serde_json::Value;

use super::connection::MultiBackend;
use super::schema::changes;
use super::timestamp::UtcTime;
use super::{Reader, StoreError, Writer};
use crate::change::{CONFIG_IMPORTED, Change, Revision};
use crate::site::SiteId;

diesel::define_sql_function! {
    /// Lower case; on SQLite of ASCII letters only.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A change about to be written; the database gives its number.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// When.
    pub at: Timestamp,
    /// The site it is about; `None` for users and sessions.
    pub site_id: Option<SiteId>,
    /// The site's domain, or the user's name.
    pub subject: String,
    /// Who.
    pub actor: String,
    /// Through which door.
    pub door: &'static str,
    /// Client address, for changes over HTTP.
    pub address: Option<String>,
    /// What happened, as a stable word.
    pub action: String,
    /// The touched fields as they were.
    pub before: Option<Value>,
    /// The touched fields as they became.
    pub after: Option<Value>,
    /// The change that this one takes back.
    pub undoes: Option<Revision>,
}

/// What a follower needs of an entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its number.
    pub revision: Revision,
    /// When it was made.
    pub at: Timestamp,
    /// The site it touched; `None` for users and sessions.
    pub site: Option<SiteId>,
    /// What happened, as a stable word.
    pub action: String,
}

/// Which entries of the log to show; empty shows all.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// Only about this site.
    pub site_id: Option<SiteId>,
    /// Only about one of these sites, and only since the last import, before which the ids may have been those of other
    /// sites: what a limited staff user may see.
    pub sites: Option<Vec<SiteId>>,
    /// Only about this domain or user name, as it was at that time.
    pub subject: Option<String>,
    /// Only about names that hold this text, without regard to case.
    pub subject_part: Option<String>,
    /// Only about sites: leaves out users, sessions and log-ins.
    pub only_sites: bool,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only actions that begin with this, such as `maintenance.` or `login.refused`.
    pub action: Option<String>,
    /// Only entries before this one: the next page.
    pub before: Option<Revision>,
}

#[derive(Queryable)]
struct ChangeRow {
    id: i64,
    at: UtcTime,
    site_id: Option<i64>,
    subject: String,
    actor: String,
    door: String,
    address: Option<String>,
    action: String,
    before_json: Option<String>,
    after_json: Option<String>,
    undoes: Option<i64>,
}

impl Reader<'_> {
    /// The last revision, zero on an empty log.
    pub fn change_last(&mut self) -> Result<Revision, StoreError> {
        let last: Option<i64> = changes::table.select(diesel::dsl::max(changes::id)).first(self.conn)?;
        Ok(Revision(last.unwrap_or(0)))
    }

    /// How many entries come after `revision`.
    pub fn change_count(&mut self, revision: Revision) -> Result<i64, StoreError> {
        Ok(changes::table.filter(changes::id.gt(revision.0)).count().get_result(self.conn)?)
    }

    /// Everything after `revision`, in order, at most `limit` entries.
    pub fn change_feed(&mut self, revision: Revision, limit: i64) -> Result<Vec<FeedEntry>, StoreError> {
        let rows: Vec<(i64, UtcTime, Option<i64>, String)> = changes::table
            .filter(changes::id.gt(revision.0))
            .select((changes::id, changes::at, changes::site_id, changes::action))
            .order(changes::id)
            .limit(limit)
            .load(self.conn)?;
        let entry = |(id, at, site, action): (i64, UtcTime, Option<i64>, String)| FeedEntry {
            revision: Revision(id),
            at: at.into(),
            site: site.map(SiteId),
            action,
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// One entry.
    pub fn change(&mut self, revision: Revision) -> Result<Option<Change>, StoreError> {
        let row: Option<ChangeRow> = changes::table.find(revision.0).first(self.conn).optional()?;
        row.map(Change::try_from).transpose()
    }

    /// Entries, newest first.
    pub fn change_list(&mut self, filter: &ChangeFilter, limit: i64) -> Result<Vec<Change>, StoreError> {
        let query = self.matching(filter)?;
        let rows: Vec<ChangeRow> = query.order(changes::id.desc()).limit(limit).load(self.conn)?;
        rows.into_iter().map(Change::try_from).collect()
    }

    /// The last entry after `revision` that replaced all sites at once, if any.
    pub fn change_import_after(&mut self, revision: Revision) -> Result<Option<Revision>, StoreError> {
        let id: Option<i64> = changes::table
            .filter(changes::site_id.is_null())
            .filter(changes::id.gt(revision.0))
            .filter(changes::action.eq(CONFIG_IMPORTED))
            .select(changes::id)
            .order(changes::id.desc())
            .first(self.conn)
            .optional()?;
        Ok(id.map(Revision))
    }

    /// What touched the record of a site itself after a revision, newest first. Leases that were renewed and windows
    /// that were planned are left out; when more than a few hundred changes came since, the newest counts whatever it
    /// is.
    pub fn change_edits_since(&mut self, site: SiteId, since: Revision) -> Result<Vec<Change>, StoreError> {
        /// A lease that is renewed every minute makes so many in some hours.
        const MOST: i64 = 500;
        let filter = ChangeFilter { site_id: Some(site), ..ChangeFilter::default() };
        let mut changes = self.change_list(&filter, MOST)?;
        let reaches_back =
            changes.len() < MOST as usize || changes.last().is_some_and(|change| change.revision <= since);
        changes.retain(|change| change.revision > since);
        let newest = changes.first().cloned();
        changes.retain(Change::is_of_the_record);
        if changes.is_empty() && !reaches_back {
            changes.extend(newest);
        }
        Ok(changes)
    }

    /// The change that took this one back, if any.
    pub fn change_undoing(&mut self, revision: Revision) -> Result<Option<Revision>, StoreError> {
        let id: Option<i64> = changes::table
            .filter(changes::undoes.eq(revision.0))
            .select(changes::id)
            .order(changes::id.desc())
            .first(self.conn)
            .optional()?;
        Ok(id.map(Revision))
    }

    /// The undo of a change that is in force, which means that it is not undone itself.
    pub fn change_undone_by(&mut self, revision: Revision) -> Result<Option<Revision>, StoreError> {
        let found = self.change_undoing(revision)?;
        let (mut undo, mut is_in_force) = (found, false);
        while let Some(by) = undo {
            is_in_force = !is_in_force;
            undo = self.change_undoing(by)?;
        }
        Ok(found.filter(|_| is_in_force))
    }

    /// Everybody who made one of these changes, by name.
    pub fn change_actors(&mut self, filter: &ChangeFilter, limit: i64) -> Result<Vec<String>, StoreError> {
        let actors = self.matching(filter)?.select(changes::actor).distinct();
        Ok(actors.order(changes::actor).limit(limit).load(self.conn)?)
    }

    /// The entries that a filter lets through, unordered.
    fn matching<'f>(&mut self, filter: &'f ChangeFilter) -> Result<changes::BoxedQuery<'f, MultiBackend>, StoreError> {
        let mut query = changes::table.into_boxed();
        if let Some(site) = filter.site_id {
            query = query.filter(changes::site_id.eq(site.0));
        }
        if let Some(sites) = &filter.sites {
            query = query.filter(changes::site_id.eq_any(sites.iter().map(|site| site.0).collect::<Vec<_>>()));
            if let Some(import) = self.change_import_after(Revision(0))? {
                query = query.filter(changes::id.gt(import.0));
            }
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(changes::subject.eq(subject));
        }
        if let Some(part) = &filter.subject_part {
            query = query.filter(lower(changes::subject).like(containing(part)).escape('\\'));
        }
        if filter.only_sites {
            query = query.filter(changes::site_id.is_not_null());
        }
        if let Some(actor) = &filter.actor {
            query = query.filter(changes::actor.eq(actor));
        }
        if let Some(action) = &filter.action {
            query = query.filter(changes::action.like(format!("{}%", action.replace(['%', '_'], ""))));
        }
        if let Some(before) = filter.before {
            query = query.filter(changes::id.lt(before.0));
        }
        Ok(query)
    }
}

impl Writer<'_> {
    /// Appends an entry and returns the revision it made.
    ///
    /// # Panics
    /// Without a turn among the writers: revisions would not commit in order.
    pub fn change_append(&mut self, change: &NewChange) -> Result<Revision, StoreError> {
        assert!(self.has_turn, "the log is written by Store::write only");
        let id: i64 = diesel::insert_into(changes::table)
            .values((
                changes::at.eq(UtcTime(change.at)),
                changes::site_id.eq(change.site_id.map(|site| site.0)),
                changes::subject.eq(&change.subject),
                changes::actor.eq(&change.actor),
                changes::door.eq(change.door),
                changes::address.eq(&change.address),
                changes::action.eq(&change.action),
                changes::before_json.eq(change.before.as_ref().map(Value::to_string)),
                changes::after_json.eq(change.after.as_ref().map(Value::to_string)),
                changes::undoes.eq(change.undoes.map(|revision| revision.0)),
            ))
            .returning(changes::id)
            .get_result(self.conn)?;
        match &mut *self.conn {
            #[cfg(feature = "postgres")]
            super::DbConnection::Postgres(conn) => {
                diesel::sql_query(super::watch::postgres::NOTIFY).execute(conn)?;
            }
            #[cfg(feature = "sqlite")]
            super::DbConnection::Sqlite(_) => {}
        }
        Ok(Revision(id))
    }
}

/// A pattern of `LIKE` for whatever holds this text.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl TryFrom<ChangeRow> for Change {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let json = |text: Option<String>| {
            text.map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|error| StoreError::Unreadable { what: format!("change {}: {error}", row.id) })
        };
        Ok(Self {
            revision: Revision(row.id),
            at: row.at.into(),
            site_id: row.site_id.map(SiteId),
            subject: row.subject,
            actor: row.actor,
            door: row.door,
            address: row.address,
            action: row.action,
            before: json(row.before_json)?,
            after: json(row.after_json)?,
            undoes: row.undoes.map(Revision),
        })
    }
}
