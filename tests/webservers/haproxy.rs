//! HAProxy.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::helpers::{Modes, Stage, WebServer, acceptance, curl, eventually, get};

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

#[test]
fn haproxy_knows_a_site_however_its_name_is_written() {
    let stage = Stage::behind(|stage| {
        stage.machine().run("site add other.example").succeeds();
        let printed = stage.path("printed");
        fs::write(&printed, stage.emit("haproxy", "both", &["--site", "other.example"])).unwrap();
        Some(command(stage, &printed))
    });
    let status = |host: &str| stage.send(get("/x").host(host)).status;
    let other = ["other.example", "other.example.", "OTHER.example.:80", "Other.Example:80"];
    let first = ["localhost", "localhost.", "LOCALHOST:80", "other.example,localhost", "localhost,other.example"];
    for (closed, held, open) in [("other.example", &other[..], &first[..]), ("localhost", &first[..], &other[..])] {
        stage.machine().run(&format!("on {closed}")).succeeds();
        eventually("the site is closed", || status(closed) == 503);
        for host in held {
            assert_eq!(status(host), 503, "{host} while {closed} is closed");
        }
        for host in open {
            assert_eq!(status(host), 200, "{host} while {closed} is closed");
        }
        stage.machine().run(&format!("off {closed}")).succeeds();
        eventually("the site is open", || status(closed) == 200);
    }
}
