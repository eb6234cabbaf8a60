//! `maintenance window extend`: puts off an end.

use clap::Args;
use jiff::SignedDuration;

use super::{view, window_id};
use crate::cli::confirm::{self, WaitArgs};
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open, time};
use crate::clock;
use crate::window::WindowId;

const EXAMPLES: &str = "\
Examples:
  maintenance window extend window-12
  maintenance window extend window-12 --by 1h
";

/// Puts off the end of the time that runs, or of the next one
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Extend {
    /// The window, such as window-12
    #[arg(value_name = "WINDOW", value_parser = window_id)]
    window: WindowId,

    /// By how much
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = time::duration)]
    by: SignedDuration,

    #[command(flatten)]
    wait: WaitArgs,
}

pub fn run(context: &Context, args: &Extend) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let done = open::actions(context, &store).window_extend(&actor::operator(), args.window, args.by)?;
    let now = clock::now();
    let directory = Directory::read(&store)?;
    let (window, site) = (&done.value.window, done.value.site.and_then(|site| directory.get(site)));
    let next = view::times(window, now, 1);
    let when = next.first().map(|next| view::span(next, &window.schedule.zone())).unwrap_or_default();
    context.console.print(&format!("Extended {}: {when}.   Undo: maintenance undo\n", view::named(window, site)))?;
    confirm::wait(&context.console, &store, done.revision, &args.wait)?;
    Ok(Exit::Done)
}
