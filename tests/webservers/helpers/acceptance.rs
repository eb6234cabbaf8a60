//! What holds behind every web server, in every mode that it has.

use super::client::{Request, Response, get, request};
use super::cluster::Stop;
use super::program::eventually;
use super::signal;
use super::stage::{INTERNAL, Stage, WebServer, curl, upgrade};

/// What differs between modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// The web server asks the program, so that staff pass.
    pub asks: bool,
    /// The web server looks at files, so that the page stays up.
    pub looks: bool,
    /// The web server says which loopback address a visitor has.
    pub knows_loopback: bool,
}

impl Modes {
    /// The mode of this name.
    pub fn of(mode: &str) -> Self {
        Self { asks: mode != "file", looks: mode != "check", knows_loopback: true }
    }
}

/// Targets that look as if they were let through, and must not be.
const TRICKS: [&str; 19] = [
    "/ignored-page/../secret",
    "/ignored-page/%2e%2e/secret",
    "/ignored-page/..%20/secret",
    "/ignored-page/..%23/secret",
    "/ignored-page/.%C2%A0/secret",
    "/ignored-page/%EF%BC%8E%EF%BC%8E/secret",
    "/ignored-page/%e2%80%a5/secret",
    "/secret/../ignored-page/",
    "/secret/..%2fignored-page/",
    "//ignored-page/",
    "/ignored-page",
    "/ignored-page/..;/secret",
    "/adminx",
    "/admin%0A",
    "/healthz%0A",
    "/secret/../admin/../secret",
    "/.well-known/acme-challenge/../../secret",
    "/.well-known/acme-challenge/%2e%2e/secret",
    "/secret/..%2f..%2f.well-known/acme-challenge/token",
];

/// Headers by which somebody outside would be somebody else, or elsewhere.
const FORGED: [(&str, &str); 10] = [
    ("X-Forwarded-For", INTERNAL),
    ("Forwarded", "for=127.0.0.9"),
    ("X-Real-IP", INTERNAL),
    ("X-Original-URI", "/ignored-page/"),
    ("X-Original-Method", "OPTIONS"),
    ("X-Forwarded-Uri", "/ignored-page/"),
    ("X-Forwarded-Method", "OPTIONS"),
    ("X-Envoy-Original-Path", "/ignored-page/"),
    ("X-Forwarded-Host", "other.example"),
    ("X-Rewrite-URL", "/ignored-page/"),
];

/// Puts a web server in front and goes through everything.
pub fn acceptance(server: &WebServer, mode: &str, modes: Modes) {
    let mut stage = Stage::start(server, mode);
    is_open(&stage);
    let cookie = stage.sign_in();

    stage.switch("on --for 20m", 503);
    is_closed(&stage, modes);
    if modes.asks {
        let staff = passes(&stage, get("/x").cookie(&cookie), "a superuser");
        assert_eq!(staff.header("x-maintenance"), "let-through; reason=superuser", "{staff:?}");
        assert!(staff.header("cache-control").contains("no-store"), "a cache would keep it: {staff:?}");
        holds(&stage, get("/x").cookie("maintenance_session=forged"), "a forged cookie");
    }
    stage.switch("off", 200);
    is_open(&stage);

    is_read_only(&stage);
    is_draining(&stage, modes);
    survives(&mut stage, modes);
}

/// Requests reach the application as they were sent, and the program's own paths the program.
fn is_open(stage: &Stage) {
    let told = passes(stage, get("/x?a=b"), "a page").json();
    let headers = &told["headers"];
    assert_eq!((&told["method"], &told["target"]), (&"GET".into(), &"/x?a=b".into()));
    assert_eq!((&headers["host"], &headers["x-forwarded-proto"]), (&"localhost".into(), &"http".into()));
    let told = passes(stage, request("POST", "/x").body(vec![b'x'; 1 << 20]), "a long form").json();
    assert_eq!((&told["method"], &told["body"]), (&"POST".into(), &(1 << 20).into()));
    passes(stage, get("/x").line("GET /x HTTP/1.0"), "an old client");
    for (name, value) in FORGED {
        let told = passes(stage, get("/x").with(name, value), name).json();
        let headers = told["headers"].to_string();
        let is_believed = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"].contains(&name);
        assert!(!(is_believed && headers.contains(value)), "the application is told {name}: {headers}");
    }
    assert_eq!(upgrade(stage), 101);
    becomes_nothing_but_a_websocket(stage);
    for status in [401, 403, 404, 500, 503] {
        let answer = stage.get(&format!("/app-answers/{status}"));
        let is_applications = answer.header("x-application") == "python" && answer.header("x-maintenance").is_empty();
        assert!(answer.status == status && is_applications, "the application's own {status}: {answer:?}");
    }
    reaches_program(stage);
}

/// What else a connection could become never reaches the application, nor a WebSocket on a path that is never held: on
/// both requests would go past the rules.
fn becomes_nothing_but_a_websocket(stage: &Stage) {
    // Not h2c, which some of these web servers speak themselves.
    for protocols in [&["IRC/6.9"][..], &["IRC/6.9, websocket"], &["IRC/6.9", "websocket"], &["websocket", "IRC/6.9"]] {
        let mut request = get("/x").with("Connection", "Upgrade, HTTP2-Settings").with("HTTP2-Settings", "AAMAAABk");
        for protocol in protocols {
            request = request.with("Upgrade", protocol);
        }
        let answer = stage.send(request.with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
        let told = answer.text();
        assert!(!told.contains("IRC"), "{protocols:?}: the application is told {told}");
    }
    for path in ["/.well-known/acme-challenge/abc_-9", "/admin/", "/maintenance/status.json", "/healthz"] {
        let request = get(path).with("Connection", "Upgrade").with("Upgrade", "websocket");
        let answer = stage.send(request.with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(answer.status != 101 && !answer.text().contains("upgrade"), "{path}: {answer:?}");
    }
}

/// Panel and health are the program's whatever the state; what is for the web server alone is not to be had.
fn reaches_program(stage: &Stage) {
    let panel = stage.get("/admin/");
    assert_eq!((panel.status, panel.header("location")), (303, "/admin/login/"), "{panel:?}");
    assert_eq!(stage.get("/healthz").text().trim(), "alive");
    assert_eq!(stage.get("/maintenance/status.json").status, 200);
    for inner in ["/maintenance/check?style=nginx", "/maintenance/check/x", "/maintenance/page", "/maintenance/check"] {
        let answer = stage.send(get(inner).with("X-Forwarded-Uri", "/ignored-page/"));
        assert!(matches!(answer.status, 403 | 404 | 503), "{inner}: {answer:?}");
        assert_eq!(answer.header("x-maintenance-reason"), "", "{inner}");
    }
}

/// Everybody is held, in every way of asking, but for what rows 1, 4 and 5 let through.
fn is_closed(stage: &Stage, modes: Modes) {
    let page = holds(stage, get("/x"), "a page");
    let seconds: u32 = page.header("retry-after").parse().unwrap();
    assert!((900..=1_231).contains(&seconds), "the end is 20 minutes away: {seconds}");
    asked_in_every_way(stage);
    for trick in TRICKS {
        let answer = stage.get(trick);
        let is_held = matches!(answer.status, 400 | 404 | 503) && answer.header("x-application").is_empty();
        // A web server that makes paths plain asks the application for what it was asked about.
        assert!(is_held || answer.json()["target"] == "/ignored-page/", "{trick} passes: {}", answer.text());
    }
    for (name, value) in FORGED {
        let answer = stage.send(get("/x").with(name, value));
        assert!(answer.status == 503 && answer.header("x-application").is_empty(), "{name}: {answer:?}");
    }
    let elsewhere = stage.send(get("/x").host("other.example"));
    assert_eq!(elsewhere.header("x-application"), "", "a name that no site has passes: {elsewhere:?}");
    passes(stage, get("/ignored-page/"), "an ignored page");
    passes(stage, get("/.well-known/acme-challenge/abc_-9"), "a certificate authority");
    if modes.knows_loopback {
        assert_eq!(curl(stage, &["--interface", INTERNAL], "/x").0, 200, "an internal address");
    }
    reaches_program(stage);
}

/// 503 for every method, form, language and version, and never anything that a cache could use.
fn asked_in_every_way(stage: &Stage) {
    assert!(holds(stage, request("HEAD", "/x"), "HEAD").body.is_empty());
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        holds(stage, request(method, "/x"), method);
    }
    let sent = holds(stage, request("POST", "/x").body(vec![b'x'; 1 << 20]), "a long form");
    assert!(sent.text().contains("What you just sent did not arrive."), "{}", sent.text());
    holds(stage, get("/x").line("GET /x HTTP/1.0"), "an old client");
    assert_eq!(upgrade(stage), 503);
    let old = get("/x").with("If-Modified-Since", "Sat, 21 Nov 2099 16:32:20 GMT").with("If-None-Match", "*");
    holds(stage, old.with("Range", "bytes=0-3"), "a copy to be made new");
    for (accept, kind) in [
        ("application/json", "application/problem+json"),
        ("application/problem+json, */*", "application/problem+json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
    ] {
        let answer = holds(stage, request("GET", "/x").with("Accept", accept), accept);
        assert_eq!(answer.header("content-type").to_ascii_lowercase(), kind, "{accept}");
        assert_eq!(kind.ends_with("json"), answer.body.starts_with(b"{"), "{accept}");
    }
    for (languages, lang) in [("de-AT", "de"), ("xx, de;q=0.5", "de"), ("xx", "en"), ("fr,de", "fr")] {
        let page = holds(stage, get("/x").with("Accept-Language", languages), languages).text();
        assert!(page.contains(&format!("<html lang=\"{lang}\"")), "{languages}: {page:.200}");
    }
}

/// A site that is closed for writing only lets read.
fn is_read_only(stage: &Stage) {
    stage.machine().run("on --read-only").succeeds();
    eventually("forms are held", || stage.send(request("POST", "/x").body("a=b")).status == 503);
    for method in ["GET", "HEAD", "OPTIONS"] {
        let answer = stage.send(request(method, "/x"));
        assert_eq!((answer.status, answer.header("x-application")), (200, "python"), "{method}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        holds(stage, request(method, "/x").body("a=b"), method);
    }
    stage.switch("off", 200);
    eventually("forms pass", || stage.send(request("POST", "/x").body("a=b")).status == 200);
}

/// While a site drains, whoever asks the program about every request holds visitors, and whoever looks at the file lets
/// them pass; when the last work has ended, everybody holds them.
fn is_draining(stage: &Stage, modes: Modes) {
    let mut task = stage.machine().start("task --site localhost -- sleep 600");
    eventually("the task has registered", || stage.machine().run("tasks").out.contains("sleep"));
    stage.machine().run("on --drain 10m --detach").succeeds();
    assert_eq!(stage.machine().phase("localhost"), "draining");
    if modes.looks {
        passes(stage, get("/x"), "a visitor of a site that drains");
    } else {
        eventually("visitors are held", || stage.get("/x").status == 503);
    }
    signal(task.id(), "TERM");
    task.wait().expect("it can be waited for");
    eventually("the drain ends", || stage.machine().phase("localhost") == "maintenance");
    eventually("the site is closed", || stage.get("/x").status == 503);
    stage.switch("off", 200);
}

/// The program dies, and its database is lost; all return.
fn survives(stage: &mut Stage, modes: Modes) {
    stage.kill_program();
    if modes.looks {
        passes(stage, get("/x"), "an open site while the program is away");
        passes(stage, request("POST", "/x").body(vec![b'x'; 1 << 20]), "a form while the program is away");
        assert_eq!(upgrade(stage), 101);
    } else {
        let answer = stage.get("/x");
        assert!(answer.status == 503 && answer.header("x-application").is_empty(), "nobody can be asked: {answer:?}");
        assert_eq!(upgrade(stage), 503);
    }
    stage.start_program();

    stage.switch("on --for 20m", 503);
    stage.kill_program();
    stage.database().stop(Stop::Immediate);
    if modes.looks {
        asked_in_every_way(stage);
        passes(stage, get("/ignored-page/"), "an ignored page");
        assert_eq!(curl(stage, &["--interface", INTERNAL], "/x").0, 200, "an internal address");
        for trick in TRICKS {
            assert_eq!(stage.get(trick).header("x-application"), "", "{trick} passes");
        }
    }
    // From the last known state, because there is no database to ask.
    stage.start_program();
    eventually("the page is back", || stage.get("/x").header("x-maintenance").starts_with("planned"));
    holds(stage, get("/x"), "the program without its database");
    stage.database().restart();
    eventually("the program can be told again", || stage.machine().run("off").code == 0);
    eventually("the site is open", || stage.get("/x").status == 200);
    is_open(stage);
}

#[track_caller]
fn passes(stage: &Stage, request: Request, what: &str) -> Response {
    let answer = stage.send(request);
    let is_applications = answer.status == 200 && answer.header("x-application") == "python";
    assert!(is_applications, "{what} does not reach the application: {answer:?}");
    answer
}

#[track_caller]
fn holds(stage: &Stage, request: Request, what: &str) -> Response {
    let answer = stage.send(request);
    assert_eq!(answer.status, 503, "{what}: {answer:?}");
    let seconds: u32 = answer.header("retry-after").parse().unwrap_or(0);
    assert!((1..=3_600).contains(&seconds), "{what}: Retry-After of {:?}", answer.header("retry-after"));
    assert!(answer.header("x-maintenance").starts_with("planned"), "{what}: {answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert_eq!(answer.header("vary").replace(", ", ","), "Accept,Accept-Language", "{what}");
    for name in ["etag", "last-modified", "accept-ranges", "set-cookie", "www-authenticate", "x-application"] {
        assert_eq!(answer.header(name), "", "{what}: {name}");
    }
    answer
}
