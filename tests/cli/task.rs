//! `maintenance task` and `tasks`: work that a drain waits for, and that stays out of a maintenance.

use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::machine::Machine;
use crate::process::{end_of, eventually, followed, said, signal, within};

/// Runs until the file `go` is there.
const UNTIL_GO: &str = "touch ready; while [ -e ready ] && [ ! -e go ]; do sleep 0.05; done";

fn tasks(machine: &Machine) -> Vec<Value> {
    machine.run("tasks --json").succeeds().json().as_array().unwrap().clone()
}

/// Starts a task that runs until the file `go` is there, and waits until it does.
fn running(machine: &Machine) -> Child {
    let child = followed(machine, &["task", "--name", "import", "--", "/bin/sh", "-c", UNTIL_GO]);
    eventually("the command runs", || machine.path("ready").exists());
    child
}

#[test]
fn a_command_is_listed_while_it_runs_and_gives_its_output_and_its_exit_code() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let program = crate::machine::program().to_str().unwrap();
    let ran = machine.run_words(&["task", "--site", "shop", "--", program, "tasks", "--json"]).succeeds();
    let seen = ran.json();
    assert_eq!((&seen[0]["name"], &seen[0]["domain"]), (&"maintenance".into(), &"shop.example".into()));
    for field in ["id", "site", "host", "pid", "started_by", "started_at", "last_seen"] {
        assert!(!seen[0][field].is_null(), "{field}: {seen}");
    }
    machine.run("tasks").succeeds().remarks(&["no task is running"]);
    let ran = machine.run_words(&["task", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 42"]).ends_with(42);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("out\n", "err\n"));
    assert!(tasks(&machine).is_empty());
}

#[test]
fn tasks_are_listed_of_all_sites_or_of_one() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let mut child = running(&machine);
    machine.run("tasks forum").succeeds().says(&["import  forum.example  running for ", ", process ", "CLI, "]);
    assert_eq!(machine.run("tasks shop --json").succeeds().json(), serde_json::json!([]));
    machine.run("tasks nonsense").fails(3, &["no site matches"]);
    machine.write("go", "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn nothing_starts_on_a_closed_site_which_is_said_with_when_it_opens() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let try_it = ["task", "--site", "forum", "--", "/bin/sh", "-c", "touch ready"];
    for close in ["on forum --for 1h", "on forum --for 1h --read-only"] {
        machine.run(close).succeeds();
        let refused = ["sh was not started: forum.example is in maintenance until ", "--wait"];
        machine.run_words(&try_it).fails(7, &refused);
        assert!(!machine.path("ready").exists());
        machine.run("off forum").succeeds();
    }
    machine.run("on forum --drain 1h --for 3h --detach").succeeds();
    let ran = machine.run_words(&try_it);
    ran.fails(7, &["sh was not started: forum.example is draining and closes at ", " at the latest"]);
    machine.run("off forum").succeeds();
    machine.run("window start forum --for 1h").succeeds();
    machine.run_words(&try_it).fails(7, &["forum.example is in maintenance until "]);
    assert!(tasks(&machine).is_empty());
    machine.run("task --site shop -- /bin/true").succeeds();
    machine.run_words(&["task", "--site", "forum", "--force", "--", "/bin/sh", "-c", "touch ready"]).succeeds();
    assert!(machine.path("ready").exists());
}

#[test]
fn a_task_that_waits_starts_when_the_site_opens() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("on --for 1h").succeeds();
    let mut child = followed(&machine, &["task", "--wait", "--", "/bin/sh", "-c", "touch ready"]);
    eventually("it says what it waits for", || said(&machine).contains("waiting, because forum.example is in"));
    assert!(!machine.path("ready").exists());
    // Anything else that changes keeps it waiting.
    machine.run("pattern add ^x/$").succeeds();
    assert!(tasks(&machine).is_empty(), "what waits is not waited for");
    machine.run("off").succeeds();
    assert!(child.wait().unwrap().success(), "{}", said(&machine));
    assert!(machine.path("ready").exists());
    assert_eq!(said(&machine).lines().count(), 1, "{}", said(&machine));
}

#[test]
fn a_task_that_waits_starts_when_a_window_ends_by_itself() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("on --lease 10s --on-expiry lift").succeeds();
    machine.run("task --wait -- /bin/true").succeeds().remarks(&["waiting, because forum.example is in maintenance"]);
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn a_wait_ends_when_it_takes_too_long() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("on").succeeds();
    let ran = machine.run("task --wait --timeout 1s -- /bin/true");
    ran.fails(5, &["timed out, nothing was started: forum.example is in maintenance"]);
    machine.run("task --timeout 1s -- /bin/true").fails(2, &["--wait"]);
    machine.run("task --wait --force -- /bin/true").fails(2, &["cannot be used with"]);
}

#[test]
fn what_cannot_be_run_leaves_no_task() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("task -- /nonexistent/program").fails(1, &["`/nonexistent/program` cannot be run"]);
    machine.run("task --site nonsense -- /bin/true").fails(3, &["no site matches"]);
    machine.run("task --name x").fails(2, &["COMMAND"]);
    machine.run_words(&["task", "--name", "", "--", "/bin/true"]).fails(2, &["1 to 200 characters"]);
    assert!(tasks(&machine).is_empty());
}

#[test]
fn a_signal_reaches_the_command_and_its_end_is_waited_for() {
    for name in ["TERM", "INT", "HUP"] {
        let machine = Machine::with_sites(&["forum.example"]);
        let script = format!("trap 'echo said; exit 9' {name}; touch ready; while [ -e ready ]; do sleep 0.05; done");
        let child = machine
            .command(&["task", "--", "/bin/sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        eventually("the command runs", || machine.path("ready").exists());
        assert_eq!(tasks(&machine).len(), 1);
        signal(&child, name);
        let (code, err) = end_of(child);
        assert_eq!((code, err.as_str()), (9, ""));
        assert!(tasks(&machine).is_empty());
    }
}

#[test]
fn a_task_that_is_killed_is_gone_twenty_seconds_later_and_not_before() {
    let machine = Machine::with_sites(&["forum.example"]);
    let mut child = running(&machine);
    signal(&child, "KILL");
    child.wait().unwrap();
    let last_seen = tasks(&machine)[0]["last_seen"].clone();
    let mut polled_until = last_seen.clone();
    within(Duration::from_secs(40), "nobody waits for it any more", || {
        let left = tasks(&machine);
        if let Some(task) = left.first() {
            assert_eq!(task["last_seen"], last_seen, "it says nothing more");
            polled_until = now().into();
        }
        left.is_empty()
    });
    let at = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let silent_for = at(&polled_until).duration_since(at(&last_seen));
    assert!(silent_for.as_secs() >= 15, "gone after {silent_for}");
    machine.write("go", "");
}

#[expect(clippy::disallowed_methods, reason = "a task of a test is silent by the clock")]
fn now() -> String {
    jiff::Timestamp::now().to_string()
}

#[test]
fn a_task_outlasts_a_database_that_is_away_and_counts_again_when_it_is_back() {
    let machine = Machine::with_sites(&["forum.example"]);
    let mut child = running(&machine);
    let away = machine.path("away.sqlite3");
    std::fs::rename(machine.database(), &away).unwrap();
    eventually("a sign of life has failed", || said(&machine).contains("could not say that it runs"));
    std::fs::rename(&away, machine.database()).unwrap();
    let before = tasks(&machine)[0]["last_seen"].clone();
    eventually("it is heard of again", || tasks(&machine)[0]["last_seen"] != before);
    machine.write("go", "");
    assert!(child.wait().unwrap().success(), "{}", said(&machine));
    assert!(tasks(&machine).is_empty());
}

#[test]
fn a_maintenance_that_begins_while_a_task_runs_does_not_disturb_it() {
    let machine = Machine::with_sites(&["forum.example"]);
    let mut child = running(&machine);
    machine.run("on").succeeds();
    assert_eq!(tasks(&machine).len(), 1);
    machine.write("go", "");
    assert!(child.wait().unwrap().success());
    assert_eq!(said(&machine), "");
}

#[test]
fn without_a_database_that_answers_nothing_starts_unless_it_is_forced() {
    // Nothing listens on the first port.
    let machine = Machine::new().env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    for words in ["task -- /bin/sh -c touch", "task --wait -- /bin/true"] {
        machine.run(words).fails(1, &["the database does not answer"]);
    }
    let ran = machine.run_words(&["task", "--force", "--", "/bin/sh", "-c", "echo out; exit 42"]).ends_with(42);
    assert_eq!(ran.out, "out\n");
    ran.remarks(&["no drain waits for sh: the database does not answer"]);
}
