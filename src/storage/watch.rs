//! A connection of its own that tells whether anybody has written since it last looked.
//!
//! SQLite: `PRAGMA data_version`, which costs a few microseconds. The number is per connection, so the connection is
//! kept. PostgreSQL: `LISTEN` wakes, and the last revision, asked about once a second, makes certain.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::Attempt;
use super::connection::{self, DbConnection, FileId};
use super::{Store, StoreError};

/// How often a watch should look. Half of it is the mean delay of a change; looking costs next to nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nobody has told of a change, and the database was not asked.
    NotAsked,
    /// The database was asked, and nothing was written since the last look.
    Same,
    /// Something was written.
    New,
}

/// Sees writes of other connections and processes.
pub struct Watch {
    conn: DbConnection,
    store: Store,
    file: FileId,
    seen: Option<i64>,
    #[cfg(feature = "postgres")]
    ears: postgres::Ears,
}

impl Store {
    /// Opens a watch. Its first look always says that something is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn watch(&self) -> Result<Watch, StoreError> {
        self.open_watch().inspect_err(|error| self.count(error))
    }

    fn open_watch(&self) -> Result<Watch, StoreError> {
        let file = FileId::of(self.url());
        Ok(Watch {
            conn: self.watching_connection()?,
            store: self.clone(),
            file,
            seen: None,
            #[cfg(feature = "postgres")]
            ears: postgres::Ears::default(),
        })
    }

    /// A connection that hears of writes, opened apart, because opening it may hang.
    fn watching_connection(&self) -> Result<DbConnection, StoreError> {
        let store = self.clone();
        self.apart_blocking(move || {
            let pulse = Arc::default();
            Attempt::current().uses(Some(&pulse));
            let mut conn = connection::establish(store.url(), store.options(), &pulse, false)?;
            match &mut conn {
                #[cfg(feature = "sqlite")]
                DbConnection::Sqlite(_) => {}
                #[cfg(feature = "postgres")]
                DbConnection::Postgres(conn) => postgres::listen(conn)?,
            }
            Ok(conn)
        })
    }

    /// How often a watch should look.
    pub fn watch_interval(&self) -> Duration {
        LOOK_EVERY
    }
}

impl Watch {
    /// Looks whether something was written since the last look. Returns in bounded time, as [`Store::apart`] does.
    ///
    /// # Errors
    /// When the database does not answer, or its file was moved away or replaced; the watch is then to be opened anew,
    /// and everything to be read again.
    pub fn look(&mut self) -> Result<Look, StoreError> {
        self.try_look().inspect_err(|error| self.store.count(error))
    }

    fn try_look(&mut self) -> Result<Look, StoreError> {
        if self.file != FileId::of(self.store.url()) {
            return Err(StoreError::Unreachable { reason: "its file was moved away or replaced".to_owned() });
        }
        match &mut self.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(conn) => {
                let version = sqlite::data_version(conn)?;
                Ok(Look::of(self.seen.replace(version) != Some(version)))
            }
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => {
                let is_told = postgres::is_told(conn)?;
                self.ears.heard(is_told);
                if self.ears.are_deaf() {
                    log::info!(
                        "Notices of changes do not arrive on this connection to the database; it is opened anew"
                    );
                    self.conn = self.store.watching_connection()?;
                    self.ears = postgres::Ears::default();
                } else if !is_told && !self.ears.polls_now() {
                    return Ok(Look::NotAsked);
                }
                let store = self.store.clone();
                let last = self.store.apart_blocking(move || store.read(|reader| reader.change_last()))?.0;
                let is_new = self.seen.replace(last) != Some(last);
                self.ears.polled(is_new && !is_told);
                Ok(Look::of(is_new))
            }
        }
    }
}

impl Look {
    fn of(is_new: bool) -> Self {
        if is_new { Self::New } else { Self::Same }
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use diesel::sql_types::BigInt;
    use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection};

    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = BigInt)]
        version: i64,
    }

    /// A number that differs after each commit of another connection.
    pub fn data_version(conn: &mut SqliteConnection) -> QueryResult<i64> {
        let query = diesel::sql_query("SELECT data_version AS version FROM pragma_data_version");
        Ok(query.get_result::<Version>(conn)?.version)
    }
}

/// The channel on which writers tell listeners.
#[cfg(feature = "postgres")]
pub(super) mod postgres {
    use std::time::{Duration, Instant};

    use diesel::connection::SimpleConnection as _;
    use diesel::sql_types::Text;
    use diesel::{PgConnection, QueryResult, RunQueryDsl as _};

    /// How often the last revision is asked for, whether or not anybody told.
    pub const POLL_EVERY: Duration = Duration::from_millis(900);

    /// Tells everybody who listens on this schema. Arrives with the commit, so the change and the notice are one.
    pub const NOTIFY: &str = "SELECT pg_notify('maintenance_' || current_schema(), '')";

    /// How late a notice may be, after the change itself was seen, before the connection counts as deaf.
    const LATEST_NOTICE: Duration = Duration::from_secs(2);

    /// When the last revision was asked for, and whether notices arrive. A connection can die without a word: then the
    /// revision moves on and nobody tells.
    #[derive(Debug, Default)]
    pub struct Ears {
        polled_at: Option<Instant>,
        untold_since: Option<Instant>,
    }

    impl Ears {
        /// Whether it is time to ask.
        pub fn polls_now(&self) -> bool {
            self.polled_at.is_none_or(|polled_at| polled_at.elapsed() >= POLL_EVERY)
        }

        /// Notes that it was asked, and whether there was a change of which nobody had told.
        pub fn polled(&mut self, is_untold: bool) {
            let is_first = self.polled_at.replace(Instant::now()).is_none();
            if is_untold && !is_first {
                self.untold_since.get_or_insert_with(Instant::now);
            }
        }

        /// Notes whether a notice arrived.
        pub fn heard(&mut self, is_told: bool) {
            if is_told {
                self.untold_since = None;
            }
        }

        /// Whether a notice that must have come has not.
        pub fn are_deaf(&self) -> bool {
            self.untold_since.is_some_and(|since| since.elapsed() > LATEST_NOTICE)
        }
    }

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
