//! A connection of its own that tells whether anybody has written since it last looked.

use std::sync::Arc;
use std::time::Duration;

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;

use super::connection::{self, DatabaseUrl, DbConnection, FileId};
use super::{Store, StoreError};

/// Sees writes of other connections and processes.
///
/// SQLite: `PRAGMA data_version`, which costs a few microseconds. The number is per connection, so the
/// connection is kept. PostgreSQL: the last revision itself.
pub struct Watch {
    conn: DbConnection,
    url: Arc<DatabaseUrl>,
    file: FileId,
    seen: Option<i64>,
}

impl Store {
    /// Opens a watch. Its first look always says that something is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn watch(&self) -> Result<Watch, StoreError> {
        let file = FileId::of(&self.url);
        Ok(Watch { conn: connection::establish(&self.url, false)?, url: Arc::clone(&self.url), file, seen: None })
    }

    /// How often a watch should look: often enough for the promised delay, rarely enough to cost nothing.
    pub fn watch_interval(&self) -> Duration {
        match &*self.url {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(_) => Duration::from_millis(20),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(_) => Duration::from_millis(500),
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    version: i64,
}

impl Watch {
    /// Whether something was written since the last look.
    ///
    /// # Errors
    /// When the database does not answer, or its file was moved away or replaced; the watch is then to be opened anew,
    /// and everything to be read again.
    pub fn look(&mut self) -> Result<bool, StoreError> {
        if self.file != FileId::of(&self.url) {
            return Err(StoreError::Unreachable { reason: "its file was moved away or replaced".to_owned() });
        }
        let query = match self.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(_) => "SELECT data_version AS version FROM pragma_data_version",
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => "SELECT coalesce(max(id), 0) AS version FROM changes",
        };
        let now = diesel::sql_query(query).get_result::<Version>(&mut self.conn)?.version;
        let is_new = self.seen.replace(now) != Some(now);
        Ok(is_new)
    }
}
