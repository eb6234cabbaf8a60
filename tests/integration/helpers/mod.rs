//! What many tests need: a running server with a database of its own, and a client that sends exactly what it is told.

mod browser;
mod client;
mod exposition;
mod form;
mod server;
mod visitor;

pub use client::{Request, Response, get, post, request};
pub use exposition::Exposition;
pub use form::{PageForm, rows, texts};
pub use server::{FIRST_SITE, NO_DATABASE, ServerBuilder, TestServer, a_record, a_server, operator};
pub use visitor::{PASSWORD, Visitor};

use std::time::{Duration, Instant};

/// Waits for a condition, looking again and again; fails loudly after ten seconds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "not within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
