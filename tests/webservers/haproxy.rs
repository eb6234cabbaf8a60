//! HAProxy.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::helpers::{
    Modes, Stage, WebServer, acceptance, curl, eventually, get, keeps_nobody_waiting,
    keeps_what_few_may_see_out_of_caches, knows_visitors, listens_by_both_families, program_that_answers,
    takes_its_own_paths_only, unreachable,
};

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
    // An exchange that is cancelled has no status for curl.
    let form = stage.path("form");
    fs::write(&form, [b'x'; 60_000]).unwrap();
    let form = format!("@{}", form.display());
    for _ in 0..10 {
        let (status, page) = curl(&stage, &["--http2-prior-knowledge", "--data-binary", &form], "/x");
        assert!(status == 503 && page.contains("What you just sent did not arrive."), "{status}: {page}");
    }
    assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/ignored-page/").0, 200);
}

#[test]
fn haproxy_holds_whoever_the_program_does_not_speak_of_and_says_so_in_its_log() {
    let log = UdpSocket::bind("127.0.0.1:0").unwrap();
    log.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let pass = &["--unreachable", "pass"][..];
    for (mode, more, status, told) in [
        ("both", &[][..], 403, "planned"),
        ("both", &[], 404, "planned"),
        ("check", &[], 500, "unknown"),
        ("check", pass, 400, "unknown"),
        ("check", pass, 403, "unknown"),
        ("check", pass, 204, "unknown"),
    ] {
        let stage = Stage::behind(|stage| {
            stage.machine().run("on").succeeds();
            eventually("the file is there", || stage.path("flags/localhost/on").exists());
            let program = program_that_answers(status).to_string();
            let text = stage.emit("haproxy", mode, more).replace(&stage.program_address.to_string(), &program);
            assert!(text.contains("log /dev/log local0"), "{text}");
            let printed = stage.path("printed");
            let text = text.replace("log /dev/log local0", &format!("log {} local0", log.local_addr().unwrap()));
            fs::write(&printed, text).unwrap();
            Some(command(stage, &printed))
        });
        let answer = stage.get("/x");
        assert_eq!((answer.status, answer.header("x-maintenance")), (503, told), "{mode}, {status}: {answer:?}");
        let said = format!("answered {status}, which is no verdict");
        let mut line = [0; 2_000];
        loop {
            let length = log.recv(&mut line).unwrap_or_else(|error| panic!("{said:?} is not in the log: {error}"));
            if String::from_utf8_lossy(&line[..length]).contains(&said) {
                break;
            }
        }
    }
}

#[test]
fn haproxy_keeps_nobody_waiting_for_a_program_that_hangs() {
    keeps_nobody_waiting(&HAPROXY, "both");
}

#[test]
fn haproxy_listens_by_both_families_of_addresses() {
    listens_by_both_families(&HAPROXY, "both");
}

#[test]
fn haproxy_leaves_the_application_what_only_looks_like_the_programs() {
    takes_its_own_paths_only(&HAPROXY, "both");
}

#[test]
fn haproxy_keeps_what_few_may_see_out_of_caches() {
    for mode in ["file", "both"] {
        keeps_what_few_may_see_out_of_caches(&HAPROXY, mode);
    }
}

/// By `Connection` a web server behind it would take out what HAProxy says of the visitor (RFC 9110, section 7.6.1).
#[test]
fn haproxy_hands_on_no_header_of_the_connection() {
    let stage = Stage::start(&HAPROXY, "file");
    let told = stage.send(get("/x").with("Connection", "X-Forwarded-For, X-Real-IP, X-Forwarded-Proto")).json();
    assert_eq!(told["headers"]["x-real-ip"], "127.0.0.1", "{told}");
    assert!(!told["headers"]["connection"].to_string().contains("X-"), "{told}");
}

/// PCRE2 has room for few turns of a group.
#[test]
fn haproxy_knows_an_ignored_path_of_any_length_that_the_program_does() {
    let stage = Stage::start(&HAPROXY, "file");
    stage.switch("on", 503);
    let begin = "/ignored-page/";
    for part in ["a", "a/", "%41", "a%41", "%C3%A9", "%41/", "%F0%9F%98%80"] {
        let turns = (4_096 - begin.len()) / part.len();
        let longest = format!("{begin}{}", part.repeat(turns));
        assert_eq!(stage.get(&longest).status, 200, "{part} {turns} times");
        let longer = format!("{longest}{}", part.repeat(4_097usize.div_ceil(part.len())));
        for held in [longer, format!("{longest}a/../x"), format!("{longest}a//x"), format!("{longest}a%")] {
            assert_ne!(stage.get(&held).header("x-application"), "python", "{part}: {held}");
        }
    }
}

#[test]
fn haproxy_gives_visitors_their_cookie() {
    knows_visitors(&HAPROXY);
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
    let first = ["localhost", "localhost.", "LOCALHOST:80", "no.example", "[::1]:80", "127.0.0.1"];
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
fn haproxy_takes_a_whole_name_before_a_wildcard_and_the_longer_one_before_the_shorter() {
    let stage = Stage::behind(|stage| {
        let machine = stage.machine();
        // Closed as the first site, in the middle and as the last one; wildcards of the others cover each name.
        machine
            .run("site edit localhost --add-alias first.example.com --add-alias *.first.deep.example.com")
            .succeeds();
        machine.run("site add wide.example --alias *.example.com").succeeds();
        machine.run("site add deep.example --alias *.deep.example.com").succeeds();
        machine.run("site add shop.example.com").succeeds();
        let all = ["deep.example", "wide.example", "shop.example.com"].map(|site| ["--site", site]).concat();
        let printed = stage.path("printed");
        fs::write(&printed, stage.emit("haproxy", "check", &all)).unwrap();
        Some(command(stage, &printed))
    });
    let hosts = [
        ("first.example.com", "localhost"),
        ("a.first.deep.example.com", "localhost"),
        ("nowhere.example", "localhost"),
        ("shop.example.com", "shop.example.com"),
        ("Shop.Example.Com.:80", "shop.example.com"),
        ("a.shop.example.com", "wide.example"),
        ("deep.example.com", "wide.example"),
        ("a.deep.example.com", "deep.example"),
        ("a.b.deep.example.com", "deep.example"),
    ];
    let status = |host: &str| stage.send(get("/x").host(host)).status;
    for closed in ["localhost", "wide.example", "deep.example", "shop.example.com"] {
        stage.machine().run(&format!("on {closed}")).succeeds();
        eventually("the site is closed", || status(closed) == 503);
        for (host, site) in hosts {
            assert_eq!(status(host), if site == closed { 503 } else { 200 }, "{host} while {closed} is closed");
        }
        stage.machine().run(&format!("off {closed}")).succeeds();
        eventually("the site is open", || status(closed) == 200);
    }
}

/// The application could read another site into each of them than HAProxy.
#[test]
fn haproxy_refuses_what_names_no_host() {
    let stage = Stage::behind(|stage| {
        stage.machine().run("site add open.example --alias *.open.example").succeeds();
        let printed = stage.path("printed");
        fs::write(&printed, stage.emit("haproxy", "file", &["--site", "open.example"])).unwrap();
        Some(command(stage, &printed))
    });
    stage.switch("on", 503);
    let malformed = [
        "open.example:80@localhost",
        "open.example:@localhost",
        "ann@localhost",
        "localhost/.open.example",
        "localhost?.open.example",
        "localhost#.open.example",
        "localhost\\.open.example",
        "localhost,.open.example",
        "localhost%2f.open.example",
        "localhost:80:.open.example",
        "localhost x.open.example",
        "open.example:port",
        "[::1]localhost",
        "..open.example",
        "open..example",
        "",
    ];
    for host in malformed {
        let answer = stage.send(get("/x").host(host));
        let told = (answer.status, answer.header("cache-control").starts_with("no-"), answer.header("x-application"));
        assert_eq!(told, (400, true, ""), "{host:?}: {answer:?}");
    }
    for host in malformed.iter().filter(|host| !host.is_empty()) {
        let (status, _) = curl(&stage, &["--http2-prior-knowledge", "--header", &format!("Host: {host}")], "/x");
        assert_eq!(status, 400, "{host:?} over HTTP/2");
    }
    // A whole target names its host twice.
    for (target, host, status) in [
        ("http://localhost/x", "localhost", 503),
        ("http://open.example/x?a@b", "open.example", 200),
        ("http://localhost/x", "open.example", 400),
        ("http://open.example/x", "localhost", 400),
        ("http://localhost@open.example/x", "open.example", 400),
        ("http://localhost:80@open.example/x", "open.example", 400),
        ("http://localhost?@open.example/x", "open.example", 400),
    ] {
        let answer = stage.send(get(target).host(host));
        assert_eq!(answer.status, status, "{target} at {host}: {answer:?}");
    }
    for (first, second) in [("localhost", "open.example"), ("open.example", "localhost")] {
        let answer = stage.send(get("/x").host(first).with("Host", second));
        assert_eq!(answer.status, 400, "{first} and {second}: {answer:?}");
    }
    for target in ["/x", "http://open.example/x"] {
        let answer = stage.send(get(target).line(format!("GET {target} HTTP/1.0")).without("Host"));
        assert_eq!((answer.status, answer.header("x-application")), (503, ""), "{target} of an old client: {answer:?}");
    }
    assert_eq!(stage.send(get("/x").host("open.example")).status, 200);
    assert_eq!(stage.send(get("/x").host("a.open.example.:8080")).status, 200);
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
