//! `maintenance user list`: who may use the panel.

use clap::Args;

use super::{View, rights};
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, open, text, time};
use crate::clock;

const EXAMPLES: &str = "\
Examples:
  maintenance user list
  maintenance user list --json
";

/// Lists all users with their rights and their last log-in
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct List {
    /// Print a list of objects instead
    ///
    /// Each has id, username, is_active, is_staff, is_superuser, sites (domains, or null for all), created_at and
    /// last_login_at.
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &List) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let users = store.read(|reader| reader.user_list())?;
    if args.json {
        context.console.json(&users.iter().map(|user| View::of(user, &directory)).collect::<Vec<_>>())?;
    } else if users.is_empty() {
        context.console.note("there are no users yet; add one: maintenance user createsuperuser");
    } else {
        let now = clock::now();
        let rows = users.iter().map(|user| {
            let login = match user.last_login_at {
                Some(at) => format!("last log-in {}", time::exact(at, now)),
                None => "never logged in".to_owned(),
            };
            vec![text::plain(&user.username), rights(user, &directory), login]
        });
        context.console.print(&text::columns(&rows.collect::<Vec<_>>()))?;
    }
    Ok(Exit::Done)
}
