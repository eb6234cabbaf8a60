//! An address of a database that cannot be used: each time a sentence that says what to do, and never a password.

use crate::helpers::{Cluster, Machine, Ran, commands_on, free_address};

/// A password that nobody may ever see.
const SECRET: &str = "kestrel-over-the-moor";

/// What a command says that cannot use its database.
#[track_caller]
fn refused(ran: Ran, parts: &[&str]) {
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!ran.err.contains(SECRET) && !ran.out.contains(SECRET), "the password is shown: {ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    for part in parts {
        assert!(ran.err.to_lowercase().contains(&part.to_lowercase()), "{part:?} is not in {:?}", ran.err);
    }
}

/// The same for a command and for a server, which does not wait for what will not heal by itself.
#[track_caller]
fn refused_by_all(url: &str, parts: &[&str]) {
    let machine = on(url);
    refused(machine.run("status"), parts);
    refused(machine.run(&format!("serve --bind {}", free_address())), parts);
}

fn on(url: &str) -> Machine {
    commands_on(url).env("DATABASE_CONNECT_TIMEOUT", "2")
}

/// A cluster that asks for a password, and has a role that must give [`SECRET`].
fn guarded() -> Cluster {
    let cluster = Cluster::start();
    cluster
        .sql(&format!("CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'; CREATE ROLE stranger LOGIN PASSWORD '{SECRET}'"));
    cluster.admit(
        "host all postgres 127.0.0.1/32 trust\n\
         host all app 127.0.0.1/32 trust\n\
         host app guarded 127.0.0.1/32 scram-sha-256\n\
         host app nobody 127.0.0.1/32 scram-sha-256\n\
         host missing all 127.0.0.1/32 trust\n",
    );
    cluster
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let nobody = free_address();
    let url = format!("postgres://app:{SECRET}@{nobody}/app");
    refused(on(&url).run("status"), &["nobody listens", &nobody.port().to_string()]);
    let url = format!("postgres://app:{SECRET}@no-such-host.invalid/app");
    refused(on(&url).run("status"), &["no-such-host.invalid"]);
}

#[test]
fn a_wrong_password_an_unknown_role_and_a_missing_database_each_say_what_to_do() {
    let cluster = guarded();
    let at = cluster.address;
    refused_by_all(&format!("postgres://guarded:{SECRET}x@{at}/app"), &["password", "guarded"]);
    refused_by_all(&format!("postgres://guarded@{at}/app"), &["password"]);
    refused_by_all(&format!("postgres://nobody:{SECRET}@{at}/app"), &["nobody"]);
    refused_by_all(&format!("postgres://app:{SECRET}@{at}/missing"), &["missing", "createdb"]);
    refused_by_all(&format!("postgres://stranger:{SECRET}@{at}/app"), &["stranger", "pg_hba.conf"]);
}

#[test]
fn a_role_that_may_not_make_tables_is_told_which_right_it_needs() {
    let cluster = Cluster::start();
    cluster.sql("CREATE ROLE guest LOGIN");
    let url = cluster.url_of("guest", "app");
    let machine = on(&url);
    refused(machine.run("migrate"), &["schema public", "GRANT"]);
    refused(machine.run(&format!("serve --bind {}", free_address())), &["schema public", "GRANT"]);
}

#[test]
fn encryption_that_cannot_be_had_is_refused_before_anything_is_sent() {
    let cluster = Cluster::start();
    refused_by_all(&format!("{}?sslmode=require", cluster.url()), &["TLS"]);
    refused_by_all(&format!("{}?sslmode=verify-full", cluster.url()), &["TLS"]);
}

#[test]
fn a_url_that_is_none_is_refused_as_a_setting() {
    for url in ["postgres://app@127.0.0.1:99999/app", "postgres://app@127.0.0.1/app?no_such_parameter=1"] {
        let ran = on(url).run("status");
        assert!(matches!(ran.code, 1 | 2), "{ran:?}");
        assert!(ran.err.contains("DATABASE_URL") || ran.err.contains("no_such_parameter"), "{ran:?}");
    }
}
