//! The examples run, and do what their first lines say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::program::{Program, eventually, example, run};

#[test]
fn each_example_serves_its_site_and_is_closed_from_the_command_line() {
    for name in ["smallest", "own_login", "gate_only", "sessions", "websocket"] {
        let folder = tempfile::tempdir().unwrap();
        let server = Program::start(&example(name), folder.path(), &[]);
        assert_eq!(server.status("/"), 200, "{name}");
        let panel = if name == "gate_only" { 404 } else { 200 };
        assert_eq!(server.status("/admin/login/"), panel, "{name}");
        assert!(run(folder.path(), &["on"]).status.success());
        eventually("the example holds", || server.status("/") == 503);
    }
}

/// Opens a connection that stays open, and reads the head of its answer.
fn opened(server: &Program, request: &str) -> (String, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    (head, reader)
}

#[test]
fn connections_that_stay_open_are_told_goodbye_when_their_site_closes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Program::start(&example("websocket"), folder.path(), &[]);
    let upgrade = "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let (head, mut socket) = opened(&server, upgrade);
    // The answer to this key is told in RFC 6455, section 1.3.
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let (head, mut events) = opened(&server, "GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(head.contains("text/event-stream"), "{head}");

    // A text of a client is masked, here with zeros (RFC 6455, section 5.3).
    socket.get_mut().write_all(b"\x81\x82\0\0\0\0hi").unwrap();
    let mut echoed = [0; 4];
    socket.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"\x81\x02hi");

    assert!(run(folder.path(), &["on"]).status.success());
    let mut goodbye = [0; 4];
    socket.read_exact(&mut goodbye).unwrap();
    assert_eq!((goodbye[0], u16::from_be_bytes([goodbye[2], goodbye[3]])), (0x88, 1012), "closed with Service Restart");
    let mut last = String::new();
    events.read_to_string(&mut last).unwrap();
    assert!(last.contains("event: maintenance"), "{last}");
    let (head, _) = opened(&server, upgrade);
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
}

#[test]
fn the_smallest_site_has_at_most_thirty_lines() {
    let source = include_str!("../../examples/smallest.rs");
    assert!(source.lines().count() <= 30, "{} lines: make it smaller", source.lines().count());
}
