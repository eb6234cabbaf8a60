//! Which database it is: what tells one that was put back from one that was made anew.

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _};

use super::connection::each_engine;
use super::{Reader, StoreError};

#[derive(QueryableByName)]
struct Origin {
    #[diesel(sql_type = Text)]
    made_at: String,
}

impl Reader<'_> {
    /// When the first migration ran, as the database writes it: to the second in a SQLite file, to the microsecond in
    /// PostgreSQL. A backup has that of the database it is of.
    pub fn origin(&mut self) -> Result<String, StoreError> {
        let query = "SELECT CAST(run_on AS TEXT) AS made_at FROM __diesel_schema_migrations ORDER BY version LIMIT 1";
        let found: Origin = each_engine!(&mut *self.conn, |conn| diesel::sql_query(query).get_result(conn)?);
        Ok(found.made_at)
    }
}
