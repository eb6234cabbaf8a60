//! `maintenance migrate`.

use crate::machine::Machine;

#[test]
fn it_says_what_ran_or_that_nothing_had_to() {
    let machine = Machine::new();
    machine.run("migrate").succeeds().says(&["Created sqlite://maintenance.sqlite3 and ran: 2026"]);
    machine.run("migrate").succeeds().says(&["sqlite://maintenance.sqlite3 is up to date. Nothing changed."]);
}

#[test]
fn the_json_lists_what_ran() {
    let machine = Machine::new();
    let first = machine.run("migrate --json").succeeds().json();
    assert_eq!(first["created"], true);
    assert!(!first["migrations"].as_array().unwrap().is_empty());
    let second = machine.run("migrate --json").succeeds().json();
    assert_eq!((&second["created"], &second["migrations"]), (&false.into(), &serde_json::json!([])));
}

#[test]
fn several_at_once_make_one_database() {
    let machine = Machine::new();
    let all: Vec<_> = (0..6).map(|_| machine.start("migrate --json")).collect();
    let ran: Vec<_> =
        all.into_iter().map(|child| crate::machine::Ran::of(child.wait_with_output().unwrap()).succeeds()).collect();
    let migrated = ran.iter().filter(|ran| ran.json()["migrations"] != serde_json::json!([])).count();
    assert_eq!(migrated, 1, "{ran:?}");
    machine.run("status").succeeds();
}
