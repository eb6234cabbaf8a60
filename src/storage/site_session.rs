//! Sessions of the users of a site, as `Maintenance::sessions` keeps them: only the hash of a key is stored.

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::{site_sessions, visits};
use super::timestamp::UtcTime;
use super::{KeyHash, Reader, StoreError, Writer};

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// What the application and its sign-in keep, as JSON.
    pub state: String,
    /// When it was last used, to about a minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

impl Reader<'_> {
    /// The session with that key, expired or not.
    pub fn site_session(&mut self, key: &KeyHash) -> Result<Option<StoredSession>, StoreError> {
        let row: Option<(String, UtcTime, UtcTime)> = site_sessions::table
            .find(&key[..])
            .select((site_sessions::state, site_sessions::last_seen_at, site_sessions::expires_at))
            .first(self.conn)
            .optional()?;
        Ok(row.map(|(state, last_seen_at, expires_at)| StoredSession {
            state,
            last_seen_at: last_seen_at.into(),
            expires_at: expires_at.into(),
        }))
    }
}

impl Writer<'_> {
    /// Adds a session.
    pub fn site_session_insert(
        &mut self,
        key: &KeyHash,
        state: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::insert_into(site_sessions::table)
            .values((
                site_sessions::key_hash.eq(&key[..]),
                site_sessions::state.eq(state),
                site_sessions::created_at.eq(UtcTime(now)),
                site_sessions::last_seen_at.eq(UtcTime(now)),
                site_sessions::expires_at.eq(UtcTime(expires_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes the state of a session; that it was used is noted by [`Writer::site_session_seen`]. `false` when it is
    /// gone: an update never revives a session.
    pub fn site_session_update(&mut self, key: &KeyHash, state: &str) -> Result<bool, StoreError> {
        let changed = diesel::update(site_sessions::table.find(&key[..]))
            .set(site_sessions::state.eq(state))
            .execute(self.conn)?;
        Ok(changed > 0)
    }

    /// Notes that these sessions were in use at `now`: one statement.
    pub fn site_session_seen(&mut self, keys: &[KeyHash], now: Timestamp) -> Result<(), StoreError> {
        let used = site_sessions::table.filter(site_sessions::key_hash.eq_any(keys.iter().map(|key| &key[..])));
        diesel::update(used).set(site_sessions::last_seen_at.eq(UtcTime(now))).execute(self.conn)?;
        Ok(())
    }

    /// Ends the session with that key.
    pub fn site_session_delete(&mut self, key: &KeyHash) -> Result<(), StoreError> {
        diesel::delete(site_sessions::table.find(&key[..])).execute(self.conn)?;
        Ok(())
    }

    /// Removes what has expired or lain idle, and ends the visits that are known by it; returns how many sessions.
    pub fn site_session_delete_expired(&mut self, now: Timestamp, idle_since: Timestamp) -> Result<usize, StoreError> {
        let over = site_sessions::table
            .filter(site_sessions::expires_at.le(UtcTime(now)).or(site_sessions::last_seen_at.le(UtcTime(idle_since))));
        let going_on = visits::table
            .filter(visits::ended_at.is_null())
            .filter(visits::key_hash.eq_any(over.select(site_sessions::key_hash)));
        diesel::update(going_on).set(visits::ended_at.eq(Some(UtcTime(now)))).execute(self.conn)?;
        Ok(diesel::delete(over).execute(self.conn)?)
    }
}
