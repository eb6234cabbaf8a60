//! The examples run, and do what their first lines say.

use crate::program::{Program, eventually, example, run};

#[test]
fn each_example_serves_its_site_and_is_closed_from_the_command_line() {
    for name in ["smallest", "own_login", "gate_only", "sessions"] {
        let folder = tempfile::tempdir().unwrap();
        let server = Program::start(&example(name), folder.path(), &[]);
        assert_eq!(server.status("/"), 200, "{name}");
        let panel = if name == "gate_only" { 404 } else { 200 };
        assert_eq!(server.status("/admin/login/"), panel, "{name}");
        assert!(run(folder.path(), &["on"]).status.success());
        eventually("the example holds", || server.status("/") == 503);
    }
}

#[test]
fn the_smallest_site_has_at_most_thirty_lines() {
    let source = include_str!("../../examples/smallest.rs");
    assert!(source.lines().count() <= 30, "{} lines: make it smaller", source.lines().count());
}
