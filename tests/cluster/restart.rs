//! Servers that start while the database is away: by their mirror of the last known state, or without any.

use std::fs;
use std::path::PathBuf;

use crate::helpers::{Cluster, Machine, PASSWORD, SOON, Server, Stop, commands_on, eventually, get};

/// A database with an open site and a closed one.
fn two_sites(cluster: &Cluster) -> Machine {
    let operator = commands_on(&cluster.url());
    operator.run("migrate").succeeds();
    operator.run("site add open.example").succeeds();
    operator.run("site add closed.example").succeeds();
    operator.run("on closed.example").succeeds();
    operator.run_with_stdin("user createsuperuser --username ada --password-stdin", PASSWORD).succeeds();
    operator
}

fn server(cluster: &Cluster) -> Server {
    Server::on(&cluster.url(), "web1").with("DATABASE_CONNECT_TIMEOUT", "2").with("DATABASE_STATEMENT_TIMEOUT", "2")
}

/// The mirror in the folder of a server.
fn mirror(server: &Server) -> PathBuf {
    server.machine.path(&format!("maintenance.{}.mirror", server.address.port()))
}

/// Waits until what a server enforces is in its mirror.
#[track_caller]
fn is_mirrored(server: &Server) {
    let revision = format!("\"revision\":{}", server.ready()["revision"]);
    eventually("the last revision is mirrored", || {
        fs::read_to_string(mirror(server)).is_ok_and(|mirror| mirror.contains(&revision))
    });
}

/// A server that knows nothing answers every visitor, and nobody takes it for planned maintenance.
fn holds_everybody(server: &Server) {
    for host in ["open.example", "closed.example", "nobody.example"] {
        let answer = get("/").host(host).send(server.address);
        assert_eq!(answer.status, 503, "{host}");
        assert_eq!(answer.header("x-maintenance"), "unknown", "{host}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    }
    assert_eq!(get("/healthz").send(server.address).status, 200, "it is alive");
    assert_eq!(get("/readyz").send(server.address).status, 503, "but not ready");
    assert_eq!(get("/admin/login/").send(server.address).status, 503, "nobody can log in, and is told so");
}

/// The database is back: the server finds it, follows changes, and lets somebody log in, without a restart.
fn works_again(server: &Server, operator: &Machine) {
    server.recovers(SOON);
    assert_eq!(get("/readyz").send(server.address).status, 200);
    assert_eq!(server.ready()["source"], "database");
    server.enforces("open.example", 200);
    server.enforces("closed.example", 503);
    let answer = get("/").host("closed.example").send(server.address);
    assert_eq!(answer.header("x-maintenance"), "planned");
    operator.run("on open.example --wait --timeout 20s").succeeds().remarks(&["1 of 1 servers"]);
    assert_eq!(server.status("open.example"), 503);
    let ada = server.sign_in("ada");
    assert_eq!(ada.get("/admin/").status, 200);
}

#[test]
fn a_server_that_is_restarted_while_the_database_is_away_goes_on_by_its_mirror() {
    let cluster = Cluster::start();
    let operator = two_sites(&cluster);
    let mut server = server(&cluster).started();
    // What came last is in force after the restart: a site was opened, another closed.
    operator.run("site add late.example").succeeds();
    operator.run("on open.example --wait").succeeds();
    operator.run("off open.example --wait").succeeds();
    operator.run("on late.example --wait").succeeds();
    is_mirrored(&server);
    server.kill();
    cluster.stop(Stop::Fast);

    server.start();
    assert_eq!(server.status("open.example"), 200);
    assert_eq!(server.status("closed.example"), 503);
    assert_eq!(server.status("late.example"), 503);
    assert_eq!(get("/").host("closed.example").send(server.address).header("x-maintenance"), "planned");
    assert_eq!(get("/readyz").send(server.address).status, 200, "it decides");
    assert_eq!(server.ready()["source"], "mirror");
    assert_eq!(server.ready()["database"], false);
    assert!(server.log().contains("mirror"), "the log says what it decides by: {}", server.log());

    cluster.restart();
    works_again(&server, &operator);
}

#[test]
fn without_database_and_mirror_every_visitor_is_held_until_the_database_answers() {
    let cluster = Cluster::start();
    let operator = two_sites(&cluster);
    cluster.stop(Stop::Fast);
    let server = server(&cluster).with("MAINTENANCE_MIRROR", "none").started();
    holds_everybody(&server);
    cluster.restart();
    works_again(&server, &operator);
}

#[test]
fn a_setting_lets_everybody_pass_instead() {
    let cluster = Cluster::start();
    let operator = two_sites(&cluster);
    cluster.stop(Stop::Fast);
    let server = server(&cluster).with("MAINTENANCE_ON_UNKNOWN", "pass").started();
    for host in ["open.example", "closed.example", "nobody.example"] {
        assert_eq!(server.status(host), 200, "{host}");
    }
    assert_eq!(get("/readyz").send(server.address).status, 503, "it knows nothing all the same");
    cluster.restart();
    works_again(&server, &operator);
}

#[test]
fn a_damaged_mirror_opens_nothing_and_is_said() {
    let cluster = Cluster::start();
    let operator = two_sites(&cluster);
    let mut server = server(&cluster).started();
    is_mirrored(&server);
    server.stop();
    cluster.stop(Stop::Fast);
    let whole = fs::read(mirror(&server)).expect("the mirror can be read");
    let mut turned = whole.clone();
    let at = whole.windows(14).position(|text| text == b"closed.example").expect("the site is in the mirror");
    turned[at] ^= 1;
    for damaged in [turned.as_slice(), b"", b"\0\0\0\0", &whole[..20]] {
        fs::write(mirror(&server), damaged).expect("the mirror can be written");
        server.start();
        // Whatever is left of it: the site that was closed is not open.
        assert_eq!(server.status("closed.example"), 503, "{}", server.log());
        server.kill();
    }
    server.start();
    cluster.restart();
    works_again(&server, &operator);
}
