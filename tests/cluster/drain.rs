//! Drains on many servers: people at work on different ones, tasks, and one moment at which all of them close.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use maintenance_mode::clock;
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{ChangeFilter, DatabaseUrl, Open, Store, VisitNote};
use maintenance_mode::visit::VisitKind;
use rand::seq::SliceRandom as _;

use crate::clock::libfaketime;
use crate::helpers::{
    Browser, Cluster, Machine, Response, Server, Stop, commands_on, eventually, example, get, signal, within,
};

/// A site with sessions of its own, as in `examples/sessions.rs`.
fn server(url: &str, name: &str) -> Server {
    Server::on(url, name).running(example("sessions"))
}

fn three_servers(url: &str) -> Vec<Server> {
    (1..=3).map(|number| server(url, &format!("web{number}")).started()).collect()
}

/// Somebody who signs in on the site.
fn sign_in(server: &Server, name: &str) -> Browser {
    let browser = Browser::new(server.address);
    let answer = try_to_sign_in(&browser, name);
    assert_eq!(answer.status, 303, "{name}: {}", answer.text());
    browser
}

fn try_to_sign_in(browser: &Browser, name: &str) -> Response {
    browser.post("/in", &[("name", name)])
}

/// The page as this browser gets it from a server.
fn status(browser: &Browser, server: &Server) -> u16 {
    browser.address.set(server.address);
    browser.get("/").status
}

fn a_task(operator: &Machine, name: &str) -> Child {
    // Of one that is killed the command goes on: it is not to hold what the tests write to.
    let mut command = operator.command(&["task", "--name", name, "--", "sleep", "120"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

fn at_work(operator: &Machine) -> (u64, u64) {
    let state = operator.state("1");
    (state["sessions"].as_u64().unwrap(), state["tasks"].as_u64().unwrap())
}

fn log(url: &str) -> Vec<(String, String)> {
    let store = Store::open(&DatabaseUrl::parse(url).unwrap(), Open::Existing).unwrap();
    let log = store.read(|reader| reader.change_list(&ChangeFilter::default(), 1_000)).unwrap();
    log.into_iter().rev().map(|change| (change.action, change.actor)).collect()
}

/// How often something is in the log.
fn logged(url: &str, action: &str) -> usize {
    log(url).into_iter().filter(|(logged, _)| logged == action).count()
}

fn finish_on(url: &str, mut servers: Vec<Server>) {
    let operator = commands_on(url);
    let mut people: Vec<(String, Browser)> = (0..9)
        .map(|at| format!("user{at}"))
        .map(|name| (name.clone(), sign_in(&servers[name.len() % 3], &name)))
        .collect();
    for (at, (_, browser)) in people.iter().enumerate() {
        assert_eq!(status(browser, &servers[at % servers.len()]), 200);
    }
    let (mut import, mut killed) = (a_task(&operator, "import"), a_task(&operator, "killed"));
    eventually("all are known to be at work", || at_work(&operator) == (9, 2));

    operator.run("on --drain 10m --detach --wait").succeeds();
    assert_eq!(at_work(&operator), (9, 2));
    signal(killed.id(), "KILL");
    killed.wait().unwrap();

    people.shuffle(&mut rand::rng());
    let mut restarted = 0;
    while let Some((name, browser)) = people.pop() {
        for server in &servers {
            assert_eq!(status(&browser, server), 200, "{name} goes on everywhere");
            assert_eq!(server.status("localhost"), 503, "nobody new comes in");
            assert_eq!(try_to_sign_in(&Browser::new(server.address), "mallory").status, 503);
        }
        // Every server is away once; those at work are known afterwards.
        if people.len().is_multiple_of(3) && restarted < servers.len() {
            servers[restarted].kill();
            servers[restarted].start();
            restarted += 1;
        }
        assert_eq!(browser.post("/out", &[]).status, 303, "{name}");
        eventually("one less is waited for", || at_work(&operator).0 == people.len() as u64);
        assert_eq!(operator.phase("1"), "draining");
    }
    signal(import.id(), "TERM");
    import.wait().unwrap();
    // The task that was killed counts until it was not heard of for twenty seconds.
    within(Duration::from_secs(40), "the site closes", || operator.phase("1") == "maintenance");
    eventually("it is in force everywhere", || servers.iter().all(|server| server.status("localhost") == 503));
    assert_eq!(logged(url, "drain.emptied"), 1, "{:?}", log(url));
    assert_eq!(logged(url, "drain.expired"), 0);
    let drain = &operator.state("1");
    assert_eq!(drain["causes"][0]["drains_until"], serde_json::Value::Null);
}

#[test]
fn those_at_work_finish_on_any_server_and_the_site_closes_once_when_the_last_has_left() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    finish_on(&url, servers);
}

#[test]
fn those_at_work_finish_on_servers_that_share_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("drain.sqlite3").display());
    let first = server(&url, "web1").started();
    let servers = vec![first, server(&url, "web2").started(), server(&url, "web3").started()];
    finish_on(&url, servers);
}

#[test]
fn at_the_deadline_servers_whose_clocks_differ_by_hours_close_in_the_same_second() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let early = |server: Server, off: &str| {
        let server = server.with("LD_PRELOAD", &libfaketime()).with("FAKETIME", off);
        server.with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    };
    let right = server(&url, "right").started();
    let servers = [right, early(server(&url, "early"), "+1h").started(), early(server(&url, "late"), "-1h").started()];
    let operator = commands_on(&url);
    let ada = sign_in(&servers[1], "ada");
    let bob = sign_in(&servers[2], "bob");
    eventually("both are at work", || at_work(&operator).0 == 2);
    let began = Instant::now();
    operator.run("on --drain 8s --detach --wait").succeeds();
    let mut closed = [None; 3];
    eventually("all close", || {
        for (server, closed) in servers.iter().zip(&mut closed) {
            if closed.is_none() && status(&ada, server) == 503 && status(&bob, server) == 503 {
                *closed = Some(Instant::now());
            }
        }
        closed.iter().all(Option::is_some)
    });
    let closed = closed.map(|closed| closed.unwrap());
    let (first, last) = (closed.iter().min().unwrap(), closed.iter().max().unwrap());
    assert!(*last - *first < Duration::from_secs(1), "they closed {:?} apart", *last - *first);
    assert!(*first - began > Duration::from_secs(6), "closed after {:?}", *first - began);
    eventually("how it ended is noted", || logged(&url, "drain.expired") == 1);
    let store = Store::open(&DatabaseUrl::parse(&url).unwrap(), Open::Existing).unwrap();
    let (record, _) = store.read(|reader| reader.record(SiteId(1))).unwrap().unwrap();
    let end = record.drains[0].end.as_ref().unwrap();
    assert_eq!((end.sessions, end.tasks, end.at), (2, 0, record.drains[0].deadline));
}

#[test]
fn a_drain_that_is_forced_or_cancelled_is_so_on_every_server() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    let operator = commands_on(&url);
    let ada = sign_in(&servers[0], "ada");
    eventually("she is at work", || at_work(&operator).0 == 1);
    operator.run("on --drain 10m --detach --wait").succeeds();
    assert!(servers.iter().all(|server| status(&ada, server) == 200));
    operator.run("off --wait").succeeds().says(&["It stays open"]);
    assert!(servers.iter().all(|server| server.status("localhost") == 200));
    operator.run("on --drain 10m --detach --wait").succeeds();
    operator.run("on --force --wait").succeeds().says(&["1 session left"]);
    for server in &servers {
        assert_eq!(status(&ada, server), 503);
    }
}

#[test]
fn a_session_that_somebody_ends_is_held_on_every_server_while_the_site_drains() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    let operator = commands_on(&url);
    let (ada, bob) = (sign_in(&servers[0], "ada"), sign_in(&servers[1], "bob"));
    eventually("they are at work", || at_work(&operator).0 == 2);
    operator.run("on --drain 10m --detach --wait").succeeds();
    let listed = operator.run("sessions --json").succeeds().json();
    let hers = listed.as_array().unwrap().iter().find(|session| session["name"] == "ada").unwrap();
    operator.run(&format!("sessions end {}", hers["id"])).succeeds();
    for server in &servers {
        eventually("she is out", || status(&ada, server) == 503);
        assert_eq!(status(&bob, server), 200);
    }
    assert_eq!(at_work(&operator).0, 1);
}

#[test]
fn an_outage_of_the_database_during_a_drain_closes_the_site_on_nobody() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    let operator = commands_on(&url);
    let ada = sign_in(&servers[0], "ada");
    let mut import = a_task(&operator, "import");
    eventually("both are at work", || at_work(&operator) == (1, 1));
    operator.run("on --drain 10m --detach --wait").succeeds();
    assert_eq!(ada.post("/out", &[]).status, 303);
    eventually("the task alone is waited for", || at_work(&operator) == (0, 1));

    // For so long that the task counts as gone when the database is back, until it is heard of again.
    cluster.stop(Stop::Fast);
    let since = Instant::now();
    within(Duration::from_secs(40), "the outage lasts", || since.elapsed() > Duration::from_secs(24));
    assert_eq!(servers[1].status("localhost"), 503);
    cluster.restart();
    let since = Instant::now();
    within(Duration::from_secs(40), "servers have looked some times", || since.elapsed() > Duration::from_secs(8));
    eventually("the task is heard of", || at_work(&operator) == (0, 1));
    assert_eq!(operator.phase("1"), "draining");
    assert_eq!(logged(&url, "drain.emptied"), 0);

    signal(import.id(), "TERM");
    import.wait().unwrap();
    within(Duration::from_secs(40), "the site closes", || operator.phase("1") == "maintenance");
    assert_eq!(logged(&url, "drain.emptied"), 1);
}

#[test]
fn ten_thousand_live_sessions_cost_the_database_a_few_questions_a_second() {
    const SESSIONS: u16 = 10_000;
    /// For each server: three questions a second about the drain, and what it asks anyway.
    const MOST_A_SECOND: f64 = 3.0 * (3.0 + 7.0);
    let cluster = Cluster::start();
    let url = cluster.url();
    let servers = three_servers(&url);
    let store = Store::open(&DatabaseUrl::parse(&url).unwrap(), Open::Existing).unwrap();
    let now = clock::now();
    let note = |number: u16| {
        let mut key_hash = [0; 32];
        key_hash[..2].copy_from_slice(&number.to_be_bytes());
        VisitNote {
            site: SiteId(1),
            key_hash,
            kind: VisitKind::App,
            name: String::new(),
            address: None,
            signed_in_at: now - SignedDuration::from_mins(10),
            seen_at: now,
        }
    };
    let notes: Vec<VisitNote> = (0..SESSIONS).map(note).collect();
    store.write_beside(|writer| writer.visit_note(&notes)).unwrap();
    let operator = commands_on(&url);
    operator.run("on --drain 10m --detach --wait").succeeds();
    assert_eq!(at_work(&operator).0, u64::from(SESSIONS));
    let asked = || cluster.transactions();
    let (before, since) = (asked(), Instant::now());
    eventually("some seconds have gone by", || since.elapsed() > Duration::from_secs(6));
    let a_second = (asked() - before) as f64 / since.elapsed().as_secs_f64();
    assert!(a_second < MOST_A_SECOND, "{a_second:.1} transactions a second");
    assert_eq!(operator.phase("1"), "draining");
    assert_eq!(get("/").send(servers[0].address).status, 503);
}
