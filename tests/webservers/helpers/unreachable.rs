//! What visitors get in mode `check` while the program does not answer, or answers that it has failed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::program::{eventually, free_address};
use super::stage::{Stage, WebServer};

/// Asks a web server whose program is away, silent or broken: `hold` is what is printed unless `pass` is asked for.
pub fn unreachable(server: &WebServer) {
    let mut stage = Stage::behind(|_| None);
    let (away, silent, broken) = (free_address(), silent_program(), program_that_answers(500));
    for words in [&[][..], &["--unreachable", "pass"]] {
        for (what, program, can_pass) in [("away", away, true), ("silent", silent, true), ("broken", broken, false)] {
            stage.program_address = program;
            stage.put_in_front(server, "check", words);
            let answer = stage.get("/x");
            let is_applications = !answer.header("x-application").is_empty();
            assert_eq!(is_applications, can_pass && !words.is_empty(), "{words:?}, {what}: {answer:?}");
            if !is_applications && can_pass {
                let told = (answer.status, answer.header("retry-after"), answer.header("cache-control"));
                assert_eq!(told, (503, "120", "no-store"), "{words:?}, {what}: {answer:?}");
            }
            assert!(is_applications || answer.status >= 500, "{words:?}, {what}: {answer:?}");
        }
    }
}

/// Stops a program that goes on to take connections: at first a request waits for it a few seconds, then none does.
pub fn keeps_nobody_waiting(server: &WebServer, mode: &str) {
    let stage = Stage::start(server, mode);
    stage.switch("on --for 20m", 503);
    let is_asked = || stage.get("/x").header("x-maintenance").starts_with("planned; until=");
    let waited = || {
        let begun = Instant::now();
        let answer = stage.get("/x");
        assert!(answer.status == 503 && answer.header("x-application").is_empty(), "{answer:?}");
        begun.elapsed()
    };
    assert!(is_asked());
    stage.signal_program("STOP");
    let first = waited();
    assert!(first < Duration::from_secs(6), "the first request waits {first:?}");
    eventually("nobody waits any more", || waited() < Duration::from_secs(2));
    stage.signal_program("CONT");
    eventually("the program is asked again", is_asked);
}

/// Takes connections and never answers.
fn silent_program() -> SocketAddr {
    let mut taken = Vec::new();
    a_program(move |stream| taken.push(stream))
}

/// Answers every question with this status; its health is well.
pub fn program_that_answers(told: u16) -> SocketAddr {
    a_program(move |mut stream| {
        let mut head = [0; 4_096];
        let length = stream.read(&mut head).unwrap_or(0);
        let status = if head[..length].starts_with(b"GET /healthz") { 200 } else { told };
        write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
    })
}

/// Listens, and does this with each connection, for as long as the tests run.
pub fn a_program(serve: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    address
}
