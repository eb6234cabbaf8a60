//! HAProxy.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::helpers::{Modes, Stage, WebServer, acceptance, curl, eventually, get, unreachable};

pub const HAPROXY: WebServer = WebServer { name: "haproxy", command };

fn command(stage: &Stage, printed: &Path) -> Command {
    command_with(stage, printed, &stage.emit("haproxy", "check", &["--lua"]))
}

/// The script lies where `--lua-file` says, and only root can become another user; else all is as in a usual installation.
fn command_with(stage: &Stage, printed: &Path, script: &str) -> Command {
    let lua = stage.path("maintenance.lua");
    fs::write(&lua, script).unwrap();
    let text = fs::read_to_string(printed).unwrap();
    let mut text = text.replace("/etc/haproxy/maintenance.lua", lua.to_str().unwrap());
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        text = text.replace("    user haproxy", "    #").replace("    group haproxy", "    #");
    }
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
fn haproxy_lets_nobody_pass_unasked_unless_told_to() {
    unreachable(&HAPROXY);
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

#[test]
fn haproxy_lets_nobody_pass_when_its_script_fails_or_takes_too_long() {
    for (mode, fault) in [("both", "error('broken')"), ("check", "error('broken')"), ("file", "while true do end")] {
        let stage = Stage::behind(|stage| {
            let action = format!("core.register_action(\"maintenance_{mode}\", {{ \"http-req\" }}, function(txn)\n");
            let script = stage.emit("haproxy", mode, &["--lua"]);
            assert!(script.contains(&action), "{script}");
            let script = script.replace(&action, &format!("{action}    {fault}\n"));
            let printed = stage.path("printed");
            fs::write(&printed, stage.emit("haproxy", mode, &[])).unwrap();
            Some(command_with(stage, &printed, &script))
        });
        let answer = stage.get("/x");
        let told = (answer.status, answer.header("retry-after"), answer.header("cache-control"));
        assert_eq!(told, (503, "120", "no-store"), "{mode}, {fault}: {answer:?}");
        assert_eq!(stage.get("/healthz").text().trim(), "alive");
        assert_eq!(stage.get("/.well-known/acme-challenge/abc").status, 200, "{mode}");
        if mode != "check" {
            assert_eq!(stage.get("/ignored-page/").status, 200, "{mode}");
        }
    }
}

#[test]
fn haproxy_looks_for_three_languages_only() {
    let stage = Stage::start(&HAPROXY, "file");
    stage.switch("on", 503);
    let long = format!("{},de", "x".repeat(100));
    for (languages, lang) in [("xx,yy,de", "de"), ("xx,yy,zz,de", "en"), (&long, "en")] {
        let page = stage.send(get("/x").with("Accept-Language", languages)).text();
        assert!(page.contains(&format!("<html lang=\"{lang}\"")), "{languages}: {page:.200}");
    }
}
