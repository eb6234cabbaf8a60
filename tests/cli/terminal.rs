//! Questions on a terminal, which `script` of util-linux plays.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::machine::{Machine, PASSWORD, Ran, program};
use crate::upstream::{Reply, serve};

/// Runs a command on a terminal and types these lines; `None` where `script` is missing. Stdout and stderr come
/// together.
fn typed(machine: &Machine, words: &str, lines: &[&str]) -> Option<Ran> {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: there is no `script` on this machine to play a terminal");
        return None;
    }
    let command = format!("{} {words}", program().display());
    let mut child = Command::new("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .current_dir(machine.folder())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in lines {
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    Some(Ran::of(output))
}

#[test]
fn all_sites_are_asked_about_once() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    let Some(ran) = typed(&machine, "on --all", &["n"]) else { return };
    ran.ends_with(1).says(&["Start maintenance on all 2 sites (a.example, b.example)? [y/N]", "nothing was changed"]);
    assert_eq!(machine.phase("1"), "open");
    let Some(ran) = typed(&machine, "on --all", &["y"]) else { return };
    ran.succeeds().says(&["Maintenance started on b.example"]);
    assert_eq!(machine.phase("1"), "maintenance");
}

#[test]
fn a_protected_site_asks_for_its_domain() {
    let machine = Machine::new();
    machine.run("site add shop.example --protected").succeeds();
    let Some(ran) = typed(&machine, "on", &["yes"]) else { return };
    ran.ends_with(1).says(&["shop.example is protected.", "the answer was not shop.example"]);
    assert_eq!(machine.phase("1"), "open");
    let Some(ran) = typed(&machine, "on", &["SHOP.example"]) else { return };
    ran.succeeds();
    assert_eq!(machine.phase("1"), "maintenance");
}

#[test]
fn an_import_asks_before_it_takes_the_place_of_anything() {
    let machine = Machine::with_sites(&["mine.example"]);
    let there = Machine::with_sites(&["a.example", "b.example"]);
    machine.write("all.json", there.run("export").succeeds().out);
    let Some(ran) = typed(&machine, "import all.json --replace", &["n"]) else { return };
    ran.ends_with(1)
        .says(&["Replace 1 site and 0 users of sqlite://maintenance.sqlite3 by 2 sites and 0 users? [y/N]"]);
    assert_eq!(machine.state("1")["domain"], "mine.example");
    let Some(ran) = typed(&machine, "import all.json --replace", &["y"]) else { return };
    ran.succeeds().says(&["it has 2 sites and 0 users now"]);
    assert_eq!(machine.state("1")["domain"], "a.example");
}

#[test]
fn a_superuser_is_asked_for_hidden_and_twice() {
    let machine = Machine::new();
    let lines = ["ada", "short", "short", PASSWORD, "not the same", PASSWORD, PASSWORD];
    let Some(ran) = typed(&machine, "user createsuperuser", &lines) else { return };
    let ran =
        ran.succeeds().says(&["User name:", "at least 12 characters", "not the same", "Added the superuser ada."]);
    assert!(ran.out.matches("Password for ada").count() >= 3, "{}", ran.out);
    machine.run("user list").says(&["ada", "superuser"]);
}

#[test]
fn a_warning_is_asked_about() {
    let machine = Machine::with_sites(&["example.com"]);
    let Some(ran) = typed(&machine, "pattern add '^admin'", &["y"]) else { return };
    ran.succeeds().says(&["warning", "Add the pattern ^admin anyway?", "Added ^admin"]);
}

#[test]
fn a_terminal_gets_colours_unless_it_asks_for_none() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on").succeeds();
    let Some(ran) = typed(&machine, "status", &[]) else { return };
    ran.succeeds().says(&["\u{1b}[1;33m■ example.com"]);
    let Some(ran) = typed(&machine, "status", &[]) else { return };
    assert!(ran.out.contains('\u{1b}'));
    machine.write(".env", "NO_COLOR=1\n");
    let Some(ran) = typed(&machine, "status", &[]) else { return };
    assert!(!ran.succeeds().out.contains('\u{1b}'));
}

#[test]
fn a_check_says_on_a_terminal_what_it_asks() {
    let address = serve(|asked| {
        if asked.method == "HEAD" {
            // Long enough for the line to be drawn.
            std::thread::park_timeout(Duration::from_millis(500));
        }
        Reply::new(503, "<h1>Back soon</h1>").with("Retry-After", "9").with("Cache-Control", "no-store")
    });
    let Some(ran) = typed(&Machine::new(), &format!("check http://{address}/"), &[]) else { return };
    ran.succeeds().says(&["Asking http://", "(1 of 16): HEAD", "is in maintenance"]);
}
