//! All SQL. Nouns come in and go out; nobody else knows Diesel.
//!
//! [`Store::read`] and [`Store::write`] run one transaction each on a pooled connection and block, so async
//! code calls them from a blocking thread. What can be read hangs on [`Reader`], what can be written on
//! [`Writer`], noun by noun, one file each.

mod backup;
mod change;
mod connection;
mod error;
mod login_failure;
mod migrations;
mod record;
mod schema;
mod secret;
mod session;
mod timestamp;
mod user;
mod watch;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

pub use backup::BackupError;
pub use change::{ChangeFilter, NewChange};
pub use connection::{DatabaseUrl, DbConnection};
pub use error::StoreError;
pub use login_failure::{LoginFailures, LoginScope};
pub use session::{KeyHash, NewSession, Session, SessionId};
pub use user::{NewUser, UserChanges};
pub use watch::Watch;

/// How long a caller waits for a free connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections kept in the pool.
const POOL_SIZE: u32 = 8;

/// The database, with its pool of connections. Cloning shares the pool.
#[derive(Clone)]
pub struct Store {
    pool: r2d2::Pool<connection::Manager>,
    url: Arc<DatabaseUrl>,
}

/// What may happen to a database when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Create the SQLite file when it is missing, and bring the tables up to date: `serve`, `migrate`.
    Migrate,
    /// Refuse a database that is missing or older: a mistyped name must not make a new, empty one.
    Existing,
}

/// A database that is ready, and what had to be done for it.
pub struct Opened {
    /// The database.
    pub store: Store,
    /// Whether there was no SQLite file before.
    pub is_new: bool,
    /// The migrations that ran, in order; empty when the tables were up to date.
    pub migrated: Vec<String>,
}

impl Store {
    /// Opens the database.
    ///
    /// # Errors
    /// Every variant of [`StoreError`] that says why it cannot be used.
    pub fn open(url: &DatabaseUrl, open: Open) -> Result<Self, StoreError> {
        match open {
            Open::Migrate => Ok(Self::open_or_create(url)?.store),
            Open::Existing => {
                migrations::check(&mut connect(url, open)?)?;
                Self::pooled(url)
            }
        }
    }

    /// Opens the database as [`Open::Migrate`] does, and tells what had to be done for it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_or_create(url: &DatabaseUrl) -> Result<Opened, StoreError> {
        let is_new = url.sqlite_path().is_some_and(|path| !path.exists());
        let migrated = migrations::run(&mut connect(url, Open::Migrate)?)?;
        Ok(Opened { store: Self::pooled(url)?, is_new, migrated })
    }

    fn pooled(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let pool = r2d2::Pool::builder()
            .max_size(POOL_SIZE)
            .min_idle(Some(1))
            .connection_timeout(CONNECTION_TIMEOUT)
            .test_on_check_out(url.sqlite_path().is_none())
            .error_handler(Box::new(LogPoolErrors))
            .build_unchecked(connection::Manager { url: url.clone() });
        Ok(Self { pool, url: Arc::new(url.clone()) })
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
        let mut conn = self.pool.get()?;
        connection::read_transaction(&mut conn, |conn| work(&mut Reader { conn }))
    }

    /// Runs `work` in one writing transaction: all of it happens or nothing. Writers take turns.
    ///
    /// # Errors
    /// What `work` returns, or that the database does not answer.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut conn = self.pool.get().map_err(StoreError::from)?;
        connection::write_transaction(&mut conn, |conn| work(&mut Writer { reader: Reader { conn } }))
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
        (StoreError::Unreachable { reason }, Some(path)) if open == Open::Migrate => {
            StoreError::CannotCreate { path: path.to_owned(), reason }
        }
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
