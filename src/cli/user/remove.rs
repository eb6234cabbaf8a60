//! `maintenance user remove`: takes a user away.

use clap::Args;

use super::{View, find};
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open, text};

const EXAMPLES: &str = "\
Examples:
  maintenance user remove bo         asks first
  maintenance user remove bo --yes
";

/// Removes a user and ends the user's sessions
///
/// Cannot be undone; `maintenance user edit NAME --inactive` can. The last active superuser stays.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Remove {
    /// Log-in name
    #[arg(value_name = "USERNAME")]
    username: String,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    /// Print the removed user as an object instead
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &Remove) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let user = find(&store, &args.username)?;
    let name = text::plain(&user.username);
    if !args.yes {
        context.console.confirm(&format!("Remove the user {name} for good?"), "--yes")?;
    }
    let user = open::actions(context, &store).user_remove(&actor::operator(), user.id)?.value;
    if args.json {
        context.console.json(&View::of(&user, &directory))?;
    } else {
        context.console.print(&format!("Removed {name}.\n"))?;
    }
    Ok(Exit::Done)
}
