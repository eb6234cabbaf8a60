//! `maintenance on --drain`: those at work finish first, and the site closes by itself.

use std::process::Child;

use serde_json::Value;

use crate::machine::Machine;
use crate::process::{Killed, end_of, eventually, followed, said, signal};

/// Somebody at work, until the child is ended.
fn a_task(machine: &Machine, site: &str) -> Child {
    let task = machine.start(&format!("task --name import --site {site} -- sleep 60"));
    eventually("the task is registered", || machine.state(site)["tasks"] == 1);
    task
}

fn end(mut child: Child) {
    signal(&child, "TERM");
    child.wait().unwrap();
}

fn at(value: &Value) -> jiff::Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_site_drains_while_somebody_is_at_work_and_closes_when_the_last_one_has_left() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let task = a_task(&machine, "forum");
    let mut following = followed(&machine, &["on", "forum", "--drain", "15m"]);
    eventually("it drains", || machine.phase("forum") == "draining");
    let state = machine.state("forum");
    assert_eq!((&state["sessions"], &state["tasks"]), (&0.into(), &1.into()));
    let seconds = at(&state["closes_at"]).duration_since(at(&state["since"])).as_secs();
    assert!((880..=900).contains(&seconds), "{seconds}");
    machine
        .run("status forum --exit-code")
        .ends_with(11)
        .says(&["draining, 0 sessions, 1 task, closes at", " at the latest"]);
    machine.run("task --name other --site forum -- true").ends_with(7);
    eventually("it is said who is left", || said(&machine).contains("forum.example: 1 task; closes at"));
    end(task);
    assert_eq!(following.wait().unwrap().code(), Some(0), "{}", said(&machine));
    assert!(said(&machine).contains("forum.example is in maintenance since"), "{}", said(&machine));
    assert!(said(&machine).contains("nobody was left"), "{}", said(&machine));
    assert_eq!((machine.phase("forum"), machine.phase("shop")), ("maintenance".to_owned(), "open".to_owned()));
    machine.run("history forum").succeeds().says(&["Draining started, closes at", "Closed: nobody was left after"]);
}

#[test]
fn a_drain_closes_the_site_at_its_deadline_whoever_is_left() {
    let machine = Machine::with_sites(&["forum.example"]);
    let task = a_task(&machine, "forum");
    let mut following = followed(&machine, &["on", "--drain", "3s"]);
    assert_eq!(following.wait().unwrap().code(), Some(0));
    assert!(said(&machine).contains("the deadline was reached with 1 task left"), "{}", said(&machine));
    assert_eq!(machine.phase("forum"), "maintenance");
    end(task);
    machine.run("history").succeeds().says(&["Closed at the deadline after 3 s with 1 task left"]);
}

#[test]
fn a_drain_can_be_forced_moved_and_cancelled() {
    let machine = Machine::with_sites(&["forum.example"]);
    let task = a_task(&machine, "forum");
    machine
        .run("on --drain 15m --detach")
        .succeeds()
        .says(&["is draining since"])
        .remarks(&["maintenance on forum.example --force"]);
    let first = at(&machine.state("1")["closes_at"]);
    machine.run("on").succeeds().says(&["is draining", "Nothing changed", "--force"]);
    assert_eq!(at(&machine.state("1")["closes_at"]), first);
    machine.run("on --drain 30m --detach").succeeds().says(&["is still draining"]);
    assert!(at(&machine.state("1")["closes_at"]).duration_since(first).as_mins() >= 14);
    machine.run("off").succeeds().says(&["drain of forum.example was cancelled", "It stays open", "box"]);
    assert_eq!(machine.phase("1"), "open");
    machine.run("on --drain 15m --detach").succeeds();
    let forced = machine.run("on --force --json").succeeds().json();
    assert_eq!((&forced[0]["result"], &forced[0]["phase"]), (&"forced".into(), &"maintenance".into()));
    machine.run("on --drain 15m --detach").succeeds().says(&["already in maintenance"]);
    assert_eq!(machine.phase("1"), "maintenance");
    machine.run("undo").succeeds();
    assert_eq!(machine.phase("1"), "draining");
    end(task);
    let history = machine.run("history --limit 20").succeeds();
    history.says(&["Draining started", "Deadline of the drain moved", "Drain cancelled", "Closed at once after"]);
}

#[test]
fn ctrl_c_leaves_the_drain_running_and_says_how_to_go_on() {
    let machine = Machine::with_sites(&["forum.example"]);
    let task = a_task(&machine, "forum");
    let mut following = followed(&machine, &["on", "--drain", "15m"]);
    eventually("it waits", || said(&machine).contains("1 task"));
    signal(&following, "INT");
    assert_eq!(following.wait().unwrap().code(), Some(130));
    for part in ["the drain goes on", "maintenance status", "--force", "maintenance off forum.example"] {
        assert!(said(&machine).contains(part), "{part}: {}", said(&machine));
    }
    assert_eq!(machine.phase("1"), "draining");
    end(task);
}

#[test]
fn whoever_waits_learns_that_somebody_cancelled_it() {
    let machine = Machine::with_sites(&["forum.example"]);
    let task = a_task(&machine, "forum");
    let mut following = followed(&machine, &["on", "--drain", "15m"]);
    eventually("it waits", || said(&machine).contains("1 task"));
    machine.run("off").succeeds();
    assert_eq!(following.wait().unwrap().code(), Some(1));
    assert!(said(&machine).contains("was ended meanwhile"), "{}", said(&machine));
    end(task);
}

#[test]
fn whoever_waits_learns_that_the_site_was_removed() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let task = a_task(&machine, "forum");
    let waiting = [&["on", "forum", "--drain", "15m"][..], &["run", "forum", "--drain", "15m", "--", "true"]];
    let mut waiting = waiting.map(|words| {
        let following = followed(&machine, words);
        eventually("it waits", || said(&machine).contains("1 task"));
        Killed(following)
    });
    machine.run("site remove forum --yes").succeeds();
    for child in &mut waiting {
        assert_eq!(child.0.wait().unwrap().code(), Some(3), "{}", said(&machine));
    }
    assert!(
        said(&machine).contains("the drain cannot be followed any more: there is no such site"),
        "{}",
        said(&machine)
    );
    end(task);
}

#[test]
fn a_command_runs_when_those_at_work_have_finished() {
    let machine = Machine::with_sites(&["forum.example"]);
    let task = a_task(&machine, "forum");
    let script = ["run", "--drain", "15m", "--", crate::machine::program().to_str().unwrap(), "status", "--json"];
    let running = machine
        .command(&script)
        .stdin(std::process::Stdio::null())
        .stdout(std::fs::File::create(machine.path("out")).unwrap())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    eventually("it drains", || machine.phase("1") == "draining");
    assert_eq!(std::fs::read_to_string(machine.path("out")).unwrap(), "");
    end(task);
    let (code, err) = end_of(running);
    assert_eq!(code, 0, "{err}");
    let seen: Value = serde_json::from_str(&std::fs::read_to_string(machine.path("out")).unwrap()).unwrap();
    assert_eq!((&seen[0]["phase"], &seen[0]["causes"][0]["kind"]), (&"maintenance".into(), &"lease".into()), "{err}");
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn a_window_that_drains_closes_when_its_drain_is_over() {
    let machine = Machine::with_sites(&["forum.example"]);
    let task = a_task(&machine, "forum");
    machine.run("window start forum --for 1h --drain 15m").succeeds();
    assert_eq!(machine.phase("1"), "draining");
    machine.run("on --force").succeeds().says(&["is in maintenance"]);
    let state = machine.state("1");
    assert_eq!((&state["phase"], &state["causes"][0]["kind"]), (&"maintenance".into(), &"window".into()));
    machine.run("window end forum").succeeds();
    assert_eq!(machine.phase("1"), "open");
    end(task);
}

#[test]
fn a_deadline_that_cannot_be_is_refused_and_a_long_one_asked_about() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("on --drain 0s").fails(2, &["--drain"]);
    machine.run("on --drain nonsense").fails(2, &["duration"]);
    machine
        .run_words(&["on", "--force-at", "2020-01-01 00:00", "--detach"])
        .fails(1, &["the deadline of a drain lies ahead"]);
    machine.run("on --drain 8d --yes --detach").fails(1, &["at most 7 days"]);
    machine.run("on --drain 25h --detach").fails(2, &["1 d 1 h", "--yes"]);
    machine.run("on --drain 1h --for 30m --detach").fails(1, &["open again before it has closed"]);
    machine.run("on --detach").fails(2, &["--drain"]);
    machine.run("on --force --drain 5m").fails(2, &["--drain"]);
    machine.run("on nonsense --drain 5m").fails(3, &["no site matches"]);
    assert_eq!(machine.phase("1"), "open");
    machine.run("on --drain 25h --detach --yes").succeeds();
    assert_eq!(machine.phase("1"), "draining");
}

#[test]
fn what_would_happen_is_said_beforehand() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("on --drain 15m --dry-run").succeeds().says(&["once those at work have finished"]);
    assert_eq!(machine.phase("1"), "open");
    machine.run("on --drain 15m --detach").succeeds();
    let plan = machine.run("on --force --dry-run --json").succeeds().json();
    assert_eq!(plan[0]["would"], "force");
    machine.run("why / --at-work").succeeds().says(&["signed in before the drain began"]);
    machine.run("why /").succeeds().says(&["503"]);
}
