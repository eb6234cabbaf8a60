//! `maintenance check` of sites that are open, or should be: nothing is called good that is not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::check::{check, closed, complaints, grade, open};
use crate::upstream::{Asked, Reply, serve};

type Answering = fn(&Asked) -> Reply;

/// A page with this head.
fn page(head: &str) -> Reply {
    Reply::new(200, format!("<!doctype html><head>{head}</head><h1>Hello</h1>"))
}

#[test]
fn what_is_no_page_is_never_called_an_open_site() {
    let cases: [(&str, Answering); 11] = [
        ("does not take the request", |_| Reply::new(400, "bad request")),
        ("misdirected", |_| Reply::new(421, "misdirected")),
        ("to a plain GET", |_| Reply::raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")),
        ("without a Location", |_| Reply::new(302, "")),
        ("no address of the web", |_| Reply::redirect(302, "javascript:alert(1)")),
        ("no address of the web", |_| Reply::redirect(302, "file:///etc/passwd")),
        ("no address at all", |_| Reply::redirect(302, "http://[::1")),
        ("leads nowhere", |asked| if asked.path() == "/" { Reply::redirect(302, "/en/") } else { Reply::new(404, "") }),
        ("leads nowhere", |asked| if asked.path() == "/" { Reply::redirect(301, "/en/") } else { Reply::new(410, "") }),
        ("neither open nor in maintenance", |_| Reply::new(999, "denied")),
        ("neither open nor in maintenance", |_| Reply::new(304, "")),
    ];
    for (says, answer) in cases {
        let address = serve(answer);
        for words in ["", "--expect open", "--expect closed"] {
            let ran = check(&address, words).ends_with(1).says(&["✗ fault  GET", says, "is broken"]);
            assert_eq!(ran.out.matches("fault  ").count(), 1, "one cause, one fault: {}", ran.out);
        }
    }
}

#[test]
fn a_page_that_is_refused_or_missing_is_not_called_good() {
    for (status, says) in [
        (401, "401 Unauthorized, as for every address"),
        (403, "403 Forbidden, as for every address"),
        (404, "404 Not Found, as for every address"),
        (405, "405 Method Not Allowed, as for every address"),
        (429, "429 Too Many Requests, as for every address"),
    ] {
        let address = serve(move |_| Reply::new(status, "no"));
        let ran = check(&address, "--expect open").succeeds().says(&["! warning  GET", says, "1 warning in"]);
        assert!(!ran.out.contains("are good"), "{}", ran.out);
    }
    let challenge = serve(|_| Reply::new(403, "<title>Just a moment</title>").with("cf-mitigated", "challenge"));
    check(&challenge, "--expect open").says(&["a challenge"]);
    let rest = serve(|asked| if asked.path() == "/v1/" { Reply::new(200, "{}") } else { Reply::new(404, "{}") });
    check(&rest, "--expect open").succeeds().says(&["! warning  GET", "404 Not Found"]);
    crate::machine::Machine::new()
        .run(&format!("check http://{rest}/v1/cart --expect open"))
        .ends_with(1)
        .says(&["✗ fault", "the page that was asked for is not there"]);
    for (status, body) in [(200, ""), (204, "")] {
        let empty = serve(move |_| Reply::new(status, body));
        check(&empty, "--expect open").succeeds().says(&["! warning  GET", "a blank page"]);
    }
}

#[test]
fn a_maintenance_page_with_a_status_that_is_not_503_is_a_fault() {
    let cases: [Answering; 10] = [
        |_| Reply { status: 403, ..page("<title>Site under maintenance</title>") },
        |_| Reply { status: 404, ..page("<title>Maintenance</title>") },
        |_| Reply { status: 410, ..page("<title>Wartungsarbeiten</title>") },
        |_| page("<title>Shop</title>").with("X-Maintenance", "planned"),
        |_| page("<title>Site under maintenance</title><meta name=robots content='noindex, nofollow'>"),
        |_| page("<title>Down for Maintenance</title>").with("X-Robots-Tag", "noindex"),
        |_| page("<TITLE>We&#39;ll be back soon</TITLE><meta http-equiv=Refresh content=30>"),
        |_| page("<title>Wartungsarbeiten – Laden</title>").with("Retry-After", "60"),
        // The same for every address, as no site answers.
        |_| page("<title>Maintenance</title>"),
        // The built-in page, which a rule of a web server sends with the wrong status.
        |_| Reply::new(200, "<title>Lo sentimos</title><p id=\"by-itself\">Esta página abre el sitio.</p>"),
    ];
    for (number, answer) in cases.into_iter().enumerate() {
        let methods = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&methods);
        let address = serve(move |asked| {
            seen.lock().unwrap().push(asked.method.clone());
            answer(asked)
        });
        for words in ["--json", "--json --expect open", "--json --expect closed"] {
            let ran = check(&address, words).ends_with(1);
            let json = ran.json();
            assert_eq!(
                (&json["state"], grade(&json, "GET")),
                (&"closed".into(), "fault"),
                "case {number}: {}",
                ran.out
            );
            assert!(!ran.out.contains("cache answers there") && !ran.out.contains("reaches the site"), "{}", ran.out);
        }
        check(&address, "").says(&["503"]);
        let methods = methods.lock().unwrap();
        let sent = methods.iter().find(|method| !["GET", "HEAD", "OPTIONS"].contains(&method.as_str()));
        assert_eq!(sent, None, "it may be an open site");
    }
}

#[test]
fn a_page_is_not_taken_for_that_of_a_maintenance_too_easily() {
    let cases: [Answering; 4] = [
        |_| page("<title>Car maintenance Smith</title><meta name=robots content=noindex>"),
        |_| page("<title>Shop</title><meta name=robots content=noindex><meta http-equiv=refresh content=600>"),
        |_| page("<title>How we planned our maintenance</title>"),
        |_| page("<title>Shop</title><script>'<title>Down for maintenance</title>'</script>").with("Refresh", "600"),
    ];
    for answer in cases {
        check(&serve(answer), "--expect open").succeeds().says(&["is open: all"]);
    }
    // Its title alone is no proof.
    let address = serve(|asked| match asked.path() {
        "/" => page("<title>Down for maintenance</title>"),
        _ => Reply::new(404, "no such page"),
    });
    check(&address, "--expect open").succeeds().says(&["! warning  GET", "Down for maintenance"]);
    // Whoever answers 202 may say when to ask again.
    let address = serve(|asked| {
        Reply { status: if asked.path() == "/" { 202 } else { 404 }, ..page("") }.with("Retry-After", "9")
    });
    check(&address, "--expect open").succeeds().says(&["is open: all"]);
}

#[test]
fn a_cache_is_blamed_only_when_the_answers_differ() {
    let cases: [Answering; 6] = [
        |_| Reply::redirect(302, "/"),
        |asked| Reply::redirect(302, &format!("/{}", asked.target.len())),
        |asked| Reply::redirect(302, &asked.target),
        |_| Reply::redirect(302, "http://nowhere.invalid/x"),
        |_| page("<title>Shop</title>").with("X-Maintenance", "let-through; reason=internal-ip"),
        |_| page("<title>Maintenance</title>").with("X-Maintenance", "planned"),
    ];
    for answer in cases {
        let address = serve(answer);
        for words in ["--expect open", "--expect closed"] {
            let ran = check(&address, words).ends_with(1);
            assert!(!ran.out.contains("cache still") && !ran.out.contains("Empty the cache"), "{}", ran.out);
        }
    }
}

#[test]
fn head_and_a_second_look_that_fail_beside_a_good_page_are_told() {
    let address = serve(|asked| if asked.method == "HEAD" { Reply::new(404, "") } else { open(asked) });
    let ran = check(&address, "--json --expect open").succeeds();
    assert_eq!(complaints(&ran.json()), [("HEAD", "warning")], "{}", ran.out);
    let address = serve(|asked| if asked.target.contains('?') { Reply::new(404, "") } else { open(asked) });
    let ran = check(&address, "--json --expect open").succeeds();
    assert_eq!(complaints(&ran.json()), [("random query", "warning")], "{}", ran.out);
}

#[test]
fn an_unmarked_503_may_be_an_overload() {
    let address = serve(|_| Reply::new(503, "<h1>503 Service Unavailable</h1>Server overloaded"));
    check(&address, "--expect open").ends_with(1).says(&["says nothing of maintenance", "overload"]);
    check(&address, "").says(&["! warning  GET", "in maintenance or overloaded"]);
    check(&serve(closed), "--expect open").ends_with(1).says(&["in maintenance. End the maintenance."]);
    let words = serve(|_| Reply::new(503, "<h1>Wegen Wartung geschlossen</h1>"));
    check(&words, "--expect open").ends_with(1).says(&["503 Service Unavailable: in maintenance"]);
}

#[test]
fn a_redirect_that_wants_a_cookie_back_is_no_loop() {
    let with_cookie = |asked: &Asked| asked.header("cookie").contains("seen=1");
    let gate = |asked: &Asked| Reply::redirect(302, &asked.target).with("Set-Cookie", "seen=1; Path=/; HttpOnly");
    let address = serve(move |asked| if with_cookie(asked) { open(asked) } else { gate(asked) });
    let ran = check(&address, "--json --expect open").succeeds();
    assert_eq!(complaints(&ran.json()), [("Set-Cookie", "warning")], "{}", ran.out);
    assert_eq!(ran.json()["state"], "open");
    let address = serve(move |asked| if with_cookie(asked) { closed(asked) } else { gate(asked) });
    let ran = check(&address, "--json --expect closed").ends_with(0);
    assert_eq!(complaints(&ran.json()), [("Set-Cookie", "warning")], "{}", ran.out);
    // Over another address and back.
    let address = serve(move |asked| match asked.path() {
        "/gate" => Reply::redirect(302, "/").with("Set-Cookie", "seen=1"),
        _ if with_cookie(asked) => open(asked),
        _ => Reply::redirect(302, "/gate"),
    });
    check(&address, "--expect open").succeeds();
    let never = serve(gate);
    check(&never, "--expect open").ends_with(1).says(&["redirects never end"]);
}

#[test]
fn a_slow_site_is_asked_several_questions_at_once_and_given_up_when_it_is_silent() {
    let slow = |asked: &Asked| {
        std::thread::sleep(Duration::from_millis(3100));
        open(asked)
    };
    let started = Instant::now();
    check(&serve(slow), "--expect open").succeeds().says(&["! warning  time", "the page took "]);
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());

    let is_first = AtomicBool::new(true);
    let address = serve(move |asked| {
        if !is_first.swap(false, Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_secs(20));
        }
        closed(asked)
    });
    let started = Instant::now();
    check(&address, "--timeout 1s").ends_with(1).says(&[
        "✗ fault  time",
        "given up, because",
        "no answer: not within 1 s",
    ]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
