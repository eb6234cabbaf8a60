//! Help, version, completions and manual.

use crate::machine::Machine;

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
