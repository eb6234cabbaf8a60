//! `maintenance backup`.

use std::fs;

use crate::machine::Machine;

#[test]
fn the_copy_is_a_whole_database() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("on --message copied").succeeds();
    let json = machine.run("backup copy.sqlite3 --json").succeeds().json();
    assert_eq!(json["bytes"].as_u64(), Some(fs::metadata(machine.path("copy.sqlite3")).unwrap().len()));
    machine.run("off").succeeds();
    let copied = machine.run("status --json --database-url copy.sqlite3").succeeds().json();
    assert_eq!((&copied[0]["phase"], &copied[0]["message"]), (&"maintenance".into(), &"copied".into()));
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_copy() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("backup copy.sqlite3").succeeds().says(&["Copied sqlite://maintenance.sqlite3 to copy.sqlite3"]);
    assert_eq!(fs::metadata(machine.path("copy.sqlite3")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_there_is_kept_unless_forced() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.write("copy.sqlite3", "precious");
    machine.run("backup copy.sqlite3").fails(1, &["is there already", "--force"]);
    assert_eq!(fs::read(machine.path("copy.sqlite3")).unwrap(), b"precious");
    machine.run("backup copy.sqlite3 --force").succeeds();
    machine.run("backup maintenance.sqlite3 --force").fails(1, &["is the database itself"]);
    machine.run("backup no/where.sqlite3").fails(1, &["no/where.sqlite3", "cannot be written"]);
    machine.run("status").succeeds();
    let left: Vec<_> = fs::read_dir(machine.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("backup")), "{left:?}");
}
