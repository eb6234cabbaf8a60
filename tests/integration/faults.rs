//! What goes wrong around a running server: the gate keeps deciding, the panel says so, nothing is lost.

use std::fs;

use scraper::{Html, Selector};

use crate::helpers::{FIRST_SITE, TestServer, a_server, eventually, get, operator, post};

fn database(server: &TestServer) -> std::path::PathBuf {
    server.folder().join("test.sqlite3")
}

/// A lock that no writer gets past, until it is dropped.
fn lock(server: &TestServer) -> diesel::SqliteConnection {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let mut conn = diesel::SqliteConnection::establish(database(server).to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    conn
}

#[test]
fn a_locked_database_changes_no_verdict_and_a_write_fails_in_words() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    let held = lock(&server);
    for _ in 0..20 {
        assert_eq!(server.send(get("/")).status, 503);
        assert_eq!(server.send(get("/healthz")).status, 200);
    }
    let refused = server.actions().end(&operator(), &[FIRST_SITE]).unwrap_err();
    assert!(refused.to_string().contains("locked"), "{refused}");
    drop(held);
    server.open(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn a_database_that_is_gone_leaves_the_last_known_state_in_force_and_readyz_says_so() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    let path = database(&server);
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", path.display());
        if fs::exists(&file).unwrap() {
            fs::rename(&file, format!("{file}.gone")).unwrap();
        }
    }
    eventually("the server notices", || server.send(get("/readyz")).json()["database"] == false);
    // Nothing that could be lost is taken.
    let refused = server.actions().end(&operator(), &[FIRST_SITE]).unwrap_err().to_string();
    assert!(refused.contains("does not answer"), "{refused}");
    // A file that is another one now: what follows it must not open the site.
    fs::write(&path, "this is no database").unwrap();
    for _ in 0..50 {
        assert_eq!(server.send(get("/")).status, 503);
        assert_eq!(server.send(get("/healthz")).status, 200);
        assert_eq!(server.send(get("/readyz")).status, 200);
    }
    assert_eq!(server.send(get("/readyz")).json()["ready"], true);

    fs::remove_file(&path).unwrap();
    for suffix in ["-wal", "-shm", ""] {
        let file = format!("{}{suffix}", path.display());
        if fs::exists(format!("{file}.gone")).unwrap() {
            fs::rename(format!("{file}.gone"), &file).unwrap();
        }
    }
    eventually("the server recovers by itself", || server.send(get("/readyz")).json()["database"] == true);
    server.open(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn the_panel_says_since_when_the_database_has_not_answered_and_what_stays_in_force() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    let ada = server.superuser("ada");
    let path = database(&server);
    fs::rename(&path, path.with_extension("gone")).unwrap();
    eventually("the server notices", || server.send(get("/readyz")).json()["database"] == false);
    let (page, login) = (ada.get("/admin/"), server.visitor().get("/admin/login/"));
    assert_eq!((page.status, login.status), (503, 200));
    for page in [page.text(), login.text()] {
        let told = page.matches("has not answered since").count();
        assert_eq!(told, 1, "{page}");
        assert!(page.contains("Sites keep their last known state: 1 in maintenance. Trying again."), "{page}");
    }
    fs::rename(path.with_extension("gone"), &path).unwrap();
    eventually("the panel is back", || ada.get("/admin/").status == 200);
    eventually("the notice is gone", || !server.visitor().get("/admin/login/").text().contains("does not answer"));
}

#[test]
fn what_a_form_asked_for_is_refused_with_a_way_back_and_never_sent_again_by_the_page() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let links = |page: &str| -> Vec<String> {
        let page = Html::parse_document(page);
        let links = Selector::parse("main a").expect("a valid selector");
        page.select(&links).filter_map(|link| link.attr("href").map(str::to_owned)).collect()
    };
    assert_eq!(ada.get("/admin/servers/database/").status, 204);
    let held = lock(&server);
    let list = "http://localhost/admin/?q=local&status=scheduled";
    for (referer, back) in [(list, vec!["/admin/?q=local&status=scheduled", "/admin/"]), ("", vec!["/admin/"])] {
        let form = post("/admin/sites/1/start/", &[("back", ""), ("csrf", &ada.csrf())]);
        let answer = ada.send(form.with("Referer", referer));
        let page = answer.text();
        assert_eq!(answer.status, 503, "{page}");
        assert_eq!(links(&page), back, "{referer}");
        assert!(page.contains("Nothing was changed, and nothing is sent again by itself."), "{page}");
        assert!(!page.contains("Trying again.") && !page.contains("Try again"), "{page}");
        assert!(page.contains("data-retry=\"/admin/servers/database/\"") && page.contains("data-answers="), "{page}");
    }
    assert_eq!(ada.get("/admin/servers/database/").status, 503, "reading alone is not answering");
    drop(held);
    assert_eq!(ada.get("/admin/servers/database/").status, 204);
    assert_eq!(server.send(get("/")).status, 200, "nobody has sent it again");
}

#[test]
fn a_backup_that_is_put_back_is_followed() {
    let server = a_server().start();
    let (path, copy) = (database(&server), server.folder().join("copy.sqlite3"));
    server.maintenance.store().backup(&copy, false).unwrap();
    server.close(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 503);
    // As an operator would with a stopped writer: the content of the file becomes that of the copy.
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute(&format!(
        "ATTACH DATABASE '{}' AS old; BEGIN IMMEDIATE; \
         DELETE FROM changes WHERE id > (SELECT max(id) FROM old.changes); \
         DELETE FROM maintenances; INSERT INTO maintenances SELECT * FROM old.maintenances; COMMIT;",
        copy.display()
    ))
    .unwrap();
    eventually("the older state is in force", || server.send(get("/")).status == 200);
}
