//! `maintenance off`.

use crate::machine::Machine;

#[test]
fn it_ends_everything_that_holds_the_site_closed_and_names_it() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --for 1h").succeeds();
    machine.run("off").succeeds().says(&[
        "Maintenance ended on example.com at ",
        "Visitors get the site again.",
        "Ended: box (started by CLI, ",
        "Undo: maintenance undo",
    ]);
    let state = machine.state("1");
    assert_eq!((state["phase"].as_str(), &state["since"], &state["until"]), (Some("open"), &().into(), &().into()));
}

#[test]
fn already_so_is_said() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("off").succeeds().says(&["example.com is open already. Nothing changed."]);
    assert_eq!(machine.run("off --json").json()[0]["result"], "already");
}

#[test]
fn the_json_names_the_causes_that_were_ended() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on").succeeds();
    let json = machine.run("off --json").succeeds().json();
    assert_eq!((&json[0]["result"], &json[0]["ended"][0]["id"]), (&"ended".into(), &"box".into()));
}

#[test]
fn one_cause_is_ended_by_its_id() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on").succeeds();
    let ran = machine.run("off --cause lease-7").ends_with(6);
    ran.says(&["lease-7 does not hold example.com closed. It is still closed by box (started by "]);
    assert_eq!(machine.phase("1"), "maintenance");
    machine.run("off --cause box").succeeds().says(&["Maintenance ended"]);
    machine.run("off --cause lease-7").succeeds().says(&["open already"]);
}

#[test]
fn all_sites_need_a_yes() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on --all --yes").succeeds();
    machine.run("off --all").fails(2, &["End maintenance on all 2 sites", "add --yes"]);
    machine.run("off --all --yes").succeeds();
    machine.run("status --exit-code").succeeds();
}

#[test]
fn a_dry_run_changes_nothing() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.run("on a.example").succeeds();
    let ran = machine.run("off --all --dry-run").succeeds();
    ran.says(&[
        "Would end maintenance on a.example: box (started by ",
        "b.example is open already. Nothing would change.",
    ]);
    assert_eq!(machine.run("off --all --dry-run --json").json()[0]["would"], "end");
    assert_eq!(machine.phase("1"), "maintenance");
}

#[test]
fn an_unknown_site_is_refused_or_skipped() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("off nonsense").fails(3, &["no site matches \"nonsense\""]);
    machine.run("off nonsense --ignore-missing").succeeds().remarks(&["skipped"]);
}
