//! `maintenance undo`.

use crate::machine::Machine;

#[test]
fn it_takes_back_the_last_change_and_says_which() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --message now").succeeds();
    let ran = machine.run("undo").succeeds();
    ran.says(&["Undone: Maintenance started", "on example.com at ", "example.com is open."]);
    assert_eq!((machine.phase("1").as_str(), &machine.state("1")["message"]), ("open", &().into()));
}

#[test]
fn one_after_the_other_is_taken_back() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("pattern add ^a/$").succeeds();
    machine.run("on").succeeds();
    machine.run("off").succeeds();
    machine.run("undo").succeeds().says(&["Undone: Maintenance ended", "is in maintenance."]);
    machine.run("undo").succeeds().says(&["Undone: Maintenance started", "is open."]);
    machine.run("undo").succeeds().says(&["Undone: Site edited: pattern added ^a/$"]);
    machine.run("undo").fails(1, &["cannot be undone", "remove it instead"]);
    machine.run("site add new.example").succeeds();
    machine.run("undo").succeeds().says(&["Undone: Site added", "new.example is removed again."]);
}

#[test]
fn a_certain_change_is_taken_back_by_its_number() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on a.example").succeeds();
    machine.run("on b.example").succeeds();
    let json = machine.run("undo 3 --json").succeeds().json();
    assert_eq!(
        (&json["undone"], &json["site"]["phase"], &json["subject"]),
        (&3.into(), &"open".into(), &"a.example".into())
    );
    assert_eq!((machine.phase("1"), machine.phase("2")), ("open".to_owned(), "maintenance".to_owned()));
    machine.run("undo 3").succeeds().says(&["Change 3 is undone already, by change 5. Nothing changed."]);
    machine.run("undo 5").succeeds();
    assert_eq!(machine.phase("1"), "maintenance", "undoing an undo puts the change in force again");
    machine.run("undo 3").succeeds().says(&["Undone: Maintenance started"]);
}

#[test]
fn what_changed_again_since_is_shown_and_needs_a_yes() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("site edit example.com --name one").succeeds();
    machine.run("site edit example.com --name two").succeeds();
    machine
        .run("undo 2")
        .fails(2, &["Changed again since: name is \"two\" now, and was \"\"", "Undo change 2 anyway?", "add --yes"]);
    machine.run("undo 2 --yes").succeeds();
    assert_eq!(machine.run("site list --json").json()[0]["name"], "");
}

#[test]
fn a_removed_site_comes_back_with_everything() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("pattern add ^x/$ --site b.example").succeeds();
    let before = machine.run("site list --json").json()[1].clone();
    machine.run("site remove b.example --yes").succeeds();
    machine.run("undo").succeeds().says(&["Undone: Site removed", "b.example is there again."]);
    let after = machine.run("site list --json").json()[1].clone();
    assert_eq!((&after["id"], &after["patterns"]), (&before["id"], &before["patterns"]));
}

#[test]
fn what_cannot_be_undone_is_said() {
    let machine = Machine::with_sites(&["example.com"]);
    let empty = Machine::new();
    empty.run("migrate").succeeds();
    empty.run("undo").fails(1, &["nothing to undo"]);
    machine.run("undo 4711").fails(1, &["no change 4711", "maintenance history"]);
    machine.add_superuser("ada");
    machine.run("undo 2").fails(1, &["cannot be undone", "not about a site"]);
    machine.run("undo x").fails(2, &["REVISION"]);
}
