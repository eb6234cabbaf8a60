//! All SQL. Nouns come in and go out; nobody else knows Diesel.
//!
//! [`Store::read`] and [`Store::write`] run one transaction each on a pooled connection and block, so async
//! code calls them from a blocking thread. What can be read hangs on [`Reader`], what can be written on
//! [`Writer`], noun by noun, one file each.

mod backup;
mod change;
mod clock;
mod connection;
mod error;
mod login_failure;
mod migrations;
mod record;
mod schema;
mod secret;
mod server;
mod session;
mod timestamp;
mod user;
mod watch;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

pub use backup::BackupError;
pub use change::{ChangeFilter, FeedEntry, NewChange};
pub use connection::{DatabaseUrl, DbConnection};
pub use error::StoreError;
pub use login_failure::{LoginFailures, LoginScope};
pub use record::SiteLine;
pub use session::{KeyHash, NewSession, Session, SessionId};
pub use user::{NewUser, UserChanges};
pub use watch::Watch;

/// The database, with its pool of connections. Cloning shares the pool.
#[derive(Clone)]
pub struct Store {
    pool: r2d2::Pool<connection::Manager>,
    url: Arc<DatabaseUrl>,
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
        let pool = r2d2::Pool::builder()
            .max_size(options.pool_size)
            .min_idle(Some(0))
            .connection_timeout(options.connect_timeout)
            .test_on_check_out(true)
            .error_handler(Box::new(LogPoolErrors))
            .build_unchecked(connection::Manager { url: url.clone() });
        Self { pool, url: Arc::new(url.clone()) }
    }

    /// Creates, migrates or checks the database, as `open` allows. To be called before the first use, and again when it
    /// failed and the database may have come back; any thread may do so.
    ///
    /// # Errors
    /// Every variant of [`StoreError`] that says why the database cannot be used.
    pub fn prepare(&self, open: Open) -> Result<Prepared, StoreError> {
        let is_new = self.url.sqlite_path().is_some_and(|path| !path.exists());
        let mut conn = connect(&self.url, open)?;
        let migrated = match open {
            Open::Migrate => migrations::run(&mut conn)?,
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
        &self.url
    }

    /// Runs `work` in one reading transaction: everything it reads is of one moment.
    ///
    /// # Errors
    /// What `work` returns, or that the database does not answer.
    pub fn read<T>(&self, work: impl FnOnce(&mut Reader<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut opened = self.pool.get()?;
        connection::read_transaction(&mut opened.conn, |conn| work(&mut Reader { conn }))
    }

    /// Runs `work` in one writing transaction: all of it happens or nothing. Writers take turns.
    ///
    /// # Errors
    /// What `work` returns, or that the database does not answer.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut opened = self.pool.get().map_err(StoreError::from)?;
        connection::write_transaction(&mut opened.conn, |conn| work(&mut Writer { reader: Reader { conn } }))
    }
}

/// What can be read, within one transaction.
pub struct Reader<'a> {
    conn: &'a mut DbConnection,
}

/// What can be written, within one transaction; reads as well.
pub struct Writer<'a> {
    reader: Reader<'a>,
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

/// Opens the first connection with an answer for each way in which that can fail.
fn connect(url: &DatabaseUrl, open: Open) -> Result<DbConnection, StoreError> {
    if let Some(path) = url.sqlite_path() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match (path.try_exists(), open) {
            (Ok(true), _) if path.is_dir() => {
                return Err(StoreError::NotADatabase { url: url.to_string() });
            }
            (Ok(false), Open::Existing) => return Err(StoreError::Missing { path: path.to_owned() }),
            (Ok(false), Open::Migrate) if folder.is_some_and(|folder| !folder.is_dir()) => {
                let reason = "its folder does not exist".to_owned();
                return Err(StoreError::CannotCreate { path: path.to_owned(), reason });
            }
            // It will hold password hashes and secrets. SQLite gives the files beside it the same rights.
            (Ok(false), Open::Migrate) => match backup::create_private(path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(StoreError::CannotCreate { path: path.to_owned(), reason: error.to_string() });
                }
                _ => {}
            },
            (Err(error), _) => {
                return Err(StoreError::CannotCreate { path: path.to_owned(), reason: error.to_string() });
            }
            _ => {}
        }
    }
    let opened = connection::establish(url, open == Open::Migrate).map_err(StoreError::from);
    opened.map_err(|error| match (error, url.sqlite_path()) {
        (StoreError::NotADatabase { .. }, _) => StoreError::NotADatabase { url: url.to_string() },
        // Opening it here to see why would drop the locks that this process holds on it
        // (https://sqlite.org/howtocorrupt.html, section 2.2).
        (StoreError::Unreachable { reason }, Some(path)) => StoreError::CannotOpen { path: path.to_owned(), reason },
        (error, _) => error,
    })
}

/// Pool errors reach the log as a sentence; whoever waits gets its own error.
#[derive(Debug)]
struct LogPoolErrors;

impl<E: std::error::Error> r2d2::HandleError<E> for LogPoolErrors {
    fn handle_error(&self, error: E) {
        log::warn!("The database gave no connection: {error}");
    }
}
