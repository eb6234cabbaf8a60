//! Databases that are missing, locked, read-only, newer, older or none, and commands that run at the same time.

use std::fs;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::machine::{Machine, PASSWORD, Ran};

/// Runs SQL on a machine's database, as another program would.
fn sql(machine: &Machine, statements: &str) {
    let mut conn = SqliteConnection::establish(machine.database().to_str().unwrap()).unwrap();
    conn.batch_execute(statements).unwrap();
}

#[test]
fn a_missing_database_is_refused_and_not_made() {
    let machine = Machine::new();
    for words in [
        "on",
        "off",
        "status",
        "tasks",
        "task -- /bin/true",
        "task --force -- /bin/true",
        "why /",
        "undo",
        "history",
        "site list",
        "pattern list",
        "user list",
        "backup b",
        "export",
    ] {
        machine.run(words).fails(1, &["no database at `maintenance.sqlite3`", "maintenance migrate"]);
    }
    machine.run("pattern add ^x/").fails(1, &["no database"]);
    machine.run("status --database-url /nonexistent/x.sqlite3").fails(1, &["no database at `/nonexistent/x.sqlite3`"]);
    assert_eq!(fs::read_dir(machine.folder()).unwrap().count(), 0);
}

#[test]
fn a_missing_database_is_made_where_that_is_meant_and_said() {
    let machine = Machine::new();
    machine.run("site add example.com").succeeds().remarks(&["created the database"]);
    let machine = Machine::new();
    machine.add_superuser("ada");
    machine.run("user list").succeeds().says(&["ada", "superuser"]);
    let ran = Machine::new().run_with_stdin("user add --username bo --password-stdin", PASSWORD);
    ran.succeeds().remarks(&["created the database"]);
    Machine::new().run("migrate").succeeds().says(&["Created sqlite://maintenance.sqlite3"]);
}

#[cfg(unix)]
#[test]
fn a_new_database_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::with_sites(&["example.com"]);
    for entry in fs::read_dir(machine.folder()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_folder_that_is_missing_is_said() {
    let machine = Machine::new();
    machine
        .run("migrate --database-url no/where/m.sqlite3")
        .fails(1, &["no/where/m.sqlite3", "its folder does not exist"]);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let machine = Machine::new();
    let text = "This is a letter, not a database. ".repeat(100);
    machine.write("maintenance.sqlite3", &text);
    fs::create_dir(machine.path("folder")).unwrap();
    for words in ["status", "migrate", "site add example.com", "on"] {
        machine.run(words).fails(1, &["is not a database of this program"]);
    }
    machine.run("status --database-url folder").fails(1, &["is not a database of this program"]);
    assert_eq!(fs::read_to_string(machine.database()).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let machine = Machine::new();
    sql(&machine, "CREATE TABLE theirs (id INTEGER); INSERT INTO theirs VALUES (7);");
    let before = fs::read(machine.database()).unwrap();
    for words in ["status", "migrate"] {
        machine.run(words).fails(1, &["is not a database of this program"]);
    }
    assert_eq!(fs::read(machine.database()).unwrap().len(), before.len());
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let machine = Machine::with_sites(&["example.com"]);
    sql(&machine, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000');");
    for words in ["status", "on", "migrate"] {
        machine.run(words).fails(1, &["newer version of this program", "99991231000000"]);
    }
}

#[test]
fn an_older_or_empty_database_must_be_migrated_first() {
    let machine = Machine::new();
    machine.write("maintenance.sqlite3", "");
    machine.run("status").fails(1, &["older than this program", "maintenance migrate"]);
    machine.run("migrate").succeeds().says(&["Migrated"]);
    machine.run("status").succeeds();
}

#[test]
fn a_locked_database_is_waited_for_and_then_said() {
    let machine = Machine::with_sites(&["example.com"]);
    let mut conn = SqliteConnection::establish(machine.database().to_str().unwrap()).unwrap();
    conn.batch_execute("BEGIN IMMEDIATE").unwrap();
    machine.run("status").succeeds();
    machine.run("on").fails(1, &["locked by another process"]);
    conn.batch_execute("COMMIT").unwrap();
    assert_eq!(machine.phase("1"), "open", "nothing is half done");
    machine.run("on").succeeds();
}

/// Runs a command as somebody who may read but not write: as root no right stops anybody.
#[cfg(unix)]
fn run_as_reader(machine: &Machine, words: &[&str]) -> Ran {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    let mut command = machine.command(words);
    if fs::metadata(machine.folder()).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    Ran::of(command.output().unwrap())
}

#[cfg(unix)]
#[test]
fn a_read_only_database_can_be_read_and_not_changed() {
    use std::os::unix::fs::PermissionsExt as _;
    let set = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let machine = Machine::with_sites(&["example.com"]);
    sql(&machine, "PRAGMA journal_mode = DELETE;");
    set(&machine.database(), 0o444);
    set(machine.folder(), 0o555);
    run_as_reader(&machine, &["status"]).succeeds().says(&["example.com"]);
    run_as_reader(&machine, &["on"]).fails(1, &["can only be read"]);
    set(&machine.database(), 0o000);
    run_as_reader(&machine, &["status"]).fails(1, &["cannot be opened", "check the rights"]);
    set(machine.folder(), 0o755);
    set(&machine.database(), 0o600);
    assert_eq!(machine.phase("1"), "open");
}

#[test]
fn commands_at_the_same_time_take_turns_and_lose_nothing() {
    let machine = Machine::new();
    let adding: Vec<_> = (0..6).map(|site| machine.start(&format!("site add s{site}.example"))).collect();
    for child in adding {
        Ran::of(child.wait_with_output().unwrap()).succeeds();
    }
    let changing: Vec<_> = (0..8).map(|row| machine.start(&format!("pattern add ^row-{row}/$ --site s0"))).collect();
    for child in changing {
        Ran::of(child.wait_with_output().unwrap()).succeeds();
    }
    let sites = machine.run("site list --json").json();
    assert_eq!(sites.as_array().unwrap().len(), 6);
    assert_eq!(sites.as_array().unwrap().iter().filter(|site| site["is_default"] == true).count(), 1);
    assert_eq!(machine.run("pattern list --site s0 --json").json().as_array().unwrap().len(), 8);
    let revisions = machine.run("history --json --limit 0").json();
    assert_eq!(revisions.as_array().unwrap().len(), 14, "each change has its entry");
}

#[test]
fn one_of_two_that_add_the_same_site_is_refused_in_words() {
    let machine = Machine::with_sites(&["example.com"]);
    let both = [machine.start("site add twin.example"), machine.start("site add twin.example")];
    let mut ends: Vec<Ran> = both.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect();
    ends.sort_by_key(|ran| ran.code);
    assert_eq!((ends[0].code, ends[1].code), (0, 1), "{ends:?}");
    assert!(ends[1].err.contains("twin.example belongs to another site already"), "{ends:?}");
}

#[test]
fn a_killed_command_leaves_a_database_that_opens() {
    let machine = Machine::with_sites(&["example.com"]);
    for round in 0..12 {
        let mut child = machine.start(&format!("on --message round-{round}"));
        std::thread::sleep(std::time::Duration::from_millis(round * 2));
        drop(child.kill());
        child.wait().unwrap();
        let state = machine.state("1");
        let (phase, message) = (state["phase"].as_str().unwrap(), state["message"].as_str());
        assert_eq!(phase == "maintenance", message.is_some(), "all of a change or nothing: {state}");
    }
    machine.run("on --message done").succeeds();
    assert_eq!(machine.state("1")["message"], "done");
}
