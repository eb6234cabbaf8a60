//! What a web server in front is told: about every request what the gate would do with it, and nothing to anybody else.

use maintenance_mode::actions::Start;
use maintenance_mode::maintenance::Level;
use maintenance_mode::network::InternalNetwork;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::site::SiteId;
use proptest::prelude::*;

use crate::helpers::{
    Exposition, FIRST_SITE, NO_DATABASE, Request, Response, TestServer, a_server, eventually, get, operator, request,
};

/// The site that the web server serves; another one, the default, stays open.
const SHOP: &str = "shop.example";

/// A visitor from outside.
const STRANGER: &str = "203.0.113.9";

/// A server behind a web server on the same machine, with its shop.
fn behind_a_proxy() -> (TestServer, SiteId) {
    let server = a_server().with("TRUSTED_PROXIES", "127.0.0.1").with("INTERNAL_IPS", "127.0.0.1,10.0.0.0/8").start();
    let shop = server.add_site(SHOP, &[]);
    (server, shop)
}

/// The same, with the shop closed but for one page.
fn closed_shop() -> (TestServer, SiteId) {
    let (server, shop) = behind_a_proxy();
    server.edit(shop, |record| {
        let pattern = "^ignored-page/$".to_owned();
        record.patterns.push(IgnoredPattern { kind: PatternKind::Regex, pattern, description: String::new() });
        record.maintenance.in_maintenance = true;
    });
    (server, shop)
}

/// What a visitor asks of the web server.
#[derive(Debug, Clone)]
struct Visit<'a> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
    from: &'a str,
    more: Vec<(&'a str, &'a str)>,
}

/// A visitor who opens a page of the shop.
fn visit(target: &str) -> Visit<'_> {
    Visit { method: "GET", target, host: SHOP, from: STRANGER, more: Vec::new() }
}

/// How a web server asks about a visit.
type Proxy = fn(&Visit<'_>) -> Request;

/// Every web server in its own words.
const PROXIES: [(&str, Proxy); 5] =
    [("nginx", nginx), ("caddy", caddy), ("traefik", traefik), ("envoy", envoy), ("haproxy", haproxy)];

fn with_more(asked: Request, visit: &Visit<'_>) -> Request {
    visit.more.iter().fold(asked, |asked, (name, value)| asked.with(name, value))
}

/// `auth_request`: a GET with the visitor's headers, and what `proxy_set_header` adds.
fn nginx(visit: &Visit<'_>) -> Request {
    let asked = request("GET", "/maintenance/check")
        .host("127.0.0.1:8080")
        .with("X-Forwarded-Host", visit.host)
        .with("X-Original-URI", visit.target)
        .with("X-Original-Method", visit.method)
        .with("X-Forwarded-For", visit.from);
    with_more(asked, visit)
}

/// `forward_auth`: a GET with the visitor's headers and host.
fn caddy(visit: &Visit<'_>) -> Request {
    let asked = request("GET", "/maintenance/check")
        .host(visit.host)
        .with("X-Forwarded-For", visit.from)
        .with("X-Forwarded-Host", visit.host)
        .with("X-Forwarded-Method", visit.method)
        .with("X-Forwarded-Proto", "https")
        .with("X-Forwarded-Uri", visit.target);
    with_more(asked, visit)
}

/// `ForwardAuth`: a GET with the visitor's headers, to the endpoint's own host.
fn traefik(visit: &Visit<'_>) -> Request {
    caddy(visit).host("maintenance:8080").with("X-Forwarded-Port", "443").with("X-Forwarded-Server", "edge")
}

/// `ext_authz` with `path_prefix`: the visitor's method, host and path.
fn envoy(visit: &Visit<'_>) -> Request {
    let target = format!("/maintenance/check{}", visit.target);
    let asked = request(visit.method, &target).host(visit.host).with("X-Forwarded-For", visit.from);
    with_more(asked, visit)
}

/// `option forwarded` beside `option forwardfor`.
fn haproxy(visit: &Visit<'_>) -> Request {
    let forwarded = format!("proto=https;host=\"{}\";for={}", visit.host, visit.from);
    caddy(visit).with("Forwarded", forwarded)
}

/// Status, and why a request passes.
fn told(answer: &Response) -> (u16, &str) {
    (heard(answer), answer.header("x-maintenance-reason"))
}

/// What the proxy does: 204 for letting pass, which Envoy hears as 200, else the status for the visitor, where Envoy
/// makes 503 of 403.
fn heard(answer: &Response) -> u16 {
    match answer.status {
        200 if answer.body.is_empty() => 204,
        403 if !answer.header("x-maintenance").is_empty() => 503,
        status => status,
    }
}

#[test]
fn every_proxy_is_told_what_the_gate_would_do() {
    let (server, shop) = behind_a_proxy();
    // In a spelling that servers could read differently, but what stands before it is the endpoint's own path.
    let odd = ["/a%2bb", "/a%25b", "/a%0ab", "/a%zz", "/%", "/a/.%3b/b", "/checkout;%ff", "/a/../ignored-page/", "//a"];
    let rows = [(visit("/"), Some("open")), (visit("/cart?x=/ignored-page/"), Some("open"))];
    let rows: Vec<_> = rows.into_iter().chain(odd.map(|target| (visit(target), Some("open")))).collect();
    let closed_rows = [
        (visit("/"), None),
        (visit("/ignored-page/"), Some("ignored-pattern")),
        (visit("/ignored-page/?a=b"), Some("ignored-pattern")),
        (visit("/cart?/ignored-page/"), None),
        (visit("/healthz"), Some("built-in")),
        (visit("/healthz/x"), None),
        (visit("/metrics/x"), None),
        (Visit { from: "10.1.2.3", ..visit("/") }, Some("internal-ip")),
        (Visit { from: "10.1.2.3, 203.0.113.9", ..visit("/") }, None),
        (Visit { method: "POST", ..visit("/") }, None),
        (Visit { method: "HEAD", ..visit("/") }, None),
        (Visit { method: "OPTIONS", ..visit("/") }, None),
        (Visit { host: "SHOP.example:443", ..visit("/") }, None),
        (Visit { host: "localhost", ..visit("/") }, Some("open")),
    ];
    let closed_rows: Vec<_> = closed_rows.into_iter().chain(odd.map(|target| (visit(target), None))).collect();
    let check = |rows: &[(Visit<'_>, Option<&str>)]| {
        for (name, proxy) in PROXIES {
            for (visit, reason) in rows {
                let answer = server.send(proxy(visit));
                let expected = reason.map_or((503, ""), |reason| (204, reason));
                assert_eq!(told(&answer), expected, "{name}: {visit:?}: {}", answer.text());
                // Envoy would take it for an outage.
                assert!(name != "envoy" || answer.status < 500, "{name}: {visit:?}");
                assert_eq!(answer.header("cache-control"), "no-store", "{name}: {visit:?}");
                assert!(heard(&answer) == 503 || answer.body.is_empty(), "{name}: {visit:?}");
            }
        }
    };
    check(&rows);
    server.edit(shop, |record| {
        let pattern = "^ignored-page/$".to_owned();
        record.patterns.push(IgnoredPattern { kind: PatternKind::Regex, pattern, description: String::new() });
    });
    server.close(shop);
    check(&closed_rows);
    server.open(shop);
    check(&rows);
}

#[test]
fn a_held_request_gets_the_very_answer_of_the_gate() {
    let (server, shop) = closed_shop();
    server.edit(shop, |record| record.maintenance.expected_end = "2099-01-01T00:00:00Z".parse().ok());
    let kinds = [
        ("text/html,*/*;q=0.8", "de", "text/html; charset=utf-8"),
        ("application/json", "en", "application/problem+json"),
        ("text/plain", "fr", "text/plain; charset=utf-8"),
    ];
    for (accept, language, kind) in kinds {
        for method in ["GET", "POST"] {
            let direct = request(method, "/cart").host(SHOP).with("Accept", accept).with("Accept-Language", language);
            let direct = server.send(direct.with("X-Forwarded-For", STRANGER));
            assert_eq!((direct.status, direct.header("content-type")), (503, kind));
            for (name, proxy) in PROXIES {
                let more = vec![("Accept", accept), ("Accept-Language", language)];
                let answer = server.send(proxy(&Visit { method, more, ..visit("/cart") }));
                assert_eq!(answer.body, direct.body, "{name} {method} {accept}");
                let compared = |answer: &Response| {
                    answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect::<Vec<_>>()
                };
                assert_eq!(compared(&answer), compared(&direct), "{name} {method} {accept}");
            }
        }
    }
    server.edit(shop, |record| record.maintenance.redirect_url = Some("/down/".to_owned()));
    let answer = server.send(caddy(&visit("/cart")));
    assert_eq!((answer.status, answer.header("location")), (302, "/down/"));
    assert_eq!(server.send(caddy(&visit("/down/"))).status, 503, "a redirect never leads to itself");
}

#[test]
fn envoy_is_told_in_the_only_way_that_it_understands() {
    let (server, shop) = closed_shop();
    let (pass, hold) = (server.send(envoy(&visit("/ignored-page/"))), server.send(envoy(&visit("/"))));
    assert_eq!((pass.status, pass.body.len()), (200, 0));
    assert_eq!((hold.status, hold.header("retry-after")), (403, "120"));
    assert_eq!(hold.text(), server.send(caddy(&visit("/"))).text());
    server.edit(shop, |record| record.maintenance.redirect_url = Some("/down/".to_owned()));
    assert_eq!(server.send(envoy(&visit("/"))).status, 302);
}

#[test]
fn nginx_is_told_in_the_only_way_that_it_passes_on() {
    let (server, shop) = closed_shop();
    let ask = |visit: &Visit<'_>| {
        let asked = nginx(visit).line("GET /maintenance/check?style=nginx HTTP/1.0");
        server.send(asked)
    };
    let held = ask(&visit("/"));
    assert_eq!((held.status, held.body.len(), held.header("www-authenticate")), (401, 0, ""));
    assert_eq!((held.header("x-maintenance-retry-after"), held.header("x-maintenance")), ("120", "planned"));
    assert_eq!((held.header("retry-after"), held.header("cache-control")), ("", "no-store"));
    assert_eq!(told(&ask(&visit("/ignored-page/"))), (204, "ignored-pattern"));
    assert_eq!(ask(&Visit { host: "a b", ..visit("/") }).status, 401);
    server.edit(shop, |record| record.maintenance.redirect_url = Some("/down/".to_owned()));
    assert_eq!((ask(&visit("/")).status, ask(&visit("/")).header("location")), (401, ""));
    // Below the endpoint the query is the visitor's own.
    assert_eq!(server.send(envoy(&visit("/cart?style=nginx"))).status, 302);
    // And so it is with Caddy, which hands it on.
    for (query, status) in [("style=red", 302), ("a=b&style=nginx", 302), ("/ignored-page/", 302), ("", 302)] {
        let asked = caddy(&visit("/cart")).line(format!("GET /maintenance/check?{query} HTTP/1.1"));
        assert_eq!(server.send(asked).status, status, "{query}");
    }
}

#[test]
fn nobody_but_a_trusted_proxy_gets_a_verdict() {
    let server = a_server().with("INTERNAL_IPS", "127.0.0.1").start();
    server.close(FIRST_SITE);
    for (name, proxy) in PROXIES {
        for target in ["/", "/ignored-page/"] {
            let answer = server.send(proxy(&Visit { host: "localhost", ..visit(target) }));
            assert_eq!(told(&answer), (403, ""), "{name} {target}");
            assert!(answer.text().starts_with("This address answers web servers that it trusts"), "{}", answer.text());
            assert_eq!((answer.header("x-maintenance"), answer.header("cache-control")), ("", "no-store"), "{name}");
        }
    }
    let plain = server.send(request("GET", "/maintenance/check?style=nginx"));
    assert_eq!(plain.status, 403);
}

#[test]
fn what_a_visitor_forges_gains_nothing() {
    let (server, _) = closed_shop();
    // Headers that a proxy of another kind sets, handed on as the visitor sent them.
    for more in [
        ("X-Forwarded-Uri", "/ignored-page/"),
        ("X-Original-URI", "/ignored-page/"),
        ("X-Envoy-Original-Path", "/ignored-page/"),
        ("X-Original-URL", "https://localhost/ignored-page/"),
        ("X-Rewrite-URL", "/ignored-page/"),
        ("Forwarded", "for=10.1.2.3;host=localhost"),
        ("X-Real-IP", "10.1.2.3"),
        ("X-Original-Host", "localhost"),
        ("X-HTTP-Method-Override", "GET"),
    ] {
        for (name, proxy) in PROXIES {
            let answer = server.send(proxy(&Visit { more: vec![more], ..visit("/cart") }));
            assert!(matches!(heard(&answer), 400 | 503), "{name} {more:?}: {}", answer.status);
            assert_eq!(answer.header("x-maintenance-reason"), "", "{name} {more:?}");
        }
    }
    // A malformed host is not decided about by the default site, which is open.
    for host in ["", "shop.example:99999", "shop example", "shop.example, localhost:x", "[", "shop..example"] {
        for (name, proxy) in PROXIES {
            assert_eq!(server.send(proxy(&Visit { host, ..visit("/") })).status, 400, "{name} {host:?}");
        }
    }
    let two = envoy(&visit("/")).with("Host", "localhost");
    assert_eq!(server.send(two).status, 400);
    // A proxy that names no client is not the client: its own address is internal.
    for (name, proxy) in PROXIES {
        let asked = proxy(&visit("/")).without("X-Forwarded-For").without("Forwarded");
        assert_eq!(heard(&server.send(asked)), 503, "{name}");
    }
}

#[test]
fn a_proxy_that_says_too_little_is_told_what_is_missing() {
    let (server, _) = closed_shop();
    let answer = server.send(request("GET", "/maintenance/check").host(SHOP));
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("send X-Forwarded-Uri or X-Original-URI"), "{}", answer.text());
    let answer = server.send(request("GET", "/maintenance/check?style=nginx").host(SHOP));
    assert_eq!(answer.status, 400, "loud, not a page that says that all is well");
}

#[test]
fn a_site_that_is_closed_for_writing_is_decided_by_the_visitors_method() {
    let (server, shop) = behind_a_proxy();
    let start = Start { level: Some(Level::ReadOnly), ..Start::default() };
    let done = server.actions().start(&operator(), &[shop], &start).unwrap();
    server.reach(done.revision.0);
    for (name, proxy) in PROXIES {
        for (method, status) in [("GET", 204), ("HEAD", 204), ("OPTIONS", 204), ("POST", 503), ("PROPFIND", 503)] {
            let answer = server.send(proxy(&Visit { method, ..visit("/") }));
            assert_eq!(heard(&answer), status, "{name} {method}");
            if status == 204 {
                let words = (answer.header("x-maintenance"), answer.header("x-maintenance-reason"));
                assert_eq!(words, ("let-through; reason=read-only", "read-only"), "{name} {method}");
            }
        }
    }
    // A proxy that keeps the method to itself may be asking about a form.
    assert_eq!(server.send(nginx(&visit("/")).without("X-Original-Method")).status, 503);
}

#[test]
fn people_who_are_let_through_pass_the_web_server_by_their_cookie() {
    let (server, shop) = closed_shop();
    let other = server.add_site("other.example", &[]);
    server.close(other);
    let root = server.superuser("root").cookie();
    let staff = server.staff("bo", Some(vec![shop])).cookie();
    let ask = |host: &str, cookie: &str| {
        let answers = PROXIES.map(|(_, proxy)| server.send(proxy(&Visit { host, ..visit("/cart") }).cookie(cookie)));
        for answer in &answers {
            assert_eq!(told(answer), told(&answers[0]));
            if heard(answer) == 204 {
                let mark = format!("let-through; reason={}", answer.header("x-maintenance-reason"));
                assert_eq!(answer.header("x-maintenance"), mark);
            }
        }
        (heard(&answers[0]), answers[0].header("x-maintenance-reason").to_owned())
    };
    assert_eq!(ask(SHOP, &root), (204, "superuser".to_owned()));
    assert_eq!(ask(SHOP, &staff), (204, "staff".to_owned()));
    assert_eq!(ask("other.example", &root), (204, "superuser".to_owned()));
    assert_eq!(ask("other.example", &staff), (503, String::new()), "not their site");
    for forged in ["maintenance_session=x", "maintenance_session=", "theme=dark", &staff[..staff.len() - 1]] {
        assert_eq!(ask(SHOP, forged), (503, String::new()), "{forged}");
    }
}

#[test]
fn a_log_in_at_the_panel_counts_on_every_host_of_the_cookies_domain() {
    let server = a_server()
        .with("TRUSTED_PROXIES", "127.0.0.1")
        .with("SESSION_COOKIE_DOMAIN", "example.com")
        .with("PUBLIC_ORIGIN", "http://admin.example.com")
        .start();
    let [shop, forum] = ["shop.example.com", "forum.example.com"].map(|domain| server.add_site(domain, &[]));
    server.close(shop);
    server.close(forum);
    let staff = server.staff("bo", Some(vec![shop]));
    let cookie = staff.cookie();
    let session = cookie.split("; ").find(|pair| pair.starts_with("maintenance_domain_session=")).unwrap().to_owned();
    let ask = |host: &str, cookie: &str| server.send(caddy(&Visit { host, ..visit("/") }).cookie(cookie));
    assert_eq!(told(&ask("shop.example.com", &session)), (204, "staff"));
    assert_eq!(ask("forum.example.com", &session).status, 503, "not their site");
    // Under the name of a cookie for one host alone it is none of ours, and the value is nobody else's.
    let value = session.split_once('=').unwrap().1;
    for name in ["maintenance_session", "__Secure-maintenance_session", "__Host-maintenance_session"] {
        assert_eq!(ask("shop.example.com", &format!("{name}={value}")).status, 503, "{name}");
    }
    let other = a_server().with("TRUSTED_PROXIES", "127.0.0.1").start();
    other.close(FIRST_SITE);
    let foreign = other.superuser("root").cookie().replace("maintenance_session", "maintenance_domain_session");
    assert_eq!(ask("shop.example.com", &foreign).status, 503, "a log-in at another panel");
    let out = staff.post("/admin/logout/", &[]);
    let set = out.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("maintenance_domain_"));
    let (_, set) = set.expect("the cookie is taken away");
    assert!(set.contains("Domain=example.com") && set.contains("Max-Age=0"), "{set}");
    eventually("the log-in is over", || ask("shop.example.com", &session).status == 503);
}

#[test]
fn a_websocket_a_body_and_an_old_protocol_change_nothing() {
    let (server, _) = closed_shop();
    for (target, status) in [("/", 503), ("/ignored-page/", 204)] {
        for (name, proxy) in PROXIES {
            let upgrade = proxy(&visit(target)).with("Connection", "Upgrade").with("Upgrade", "websocket");
            assert_eq!(heard(&server.send(upgrade)), status, "{name}");
            let long = proxy(&Visit { method: "POST", ..visit(target) }).body(vec![b'x'; 1 << 20]);
            assert_eq!(heard(&server.send(long)), status, "{name}");
        }
        let old = nginx(&visit(target)).line("GET /maintenance/check HTTP/1.0").without("Host");
        assert_eq!(server.send(old).status, status);
    }
}

#[test]
fn while_nothing_is_known_nothing_passes() {
    for (setting, check, nginx_style, page) in [("hold", 503, 401, 503), ("pass", 204, 204, 503)] {
        let server = a_server()
            .with("TRUSTED_PROXIES", "127.0.0.1")
            .with("DATABASE_URL", NO_DATABASE)
            .with("MAINTENANCE_MIRROR", "none")
            .with("MAINTENANCE_ON_UNKNOWN", setting)
            .start();
        let answer = server.send(caddy(&visit("/")));
        assert_eq!(answer.status, check);
        assert_eq!(answer.header("x-maintenance"), if check == 503 { "unknown" } else { "" });
        let asked = nginx(&visit("/")).line("GET /maintenance/check?style=nginx HTTP/1.1");
        assert_eq!(server.send(asked).status, nginx_style);
        assert_eq!(server.send(request("GET", "/maintenance/page").host(SHOP)).status, page);
    }
}

#[test]
fn a_host_without_site_is_answered_as_the_gate_answers_it() {
    let server = a_server().with("TRUSTED_PROXIES", "127.0.0.1").with("MAINTENANCE_UNKNOWN_SITE", "not-found").start();
    server.add_site(SHOP, &[]);
    server.edit(FIRST_SITE, |record| record.site.is_default = false);
    let nobody = Visit { host: "nobody.example", ..visit("/") };
    assert_eq!(server.send(caddy(&nobody)).status, 404);
    let asked = nginx(&nobody).line("GET /maintenance/check?style=nginx HTTP/1.1");
    assert_eq!(server.send(asked).status, 401);
    let page = request("POST", "/maintenance/page").host("nobody.example");
    assert_eq!(server.send(page).status, 404);
}

#[test]
fn the_page_is_the_held_answer_whatever_was_asked() {
    let (server, shop) = closed_shop();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let page = request(method, "/maintenance/page")
            .host("127.0.0.1:8080")
            .with("X-Forwarded-Host", SHOP)
            .with("X-Original-Method", method)
            .with("X-Original-URI", "/ignored-page/")
            .with("X-Forwarded-For", "10.1.2.3")
            .with("Accept", "text/html");
        let answer = server.send(page);
        assert_eq!((answer.status, answer.header("retry-after")), (503, "120"), "{method}");
        assert_eq!(
            (answer.header("cache-control"), answer.header("x-maintenance")),
            ("no-store", "planned"),
            "{method}"
        );
        assert_eq!(answer.body.is_empty(), method == "HEAD");
        let was_sent = answer.text().contains("What you just sent did not arrive.");
        assert_eq!(was_sent, !matches!(method, "GET" | "HEAD"), "{method}");
    }
    let long = request("POST", "/maintenance/page").host(SHOP).body(vec![b'x'; 1 << 20]);
    assert_eq!(server.send(long).status, 503);
    // From whoever is no proxy the host of its own request counts, and nothing forwarded.
    let stranger = a_server().start();
    let other = stranger.add_site(SHOP, &[]);
    stranger.edit(other, |record| record.maintenance.retry_after = Some(77));
    stranger.close(other);
    let page = |host: &str| request("GET", "/maintenance/page").host(host).with("X-Forwarded-Host", "localhost");
    assert_eq!(stranger.send(page(SHOP)).header("retry-after"), "77");
    assert_eq!(server.send(request("GET", "/maintenance/page").host("a b")).status, 400);
    server.edit(shop, |record| record.maintenance.redirect_url = Some("https://status.example/".to_owned()));
    assert_eq!(server.send(request("GET", "/maintenance/page").host(SHOP)).status, 302);
}

#[test]
fn the_page_of_a_site_that_has_opened_meanwhile_is_asked_for_again_at_once() {
    let (server, _) = behind_a_proxy();
    let page = request("POST", "/maintenance/page").with("X-Forwarded-Host", SHOP).with("Accept-Language", "de");
    let answer = server.send(page.with("Accept", "text/html"));
    assert_eq!((answer.status, answer.header("retry-after"), answer.header("cache-control")), (503, "1", "no-store"));
    assert!(answer.text().contains("<html lang=\"de\""), "{}", answer.text());
    assert_eq!(answer.header("location"), "");
}

#[test]
fn what_a_proxy_asks_about_is_counted_at_its_site() {
    let token = "scrape-me-every-15s";
    let server = a_server().with("TRUSTED_PROXIES", "127.0.0.1").with("METRICS_TOKEN", token).start();
    let shop = server.add_site(SHOP, &[]);
    server.edit(shop, |record| {
        let network = "198.51.100.0/24".parse().unwrap();
        record.networks.push(InternalNetwork { network, description: String::new() });
    });
    server.close(shop);
    server.send(caddy(&visit("/")));
    server.send(nginx(&Visit { from: "198.51.100.7", ..visit("/") }));
    let figures = server.send(get("/metrics").with("Authorization", format!("Bearer {token}"))).text();
    let figures = Exposition::parse(&figures);
    for (verdict, reason) in [("hold", "maintenance"), ("pass", "internal-ip")] {
        let labels = [("site", SHOP), ("verdict", verdict), ("reason", reason)];
        assert_eq!(figures.value("maintenance_requests_total", &labels), 1.0, "{reason}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn check_and_gate_agree_about_every_target(
        target in "/(ignored-page|admin|healthz|cart|\\.\\.|%2e%2e|%2f|;a|\\.|%00|){0,1}(/(ignored-page|\\.\\.|%2E|x)){0,2}/{0,2}(\\?[a-z/=]{0,9})?",
        method in "GET|POST|HEAD",
        from in "10\\.1\\.2\\.3|203\\.0\\.113\\.9|127\\.0\\.0\\.1, 203\\.0\\.113\\.9|garbage",
    ) {
        let server = shared();
        let direct = server.send(request(&method, &target).host(SHOP).with("X-Forwarded-For", &from));
        for (name, proxy) in PROXIES {
            let answer = server.send(proxy(&Visit { method: &method, from: &from, ..visit(&target) }));
            prop_assert_eq!(heard(&answer) == 503, direct.status == 503, "{} {}: {}", name, target, answer.status);
            prop_assert!(matches!(heard(&answer), 204 | 503), "{} {}: {}", name, target, answer.status);
        }
    }
}

/// One server for all cases of the property.
fn shared() -> &'static TestServer {
    static SERVER: std::sync::OnceLock<TestServer> = std::sync::OnceLock::new();
    SERVER.get_or_init(|| closed_shop().0)
}
