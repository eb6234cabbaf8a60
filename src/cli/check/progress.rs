//! What is being asked, on one line of a terminal; nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::console::Console;

/// How often the mark turns, so that a slow answer is told from a program that hangs.
const TURN: Duration = Duration::from_millis(120);

/// The line; it is gone when this is dropped.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn new(console: &Console) -> Self {
        let style = ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is sound");
        Self(console.can_redraw().then(|| {
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(TURN);
            bar
        }))
    }

    /// Says what is asked now.
    pub fn show(&self, what: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
