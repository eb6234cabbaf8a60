//! What can go wrong with the database, told apart as far as a caller or an operator can act on it.

use std::path::PathBuf;

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address cannot be used at all.
    #[error("DATABASE_URL `{url}` cannot be used: {reason}")]
    Url { url: String, reason: String },
    /// There is no SQLite file under that name.
    #[error("no database at `{}`; start the server once (`maintenance serve`) or run `maintenance migrate`", path.display())]
    Missing { path: PathBuf },
    /// The folder of the SQLite file is missing or may not be written.
    #[error("the database `{}` cannot be created: {reason}", path.display())]
    CannotCreate { path: PathBuf, reason: String },
    /// The SQLite file is there but may not be read.
    #[error("the database `{}` cannot be opened: {reason}; check the rights of the file and its folder", path.display())]
    CannotOpen { path: PathBuf, reason: String },
    /// The file is something else.
    #[error("`{url}` is not a database of this program; it was left as it is")]
    NotADatabase { url: String },
    /// A newer program has migrated it.
    #[error("the database was written by a newer version of this program (it holds {found}); upgrade this one first")]
    Newer { found: String },
    /// It has not been migrated yet.
    #[error("the database is older than this program; run `maintenance migrate`")]
    Older,
    /// Another process holds it for longer than a statement waits.
    #[error("the database is locked by another process; try again")]
    Locked,
    /// The file, its folder or the server refuses to write.
    #[error("the database can only be read, not written; check the rights of the file and its folder")]
    ReadOnly,
    /// No space is left for the database.
    #[error("the disk of the database is full; nothing was changed")]
    Full,
    /// No connection could be had.
    #[error("the database does not answer: {reason}")]
    Unreachable { reason: String },
    /// A row with that unique value exists.
    #[error("that exists already ({constraint})")]
    Duplicate { constraint: String },
    /// A stored value cannot be read back.
    #[error("the database holds a value that cannot be read: {what}")]
    Unreadable { what: String },
    /// A migration failed.
    #[error("the database could not be migrated: {reason}")]
    Migration { reason: String },
    /// Anything else that the database says.
    #[error("the database refused")]
    Database(#[source] DieselError),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = &error else { return Self::Database(error) };
        let message = info.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => {
                let constraint = info.constraint_name().unwrap_or(message).to_owned();
                Self::Duplicate { constraint }
            }
            DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly,
            DatabaseErrorKind::ClosedConnection => Self::Unreachable { reason: message.to_owned() },
            // The words of SQLite's result codes: https://sqlite.org/rescode.html
            _ if message.contains("database is locked") || message.contains("table is locked") => Self::Locked,
            _ if message.contains("readonly database") => Self::ReadOnly,
            _ if message.contains("disk is full") || message.contains("No space left") => Self::Full,
            _ if message.contains("not a database") || message.contains("malformed") => {
                Self::NotADatabase { url: "DATABASE_URL".to_owned() }
            }
            _ if message.contains("unable to open database file") || message.contains("disk I/O error") => {
                Self::Unreachable { reason: message.to_owned() }
            }
            _ => Self::Database(error),
        }
    }
}

impl From<ConnectionError> for StoreError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::CouldntSetupConfiguration(error) => error.into(),
            other => Self::Unreachable { reason: other.to_string() },
        }
    }
}

impl From<r2d2::Error> for StoreError {
    fn from(error: r2d2::Error) -> Self {
        Self::Unreachable { reason: error.to_string() }
    }
}

impl StoreError {
    /// Whether a later try may succeed without anybody changing a setting.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Locked | Self::Full | Self::Unreachable { .. })
    }
}
