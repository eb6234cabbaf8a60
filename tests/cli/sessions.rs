//! `maintenance sessions`: who is at work, and ending one of them.

use jiff::SignedDuration;
use maintenance_mode::clock;
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{DatabaseUrl, Open, Store, VisitNote};
use maintenance_mode::visit::VisitKind;

use crate::machine::Machine;

/// Notes somebody as a server would have done `seen_ago` seconds ago.
fn note(machine: &Machine, site: i64, kind: VisitKind, name: &str, seen_ago: i64) {
    let url = DatabaseUrl::parse(machine.database().to_str().unwrap()).unwrap();
    let store = Store::open(&url, Open::Existing).unwrap();
    let (mut key_hash, now) = ([0; 32], clock::now());
    key_hash[..name.len()].copy_from_slice(name.as_bytes());
    let note = VisitNote {
        site: SiteId(site),
        key_hash,
        kind,
        name: if kind == VisitKind::Visitor { String::new() } else { name.to_owned() },
        address: None,
        signed_in_at: now - SignedDuration::from_hours(1),
        seen_at: now - SignedDuration::from_secs(seen_ago),
    };
    store.write_beside(|writer| writer.visit_note(&[note])).unwrap();
}

fn two_sites_with_people() -> Machine {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    note(&machine, 1, VisitKind::Session, "ada", 70);
    note(&machine, 1, VisitKind::App, "bo\u{1b}[31m", 10);
    note(&machine, 2, VisitKind::Visitor, "cy", 10);
    note(&machine, 1, VisitKind::Session, "gone", 400);
    machine
}

#[test]
fn whoever_was_seen_lately_is_listed_with_since_when() {
    let machine = two_sites_with_people();
    let ran = machine.run("sessions").succeeds();
    ran.says(&[
        "a.example  session  ada",
        "since ",
        "seen 1 min ago",
        "app      bo\\u{1b}[31m",
        "b.example  visitor  -",
    ]);
    let list = machine.run("sessions a.example --json").succeeds().json();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bo\u{1b}[31m", "ada"], "the last seen first, and nobody who is idle");
    for field in ["id", "site", "domain", "kind", "name", "address", "since", "last_seen"] {
        assert!(list[0].get(field).is_some(), "{field}");
    }
    assert_eq!((&list[1]["kind"], &list[1]["domain"]), (&"session".into(), &"a.example".into()));
    let idle = machine.run("sessions a.example --visit-idle 3600 --json").succeeds().json();
    assert_eq!(idle.as_array().unwrap().len(), 3);
    machine.run("sessions nonsense").fails(3, &["no site matches"]);
    machine.run("sessions --visit-idle 5").fails(2, &["MAINTENANCE_VISIT_IDLE"]);
}

#[test]
fn one_is_ended_and_the_history_says_who_and_by_whom() {
    let machine = two_sites_with_people();
    let id = machine.run("sessions a.example --json").json()[1]["id"].as_i64().unwrap();
    machine.run(&format!("sessions end {id}")).succeeds().says(&[&format!("Ended ada ({id}) on a.example.")]);
    machine.run(&format!("sessions end {id}")).succeeds().says(&["had ended", "Nothing changed."]);
    let left = machine.run("sessions a.example --json").json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    machine.run("history").succeeds().says(&["Session of the site ended"]);
    let entry = machine.run("history --json").json()[0].clone();
    assert_eq!((&entry["action"], &entry["before"]["visit"]), (&"visit.ended".into(), &"ada".into()));
    machine.run(&format!("undo {}", entry["revision"])).fails(1, &["cannot be undone"]);
    machine.run("sessions end 99").fails(1, &["nobody is known by that number"]);
    let other = machine.run("sessions b.example --json").json()[0]["id"].as_i64().unwrap();
    assert_eq!(machine.run(&format!("sessions end {other} --json")).succeeds().json()["kind"], "visitor");
    machine.run("sessions b.example").succeeds().says(&["Nobody is at work."]);
    machine.run("undo").succeeds().says(&["Undone: Site added on b.example"]);
}
