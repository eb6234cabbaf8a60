//! Commands that run others go on while the database takes questions and gives no answer.

use std::fs::File;
use std::process::Stdio;

use crate::helpers::{Cluster, Proxy, commands_on, eventually};

#[test]
fn a_command_under_run_or_task_outlasts_a_database_that_gives_no_answer() {
    let cluster = Cluster::start();
    let proxy = Proxy::start(cluster.address);
    let operator = commands_on(&cluster.url());
    operator.run("migrate").succeeds();
    operator.run("site add run.example").succeeds();
    operator.run("site add task.example").succeeds();
    let machine = commands_on(&format!("postgres://app@{}/app", proxy.address))
        .env("DATABASE_CONNECT_TIMEOUT", "2")
        .env("DATABASE_STATEMENT_TIMEOUT", "2");
    let start = |name: &str, words: &[&str]| {
        let script = format!("touch {name}; while [ -e {name} ] && [ ! -e go ]; do sleep 0.05; done; exit 3");
        let words = [words, &["--", "/bin/sh", "-c", &script]].concat();
        let err = File::create(machine.path(&format!("{name}.err"))).expect("the folder can be written");
        machine.command(&words).stdin(Stdio::null()).stderr(err).spawn().expect("the program starts")
    };
    let said = |name: &str| std::fs::read_to_string(machine.path(&format!("{name}.err"))).expect("it is there");
    let mut run = start("run", &["run", "run.example", "--lease", "30s", "--on-failure", "lift"]);
    let mut task = start("task", &["task", "--site", "task.example"]);
    eventually("both commands run", || machine.path("run").exists() && machine.path("task").exists());
    let tasks = || operator.run("tasks --json").succeeds().json();
    assert_eq!(tasks()[0]["domain"], "task.example");

    proxy.swallow();
    eventually("both have noticed", || {
        said("run").contains("could not be renewed") && said("task").contains("could not say that it runs")
    });
    assert!(run.try_wait().expect("it is ours").is_none() && task.try_wait().expect("it is ours").is_none());

    let before = tasks();
    proxy.pass_new();
    eventually("the task is heard of again", || tasks()[0]["last_seen"] != before[0]["last_seen"]);
    assert_eq!(operator.phase("run.example"), "maintenance");
    machine.write("go", "");
    assert_eq!(run.wait().expect("it is ours").code(), Some(3), "{}", said("run"));
    assert_eq!(task.wait().expect("it is ours").code(), Some(3), "{}", said("task"));
    assert_eq!(operator.phase("run.example"), "open", "{}", said("run"));
    assert_eq!(tasks(), serde_json::json!([]), "{}", said("task"));
}
