//! `maintenance import`: takes in what `export` has written.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::{Context, actor, open, text};
use crate::actions::{ActionError, Actions, Done, Imported};
use crate::change::Revision;
use crate::transfer::Transfer;

const EXAMPLES: &str = "\
Examples:
  maintenance import maintenance.json
  maintenance export | DATABASE_URL=postgres://maintenance@db/maintenance maintenance import -
  maintenance import maintenance.json --replace      asks before it replaces what is there
";

/// Takes in all sites and users that `export` has written, with their ids
///
/// All of it or nothing: a file that ends too early, is of a later version or has anything in it that saving would refuse
/// is refused with the place. Creates the database when there is none. One that has nothing but the untouched first site
/// is filled at once; one with sites or users of its own only with --replace. Running servers follow at once. Everybody
/// whose account is replaced is logged out. This cannot be undone: make a `backup` before you replace anything.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Import {
    /// File to read; stdin when it is `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Remove all sites of the database first, and all users when the file has users
    #[arg(long)]
    replace: bool,

    /// Do not ask
    #[arg(long, short, requires = "replace")]
    yes: bool,

    /// Print an object instead: sites, users and revision
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View {
    sites: usize,
    users: usize,
    revision: Revision,
}

pub fn run(context: &Context, args: &Import) -> anyhow::Result<Exit> {
    let transfer = read(&args.file)?;
    let store = open::or_create(context)?;
    let done = import(context, args, &open::actions(context, &store), &transfer)?;
    let Imported { sites, users, has_superuser } = done.value;
    if args.json {
        context.console.json(&View { sites, users, revision: done.revision })?;
    } else {
        let (sites, users) = (text::count(sites, "site"), text::count(users, "user"));
        let url = store.url();
        context.console.print(&format!("Imported into {url}: it has {sites} and {users} now.\n"))?;
    }
    if !has_superuser {
        context.console.note("there is no superuser; `maintenance user createsuperuser` makes one");
    }
    Ok(Exit::Done)
}

fn read(file: &Path) -> anyhow::Result<Transfer> {
    let (name, bytes) = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
        ("stdin".to_owned(), bytes)
    } else {
        let name = format!("`{}`", file.display());
        (name.clone(), std::fs::read(file).with_context(|| format!("{name} cannot be read"))?)
    };
    // The words quote the file, which may come from anywhere.
    Transfer::parse(&bytes).map_err(|error| {
        anyhow!("nothing was imported from {}: {}", text::plain(&name), text::plain(&error.to_string()))
    })
}

/// Imports, and asks when it would take the place of something.
fn import(context: &Context, args: &Import, actions: &Actions, transfer: &Transfer) -> anyhow::Result<Done<Imported>> {
    let actor = actor::operator();
    match actions.config_import(&actor, transfer, args.yes) {
        Err(ActionError::NotFresh { sites, users }) if args.replace => {
            let gone = match transfer.users {
                Some(_) => format!("{} and {}", text::count(sites, "site"), text::count(users, "user")),
                None => text::count(sites, "site"),
            };
            let come = match &transfer.users {
                Some(users) => {
                    format!("{} and {}", text::count(transfer.sites.len(), "site"), text::count(users.len(), "user"))
                }
                None => text::count(transfer.sites.len(), "site"),
            };
            let url = actions.store().url();
            context.console.confirm(&format!("Replace {gone} of {url} by {come}?"), "--yes")?;
            Ok(actions.config_import(&actor, transfer, true)?)
        }
        Err(ActionError::NotFresh { sites, users }) => {
            let (sites, users) = (text::count(sites, "site"), text::count(users, "user"));
            let url = actions.store().url();
            bail!(
                "nothing was imported, because {url} has {sites} and {users} already; --replace puts the file in their place"
            )
        }
        done => Ok(done?),
    }
}
