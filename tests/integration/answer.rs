//! What a held request gets.

use maintenance_mode::message::Message;

use crate::helpers::{FIRST_SITE, a_server, get, post, request};

fn message(language: &str, body: &str) -> Message {
    Message { language: language.to_owned(), body: body.to_owned(), ..Message::default() }
}

#[test]
fn the_answer_is_honest_to_caches_crawlers_and_monitors() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    let answer = server.send(get("/"));
    assert_eq!(answer.status, 503);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((120..=150).contains(&seconds), "{seconds}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("vary"), "Accept, Accept-Language");
    assert_eq!(answer.header("x-maintenance"), "planned");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-language"), "en");
    for absent in ["etag", "last-modified", "set-cookie", "server"] {
        assert_eq!(answer.header(absent), "", "{absent}");
    }
    assert!(answer.body.len() <= 8192, "{}", answer.body.len());
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
}

#[test]
fn the_kind_follows_accept() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    for (accept, kind) in [
        ("text/html", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json"),
        ("application/problem+json, text/html;q=0.5", "application/problem+json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html;q=0, */*", "application/problem+json"),
        ("image/png", "text/plain; charset=utf-8"),
        ("rubbish;;q=", "text/html; charset=utf-8"),
    ] {
        let answer = server.send(request("GET", "/").with("Accept", accept));
        assert_eq!((answer.status, answer.header("content-type")), (503, kind), "{accept}");
    }
    assert_eq!(server.send(request("GET", "/")).header("content-type"), "text/html; charset=utf-8");
}

#[test]
fn problem_json_has_the_agreed_members() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| {
        record.maintenance.in_maintenance = true;
        record.maintenance.expected_end = Some(maintenance_mode::clock::now() + jiff::SignedDuration::from_hours(1));
        record.messages = vec![message("en", "The disk is being replaced.")];
    });
    let answer = server.send(request("POST", "/api/orders").with("Accept", "application/json"));
    let problem = answer.json();
    for member in ["type", "title", "status", "detail", "site", "until", "retry_after"] {
        assert!(problem.get(member).is_some(), "{member}: {problem}");
    }
    assert_eq!(problem["status"], 503);
    assert_eq!(problem["retry_after"].as_u64().unwrap().to_string(), answer.header("retry-after"));
    assert!(problem["detail"].as_str().unwrap().contains("The disk is being replaced."), "{problem}");
    let until = problem["until"].as_str().unwrap();
    assert_eq!(answer.header("x-maintenance"), format!("planned; until={until}"));
}

#[test]
fn the_message_follows_accept_language_and_the_first_is_the_fallback() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| {
        record.maintenance.in_maintenance = true;
        record.messages = vec![message("de", "Gleich wieder da."), message("ar", "سنعود قريبا")];
    });
    for (languages, text, language) in [
        ("de-AT, en;q=0.5", "Gleich wieder da.", "de"),
        ("ar-EG", "سنعود قريبا", "ar"),
        ("fr", "Gleich wieder da.", "de"),
        ("de;q=0, ar;q=0.1", "سنعود قريبا", "ar"),
    ] {
        let answer = server.send(get("/").with("Accept-Language", languages));
        assert!(answer.text().contains(text), "{languages}: {}", answer.text());
        assert_eq!(answer.header("content-language"), language, "{languages}");
    }
    assert!(server.send(get("/").with("Accept-Language", "ar")).text().contains("dir=\"rtl\""));
}

#[test]
fn what_was_typed_is_shown_as_text() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| {
        record.maintenance.in_maintenance = true;
        record.messages = vec![message("en", "<script>alert(1)</script> {site} {{ 7*7 }}")];
    });
    let page = server.send(get("/")).text();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;"), "{page}");
    assert!(page.contains("{{ 7*7 }}") && page.contains("My site"), "{page}");
}

#[test]
fn an_own_template_is_used_taken_up_when_it_changes_and_replaced_when_it_breaks() {
    let server = a_server().with("MAINTENANCE_TEMPLATES", "{folder}/pages").start();
    let pages = server.folder().join("pages");
    std::fs::create_dir_all(pages.join("sites/forum.example")).unwrap();
    std::fs::write(pages.join("503.html"), "<h1>Common {{ site }} {{ request_path }}</h1>").unwrap();
    std::fs::write(pages.join("sites/forum.example/503.html"), "<h1>Forum</h1>").unwrap();
    let forum = server.add_site("forum.example", &[]);
    server.close(FIRST_SITE);
    server.close(forum);
    crate::helpers::eventually("the new folder is read", || server.send(get("/")).text().contains("Common My site"));
    let echoed = server.send(get("/%3Cb%3E")).text();
    assert!(!echoed.contains("<b>") && echoed.contains("/"), "{echoed}");
    assert_eq!(server.send(get("/").host("forum.example")).text(), "<h1>Forum</h1>");
    std::fs::write(pages.join("503.html"), "<h1>{{ no_such_name.at_all }}</h1>").unwrap();
    crate::helpers::eventually("the built-in page stands in", || server.send(get("/")).text().contains("<main"));
    assert_eq!(server.send(get("/")).status, 503);
    let snapshot = server.maintenance.snapshot();
    let closed = snapshot.site(FIRST_SITE).unwrap().closed_at(maintenance_mode::clock::now()).unwrap();
    assert!(closed.pages().template_error().unwrap().contains("no_such_name"));
}

#[test]
fn a_redirect_leads_away_but_never_in_a_circle() {
    let server = a_server().with("MAINTENANCE_URL", "/down.html").start();
    server.close(FIRST_SITE);
    let away = server.send(get("/shop"));
    assert_eq!((away.status, away.header("location")), (302, "/down.html"));
    assert_eq!(away.header("cache-control"), "no-store");
    assert!(!away.header("retry-after").is_empty());
    assert_eq!(server.send(get("/down.html?x=1")).status, 503);

    let (a, b) = (server.add_site("a.example", &[]), server.add_site("b.example", &[]));
    for (site, target) in [(a, "https://b.example/"), (b, "http://a.example/")] {
        server.edit(site, |record| record.maintenance.redirect_url = Some(target.to_owned()));
    }
    server.close(a);
    assert_eq!(server.send(get("/").host("a.example")).status, 302);
    server.close(b);
    assert_eq!(server.send(get("/").host("a.example")).status, 503);
    assert_eq!(server.send(get("/").host("b.example")).status, 503);
}

#[test]
fn a_sent_form_gets_a_page_that_does_not_send_it_again() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    assert!(server.send(get("/")).text().contains("<script"));
    assert!(!server.send(post("/contact/", &[("a", "b")])).text().contains("<script"));
}
