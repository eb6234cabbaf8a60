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
    /// No connection could be had, or it was lost before anything was changed.
    #[error("the database does not answer: {reason}")]
    Unreachable { reason: String },
    /// The connection was lost while a change was to be saved.
    #[error(
        "the database stopped answering while it was to save the change, so it is not known whether it did; look before you try again"
    )]
    Unconfirmed,
    /// The server, or the system of which it is a part, says no, and will do so until somebody changes something.
    #[error("the database refuses this program: {reason}; {hint}")]
    Refused { reason: String, hint: String },
    /// The server copies another one and takes no changes. It may become the one that does.
    #[error(
        "the database is a standby that can only be read; give the address of the primary, or several with `target_session_attrs=read-write`"
    )]
    Standby,
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
            // Only PostgreSQL says so by kind.
            DatabaseErrorKind::ReadOnlyTransaction => Self::Standby,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Unreachable { reason: message.lines().next().unwrap_or_default().to_owned() }
            }
            _ => in_words(message).unwrap_or(Self::Database(error)),
        }
    }
}

/// What neither engine tells by kind, by the words of SQLite's result codes (<https://sqlite.org/rescode.html>) and of
/// PostgreSQL in English.
fn in_words(message: &str) -> Option<StoreError> {
    let says = |words: &str| message.contains(words);
    if says("database is locked") || says("table is locked") || says("due to lock timeout") {
        return Some(StoreError::Locked);
    }
    if says("readonly database") {
        return Some(StoreError::ReadOnly);
    }
    if says("disk is full") || says("No space left") {
        return Some(StoreError::Full);
    }
    if says("not a database") || says("malformed") {
        return Some(StoreError::NotADatabase { url: "DATABASE_URL".to_owned() });
    }
    if says("unable to open database file") || says("disk I/O error") {
        return Some(StoreError::Unreachable { reason: message.to_owned() });
    }
    if says("due to statement timeout") {
        let reason = "a statement took longer than DATABASE_STATEMENT_TIMEOUT".to_owned();
        return Some(StoreError::Unreachable { reason });
    }
    if says("permission denied for") || says("must be owner of") {
        let hint = match message.strip_prefix("permission denied for schema ") {
            Some(schema) => format!("run `GRANT CREATE, USAGE ON SCHEMA {schema} TO` its role"),
            None => "give the tables of this program to its role".to_owned(),
        };
        return Some(StoreError::Refused { reason: message.to_owned(), hint });
    }
    if says("no schema has been selected") {
        let hint =
            "create the schema that search_path names, or run `GRANT CREATE, USAGE ON SCHEMA public TO` its role";
        return Some(StoreError::Refused { reason: message.to_owned(), hint: hint.to_owned() });
    }
    None
}

impl From<ConnectionError> for StoreError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::CouldntSetupConfiguration(error) => error.into(),
            other => Self::Unreachable { reason: other.to_string() },
        }
    }
}

/// An error of a transaction, in which a failure of the database can be told from a refusal of the caller's own.
pub trait TransactionError: From<StoreError> {
    /// The failure of the database, if it is one.
    fn store_error(&self) -> Option<&StoreError>;
}

impl TransactionError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl StoreError {
    /// The words of [`StoreError::kind`].
    pub const KINDS: [&'static str; 6] = ["unreachable", "unconfirmed", "locked", "full", "read-only", "refused"];

    /// What kind of failure this is, as a word that may be shown to strangers: it names no address, no path and no SQL.
    /// `None` for [`StoreError::Duplicate`], which is an answer.
    pub fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::Duplicate { .. } => return None,
            Self::Unreachable { .. } | Self::Missing { .. } | Self::CannotOpen { .. } => "unreachable",
            Self::Unconfirmed => "unconfirmed",
            Self::Locked => "locked",
            Self::Full => "full",
            Self::ReadOnly | Self::Standby => "read-only",
            _ => "refused",
        })
    }

    /// Whether a later try may succeed without anybody changing a setting or a right.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Locked | Self::Full | Self::Unreachable { .. } | Self::Unconfirmed | Self::Standby)
    }
}
