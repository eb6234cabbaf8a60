//! `maintenance check` of sites that are open again, and of what a maintenance has left behind on them.

use crate::check::{check, closed, complaints, grade, open};
use crate::upstream::{Asked, Reply, serve};

type Breaking = fn(&Asked, Reply) -> Reply;

fn shop(head: &str) -> Reply {
    Reply::new(200, format!("<!doctype html><head><title>Shop</title>{head}</head><h1>Shop</h1>"))
}

#[test]
fn what_is_left_of_a_maintenance_beside_an_open_page_is_found() {
    let cases: [(&str, &str, &str, Breaking); 8] = [
        ("page's parts", "fault", "/s.css: 503", |asked, reply| match asked.path() {
            "/" => shop("<link rel=stylesheet href=/s.css>"),
            "/s.css" => closed(asked),
            _ => reply,
        }),
        ("page's parts", "fault", "/a.js: 503", |asked, reply| match asked.path() {
            "/" => Reply::redirect(302, "/en/"),
            "/en/" => shop("<script src=/a.js></script>"),
            "/a.js" => closed(asked),
            _ => reply,
        }),
        ("Refresh", "fault", "sends visitors on to", |asked, reply| match asked.path() {
            "/" => shop("<meta http-equiv=refresh content='0; url=/down.html'>"),
            "/down.html" => Reply::new(200, "<title>Maintenance</title>"),
            _ => reply,
        }),
        ("Refresh", "", "is open: all", |asked, reply| match asked.path() {
            "/" => shop("<meta http-equiv=refresh content='0; url=/en/'>"),
            "/en/" => shop(""),
            _ => reply,
        }),
        ("X-Robots-Tag", "warning", "noindex", |asked, reply| match asked.path() {
            "/" => reply.with("X-Robots-Tag", "noindex, nofollow"),
            _ => reply,
        }),
        ("robots.txt", "warning", "every crawler", |asked, reply| match asked.path() {
            "/robots.txt" => Reply::new(200, "User-agent: *\nDisallow: /\n"),
            _ => reply,
        }),
        ("robots.txt", "warning", "stay away", |asked, reply| match asked.path() {
            "/robots.txt" => closed(asked),
            _ => reply,
        }),
        ("page's parts", "", "is open: all", |asked, reply| match asked.path() {
            "/" => shop("<link rel=stylesheet href=/s.css><img src=/missing.png>"),
            "/s.css" => Reply::new(200, "a{}"),
            _ => reply,
        }),
    ];
    for (number, (point, expected, says, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| breaking(asked, open(asked)));
        let ran = check(&address, "--json --expect open").ends_with(i32::from(expected == "fault"));
        assert_eq!(grade(&ran.json(), point), expected, "case {number}: {}", ran.out);
        check(&address, "--expect open").says(&[says]);
    }
}

#[test]
fn a_plain_503_beside_an_open_page_is_not_called_a_maintenance() {
    let address = serve(|asked| match asked.path() {
        "/healthz" => Reply::new(503, r#"{"db": "down"}"#).with("Content-Type", "application/json"),
        _ => open(asked),
    });
    let ran = check(&address, "--expect open").ends_with(1).says(&["✗ fault  health", "says nothing of maintenance"]);
    assert!(!ran.out.contains("End the maintenance"), "{}", ran.out);
    let address = serve(|asked| match asked.path() {
        "/healthz" => Reply::new(503, "Closed").with("Retry-After", "9"),
        _ => open(asked),
    });
    check(&address, "--expect open").ends_with(1).says(&["still in maintenance. End the maintenance here, too"]);
}

#[test]
fn a_cache_is_named_for_certain_only_where_one_says_that_it_gave_the_answer() {
    let by_query = |age: &'static str| {
        serve(move |asked| match asked.target.contains('?') {
            true => closed(asked),
            false => open(asked).with("Age", age),
        })
    };
    check(&by_query("40"), "--expect closed").ends_with(1).says(&["so a cache still gives out what was before"]);
    check(&by_query("0"), "--expect closed").ends_with(1).says(&["or not all servers are in the same state"]);
}

#[test]
fn head_that_is_not_known_is_remarked_as_one_that_is_not_allowed() {
    for status in [405, 501] {
        let address = serve(move |asked| if asked.method == "HEAD" { Reply::new(status, "") } else { open(asked) });
        let ran = check(&address, "--json --expect open").succeeds();
        assert_eq!(complaints(&ran.json()), [("HEAD", "warning")], "{}", ran.out);
    }
}
