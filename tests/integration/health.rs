//! The endpoints for monitors: alive, and deciding.

use jiff::SignedDuration;
use maintenance_mode::clock;
use maintenance_mode::maintenance::AtEnd;

use crate::helpers::{FIRST_SITE, NO_DATABASE, a_server, eventually, get, request};

#[test]
fn ready_tells_what_is_enforced_and_where_it_comes_from() {
    let server = a_server().start();
    server.add_site("shop.example.com", &[]);
    server.close(FIRST_SITE);
    let answer = server.send(get("/readyz"));
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let ready = answer.json();
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["revision"], server.maintenance.snapshot().revision().0);
    assert_eq!((&ready["sites"], &ready["in_maintenance"]), (&2.into(), &1.into()));
    assert_eq!((&ready["database"], &ready["source"]), (&true.into(), &"database".into()));
    assert!(ready["database_failing_since"].is_null() && ready["database_error"].is_null(), "{ready}");
    assert!(ready["age_seconds"].as_f64().is_some_and(|age| (0.0..10.0).contains(&age)), "{ready}");
    assert!(ready["as_of"].as_str() <= ready["now"].as_str(), "{ready}");
}

#[test]
fn a_site_that_opens_by_itself_is_not_in_maintenance_any_more() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    server.edit(FIRST_SITE, |record| {
        record.maintenance.expected_end = Some(clock::now() + SignedDuration::from_secs(3));
        record.maintenance.at_end = AtEnd::Open;
    });
    assert_eq!(server.send(get("/readyz")).json()["in_maintenance"], 1);
    eventually("the end has come", || server.send(get("/readyz")).json()["in_maintenance"] == 0);
}

#[test]
fn ready_tells_strangers_nothing_of_the_inside() {
    let server = a_server().start();
    let path = server.folder().join("test.sqlite3");
    std::fs::rename(&path, server.folder().join("gone")).unwrap();
    eventually("the server notices", || server.send(get("/readyz")).json()["database"] == false);
    let answer = server.send(get("/readyz"));
    assert_eq!(
        (answer.status, answer.json()["ready"].as_bool()),
        (200, Some(true)),
        "the last known state is in force"
    );
    assert_eq!(answer.json()["database_error"], "unreachable");
    let since = answer.json()["database_failing_since"].clone();
    assert!(since.is_string(), "{}", answer.text());
    eventually("the state grows older", || {
        let ready = server.send(get("/readyz")).json();
        ready["age_seconds"].as_f64() > answer.json()["age_seconds"].as_f64()
            && ready["as_of"].as_str() <= since.as_str()
    });
    for word in ["sqlite", "/", env!("CARGO_PKG_VERSION"), "localhost"] {
        assert!(!answer.text().replace("application/json", "").contains(word), "{word} in {}", answer.text());
    }
}

#[test]
fn health_is_read_and_never_written() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    for path in ["/healthz", "/readyz"] {
        let (head, got) = (server.send(request("HEAD", path)), server.send(get(path)));
        assert_eq!((head.status, got.status), (200, 200), "{path}");
        assert!(head.body.is_empty() && !got.body.is_empty(), "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let answer = server.send(request(method, path));
            assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method} {path}");
        }
    }
    assert_eq!(server.send(get("/healthz")).text(), "alive\n");
}

#[test]
fn a_server_that_knows_no_state_is_alive_and_not_ready() {
    for answer in ["hold", "pass"] {
        let server = a_server()
            .with("DATABASE_URL", NO_DATABASE)
            .with("MAINTENANCE_MIRROR", "none")
            .with("MAINTENANCE_ON_UNKNOWN", answer)
            .start();
        assert_eq!(server.send(get("/healthz")).status, 200);
        let answer = server.send(get("/readyz"));
        assert_eq!((answer.status, answer.header("cache-control")), (503, "no-store"));
        let ready = answer.json();
        assert_eq!((&ready["ready"], &ready["source"]), (&false.into(), &"unknown".into()));
        assert_eq!((&ready["database"], &ready["database_error"]), (&false.into(), &"unreachable".into()));
        assert_eq!((&ready["sites"], &ready["in_maintenance"]), (&0.into(), &0.into()));
        assert!(ready["as_of"].is_null() && ready["age_seconds"].is_null(), "{ready}");
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        assert_eq!(server.send(request("HEAD", "/readyz")).status, 503);
    }
}
