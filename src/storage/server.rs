//! The servers that decide by this database, and which revision each one enforces.
//!
//! Their times are those of the database, because a server's own clock may be wrong.

use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};

use super::schema::servers;
use super::timestamp::UtcTime;
use super::{Reader, StoreError, Writer};
use crate::change::Revision;
use crate::server_info::{Server, ServerId};

/// A row that has not been touched for this long is of no use to anybody.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(24);

#[derive(Queryable)]
struct ServerRow {
    id: i64,
    name: String,
    version: String,
    started_at: UtcTime,
    last_seen_at: UtcTime,
    revision: i64,
    enforced_at: Option<UtcTime>,
}

impl Reader<'_> {
    /// Every server that was seen within the last day, by name.
    pub fn server_list(&mut self) -> Result<Vec<Server>, StoreError> {
        let rows: Vec<ServerRow> = servers::table.order((servers::name, servers::id)).limit(1_000).load(self.conn)?;
        let server = |row: ServerRow| Server {
            id: ServerId(row.id),
            name: row.name,
            version: row.version,
            started_at: row.started_at.into(),
            last_seen_at: row.last_seen_at.into(),
            revision: Revision(row.revision),
            enforced_at: row.enforced_at.map(Timestamp::from),
        };
        Ok(rows.into_iter().map(server).collect())
    }
}

impl Writer<'_> {
    /// Enters a server that starts, in place of an earlier one of the same name that is no longer alive.
    pub fn server_insert(&mut self, name: &str, version: &str, revision: Revision) -> Result<ServerId, StoreError> {
        let now = self.clock()?;
        let dead = servers::last_seen_at.le(UtcTime(now - crate::server_info::LIVE_FOR));
        diesel::delete(servers::table.filter(servers::name.eq(name)).filter(dead)).execute(self.conn)?;
        let forgotten = servers::last_seen_at.le(UtcTime(now - FORGET_AFTER));
        diesel::delete(servers::table.filter(forgotten)).execute(self.conn)?;
        let id: i64 = diesel::insert_into(servers::table)
            .values((
                servers::name.eq(name),
                servers::version.eq(version),
                servers::started_at.eq(UtcTime(now)),
                servers::last_seen_at.eq(UtcTime(now)),
                servers::revision.eq(revision.0),
                servers::enforced_at.eq(Some(UtcTime(now))),
            ))
            .returning(servers::id)
            .get_result(self.conn)?;
        Ok(ServerId(id))
    }

    /// Notes that a server is alive and what it enforces. `false` when its row is gone: it must enter again.
    pub fn server_seen(&mut self, id: ServerId, revision: Revision) -> Result<bool, StoreError> {
        let now = UtcTime(self.clock()?);
        let server = servers::table.find(id.0);
        let changed = diesel::update(server.filter(servers::revision.ne(revision.0)))
            .set((servers::last_seen_at.eq(now), servers::revision.eq(revision.0), servers::enforced_at.eq(Some(now))))
            .execute(self.conn)?;
        if changed > 0 {
            return Ok(true);
        }
        Ok(diesel::update(server).set(servers::last_seen_at.eq(now)).execute(self.conn)? > 0)
    }

    /// Takes out every server of that name.
    pub fn server_delete_named(&mut self, name: &str) -> Result<(), StoreError> {
        diesel::delete(servers::table.filter(servers::name.eq(name))).execute(self.conn)?;
        Ok(())
    }

    /// Takes out a server that stops.
    pub fn server_delete(&mut self, id: ServerId) -> Result<(), StoreError> {
        diesel::delete(servers::table.find(id.0)).execute(self.conn)?;
        Ok(())
    }
}
