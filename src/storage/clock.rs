//! The clock of the database, by which servers with clocks of their own agree.

#[cfg(feature = "postgres")]
use diesel::RunQueryDsl as _;
use jiff::Timestamp;

use super::connection::DbConnection;
#[cfg(feature = "postgres")]
use super::timestamp::UtcTime;
use super::{Reader, StoreError};

#[cfg(feature = "postgres")]
#[derive(diesel::QueryableByName)]
struct Clock {
    #[diesel(sql_type = diesel::sql_types::Timestamp)]
    now: UtcTime,
}

impl Reader<'_> {
    /// Now, by the clock of the database: that of the PostgreSQL server, or of this machine for a SQLite file. It runs
    /// on within a transaction.
    pub fn clock(&mut self) -> Result<Timestamp, StoreError> {
        match &mut *self.conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(_) => Ok(crate::clock::now()),
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => {
                let clock: Clock =
                    diesel::sql_query("SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now").get_result(conn)?;
                Ok(clock.now.into())
            }
        }
    }
}
