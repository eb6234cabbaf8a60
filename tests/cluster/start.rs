//! Several servers that start at once.

use std::thread;

use crate::helpers::{Cluster, Server, commands_on, eventually};

#[test]
fn four_servers_that_start_at_once_on_an_empty_database_all_come_up_after_one_migration() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let starting: Vec<_> = (1..=4)
        .map(|number| {
            let server = Server::on(&url, &format!("web{number}")).with("RUST_LOG", "info");
            thread::spawn(move || server.started())
        })
        .collect();
    let servers: Vec<Server> = starting.into_iter().map(|thread| thread.join().unwrap()).collect();

    let migrated = servers.iter().filter(|server| server.log().contains("Migrated the database")).count();
    assert_eq!(migrated, 1, "one migrates, the others wait");
    let operator = commands_on(&url);
    let sites = operator.run("site list --json").succeeds().json();
    assert_eq!(sites.as_array().unwrap().len(), 1, "the first site is made once: {sites}");
    eventually("all are listed", || {
        let servers = operator.run("servers --json").succeeds().json();
        servers.as_array().unwrap().iter().filter(|server| server["live"] == true).count() == 4
    });
    operator.run("on --wait").succeeds().remarks(&["4 of 4 servers"]);
    for server in &servers {
        assert_eq!(server.status("localhost"), 503);
    }
}
