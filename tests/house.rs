//! Rules of the house that a machine can hold.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder that ends so.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Sources that hold a text, but for those below the folders that may.
fn sources_with(text: &str, allowed: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_allowed = |path: &Path| allowed.iter().any(|allowed| path.starts_with(root.join(allowed)));
    let found = files("src", ".rs").into_iter().filter(|path| !is_allowed(path));
    let holds = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(text);
    found.filter(holds).map(|path| path.display().to_string()).collect()
}

#[test]
fn nobody_but_storage_knows_diesel() {
    let strangers = sources_with("diesel", &["src/storage"]);
    assert!(strangers.is_empty(), "put the SQL into a method of Reader or Writer in src/storage: {strangers:?}");
}

#[test]
fn the_panel_and_the_command_line_do_not_know_each_other() {
    for (folder, other) in [("src/admin", "crate::cli"), ("src/cli", "crate::admin")] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let callers: Vec<_> = sources_with(other, &[])
            .into_iter()
            .filter(|path| Path::new(path).starts_with(root.join(folder)))
            .collect();
        assert!(callers.is_empty(), "move what both need into a noun or an action: {callers:?}");
    }
}

#[test]
fn only_what_measures_the_clock_looks_at_the_one_of_the_machine() {
    let strangers = sources_with("clock::system()", &["src/propagation/clock.rs"]);
    assert!(strangers.is_empty(), "read clock::now(), so that all servers decide by the same clock: {strangers:?}");
}

#[test]
fn a_fault_ends_no_thread_that_must_go_on() {
    // Those last as long as a command or its work, or ask the database apart, where a fault is a failure.
    let allowed = ["src/cli/open.rs", "src/registration/mod.rs"];
    let threads = sources_with("thread::Builder", &allowed);
    assert!(threads.len() > 5, "{threads:?}");
    let ends = |path: &String| !fs::read_to_string(path).unwrap().contains("lasting::round(");
    let ending: Vec<_> = threads.into_iter().filter(ends).collect();
    assert!(ending.is_empty(), "do each round of the thread's work in crate::lasting::round: {ending:?}");
}

#[test]
fn nouns_know_no_edge() {
    let edges = [
        "actions",
        "admin",
        "app",
        "auth",
        "check",
        "cli",
        "config",
        "draining",
        "endpoints",
        "flagfile",
        "metrics",
        "middleware",
        "propagation",
        "public",
        "registration",
        "sample",
        "server",
        "storage",
        "visits",
    ];
    let joints = ["app.rs", "lib.rs", "main.rs", "sample.rs", "server.rs"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let at_the_root = fs::read_dir(root.join("src")).unwrap().map(|entry| entry.unwrap().file_name());
    let at_the_root = at_the_root.map(|name| name.into_string().unwrap());
    let folders = ["cause", "decision", "network", "pattern", "probe", "record", "site", "transfer", "webserver"];
    let nouns = at_the_root
        .filter(|name| name.ends_with(".rs") && !joints.contains(&name.as_str()))
        .chain(folders.map(str::to_owned));
    for noun in nouns {
        let path = root.join("src").join(&noun);
        let sources = if path.is_dir() { files(&format!("src/{noun}"), ".rs") } else { vec![path] };
        for source in sources {
            let text = fs::read_to_string(&source).unwrap();
            assert!(!text.contains("use crate::{"), "{}: one line for each path", source.display());
            for edge in edges {
                let used = text.contains(&format!("crate::{edge}::")) || text.contains(&format!("use crate::{edge};"));
                assert!(!used, "{} uses crate::{edge}: a noun knows only nouns", source.display());
            }
        }
    }
}

#[test]
fn migrations_of_the_two_engines_come_in_pairs_that_can_be_undone() {
    let names = |engine: &str| {
        let mut names: Vec<String> = files(&format!("migrations/{engine}"), ".sql")
            .into_iter()
            .map(|path| {
                let mut parts = path.iter().rev().map(|part| part.to_string_lossy().into_owned());
                let (file, folder) = (parts.next().unwrap(), parts.next().unwrap());
                format!("{folder}/{file}")
            })
            .collect();
        names.sort();
        names
    };
    let sqlite = names("sqlite");
    assert_eq!(sqlite, names("postgresql"));
    let ups = sqlite.iter().filter(|name| name.ends_with("/up.sql")).count();
    assert_eq!(ups * 2, sqlite.len(), "each migration has an up.sql and a down.sql");
}

#[test]
fn no_template_marks_what_a_person_typed_as_safe_and_none_has_inline_handlers() {
    let pages = files("templates/admin", ".html").into_iter().chain(files("templates/sample", ".html"));
    for page in pages.chain(files("templates/components", ".html")) {
        let text = fs::read_to_string(&page).unwrap();
        for forbidden in ["| safe", "|safe", " style=\"", " onclick=", " onsubmit=", "javascript:"] {
            assert!(!text.contains(forbidden), "{} has `{forbidden}`", page.display());
        }
    }
}
