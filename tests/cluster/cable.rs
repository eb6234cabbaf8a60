//! A database that takes requests and does not answer: nobody waits for ever.

use std::time::Instant;

use crate::helpers::{AWAY, Cluster, Proxy, SOON, Scene};

#[test]
fn a_connection_that_hangs_is_given_up_and_another_one_is_made() {
    let cluster = Cluster::start();
    let proxy = Proxy::start(cluster.address);
    let scene = Scene::reached_by(cluster, &format!("postgres://app@{}/app", proxy.address));
    let typed = scene.typed("Back when the cable is plugged in.");

    // Nothing arrives any more, and nobody is told.
    proxy.swallow();
    scene.everybody_notices();
    let kept = scene.is_refused_in_words(&typed, &AWAY);
    // What others change meanwhile is followed as soon as it can be known, although the old connections stay dead.
    scene.operator.run("on open.example").succeeds();
    scene.expect("open.example", &[200, 503]);
    proxy.pass_new();
    for server in &scene.servers {
        server.recovers(SOON);
        server.enforces("open.example", 503);
    }
    scene.works_again();
    scene.is_saved_afterwards(&kept);

    // The same when new connections work all the time, as behind a firewall that has forgotten the old ones.
    proxy.swallow();
    proxy.pass_new();
    scene.expect("open.example", &[200, 503]);
    scene.operator.run("on open.example --wait --timeout 25s").succeeds();
    scene.expect("open.example", &[503]);
    for server in &scene.servers {
        server.recovers(SOON);
    }
    scene.works_again();

    // A cable that is cut is the easy case.
    proxy.cut();
    scene.works_again();
    scene.finish();
}

#[test]
fn tables_that_somebody_has_locked_keep_nobody_waiting_for_ever() {
    let scene = Scene::new(Cluster::start());
    let typed = scene.typed("Back when the tables are free.");
    let lock = scene.cluster.hold("LOCK TABLE changes, sites, maintenances IN ACCESS EXCLUSIVE MODE");
    scene.everybody_notices();
    let kept = scene.is_refused_in_words(&typed, &["Nothing was saved"]);
    let started = Instant::now();
    let refused = scene.operator.run("on open.example").ends_with(1);
    assert!(started.elapsed() < SOON, "the command took {:?}", started.elapsed());
    refused.remarks(&["database"]);
    drop(lock);
    scene.works_again();
    scene.is_saved_afterwards(&kept);
    scene.finish();
}

#[test]
fn a_writer_that_froze_in_the_middle_keeps_the_others_waiting_for_some_seconds_at_most() {
    let scene = Scene::new(Cluster::start());
    let typed = scene.typed("Back when it is my turn.");
    // The lock under which writers take turns: "mmode" in ASCII.
    let turn = scene.cluster.hold("SELECT pg_advisory_xact_lock(x'6d6d6f6465'::bigint)");
    let started = Instant::now();
    scene.operator.run("on open.example").ends_with(1).remarks(&["database"]);
    assert!(started.elapsed() < SOON, "the command took {:?}", started.elapsed());
    let kept = scene.is_refused_in_words(&typed, &["Nothing was saved"]);
    drop(turn);
    scene.works_again();
    scene.is_saved_afterwards(&kept);
    scene.finish();
}
