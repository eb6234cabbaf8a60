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
mod system;
mod visitor;

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
pub use system::{output, signal};
pub use visitor::{Visitor, status};

/// A machine for commands on a database.
pub fn commands_on(url: &str) -> Machine {
    Machine::new().env("DATABASE_URL", url)
}
