//! Visits: who is at work on a site. Of what they are known by, only the hash is stored.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamp as TimestampColumn};
use jiff::{SignedDuration, Timestamp};

use super::connection::DbConnection;
use super::record::parsed;
use super::schema::{site_sessions, visits};
use super::timestamp::UtcTime;
use super::{KeyHash, Reader, StoreError, Writer};
use crate::site::SiteId;
use crate::visit::{Visit, VisitId, VisitKind, seen_since};

/// That somebody was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitNote {
    /// The site.
    pub site: SiteId,
    /// Hash of what the visit is known by.
    pub key_hash: KeyHash,
    /// What that is.
    pub kind: VisitKind,
    /// Who; may be empty.
    pub name: String,
    /// Client address at sign-in.
    pub address: Option<String>,
    /// When they signed in.
    pub signed_in_at: Timestamp,
    /// When they were seen.
    pub seen_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = visits)]
struct VisitRow {
    id: i64,
    site_id: i64,
    kind: String,
    name: String,
    address: Option<String>,
    signed_in_at: UtcTime,
    last_seen_at: UtcTime,
    ended_at: Option<UtcTime>,
}

impl TryFrom<VisitRow> for Visit {
    type Error = StoreError;

    fn try_from(row: VisitRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: VisitId(row.id),
            site: SiteId(row.site_id),
            kind: parsed("kind", &row.kind)?,
            name: row.name,
            address: row.address,
            signed_in_at: row.signed_in_at.into(),
            last_seen_at: row.last_seen_at.into(),
            ended_at: row.ended_at.map(Timestamp::from),
        })
    }
}

impl Reader<'_> {
    /// One visit by number, ended or not.
    pub fn visit(&mut self, id: VisitId) -> Result<Option<Visit>, StoreError> {
        let row: Option<VisitRow> =
            visits::table.find(id.0).select(VisitRow::as_select()).first(self.conn).optional()?;
        row.map(Visit::try_from).transpose()
    }

    /// The visit to a site that is known by this, ended or not.
    pub fn visit_by_key(&mut self, site: SiteId, key: &KeyHash) -> Result<Option<Visit>, StoreError> {
        let row: Option<VisitRow> = visits::table
            .filter(visits::key_hash.eq(&key[..]))
            .filter(visits::site_id.eq(site.0))
            .select(VisitRow::as_select())
            .first(self.conn)
            .optional()?;
        row.map(Visit::try_from).transpose()
    }

    /// Live visits to these sites or, for `None`, to every site: those that were seen after `seen_since` and have not
    /// ended, by site, the last seen first.
    pub fn visit_list(
        &mut self,
        sites: Option<&[SiteId]>,
        seen_since: Timestamp,
        limit: i64,
    ) -> Result<Vec<Visit>, StoreError> {
        let mut query = visits::table
            .filter(visits::ended_at.is_null())
            .filter(visits::last_seen_at.gt(UtcTime(seen_since)))
            .select(VisitRow::as_select())
            .order((visits::site_id, visits::last_seen_at.desc(), visits::id.desc()))
            .limit(limit)
            .into_boxed();
        if let Some(sites) = sites {
            query = query.filter(visits::site_id.eq_any(sites.iter().map(|site| site.0)));
        }
        query.load(self.conn)?.into_iter().map(Visit::try_from).collect()
    }

    /// How many are at work on a site: live visits that began before `before`, which is when the drain began. One look
    /// at an index that holds nothing else.
    pub fn visits_at_work(
        &mut self,
        site: SiteId,
        before: Timestamp,
        seen_since: Timestamp,
    ) -> Result<i64, StoreError> {
        let at_work = visits::table
            .filter(visits::site_id.eq(site.0))
            .filter(visits::ended_at.is_null())
            .filter(visits::last_seen_at.gt(UtcTime(seen_since)))
            .filter(visits::signed_in_at.lt(UtcTime(before)));
        Ok(at_work.count().get_result(self.conn)?)
    }

    /// Those visits, the longest at work first.
    pub fn visits_left(
        &mut self,
        site: SiteId,
        before: Timestamp,
        seen_since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Visit>, StoreError> {
        let left = visits::table
            .filter(visits::site_id.eq(site.0))
            .filter(visits::ended_at.is_null())
            .filter(visits::last_seen_at.gt(UtcTime(seen_since)))
            .filter(visits::signed_in_at.lt(UtcTime(before)))
            .select(VisitRow::as_select())
            .order((visits::signed_in_at, visits::id))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX));
        left.load(self.conn)?.into_iter().map(Visit::try_from).collect()
    }

    /// How many were at work on a site when its drain began: visits that were live then.
    pub fn visits_at_beginning(
        &mut self,
        site: SiteId,
        began: Timestamp,
        idle: SignedDuration,
    ) -> Result<u64, StoreError> {
        let was_live = visits::table
            .filter(visits::site_id.eq(site.0))
            .filter(visits::signed_in_at.lt(UtcTime(began)))
            .filter(visits::last_seen_at.gt(UtcTime(seen_since(began, idle))))
            .filter(visits::ended_at.is_null().or(visits::ended_at.gt(UtcTime(began))));
        let count: i64 = was_live.count().get_result(self.conn)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

impl Writer<'_> {
    /// Notes who was seen, and adds those who are new. Returns those that have ended, which stay so unless they signed
    /// in anew since; sites that are gone are left out.
    ///
    /// On PostgreSQL one statement, however many there are.
    pub fn visit_note(&mut self, notes: &[VisitNote]) -> Result<Vec<(SiteId, KeyHash)>, StoreError> {
        // In one order, so that two servers that note the same people do not wait for each other in a circle.
        let notes: BTreeMap<(KeyHash, i64), &VisitNote> =
            notes.iter().map(|note| ((note.key_hash, note.site.0), note)).collect();
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let noted = match self.reader.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(conn) => note_each(conn, &notes)?,
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => note_all(conn, &notes)?,
        };
        let is_left = |key: &&(KeyHash, i64)| !noted.contains(*key);
        Ok(notes.keys().filter(is_left).map(|(key, site)| (SiteId(*site), *key)).collect())
    }

    /// Ends a visit, and with it the session that it is known by; `false` when it had ended already.
    pub fn visit_end(&mut self, id: VisitId, now: Timestamp) -> Result<bool, StoreError> {
        let going_on = visits::table.find(id.0).filter(visits::ended_at.is_null());
        let ended = diesel::update(going_on).set(visits::ended_at.eq(Some(UtcTime(now)))).execute(self.conn)?;
        let keys = visits::table.find(id.0).filter(visits::kind.eq(VisitKind::Session.as_str()));
        let key: Option<Vec<u8>> = keys.select(visits::key_hash).first(self.conn).optional()?;
        if let Some(key) = key {
            diesel::delete(site_sessions::table.find(key)).execute(self.conn)?;
        }
        Ok(ended > 0)
    }

    /// Ends what is known by this key, on whichever site.
    pub fn visit_end_by_key(&mut self, key: &KeyHash, now: Timestamp) -> Result<(), StoreError> {
        let going_on = visits::table.filter(visits::key_hash.eq(&key[..])).filter(visits::ended_at.is_null());
        diesel::update(going_on).set(visits::ended_at.eq(Some(UtcTime(now)))).execute(self.conn)?;
        Ok(())
    }

    /// Forgets visits of sessions last seen before `sessions`, others last seen before `others`, and of these others
    /// those that have ended only when that was before `ended`: what they are known by claims to be at work as long as
    /// nothing here says otherwise. Returns how many.
    pub fn visit_delete_older(
        &mut self,
        sessions: Timestamp,
        others: Timestamp,
        ended: Timestamp,
    ) -> Result<usize, StoreError> {
        let is_session = visits::kind.eq(VisitKind::Session.as_str());
        let is_other = visits::kind.ne(VisitKind::Session.as_str());
        let is_needed_no_more = visits::ended_at.is_null().or(visits::ended_at.lt(Some(UtcTime(ended))));
        let old = is_session
            .and(visits::last_seen_at.lt(UtcTime(sessions)))
            .or(is_other.and(visits::last_seen_at.lt(UtcTime(others))).and(is_needed_no_more));
        Ok(diesel::delete(visits::table.filter(old)).execute(self.conn)?)
    }
}

/// What a note does to a visit that is there already. One that has ended is a visit again only by a later sign-in.
macro_rules! on_conflict {
    ($later:literal) => {
        concat!(
            "ON CONFLICT (key_hash, site_id) DO UPDATE SET name = excluded.name, ",
            "signed_in_at = excluded.signed_in_at, ended_at = NULL, last_seen_at = ",
            $later,
            "(visits.last_seen_at, excluded.last_seen_at) ",
            "WHERE visits.ended_at IS NULL OR excluded.signed_in_at > visits.ended_at"
        )
    };
}

/// The keys of those that were noted. SQLite has no statement for many rows that reports on each.
#[cfg(feature = "sqlite")]
fn note_each(
    conn: &mut diesel::SqliteConnection,
    notes: &BTreeMap<(KeyHash, i64), &VisitNote>,
) -> Result<BTreeSet<(KeyHash, i64)>, StoreError> {
    const NOTE: &str = concat!(
        "INSERT INTO visits (site_id, key_hash, kind, name, address, signed_in_at, last_seen_at) ",
        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM sites WHERE id = ?1) ",
        on_conflict!("max")
    );
    let mut noted = BTreeSet::new();
    for (key, note) in notes {
        let changed = diesel::sql_query(NOTE)
            .bind::<BigInt, _>(note.site.0)
            .bind::<Binary, _>(&note.key_hash[..])
            .bind::<Text, _>(note.kind.as_str())
            .bind::<Text, _>(&note.name)
            .bind::<Nullable<Text>, _>(&note.address)
            .bind::<TimestampColumn, _>(UtcTime(note.signed_in_at))
            .bind::<TimestampColumn, _>(UtcTime(note.seen_at))
            .execute(conn)?;
        if changed > 0 {
            noted.insert(*key);
        }
    }
    Ok(noted)
}

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = Binary)]
    key_hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    site_id: i64,
}

#[cfg(feature = "postgres")]
fn note_all(
    conn: &mut diesel::PgConnection,
    notes: &BTreeMap<(KeyHash, i64), &VisitNote>,
) -> Result<BTreeSet<(KeyHash, i64)>, StoreError> {
    use diesel::sql_types::Array;

    const NOTE: &str = concat!(
        "INSERT INTO visits (site_id, key_hash, kind, name, address, signed_in_at, last_seen_at) ",
        "SELECT noted.* FROM unnest($1, $2, $3, $4, $5, $6, $7) ",
        "AS noted (site_id, key_hash, kind, name, address, signed_in_at, last_seen_at) ",
        "JOIN sites ON sites.id = noted.site_id ORDER BY noted.key_hash, noted.site_id ",
        on_conflict!("greatest"),
        " RETURNING key_hash, site_id"
    );
    fn column<'n, T>(notes: &BTreeMap<(KeyHash, i64), &'n VisitNote>, of: impl Fn(&'n VisitNote) -> T) -> Vec<T> {
        notes.values().map(|note| of(note)).collect()
    }
    let rows: Vec<Noted> = diesel::sql_query(NOTE)
        .bind::<Array<BigInt>, _>(column(notes, |note| note.site.0))
        .bind::<Array<Binary>, _>(column(notes, |note| &note.key_hash[..]))
        .bind::<Array<Text>, _>(column(notes, |note| note.kind.as_str()))
        .bind::<Array<Text>, _>(column(notes, |note| note.name.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(notes, |note| note.address.as_deref()))
        .bind::<Array<TimestampColumn>, _>(column(notes, |note| UtcTime(note.signed_in_at)))
        .bind::<Array<TimestampColumn>, _>(column(notes, |note| UtcTime(note.seen_at)))
        .load(conn)?;
    let key = |row: Noted| Some((KeyHash::try_from(row.key_hash).ok()?, row.site_id));
    Ok(rows.into_iter().filter_map(key).collect())
}
