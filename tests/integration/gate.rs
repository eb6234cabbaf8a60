//! Who passes a closed site and who does not, row by row.

use maintenance_mode::network::InternalNetwork;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};

use crate::helpers::{FIRST_SITE, TestServer, a_server, get, operator, post, request};

fn pattern(kind: PatternKind, pattern: &str) -> IgnoredPattern {
    IgnoredPattern { kind, pattern: pattern.to_owned(), description: String::new() }
}

fn with_pattern(server: &TestServer, row: &str) {
    server.edit(FIRST_SITE, |record| record.patterns.push(pattern(PatternKind::Regex, row)));
}

#[test]
fn an_open_site_is_served_and_a_closed_one_is_held() {
    let server = a_server().start();
    assert_eq!(server.send(get("/")).status, 200);
    server.close(FIRST_SITE);
    for path in ["/", "/contact/", "/ignored-page/", "/no-such-page/"] {
        assert_eq!(server.send(get(path)).status, 503, "{path}");
    }
    server.open(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
    assert_eq!(server.send(get("/no-such-page/")).status, 404);
}

#[test]
fn the_sample_answers_head_as_get() {
    let server = a_server().start();
    for (path, status) in [("/", 200), ("/contact/", 200), ("/ignored-page/", 200), ("/no-such-page/", 404)] {
        let answer = server.send(request("HEAD", path));
        assert_eq!((answer.status, answer.body.len()), (status, 0), "{path}");
    }
}

#[test]
fn every_method_is_held_and_reaches_nothing() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let answer = server.send(request(method, "/"));
        assert_eq!(answer.status, 503, "{method}");
        assert!(!answer.header("retry-after").is_empty(), "{method}");
    }
    assert!(server.send(request("HEAD", "/")).body.is_empty());
    let long = vec![b'x'; 1 << 20];
    assert_eq!(server.send(post("/contact/", &[]).body(long)).status, 503);
    let upgrade = get("/ws").with("Upgrade", "websocket").with("Connection", "Upgrade").with("Sec-WebSocket-Key", "x");
    assert_eq!(server.send(upgrade).status, 503);
}

#[test]
fn the_panel_and_health_stay_reachable_by_whole_segment_only() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    for (path, held) in [
        ("/admin/login/", false),
        ("/healthz", false),
        ("/readyz", false),
        ("/metrics", false),
        ("/administrator", true),
        ("/admin-old/", true),
        ("/healthz2", true),
        ("/x/admin/", true),
        ("/admin/../", true),
        ("/admin/%2e%2e/", true),
        ("/admin%2f..%2fcontact/", true),
        ("//admin/", true),
        ("/admin//login/", true),
    ] {
        assert_eq!(server.send(get(path)).status == 503, held, "{path}");
    }
}

#[test]
fn an_ignored_pattern_lets_its_paths_through_and_no_others() {
    let server = a_server().start();
    with_pattern(&server, "^ignored-page/$");
    server.close(FIRST_SITE);
    for (path, status) in [
        ("/ignored-page/", 200),
        ("/ignored-page/?a=b", 200),
        ("/%69gnored-page/", 200),
        ("/ignored-page", 503),
        ("/ignored-page/x", 503),
        ("/x/ignored-page/", 503),
        ("/contact/?/ignored-page/", 503),
        ("//ignored-page/", 503),
        ("/./ignored-page/", 503),
        ("/ignored-page%2f", 503),
        ("/ignored-page/%00", 503),
        ("/IGNORED-PAGE/", 503),
    ] {
        assert_eq!(server.send(get(path)).status, status, "{path}");
    }
}

#[test]
fn both_spellings_of_the_first_slash_mean_the_same_for_every_kind() {
    for (kind, row) in [
        (PatternKind::Regex, "^/ignored-page/$"),
        (PatternKind::Regex, "ignored-page/$"),
        (PatternKind::Exact, "/ignored-page/"),
        (PatternKind::Exact, "ignored-page/"),
        (PatternKind::Prefix, "/ignored-page"),
        (PatternKind::Prefix, "ignored-page/"),
    ] {
        let server = a_server().start();
        server.edit(FIRST_SITE, |record| record.patterns = vec![pattern(kind, row)]);
        server.close(FIRST_SITE);
        assert_eq!(server.send(get("/ignored-page/")).status, 200, "{kind:?} {row}");
        assert_eq!(server.send(get("/contact/")).status, 503, "{kind:?} {row}");
    }
}

#[test]
fn a_forged_address_passes_only_when_a_trusted_proxy_says_it() {
    let forged = || get("/").with("X-Forwarded-For", "10.1.2.3");
    let server = a_server().with("INTERNAL_IPS", "10.0.0.0/8").start();
    server.close(FIRST_SITE);
    assert_eq!(server.send(forged()).status, 503);
    assert_eq!(server.send(get("/").with("X-Real-IP", "10.1.2.3")).status, 503);
    assert_eq!(server.send(get("/").with("Forwarded", "for=10.1.2.3")).status, 503);

    let behind = a_server().with("INTERNAL_IPS", "10.0.0.0/8").with("TRUSTED_PROXIES", "127.0.0.1").start();
    behind.close(FIRST_SITE);
    assert_eq!(behind.send(forged()).status, 200);
    assert_eq!(behind.send(get("/").with("X-Forwarded-For", "10.1.2.3, 203.0.113.9")).status, 503);
    assert_eq!(behind.send(get("/")).status, 503);
}

#[test]
fn an_internal_address_of_the_site_or_of_the_settings_passes_and_is_told_so() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| {
        let network = "127.0.0.0/8".parse().unwrap();
        record.networks.push(InternalNetwork { network, description: String::new() });
    });
    server.close(FIRST_SITE);
    let answer = server.send(get("/"));
    assert_eq!((answer.status, answer.header("x-maintenance")), (200, "let-through; reason=internal-ip"));
    assert_eq!(answer.header("cache-control"), "no-store");

    let server = a_server().with("INTERNAL_IPS", "127.0.0.1").start();
    server.close(FIRST_SITE);
    assert_eq!(server.send(get("/")).status, 200);
}

#[test]
fn the_switch_of_one_site_closes_no_other() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &["www.forum.example", "*.preview.forum.example"]);
    server.close(forum);
    for (host, status) in [
        ("forum.example", 503),
        ("FORUM.example:8080", 503),
        ("forum.example.", 503),
        ("www.forum.example", 503),
        ("a.b.preview.forum.example", 503),
        ("preview.forum.example", 200),
        ("forum.example.evil.example", 200),
        ("localhost", 200),
    ] {
        assert_eq!(server.send(get("/").host(host)).status, status, "{host}");
    }
}

#[test]
fn an_unknown_host_is_the_default_site() {
    let server = a_server().start();
    server.add_site("forum.example", &[]);
    server.close(FIRST_SITE);
    assert_eq!(server.send(get("/").host("nobody.example")).status, 503);
    assert_eq!(server.send(get("/").host("forum.example")).status, 200);
}

#[test]
fn a_malformed_host_never_passes_a_closed_default_site() {
    let server = a_server().start();
    server.add_site("forum.example", &[]);
    server.close(FIRST_SITE);
    for host in ["", "forum.example, localhost", "for um.example", "forum.example:http", "a\u{e9}..b", "["] {
        let status = server.send(get("/").host(host)).status;
        assert!(matches!(status, 400 | 503), "{host}: {status}");
    }
    for (one, other) in [("localhost", "forum.example"), ("forum.example", "localhost")] {
        let twice = get("/").host(one).with("Host", other);
        assert_eq!(server.send(twice).status, 400, "{one}, {other}");
        let absolute = get("/").line(format!("GET http://{one}/ HTTP/1.1")).host(other);
        assert_eq!(server.send(absolute).status, 400, "{one}, {other}");
    }
    let absolute = get("/").line("GET http://LOCALHOST:80/ HTTP/1.1").host("localhost");
    assert_eq!(server.send(absolute).status, 503);
    let old = get("/").line("GET / HTTP/1.0").without("Host");
    assert_eq!(server.send(old).status, 503);
}

#[test]
fn an_unknown_site_is_404_when_the_setting_says_so() {
    let server = a_server().with("MAINTENANCE_UNKNOWN_SITE", "not-found").start();
    let forum = server.add_site("forum.example", &[]);
    server.edit(FIRST_SITE, |record| record.site.is_default = false);
    assert_eq!(server.send(get("/").host("nobody.example")).status, 404);
    assert_eq!(server.send(get("/").host("forum.example")).status, 200);
    assert_eq!(server.send(get("/healthz").host("nobody.example")).status, 200);
    server.close(forum);
    assert_eq!(server.send(get("/").host("forum.example")).status, 503);
}

#[test]
fn a_site_that_opens_at_its_expected_end_opens_at_that_moment() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| {
        record.maintenance.in_maintenance = true;
        record.maintenance.at_end = maintenance_mode::maintenance::AtEnd::Open;
        record.maintenance.expected_end = Some(maintenance_mode::clock::now() + jiff::SignedDuration::from_secs(4));
    });
    assert_eq!(server.send(get("/")).status, 503);
    crate::helpers::eventually("the site opens by itself", || server.send(get("/")).status == 200);
}

#[test]
fn another_process_that_writes_the_same_file_is_followed() {
    let server = a_server().start();
    let url = server.maintenance.store().url().clone();
    let other = maintenance_mode::storage::Store::open(&url, maintenance_mode::storage::Open::Existing).unwrap();
    let other = maintenance_mode::actions::Actions::new(other, || {});
    other.start(&crate::helpers::operator(), &[FIRST_SITE], &Default::default()).unwrap();
    crate::helpers::eventually("the server holds", || server.send(get("/")).status == 503);
}

#[test]
fn a_site_that_is_closed_for_writing_only_is_read_and_not_written() {
    use maintenance_mode::actions::Start;
    use maintenance_mode::maintenance::Level;

    let server = a_server().start();
    let start = Start { level: Some(Level::ReadOnly), ..Start::default() };
    let done = server.actions().start(&operator(), &[FIRST_SITE], &start).unwrap();
    server.reach(done.revision.0);
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_ne!(server.send(request(method, "/")).status, 503, "{method}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        assert_eq!(server.send(request(method, "/")).status, 503, "{method}");
    }
    // A stricter cause beside it closes everything.
    let take = maintenance_mode::actions::Take {
        length: jiff::SignedDuration::from_mins(10),
        on_expiry: maintenance_mode::lease::OnExpiry::Lift,
        name: String::new(),
        message: None,
        language: "en".to_owned(),
        drain_until: None,
        typed_domains: None,
    };
    let done = server.actions().lease_take(&operator(), &[FIRST_SITE], &take).unwrap();
    server.reach(done.revision.0);
    assert_eq!(server.send(get("/")).status, 503);
}
