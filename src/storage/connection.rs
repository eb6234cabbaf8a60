//! One connection type over both engines, chosen by the scheme of `DATABASE_URL`, and how it is opened.
//!
//! Diesel's derived `establish` would try one engine after the other, so that a mistyped PostgreSQL address
//! becomes the name of a SQLite file. Here the scheme decides, and an unknown one is refused in words.

use std::path::Path;
use std::sync::Arc;
#[cfg(feature = "sqlite")]
use std::time::{Duration, Instant};

#[cfg(feature = "sqlite")]
use diesel::Connection as _;
#[cfg(feature = "sqlite")]
use diesel::connection::SimpleConnection as _;

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

/// Between two tries to switch a file to WAL.
#[cfg(feature = "sqlite")]
const SWITCH_PAUSE: Duration = Duration::from_millis(5);

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
        DatabaseUrl::Sqlite(path) => establish_sqlite(path, create).map(DbConnection::Sqlite),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(url) => postgres::establish(url, options, pulse).map(DbConnection::Postgres),
    }
}

#[cfg(feature = "sqlite")]
fn establish_sqlite(path: &Path, create: bool) -> Result<diesel::SqliteConnection, StoreError> {
    // A `file:` URI, because only there can the mode be given; `?`, `#` and `%` in the name are escaped.
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mode = if create { "rwc" } else { "rw" };
    let mut conn = diesel::SqliteConnection::establish(&format!("file:{name}?mode={mode}"))?;
    wait_for_writers(&mut conn, BUSY_TIMEOUT)?;
    // They are off by default in SQLite.
    conn.batch_execute("PRAGMA foreign_keys = ON")?;
    match switch_to_wal(&mut conn) {
        // FULL, because what was acknowledged must survive a power loss.
        Ok(()) => conn.batch_execute("PRAGMA synchronous = FULL")?,
        // A file that may only be read cannot be switched; reading it is still possible.
        Err(StoreError::ReadOnly) => {}
        Err(error) => return Err(error),
    }
    Ok(conn)
}

/// From now on, a statement on this connection waits that long for another writer.
#[cfg(feature = "sqlite")]
pub(super) fn wait_for_writers(conn: &mut diesel::SqliteConnection, at_most: Duration) -> Result<(), StoreError> {
    Ok(conn.batch_execute(&format!("PRAGMA busy_timeout = {}", at_most.as_millis()))?)
}

/// Switches the file to WAL, where readers and a writer do not wait for each other; nothing to do once it is. While
/// others switch it too, SQLite asks for the lock with one in hand already, so it refuses at once instead of waiting.
#[cfg(feature = "sqlite")]
fn switch_to_wal(conn: &mut diesel::SqliteConnection) -> Result<(), StoreError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL").map_err(StoreError::from) {
            Err(StoreError::Locked) if Instant::now() < deadline => std::thread::sleep(SWITCH_PAUSE),
            done => return done,
        }
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
