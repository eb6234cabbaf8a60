//! `maintenance export` and `maintenance import`.

use std::fs;

use serde_json::Value;

use crate::machine::Machine;

/// A machine with sites in several states, and a superuser.
fn a_busy_machine() -> Machine {
    let machine = Machine::with_sites(&["forum.example", "api.example", "gone.example", "bücher.example"]);
    machine.run("site remove gone.example --yes").succeeds();
    machine.run("pattern add ^health/$ --site forum --description probe").succeeds();
    machine.run_words(&["on", "forum", "--for", "2h", "--message", "Back “soon”.\n\nReally."]).succeeds();
    machine.run("site edit api --add-alias www.api.example --protected").succeeds();
    machine.add_superuser("ada");
    machine
}

/// The document without what differs from one database to the next.
fn document(machine: &Machine) -> Value {
    let mut document = machine.run("export").succeeds().json();
    for name in ["exported_at", "revision"] {
        document.as_object_mut().unwrap().remove(name).unwrap();
    }
    document
}

#[test]
fn everything_arrives_as_it_was_under_its_ids() {
    let (there, here) = (a_busy_machine(), Machine::new());
    let exported = there.run("export").succeeds();
    let imported = here.run_with_stdin("import -", &exported.out).succeeds();
    imported.says(&["it has 3 sites and 1 user now"]).remarks(&["created the database"]);
    assert_eq!(document(&here), document(&there));
    assert_eq!(document(&here)["sites"][2]["id"], 4);
    assert_eq!(here.state("forum")["message"], "Back “soon”.\n\nReally.");
    here.run("site add new.example").succeeds();
    assert_eq!(here.state("new")["id"], 5, "no id is given twice");
}

#[test]
fn a_document_says_what_it_is_and_has_no_secret_but_hashes() {
    let machine = a_busy_machine();
    let document = machine.run("export").succeeds().json();
    assert_eq!((&document["format"], &document["format_version"]), (&"maintenance-mode".into(), &1.into()));
    assert_eq!(document["program_version"], env!("CARGO_PKG_VERSION"));
    let names: Vec<&String> = document.as_object().unwrap().keys().collect();
    let known = ["exported_at", "format", "format_version", "program_version", "revision", "sites", "users", "windows"];
    assert_eq!(names, known);
    assert!(document["users"][0]["password_hash"].as_str().unwrap().starts_with("$argon2id$"));
    let bare = machine.run("export --without-users").succeeds();
    assert!(!bare.out.contains("argon2") && !bare.out.contains("ada"), "{}", bare.out);
}

#[cfg(unix)]
#[test]
fn a_file_is_whole_private_and_replaced_only_when_that_is_meant() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = a_busy_machine();
    machine.run("export all.json").succeeds().says(&["Exported 3 sites and 1 user", "to all.json"]);
    assert_eq!(fs::metadata(machine.path("all.json")).unwrap().permissions().mode() & 0o777, 0o600);
    machine.run("export all.json").fails(1, &["is there already", "--force"]);
    let view = machine.run("export all.json --force --json").succeeds().json();
    assert_eq!(view["bytes"].as_u64(), Some(fs::metadata(machine.path("all.json")).unwrap().len()));
    assert_eq!((&view["sites"], &view["users"]), (&3.into(), &1.into()));
    machine.run("export no/where.json").fails(1, &["no/where.json", "cannot be written"]);
    let left: Vec<_> = fs::read_dir(machine.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn a_database_in_use_is_replaced_only_when_that_is_meant() {
    let (there, here) = (a_busy_machine(), Machine::with_sites(&["mine.example"]));
    there.run("export all.json").succeeds();
    let file = there.path("all.json").display().to_string();
    let before = document(&here);
    here.run(&format!("import {file}")).fails(1, &["has 1 site and 0 users already", "--replace"]);
    here.run(&format!("import {file} --replace"))
        .fails(2, &["Replace 1 site and 0 users", "3 sites and 1 user", "--yes"]);
    assert_eq!(document(&here), before);
    let done = here.run(&format!("import {file} --replace --yes --json")).succeeds().json();
    assert_eq!((&done["sites"], &done["users"]), (&3.into(), &1.into()));
    assert_eq!(document(&here), document(&there));
    here.run("undo 1").fails(1, &["cannot be undone", "imported since"]);
    here.run("history").succeeds().says(&["Configuration imported"]);
    here.run(&format!("import {file}")).fails(1, &["has 3 sites and 1 user already"]);
}

#[test]
fn a_file_that_is_not_sound_is_refused_and_changes_nothing() {
    let machine = a_busy_machine();
    let whole = machine.run("export").succeeds().out;
    let before = document(&machine);
    for (text, parts) in [
        (whole[..whole.len() / 2].to_owned(), ["ends too early", "bad.json"]),
        (whole.replace("^health/$", "^health/($"), ["sites[0].patterns[0].pattern (forum.example)", "is never closed"]),
        (whole.replace("\"format_version\": 1", "\"format_version\": 9"), ["format_version is 9", "upgrade"]),
        (whole.replace("\"is_protected\"", "\"is_protekted\""), ["sites[0].is_protekted", "is not known"]),
        (whole.replace("api.example", "forum.example"), ["sites[1].domain", "belongs to sites[0]"]),
        (whole.replace("\"remind\"", "\"\\u001b[2Jnow\""), ["sites[0].at_end", "`\\u{1b}[2Jnow`"]),
        ("<html>".to_owned(), ["no JSON", "nothing was imported"]),
    ] {
        machine.write("bad.json", text);
        machine.run("import bad.json --replace --yes").fails(1, &parts);
    }
    machine.run("import missing.json").fails(1, &["missing.json", "cannot be read"]);
    assert_eq!(document(&machine), before);
    let fresh = Machine::new();
    fresh.run_with_stdin("import -", "").fails(1, &["ends too early"]);
    assert!(!fresh.database().exists(), "no database is made for a bad file");
}

#[test]
fn without_users_those_of_the_database_stay() {
    let (there, here) = (a_busy_machine(), a_busy_machine());
    let sites = there.run("export --without-users").succeeds().out;
    here.run_with_stdin(
        "user add --username cy --staff --site forum --site api --password-stdin",
        crate::machine::PASSWORD,
    )
    .succeeds();
    let moved = sites.replace("\"api.example\"", "\"api2.example\"");
    here.run_with_stdin("import - --replace --yes", &moved).succeeds().says(&["3 sites and 2 users"]);
    let users = document(&here)["users"].clone();
    assert_eq!(users[0]["username"], "ada");
    assert_eq!(users[1]["rights"]["sites"], serde_json::json!([1]), "a site under another domain is another site");
    let none = there.run("export").succeeds().out.replace("\"is_superuser\":true", "\"is_superuser\":false");
    here.run_with_stdin("import - --replace --yes", &none).fails(4, &["last active superuser"]);
    Machine::new().run_with_stdin("import -", &sites).succeeds().remarks(&["no superuser", "createsuperuser"]);
}

#[test]
fn a_site_moves_from_sqlite_to_postgresql_and_back_with_one_line() {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, PgConnection};
    #[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
    let Some(server) = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) else { return };
    let schema = format!("export_{}", std::process::id());
    let mut conn = PgConnection::establish(&server).unwrap();
    conn.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
    let postgres = format!("{server}?options=-csearch_path%3D{schema}");

    let (there, back) = (a_busy_machine(), Machine::new());
    let line =
        |from: &str, to: &str| format!("\"$M\" export --database-url '{from}' | DATABASE_URL='{to}' \"$M\" import -");
    let run = |words: &str| {
        let program = crate::machine::program();
        let output = std::process::Command::new("sh").args(["-ec", words]).env("M", program).output().unwrap();
        crate::machine::Ran::of(output).succeeds()
    };
    run(&line(&there.database().display().to_string(), &postgres)).says(&["it has 3 sites and 1 user now"]);
    run(&line(&postgres, &back.database().display().to_string()));
    assert_eq!(document(&back), document(&there));
    conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
}
