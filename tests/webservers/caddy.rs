//! Caddy.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{
    Modes, Stage, WebServer, acceptance, curl, get, keeps_nobody_waiting, knows_visitors, outlives_its_site,
    takes_its_own_paths_only, tells_overlapping_names_apart, unreachable,
};

pub const CADDY: WebServer = WebServer { name: "caddy", command };

/// With options for all sites that let several run side by side on one machine, and take HTTP/2 without TLS.
fn command(stage: &Stage, printed: &Path) -> Command {
    let options = "{\n    admin off\n    servers {\n        protocols h1 h2 h2c\n    }\n}\n";
    let file = stage.path("Caddyfile");
    fs::write(&file, format!("{options}{}", fs::read_to_string(printed).unwrap())).unwrap();
    let mut command = Command::new("/usr/bin/caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", stage.path("")).env("XDG_DATA_HOME", stage.path("")).env("XDG_CONFIG_HOME", stage.path(""));
    command
}

#[test]
fn caddy_asks_about_each_request() {
    acceptance(&CADDY, "check", Modes::of("check"));
}

#[test]
fn caddy_lets_nobody_pass_unasked_unless_told_to() {
    unreachable(&CADDY);
}

#[test]
fn caddy_looks_at_the_file() {
    acceptance(&CADDY, "file", Modes::of("file"));
}

#[test]
fn caddy_looks_at_the_file_and_asks_while_it_is_there() {
    acceptance(&CADDY, "both", Modes::of("both"));
}

#[test]
fn caddy_speaks_http_2() {
    let stage = Stage::start(&CADDY, "both");
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/x").0, 200);
    stage.switch("on", 503);
    assert_eq!(curl(&stage, &["--http2-prior-knowledge", "--request", "POST"], "/x").0, 503);
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/ignored-page/").0, 200);
}

#[test]
fn caddy_lets_nobody_pass_whose_question_is_too_long() {
    let mut stage = Stage::behind(|_| None);
    stage.put_in_front(&CADDY, "check", &["--unreachable", "pass"]);
    stage.switch("on", 503);
    for length in [100 << 10, 200 << 10, 900 << 10] {
        let answer = stage.send(get("/x").with("X-Long", vec![b'x'; length]));
        assert!(answer.status >= 400 && answer.header("x-application").is_empty(), "{length}: {answer:?}");
    }
}

#[test]
fn caddy_starts_when_its_site_is_no_longer_there() {
    outlives_its_site(&CADDY);
}

#[test]
fn caddy_gives_visitors_their_cookie() {
    knows_visitors(&CADDY);
}

#[test]
fn caddy_tells_overlapping_names_apart() {
    tells_overlapping_names_apart(&CADDY, "both");
}

#[test]
fn caddy_keeps_nobody_waiting_for_a_program_that_hangs() {
    keeps_nobody_waiting(&CADDY, "check");
}

#[test]
fn caddy_leaves_the_application_its_paths_and_tells_it_nothing_of_its_own() {
    let stage = Stage::start(&CADDY, "check");
    for path in ["/Admin/", "/Healthz", "/MAINTENANCE/x", "//admin/x", "/x/../admin/x", "/administrator"] {
        assert_eq!(stage.get(path).header("x-application"), "python", "{path}");
    }
    let told = stage.get("/x").text();
    assert!(!told.contains("maintenance"), "{told}");
    assert_eq!(stage.get("/healthz?full").header("x-application"), "");
}

#[test]
fn caddy_takes_its_own_paths_only() {
    takes_its_own_paths_only(&CADDY, "check");
}
