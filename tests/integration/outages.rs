//! A server that starts while its database is away, and what becomes of it when the database comes back.

use std::fs;
use std::path::{Path, PathBuf};

use maintenance_mode::clock;
use maintenance_mode::propagation::Source;

use crate::helpers::{
    FIRST_SITE, NO_DATABASE, Response, ServerBuilder, TestServer, a_server, eventually, get, operator, request,
};

/// A folder with a database that outlives its servers.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn server(&self) -> ServerBuilder {
        a_server().with("DATABASE_URL", self.path("a.sqlite3").to_str().unwrap())
    }

    /// Where the mirror is when nobody says otherwise.
    fn mirror(&self) -> PathBuf {
        self.path("a.sqlite3.8080.mirror")
    }

    /// Moves the database, so that it is gone or comes back.
    fn move_database(&self, from: &str, to: &str) {
        for suffix in ["-wal", "-shm", ""] {
            let (from, to) = (self.path(&format!("{from}{suffix}")), self.path(&format!("{to}{suffix}")));
            fs::remove_file(&to).ok();
            if from.exists() {
                fs::rename(&from, &to).unwrap();
            }
        }
    }

    /// Stops a server, and waits until its threads have closed the database: who closes it last removes what lies beside
    /// it, by name.
    fn stop(&self, server: TestServer) {
        drop(server);
        eventually("the database is closed", || !self.path("a.sqlite3-wal").exists());
    }

    /// Runs a server, closes its first site, and stops it when the mirror knows.
    fn leave_closed(&self) {
        let server = self.server().start();
        server.superuser("ada");
        server.close(FIRST_SITE);
        eventually("the mirror knows", || holds(&self.mirror(), "\"in_maintenance\":true"));
        self.stop(server);
    }
}

fn holds(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|content| content.contains(text))
}

fn is_well(server: &TestServer) -> bool {
    let health = server.maintenance.health();
    health.source == Source::Database && health.failing.is_none()
}

fn source(server: &TestServer) -> Source {
    server.maintenance.health().source
}

#[test]
fn a_server_restarted_without_its_database_goes_on_from_the_mirror_and_mends_itself() {
    let place = Place::new();
    place.leave_closed();
    place.move_database("a.sqlite3", "away.sqlite3");
    let server = place.server().start();
    assert!(matches!(source(&server), Source::Mirror { .. }), "{:?}", server.maintenance.health());
    let held = server.send(get("/"));
    assert_eq!((held.status, held.header("x-maintenance")), (503, "planned"));
    assert_eq!(server.send(get("/healthz")).status, 200);
    assert_eq!(server.send(get("/readyz")).json()["database"], false);
    assert!(server.maintenance.confirmed_at().is_none());
    assert!(!place.path("a.sqlite3").exists(), "an empty database would open the site");
    let why = server.maintenance.health().failing.clone().unwrap().reason;
    assert!(why.contains("put the file back, or remove the mirror"), "{why}");
    // The secret is in the mirror: the panel can be reached, though nobody can log in.
    assert_eq!(server.send(get("/admin/login/")).status, 200);
    assert!(server.actions().end(&operator(), &[FIRST_SITE]).is_err());

    place.move_database("away.sqlite3", "a.sqlite3");
    eventually("the server recovers by itself", || is_well(&server));
    assert!(server.maintenance.confirmed_at().is_some());
    assert_eq!(server.send(get("/")).status, 503);
    assert_eq!(server.sign_in("ada").get("/admin/").status, 200);
    server.open(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn a_database_that_was_emptied_opens_nothing_and_one_that_is_put_back_does() {
    let place = Place::new();
    place.leave_closed();
    place.move_database("a.sqlite3", "away.sqlite3");
    fs::write(place.path("a.sqlite3"), "").unwrap();
    let server = place.server().start();
    assert!(matches!(source(&server), Source::Mirror { .. }));
    let why = server.maintenance.health().failing.clone().unwrap().reason;
    assert!(why.contains("the database is empty"), "{why}");
    assert_eq!(server.send(get("/")).status, 503);
    place.move_database("away.sqlite3", "a.sqlite3");
    eventually("the server recovers by itself", || is_well(&server));
    server.open(FIRST_SITE);
}

#[test]
fn a_database_that_is_made_anew_under_a_running_server_opens_nothing() {
    let place = Place::new();
    place.stop(place.server().start());
    place.move_database("a.sqlite3", "other.sqlite3");
    fs::remove_file(place.mirror()).unwrap();
    let made = clock::now().as_second();
    // SQLite notes the second in which a database was made.
    eventually("the next second has begun", || clock::now().as_second() > made);
    let server = place.server().start();
    server.close(FIRST_SITE);
    place.move_database("a.sqlite3", "away.sqlite3");
    place.move_database("other.sqlite3", "a.sqlite3");
    eventually("it is noticed", || server.send(get("/readyz")).json()["database_error"] == "another");
    assert_eq!(server.send(get("/")).status, 503);

    place.move_database("a.sqlite3", "other.sqlite3");
    place.move_database("away.sqlite3", "a.sqlite3");
    eventually("the server goes on with its own", || is_well(&server));
    assert_eq!(server.send(get("/")).status, 503);
    server.open(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn without_file_and_mirror_a_server_begins_anew() {
    let place = Place::new();
    place.leave_closed();
    fs::remove_file(place.mirror()).unwrap();
    place.move_database("a.sqlite3", "away.sqlite3");
    let server = place.server().start();
    assert!(is_well(&server));
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn a_mirror_that_cannot_be_read_lets_nobody_begin_anew_by_accident() {
    let place = Place::new();
    place.leave_closed();
    fs::write(place.mirror(), "a mirror of years to come\n").unwrap();
    place.move_database("a.sqlite3", "away.sqlite3");
    let server = place.server().start();
    assert_eq!(source(&server), Source::Unknown);
    assert_eq!(server.send(get("/")).status, 503);
    assert!(!place.path("a.sqlite3").exists());
}

#[test]
fn a_mirror_of_another_database_is_not_used() {
    let place = Place::new();
    place.leave_closed();
    let mirror = place.mirror();
    let server =
        a_server().with("DATABASE_URL", NO_DATABASE).with("MAINTENANCE_MIRROR", mirror.to_str().unwrap()).start();
    assert_eq!(source(&server), Source::Unknown);
}

/// A connection that lets nobody else in until it is dropped; `None` while somebody else is in.
fn lock_out(file: &Path) -> Option<diesel::SqliteConnection> {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let lock = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE sites SET name = name;";
    conn.batch_execute(lock).is_ok().then_some(conn)
}

/// A server that knows nothing and will not know anything.
fn ignorant(on_unknown: &str) -> TestServer {
    a_server()
        .with("DATABASE_URL", NO_DATABASE)
        .with("MAINTENANCE_MIRROR", "none")
        .with("MAINTENANCE_ON_UNKNOWN", on_unknown)
        .with("MAINTENANCE_UNKNOWN_SITE", "not-found")
        .with("MAINTENANCE_STATUS", "418")
        .with("MAINTENANCE_URL", "https://elsewhere.example.com/")
        .with("INTERNAL_IPS", "127.0.0.1")
        .start()
}

#[test]
fn a_server_that_knows_nothing_holds_everything_in_honest_words() {
    let server = ignorant("hold");
    assert_eq!(source(&server), Source::Unknown);
    let is_unplanned = |held: &Response, kind: &str| {
        assert_eq!(held.status, 503);
        assert_eq!(held.header("x-maintenance"), "unknown");
        assert_eq!((held.header("retry-after"), held.header("cache-control")), ("10", "no-store"));
        assert!(held.header("content-type").starts_with(kind), "{}", held.header("content-type"));
    };
    let page = server.send(get("/").with("Accept", "text/html"));
    is_unplanned(&page, "text/html");
    assert!(page.text().contains("This site cannot be shown at the moment."), "{}", page.text());
    assert!(!page.text().contains("back soon"));
    let german = server.send(get("/ignored-page/").with("Accept", "text/html").with("Accept-Language", "de-AT"));
    is_unplanned(&german, "text/html");
    assert!(german.text().contains("Diese Website kann im Moment nicht angezeigt werden."));
    let line = server.send(get("/cart").without("Accept").with("Accept", "text/plain"));
    is_unplanned(&line, "text/plain");
    assert_eq!(line.text(), "Sorry, this site is unavailable. This site cannot be shown at the moment.\n");
    let problem = server.send(request("POST", "/").with("Accept", "application/json"));
    is_unplanned(&problem, "application/problem+json");
    let problem = problem.json();
    assert_eq!((&problem["status"], &problem["retry_after"]), (&503.into(), &10.into()));
    assert_eq!(problem.get("site"), None);
    is_unplanned(&server.send(request("HEAD", "/")), "text/html");

    assert_eq!(server.send(get("/healthz")).status, 200);
    // Without the secret of its cookies the panel has no sessions, but it says so, and looks as it should.
    let panel = server.send(get("/admin/"));
    assert_eq!(panel.status, 503);
    assert!(panel.text().contains("The database does not answer"), "{}", panel.text());
    let style = panel.text().split('"').find(|part| part.starts_with("/admin/static/")).unwrap().to_owned();
    assert_eq!(server.send(get(&style)).status, 200);
}

#[test]
fn a_server_that_knows_nothing_lets_everything_pass_when_it_is_told_so() {
    let server = ignorant("pass");
    for host in ["localhost", "nobody.example.com"] {
        assert_eq!(server.send(get("/").host(host)).status, 200, "{host}");
    }
    assert!(!server.maintenance.snapshot().is_known());
}

#[test]
fn a_server_that_knew_nothing_learns_everything_when_the_database_answers() {
    let place = Place::new();
    place.leave_closed();
    let mut lock = None;
    eventually("the first server has let go of the file", || {
        lock = lock_out(&place.path("a.sqlite3"));
        lock.is_some()
    });
    let server = place.server().with("MAINTENANCE_MIRROR", "none").start();
    assert_eq!(source(&server), Source::Unknown);
    let held = server.send(get("/"));
    assert_eq!((held.status, held.header("x-maintenance")), (503, "unknown"));
    assert_eq!(server.send(get("/admin/login/")).status, 503);

    drop(lock);
    eventually("the server knows its sites", || is_well(&server));
    let held = server.send(get("/"));
    assert_eq!((held.status, held.header("x-maintenance")), (503, "planned"));
    assert_eq!(server.sign_in("ada").get("/").status, 200, "the panel works without a restart, and so does the gate");
    server.open(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn a_folder_that_cannot_be_written_costs_the_mirror_only() {
    let place = Place::new();
    let nowhere = place.path("missing").join("m.mirror");
    let server = place.server().with("MAINTENANCE_MIRROR", nowhere.to_str().unwrap()).start();
    server.close(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 503);
    assert!(is_well(&server));
    assert!(!place.mirror().exists());
}
