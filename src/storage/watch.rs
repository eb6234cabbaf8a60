//! A connection of its own that tells whether anybody has written since it last looked.
//!
//! SQLite: `PRAGMA data_version`, which costs a few microseconds. The number is per connection, so the connection is
//! kept. PostgreSQL: `LISTEN` wakes, and the last revision, asked every two seconds, makes certain.

use std::sync::Arc;
use std::time::Duration;

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;

use super::connection::{self, DatabaseUrl, DbConnection, FileId};
use super::{Store, StoreError};

/// How often a watch should look. Half of it is the mean delay of a change; looking costs next to nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Sees writes of other connections and processes.
pub struct Watch {
    conn: DbConnection,
    url: Arc<DatabaseUrl>,
    file: FileId,
    seen: Option<i64>,
    #[cfg(feature = "postgres")]
    polled_at: Option<std::time::Instant>,
}

impl Store {
    /// Opens a watch. Its first look always says that something is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn watch(&self) -> Result<Watch, StoreError> {
        let file = FileId::of(&self.url);
        let mut conn = connection::establish(&self.url, false)?;
        match &mut conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => postgres::listen(conn)?,
        }
        Ok(Watch {
            conn,
            url: Arc::clone(&self.url),
            file,
            seen: None,
            #[cfg(feature = "postgres")]
            polled_at: None,
        })
    }

    /// How often a watch should look.
    pub fn watch_interval(&self) -> Duration {
        LOOK_EVERY
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
        match &mut self.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(conn) => {
                let version: Version =
                    diesel::sql_query("SELECT data_version AS version FROM pragma_data_version").get_result(conn)?;
                Ok(self.seen.replace(version.version) != Some(version.version))
            }
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => {
                let is_told = postgres::is_told(conn)?;
                let is_due = self.polled_at.is_none_or(|polled_at| polled_at.elapsed() >= postgres::POLL_EVERY);
                if !is_told && !is_due {
                    return Ok(false);
                }
                self.polled_at = Some(std::time::Instant::now());
                let last: Version =
                    diesel::sql_query("SELECT coalesce(max(id), 0) AS version FROM changes").get_result(conn)?;
                Ok(self.seen.replace(last.version) != Some(last.version))
            }
        }
    }
}

/// The channel on which writers tell listeners.
#[cfg(feature = "postgres")]
pub(super) mod postgres {
    use std::time::Duration;

    use diesel::connection::SimpleConnection as _;
    use diesel::sql_types::Text;
    use diesel::{PgConnection, QueryResult, RunQueryDsl as _};

    /// How often the last revision is asked for, whether or not anybody told.
    pub const POLL_EVERY: Duration = Duration::from_secs(2);

    /// Tells everybody who listens on this schema. Arrives with the commit, so the change and the notice are one.
    pub const NOTIFY: &str = "SELECT pg_notify('maintenance_' || current_schema(), '')";

    #[derive(diesel::QueryableByName)]
    struct Channel {
        #[diesel(sql_type = Text)]
        name: String,
    }

    /// Listens on the channel of the connection's schema.
    pub fn listen(conn: &mut PgConnection) -> QueryResult<()> {
        let channel: Channel =
            diesel::sql_query("SELECT quote_ident('maintenance_' || current_schema()) AS name").get_result(conn)?;
        conn.batch_execute(&format!("LISTEN {}", channel.name))
    }

    /// Whether somebody told since the last time; never waits.
    pub fn is_told(conn: &mut PgConnection) -> QueryResult<bool> {
        let mut is_told = false;
        for notification in conn.notifications_iter() {
            notification?;
            is_told = true;
        }
        Ok(is_told)
    }
}
