//! Transactions: what is read is of one moment, and what is written happens as a whole or not at all.

use diesel::Connection;
use diesel::connection::TransactionManager;

use super::attempt::Attempt;
use super::connection::DbConnection;
#[cfg(feature = "postgres")]
use super::postgres;
use super::{DatabaseOptions, StoreError};

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Everything that is read is of one moment.
    Read,
    /// A change. Writers take turns, so revisions commit in order.
    ///
    /// SQLite: `BEGIN IMMEDIATE`, because a deferred transaction that first reads and then writes fails at once
    /// when another writer came between, whatever the busy time-out. PostgreSQL: one transaction-level lock.
    Write,
    /// Notes that are no change, such as signs of life. On PostgreSQL they wait for nobody, not even the disk; SQLite
    /// has one writer at a time whatever it writes.
    Beside,
}

/// Begins a transaction. When that fails, the connection is in none.
pub(super) fn begin(conn: &mut DbConnection, purpose: Purpose, options: &DatabaseOptions) -> Result<(), StoreError> {
    #[cfg(not(feature = "postgres"))]
    let _ = options;
    match conn {
        #[cfg(feature = "sqlite")]
        DbConnection::Sqlite(conn) => {
            let sql = if purpose == Purpose::Read { "BEGIN" } else { "BEGIN IMMEDIATE" };
            Ok(diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, sql)?)
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(conn) => postgres::begin(conn, purpose, options),
    }
}

/// Commits when `work` succeeded, rolls back when not; the error of the work wins over that of the roll-back.
///
/// # Errors
/// What `work` returns; [`StoreError::Unconfirmed`] when the database went away while it was to commit.
pub(super) fn finish<T, E: From<StoreError>>(
    conn: &mut DbConnection,
    attempt: &Attempt,
    work: impl FnOnce(&mut DbConnection) -> Result<T, E>,
) -> Result<T, E> {
    type Manager = <DbConnection as Connection>::TransactionManager;
    let worked = work(conn).and_then(|value| {
        // Whoever waited for it was told that nothing was changed: so be it.
        attempt.begin_commit()?;
        Ok(value)
    });
    match worked {
        Ok(value) => {
            let committed = Manager::commit_transaction(conn).map_err(StoreError::from);
            attempt.end_commit(committed.is_ok());
            committed.map_err(|error| unconfirmed(conn, error))?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = Manager::rollback_transaction(conn) {
                log::debug!("A transaction could not be rolled back, so its connection is given up: {rollback}");
            }
            Err(error)
        }
    }
}

/// A server that is lost while it commits may have committed. SQLite tells.
fn unconfirmed(conn: &DbConnection, error: StoreError) -> StoreError {
    match (conn, error) {
        #[cfg(feature = "postgres")]
        (DbConnection::Postgres(_), StoreError::Unreachable { .. }) => StoreError::Unconfirmed,
        (_, error) => error,
    }
}
