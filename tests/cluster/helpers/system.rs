//! Commands of the system.

use std::process::Command;

/// Standard output of a command that must succeed.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the output is text")
}

/// Sends a signal by name, such as `TERM` or `KILL`, to a process that this one has started.
pub fn signal(process: u32, name: &str) {
    output(Command::new("kill").args([&format!("-{name}"), &process.to_string()]));
}
