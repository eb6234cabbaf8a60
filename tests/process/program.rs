//! A program that serves, in a folder of its own; killed when dropped.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Settings that a developer's own environment must not bring into a test.
const SETTINGS: [&str; 10] = [
    "DATABASE_URL",
    "BIND",
    "SITE_ID",
    "INTERNAL_IPS",
    "TRUSTED_PROXIES",
    "SECRET_KEY",
    "METRICS_TOKEN",
    "MAINTENANCE_FILE",
    "MAINTENANCE_URL",
    "MAINTENANCE_TEMPLATES",
];

/// A running program.
pub struct Program {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

/// The program `maintenance`.
pub fn maintenance() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_maintenance"))
}

/// An example, built anew when the crate has changed: `cargo test` leaves that out when it is told to run one test alone.
pub fn example(name: &str) -> PathBuf {
    let status = Command::new(env!("CARGO")).args(["build", "--quiet", "--examples"]).status();
    assert!(status.expect("cargo can be run").success());
    let this = std::env::current_exe().expect("a test knows its own file");
    let profile = this.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    profile.join("examples").join(name)
}

/// A command in a folder, with a clean environment.
pub fn command(program: &Path, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null());
    for name in SETTINGS {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    command(&maintenance(), folder, args).output().expect("the program can be run")
}

/// A port that is free, and stays so while its owner is away for a moment: it lies below those that the system gives to
/// outgoing connections.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16 % 1_000 * 10;
    let ports = std::iter::repeat_with(|| 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000);
    let mut addresses = ports.take(12_000).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a port is free")
}

impl Program {
    /// Starts a program and waits until it answers.
    pub fn start(program: &Path, folder: &Path, args: &[&str]) -> Self {
        let address = free_address();
        let mut command = command(program, folder, args);
        command.env("BIND", address.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        Self::spawn(&mut command, address)
    }

    /// Starts a command that listens on this address, and waits until it answers.
    pub fn spawn(command: &mut Command, address: SocketAddr) -> Self {
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut program = Self { address, child };
        eventually("the program listens", || {
            let ended = program.child.try_wait().expect("the program can be waited for");
            assert!(ended.is_none(), "{command:?} ended: {ended:?}");
            TcpStream::connect(address).is_ok()
        });
        program
    }

    /// A process that listens nowhere.
    pub fn of(child: Child) -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), child }
    }

    /// Status of a GET.
    pub fn status(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).expect("the program listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request can be sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer is text");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("the answer has a status")
    }

    /// Sends a signal by name, such as `TERM` or `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill can be run").success());
    }

    /// Waits for its end; the exit code, `None` after a signal.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the program does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits for a condition, looking again and again; fails loudly after twenty seconds.
#[track_caller]
pub fn eventually(what: &str, holds: impl FnMut() -> bool) {
    within(Duration::from_secs(20), what, holds);
}

/// Waits for a condition, looking again and again; fails loudly after `limit`.
#[track_caller]
pub fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
