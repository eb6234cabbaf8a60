//! Many writers at once, and servers that come and go: all agree with the log, and the log with what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use maintenance_mode::actions::{Actions, Actor, Start};
use maintenance_mode::change::{Change, Revision};
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{ChangeFilter, DatabaseUrl, Open, Store};
use rand::Rng as _;

use crate::helpers::{Cluster, Machine, Server, Stop, Visitor, commands_on, eventually, within};

/// Sites that are flipped.
const SITES: usize = 10;

/// A storm on one database.
struct Storm {
    url: String,
    /// Writers that use the library; one more uses the program.
    writers: usize,
    /// Changes in all.
    flips: usize,
    /// Whether the database is disturbed, so that a change may fail, or be made without anybody being told.
    may_fail: bool,
    sites: Vec<(SiteId, String)>,
    begun: AtomicUsize,
    is_over: AtomicBool,
    acknowledged: Mutex<Vec<Flip>>,
    told: Mutex<Vec<Switch>>,
}

/// A site, and whether it was closed.
type Switch = (String, bool);

/// A change that a writer was told is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Flip {
    revision: Revision,
    switch: Switch,
}

/// The name of the writers that use the library.
const WRITER: &str = "a writer";

#[test]
fn after_a_storm_on_postgresql_every_server_agrees_with_the_log_and_its_order_is_that_of_the_commits() {
    let cluster = Cluster::with(&["fsync=on"]);
    Storm::on(&cluster.url(), 7, 1_000).rage(Storm::kill_a_server);
}

#[test]
fn after_a_storm_on_one_sqlite_file_every_process_agrees_with_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("storm.sqlite3").display());
    Storm::on(&url, 3, 200).rage(Storm::kill_a_server);
}

#[test]
fn no_acknowledged_change_is_lost_when_postgresql_is_killed_in_the_middle() {
    let cluster = Cluster::with(&["fsync=on"]);
    let storm = Storm { may_fail: true, ..Storm::on(&cluster.url(), 4, 300) };
    storm.rage(|storm, _| {
        for share in [3, 6] {
            storm.wait_for(storm.flips * share / 10);
            cluster.stop(Stop::Kill);
            cluster.restart();
        }
    });
}

fn domain(number: usize) -> String {
    format!("site-{number}.example")
}

fn store(url: &str) -> Store {
    Store::open(&DatabaseUrl::parse(url).unwrap(), Open::Existing).unwrap()
}

fn sites(store: &Store) -> Vec<(SiteId, String)> {
    let records = store.read(|reader| reader.record_list()).unwrap();
    records.into_iter().map(|(record, _)| (record.site.id, record.site.domain.to_string())).collect()
}

fn log(store: &Store) -> Vec<Change> {
    let mut log = store.read(|reader| reader.change_list(&ChangeFilter::default(), 100_000)).unwrap();
    log.reverse();
    log
}

/// Somebody who asks while everything changes: nobody is to be refused, whatever the verdict.
fn visitor(server: &Server) -> Visitor {
    let hosts: Vec<String> = (0..SITES).map(domain).collect();
    let visitor = Visitor::start(server.address, &hosts.iter().map(|host| (host.as_str(), 200)).collect::<Vec<_>>());
    for host in &hosts {
        visitor.expect(host, &[200, 503]);
    }
    visitor
}

impl Storm {
    /// A storm that is about to begin: the sites are there.
    fn on(url: &str, writers: usize, flips: usize) -> Self {
        let operator = commands_on(url);
        operator.run("migrate").succeeds();
        for number in 0..SITES {
            operator.run(&format!("site add {}", domain(number))).succeeds();
        }
        Self {
            url: url.to_owned(),
            writers,
            flips,
            may_fail: false,
            sites: sites(&store(url)),
            begun: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Lets everybody write and something else happen meanwhile; afterwards all must agree.
    fn rage(&self, meanwhile: impl FnOnce(&Self, &mut [Server])) {
        let server = |number| Server::on(&self.url, &format!("web{number}")).started();
        let mut servers: Vec<Server> = (1..=3).map(server).collect();
        let visitors: Vec<Visitor> = [0, 2].iter().map(|at| visitor(&servers[*at])).collect();
        let seen = thread::scope(|scope| {
            let reader = scope.spawn(|| self.read_along());
            let mut writers: Vec<_> = (0..self.writers).map(|_| scope.spawn(|| self.write_by_library())).collect();
            if !self.may_fail {
                writers.push(scope.spawn(|| self.write_by_program()));
            }
            meanwhile(self, &mut servers);
            for writer in writers {
                writer.join().expect("a writer went well");
            }
            self.is_over.store(true, Ordering::Release);
            reader.join().expect("the reader went well")
        });
        for visitor in visitors {
            visitor.finish();
        }
        self.is_kept_and_followed(&seen, &servers);
    }

    /// Kills a server in the middle and starts it again.
    fn kill_a_server(&self, servers: &mut [Server]) {
        self.wait_for(self.flips * 4 / 10);
        servers[1].kill();
        self.wait_for(self.flips * 6 / 10);
        servers[1].start();
    }

    /// The log holds what was acknowledged, a reader beside it missed nothing, and every server has followed it.
    fn is_kept_and_followed(&self, seen: &[Revision], servers: &[Server]) {
        let log = log(&store(&self.url));
        self.is_kept_by(&log);
        let ids: Vec<Revision> = log.iter().map(|change| change.revision).collect();
        assert_eq!(seen, ids, "a reader that asks for everything after N misses nothing");

        let last = *ids.last().expect("something was changed");
        for server in servers {
            eventually("it enforces the last revision", || server.ready()["revision"] == last.0);
            for (domain, is_on) in replayed(&log) {
                assert_eq!(server.status(&domain), if is_on { 503 } else { 200 }, "{domain}");
            }
        }
        all_confirm(&commands_on(&self.url), last);
    }

    fn wait_for(&self, flips: usize) {
        within(Duration::from_secs(120), "the writers come on", || self.begun.load(Ordering::Acquire) >= flips);
    }

    /// Whether one more change is to be made.
    fn take(&self) -> bool {
        self.begun.fetch_add(1, Ordering::AcqRel) < self.flips
    }

    fn write_by_library(&self) {
        let actions = Actions::new(store(&self.url), || {});
        let actor = Actor::operator(WRITER);
        while self.take() {
            let flip = loop {
                let (id, domain) = &self.sites[rand::rng().random_range(0..self.sites.len())];
                let is_on = rand::rng().random();
                let done =
                    if is_on { actions.start(&actor, &[*id], &Start::default()) } else { actions.end(&actor, &[*id]) };
                if done.is_err() && self.may_fail {
                    thread::sleep(Duration::from_millis(20));
                    continue;
                }
                // Nothing is logged when it was so already.
                if let [revision] = done.expect("a change is made").changes[..] {
                    break Flip { revision, switch: (domain.clone(), is_on) };
                }
            };
            self.acknowledged.lock().expect("nobody panicked with the lock").push(flip);
        }
    }

    fn write_by_program(&self) {
        let operator = commands_on(&self.url);
        while self.take() {
            let switch = loop {
                let (_, domain) = &self.sites[rand::rng().random_range(0..self.sites.len())];
                let is_on = rand::rng().random();
                let command = if is_on { "on" } else { "off" };
                let told = operator.run(&format!("{command} {domain} --json")).succeeds().json();
                if told[0]["result"] != "already" {
                    break (domain.clone(), is_on);
                }
            };
            self.told.lock().expect("nobody panicked with the lock").push(switch);
        }
    }

    /// Asks all the time for everything after the last revision that was seen.
    fn read_along(&self) -> Vec<Revision> {
        let store = store(&self.url);
        let mut seen = Vec::new();
        loop {
            let is_over = self.is_over.load(Ordering::Acquire);
            let last = seen.last().copied().unwrap_or_default();
            let feed = store.read(|reader| reader.change_feed(last, 100_000));
            if feed.is_err() && self.may_fail {
                continue;
            }
            let feed = feed.expect("the log can be read");
            seen.extend(feed.into_iter().map(|entry| entry.revision));
            if is_over {
                return seen;
            }
        }
    }

    /// Every change that somebody was told is made is in the log, once, and nothing else.
    fn is_kept_by(&self, log: &[Change]) {
        let acknowledged: BTreeSet<Flip> = self.acknowledged.lock().unwrap().iter().cloned().collect();
        let told = self.told.lock().unwrap();
        assert_eq!(acknowledged.len() + told.len(), self.flips);

        let (by_library, by_program): (Vec<&Change>, _) = log.iter().partition(|change| change.actor == WRITER);
        let flips = by_library.into_iter().filter_map(|change| Some((change.revision, switch(change)?)));
        let kept: BTreeSet<Flip> = flips.map(|(revision, switch)| Flip { revision, switch }).collect();
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "acknowledged, but not in the log: {lost:?}");
        let unasked: Vec<_> = kept.difference(&acknowledged).collect();
        assert!(unasked.is_empty() || self.may_fail, "in the log, but not acknowledged: {unasked:?}");
        assert_eq!(by_program.into_iter().filter_map(switch).collect::<Vec<_>>(), *told, "one after the other");
    }
}

/// The switch that an entry of the log is about.
fn switch(change: &Change) -> Option<Switch> {
    let is_on = match change.action.as_str() {
        "maintenance.started" => true,
        "maintenance.ended" => false,
        _ => return None,
    };
    Some((change.subject.clone(), is_on))
}

/// The state that the log leads to.
fn replayed(log: &[Change]) -> BTreeMap<String, bool> {
    let mut state: BTreeMap<String, bool> = (0..SITES).map(|number| (domain(number), false)).collect();
    state.extend(log.iter().filter_map(switch));
    state
}

/// Three servers live, and one that was killed and started again is one of them, not two.
fn all_confirm(operator: &Machine, last: Revision) {
    within(Duration::from_secs(30), "three servers live, and all enforce the last revision", || {
        let servers = operator.run("servers --json").succeeds().json();
        let live: Vec<_> = servers.as_array().unwrap().iter().filter(|server| server["live"] == true).collect();
        live.len() == 3 && live.iter().all(|server| server["revision"] == last.0)
    });
}
