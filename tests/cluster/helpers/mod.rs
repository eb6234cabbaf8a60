//! What the tests need: a PostgreSQL to be ill-treated, real server processes on it, and visitors who notice.

#[path = "../../integration/helpers/browser.rs"]
#[allow(dead_code, reason = "shared with tests/integration, which needs other parts of it")]
mod browser;
#[path = "../../integration/helpers/client.rs"]
#[allow(dead_code, reason = "shared with tests/integration, which needs other parts of it")]
mod client;
mod cluster;
mod disk;
#[path = "../../integration/helpers/form.rs"]
#[allow(dead_code, reason = "shared with tests/integration, which needs other parts of it")]
mod form;
#[path = "../../cli/machine.rs"]
#[allow(dead_code, reason = "shared with tests/cli, which needs other parts of it")]
mod machine;
#[path = "../../process/program.rs"]
#[allow(dead_code, reason = "shared with tests/process, which needs other parts of it")]
mod program;
mod proxy;
mod scene;
mod server;
mod visitor;

use std::process::Command;

pub use browser::Browser;
pub use client::{Response, get};
pub use cluster::{Cluster, Stop};
pub use disk::Disk;
pub use form::PageForm;
pub use machine::{Machine, PASSWORD, Ran};
pub use program::{eventually, example, free_address, within};
pub use proxy::Proxy;
pub use scene::{AWAY, SOON, Scene};
pub use server::Server;
pub use visitor::{Visitor, status};

/// A machine for commands on a database.
pub fn commands_on(url: &str) -> Machine {
    Machine::new().env("DATABASE_URL", url)
}

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
