//! The servers in the panel: who enforces the last change, and who is behind.

use jiff::SignedDuration;
use maintenance_mode::change::Revision;
use maintenance_mode::clock;

use crate::helpers::{FIRST_SITE, TestServer, a_server, eventually, rows, texts};

/// Enters another server as it would enter itself.
fn enter(server: &TestServer, name: &str, revision: i64) {
    let store = server.maintenance.store();
    store.write(|writer| writer.server_insert(name, "0.0.9", Revision(revision))).unwrap();
}

/// Lets a server have been seen for the last time a minute ago.
fn is_gone(server: &TestServer, name: &str) {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, SqliteConnection};
    let at = (clock::now() - SignedDuration::from_mins(1)).strftime("%Y-%m-%d %H:%M:%S%.6f");
    let file = server.folder().join("test.sqlite3");
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let update = format!("UPDATE servers SET last_seen_at = '{at}' WHERE name = '{name}'");
    conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {update}")).unwrap();
}

/// Waits until the server itself has told the database that it enforces the last change.
fn settled(server: &TestServer) {
    eventually("the server has reported", || {
        let store = server.maintenance.store();
        let (servers, last) = store.read(|reader| Ok((reader.server_list()?, reader.change_last()?))).unwrap();
        servers.iter().any(|known| known.name == "web1" && known.revision == last)
    });
}

const SUMMARY: &str = "#servers-summary";

#[test]
fn the_page_lists_every_server_those_that_are_behind_first_and_those_that_are_gone_last() {
    let server = a_server().with("SERVER_NAME", "web1").start();
    let ada = server.superuser("ada");
    settled(&server);
    enter(&server, "web0", 1);
    is_gone(&server, "web0");
    enter(&server, "web2", 1);
    enter(&server, "web3", 1_000);
    let page = ada.get("/admin/servers/").text();
    let said = texts(&page, SUMMARY).join("");
    assert!(said.starts_with("2 of 3 servers enforce revision "), "{said}");
    assert!(page.contains("As this page was made, 0 other requests were under way"), "{page}");
    assert!(said.contains("; web2 is behind: revision 1, last seen ") && said.ends_with(" s ago."), "{said}");
    let rows = rows(&page, "#servers-rows tr");
    let begins: Vec<String> = rows.iter().map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" | ")).collect();
    let version = env!("CARGO_PKG_VERSION");
    let own = format!("web1 {version} | Enforces it");
    assert_eq!(begins, ["web2 0.0.9 | Behind", &own, "web3 0.0.9 | Enforces it", "web0 0.0.9 | Gone"]);
    let live = ada.get("/admin/servers/live/").text();
    assert!(live.contains("servers-summary") && live.contains("web2") && !live.contains("<html"), "{live}");
}

#[test]
fn staff_of_some_sites_see_the_servers_and_no_site() {
    let server = a_server().with("SERVER_NAME", "web1").start();
    server.superuser("ada");
    let bo = server.staff("bo", Some(Vec::new()));
    for path in ["/admin/servers/", "/admin/servers/live/"] {
        let answer = bo.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("localhost"), "{path}");
    }
    assert!(texts(&bo.get("/admin/").text(), "header nav").join("").contains("Servers"));
}

#[test]
fn the_list_of_sites_tells_of_servers_only_when_there_is_something_to_tell() {
    let server = a_server().with("SERVER_NAME", "web1").start();
    let ada = server.superuser("ada");
    settled(&server);
    assert!(texts(&ada.get("/admin/").text(), SUMMARY).is_empty(), "one server alone");
    enter(&server, "web2", 1_000);
    let said = texts(&ada.get("/admin/").text(), SUMMARY).join("");
    assert!(said.starts_with("2 of 2 servers enforce revision "), "{said}");
}

#[test]
fn a_change_tells_how_many_servers_enforce_it_and_who_is_behind() {
    let server = a_server().with("SERVER_NAME", "web1").start();
    let ada = server.superuser("ada");
    let start = format!("/admin/sites/{FIRST_SITE}/start/");
    let end = format!("/admin/sites/{FIRST_SITE}/end/");
    let told = |page: String| texts(&page, ".message").join(" ");
    let said = told(ada.post_and_follow(&start, &[("back", "")]).text());
    assert!(said.contains("Maintenance started") && !said.contains("enforce"), "{said}");

    enter(&server, "web2", 1_000);
    let said = told(ada.post_and_follow(&end, &[("back", "")]).text());
    assert!(said.contains("2 of 2 servers enforce it."), "{said}");

    enter(&server, "web3", 1);
    let said = told(ada.post_and_follow(&start, &[("back", "")]).text());
    assert!(said.contains("2 of 3 servers enforce it; web3 is behind, last seen "), "{said}");
    let said = told(ada.post_and_follow(&start, &[("back", "")]).text());
    assert!(said.contains("Nothing changed.") && !said.contains("enforce"), "{said}");
}

#[test]
fn the_part_that_is_fetched_again_and_again_takes_no_message_from_the_next_page() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let answer = ada.post(&format!("/admin/sites/{FIRST_SITE}/start/"), &[("back", "")]);
    assert_eq!(answer.status, 303);
    ada.get("/admin/servers/live/");
    assert!(ada.get("/admin/").text().contains("Maintenance started"));
}
