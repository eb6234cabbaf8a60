//! Servers whose clocks are an hour apart, which decide as if they had one.

use std::fs;
use std::time::{Duration, Instant};

use crate::helpers::{Browser, Cluster, PASSWORD, Server, commands_on, eventually};

/// A server whose wall clock is off, such as by `+1h`. Its monotonic clock, as on a real machine, is not.
fn server(url: &str, name: &str, off: Option<&str>) -> Server {
    let server = Server::on(url, name);
    match off {
        None => server.started(),
        Some(off) => {
            let server = server.with("LD_PRELOAD", &libfaketime()).with("FAKETIME", off);
            server.with("FAKETIME_DONT_FAKE_MONOTONIC", "1").started()
        }
    }
}

/// The library of Debian's package `faketime` for programs with threads.
pub fn libfaketime() -> String {
    let folders = fs::read_dir("/usr/lib").expect("there is such a folder").flatten();
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let file = files.find(|file| file.exists());
    let file = file.expect("faketime is not installed: `tests/run` does that, or `apt-get install faketime`");
    file.to_str().expect("the path is text").to_owned()
}

fn three_servers(url: &str) -> [Server; 3] {
    [server(url, "late", Some("-1h")), server(url, "right", None), server(url, "early", Some("+1h"))]
}

#[test]
fn the_clock_of_a_server_of_these_tests_is_really_off() {
    let cluster = Cluster::start();
    let now: jiff::Timestamp = server(&cluster.url(), "early", Some("+1h")).date();
    let ahead = now.duration_since(maintenance_mode::clock::now());
    assert!(ahead > jiff::SignedDuration::from_mins(59), "{ahead}");
}

#[test]
fn servers_whose_clocks_differ_by_hours_all_count_as_alive_and_open_in_the_same_second() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    let operator = commands_on(&url);
    eventually("all live", || {
        let servers = operator.run("servers --json").succeeds().json();
        servers.as_array().unwrap().iter().filter(|server| server["live"] == true).count() == 3
    });

    let told = Instant::now();
    operator.run("on --for 8s --open-at-end --wait").succeeds().remarks(&["3 of 3 servers"]);
    for server in &servers {
        assert_eq!(server.status("localhost"), 503);
    }
    let mut opened = [None; 3];
    eventually("the end comes for all", || {
        for (server, opened) in servers.iter().zip(&mut opened) {
            if opened.is_none() && server.status("localhost") == 200 {
                *opened = Some(Instant::now());
            }
        }
        opened.iter().all(Option::is_some)
    });
    let opened = opened.map(|opened| opened.unwrap());
    let (first, last) = (opened.iter().min().unwrap(), opened.iter().max().unwrap());
    assert!(*last - *first < Duration::from_secs(1), "they opened {:?} apart", *last - *first);
    let lasted = *first - told;
    assert!(lasted > Duration::from_secs(7), "opened after {lasted:?}");
}

#[test]
fn a_log_in_by_one_clock_holds_by_the_others_and_so_does_a_block() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    let operator = commands_on(&url);
    for name in ["ada", "ann"] {
        operator.run_with_stdin(&format!("user add --username {name} --staff --password-stdin"), PASSWORD).succeeds();
    }
    operator.run("on --wait").succeeds();
    for at in &servers {
        let browser = at.sign_in("ada");
        for server in &servers {
            browser.address.set(server.address);
            assert_eq!(browser.get("/admin/").status, 200);
            assert_eq!(browser.get("/").status, 200);
        }
    }

    let try_at = |server: &Server, password: &str| {
        let stranger = Browser::new(server.address);
        stranger.get("/admin/login/");
        stranger.post("/admin/login/", &[("username", "ann"), ("password", password), ("next", "")]).status
    };
    for number in 0..5 {
        assert_eq!(try_at(&servers[number % 3], "wrong"), 422);
    }
    for server in &servers {
        assert_eq!(try_at(server, PASSWORD), 429, "a block of some seconds is not over an hour early");
    }
    operator.run("user unlock ann").succeeds();
    for server in &servers {
        assert_eq!(try_at(server, PASSWORD), 303);
    }
}
