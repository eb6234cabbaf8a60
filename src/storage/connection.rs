//! One connection type over both engines, chosen by the scheme of `DATABASE_URL`, and how it is opened.
//!
//! Diesel's derived `establish` would try one engine after the other, so that a mistyped PostgreSQL address
//! becomes the name of a SQLite file. Here the scheme decides, and an unknown one is refused in words.

use std::path::Path;
use std::sync::Arc;
#[cfg(feature = "sqlite")]
use std::time::Duration;

#[cfg(feature = "sqlite")]
use diesel::connection::SimpleConnection as _;
#[cfg(feature = "sqlite")]
use diesel::{Connection as _, ConnectionError};

use super::attempt::Pulse;
#[cfg(feature = "postgres")]
use super::postgres;
use super::{DatabaseOptions, DatabaseUrl, StoreError};

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
#[cfg(feature = "sqlite")]
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a connection. A SQLite file is created only when `create` is true. `pulse` tells from then on whether the
/// server owes an answer; a file never does.
pub(super) fn establish(
    url: &DatabaseUrl,
    options: &DatabaseOptions,
    pulse: &Arc<Pulse>,
    create: bool,
) -> Result<DbConnection, StoreError> {
    #[cfg(not(feature = "postgres"))]
    let _ = (options, pulse);
    #[cfg(not(feature = "sqlite"))]
    let _ = create;
    match url {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => Ok(establish_sqlite(path, create).map(DbConnection::Sqlite)?),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(url) => postgres::establish(url, options, pulse).map(DbConnection::Postgres),
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
