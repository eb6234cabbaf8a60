//! A fresh database on each engine.

use maintenance_mode::storage::{DatabaseUrl, Open, Store};

/// Runs a test on a fresh, migrated database of each engine that is there.
pub fn on_each_engine(test: impl Fn(&Store)) {
    on_each_empty_database(|url| test(&Store::open(url, Open::Migrate).expect("a fresh database opens")));
}

/// Runs a test with the address of an empty database of each engine that is there.
pub fn on_each_empty_database(test: impl Fn(&DatabaseUrl)) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("test.sqlite3");
    let parse = |url: &str| DatabaseUrl::parse(url).expect("the address is one");
    test(&parse(path.to_str().expect("the path is text")));
    if let Some(server) = postgres::server() {
        test(&parse(&postgres::fresh_schema(&server)));
    }
}

/// Runs statements of another program on a database.
pub fn execute(url: &DatabaseUrl, sql: &str) {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;

    let done = match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.to_str().expect("the path is text");
            diesel::SqliteConnection::establish(path).expect("it opens").batch_execute(sql)
        }
        DatabaseUrl::Postgres(url) => diesel::PgConnection::establish(url).expect("it answers").batch_execute(sql),
    };
    done.expect("the statements are good");
}

pub mod postgres {
    use std::sync::atomic::{AtomicU32, Ordering};

    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, PgConnection};

    /// Number of the next schema in this process.
    static NEXT: AtomicU32 = AtomicU32::new(0);

    /// Address of a server for tests, as `TEST_POSTGRES_URL` gives it.
    #[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
    pub fn server() -> Option<String> {
        std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
    }

    /// An address whose connections see a new, empty schema only.
    pub fn fresh_schema(server: &str) -> String {
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut conn = PgConnection::establish(server).expect("the test server answers");
        conn.batch_execute(&format!("CREATE SCHEMA {name}")).expect("schemas may be made");
        let separator = if server.contains('?') { '&' } else { '?' };
        format!("{server}{separator}options=-csearch_path%3D{name}")
    }
}
