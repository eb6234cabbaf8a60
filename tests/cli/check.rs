//! `maintenance check`: against servers that are right, and against each that is wrong in its own way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::machine::{Machine, Ran};
use crate::serve::Server;
use crate::upstream::{Asked, Certificates, Reply, serve, serve_refusal, serve_tls};

/// A maintenance answer as it should be, of a mode that is not ours.
pub fn closed(asked: &Asked) -> Reply {
    let reply = match asked.path() {
        "/healthz" | "/admin/login/" | "/logo.png" => return Reply::new(200, "fine"),
        _ if asked.header("accept") == "application/json" => {
            Reply::new(503, r#"{"status": 503}"#).with("Content-Type", "application/problem+json")
        }
        _ => Reply::new(503, "<h1>Back soon</h1>"),
    };
    reply.with("Retry-After", "120").with("Cache-Control", "no-store").with("Vary", "Accept")
}

/// An open site.
pub fn open(asked: &Asked) -> Reply {
    match (asked.method.as_str(), asked.path()) {
        (_, "/") => Reply::new(200, "<h1>Shop</h1>"),
        ("GET", "/healthz" | "/admin/login/") => Reply::new(200, "fine"),
        _ => Reply::new(404, "no such page"),
    }
}

pub fn check(address: &str, words: &str) -> Ran {
    Machine::new().run(&format!("check http://{address}/ {words}"))
}

/// The grade of a point, the worst of several; nothing when it was not looked at.
pub fn grade<'a>(json: &'a Value, point: &str) -> &'a str {
    let findings = json["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["point"] == point)
        .map(|finding| finding["grade"].as_str().unwrap())
        .max_by_key(|grade| ["good", "warning", "fault"].iter().position(|known| known == grade))
        .unwrap_or("")
}

/// The points that are not good.
pub fn complaints(json: &Value) -> Vec<(&str, &str)> {
    let findings = json["findings"].as_array().unwrap().iter();
    let all = findings.map(|finding| (finding["point"].as_str().unwrap(), finding["grade"].as_str().unwrap()));
    all.filter(|(_, grade)| *grade != "good").collect()
}

#[test]
fn a_correct_maintenance_answer_passes() {
    let address = serve(closed);
    for words in ["", "--expect closed"] {
        let ran = check(&address, words).succeeds();
        ran.says(&["✓ good  GET", "503 Service Unavailable", "is in maintenance: all", "points are good."]);
    }
    let json = check(&address, "--json --expect closed").succeeds().json();
    assert_eq!((&json["state"], &json["good"], &json["expected"]), (&"closed".into(), &true.into(), &"closed".into()));
    for point in ["GET", "HEAD", "POST", "POST form", "OPTIONS", "JSON", "WebSocket", "random query", "asked again"] {
        assert_eq!(grade(&json, point), "good", "{point}: {json}");
    }
    assert_eq!((grade(&json, "unknown path"), grade(&json, "panel"), grade(&json, "health")), ("good", "good", "good"));
    check(&address, "--expect open").ends_with(1).says(&["in maintenance", "not open as expected"]);
}

#[test]
fn an_open_site_passes_and_is_never_sent_a_form() {
    let methods = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&methods);
    let address = serve(move |asked| {
        seen.lock().unwrap().push(asked.method.clone());
        open(asked)
    });
    check(&address, "").succeeds().says(&["is open: all"]);
    check(&address, "--expect open").succeeds();
    check(&address, "--expect closed").ends_with(1).says(&[
        "✗ fault",
        "200 OK: open",
        "not in maintenance as expected",
    ]);
    assert!(!methods.lock().unwrap().iter().any(|method| method == "POST"));
}

#[test]
fn each_broken_maintenance_fails_at_its_own_point() {
    type Breaking = fn(&Asked, Reply) -> Reply;
    let cases: [(&str, &str, Breaking); 24] = [
        ("GET", "fault", |_, _| Reply::new(200, "<h1>Maintenance</h1>")),
        ("GET", "fault", |_, _| Reply::new(404, "gone")),
        ("GET", "fault", |_, _| Reply::new(502, "bad gateway")),
        ("GET", "fault", |asked, reply| match asked.path() {
            "/maintenance.html" => Reply::new(200, "<h1>Maintenance</h1>"),
            _ => Reply::redirect(302, "/maintenance.html").with("X-Was", &reply.status.to_string()),
        }),
        ("GET", "fault", |asked, reply| match asked.path() {
            "/maintenance.html" => reply,
            _ => Reply::redirect(302, "/maintenance.html"),
        }),
        ("GET", "fault", |_, _| Reply::redirect(302, "/")),
        ("GET", "fault", |asked, _| {
            let to = if asked.path() == "/a" { "/b" } else { "/a" };
            Reply::redirect(307, to)
        }),
        ("GET", "fault", |_, _| Reply::new(200, "closed").with("X-Maintenance", "planned").with("Retry-After", "9")),
        ("POST", "fault", |asked, reply| if asked.method == "POST" { Reply::new(405, "") } else { reply }),
        ("POST form", "fault", |asked, reply| if asked.body.is_empty() { reply } else { Reply::new(200, "sent") }),
        ("OPTIONS", "fault", |asked, reply| if asked.method == "OPTIONS" { Reply::new(204, "") } else { reply }),
        ("HEAD", "fault", |asked, reply| match asked.method.as_str() {
            "HEAD" => Reply::raw(
                "HTTP/1.1 503 No\r\nRetry-After: 9\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\nbody",
            ),
            _ => reply,
        }),
        ("HEAD", "fault", |asked, reply| if asked.method == "HEAD" { reply.without("Retry-After") } else { reply }),
        ("Retry-After", "fault", |_, reply| reply.without("Retry-After")),
        ("Retry-After", "fault", |_, reply| reply.with("Retry-After", "Sat, 21 Nov 2020 03:30:00 GMT")),
        ("Cache-Control", "fault", |_, reply| reply.with("Cache-Control", "public, max-age=600")),
        ("Age", "fault", |_, reply| reply.with("Age", "40")),
        ("Set-Cookie", "warning", |_, reply| reply.with("Set-Cookie", "a=b")),
        ("validators", "warning", |_, reply| reply.with("ETag", "\"1\"")),
        ("JSON", "fault", |asked, reply| match asked.header("accept") {
            "application/json" => Reply { body: b"<h1>".to_vec(), ..reply },
            _ => reply,
        }),
        ("WebSocket", "fault", |asked, reply| match asked.header("upgrade") {
            "websocket" => Reply::raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
            _ => reply,
        }),
        ("unknown path", "fault", |asked, reply| if asked.path() == "/" { reply } else { Reply::new(404, "") }),
        ("random query", "fault", |asked, reply| if asked.target == "/" { reply } else { Reply::new(200, "") }),
        ("page's parts", "fault", |_, reply| Reply { body: b"<link rel=stylesheet href=/held.css>".to_vec(), ..reply }),
    ];
    for (number, (point, expected, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| breaking(asked, closed(asked)));
        let ran = check(&address, "--json --expect closed").ends_with(i32::from(expected == "fault"));
        assert_eq!(grade(&ran.json(), point), expected, "case {number}: {}", ran.out);
    }
}

#[test]
fn what_works_and_may_be_meant_otherwise_is_told_without_failing() {
    let address = serve(|asked| {
        let reply = closed(asked);
        let body = b"<img src=/logo.png><img src=https://elsewhere.example/x.png><p>Back soon".to_vec();
        Reply { body, ..reply }.with("Content-Type", "text/html")
    });
    let json = check(&address, "--json").succeeds().json();
    assert_eq!(complaints(&json), [("JSON", "warning")], "the page is all that programs get: {json}");
    assert_eq!(grade(&json, "page's parts"), "good");
}

#[test]
fn a_deliberate_redirect_is_told_from_a_loop() {
    let elsewhere = serve(|_| Reply::new(200, "<h1>Our status</h1>"));
    let to = format!("http://{elsewhere}/status");
    let closing = move |asked: &Asked| match asked.path() {
        "/healthz" | "/admin/login/" => Reply::new(200, "fine"),
        _ => closed(asked).with("X-Maintenance", "planned").with("Location", &to),
    };
    let address = serve(move |asked| Reply { status: 302, ..closing(asked) });
    let ran = check(&address, "--json --expect closed").succeeds();
    assert_eq!((&ran.json()["state"], grade(&ran.json(), "GET")), (&"redirected".into(), "warning"), "{}", ran.out);

    let address = serve(|asked| Reply { status: 302, ..closed(asked) }.with("Location", "/"));
    let ran = check(&address, "--expect closed").ends_with(1);
    ran.says(&["never ends", "→", "✗ fault"]);
}

#[test]
fn only_the_redirect_of_the_maintenance_counts_as_one() {
    type Breaking = fn(&Asked, Reply) -> Reply;
    let cases: [(&str, &str, Breaking); 8] = [
        ("GET", "warning", |_, reply| reply),
        ("POST", "fault", |asked, reply| if asked.method == "POST" { Reply::redirect(303, "/thanks") } else { reply }),
        ("unknown path", "good", |asked, reply| match asked.path() {
            "/" => reply.without("Retry-After"),
            _ => reply.without("Retry-After").without("X-Maintenance"),
        }),
        ("unknown path", "fault", |asked, reply| match asked.path() {
            "/" => reply,
            _ => Reply::redirect(302, "/en/").with("Cache-Control", "no-store"),
        }),
        ("JSON", "good", |asked, reply| match asked.header("accept") {
            "application/json" => reply.with("Location", "/status.json"),
            _ => reply,
        }),
        ("panel", "fault", |asked, reply| match asked.path() {
            "/admin/login/" => Reply::redirect(302, "/status").with("X-Maintenance", "planned"),
            _ => reply,
        }),
        ("health", "fault", |asked, reply| match asked.path() {
            "/healthz" => Reply::new(404, "closed").with("X-Maintenance", "planned"),
            _ => reply,
        }),
        ("health", "good", |asked, reply| match asked.path() {
            "/healthz" => Reply::redirect(302, "/healthz/"),
            _ => reply,
        }),
    ];
    for (number, (point, expected, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| match asked.path() {
            "/status" => Reply::new(200, "<h1>Our status</h1>"),
            "/healthz" | "/admin/login/" => breaking(asked, Reply::new(200, "fine")),
            _ => breaking(
                asked,
                Reply { status: 302, ..closed(asked) }.with("X-Maintenance", "planned").with("Location", "/status"),
            ),
        });
        let ran = check(&address, "--json --expect closed");
        assert_eq!(grade(&ran.json(), point), expected, "case {number}: {}", ran.out);
    }
}

#[test]
fn a_redirect_to_the_right_scheme_and_host_is_followed_first() {
    let real = serve(closed);
    let to = format!("http://{real}");
    let address = serve(move |asked| Reply::redirect(301, &format!("{to}{}", asked.target)));
    let json = check(&address, "--json --expect closed").succeeds().json();
    assert_eq!(json["url"], format!("http://{real}/"));
}

#[test]
fn what_a_maintenance_left_on_an_open_site_is_found() {
    type Breaking = fn(&Asked, Reply) -> Reply;
    let cases: [(&str, &str, Breaking); 6] = [
        ("X-Maintenance", "fault", |_, reply| reply.with("X-Maintenance", "planned-not")),
        ("Retry-After", "fault", |_, reply| reply.with("Retry-After", "120")),
        ("HEAD", "fault", |asked, reply| if asked.method == "HEAD" { Reply::new(503, "") } else { reply }),
        (
            "JSON",
            "fault",
            |asked, reply| {
                if asked.header("accept") == "application/json" { Reply::new(503, "{}") } else { reply }
            },
        ),
        ("random query", "fault", |asked, reply| if asked.target.contains('?') { Reply::new(503, "") } else { reply }),
        ("unknown path", "fault", |asked, reply| {
            if reply.status == 404 && asked.path().len() > 20 { Reply::new(503, "") } else { reply }
        }),
    ];
    for (point, expected, breaking) in cases {
        let address = serve(move |asked| breaking(asked, open(asked)));
        let ran = check(&address, "--json --expect open").ends_with(i32::from(expected == "fault"));
        assert_eq!(grade(&ran.json(), point), expected, "{point}: {}", ran.out);
    }
}

#[test]
fn a_cache_that_still_gives_out_the_old_state_is_named() {
    let address = serve(|asked| if asked.target.contains('?') { open(asked) } else { closed(asked).with("Age", "77") });
    let ran = check(&address, "--expect open").ends_with(1);
    ran.says(&["an answer 77 s old", "open where no cache can answer"]);
    let address = serve(|asked| if asked.target.contains('?') { closed(asked) } else { open(asked) });
    check(&address, "--expect closed").ends_with(1).says(&["closed where no cache can answer"]);
}

#[test]
fn servers_in_different_states_behind_one_address_are_noticed() {
    let turn = AtomicUsize::new(0);
    let address = serve(move |asked| match (asked.method.as_str(), asked.target.as_str()) {
        // The first GET of the page finds it closed, the second one open.
        ("GET", "/")
            if ["upgrade", "range", "if-none-match"].iter().all(|name| asked.header(name).is_empty())
                && asked.header("accept").starts_with("text/html") =>
        {
            if turn.fetch_add(1, Ordering::Relaxed) == 0 {
                closed(asked)
            } else {
                open(asked)
            }
        }
        _ => closed(asked),
    });
    let ran = check(&address, "--json --expect closed").ends_with(1);
    assert_eq!(complaints(&ran.json()), [("asked again", "fault")], "{}", ran.out);
}

#[test]
fn a_body_without_end_is_read_in_bounds() {
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let huge = format!(
        "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nRetry-After: 9\r\nCache-Control: no-store\r\n\r\n{}",
        chunk.repeat(4)
    );
    let address = serve(move |asked| if asked.method == "HEAD" { closed(asked) } else { Reply::raw(huge.clone()) });
    let ran = check(&address, "--json");
    assert_eq!(grade(&ran.json(), "page"), "warning", "{}", ran.out);
    ran.says(&["more than 1048576 bytes"]);
}

#[test]
fn chunks_and_answers_without_a_length_are_read() {
    let head = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 503 No\r\nRetry-After: 9\r\nCache-Control: no-store\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nBack\r\n5\r\n soon\r\n0\r\n\r\n");
    let to_the_end = format!("{head}\r\nBack soon");
    for page in [chunked, to_the_end] {
        let address = serve(move |asked| if asked.method == "HEAD" { closed(asked) } else { Reply::raw(page.clone()) });
        check(&address, "").succeeds().says(&["9 bytes"]);
    }
}

#[test]
fn a_server_that_gives_no_answer_is_told_by_why() {
    let address = serve(|_| {
        std::thread::park_timeout(Duration::from_secs(30));
        Reply::new(200, "")
    });
    let started = Instant::now();
    check(&address, "--timeout 1s").ends_with(1).says(&["no answer: not within 1 s", "is broken: 1 fault in 1 point."]);
    assert!(started.elapsed() < Duration::from_secs(20));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed_port = taken.local_addr().unwrap().to_string();
    drop(taken);
    check(&closed_port, "").ends_with(1).says(&["no answer: nothing listens at 127.0.0.1:"]);
    for (raw, reason) in [
        ("SSH-2.0-x\r\n\r\n", "not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "the body ends after 3 of 9 bytes"),
        ("", "the connection was cut"),
    ] {
        let address = serve(move |_| Reply::raw(raw));
        check(&address, "--expect open").ends_with(1).says(&[reason]);
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_unless_told_otherwise() {
    let certificates = Certificates::make();
    let address = serve_tls(&certificates, closed);
    let machine = Machine::new();
    let url = format!("https://{address}/");
    let ran = machine.run(&format!("check {url}")).ends_with(1);
    ran.says(&["no known authority", "--ca", "--insecure"]);
    machine.run(&format!("check {url} --insecure --expect closed")).succeeds();
    machine.run(&format!("check {url} --expect closed --ca {}", certificates.authority().display())).succeeds();
    machine
        .run(&format!(
            "check https://localhost:{} --ca {}",
            address.rsplit(':').next().unwrap(),
            certificates.authority().display()
        ))
        .ends_with(1)
        .says(&["the certificate is for 127.0.0.1, not for localhost"]);
    let plain = serve_refusal();
    machine.run(&format!("check https://{plain}/")).ends_with(1).says(&["TLS was expected"]);
}

#[test]
fn our_own_server_passes_closed_and_open() {
    let machine = Machine::new();
    let server = Server::start(&machine, "--bind 127.0.0.1:0");
    let url = format!("http://{}/", server.address);
    machine.run(&format!("check {url} --expect open")).succeeds().says(&["panel", "health", "all 10 points are good"]);
    for words in ["on", "on --for 30m", "on --for 30h"] {
        machine.run(words).succeeds();
        server.wait_for("/", 503);
        let ran = machine.run(&format!("check {url} --expect closed --json")).succeeds();
        assert!(complaints(&ran.json()).is_empty(), "{words}: {}", ran.out);
        assert_eq!(ran.json()["end"].is_string(), words.contains("--for"), "{}", ran.out);
        machine.run(&format!("check {url} --expect open")).ends_with(1);
        machine.run("off").succeeds();
        server.wait_for("/", 200);
    }
    machine.run(&format!("check {url} --expect open")).succeeds();
}

#[test]
fn who_is_let_through_is_told_to_ask_from_elsewhere() {
    let machine = Machine::new().env("INTERNAL_IPS", "127.0.0.0/8");
    let server = Server::start(&machine, "--bind 127.0.0.1:0");
    machine.run("on").succeeds();
    let let_through = AtomicBool::new(false);
    let started = Instant::now();
    while !let_through.load(Ordering::Relaxed) {
        assert!(started.elapsed() < Duration::from_secs(10), "the server did not follow");
        let ran = machine.run(&format!("check http://{}/", server.address));
        let_through.store(ran.code == 1 && ran.out.contains("let through (internal-ip)"), Ordering::Relaxed);
    }
}

#[test]
fn the_panel_is_asked_where_the_setting_says() {
    let machine = Machine::new().env("ADMIN_URL", "/desk/");
    let server = Server::start(&machine, "--bind 127.0.0.1:0");
    machine.run("on").succeeds();
    server.wait_for("/", 503);
    let check = format!("check http://{}/ --expect closed", server.address);
    machine.run(&check).succeeds();
    machine.run(&format!("{check} --panel /admin/login/")).ends_with(1).says(&["panel"]);
}

#[test]
fn what_cannot_be_asked_is_refused_in_words() {
    let machine = Machine::new();
    machine.run("check").fails(2, &["URL"]);
    machine.run("check ftp://a.example/").fails(2, &["https://shop.example.com/"]);
    for secret in
        ["https://ada:s3cret@a.example/", "ada:s3cret@a.example", "ftp://ada:s3cret@a.example/", "ada:s3cret@[::1"]
    {
        let ran = machine.run(&format!("check {secret}")).ends_with(2);
        assert!(!ran.out.contains("s3cret") && !ran.err.contains("s3cret"), "{}", ran.err);
    }
    machine.run("check https://ada:secret@a.example/").fails(2, &["no name and password"]);
    machine.run("check a.example --expect shut").fails(2, &["open, closed"]);
    machine.run("check a.example --timeout 0s").fails(2, &["longer than nothing"]);
    machine.run("check a.example --panel admin").fails(2, &["a path begins with /"]);
    machine.run("check a.example --ca missing.pem").fails(2, &["missing.pem"]);
    machine.write("empty.pem", "nothing");
    machine.run("check a.example --ca empty.pem").fails(2, &["no certificate in it"]);
    machine
        .run("check nowhere.invalid --timeout 1s")
        .ends_with(1)
        .says(&["the name nowhere.invalid leads to no address"]);
}
