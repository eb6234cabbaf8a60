//! The database is gone in every way that there is, while requests run: nobody notices but the panel.

use crate::helpers::{AWAY, Cluster, Disk, Scene, Stop};

#[test]
fn terminated_connections_are_replaced_without_a_word_to_anybody() {
    let scene = Scene::new(Cluster::start());
    for _ in 0..5 {
        scene.cluster.terminate_connections();
    }
    scene.works_again();
    scene.finish();
}

#[test]
fn while_postgresql_is_stopped_or_killed_every_verdict_stands_and_afterwards_all_catch_up() {
    let scene = Scene::new(Cluster::with(&["fsync=on"]));
    for how in [Stop::Fast, Stop::Immediate, Stop::Kill] {
        let typed = scene.typed(&format!("Back after {how:?}."));
        scene.cluster.stop(how);
        scene.everybody_notices();
        let kept = scene.is_refused_in_words(&typed, &AWAY);
        let refused = scene.operator.run("on open.example").ends_with(1);
        refused.remarks(&["the database does not answer"]);
        scene.cluster.restart();
        scene.works_again();
        scene.is_saved_afterwards(&kept);
        assert_eq!(scene.ada.get("/admin/").status, 200, "{how:?}: she is still signed in");
    }
    scene.finish();
}

#[test]
fn a_full_disk_refuses_changes_in_words_and_nothing_else_happens() {
    let Some(disk) = Disk::of(64) else { return };
    let scene = Scene::new(Cluster::on(&disk));
    scene.operator.run("site add other.example").succeeds();
    let typed = scene.typed("Back when there is space.");
    disk.fill();
    let refused = scene.writes_until_refused();
    assert!(
        refused.contains("the disk of the database is full") || refused.contains("the database does not answer"),
        "{refused}"
    );
    let kept = scene.is_refused_in_words(&typed, &["The disk of the database is full"]);
    disk.clear();
    // PostgreSQL ends itself when it cannot write its own log; its operator starts it again.
    if scene.cluster.has_died() {
        scene.cluster.restart();
    }
    scene.works_again();
    scene.is_saved_afterwards(&kept);
    scene.finish();
}
