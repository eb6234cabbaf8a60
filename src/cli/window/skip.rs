//! `maintenance window skip`: leaves out one time.

use clap::Args;

use super::{view, window_id};
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::time::{self, When};
use crate::cli::{Context, actor, open};
use crate::clock;
use crate::window::WindowId;

const EXAMPLES: &str = "\
Examples:
  maintenance window skip window-12
  maintenance window skip window-12 --at \"2026-11-29 02:00\"
";

/// Leaves out the next time of a window, or the one that begins at a given time
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Skip {
    /// The window, such as window-12
    #[arg(value_name = "WINDOW", value_parser = window_id)]
    window: WindowId,

    /// Start of the time that is left out, in UTC or with an offset
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    at: Option<When>,
}

pub fn run(context: &Context, args: &Skip) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let now = clock::now();
    let at = args.at.map(|at| at.after(now));
    let done = open::actions(context, &store).window_skip(&actor::operator(), args.window, at)?;
    let directory = Directory::read(&store)?;
    let (window, site) = (&done.value.window, done.value.site.and_then(|site| directory.get(site)));
    let skipped = window.exceptions.iter().rev().find(|(starts_at, it)| it.ends_at <= **starts_at && **starts_at > now);
    let skipped = skipped.map(|(starts_at, _)| format!(" at {}", time::short(*starts_at, now))).unwrap_or_default();
    let next = view::times(window, now, 1);
    let next = next.first().map_or("It does not come again.".to_owned(), |next| {
        format!("It comes again {}.", view::span(next, &window.schedule.zone()))
    });
    context
        .console
        .print(&format!("Left out {}{skipped}. {next}   Undo: maintenance undo\n", view::named(window, site)))?;
    Ok(Exit::Done)
}
