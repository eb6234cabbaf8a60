//! Log-in sessions: only the hash of a key is stored, so that a copy of the table opens no door.

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::sessions;
use super::timestamp::UtcTime;
use super::{Reader, StoreError, Writer};
use crate::user::{User, UserId};

/// Key of a session's row: names it in the panel and on the command line; opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub i64);

/// SHA-256 of a session key.
pub type KeyHash = [u8; 32];

/// A session as stored.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// The signed-in user; `None` before a log-in.
    pub user_id: Option<UserId>,
    /// What actix-session keeps, as JSON.
    pub state: String,
    /// Client address at log-in.
    pub address: Option<String>,
    /// Client software at log-in, cut to 200 characters.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

/// A session about to be written.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Hash of its key.
    pub key_hash: KeyHash,
    /// The signed-in user.
    pub user_id: Option<UserId>,
    /// What actix-session keeps, as JSON.
    pub state: String,
    /// Client address.
    pub address: Option<String>,
    /// Client software.
    pub user_agent: String,
    /// Now.
    pub created_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: i64,
    user_id: Option<i64>,
    state: String,
    address: Option<String>,
    user_agent: String,
    created_at: UtcTime,
    last_seen_at: UtcTime,
    expires_at: UtcTime,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId(row.id),
            user_id: row.user_id.map(UserId),
            state: row.state,
            address: row.address,
            user_agent: row.user_agent,
            created_at: row.created_at.into(),
            last_seen_at: row.last_seen_at.into(),
            expires_at: row.expires_at.into(),
        }
    }
}

impl Reader<'_> {
    /// The session with that key, expired or not.
    pub fn session_by_key(&mut self, key: &KeyHash) -> Result<Option<Session>, StoreError> {
        let row: Option<SessionRow> = sessions::table
            .filter(sessions::key_hash.eq(&key[..]))
            .select(SessionRow::as_select())
            .first(self.conn)
            .optional()?;
        Ok(row.map(Session::from))
    }

    /// One session by number.
    pub fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row: Option<SessionRow> =
            sessions::table.find(id.0).select(SessionRow::as_select()).first(self.conn).optional()?;
        Ok(row.map(Session::from))
    }

    /// The session with that key, expired or not, and the user it is of: all that it takes to know who sends a
    /// request, read at one moment.
    pub fn session_with_user(&mut self, key: &KeyHash) -> Result<Option<(Session, Option<User>)>, StoreError> {
        let Some(session) = self.session_by_key(key)? else { return Ok(None) };
        let user = match session.user_id {
            Some(id) => self.user(id)?,
            None => None,
        };
        Ok(Some((session, user)))
    }

    /// A user's live sessions, the last used first; at most 200 of them.
    pub fn session_list(
        &mut self,
        user: UserId,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = sessions::table
            .filter(sessions::user_id.eq(user.0))
            .filter(sessions::expires_at.gt(UtcTime(now)))
            .filter(sessions::last_seen_at.gt(UtcTime(idle_since)))
            .select(SessionRow::as_select())
            .order((sessions::last_seen_at.desc(), sessions::id.desc()))
            .limit(200)
            .load(self.conn)?;
        Ok(rows.into_iter().map(Session::from).collect())
    }
}

impl Writer<'_> {
    /// Adds a session.
    pub fn session_insert(&mut self, new: &NewSession) -> Result<SessionId, StoreError> {
        let id: i64 = diesel::insert_into(sessions::table)
            .values((
                sessions::key_hash.eq(&new.key_hash[..]),
                sessions::user_id.eq(new.user_id.map(|user| user.0)),
                sessions::state.eq(&new.state),
                sessions::address.eq(&new.address),
                sessions::user_agent.eq(&new.user_agent),
                sessions::created_at.eq(UtcTime(new.created_at)),
                sessions::last_seen_at.eq(UtcTime(new.created_at)),
                sessions::expires_at.eq(UtcTime(new.expires_at)),
            ))
            .returning(sessions::id)
            .get_result(self.conn)?;
        Ok(SessionId(id))
    }

    /// Writes the state of a session, which is known by `new_key` from then on. `false` when it is gone: an update never
    /// revives a session.
    pub fn session_update(
        &mut self,
        key: &KeyHash,
        new_key: &KeyHash,
        state: &str,
        user: Option<UserId>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = diesel::update(sessions::table.filter(sessions::key_hash.eq(&key[..])))
            .set((
                sessions::key_hash.eq(&new_key[..]),
                sessions::state.eq(state),
                sessions::user_id.eq(user.map(|user| user.0)),
                sessions::last_seen_at.eq(UtcTime(now)),
            ))
            .execute(self.conn)?;
        Ok(changed > 0)
    }

    /// Notes that a session was used. `false` when it is gone: somebody has ended it.
    pub fn session_touch(&mut self, key: &KeyHash, now: Timestamp) -> Result<bool, StoreError> {
        let touched = diesel::update(sessions::table.filter(sessions::key_hash.eq(&key[..])))
            .set(sessions::last_seen_at.eq(UtcTime(now)))
            .execute(self.conn)?;
        Ok(touched > 0)
    }

    /// Ends the session with that key; `false` when it was gone already.
    pub fn session_delete_by_key(&mut self, key: &KeyHash) -> Result<bool, StoreError> {
        Ok(diesel::delete(sessions::table.filter(sessions::key_hash.eq(&key[..]))).execute(self.conn)? > 0)
    }

    /// Ends one session.
    pub fn session_delete(&mut self, id: SessionId) -> Result<bool, StoreError> {
        Ok(diesel::delete(sessions::table.find(id.0)).execute(self.conn)? > 0)
    }

    /// Ends all sessions of a user, but for one; returns how many.
    pub fn session_delete_of_user(&mut self, user: UserId, except: Option<SessionId>) -> Result<usize, StoreError> {
        let except = except.map_or(-1, |session| session.0);
        let theirs = sessions::table.filter(sessions::user_id.eq(user.0)).filter(sessions::id.ne(except));
        Ok(diesel::delete(theirs).execute(self.conn)?)
    }

    /// Removes what has expired or lain idle; returns how many.
    pub fn session_delete_expired(&mut self, now: Timestamp, idle_since: Timestamp) -> Result<usize, StoreError> {
        let over = sessions::table
            .filter(sessions::expires_at.le(UtcTime(now)).or(sessions::last_seen_at.le(UtcTime(idle_since))));
        Ok(diesel::delete(over).execute(self.conn)?)
    }
}
