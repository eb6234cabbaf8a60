//! What visitors are told beforehand: the public state, the script that shows it, and templates of the application.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maintenance_mode::message::Message;
use maintenance_mode::schedule::{Moment, Schedule};
use maintenance_mode::site::SiteId;
use maintenance_mode::window::Window;
use maintenance_mode::{clock, wording};
use serde_json::{Value, json};

use crate::helpers::{FIRST_SITE, Request, Response, TestServer, a_server, get, operator, request, texts};

const STATUS: &str = "/maintenance/status.json";
const SCRIPT: &str = "/maintenance/notice.js";
const CALENDAR: &str = "/maintenance/calendar.ics";

/// Now, to the second.
fn now() -> Timestamp {
    Timestamp::from_second(clock::now().as_second()).unwrap()
}

/// A window that begins and ends in so many minutes, told half an hour before.
pub fn a_window(begins: i64, ends: i64) -> Window {
    a_window_after(now(), begins, ends)
}

/// The same by a moment that several windows have in common.
fn a_window_after(now: Timestamp, begins: i64, ends: i64) -> Window {
    let moment = |minutes| Moment::new(now + SignedDuration::from_mins(minutes), TimeZone::UTC);
    let schedule = Schedule::Once { start: moment(begins), end: Some(moment(ends)) };
    Window { name: "Secret upgrade".to_owned(), notice_minutes: 30, ..Window::new(schedule) }
}

/// Plans a window on a site, or on all.
pub fn plan(server: &TestServer, site: Option<SiteId>, window: &Window) {
    let done = server.actions().window_add(&operator(), site, window).expect("the window can be added");
    server.reach(done.revision.0);
}

fn start_of(window: &Window) -> String {
    let Schedule::Once { start, .. } = &window.schedule else { panic!("a single window") };
    start.at().to_string()
}

fn status(server: &TestServer) -> Value {
    let answer = server.send(request("GET", STATUS));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn message(language: &str, body: &str) -> Message {
    Message { language: language.to_owned(), body: body.to_owned(), ..Message::default() }
}

/// Sends it again as a cache does that has the answer.
fn again(server: &TestServer, request: Request, known: &Response) -> Response {
    server.send(request.with("If-None-Match", known.header("etag")))
}

#[test]
fn an_open_site_with_nothing_to_tell_says_so_to_anybody() {
    let server = a_server().start();
    let answer = server.send(request("GET", STATUS));
    assert_eq!(answer.json(), json!({"phase": "open", "until": null, "notice": null, "next_check": 30}));
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "public, max-age=30"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("vary", "Accept-Language"),
        ("set-cookie", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[test]
fn a_window_is_told_from_its_notice_on_and_its_name_never_is() {
    let server = a_server().start();
    let now = now();
    plan(&server, Some(FIRST_SITE), &a_window_after(now, 45, 105));
    assert_eq!(status(&server)["notice"], Value::Null, "too early");
    let window = Window { messages: vec![message("en", "We move {site}.")], ..a_window_after(now, 25, 85) };
    plan(&server, Some(FIRST_SITE), &window);
    let answer = server.send(request("GET", STATUS));
    let notice = &answer.json()["notice"];
    assert_eq!((&notice["starts_at"], &notice["message"]), (&start_of(&window).into(), &"We move My site.".into()));
    let length = |from: &Value, to: &Value| {
        let at = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
        at(to).duration_since(at(from)).as_mins()
    };
    assert_eq!(length(&notice["starts_at"], &notice["ends_at"]), 80, "the next one begins before this one ends");
    assert!(!answer.text().contains("Secret") && !answer.text().contains("window"), "{}", answer.text());
}

#[test]
fn windows_that_follow_each_other_are_told_with_the_time_at_which_the_site_opens() {
    let server = a_server().start();
    let now = now();
    plan(&server, Some(FIRST_SITE), &a_window_after(now, 20, 40));
    plan(&server, None, &a_window_after(now, 40, 60));
    let notice = &status(&server)["notice"];
    let at = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(at(&notice["ends_at"]).duration_since(at(&notice["starts_at"])).as_mins(), 40);
}

#[test]
fn a_window_that_is_skipped_or_told_to_nobody_is_not_told() {
    let server = a_server().start();
    plan(&server, Some(FIRST_SITE), &Window { notice_minutes: 0, ..a_window(10, 20) });
    assert_eq!(status(&server)["notice"], Value::Null);
    let added = server.actions().window_add(&operator(), None, &a_window(15, 20)).unwrap();
    server.reach(added.revision.0);
    assert_ne!(status(&server)["notice"], Value::Null);
    let skipped = server.actions().window_skip(&operator(), added.value.window.id, None).unwrap();
    server.reach(skipped.revision.0);
    assert_eq!(status(&server)["notice"], Value::Null);
}

#[test]
fn a_closed_site_tells_when_it_is_expected_back_and_nothing_of_who_closed_it() {
    let server = a_server().start();
    plan(&server, Some(FIRST_SITE), &a_window(20, 40));
    let end = now() + SignedDuration::from_mins(10);
    server.edit(FIRST_SITE, |record| {
        record.maintenance.in_maintenance = true;
        record.maintenance.expected_end = Some(end);
    });
    let answer = server.send(request("GET", STATUS));
    let state = answer.json();
    assert_eq!((&state["phase"], &state["until"]), (&"maintenance".into(), &end.to_string().into()));
    assert_eq!(state["notice"], Value::Null, "the page itself says it");
    assert!(!answer.text().contains("root"), "{}", answer.text());
}

#[test]
fn the_message_is_in_the_language_that_is_asked_for() {
    let server = a_server().start();
    let messages = vec![message("en", "We move."), message("de", "Wir ziehen um.")];
    plan(&server, Some(FIRST_SITE), &Window { messages, ..a_window(10, 20) });
    for (query, header, words, language) in [
        ("", "de-AT,en;q=0.5", "Wir ziehen um.", "de"),
        ("", "fi", "We move.", "en"),
        ("?lang=de", "en", "Wir ziehen um.", "de"),
        ("?x=1&lang=de-CH", "en", "Wir ziehen um.", "de"),
        ("?lang=%3Cb%3E", "de", "Wir ziehen um.", "de"),
    ] {
        let answer = server.send(request("GET", &format!("{STATUS}{query}")).with("Accept-Language", header)).json();
        let notice = &answer["notice"];
        assert_eq!((&notice["message"], &notice["language"]), (&words.into(), &language.into()), "{query} {header}");
    }
}

#[test]
fn nothing_is_kept_longer_than_until_the_next_change() {
    let server = a_server().start();
    let window = a_window(0, 20);
    let soon = |seconds| Moment::new(now() + SignedDuration::from_secs(seconds), TimeZone::UTC);
    let schedule = Schedule::Once { start: soon(15), end: Some(soon(600)) };
    plan(&server, Some(FIRST_SITE), &Window { schedule, ..window });
    let answer = server.send(request("GET", STATUS));
    let seconds = answer.json()["next_check"].as_u64().unwrap();
    assert!((1..=15).contains(&seconds), "{seconds}");
    assert_eq!(answer.header("cache-control"), format!("public, max-age={seconds}"));
}

#[test]
fn each_host_is_told_of_its_own_site_only() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &["*.preview.forum.example"]);
    server.close(forum);
    plan(&server, Some(FIRST_SITE), &a_window(10, 20));
    for (host, phase, has_notice) in [
        ("forum.example", "maintenance", false),
        ("FORUM.example.:8080", "maintenance", false),
        ("a.preview.forum.example", "maintenance", false),
        ("localhost", "open", true),
        ("nobody.example", "open", true),
        ("a b", "open", true),
    ] {
        let answer = server.send(request("GET", STATUS).host(host));
        if answer.status == 400 {
            // The server itself has refused the host.
            continue;
        }
        let state = answer.json();
        assert_eq!((state["phase"].as_str(), !state["notice"].is_null()), (Some(phase), has_notice), "{host}");
    }
    let forged = request("GET", STATUS).with("X-Forwarded-Host", "forum.example");
    assert_eq!(server.send(forged).json()["phase"], "open", "nobody is trusted");
    server.edit(FIRST_SITE, |record| record.site.is_default = false);
    for path in [STATUS, CALENDAR] {
        assert_eq!(server.send(request("GET", path).host("nobody.example")).status, 404, "{path}");
    }
}

#[test]
fn a_trusted_proxy_says_which_host_was_asked_for() {
    let server = a_server().with("TRUSTED_PROXIES", "127.0.0.1").start();
    let forum = server.add_site("forum.example", &[]);
    server.close(forum);
    let state = server.send(request("GET", STATUS).with("X-Forwarded-Host", "forum.example")).json();
    assert_eq!(state["phase"], "maintenance");
}

#[test]
fn what_a_cache_has_is_confirmed_without_being_sent_again() {
    let server = a_server().start();
    for path in [STATUS, SCRIPT, CALENDAR] {
        let first = server.send(request("GET", path));
        let tag = first.header("etag");
        assert!(tag.starts_with('"') && tag.len() > 10, "{path}: {tag}");
        let second = again(&server, request("GET", path), &first);
        assert_eq!((second.status, second.body.len()), (304, 0), "{path}");
        for name in ["etag", "cache-control", "vary", "access-control-allow-origin"] {
            assert_eq!(second.header(name), first.header(name), "{path}: {name}");
        }
        let listed = request("GET", path).with("If-None-Match", format!("\"other\", W/{tag}"));
        assert_eq!(server.send(listed).status, 304, "{path}");
        assert_eq!(server.send(request("GET", path).with("If-None-Match", "\"other\"")).status, 200, "{path}");
        assert_eq!(server.send(request("GET", path).with("If-None-Match", "nonsense")).status, 200, "{path}");
    }
    let first = server.send(request("GET", STATUS));
    server.close(FIRST_SITE);
    assert_eq!(again(&server, request("GET", STATUS), &first).status, 200, "it has changed");
}

#[test]
fn only_reading_is_answered() {
    let server = a_server().start();
    for path in [STATUS, SCRIPT, CALENDAR] {
        let (got, head) = (server.send(request("GET", path)), server.send(request("HEAD", path)));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(
            (head.header("etag"), head.header("content-length")),
            (got.header("etag"), got.header("content-length"))
        );
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            assert_eq!(server.send(request(method, path)).status, 405, "{method} {path}");
        }
    }
}

#[test]
fn it_is_reachable_on_a_closed_site_and_nothing_beside_it_is() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    for path in [STATUS, SCRIPT, CALENDAR] {
        assert_eq!(server.send(request("GET", path)).status, 200, "{path}");
        for beside in [format!("{path}x"), path.replace("/maintenance", "//maintenance"), path.replace('.', "/../.")] {
            assert_eq!(server.send(get(&beside)).status, 503, "{beside}");
        }
    }
    for path in ["/maintenance/", "/maintenance", "/maintenance/other", "/maintenance/notice.css"] {
        assert_eq!(server.send(get(path)).status, 503, "{path}");
    }
}

#[test]
fn the_script_is_small_and_speaks_every_language() {
    let server = a_server().with("LANGUAGE_CODE", "fr").start();
    for words in wording::all() {
        let answer = server.send(request("GET", &format!("{SCRIPT}?lang={}", words.tag)));
        assert!(answer.body.len() <= 3000, "{}: {}", words.tag, answer.body.len());
        assert!(answer.text().contains(&words.planned) && answer.text().contains(&words.dismiss), "{}", words.tag);
    }
    for (header, words) in [("de-AT,en;q=0.3", "Wartungsarbeiten"), ("fi", "Maintenance prévue"), ("ar", "صيانة")]
    {
        let answer = server.send(request("GET", SCRIPT).with("Accept-Language", header));
        assert!(answer.text().contains(words), "{header}: {}", answer.text());
        assert_eq!(answer.header("vary"), "Accept-Language");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    }
}

#[test]
fn pages_of_an_open_site_tell_of_a_window_ahead() {
    let server = a_server().start();
    let page = || server.send(get("/")).text();
    assert_eq!(texts(&page(), "#maintenance-notice"), Vec::<String>::new());
    plan(&server, Some(FIRST_SITE), &Window { messages: vec![message("en", "We <move>.")], ..a_window(20, 40) });
    let told = texts(&page(), "#maintenance-notice[role=status]");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("Maintenance is planned from ") && told[0].ends_with("We <move>."), "{told:?}");
    assert!(!page().contains("Secret"));
    assert!(page().contains("<script src=\"/maintenance/notice.js?lang=en\" defer></script>"));
    server.close(FIRST_SITE);
    let ada = server.superuser("ada");
    let page = ada.get("/").text();
    assert_eq!(texts(&page, "#maintenance-notice"), Vec::<String>::new(), "it is closed already");
    assert!(page.contains(&format!("href=\"/admin/sites/{FIRST_SITE}/\"")), "{page}");
}
