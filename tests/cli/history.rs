//! `maintenance history`.

use crate::machine::Machine;

fn a_busy_machine() -> Machine {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on a.example --for 1h").succeeds();
    machine.run_words(&["site", "edit", "b.example", "--name", "=1+1,\"x\""]).succeeds();
    machine.run("off a.example").succeeds();
    machine
}

#[test]
fn it_tells_who_did_what_newest_first() {
    let ran = a_busy_machine().run("history").succeeds();
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}", ran.out);
    assert!(lines[0].starts_with("   5  ") && lines[0].contains(" UTC  CLI, "), "{}", ran.out);
    assert!(lines[0].contains("a.example  Maintenance ended"), "{}", ran.out);
    assert!(lines[2].contains("a.example  Maintenance started: expected end "), "{}", ran.out);
}

#[test]
fn it_can_be_limited_to_sites_and_to_a_number() {
    let machine = a_busy_machine();
    assert_eq!(machine.run("history b.example").succeeds().out.lines().count(), 2);
    assert_eq!(machine.run("history a.example b.example").succeeds().out.lines().count(), 5);
    assert_eq!(machine.run("history --limit 2 --json").succeeds().json().as_array().unwrap().len(), 2);
    machine.run("history nonsense").fails(3, &["no site matches"]);
    machine.run("history --limit -1").ends_with(2);
}

#[test]
fn the_json_has_the_touched_fields_before_and_after() {
    let json = a_busy_machine().run("history --json").succeeds().json();
    let started = &json[2];
    assert_eq!(
        (&started["action"], &started["revision"], &started["door"]),
        (&"maintenance.started".into(), &3.into(), &"cli".into())
    );
    assert_eq!(
        (&started["before"]["in_maintenance"], &started["after"]["in_maintenance"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn the_csv_is_quoted_and_holds_no_formula() {
    let csv = a_busy_machine().run("history --csv --limit 0").succeeds().out;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "revision,at,actor,door,address,site,subject,action,before,after,undoes");
    assert_eq!(lines.len(), 7, "{csv}");
    assert!(csv.contains("\"{\"\"name\"\":\"\"=1+1,"), "{csv}");
    a_busy_machine().run("history --csv --json").fails(2, &["cannot be used with"]);
}

#[test]
fn nothing_has_happened_yet() {
    let machine = Machine::new();
    machine.run("migrate").succeeds();
    machine.run("history").succeeds().says(&["Nothing has happened yet."]);
    assert_eq!(machine.run("history --json").json(), serde_json::json!([]));
}
