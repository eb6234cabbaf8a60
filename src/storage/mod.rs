//! All SQL. Nouns come in and go out; nobody else knows Diesel.
//!
//! [`Store::read`] and [`Store::write`] run one transaction each on a pooled connection and block, perhaps for ever:
//! whoever must answer in time calls them within [`Store::apart`] or [`Store::apart_blocking`]. What can be read hangs
//! on [`Reader`], what can be written on [`Writer`], noun by noun, one file each.

mod apart;
mod at_work;
mod attempt;
mod backup;
mod change;
mod clock;
mod connection;
mod error;
mod lease;
mod login_failure;
mod migrations;
mod origin;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod respite;
mod rows;
mod schema;
mod secret;
mod server;
mod session;
mod site_session;
mod task;
mod timestamp;
mod transaction;
mod transfer;
mod url;
mod user;
mod visit;
mod watch;
mod window;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::pool::Pool;
use self::transaction::Purpose;

pub use backup::BackupError;
pub use change::{ChangeFilter, FeedEntry, NewChange};
pub use connection::DbConnection;
pub use error::{StoreError, TransactionError};
pub use login_failure::{LoginFailures, LoginScope};
pub use record::SiteLine;
pub(crate) use respite::Respite;
pub use session::{KeyHash, NewSession, Session, SessionId};
pub use site_session::StoredSession;
pub use task::NewTask;
pub use url::DatabaseUrl;
pub use user::{NewUser, UserChanges};
pub use visit::VisitNote;
pub use watch::{Look, Watch};

use crate::tally::WordCounts;

/// The database, with its pool of connections. Cloning shares the pool.
#[derive(Clone)]
pub struct Store {
    pool: Arc<Pool>,
    errors: Arc<WordCounts>,
}

/// How a store deals with its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// Connections that are open at once, 8 by default. Whoever comes when all are in use waits.
    pub pool_size: u32,
    /// How long opening a connection and waiting for a free one may take, 5 s by default.
    pub connect_timeout: Duration,
    /// How long a statement may run, 10 s by default.
    pub statement_timeout: Duration,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { pool_size: 8, connect_timeout: Duration::from_secs(5), statement_timeout: Duration::from_secs(10) }
    }
}

/// What may happen to a database when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Create the SQLite file when it is missing, and bring the tables up to date: `serve`, `migrate`.
    Migrate,
    /// Refuse a database that is missing or older: a mistyped name must not make a new, empty one.
    Existing,
}

/// What had to be done until a database was ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Whether there was no SQLite file before.
    pub is_new: bool,
    /// The migrations that ran, in order; empty when the tables were up to date.
    pub migrated: Vec<String>,
}

impl Store {
    /// A store that has not looked at its database yet: no file is touched and nobody is asked. What is read or written
    /// before [`Store::prepare`] has succeeded once may meet tables of another version.
    pub fn new(url: &DatabaseUrl, options: DatabaseOptions) -> Self {
        Self { pool: Arc::new(Pool::new(url.clone(), options)), errors: Arc::new(WordCounts::of(&StoreError::KINDS)) }
    }

    /// Creates, migrates or checks the database, as `open` allows. To be called before the first use, and again when it
    /// failed and the database may have come back; any thread may do so. Waits as long as another server migrates.
    ///
    /// # Errors
    /// Every variant of [`StoreError`] that says why the database cannot be used.
    pub fn prepare(&self, open: Open) -> Result<Prepared, StoreError> {
        let store = self.clone();
        self.apart_blocking(move || store.prepare_here(open))
    }

    fn prepare_here(&self, open: Open) -> Result<Prepared, StoreError> {
        let is_new = self.url().sqlite_path().is_some_and(|path| !path.exists());
        let mut conn = self.connect(open)?;
        let migrated = match open {
            Open::Migrate => migrations::run(&mut conn, self.options())?,
            Open::Existing => migrations::check(&mut conn).map(|()| Vec::new())?,
        };
        Ok(Prepared { is_new, migrated })
    }

    /// Makes a store with the default options, and prepares it.
    ///
    /// # Errors
    /// As [`Store::prepare`].
    pub fn open(url: &DatabaseUrl, open: Open) -> Result<Self, StoreError> {
        let store = Self::new(url, DatabaseOptions::default());
        store.prepare(open)?;
        Ok(store)
    }

    /// The address of the database; shows no password.
    pub fn url(&self) -> &DatabaseUrl {
        &self.pool.url
    }

    /// How the store deals with its database.
    pub fn options(&self) -> &DatabaseOptions {
        &self.pool.options
    }

    /// Runs `work` in one reading transaction: everything it reads is of one moment.
    ///
    /// # Errors
    /// What `work` returns, or that the database does not answer.
    pub fn read<T>(&self, work: impl FnOnce(&mut Reader<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.transaction(Purpose::Read, |conn| work(&mut Reader { conn }))
    }

    /// Runs `work` in one writing transaction: all of it happens or nothing. Writers take turns.
    ///
    /// # Errors
    /// What `work` returns, or that the database does not answer.
    pub fn write<T, E: TransactionError>(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        self.transaction(Purpose::Write, |conn| work(&mut Writer { reader: Reader { conn }, has_turn: true }))
    }

    /// The same for notes that are no change, such as signs of life: they wait for no writer, and may be lost when the
    /// machine of the database fails at that moment. Nothing can be appended to the log here.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_beside<T, E: TransactionError>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction(Purpose::Beside, |conn| work(&mut Writer { reader: Reader { conn }, has_turn: false }))
    }

    /// Gives up whatever waits for an answer that the database owes for longer than a statement may take, and tells what
    /// is known of it; `None` when nothing does. For somebody who watches a thread that may be stuck.
    pub fn give_up_lost(&self) -> Option<StoreError> {
        self.pool.give_up_lost()
    }

    fn transaction<T, E: TransactionError>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(&mut DbConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let run = || {
            let mut lent = self.pool.lend(|conn| transaction::begin(conn, purpose, self.options()))?;
            let attempt = lent.attempt();
            transaction::finish(&mut lent, &attempt, work)
        };
        run().inspect_err(|error| self.count(error))
    }

    /// How often transactions and looks for news have failed in this process, by [`StoreError::kind`].
    pub fn errors(&self) -> Vec<(&'static str, u64)> {
        self.errors.totals()
    }

    fn count(&self, error: &impl TransactionError) {
        if let Some(kind) = error.store_error().and_then(StoreError::kind) {
            self.errors.add(kind);
        }
    }

    /// Opens a connection of its own with an answer for each way in which that can fail.
    fn connect(&self, open: Open) -> Result<DbConnection, StoreError> {
        let url = self.url();
        if let Some(path) = url.sqlite_path() {
            create_where_allowed(url, path, open)?;
        }
        self.pool.open_apart(open == Open::Migrate).map_err(|error| match (error, url.sqlite_path()) {
            (StoreError::NotADatabase { .. }, _) => StoreError::NotADatabase { url: url.to_string() },
            // Opening it here to see why would drop the locks that this process holds on it
            // (https://sqlite.org/howtocorrupt.html, section 2.2).
            (StoreError::Unreachable { reason }, Some(path)) => {
                StoreError::CannotOpen { path: path.to_owned(), reason }
            }
            (error, _) => error,
        })
    }
}

/// What can be read, within one transaction.
pub struct Reader<'a> {
    conn: &'a mut DbConnection,
}

/// What can be written, within one transaction; reads as well.
pub struct Writer<'a> {
    reader: Reader<'a>,
    /// Whether no other writer can commit before this one.
    has_turn: bool,
}

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl DerefMut for Writer<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.reader
    }
}

#[cfg(test)]
impl Writer<'_> {
    /// Runs any statement, so that a test can see what a broken database does.
    pub(crate) fn execute(&mut self, sql: &str) -> Result<(), StoreError> {
        use diesel::connection::SimpleConnection as _;
        Ok(self.reader.conn.batch_execute(sql)?)
    }
}

/// Makes a missing SQLite file where that is meant. It will hold password hashes and secrets, so only its owner may
/// read it; SQLite gives the files beside it the same rights.
fn create_where_allowed(url: &DatabaseUrl, path: &Path, open: Open) -> Result<(), StoreError> {
    let cannot = |reason: String| StoreError::CannotCreate { path: path.to_owned(), reason };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match (path.try_exists(), open) {
        (Ok(true), _) if path.is_dir() => Err(StoreError::NotADatabase { url: url.to_string() }),
        (Ok(true), _) => Ok(()),
        (Ok(false), Open::Existing) => Err(StoreError::Missing { path: path.to_owned() }),
        (Ok(false), Open::Migrate) if folder.is_some_and(|folder| !folder.is_dir()) => {
            Err(cannot("its folder does not exist".to_owned()))
        }
        (Ok(false), Open::Migrate) => match crate::aside::create_private(path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(cannot(error.to_string())),
            _ => Ok(()),
        },
        (Err(error), _) => Err(cannot(error.to_string())),
    }
}
