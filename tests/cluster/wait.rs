//! `--wait`: a change is confirmed by every live server, or the laggards are named.

use std::time::{Duration, Instant};

use crate::helpers::{Cluster, Server, commands_on, within};

#[test]
fn a_server_that_is_killed_and_started_again_is_not_waited_for_twice() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let _web1 = Server::on(&url, "web1").started();
    let mut web2 = Server::on(&url, "web2").started();
    let operator = commands_on(&url);
    operator.run("on --wait").succeeds().remarks(&["2 of 2 servers"]);
    web2.kill();
    web2.start();
    within(Duration::from_secs(10), "it is listed once, as it is now", || {
        let servers = operator.run("servers --json").succeeds().json();
        let lives = servers.as_array().unwrap().iter().filter(|server| server["name"] == "web2").count();
        lives == 1
    });
    operator.run("off --wait --timeout 5s").succeeds().remarks(&["2 of 2 servers"]);
    assert_eq!(web2.status("localhost"), 200);
}

#[test]
fn a_server_that_lags_is_named_and_one_that_is_dead_is_soon_not_waited_for() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let web1 = Server::on(&url, "web1").started();
    let mut web2 = Server::on(&url, "web2").started();
    let operator = commands_on(&url);
    operator.run("on --wait").succeeds().remarks(&["2 of 2 servers enforce revision"]);

    // A server that does not move is not taken for one that has confirmed.
    web2.signal("STOP");
    let started = Instant::now();
    let ran = operator.run("off --wait --timeout 2s").ends_with(5);
    ran.remarks(&["timed out, the change is stored", "1 of 2 servers enforce revision", "web2"]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(web1.status("localhost"), 200, "those that can have followed");

    // It goes on where it stood, and catches up.
    web2.signal("CONT");
    operator.run("on --wait").succeeds().remarks(&["2 of 2 servers"]);
    assert_eq!(web2.status("localhost"), 503);

    // Killed, it can take itself out of nothing; after its time it counts no more.
    web2.kill();
    within(Duration::from_secs(30), "the dead one drops out of those that live", || {
        let servers = operator.run("servers --json").succeeds().json();
        let web2 = servers.as_array().unwrap().iter().find(|server| server["name"] == "web2").cloned();
        web2.is_none_or(|web2| web2["live"] == false)
    });
    operator.run("off --wait --timeout 5s").succeeds().remarks(&["1 of 1 servers"]);
    assert_eq!(web1.status("localhost"), 200);

    // One that stops says so.
    let mut web1 = web1;
    assert_eq!(web1.stop(), Some(0));
    operator.run("on --wait --timeout 5s").succeeds().remarks(&["no server is running"]);
}
