//! The figures: who gets them, and that they are right.

use maintenance_mode::network::InternalNetwork;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};

use crate::helpers::{
    Exposition, FIRST_SITE, NO_DATABASE, Request, TestServer, a_server, eventually, get, operator, request,
};

const TOKEN: &str = "scrape-me-every-15s";

const REQUESTS: &str = "maintenance_requests_total";

fn a_scraped_server() -> TestServer {
    a_server().with("METRICS_TOKEN", TOKEN).start()
}

fn scrape_with(token: &str) -> Request {
    get("/metrics").with("Authorization", format!("Bearer {token}"))
}

fn scrape(server: &TestServer) -> Exposition {
    let answer = server.send(scrape_with(TOKEN));
    assert_eq!(answer.status, 200, "{}", answer.text());
    Exposition::parse(&answer.text())
}

#[test]
fn figures_are_for_whoever_bears_the_token() {
    let server = a_scraped_server();
    server.close(FIRST_SITE);
    for good in [scrape_with(TOKEN), get("/metrics").with("Authorization", format!("bearer  {TOKEN} "))] {
        let answer = server.send(good);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let bad = [
        get("/metrics"),
        get(&format!("/metrics?token={TOKEN}")),
        scrape_with(""),
        scrape_with("scrape-me-every-15"),
        scrape_with("scrape-me-every-15s-"),
        scrape_with("SCRAPE-ME-EVERY-15S"),
        scrape_with(&format!("{TOKEN} {TOKEN}")),
        get("/metrics").with("Authorization", TOKEN),
        get("/metrics").with("Authorization", format!("Basic {TOKEN}")),
        get("/metrics").with("Authorization", "Bearer"),
        scrape_with(TOKEN).with("Authorization", "Bearer another-token-of-16"),
        get("/metrics").cookie(&format!("token={TOKEN}")).with("X-Forwarded-For", "127.0.0.1"),
    ];
    for request in bad {
        let answer = server.send(request.clone());
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{request:?}");
        assert!(!answer.text().contains("maintenance_"), "{}", answer.text());
    }
}

#[test]
fn without_a_token_there_are_no_figures() {
    let server = a_server().start();
    for request in [get("/metrics"), scrape_with(""), scrape_with(TOKEN)] {
        assert_eq!(server.send(request).status, 404);
    }
    server.close(FIRST_SITE);
    assert_eq!(server.send(get("/metrics")).status, 404, "the path is built in: never held");
}

/// Sends each request so often, from several threads at once, so that every worker gets its share.
fn send_all(server: &TestServer, requests: &[(Request, usize, u16)]) {
    std::thread::scope(|threads| {
        for (request, times, status) in requests {
            for part in [times / 2, times - times / 2] {
                threads.spawn(move || {
                    for _ in 0..part {
                        assert_eq!(server.send(request.clone()).status, *status, "{request:?}");
                    }
                });
            }
        }
    });
}

#[test]
fn every_request_is_counted_once_by_what_became_of_it() {
    let server = a_server().with("METRICS_TOKEN", TOKEN).with("MAINTENANCE_UNKNOWN_SITE", "not-found").start();
    let shop = server.add_site("shop.example.com", &["www.shop.example.com"]);
    let intern = server.add_site("intern.example.com", &[]);
    server.edit(FIRST_SITE, |record| record.site.is_default = false);
    server.edit(shop, |record| {
        let pattern = "^feed/".to_owned();
        record.patterns.push(IgnoredPattern { kind: PatternKind::Regex, pattern, description: String::new() });
    });
    server.edit(intern, |record| {
        record.networks.push(InternalNetwork { network: "127.0.0.0/8".parse().unwrap(), description: String::new() });
    });
    let (root, bo) = (server.superuser("root"), server.staff("bo", None));
    let (root, bo) = (root.cookie(), bo.cookie());
    server.close(shop);
    server.close(intern);

    let before = scrape(&server);
    let at = |host: &str, path: &str| get(path).host(host);
    send_all(
        &server,
        &[
            (at("localhost", "/"), 11, 200),
            (at("shop.example.com", "/healthz"), 12, 200),
            (at("shop.example.com", "/"), 13, 503),
            (at("www.shop.example.com", "/feed/x"), 14, 404),
            (at("intern.example.com", "/"), 15, 200),
            (at("shop.example.com", "/").cookie(&root), 16, 200),
            (at("shop.example.com", "/").cookie(&bo), 17, 200),
            (at("nobody.example.com", "/"), 18, 404),
            (at("a b", "/"), 19, 400),
            (at("shop.example.com", "/").cookie("maintenance_session=forged"), 20, 503),
        ],
    );
    let after = scrape(&server);

    let rose = |labels: &[(&str, &str)]| after.value(REQUESTS, labels) - before.find(REQUESTS, labels).unwrap_or(0.0);
    let (shop, intern) = (("site", "shop.example.com"), ("site", "intern.example.com"));
    assert_eq!(rose(&[("verdict", "pass"), ("reason", "open")]), 12.0, "the second scrape is one itself");
    assert_eq!(rose(&[("verdict", "pass"), ("reason", "built-in")]), 12.0);
    assert_eq!(rose(&[("verdict", "hold"), ("reason", "maintenance"), shop]), 33.0);
    assert_eq!(rose(&[("verdict", "pass"), ("reason", "ignored-pattern"), shop]), 14.0);
    assert_eq!(rose(&[("verdict", "pass"), ("reason", "internal-ip"), intern]), 15.0);
    assert_eq!(rose(&[("verdict", "pass"), ("reason", "superuser"), shop]), 16.0);
    assert_eq!(rose(&[("verdict", "pass"), ("reason", "staff"), shop]), 17.0);
    assert_eq!(rose(&[("verdict", "refuse"), ("reason", "no-such-site")]), 18.0);
    assert_eq!(rose(&[("verdict", "refuse"), ("reason", "bad-host")]), 19.0);
    assert_eq!(after.value(REQUESTS, &[("verdict", "hold"), ("reason", "maintenance"), intern]), 0.0);
    let total = |figures: &Exposition| figures.all(REQUESTS).map(|(_, value)| value).sum::<f64>();
    assert_eq!(total(&after) - total(&before), 156.0, "nothing else was counted");
}

/// How many requests were held on the first site.
fn held(server: &TestServer) -> Option<f64> {
    let labels = [("verdict", "hold"), ("reason", "maintenance"), ("site", "localhost")];
    scrape(server).find(REQUESTS, &labels)
}

fn visit(server: &TestServer, times: usize) {
    (0..times).for_each(|_| drop(server.send(get("/"))));
}

#[test]
fn a_site_keeps_its_count_when_it_opens_closes_and_is_saved() {
    let server = a_scraped_server();
    assert_eq!(held(&server), None);
    server.close(FIRST_SITE);
    assert_eq!(held(&server), Some(0.0), "a closed site is counted from zero on");
    visit(&server, 3);
    server.open(FIRST_SITE);
    visit(&server, 5);
    assert_eq!(held(&server), Some(3.0));
    server.close(FIRST_SITE);
    visit(&server, 4);
    server.edit(FIRST_SITE, |record| record.site.name = "Another name".to_owned());
    visit(&server, 2);
    assert_eq!(held(&server), Some(9.0));
}

#[test]
fn a_site_that_is_removed_has_no_figures_any_more() {
    let server = a_scraped_server();
    let shop = server.add_site("shop.example.com", &[]);
    server.close(shop);
    server.send(get("/").host("shop.example.com"));
    assert!(scrape(&server).all(REQUESTS).any(|(labels, _)| labels.get("site").is_some()));
    let done = server.actions().site_remove(&operator(), shop).unwrap();
    server.reach(done.revision.0);
    let figures = scrape(&server);
    assert!(figures.all(REQUESTS).all(|(labels, _)| labels.get("site").is_none()));
    assert_eq!((figures.value("maintenance_sites", &[]), figures.value("maintenance_sites_closed", &[])), (1.0, 0.0));
}

#[test]
fn the_state_is_told_with_its_revision_its_source_and_its_age() {
    let server = a_scraped_server();
    server.add_site("shop.example.com", &[]);
    server.close(FIRST_SITE);
    let figures = scrape(&server);
    assert_eq!(figures.value("maintenance_revision", &[]), server.maintenance.snapshot().revision().0 as f64);
    assert_eq!(figures.value("maintenance_sites", &[]), 2.0);
    assert_eq!(figures.value("maintenance_sites_closed", &[]), 1.0);
    assert_eq!(figures.value("maintenance_database_up", &[]), 1.0);
    assert_eq!(figures.value("maintenance_snapshot_source", &[("source", "database")]), 1.0);
    assert!(figures.value("maintenance_snapshot_age_seconds", &[]) < 10.0);
    assert_eq!(figures.value("maintenance_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    assert!(figures.value("process_start_time_seconds", &[]) > 1.7e9);
    assert_eq!(figures.value("maintenance_template_errors", &[]), 0.0);
}

#[test]
fn a_site_that_drains_is_counted_as_such_and_not_as_in_maintenance() {
    let server = a_scraped_server();
    let drain_until = Some(maintenance_mode::clock::now() + jiff::SignedDuration::from_mins(10));
    let start = maintenance_mode::actions::Start { drain_until, ..Default::default() };
    let done = server.actions().start(&operator(), &[FIRST_SITE], &start).unwrap();
    server.reach(done.revision.0);
    let figures = scrape(&server);
    let values = ["maintenance_sites_draining", "maintenance_sites_closed"].map(|name| figures.value(name, &[]));
    assert_eq!(values, [1.0, 0.0]);
    let ready = server.send(get("/readyz")).json();
    assert_eq!((&ready["draining"], &ready["in_maintenance"]), (&1.into(), &0.into()));
}

#[test]
fn the_time_from_a_change_to_its_enforcement_is_counted() {
    let server = a_scraped_server();
    let count = |server: &TestServer| scrape(server).value("maintenance_propagation_seconds_count", &[]);
    let before = count(&server);
    server.close(FIRST_SITE);
    server.open(FIRST_SITE);
    eventually("both changes are counted", || count(&server) >= before + 2.0);
}

#[test]
fn refused_log_ins_are_counted_by_the_reason() {
    let server = a_scraped_server();
    server.superuser("root");
    let refused = |reason| scrape(&server).value("maintenance_logins_refused_total", &[("reason", reason)]);
    assert_eq!((refused("password"), refused("throttled")), (0.0, 0.0));
    let stranger = server.visitor();
    stranger.get("/admin/login/");
    for _ in 0..7 {
        stranger.post("/admin/login/", &[("username", "ada"), ("password", "wrong password"), ("next", "")]);
    }
    assert_eq!((refused("password"), refused("throttled")), (5.0, 2.0));
}

#[test]
fn a_database_that_fails_is_down_and_its_errors_are_counted() {
    let server = a_scraped_server();
    let path = server.folder().join("test.sqlite3");
    std::fs::rename(&path, server.folder().join("gone")).unwrap();
    eventually("the server notices", || scrape(&server).value("maintenance_database_up", &[]) == 0.0);
    let figures = scrape(&server);
    let errors: f64 = figures.all("maintenance_database_errors_total").map(|(_, value)| value).sum();
    assert!(errors > 0.0, "{figures:?}");
    let age = || scrape(&server).value("maintenance_snapshot_age_seconds", &[]);
    let first = age();
    eventually("the state grows older", || age() > first);
}

#[test]
fn requests_are_counted_while_nothing_is_known() {
    for (verdict, status) in [("hold", 503), ("pass", 200)] {
        let server = a_server()
            .with("METRICS_TOKEN", TOKEN)
            .with("DATABASE_URL", NO_DATABASE)
            .with("MAINTENANCE_MIRROR", "none")
            .with("MAINTENANCE_ON_UNKNOWN", verdict)
            .start();
        let count = |server: &TestServer| scrape(server).find(REQUESTS, &[("verdict", verdict), ("reason", "unknown")]);
        let before = count(&server).unwrap_or(0.0);
        send_all(&server, &[(get("/"), 7, status)]);
        // Where everything passes, a scrape passes for the same reason.
        let scrapes = if verdict == "pass" { 1.0 } else { 0.0 };
        assert_eq!(count(&server), Some(before + 7.0 + scrapes));
        let figures = scrape(&server);
        assert_eq!(figures.value("maintenance_snapshot_source", &[("source", "unknown")]), 1.0);
        assert_eq!(figures.value("maintenance_database_up", &[]), 0.0);
        assert_eq!(figures.find("maintenance_snapshot_age_seconds", &[]), None);
    }
}

#[test]
fn templates_that_cannot_be_used_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("503.html"), "{{ never closed").unwrap();
    let server =
        a_server().with("METRICS_TOKEN", TOKEN).with("MAINTENANCE_TEMPLATES", folder.path().to_str().unwrap()).start();
    assert_eq!(scrape(&server).value("maintenance_template_errors", &[]), 1.0);
}

#[test]
fn figures_are_read_and_never_written() {
    let server = a_scraped_server();
    assert!(server.send(request("HEAD", "/metrics").with("Authorization", format!("Bearer {TOKEN}"))).body.is_empty());
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = server.send(request(method, "/metrics").with("Authorization", format!("Bearer {TOKEN}")));
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
    }
}
