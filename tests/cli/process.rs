//! Processes that a test starts and ends, and waiting for what they do.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::Machine;

/// Waits for a condition, looking again and again; fails loudly after twenty seconds.
pub fn eventually(what: &str, holds: impl FnMut() -> bool) {
    within(Duration::from_secs(20), what, holds);
}

/// The same with a deadline of its own.
pub fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal: `TERM`, `INT`, `KILL`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// A command that is killed when the test ends, however that ends; one that was stopped, too.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts a command that writes its stderr to the file `err`, so that a test can follow it.
pub fn followed(machine: &Machine, words: &[&str]) -> Child {
    let err = std::fs::File::create(machine.path("err")).unwrap();
    machine.command(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(err).spawn().unwrap()
}

/// What a command that is followed has said so far.
pub fn said(machine: &Machine) -> String {
    std::fs::read_to_string(machine.path("err")).unwrap()
}

/// Waits for the end of a command and says how it ended and what it wrote to stderr.
pub fn end_of(mut child: Child) -> (i32, String) {
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (code, err)
}
