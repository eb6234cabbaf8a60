//! `maintenance check` of sites in maintenance: what else is wrong about an answer, in words that are true.

use std::sync::{Arc, Mutex};

use crate::check::{check, closed, complaints, grade, open};
use crate::machine::Machine;
use crate::upstream::{Asked, Reply, serve};

type Breaking = fn(&Asked, Reply) -> Reply;

/// A second line of a header.
fn and(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.push((name.to_owned(), value.to_owned()));
    reply
}

#[test]
fn headers_that_caches_go_by_are_looked_at() {
    let cases: [(&str, &str, &str, Breaking); 14] = [
        // Varnish counts from nothing for what it has just fetched.
        ("Age", "", "", |_, reply| reply.with("Age", "0")),
        ("Age", "fault", "40 s old", |_, reply| reply.with("Age", "40")),
        ("Age", "warning", "`soon` is no number of seconds", |_, reply| reply.with("Age", "soon")),
        ("Surrogate-Control", "fault", "max-age=3600", |_, reply| reply.with("Surrogate-Control", "max-age=3600")),
        ("CDN-Cache-Control", "fault", "max-age=60", |_, reply| reply.with("CDN-Cache-Control", "max-age=60")),
        ("CDN-Cache-Control", "fault", "max-age=9", |_, r| r.with("Cloudflare-CDN-Cache-Control", "public, max-age=9")),
        ("CDN-Cache-Control", "", "", |_, reply| reply.with("CDN-Cache-Control", "no-store")),
        ("Surrogate-Control", "", "", |_, reply| reply.with("Surrogate-Control", "max-age=0")),
        ("Cache-Control", "warning", "no-store wins", |_, reply| and(reply, "Cache-Control", "public, max-age=60")),
        ("X-Cache", "warning", "`HIT`", |_, reply| reply.with("X-Cache", "HIT")),
        ("X-Cache", "warning", "Hit from cloudfront", |_, reply| reply.with("X-Cache", "Hit from cloudfront")),
        ("X-Cache", "warning", "hit", |_, reply| reply.with("Cache-Status", "Edge; hit; ttl=9")),
        ("X-Cache", "", "", |_, reply| reply.with("X-Cache", "MISS").with("Cache-Status", "Edge; fwd=stale")),
        ("Content-Encoding", "warning", "gzip", |_, reply| reply.with("Content-Encoding", "gzip")),
    ];
    for (number, (point, expected, says, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| breaking(asked, closed(asked)));
        let ran = check(&address, "--json --expect closed").ends_with(i32::from(expected == "fault"));
        assert_eq!(grade(&ran.json(), point), expected, "case {number}: {}", ran.out);
        ran.says(&[says]);
    }
}

#[test]
fn writing_methods_are_sent_to_a_path_that_no_site_has_and_only_to_a_held_site() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let serving = |answer: fn(&Asked) -> Reply| {
        let seen = Arc::clone(&asked);
        serve(move |asked| {
            seen.lock().unwrap().push((asked.method.clone(), asked.path().to_owned()));
            answer(asked)
        })
    };
    let is_writing = |method: &str| ["PUT", "PATCH", "DELETE"].contains(&method);
    check(&serving(closed), "--expect closed").succeeds().says(&["✓ good  methods", "PUT, PATCH, DELETE"]);
    let sent: Vec<_> = asked.lock().unwrap().drain(..).filter(|(method, _)| is_writing(method)).collect();
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(sent.iter().all(|(_, path)| path.starts_with("/maintenance-check-")), "{sent:?}");
    for words in ["", "--expect open", "--expect closed"] {
        check(&serving(open), words);
        assert!(!asked.lock().unwrap().drain(..).any(|(method, _)| is_writing(&method)), "{words}");
    }
    let address = serve(|asked| if asked.method == "DELETE" { Reply::new(200, "gone") } else { closed(asked) });
    let ran = check(&address, "--json --expect closed").ends_with(1);
    assert_eq!(complaints(&ran.json()), [("methods", "fault")], "{}", ran.out);
    ran.says(&["DELETE: 200 OK, not 503"]);
    let address = serve(|asked| if asked.method.starts_with('P') { Reply::raw("") } else { closed(asked) });
    check(&address, "").says(&["PUT, PATCH: no answer", "DELETE: 503 Service Unavailable"]);
    Machine::new().run("check --help").says(&["PUT, PATCH and DELETE", "POST", "OPTIONS"]);
}

#[test]
fn a_redirect_to_a_503_page_is_explained_as_what_it_is() {
    let address = serve(|asked| match asked.path() {
        "/down" => closed(asked),
        _ => Reply::redirect(302, "/down"),
    });
    let ran = check(&address, "--json --expect closed").ends_with(1);
    let json = ran.json();
    assert_eq!(
        (grade(&json, "GET"), grade(&json, "random query"), grade(&json, "asked again")),
        ("fault", "good", "good")
    );
    assert_ne!(grade(&json, "panel"), "good", "it is sent to the maintenance page: {}", ran.out);
    assert_ne!(grade(&json, "health"), "good", "{}", ran.out);
    assert_eq!(ran.out.matches("\"fault\"").count(), 1, "one cause, one fault: {}", ran.out);
    for wrong in ["a cache answers there", "not all servers", "not held"] {
        assert!(!ran.out.contains(wrong), "{wrong}: {}", ran.out);
    }
}

#[test]
fn a_panel_that_answers_200_beside_a_marked_page_is_not_called_held() {
    let address = serve(|asked| match asked.path() {
        "/admin/login/" => Reply::new(200, "<form>Log in</form>").with("X-Maintenance", "planned"),
        "/healthz" => Reply::new(200, "Closed").with("X-Maintenance", "planned"),
        _ => Reply::new(200, "Closed").with("X-Maintenance", "planned"),
    });
    let json = check(&address, "--json --expect closed").json();
    assert_eq!((grade(&json, "panel"), grade(&json, "health")), ("good", "fault"), "{json:#}");
}

#[test]
fn paths_of_other_programs_are_named_by_their_options() {
    let address = serve(|asked| {
        Reply { status: 503, ..closed(asked) }.with("Retry-After", "9").with("Cache-Control", "no-store")
    });
    check(&address, "").succeeds().says(&["--panel", "--health"]);
}

#[test]
fn an_end_that_has_passed_is_told() {
    let address = serve(|asked| closed(asked).with("X-Maintenance", "planned; until=2020-01-01T00:00:00Z"));
    let ran = check(&address, "--expect closed").succeeds();
    ran.says(&["! warning  until", "2020-01-01T00:00:00Z, which has passed", "is in maintenance beyond its end"]);
}

#[test]
fn waits_that_contradict_or_never_end_are_told() {
    let cases: [(&str, &str, Breaking); 4] = [
        ("fault", "two Retry-After", |_, reply| and(reply, "Retry-After", "30")),
        ("good", "120 s", |_, reply| and(reply, "Retry-After", "120")),
        ("fault", "999999999999999999999999", |_, reply| reply.with("Retry-After", "999999999999999999999999")),
        ("warning", "604800 s", |_, reply| reply.with("Retry-After", "604800")),
    ];
    for (expected, says, breaking) in cases {
        let address =
            serve(move |asked| if asked.path() == "/healthz" { closed(asked) } else { breaking(asked, closed(asked)) });
        let ran = check(&address, "--json");
        assert_eq!(grade(&ran.json(), "Retry-After"), expected, "{}", ran.out);
        assert!(!ran.out.contains("9223372036854775807") && !ran.out.contains("9999-12"), "{}", ran.out);
        ran.says(&[says]);
    }
}

#[test]
fn what_a_site_says_plays_no_tricks_on_who_reads_it() {
    let tricks = "\u{202e}\u{2066}\u{200f}\u{200b}\u{feff}\u{9b}31m";
    let address = serve(move |asked| {
        closed(asked)
            .with("Content-Type", &format!("text/html{tricks}"))
            .with("Retry-After", &format!("6{tricks}{}", "x".repeat(9000)))
            .with("Cache-Control", &format!("no-store, {tricks}"))
            .with("X-Maintenance", &format!("planned{tricks}"))
            .with("ETag", tricks)
    });
    for words in ["--expect closed", "--expect open", "--json"] {
        let ran = check(&address, words);
        let shown = ran.out.chars().find(|c| tricks.replace("31m", "").contains(*c));
        assert_eq!(shown, None, "{words}: {}", ran.out);
        assert!(ran.out.lines().all(|line| line.chars().count() < 600), "{words}: {}", ran.out);
    }
    check(&address, "").says(&["\\u{202e}", "…"]);
    let address = serve(|_| Reply::redirect(302, &format!("/{}", "x".repeat(9000))));
    let ran = check(&address, "");
    assert!(ran.out.lines().all(|line| line.chars().count() < 2000), "{}", ran.out);
}

#[test]
fn a_password_in_a_redirect_is_never_printed() {
    for to in ["http://ada:s3cret@nowhere.invalid/", "http://ada:s3cret@[::1", "//ada:s3cret@127.0.0.1:9/"] {
        let address = serve(move |_| Reply::redirect(302, to));
        let held = serve(move |asked| match asked.path() {
            "/" => closed(asked),
            _ => Reply::redirect(302, to).with("Cache-Control", "no-store"),
        });
        for words in ["--expect open", "--expect closed", "--json"] {
            for address in [&address, &held] {
                let ran = check(address, words);
                assert!(!ran.out.contains("s3cret") && !ran.err.contains("s3cret"), "{}", ran.out);
            }
        }
    }
}

#[test]
fn parts_of_a_page_are_found_below_its_base_and_those_left_out_are_counted() {
    let serving = |head: &'static str| {
        serve(move |asked| match asked.path() {
            "/static/a.css" => Reply::new(200, "a{}"),
            _ => {
                Reply { body: format!("<head>{head}").into_bytes(), ..closed(asked) }.with("Content-Type", "text/html")
            }
        })
    };
    let address = serving("<base href=/static/><link rel=stylesheet href=a.css>");
    check(&address, "").says(&["/static/a.css: 200 OK"]);
    let elsewhere = serving("<base href=http://elsewhere.invalid/><link rel=stylesheet href=a.css>");
    check(&elsewhere, "").says(&["those of other hosts were not asked for: elsewhere.invalid"]);
    let many: String = (0..30).map(|number| format!("<img src=/static/a.css?{number}>")).collect();
    let address = serve(move |asked| match asked.path() {
        "/static/a.css" => Reply::new(200, "a{}"),
        _ => Reply { body: many.clone().into_bytes(), ..closed(asked) }.with("Content-Type", "text/html"),
    });
    check(&address, "").says(&["20 more parts were not asked for"]);
}

#[test]
fn who_is_let_through_reads_a_sentence() {
    let address = serve(|_| Reply::new(200, "shop").with("X-Maintenance", "let-through; reason=internal-ip"));
    for (words, says) in [
        ("", "is in maintenance for others, but lets you through: 1 fault"),
        ("--expect closed", "is in maintenance for others, but lets you through, who were to be held: 1 fault"),
        ("--expect open", "is in maintenance for others, not open as expected: 1 fault"),
    ] {
        check(&address, words).ends_with(1).says(&[says]);
    }
}

#[test]
fn nothing_but_the_answer_is_written_without_a_terminal() {
    assert_eq!(check(&serve(closed), "").err, "");
    Machine::new().run("check --help").says(&["`state`", "cannot be reached", "broken"]);
}

#[test]
fn a_site_below_a_path_is_asked_there() {
    let machine = Machine::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let address = serve(move |asked| {
        seen.lock().unwrap().push((asked.method.clone(), asked.path().to_owned()));
        match asked.path() {
            "/shop" => Reply::redirect(301, "/shop/"),
            path if path.starts_with("/shop/") => closed(asked),
            _ => open(asked),
        }
    });
    for path in ["shop/", "shop/cart?x=1", "shop"] {
        let ran = machine.run(&format!("check http://{address}/{path} --json --expect closed")).succeeds();
        assert_eq!(complaints(&ran.json()), [], "{path}");
    }
    let asked = asked.lock().unwrap();
    let strays =
        asked.iter().filter(|(method, path)| !path.starts_with("/shop") && !["GET", "HEAD"].contains(&method.as_str()));
    assert_eq!(strays.count(), 0, "{asked:?}");
}

#[test]
fn a_program_that_is_stopped_behind_a_page_that_is_right_is_no_fault() {
    for status in [502, 503, 504] {
        let address = serve(move |asked| match asked.path() {
            "/healthz" | "/admin/login/" | "/maintenance/status.json" => Reply::new(status, "<h1>Bad Gateway</h1>"),
            _ => closed(asked).with("X-Maintenance", "planned"),
        });
        let ran =
            check(&address, "--json --expect closed").succeeds().says(&["not running", "Start the program again"]);
        assert_eq!(complaints(&ran.json()), [("panel", "warning"), ("health", "warning")], "{}", ran.out);
    }
    let held = serve(|_| {
        let reply = Reply::new(503, "Closed").with("Retry-After", "9").with("Cache-Control", "no-store");
        reply.with("X-Maintenance", "planned")
    });
    let ran = check(&held, "--json --expect closed").ends_with(1);
    assert_eq!((grade(&ran.json(), "panel"), grade(&ran.json(), "health")), ("fault", "fault"), "{}", ran.out);
}

#[test]
fn a_state_that_nobody_knows_is_explained_by_what_may_be() {
    let address = serve(|asked| closed(asked).with("X-Maintenance", "unknown"));
    check(&address, "--expect closed")
        .ends_with(1)
        .says(&["nobody knows whether the site is closed", "Start the program"]);
}

#[test]
fn what_helps_at_several_points_is_told_once() {
    let ran = check(&serve(|_| Reply::new(200, "").with("X-Maintenance", "planned")), "--expect closed");
    let line = "Let the panel's path through";
    assert_eq!(ran.out.matches(line).count(), 1, "{}", ran.out);
    let held = serve(|asked| Reply { body: b"<img src=/a.png><img src=/b.png>".to_vec(), ..closed(asked) });
    assert_eq!(check(&held, "").out.matches("Put style and pictures into the page").count(), 1);
}
