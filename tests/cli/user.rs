//! `maintenance user`.

use crate::machine::{Machine, PASSWORD};

#[test]
fn the_first_superuser_is_made_without_a_terminal() {
    let machine = Machine::new();
    let ran = machine.run_with_stdin("user createsuperuser --username ada --password-stdin", format!("{PASSWORD}\n"));
    ran.succeeds().says(&["Added the superuser ada."]);
    let json = machine.run("user list --json").succeeds().json();
    let ada = &json[0];
    assert_eq!((&ada["username"], &ada["is_superuser"], &ada["is_staff"]), (&"ada".into(), &true.into(), &true.into()));
    assert_eq!((&ada["is_active"], &ada["sites"], &ada["last_login_at"]), (&true.into(), &().into(), &().into()));
}

#[test]
fn without_a_terminal_the_missing_flag_is_named() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("user createsuperuser").fails(2, &["--username"]);
    machine.run("user createsuperuser --username ada").fails(2, &["--password-stdin"]);
    machine.run("user add --username bo").fails(2, &["--password-stdin"]);
    machine.run("user add").fails(2, &["--username"]);
    assert_eq!(machine.run("user list --json").json(), serde_json::json!([]));
}

#[test]
fn a_weak_or_unreadable_password_is_refused_in_words_and_not_shown() {
    let machine = Machine::with_sites(&["example.com"]);
    for (password, why) in [
        ("", "no password on stdin"),
        ("\n", "no password on stdin"),
        ("short", "at least 12 characters"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("adaadaadaada", ""),
        ("two lines\nof a password", "more than one line"),
    ] {
        let ran =
            machine.run_with_stdin("user createsuperuser --username ada --password-stdin", password).fails(2, &[why]);
        assert!(password.trim().is_empty() || !ran.err.contains(password), "{}", ran.err);
    }
    let ran = machine.run_with_stdin("user createsuperuser --username ada --password-stdin", [0xff; 20]);
    ran.fails(2, &["not UTF-8"]);
    let ran = machine.run_with_stdin("user createsuperuser --username ada --password-stdin", "x".repeat(100_000));
    ran.fails(2, &["too long"]);
    assert_eq!(machine.run("user list --json").json(), serde_json::json!([]));
}

#[test]
fn the_password_is_neither_in_the_history_nor_in_the_database_as_it_is() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.add_superuser("ada");
    assert!(!machine.run("history --json --limit 0").out.contains(PASSWORD));
    machine.run("backup copy.sqlite3").succeeds();
    let bytes = std::fs::read(machine.path("copy.sqlite3")).unwrap();
    assert!(!bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()));
}

#[test]
fn staff_are_limited_to_the_sites_they_are_given() {
    let machine = Machine::with_sites(&["a.example", "b.example", "c.example"]);
    let words = "user add --username bo --staff --site a.example --site b.ex --password-stdin --json";
    let bo = machine.run_with_stdin(words, PASSWORD).succeeds().json();
    assert_eq!((&bo["is_staff"], &bo["is_superuser"]), (&true.into(), &false.into()));
    assert_eq!(bo["sites"], serde_json::json!(["a.example", "b.example"]));
    machine.run("user list").succeeds().says(&["bo  staff of a.example, b.example  never logged in"]);
    let ran = machine.run_with_stdin("user add --username cy --staff --site nonsense --password-stdin", PASSWORD);
    ran.fails(3, &["no site matches \"nonsense\""]);
    let ran = machine.run_with_stdin("user add --username di --password-stdin", PASSWORD).succeeds();
    ran.says(&["may not use the panel"]).remarks(&["without --staff"]);
}

#[test]
fn a_name_is_taken_without_regard_to_case() {
    let machine = Machine::new();
    machine.add_superuser("ada");
    let ran = machine.run_with_stdin("user add --username ADA --password-stdin", PASSWORD);
    ran.fails(1, &["there is a user ada already"]);
    let ran = machine.run_with_stdin("user createsuperuser --username a\u{7f}b --password-stdin", PASSWORD);
    ran.fails(2, &["--username", "control characters"]);
    machine.run_words(&["user", "add", "--username", "a b"]).fails(2, &["--username", "spaces"]);
}

#[test]
fn rights_are_edited_and_only_those_that_are_given() {
    let machine = Machine::with_sites(&["a.example", "b.example"]);
    machine.add_superuser("ada");
    machine.run_with_stdin("user add --username bo --staff --site a.example --password-stdin", PASSWORD).succeeds();
    machine.run("user edit bo --site b.example").succeeds().says(&["bo: staff of b.example."]);
    machine.run("user edit bo --site b.example").succeeds().says(&["already. Nothing changed."]);
    machine.run("user edit bo --all-sites --inactive").succeeds().says(&["staff of all sites, inactive"]);
    machine.run("user edit BO --username bob --active --superuser").succeeds().says(&["bob: superuser."]);
    machine.run("user edit bob --no-superuser").succeeds().says(&["bob: staff of all sites."]);
    machine.run("user edit ada --no-staff").fails(2, &["--no-superuser"]);
    machine.run("user edit bob --staff --no-staff").fails(2, &["cannot be used with"]);
    machine.run("user edit bob --username ada").fails(1, &["the user name: there is a user ada already"]);
}

#[test]
fn the_last_active_superuser_stays() {
    let machine = Machine::new();
    machine.add_superuser("ada");
    for words in ["user remove ada --yes", "user edit ada --inactive", "user edit ada --no-superuser"] {
        machine.run(words).fails(4, &["last active superuser"]);
    }
    machine.add_superuser("bo");
    machine.run("user edit ada --inactive").succeeds();
    machine.run("user remove bo --yes").fails(4, &["last active superuser"]);
    machine.run("user remove ada").fails(2, &["Remove the user ada for good?", "add --yes"]);
    machine.run("user remove ada --yes --json").succeeds();
}

#[test]
fn a_password_is_changed() {
    let machine = Machine::new();
    machine.add_superuser("ada");
    let ran = machine.run_with_stdin("user passwd ada --password-stdin", "another teapot of llamas");
    ran.succeeds().says(&["Changed the password of ada."]);
    machine.run_with_stdin("user passwd ada --password-stdin", "short").fails(2, &["at least 12 characters"]);
    machine.run_with_stdin("user passwd eve --password-stdin", PASSWORD).fails(1, &["there is no user eve", "ada"]);
    machine.run("history").says(&["Password changed"]);
}

#[test]
fn unlocking_somebody_who_is_not_locked_is_said() {
    let machine = Machine::new();
    machine.add_superuser("ada");
    machine.run("user unlock ada").succeeds().says(&["ada is not locked. Nothing changed."]);
    assert_eq!(machine.run("user unlock ada --json").json()["unlocked"], false);
    machine.run("user unlock eve").fails(1, &["there is no user eve"]);
}
