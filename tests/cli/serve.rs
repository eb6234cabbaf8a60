//! `maintenance serve`, and commands beside a running server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::machine::Machine;

/// A running server, killed when the test ends.
pub struct Server {
    child: Child,
    /// Address and port.
    pub address: String,
}

impl Server {
    /// Starts one, and waits until it listens.
    pub fn start(machine: &Machine, words: &str) -> Self {
        let mut child = machine.start(words);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the server says where it listens").unwrap();
        let address = first.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
        // Read on, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Status of an answer.
    fn get(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Waits until a path answers with this status.
    #[track_caller]
    pub fn wait_for(&self, path: &str, status: u16) {
        let started = Instant::now();
        while self.get(path) != status {
            assert!(started.elapsed() < Duration::from_secs(10), "{path} did not become {status}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_running_server_follows_the_commands() {
    let machine = Machine::new();
    let server = Server::start(&machine, "--bind 127.0.0.1:0");
    assert_eq!(server.get("/"), 200);
    machine.run("on").succeeds();
    server.wait_for("/", 503);
    assert_eq!(server.get("/ignored-page/"), 503);
    machine.run("pattern add ^ignored-page/$").succeeds();
    server.wait_for("/ignored-page/", 200);
    machine.run("undo").succeeds();
    server.wait_for("/ignored-page/", 503);
    machine.run("off").succeeds();
    server.wait_for("/", 200);
}

#[test]
fn commands_work_while_several_servers_share_the_database() {
    let machine = Machine::new();
    let one = Server::start(&machine, "serve --bind 127.0.0.1:0");
    let two = Server::start(&machine, "serve --bind 127.0.0.1:0");
    machine.run("on --message both").succeeds();
    one.wait_for("/", 503);
    two.wait_for("/", 503);
    machine.run("backup copy.sqlite3").succeeds();
}

#[test]
fn a_port_in_use_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let machine = Machine::new();
    machine.run(&format!("serve --bind {address}")).ends_with(1).remarks(&[&address, "in use", "BIND"]);
}

#[cfg(unix)]
#[test]
fn it_ends_well_on_sigterm() {
    let machine = Machine::new();
    let mut server = Server::start(&machine, "serve --bind 127.0.0.1:0");
    let id = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    machine.run("status").succeeds();
}

#[test]
fn a_default_site_that_is_not_there_is_said() {
    let machine = Machine::with_sites(&["example.com"]);
    machine.run("serve --bind 127.0.0.1:0 --site-id 9").ends_with(1).remarks(&["SITE_ID is 9", "example.com"]);
}
