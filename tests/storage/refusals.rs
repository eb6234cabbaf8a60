//! What a server refuses is said in a sentence that tells what to do, and is told from what passes by itself.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use maintenance_mode::storage::{DatabaseOptions, DatabaseUrl, Open, Store, StoreError};

use crate::cluster::Cluster;

const WHO_COMES_IN: &str = "\
host all barred 127.0.0.1/32 reject
hostssl all careful 127.0.0.1/32 scram-sha-256
host all careful 127.0.0.1/32 reject
host postgres all 127.0.0.1/32 scram-sha-256
host absent all 127.0.0.1/32 scram-sha-256";

fn cluster() -> Option<Cluster> {
    crate::engine::postgres::server()?;
    Some(Cluster::start(WHO_COMES_IN, "-c max_connections=14"))
}

fn a_store(url: &str) -> Store {
    let second = Duration::from_secs(1);
    let options = DatabaseOptions { pool_size: 2, connect_timeout: second, statement_timeout: second };
    Store::new(&DatabaseUrl::parse(url).unwrap(), options)
}

/// The error of a start, once by preparing and once by the pool, which must agree.
fn refused(url: &str) -> StoreError {
    let store = a_store(url);
    let error = store.prepare(Open::Migrate).unwrap_err();
    let later = store.read(|reader| reader.site_count()).unwrap_err();
    assert_eq!(error.to_string(), later.to_string());
    error
}

/// Checks the words, that no password is among them, and whether a later try may succeed by itself.
#[track_caller]
fn says(error: &StoreError, is_passing: bool, parts: &[&str]) {
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    assert!(!text.contains("right") || !text.contains("test:"), "{text}");
    assert!(!text.contains('\n') && text.len() < 300, "{text}");
    assert_eq!(error.is_passing(), is_passing, "{text}");
}

#[test]
fn nobody_there_passes_and_names_the_place() {
    let Some(_) = crate::engine::postgres::server() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = Instant::now();
    let error = refused(&format!("postgres://test:right@127.0.0.1:{port}/postgres"));
    says(&error, true, &["nobody answers at 127.0.0.1", &port.to_string()]);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(silent);
    says(
        &refused(&format!("postgres://test:right@127.0.0.1:{port}/postgres")),
        true,
        &["nobody listens at 127.0.0.1", &port.to_string()],
    );
    says(&refused("postgres://test:right@nowhere.invalid/postgres"), true, &["host `nowhere.invalid` cannot be found"]);
    says(&refused("postgres://test@%2Fnowhere/postgres"), true, &["there is no socket at /nowhere"]);
}

#[test]
fn an_address_that_cannot_be_read_says_what_is_wrong_with_it() {
    says(&refused("postgres://test:right@db/postgres?colour=blue"), false, &["parameter `colour`", "test:…@db"]);
    says(&refused("postgres://test:right@db:many/postgres"), false, &["its port is not a number"]);
    says(&refused("postgres://test:right@[::1/postgres"), false, &["it is not of the form", "%40 for @"]);
    says(&refused("postgres://te%zzst:right@db/postgres"), false, &["two hexadecimal digits"]);
}

#[test]
#[cfg(not(feature = "postgres-tls"))]
fn tls_that_is_not_built_in_is_refused_before_anybody_is_asked() {
    for mode in ["require", "verify-ca", "verify-full"] {
        says(&refused(&format!("postgres://test@127.0.0.1:1/m?sslmode={mode}")), false, &["TLS", "`postgres-tls`"]);
    }
}

#[test]
fn who_may_not_come_in_is_told_why() {
    let Some(cluster) = cluster() else { return };
    cluster.execute(
        "CREATE ROLE barred LOGIN PASSWORD 'right'; CREATE ROLE careful LOGIN PASSWORD 'right'; \
         CREATE ROLE full LOGIN PASSWORD 'right' CONNECTION LIMIT 0",
    );
    let at = |login: &str, database: &str| format!("postgres://{login}@127.0.0.1:{}/{database}", cluster.port);
    says(
        &refused(&at("test:wrong", "postgres")),
        false,
        &["password authentication failed", "check the user and the password"],
    );
    says(&refused(&at("test", "postgres")), false, &["no password supplied", "~/.pgpass"]);
    says(&refused(&at("test:right", "absent")), false, &["\"absent\" does not exist", "`createdb absent`"]);
    says(&refused(&cluster.by_socket("ghost")), false, &["\"ghost\" does not exist", "`createuser ghost`"]);
    says(&refused(&at("barred:right", "postgres")), false, &["pg_hba.conf"]);
    says(&refused(&at("careful:right", "postgres")), false, &["pg_hba.conf", "`postgres-tls`"]);
    says(&refused(&at("test:right", "template1")), false, &["pg_hba.conf"]);
    says(&refused(&at("full:right", "postgres")), true, &["too many connections"]);
    #[cfg(not(feature = "postgres-tls"))]
    says(&refused(&at("test:right", "postgres?sslmode=verify-full")), false, &["`postgres-tls`"]);
}

#[test]
fn a_role_without_rights_is_told_which_and_a_standby_passes() {
    let Some(cluster) = cluster() else { return };
    cluster.execute(
        "CREATE ROLE plain LOGIN; CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on; \
         GRANT CREATE ON SCHEMA public TO reader; CREATE ROLE late LOGIN; GRANT CREATE ON SCHEMA public TO late",
    );
    let prepare = |user: &str| a_store(&cluster.by_socket(user)).prepare(Open::Migrate);
    says(
        &prepare("plain").unwrap_err(),
        false,
        &["permission denied for schema public", "GRANT CREATE, USAGE ON SCHEMA public"],
    );
    says(&prepare("reader").unwrap_err(), true, &["standby", "target_session_attrs=read-write"]);
    prepare("test").unwrap();
    says(&prepare("late").unwrap_err(), false, &["permission denied for table", "tables of this program"]);
}

#[test]
fn a_server_that_is_full_or_shutting_down_passes() {
    let Some(cluster) = cluster() else { return };
    let url = format!("postgres://test:right@127.0.0.1:{}/postgres", cluster.port);
    let store = a_store(&url);
    store.prepare(Open::Migrate).unwrap();
    let kept: Vec<_> =
        std::iter::from_fn(|| <diesel::PgConnection as diesel::Connection>::establish(&url).ok()).collect();
    assert!(kept.len() < 20);
    says(&refused(&url), true, &["too many connections", "max_connections"]);
    drop(kept);
    let deadline = Instant::now() + Duration::from_secs(10);
    while store.read(|reader| reader.site_count()).is_err() {
        assert!(Instant::now() < deadline, "the store did not recover");
    }
    // It waits for the connection of the store, which lies idle.
    cluster.control(&["stop", "-m", "smart", "--no-wait"]);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let error = a_store(&url).prepare(Open::Existing);
        match error {
            Err(error) if error.to_string().contains("shutting down") => {
                says(&error, true, &["shutting down"]);
                break;
            }
            other => assert!(Instant::now() < deadline, "{other:?}"),
        }
    }
}

#[test]
fn a_socket_is_an_address_in_either_form() {
    let Some(cluster) = cluster() else { return };
    let folder = cluster.socket().display();
    a_store(&format!("postgres:///postgres?host={folder}&port={}&user=test", cluster.port))
        .prepare(Open::Migrate)
        .unwrap();
    a_store(&cluster.by_socket("test")).prepare(Open::Existing).unwrap();
}
