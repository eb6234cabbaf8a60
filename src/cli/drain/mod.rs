//! Drains on the command line: how one is begun, and how its end is waited for.

mod follow;
mod progress;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::console::Console;
use super::time;
use crate::drain::LONG;

pub use follow::{Ended, follow, wait_until_closed};

/// How long those at work may go on before a site closes.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DrainArgs {
    /// Let those at work finish first, for at most so long: 15m, 1h
    ///
    /// Nobody new comes in; people who have signed in on the site go on, see how much time is left, and registered tasks
    /// go on. The site closes when nobody is left, at the latest after this time. On a site that drains already it is
    /// given that much time from now.
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    drain: Option<SignedDuration>,

    /// The same, by the clock: close at this time at the latest, 03:30 (the next one) or "2026-11-21 03:30", in UTC
    ///
    /// With --drain the earlier of the two counts.
    #[arg(long, value_name = "TIME", value_parser = time::When::parse)]
    force_at: Option<time::When>,
}

impl DrainArgs {
    /// Whether there is to be a drain.
    pub fn is_given(&self) -> bool {
        self.drain.is_some() || self.force_at.is_some()
    }

    /// When the site closes at the latest; `None` without a drain.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let lasting = self.drain.and_then(|drain| now.checked_add(drain).ok());
        let by_clock = self.force_at.map(|at| at.after(now));
        lasting.into_iter().chain(by_clock).min()
    }

    /// Asks whether a drain of more than a day is meant.
    pub fn confirm(&self, console: &Console, yes: bool, now: Timestamp) -> anyhow::Result<()> {
        match self.until(now) {
            Some(until) if until.duration_since(now) > LONG && !yes => {
                let question = format!(
                    "The drain may last {}: nobody new can sign in for so long. Is that meant?",
                    time::span(now, until)
                );
                Ok(console.confirm(&question, "--yes")?)
            }
            _ => Ok(()),
        }
    }
}
