//! `maintenance user add`: a new user of the panel.

use clap::Args;

use super::password::PasswordArgs;
use super::{View, rights, site_ids, username};
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open, text};
use crate::user::Rights;

const EXAMPLES: &str = "\
Examples:
  maintenance user add --username bo --staff                             asks for the password
  maintenance user add --username bo --staff --site forum.example.com --password-stdin < password.txt
";

/// Adds a user
///
/// Without --staff and --superuser the user may log in nowhere yet. Creates the database when there is none.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Add {
    /// Log-in name: 1 to 150 characters without spaces
    #[arg(long, value_name = "NAME", value_parser = username)]
    username: String,

    /// May use the panel and sees closed sites
    #[arg(long)]
    staff: bool,

    /// May everything
    #[arg(long)]
    superuser: bool,

    /// Limit the rights of staff to this site; may be given again. All sites when not given
    #[arg(long = "site", value_name = "SITE")]
    sites: Vec<String>,

    /// May not log in for now
    #[arg(long)]
    inactive: bool,

    #[command(flatten)]
    password: PasswordArgs,

    /// Print the new user as an object instead
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &Add) -> anyhow::Result<Exit> {
    let store = open::or_create(context)?;
    let directory = Directory::read(&store)?;
    let sites = site_ids(&directory, &args.sites)?;
    let new = Rights {
        is_active: !args.inactive,
        is_staff: args.staff || args.superuser,
        is_superuser: args.superuser,
        sites: (!sites.is_empty()).then_some(sites),
    };
    super::refuse_taken(&store, &args.username)?;
    let password = args.password.read(context, &args.username, &directory)?;
    let user = open::actions(context, &store).user_add(&actor::operator(), &args.username, password, &new)?.value;
    if !user.rights.is_staff {
        context.console.note("without --staff or --superuser the user may not use the panel");
    }
    if args.json {
        context.console.json(&View::of(&user, &directory))?;
    } else {
        context.console.print(&format!("Added {}: {}.\n", text::plain(&user.username), rights(&user, &directory)))?;
    }
    Ok(Exit::Done)
}
