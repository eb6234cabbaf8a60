//! HAProxy.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{Modes, Stage, WebServer, acceptance, curl};

pub const HAPROXY: WebServer = WebServer { name: "haproxy", command };

/// The script lies where `--lua-file` says, which is the only thing that differs from a usual installation.
fn command(stage: &Stage, printed: &Path) -> Command {
    let lua = stage.path("maintenance.lua");
    fs::write(&lua, stage.emit("haproxy", "check", &["--lua"])).unwrap();
    let text = fs::read_to_string(printed).unwrap();
    let text = text.replace("/etc/haproxy/maintenance.lua", lua.to_str().unwrap());
    fs::write(printed, text).unwrap();
    let mut command = Command::new("/usr/sbin/haproxy");
    command.args(["-W", "-db", "-f"]).arg(printed);
    command
}

#[test]
fn haproxy_asks_about_each_request() {
    acceptance(&HAPROXY, "check", Modes::of("check"));
}

#[test]
fn haproxy_looks_at_the_file() {
    acceptance(&HAPROXY, "file", Modes::of("file"));
}

#[test]
fn haproxy_looks_at_the_file_and_asks_while_it_is_there() {
    acceptance(&HAPROXY, "both", Modes::of("both"));
}

#[test]
fn haproxy_speaks_http_2() {
    let stage = Stage::start(&HAPROXY, "both");
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/x").0, 200);
    stage.switch("on", 503);
    assert_eq!(curl(&stage, &["--http2-prior-knowledge", "--request", "POST"], "/x").0, 503);
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/ignored-page/").0, 200);
}
