//! `maintenance user unlock`: lets somebody log in again after too many tries.

use clap::Args;
use serde::Serialize;

use super::find;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open, text};

const EXAMPLES: &str = "\
Examples:
  maintenance user unlock ada
";

/// Lets a user log in again at once after too many tries
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Unlock {
    /// Log-in name
    #[arg(value_name = "USERNAME")]
    username: String,

    /// Print an object instead: username and unlocked
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View<'a> {
    username: &'a str,
    unlocked: bool,
}

pub fn run(context: &Context, args: &Unlock) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let user = find(&store, &args.username)?;
    let unlocked = open::actions(context, &store).user_unlock(&actor::operator(), &user.username)?.value;
    if args.json {
        context.console.json(&View { username: &user.username, unlocked })?;
        return Ok(Exit::Done);
    }
    let name = text::plain(&user.username);
    context.console.print(&if unlocked {
        format!("{name} may try to log in again.\n")
    } else {
        format!("{name} is not locked. Nothing changed.\n")
    })?;
    Ok(Exit::Done)
}
