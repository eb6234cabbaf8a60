//! What the browser tests need: the real program, a real browser, and the rules of axe-core.

mod axe;
mod browser;
mod driver;
mod keyboard;
mod program;

pub use axe::check_page;
pub use browser::{Browser, a_browser};
pub use keyboard::Key;
pub use program::{PASSWORD, Program, a_program};

use std::time::{Duration, Instant};

/// Longest wait for anything: the machine may be busy, a test that passes never waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until something is there; fails loudly when it does not come.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) if Instant::now() > deadline => panic!("{what}: not in {PATIENCE:?}: {instead}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
