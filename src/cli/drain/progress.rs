//! How far drains are: a bar on a terminal, lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::cli::console::Console;
use crate::cli::{text, time};
use crate::drain::AtWork;

/// A line is repeated after this time although nobody has left.
const REMARK_EVERY: Duration = Duration::from_secs(60);

/// What one drain still waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub domain: String,
    pub at_work: AtWork,
    pub since: Timestamp,
    pub closes_at: Timestamp,
}

/// Shows how far drains are.
pub struct Progress {
    console: Console,
    bar: Option<ProgressBar>,
    said: Vec<Left>,
    said_at: Option<Instant>,
    is_unknown: bool,
}

impl Progress {
    pub fn new(console: &Console) -> Self {
        let style =
            ProgressStyle::with_template("{bar:16} {wide_msg}").expect("the template is sound").progress_chars("▓▓░");
        let bar = console.can_redraw().then(|| ProgressBar::new(1).with_style(style));
        Self { console: *console, bar, said: Vec::new(), said_at: None, is_unknown: false }
    }

    /// Shows what is left. The bar is that of the time, as far as it has come on the site that closes last.
    pub fn show(&mut self, left: &[Left], now: Timestamp) {
        self.is_unknown = false;
        let Some(last) = left.iter().max_by_key(|left| left.closes_at) else { return };
        if let Some(bar) = &self.bar {
            let whole = last.closes_at.duration_since(last.since).as_millis();
            let gone = now.duration_since(last.since).as_millis().clamp(0, whole);
            bar.set_length(u64::try_from(whole).unwrap_or(1).max(1));
            bar.set_position(u64::try_from(gone).unwrap_or(0));
            bar.set_message(left.iter().map(|left| in_short(left, now)).collect::<Vec<_>>().join("; "));
            return;
        }
        let is_due = self.said_at.is_none_or(|at| at.elapsed() >= REMARK_EVERY);
        if is_due || self.said != left {
            for left in left {
                self.console.note(&in_words(left, now));
            }
            self.said = left.to_vec();
            self.said_at = Some(Instant::now());
        }
    }

    /// Says, once, that it is not known who is left.
    pub fn say_that_unknown(&mut self, error: &anyhow::Error) {
        if !std::mem::replace(&mut self.is_unknown, true) {
            let text = format!("who is left cannot be known just now, the drain goes on: {}", text::of_error(error));
            match &self.bar {
                Some(bar) => bar.suspend(|| self.console.warn(&text)),
                None => self.console.warn(&text),
            }
        }
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// `12 min left: 5 sessions, 1 task on forum.example.com`, with what changes first.
fn in_short(left: &Left, now: Timestamp) -> String {
    format!("{} left: {} on {}", time::span(now, left.closes_at), text::at_work(left.at_work), left.domain)
}

/// `forum.example.com: 5 sessions, 1 task; closes at 14:32 at the latest, in 12 min`.
fn in_words(left: &Left, now: Timestamp) -> String {
    format!(
        "{}: {}; closes at {} at the latest, in {}",
        left.domain,
        text::at_work(left.at_work),
        time::short(left.closes_at, now),
        time::span(now, left.closes_at)
    )
}
