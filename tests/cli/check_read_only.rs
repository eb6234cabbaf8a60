//! `maintenance check` of sites that are closed for others, or for who writes: a page that looks open is no proof.

use std::sync::{Arc, Mutex};

use crate::check::{check, closed, complaints, grade, open};
use crate::machine::Machine;
use crate::serve::Server;
use crate::upstream::{Asked, Reply, serve};

/// A site that holds what writes, without a word about it.
fn read_only(asked: &Asked) -> Reply {
    if ["GET", "HEAD", "OPTIONS"].contains(&asked.method.as_str()) { open(asked) } else { closed(asked) }
}

/// What our program tells of such a site.
fn status_json(fields: &str) -> Reply {
    Reply::new(200, format!(r#"{{{fields}, "until": null, "notice": null, "next_check": 30}}"#))
        .with("Content-Type", "application/json")
}

/// A web server that decides by itself, and marks nothing, in front of our program.
fn unmarked(fields: &'static str, otherwise: fn(&Asked) -> Reply) -> String {
    serve(move |asked| match asked.path() {
        "/maintenance/status.json" => status_json(fields),
        _ => otherwise(asked),
    })
}

#[test]
fn a_forgotten_read_only_level_is_no_open_site() {
    let address = unmarked(r#""phase": "maintenance", "level": "read-only""#, read_only);
    check(&address, "--expect open").ends_with(1).says(&["closed for writing only", "not open as expected"]);
    check(&address, "--expect closed").ends_with(1).says(&["closed for writing, not in maintenance as expected"]);
    for words in ["", "--expect read-only"] {
        check(&address, words).succeeds().says(&[
            "✓ good  GET",
            "POST, PUT, PATCH, DELETE: 503",
            "is closed for writing: all",
        ]);
    }
    let json = check(&address, "--json").json();
    assert_eq!((&json["state"], &json["level"]), (&"let-through".into(), &"read-only".into()));
}

#[test]
fn who_is_let_through_by_a_web_server_that_marks_nothing_is_told() {
    let address = unmarked(r#""phase": "maintenance", "level": "full""#, open);
    for words in ["", "--expect open", "--expect closed", "--expect read-only"] {
        let ran = check(&address, words).ends_with(1);
        ran.says(&["/maintenance/status.json says that the site is in maintenance", "in maintenance for others"]);
    }
    let draining = unmarked(r#""phase": "draining", "level": "full""#, open);
    check(&draining, "--expect open").ends_with(1).says(&["is draining: it closes soon"]);
}

#[test]
fn what_the_site_tells_of_itself_proves_nothing_but_that_it_is_not_open() {
    let address = unmarked(r#""phase": "open""#, closed);
    check(&address, "--expect open").ends_with(1);
    let address = unmarked(r#""phase": "maintenance", "level": "full""#, |_| Reply::new(404, "gone"));
    check(&address, "--expect closed").ends_with(1);
    // Of another program, or of nobody.
    let address = serve(|asked| match asked.path() {
        "/maintenance/status.json" => {
            Reply::new(200, r#"{"phase": "maintenance"}"#).with("Content-Type", "application/json")
        }
        _ => open(asked),
    });
    check(&address, "--expect open").succeeds();
}

#[test]
fn a_draining_site_is_not_called_closed_for_everybody() {
    let address = unmarked(r#""phase": "draining", "level": "full", "closes_at": "2026-11-21T03:00:00Z""#, closed);
    check(&address, "--expect closed").succeeds().says(&["! warning  draining", "is draining and takes in nobody new"]);
}

#[test]
fn a_site_is_sent_what_writes_only_when_it_says_that_it_is_closed_for_it_or_somebody_expects_it() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let serving = |answer: fn(&Asked) -> Reply| {
        let seen = Arc::clone(&asked);
        serve(move |asked| {
            seen.lock().unwrap().push((asked.method.clone(), asked.path().to_owned()));
            answer(asked)
        })
    };
    let written = || -> Vec<(String, String)> {
        let all = asked.lock().unwrap().drain(..).collect::<Vec<_>>();
        all.into_iter().filter(|(method, _)| !["GET", "HEAD", "OPTIONS"].contains(&method.as_str())).collect()
    };
    check(&serving(read_only), "--expect open").succeeds();
    assert_eq!(written(), []);
    check(&serving(read_only), "--expect read-only").succeeds();
    let sent = written();
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(sent.iter().all(|(_, path)| path.starts_with("/maintenance-check-")), "{sent:?}");
    check(&serving(open), "--expect read-only").ends_with(1).says(&["the site is open", "not closed for writing only"]);
    check(&serving(closed), "--expect read-only").ends_with(1).says(&["closed for everybody"]);
}

#[test]
fn what_is_wrong_with_a_read_only_level_is_found() {
    type Breaking = fn(&Asked, Reply) -> Reply;
    let cases: [(&str, Breaking); 6] = [
        ("methods", |_, reply| if reply.status == 503 { Reply::new(200, "written") } else { reply }),
        ("methods", |asked, reply| if asked.method == "PUT" { Reply::new(405, "no") } else { reply }),
        ("Retry-After", |_, reply| reply.without("Retry-After")),
        (
            "Cache-Control",
            |_, reply| if reply.status == 503 { reply.with("Cache-Control", "max-age=60") } else { reply },
        ),
        ("HEAD", |asked, reply| if asked.method == "HEAD" { closed(asked) } else { reply }),
        ("unknown path", |asked, reply| if reply.status == 404 { closed(asked) } else { reply }),
    ];
    for (number, (point, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| {
            let reply = breaking(asked, read_only(asked));
            if reply.status == 503 { reply } else { reply.with("X-Maintenance", "let-through; reason=read-only") }
        });
        for words in ["--json --expect read-only", "--json"] {
            let ran = check(&address, words).ends_with(1);
            assert_eq!(grade(&ran.json(), point), "fault", "case {number}: {}", ran.out);
        }
    }
}

#[test]
fn our_own_server_passes_while_it_is_closed_for_writing() {
    let machine = Machine::new();
    let server = Server::start(&machine, "--bind 127.0.0.1:0");
    let url = format!("http://{}/", server.address);
    machine.run("on --read-only --wait").succeeds();
    for words in ["", "--expect read-only"] {
        let ran = machine.run(&format!("check {url} {words} --json")).succeeds();
        assert!(complaints(&ran.json()).is_empty(), "{words}: {}", ran.out);
        assert_eq!(grade(&ran.json(), "methods"), "good", "{}", ran.out);
    }
    machine.run(&format!("check {url} --expect open")).ends_with(1).says(&["closed for writing"]);
    machine.run(&format!("check {url} --expect closed")).ends_with(1).says(&["closed for writing"]);
}
