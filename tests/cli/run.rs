//! `maintenance run`, `on --lease` and `renew`: what holds a site while something works, and what becomes of it.

use crate::machine::Machine;
use crate::process::{Killed, end_of, eventually, followed, said, signal};

#[test]
fn a_command_that_succeeds_leaves_the_site_open_and_finds_it_closed() {
    let machine = Machine::with_sites(&["forum.example", "shop.example"]);
    let program = crate::machine::program().to_str().unwrap();
    let words = ["run", "forum", "--", program, "status", "forum", "--json"];
    let ran = machine.run_words(&words).succeeds();
    let seen = ran.json();
    assert_eq!((&seen[0]["phase"], &seen[0]["causes"][0]["kind"]), (&"maintenance".into(), &"lease".into()));
    assert_eq!((machine.phase("forum"), machine.phase("shop")), ("open".to_owned(), "open".to_owned()));
    ran.remarks(&["maintenance started: lease-1", "maintenance ended on forum.example"]);
}

#[test]
fn a_command_that_fails_gives_its_exit_code_and_what_was_said_beforehand_happens() {
    let machine = Machine::with_sites(&["forum.example"]);
    let ran = machine.run_words(&["run", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 7"]).ends_with(7);
    assert_eq!(ran.out, "out\n");
    ran.remarks(&["err\n", "sh failed with 7", "maintenance off forum.example"]);
    assert_eq!(machine.phase("1"), "maintenance");
    machine.run("off").succeeds().says(&["Ended: lease-1 “sh”"]);
    machine.run_words(&["run", "--on-failure", "lift", "--", "/bin/sh", "-c", "exit 7"]).ends_with(7);
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn a_command_does_not_learn_the_secrets_of_the_file() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine
        .write(".env", "SECRET_KEY=0123456789abcdef0123456789abcdef\nMETRICS_TOKEN=scrape-me-every-15s\nTHEME=dark\n");
    let ran =
        machine.run_words(&["run", "--", "/bin/sh", "-c", "echo \"[$SECRET_KEY$METRICS_TOKEN$THEME]\""]).succeeds();
    assert_eq!(ran.out, "[dark]\n");
    // What whoever calls has set is theirs.
    let machine = machine.env("SECRET_KEY", "of the application, 32 characters");
    let ran = machine.run_words(&["run", "--", "/bin/sh", "-c", "echo \"[$SECRET_KEY]\""]).succeeds();
    assert_eq!(ran.out, "[of the application, 32 characters]\n");
}

#[test]
fn a_command_that_cannot_be_run_leaves_the_site_open() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("run -- /nonexistent/program").fails(1, &["`/nonexistent/program` cannot be run"]);
    assert_eq!(machine.phase("1"), "open");
    machine.run("run nonsense -- true").fails(3, &["no site matches"]);
    machine.run("run forum").fails(2, &["COMMAND"]);
}

#[test]
fn a_signal_reaches_the_command_and_its_end_is_waited_for() {
    for (name, on_failure, phase) in [("TERM", "stay", "maintenance"), ("INT", "lift", "open")] {
        let machine = Machine::with_sites(&["forum.example"]);
        let script = format!("trap 'echo said; exit 9' {name}; touch ready; while [ -e ready ]; do sleep 0.05; done");
        let child = machine
            .command(&["run", "--on-failure", on_failure, "--", "/bin/sh", "-c", &script])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        eventually("the command runs", || machine.path("ready").exists());
        signal(&child, name);
        let (code, err) = end_of(child);
        assert_eq!(code, 9, "{err}");
        assert_eq!(machine.phase("1"), phase, "{err}");
    }
}

#[test]
fn a_run_that_is_killed_does_what_was_said_beforehand_when_its_lease_expires() {
    for (on_failure, phase) in [("lift", "open"), ("stay", "maintenance")] {
        let machine = Machine::with_sites(&["forum.example"]);
        let child = machine
            .command(&[
                "run",
                "--lease",
                "10s",
                "--on-failure",
                on_failure,
                "--",
                "/bin/sh",
                "-c",
                "touch ready; sleep 1",
            ])
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        eventually("the command runs", || machine.path("ready").exists());
        signal(&child, "KILL");
        end_of(child);
        assert_eq!(machine.phase("1"), "maintenance");
        let expiry: jiff::Timestamp = machine.state("1")["causes"][0]["until"].as_str().unwrap().parse().unwrap();
        eventually("the lease expires", || {
            machine.state("1")["overdue"] == true || machine.phase("1") == phase && is_past(expiry)
        });
        assert_eq!(machine.phase("1"), phase);
    }
}

#[expect(clippy::disallowed_methods, reason = "a lease of a test expires by the clock")]
fn is_past(at: jiff::Timestamp) -> bool {
    jiff::Timestamp::now() > at
}

#[test]
fn a_run_goes_on_when_somebody_ends_maintenance_and_says_so() {
    let machine = Machine::with_sites(&["forum.example"]);
    let script = "touch ready; while [ -e ready ] && [ ! -e go ]; do sleep 0.05; done";
    let mut child = followed(&machine, &["run", "--lease", "10s", "--", "/bin/sh", "-c", script]);
    eventually("the command runs", || machine.path("ready").exists());
    machine.run("off").succeeds();
    eventually("the next sign of life finds the lease gone", || {
        said(&machine).contains("somebody ended maintenance while the command runs")
    });
    machine.write("go", "");
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said(&machine));
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn what_else_holds_the_site_is_said_at_the_end() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.run("on").succeeds();
    machine.run("run -- /bin/true").succeeds().remarks(&["forum.example is still closed by box"]);
    assert_eq!(machine.phase("1"), "maintenance");
}

#[test]
fn a_lease_is_taken_renewed_and_ended_by_hand() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    let ran = machine.run_words(&[
        "on",
        "a.example",
        "b.example",
        "--lease",
        "10m",
        "--on-expiry",
        "lift",
        "--name",
        "deploy 7",
    ]);
    ran.succeeds().says(&[
        "lease-1 “deploy 7” on a.example",
        "then it opens",
        "Renew: maintenance renew lease-1 lease-2",
    ]);
    let renewed = machine.run("renew lease-1 lease-2 --lease 1h --json").succeeds().json();
    assert_eq!((&renewed[1]["id"], &renewed[1]["on_expiry"]), (&"lease-2".into(), &"lift".into()));
    machine.run("off a.example --cause lease-1").succeeds().says(&["Ended: lease-1"]);
    machine.run("renew lease-1").fails(1, &["there is no such lease"]);
    machine.run("renew box").fails(2, &["lease-NUMBER"]);
    machine.run("on --lease 1s").fails(1, &["at least 10 s"]);
    machine.run("on --lease 366d").fails(1, &["at most 24 h"]);
    machine.run("on --lease 10m --for 1h").fails(2, &["cannot be used with"]);
}

#[test]
fn a_run_outlasts_a_database_that_is_away_and_opens_the_site_when_it_is_back() {
    let machine = Machine::with_sites(&["forum.example"]);
    let script = "touch ready; while [ -e ready ] && [ ! -e go ]; do sleep 0.05; done";
    let mut child = followed(&machine, &["run", "--lease", "10s", "--", "/bin/sh", "-c", script]);
    eventually("the command runs", || machine.path("ready").exists());
    let away = machine.path("away.sqlite3");
    std::fs::rename(machine.database(), &away).unwrap();
    eventually("a renewal has failed", || said(&machine).contains("could not be renewed, which is tried again"));
    std::fs::rename(&away, machine.database()).unwrap();
    machine.write("go", "");
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said(&machine));
    assert_eq!(machine.phase("1"), "open", "{}", said(&machine));
}

#[test]
fn a_run_that_is_killed_before_its_command_leaves_the_lease_to_what_was_said() {
    let machine = Machine::with_sites(&["forum.example"]);
    // A server that was alive a moment ago and answers no more: the run waits for it.
    let mut serve = machine.command(&["serve", "--bind", "127.0.0.1:0"]);
    let serve = serve.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let server = Killed(serve.spawn().unwrap());
    eventually("the server is entered", || {
        machine.run("servers --json").json().as_array().is_some_and(|all| all.len() == 1)
    });
    signal(&server.0, "STOP");
    let mut child = machine
        .command(&["run", "--lease", "10s", "--on-failure", "lift", "--", "/bin/sh", "-c", "touch ready"])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("the site is closed", || machine.phase("1") == "maintenance");
    signal(&child, "KILL");
    child.wait().unwrap();
    drop(server);
    eventually("the lease expires", || machine.phase("1") == "open");
    assert!(!machine.path("ready").exists(), "the command never began");
}
