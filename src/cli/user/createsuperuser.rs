//! `maintenance user createsuperuser`: the first user, or one more who may everything.

use clap::Args;

use super::password::PasswordArgs;
use super::{View, username};
use crate::cli::directory::Directory;
use crate::cli::exit::{Exit, Usage};
use crate::cli::{Context, actor, open, text};
use crate::user::Rights;

const EXAMPLES: &str = "\
Examples:
  maintenance user createsuperuser                                            asks for name and password
  maintenance user createsuperuser --username ada --password-stdin < password.txt
";

/// Adds a user who may everything and always sees the site
///
/// Creates the database when there is none. Asks for what is not given, the password hidden and twice; without a
/// terminal, give --username and --password-stdin.
#[derive(Debug, Args)]
#[command(name = "createsuperuser", before_help = EXAMPLES)]
pub struct CreateSuperuser {
    /// Log-in name: 1 to 150 characters without spaces
    #[arg(long, value_name = "NAME", value_parser = username)]
    username: Option<String>,

    #[command(flatten)]
    password: PasswordArgs,

    /// Print the new user as an object instead
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &CreateSuperuser) -> anyhow::Result<Exit> {
    let name = match &args.username {
        Some(name) => name.clone(),
        None => asked(context)?,
    };
    let store = open::or_create(context)?;
    super::refuse_taken(&store, &name)?;
    let directory = Directory::read(&store)?;
    let password = args.password.read(context, &name, &directory)?;
    let rights = Rights { is_active: true, is_staff: true, is_superuser: true, sites: None };
    let user = open::actions(context, &store).user_add(&actor::operator(), &name, password, &rights)?.value;
    if args.json {
        context.console.json(&View::of(&user, &directory))?;
    } else {
        context.console.print(&format!("Added the superuser {}.\n", text::plain(&user.username)))?;
    }
    Ok(Exit::Done)
}

fn asked(context: &Context) -> anyhow::Result<String> {
    let name = context.console.ask("User name:", "A user name is needed.", "--username")?;
    Ok(username(&name).map_err(|wrong| Usage(format!("the user name: {wrong}")))?)
}
