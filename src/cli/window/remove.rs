//! `maintenance window remove`: takes a plan back.

use clap::Args;

use super::{view, window_id};
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open};
use crate::window::WindowId;

const EXAMPLES: &str = "\
Examples:
  maintenance window remove window-12
";

/// Removes a window with all its times; a site that it holds closed opens
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Remove {
    /// The window, such as window-12
    #[arg(value_name = "WINDOW", value_parser = window_id)]
    window: WindowId,
}

pub fn run(context: &Context, args: &Remove) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let done = open::actions(context, &store).window_remove(&actor::operator(), args.window)?;
    let directory = Directory::read(&store)?;
    let site = done.value.site.and_then(|site| directory.get(site));
    let named = view::named(&done.value.window, site);
    context.console.print(&format!("Removed {named}.   Undo: maintenance undo\n"))?;
    Ok(Exit::Done)
}
