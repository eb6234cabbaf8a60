//! Help, version, completions and manual.

use std::collections::BTreeSet;

use crate::machine::Machine;
use crate::process::{Killed, eventually, signal};

const COMMANDS: &[&str] = &[
    "serve",
    "on",
    "off",
    "task",
    "tasks",
    "status",
    "why",
    "check",
    "undo",
    "site",
    "site list",
    "site add",
    "site edit",
    "site remove",
    "pattern",
    "pattern list",
    "pattern add",
    "pattern remove",
    "user",
    "user createsuperuser",
    "user add",
    "user passwd",
    "user list",
    "user edit",
    "user unlock",
    "user remove",
    "history",
    "migrate",
    "backup",
    "emit",
    "export",
    "import",
    "completions",
    "man",
];

#[test]
fn the_help_lists_the_commands_and_the_exit_codes() {
    let help = Machine::new().run("--help").succeeds();
    let parts = ["Examples:", "serve", "createsuperuser", "Exit codes:", "3   no such site", "11 draining"];
    let without_nested: Vec<&str> = parts.into_iter().filter(|part| *part != "createsuperuser").collect();
    help.says(&without_nested);
}

#[test]
fn the_help_of_every_command_starts_with_examples() {
    let machine = Machine::new();
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let help = machine.run(&format!("{command} {flag}")).succeeds();
            assert!(help.out.starts_with("Examples:\n  "), "{command}: {}", help.out);
            assert_eq!(help.err, "");
        }
        machine.run(&format!("{command} --help")).says(&["Exit codes:", "DATABASE_URL"]);
    }
}

#[test]
fn the_help_of_serve_is_the_reference_of_the_settings() {
    let names = [
        "BIND",
        "DATABASE_URL",
        "SITE_ID",
        "INTERNAL_IPS",
        "TRUSTED_PROXIES",
        "MAINTENANCE_BLOCK_STAFF",
        "MAINTENANCE_ADMIN_IGNORED_URLS",
        "MAINTENANCE_503_TEMPLATE",
        "MAINTENANCE_URL",
        "SESSION_COOKIE_AGE",
        "SECRET_KEY",
        "METRICS_TOKEN",
        "ADMIN_URL",
    ];
    Machine::new().run("serve --help").succeeds().says(&names);
}

#[test]
fn a_secret_in_the_environment_is_not_in_the_help() {
    let machine = Machine::new()
        .env("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .env("DATABASE_URL", "postgres://ada:s3cret@db/m");
    let help = machine.run("serve --help").succeeds();
    assert!(!help.out.contains("0123456789abcdef") && !help.out.contains("s3cret"), "{}", help.out);
}

#[test]
fn an_unknown_command_or_flag_is_wrong_usage() {
    let machine = Machine::new();
    machine.run("stauts").fails(2, &["status"]);
    machine.run("status --jsn").fails(2, &["--json"]);
    machine.run("site").ends_with(2);
}

#[test]
fn the_version_is_that_of_the_package() {
    Machine::new().run("--version").succeeds().says(&[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn every_shell_has_a_completion() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        machine.run(&format!("completions {shell}")).succeeds().says(&["createsuperuser", "ignore-missing"]);
    }
    machine.run("completions tcsh").fails(2, &["bash"]);
}

#[test]
fn every_command_has_a_page_in_the_manual() {
    let machine = Machine::new();
    machine.run("man").succeeds().says(&[".TH maintenance 1", "status"]);
    for command in COMMANDS {
        let page = machine.run(&format!("man {command}")).succeeds();
        let name = format!(".TH maintenance-{} 1", command.replace(' ', "-"));
        assert!(page.out.contains(&name), "{name}: {}", page.out.lines().take(4).collect::<String>());
    }
    machine.run("man nonsense").fails(2, &["no command `nonsense`"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let machine = Machine::with_sites(&["example.com"]);
    for words in [&["status"][..], &["--help"], &["completions", "bash"], &["history", "--json"]] {
        let mut child = machine.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()),
            (Some(0), ""),
            "{words:?}"
        );
    }
}

/// What `--help` says of `--json`, by paragraphs.
fn told_of_json(machine: &Machine, command: &str) -> Vec<String> {
    let help = machine.run(&format!("{command} --help")).succeeds().out;
    let (_, json) = help.split_once("      --json\n").unwrap_or_else(|| panic!("{command} has no --json"));
    let lines = json.lines().take_while(|line| !line.trim_start().starts_with('-'));
    let text = lines.map(str::trim).collect::<Vec<_>>().join("\n");
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect()
}

/// The names that a list in the help has, without what stands in parentheses.
fn names(list: &str) -> BTreeSet<String> {
    let mut depth = 0;
    let outside = list.chars().filter(|sign| {
        depth += i32::from(*sign == '(');
        let is_outside = depth == 0;
        depth -= i32::from(*sign == ')');
        is_outside
    });
    let outside: String = outside.take_while(|sign| *sign != '.').collect();
    let words = outside.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty() && *word != "and");
    words.map(str::to_owned).collect()
}

/// The words that a field may have, as the help lists them behind its name.
fn words_of(told: &[String], field: &str) -> BTreeSet<String> {
    let named = format!("{field} (");
    let (_, rest) = told.iter().find_map(|told| told.split_once(&named)).unwrap_or_else(|| panic!("{field}: {told:?}"));
    rest.split(')').next().unwrap().split(", ").map(str::to_owned).collect()
}

#[test]
fn the_fields_that_the_help_lists_are_those_of_the_output() {
    let machine = Machine::with_sites(&["forum.example"]);
    machine.add_superuser("ada");
    let task = Killed(machine.start("task --name import --site forum -- sleep 60"));
    eventually("the task is registered", || machine.state("forum")["tasks"] == 1);
    for (command, words) in [
        ("status", "status forum"),
        ("tasks", "tasks"),
        ("window add", "window add forum --start 2099-11-22T02:00Z --for 1h"),
        ("window list", "window list"),
        ("window start", "window start forum --for 1h --yes"),
        ("why", "why /"),
        ("user list", "user list"),
        ("pattern add", "pattern add ^open/"),
        ("pattern list", "pattern list"),
        ("migrate", "migrate"),
        ("backup", "backup copy.sqlite3"),
        ("undo", "undo --yes"),
    ] {
        let told = told_of_json(&machine, command);
        let list_in =
            |told: &String| Some(told.split_once("Each has ").or_else(|| told.split_once("instead: "))?.1.to_owned());
        let list = told.iter().rev().find_map(list_in).unwrap_or_else(|| panic!("{command}: {told:?}"));
        let printed = machine.run(&format!("{words} --json")).succeeds().json();
        let object = printed.get(0).unwrap_or(&printed).as_object().unwrap_or_else(|| panic!("{command}: {printed}"));
        assert_eq!(object.keys().cloned().collect::<BTreeSet<_>>(), names(&list), "{command}");
    }
    signal(&task.0, "TERM");
}

#[test]
fn the_words_that_the_help_lists_are_those_of_the_output() {
    let machine = Machine::with_sites(&["forum.example"]);
    let (mut results, mut levels) = (BTreeSet::new(), BTreeSet::new());
    let task = Killed(machine.start("task --name import --site forum -- sleep 60"));
    eventually("the task is registered", || machine.state("forum")["tasks"] == 1);
    for words in ["on --drain 15m --detach", "on --force", "on --read-only", "on --read-only", "off", "on --read-only"]
    {
        let printed = machine.run(&format!("{words} --json")).succeeds().json();
        levels.extend(printed[0]["level"].as_str().map(str::to_owned));
        if words != "off" {
            results.insert(printed[0]["result"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(results, words_of(&told_of_json(&machine, "on"), "`result`"));
    assert_eq!(levels, words_of(&told_of_json(&machine, "status"), "level"));
    assert_eq!(levels, words_of(&told_of_json(&machine, "window list"), "level"));
    signal(&task.0, "TERM");
}
