//! `maintenance user passwd`: a new password.

use clap::Args;

use super::password::PasswordArgs;
use super::{View, find};
use crate::actions::UserEdit;
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open, text};

const EXAMPLES: &str = "\
Examples:
  maintenance user passwd ada                                     asks for the password
  maintenance user passwd ada --password-stdin < password.txt
";

/// Sets a user's password, and ends the user's sessions
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Passwd {
    /// Log-in name
    #[arg(value_name = "USERNAME")]
    username: String,

    #[command(flatten)]
    password: PasswordArgs,

    /// Print the user as an object instead
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &Passwd) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let user = find(&store, &args.username)?;
    let password = Some(args.password.read(context, &user.username, &directory)?);
    let edit = UserEdit { password, ..UserEdit::default() };
    let user = open::actions(context, &store).user_edit(&actor::operator(), user.id, &edit)?.value;
    if args.json {
        context.console.json(&View::of(&user, &directory))?;
    } else {
        let name = text::plain(&user.username);
        context.console.print(&format!("Changed the password of {name}. All sessions of {name} have ended.\n"))?;
    }
    Ok(Exit::Done)
}
