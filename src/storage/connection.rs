//! One connection type over both engines, chosen by the scheme of `DATABASE_URL`, and how it is opened.
//!
//! Diesel's derived `establish` would try one engine after the other, so that a mistyped PostgreSQL address
//! becomes the name of a SQLite file. Here the scheme decides, and an unknown one is refused in words.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use diesel::{Connection, ConnectionError, QueryResult};

use super::StoreError;

/// A connection to whichever engine the address names.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// The embedded engine.
    #[cfg(feature = "sqlite")]
    Sqlite(diesel::SqliteConnection),
    /// The shared engine.
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
}

/// Runs one statement on whichever engine the connection is of, where Diesel's multi-connection lacks it
/// (`ON CONFLICT`, batch insert).
macro_rules! each_engine {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            #[cfg(feature = "sqlite")]
            $crate::storage::connection::DbConnection::Sqlite($c) => $body,
            #[cfg(feature = "postgres")]
            $crate::storage::connection::DbConnection::Postgres($c) => $body,
        }
    };
}
pub(super) use each_engine;

/// How long a statement waits for another writer before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Key of the advisory lock under which PostgreSQL writers take turns ("mmode" in ASCII).
#[cfg(feature = "postgres")]
const WRITE_LOCK: i64 = 0x6d_6d_6f_64_65;

/// Where the state lives: a SQLite file or a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// Path of a SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// A libpq address: `postgres://user:password@host:port/database`.
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite://PATH`, `sqlite:PATH`, `PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// [`StoreError::Url`] for an empty address, an unknown scheme, or an engine that is not built in.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let url = url.trim();
        let refuse = |reason: &str| StoreError::Url { url: without_password(url), reason: reason.to_owned() };
        if url.is_empty() {
            return Err(refuse("it is empty; give a file name or postgres://user@host/database"));
        }
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                (scheme.to_ascii_lowercase(), rest)
            }
            _ => ("sqlite".to_owned(), url),
        };
        match scheme.as_str() {
            "sqlite" | "file" => Self::sqlite(rest.strip_prefix("//").unwrap_or(rest), refuse),
            "postgres" | "postgresql" => Self::postgres(url, refuse),
            _ => Err(refuse("its scheme is not known; use sqlite:FILE or postgres://user@host/database")),
        }
    }

    #[cfg(feature = "sqlite")]
    fn sqlite(path: &str, refuse: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        match path {
            "" => Err(refuse("it names no file")),
            ":memory:" => Err(refuse("a database in memory cannot be shared with the command line; give a file name")),
            path => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }

    #[cfg(not(feature = "sqlite"))]
    fn sqlite(_: &str, refuse: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        Err(refuse("this program was built without SQLite (cargo feature `sqlite`)"))
    }

    #[cfg(feature = "postgres")]
    fn postgres(url: &str, _: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        Ok(Self::Postgres(url.to_owned()))
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres(_: &str, refuse: impl Fn(&str) -> StoreError) -> Result<Self, StoreError> {
        Err(refuse("this program was built without PostgreSQL (cargo feature `postgres`)"))
    }

    /// The SQLite file, or `None` on PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }
}

/// Shows the address without its password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Cuts `user:secret@` down to `user:…@`, and a `password=` in the query, so that no log shows it.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_ends = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_ends);
    let authority = match authority.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split(':').next().unwrap_or_default();
            if login.contains(':') { format!("{user}:…@{host}") } else { format!("{user}@{host}") }
        }
        None => authority.to_owned(),
    };
    let tail = match tail.find("password=") {
        Some(at) => format!("{}password=…", &tail[..at]),
        None => tail.to_owned(),
    };
    format!("{scheme}://{authority}{tail}")
}

/// Opens a connection. A SQLite file is created only when `create` is true.
pub(super) fn establish(url: &DatabaseUrl, create: bool) -> Result<DbConnection, ConnectionError> {
    match url {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => establish_sqlite(path, create).map(DbConnection::Sqlite),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(url) => diesel::PgConnection::establish(url).map(DbConnection::Postgres),
    }
}

#[cfg(feature = "sqlite")]
fn establish_sqlite(path: &Path, create: bool) -> Result<diesel::SqliteConnection, ConnectionError> {
    // A `file:` URI, because only there can the mode be given; `?`, `#` and `%` in the name are escaped.
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mode = if create { "rwc" } else { "rw" };
    let mut conn = diesel::SqliteConnection::establish(&format!("file:{name}?mode={mode}"))?;
    let pragmas = format!(
        // The time-out first: switching to WAL may itself meet another writer. FULL, because what was
        // acknowledged must survive a power loss. Foreign keys are off by default in SQLite.
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        BUSY_TIMEOUT.as_millis()
    );
    match conn.batch_execute(&pragmas) {
        Ok(()) => Ok(conn),
        // A file that may only be read cannot be switched to WAL; reading it is still possible.
        Err(error) if is_read_only(&error) => {
            conn.batch_execute(&format!(
                "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON;",
                BUSY_TIMEOUT.as_millis()
            ))
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        Err(error) => Err(ConnectionError::CouldntSetupConfiguration(error)),
    }
}

#[cfg(feature = "sqlite")]
fn is_read_only(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, info) if info.message().contains("readonly"))
}

/// Runs `work` as one writing transaction. Writers take turns, so revisions commit in order.
///
/// SQLite: `BEGIN IMMEDIATE`, because a deferred transaction that first reads and then writes fails at once
/// when another writer came between, whatever the busy time-out. PostgreSQL: one transaction-level lock.
pub(super) fn write_transaction<T, E: From<StoreError>>(
    conn: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> Result<T, E>,
) -> Result<T, E> {
    begin_writing(conn).map_err(StoreError::from)?;
    finish(conn, work)
}

fn begin_writing(conn: &mut DbConnection) -> QueryResult<()> {
    match conn {
        #[cfg(feature = "sqlite")]
        DbConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN")?;
            conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
        }
    }
}

/// Runs `work` as one reading transaction: everything it reads is of one moment.
pub(super) fn read_transaction<T>(
    conn: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match conn {
        #[cfg(feature = "sqlite")]
        DbConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
    }?;
    finish(conn, work)
}

/// Commits when `work` succeeded, rolls back when not; the error of the work wins over that of the roll-back.
fn finish<T, E: From<StoreError>>(
    conn: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> Result<T, E>,
) -> Result<T, E> {
    type Manager = <DbConnection as Connection>::TransactionManager;
    match work(conn) {
        Ok(value) => {
            Manager::commit_transaction(conn).map_err(StoreError::from)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = Manager::rollback_transaction(conn) {
                log::error!("A transaction could not be rolled back: {rollback}");
            }
            Err(error)
        }
    }
}

/// A pooled connection, and the file that it was opened on.
pub(super) struct Opened {
    pub(super) conn: DbConnection,
    file: FileId,
}

/// Makes and checks the pooled connections.
pub(super) struct Manager {
    pub(super) url: DatabaseUrl,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Opened;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Opened, ConnectionError> {
        let file = FileId::of(&self.url);
        Ok(Opened { conn: establish(&self.url, false)?, file })
    }

    /// On SQLite only whether the file is still the same one; a server is asked.
    fn is_valid(&self, opened: &mut Opened) -> Result<(), ConnectionError> {
        if opened.file != FileId::of(&self.url) {
            return Err(ConnectionError::BadConnection("the file was replaced".to_owned()));
        }
        match &mut opened.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => {
                conn.batch_execute("SELECT 1").map_err(ConnectionError::CouldntSetupConfiguration)
            }
        }
    }

    fn has_broken(&self, opened: &mut Opened) -> bool {
        type Manager = <DbConnection as Connection>::TransactionManager;
        std::thread::panicking() || Manager::is_broken_transaction_manager(&mut opened.conn)
    }
}

/// Which file a path names, so that a connection to one that was moved away or deleted is given up: what is written
/// there would be lost. Always the same for PostgreSQL, and on systems that do not number their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(Option<(u64, u64)>);

impl FileId {
    /// The file that the address names now.
    pub(super) fn of(url: &DatabaseUrl) -> Self {
        Self(url.sqlite_path().and_then(number_of))
    }
}

#[cfg(unix)]
fn number_of(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;

    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn number_of(_: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(all(test, feature = "sqlite", feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_the_address_names_the_engine() {
        for path in ["maintenance.sqlite3", "sqlite:maintenance.sqlite3", "sqlite://maintenance.sqlite3"] {
            assert_eq!(DatabaseUrl::parse(path).unwrap(), DatabaseUrl::Sqlite("maintenance.sqlite3".into()), "{path}");
        }
        assert_eq!(DatabaseUrl::parse("sqlite:///var/m.db").unwrap(), DatabaseUrl::Sqlite("/var/m.db".into()));
        for url in ["postgres://ada@db/m", "postgresql://ada@db/m"] {
            assert_eq!(DatabaseUrl::parse(url).unwrap(), DatabaseUrl::Postgres(url.to_owned()), "{url}");
        }
    }

    #[test]
    fn an_unknown_scheme_or_an_empty_address_is_refused_in_words() {
        for (url, part) in
            [("", "empty"), ("mysql://db/m", "scheme"), ("sqlite:", "no file"), ("sqlite::memory:", "memory")]
        {
            let error = DatabaseUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://ada:s3cret@db:5432/m?password=s3cret").unwrap();
        assert_eq!(url.to_string(), "postgres://ada:…@db:5432/m?password=…");
        assert!(!format!("{url:?}").contains("s3cret"));
    }
}
