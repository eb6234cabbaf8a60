//! *Who gets in?* and the tester beside the form of a site.

use maintenance_mode::network::InternalNetwork;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};

use crate::helpers::{FIRST_SITE, TestServer, Visitor, a_server, rows, texts};

/// The choices that stand for nobody by name.
const VISITOR: &str = "Visitor, not logged in";
const AT_WORK: &str = "Somebody at work since before the drain";

const PAGE: &str = "/admin/sites/1/";

fn ask(visitor: &Visitor<'_>, query: &str) -> String {
    let page = visitor.get(&format!("{PAGE}?{query}"));
    assert_eq!(page.status, 200, "{query}");
    page.text()
}

fn verdicts(visitor: &Visitor<'_>, query: &str) -> Vec<String> {
    texts(&ask(visitor, query), ".verdict caption")
}

/// The sentences that say what is wrong with a question.
fn wrong(visitor: &Visitor<'_>, query: &str) -> Vec<String> {
    let page = ask(visitor, query);
    assert!(texts(&page, ".verdict").is_empty(), "{query} is not answered");
    texts(&page, "#who .error")
}

fn with_rules(server: &TestServer) {
    server.edit(FIRST_SITE, |record| {
        record.patterns.push(IgnoredPattern {
            kind: PatternKind::Regex,
            pattern: "^health/".to_owned(),
            description: String::new(),
        });
        let network = "198.51.100.0/24".parse().unwrap();
        record.networks.push(InternalNetwork { network, description: String::new() });
    });
}

#[test]
fn who_gets_in_is_listed_in_the_order_of_the_rules() {
    let server =
        a_server().with("INTERNAL_IPS", "10.0.0.0/8").with("MAINTENANCE_ADMIN_IGNORED_URLS", "^status/$").start();
    with_rules(&server);
    let ada = server.superuser("ada");
    assert_eq!(
        texts(&ask(&ada, ""), "#rules li"),
        [
            "Panel /admin/ and health checks always",
            "Addresses 10.0.0.0/8 settings",
            "Addresses 198.51.100.0/24 this site",
            "1 ignored pattern this site",
            "1 ignored pattern settings",
            "Superusers always",
            "Staff of this site",
        ]
    );
    let strict = a_server().with("MAINTENANCE_BLOCK_STAFF", "true").start();
    let rules = texts(&ask(&strict.superuser("ada"), ""), "#rules li");
    assert_eq!(rules.last().map(String::as_str), Some("Not staff, they are blocked settings"));
}

#[test]
fn nothing_is_answered_before_somebody_asks() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    assert!(verdicts(&ada, "").is_empty());
    let page = ask(&ada, "target=");
    assert_eq!(texts(&page, ".verdict").len(), 2);
    assert!(page.contains("id=\"verdict\" tabindex=\"-1\" data-live autofocus"), "the answer takes the focus");
}

#[test]
fn an_open_site_is_answered_for_now_and_for_once_maintenance_has_started() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let closed = "Once maintenance has started 503: kept out. No rule lets it in.";
    assert_eq!(verdicts(&ada, "target=/cart&as="), ["Now Let in, because the site is open.", closed]);
    server.close(FIRST_SITE);
    assert_eq!(verdicts(&ada, "target=/cart"), ["503: kept out. No rule lets it in."]);
}

#[test]
fn the_rule_that_decides_is_marked_and_later_ones_are_not_asked() {
    let server = a_server().start();
    with_rules(&server);
    server.close(FIRST_SITE);
    let ada = server.superuser("ada");
    let page = ask(&ada, "target=/health/x&ip=203.0.113.9");
    assert_eq!(rows(&page, ".verdict .decides"), ["5 | Ignored pattern | yes: ^health/ decides"]);
    let rows = rows(&page, ".verdict tbody tr");
    assert_eq!(rows.len(), 9);
    assert_eq!(rows[3], "4 | Internal address | no: 203.0.113.9 is in no internal network");
    let later = [
        "6 | Superuser or staff | not asked",
        "8 | At work before the drain | not asked",
        "9 | Closed for writing | not asked",
        "10 | Otherwise | not asked",
    ];
    assert_eq!(rows[5..], later);
}

#[test]
fn addresses_paths_and_people_are_understood() {
    let server = a_server().with("INTERNAL_IPS", "10.0.0.0/8").start();
    with_rules(&server);
    server.close(FIRST_SITE);
    let other = server.add_site("other.example", &[]);
    let ada = server.superuser("ada");
    server.staff("bo", None);
    server.staff("cy", Some(vec![other]));
    let kept_out = "503: kept out. No rule lets it in.";
    let pattern = "Let in, because the ignored pattern ^health/ matches.";
    for (query, verdict) in [
        ("target=", kept_out),
        ("target=/", kept_out),
        ("target=health/x", pattern),
        ("target=/health/x?y=1%23z", pattern),
        ("target=http://localhost/health/", pattern),
        ("target=https://LOCALHOST:8443/health/", pattern),
        ("target=localhost/health/", pattern),
        ("target=//health/", kept_out),
        ("target=/health/../cart", kept_out),
        ("target=/admin/", "Let in, because the panel and health checks are always reachable."),
        ("target=/&ip=10.1.2.3", "Let in, because the address 10.1.2.3 is internal, by 10.0.0.0/8."),
        (
            "target=/&ip=::ffff:198.51.100.7",
            "Let in, because the address 198.51.100.7 is internal, by 198.51.100.0/24.",
        ),
        ("target=/&ip=[2001:db8::1]", kept_out),
        ("target=/&as=ada", "Let in, because you are a superuser."),
        ("target=/&as=me", "Let in, because you are a superuser."),
        ("target=/&as=bo", "Let in, because bo is staff of this site."),
        ("target=/&as=cy", kept_out),
        ("target=/&method=POST", kept_out),
        ("target=/&method=propfind", kept_out),
    ] {
        assert_eq!(verdicts(&ada, query), [verdict], "{query}");
    }
    let people = texts(&ask(&ada, ""), "#as option");
    assert_eq!(people, [VISITOR, AT_WORK, "ada (you, superuser)", "bo (staff)", "cy (staff of other sites)"]);
}

#[test]
fn what_cannot_be_asked_is_said_in_words() {
    let server = a_server().start();
    server.add_site("other.example", &["*.other.example"]);
    server.close(FIRST_SITE);
    let ada = server.superuser("ada");
    for (query, words) in [
        ("target=/&ip=somewhere", "“somewhere” is not an IP address, such as 203.0.113.9 or 2001:db8::1."),
        ("target=/&ip=10.0.0.0/8", "“10.0.0.0/8” is not an IP address"),
        ("target=/&method=GE+T", "“GE T” is not a method, such as GET or POST."),
        ("target=/&as=nobody", "There is no user “nobody” to test as."),
        ("target=ftp://localhost/", "“ftp://localhost/” is not a web address."),
        ("target=http://a..b/", "In “http://a..b/” the host is malformed."),
        ("target=http://ann@localhost/", "In “http://ann@localhost/” the host is malformed."),
        ("target=http://other.example/", "other.example is another site. Try it there."),
        ("target=http://a.other.example/", "a.other.example belongs to other.example, not to this site."),
        (&format!("target=/{}", "a".repeat(8_000)), "The address has 8001 bytes; at most 8000 are tried."),
    ] {
        let errors = wrong(&ada, query);
        assert!(errors.len() == 1 && errors[0].starts_with(words), "{query}: {errors:?}");
    }
    let page = ask(&ada, "target=%3Cb%3E&ip=%3Cscript%3E");
    assert!(!page.contains("<script>\"") && page.contains("&lt;script&gt;"));
}

#[test]
fn limited_staff_learn_nothing_of_other_sites_and_their_people() {
    let server = a_server().start();
    let own = server.add_site("own.example", &[]);
    server.add_site("secret.example", &[]);
    server.superuser("ada");
    server.staff("cy", Some(vec![FIRST_SITE]));
    let bo = server.staff("bo", Some(vec![own]));
    let ask = |query: &str| bo.get(&format!("/admin/sites/{own}/?{query}")).text();
    let page = ask("target=http://secret.example/");
    let errors = texts(&page, "#who .error");
    assert_eq!(errors, ["secret.example is another site. Try it there."]);
    assert_eq!(texts(&page, "#as option"), [VISITOR, AT_WORK, "bo (you, staff)", "ada (superuser)"]);
    assert_eq!(texts(&ask("target=/&as=cy"), "#who .error"), ["There is no user “cy” to test as."]);
}

#[test]
fn a_redirect_is_told() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| record.maintenance.redirect_url = Some("https://status.example.com/".to_owned()));
    server.close(FIRST_SITE);
    let ada = server.superuser("ada");
    assert_eq!(verdicts(&ada, "target=/"), ["302: kept out, sent to https://status.example.com/. No rule lets it in."]);
}
