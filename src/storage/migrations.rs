//! Brings the tables up to date, and tells a database of another version or another program apart.

#[cfg(feature = "sqlite")]
use std::time::Duration;

use diesel::migration::MigrationVersion;
use diesel::sql_types::BigInt;
use diesel::{QueryDsl as _, RunQueryDsl as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::attempt::Attempt;
use super::connection::{DbConnection, each_engine};
use super::schema::expand_steps;
use super::transaction::{self, Purpose};
use super::{DatabaseOptions, StoreError};

#[cfg(feature = "sqlite")]
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgresql");

/// How long a start waits for whoever migrates the same file.
#[cfg(feature = "sqlite")]
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(60);

/// The migrations of the engine that a connection is of.
macro_rules! source_of {
    ($conn:ident) => {
        match $conn {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(_) => SQLITE,
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => POSTGRES,
        }
    };
}

/// Runs what is missing, all of it in one transaction. Of several processes that start together one does it
/// and the others wait. Returns the versions that ran.
///
/// # Errors
/// [`StoreError::Newer`] when the database holds a migration that this program does not know,
/// [`StoreError::NotADatabase`] when another program's tables are in it.
pub(super) fn run(conn: &mut DbConnection, options: &DatabaseOptions) -> Result<Vec<String>, StoreError> {
    let mut ran = Vec::new();
    if !is_migrated(conn)? || pending(conn)? > 0 {
        // A migration takes as long as it takes, and so does waiting for another server's; but what locks a file may
        // be no migration.
        let attempt = Attempt::current();
        attempt.uses(None);
        match conn {
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(conn) => super::postgres::without_limits(conn)?,
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(conn) => super::connection::wait_for_writers(conn, MIGRATION_TIMEOUT)?,
        }
        transaction::begin(conn, Purpose::Write, options)?;
        ran = transaction::finish(conn, &attempt, |conn| {
            let source = source_of!(conn);
            let done: Vec<String> = each_engine!(conn, |conn| {
                let versions = conn.run_pending_migrations(source).map_err(migration_error)?;
                versions.iter().map(MigrationVersion::to_string).collect()
            });
            for version in &done {
                log::info!("Migrated the database to {version}");
            }
            Ok::<_, StoreError>(done)
        })?;
    }
    refuse_newer(conn)?;
    Ok(ran)
}

/// Refuses a database that is newer or older than this program; writes nothing.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Older`] or [`StoreError::NotADatabase`].
pub(super) fn check(conn: &mut DbConnection) -> Result<(), StoreError> {
    if !is_migrated(conn)? {
        return Err(StoreError::Older);
    }
    refuse_newer(conn)?;
    if pending(conn)? > 0 { Err(StoreError::Older) } else { Ok(()) }
}

fn pending(conn: &mut DbConnection) -> Result<usize, StoreError> {
    let source = source_of!(conn);
    each_engine!(conn, |conn| Ok(conn.pending_migrations(source).map_err(migration_error)?.len()))
}

/// Goes on beside a newer program as long as all that it has done is an expand step, which says so itself.
fn refuse_newer(conn: &mut DbConnection) -> Result<(), StoreError> {
    let known = known(conn)?;
    let applied: Vec<String> = each_engine!(conn, |conn| {
        let versions = conn.applied_migrations().map_err(migration_error)?;
        versions.iter().map(MigrationVersion::to_string).collect()
    });
    let unknown: Vec<String> = applied.into_iter().filter(|version| !known.contains(version)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let steps: Vec<String> = expand_steps::table.select(expand_steps::version).load(conn)?;
    match unknown.iter().find(|version| !steps.contains(version)) {
        Some(found) => Err(StoreError::Newer { found: found.clone() }),
        None => {
            let ahead = unknown.join(", ");
            log::info!("The database is ahead of this program ({ahead}) by what it can work beside; upgrade it soon");
            Ok(())
        }
    }
}

/// Versions of all migrations in this program.
fn known(conn: &DbConnection) -> Result<Vec<String>, StoreError> {
    fn versions<DB: diesel::backend::Backend>(source: EmbeddedMigrations) -> diesel::migration::Result<Vec<String>> {
        let migrations = diesel::migration::MigrationSource::<DB>::migrations(&source)?;
        Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
    }
    match conn {
        #[cfg(feature = "sqlite")]
        DbConnection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(SQLITE),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => versions::<diesel::pg::Pg>(POSTGRES),
    }
    .map_err(migration_error)
}

/// Whether our migrations have ever run here. An empty database has not; one with other tables is not ours.
fn is_migrated(conn: &mut DbConnection) -> Result<bool, StoreError> {
    let tables = match conn {
        #[cfg(feature = "sqlite")]
        DbConnection::Sqlite(_) => {
            "SELECT count(*) AS all_tables, \
             coalesce(sum(name = '__diesel_schema_migrations'), 0) AS ours FROM sqlite_master WHERE type = 'table'"
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => {
            "SELECT count(*) AS all_tables, \
             count(*) FILTER (WHERE tablename = '__diesel_schema_migrations') AS ours \
             FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    let found: Tables = diesel::sql_query(tables).get_result(conn)?;
    match found {
        Tables { all_tables: 0, .. } => Ok(false),
        Tables { ours: 0, .. } => Err(StoreError::NotADatabase { url: "DATABASE_URL".to_owned() }),
        _ => Ok(true),
    }
}

#[derive(diesel::QueryableByName)]
struct Tables {
    #[diesel(sql_type = BigInt)]
    all_tables: i64,
    #[diesel(sql_type = BigInt)]
    ours: i64,
}

fn migration_error(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    match error.downcast::<diesel::result::Error>() {
        Ok(error) => StoreError::from(*error),
        Err(error) => StoreError::Migration { reason: error.to_string() },
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use diesel::sql_types::Text;

    use super::*;
    use crate::storage::DatabaseUrl;
    use crate::storage::connection::establish;

    #[derive(diesel::QueryableByName, Debug, PartialEq)]
    struct Made {
        #[diesel(sql_type = Text)]
        sql: String,
    }

    fn fresh() -> (tempfile::TempDir, DbConnection) {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(folder.path().join("m.sqlite3").to_str().unwrap()).unwrap();
        let conn = establish(&url, &DatabaseOptions::default(), &Default::default(), true).unwrap();
        (folder, conn)
    }

    fn schema(conn: &mut DbConnection) -> Vec<Made> {
        let query = "SELECT coalesce(sql, '') AS sql FROM sqlite_master WHERE name NOT LIKE '%diesel%' \
                     AND name NOT LIKE 'sqlite%' ORDER BY name";
        diesel::sql_query(query).load(conn).unwrap()
    }

    fn sqlite(conn: &mut DbConnection) -> &mut diesel::SqliteConnection {
        match conn {
            DbConnection::Sqlite(conn) => conn,
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => unreachable!("the address names a file"),
        }
    }

    #[test]
    fn every_migration_can_be_undone_and_run_again_to_the_same_tables() {
        let (_folder, mut conn) = fresh();
        run(&mut conn, &DatabaseOptions::default()).unwrap();
        let made = schema(&mut conn);
        assert!(made.len() > 12);
        sqlite(&mut conn).revert_all_migrations(SQLITE).unwrap();
        assert_eq!(schema(&mut conn), []);
        run(&mut conn, &DatabaseOptions::default()).unwrap();
        assert_eq!(schema(&mut conn), made);
    }

    #[test]
    fn a_database_of_a_newer_program_is_refused() {
        let (_folder, mut conn) = fresh();
        run(&mut conn, &DatabaseOptions::default()).unwrap();
        let later = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
        diesel::sql_query(later).execute(&mut conn).unwrap();
        assert!(matches!(check(&mut conn), Err(StoreError::Newer { found }) if found == "29990101000000"));
        assert!(matches!(run(&mut conn, &DatabaseOptions::default()), Err(StoreError::Newer { .. })));
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let (_folder, mut conn) = fresh();
        diesel::sql_query("CREATE TABLE theirs (id INTEGER)").execute(&mut conn).unwrap();
        assert!(matches!(run(&mut conn, &DatabaseOptions::default()), Err(StoreError::NotADatabase { .. })));
        assert_eq!(schema(&mut conn).len(), 1);
    }

    #[test]
    fn an_empty_database_is_older_than_the_program() {
        let (_folder, mut conn) = fresh();
        assert!(matches!(check(&mut conn), Err(StoreError::Older)));
    }
}
