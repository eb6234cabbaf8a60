//! `maintenance user edit`: name and rights of a user.

use clap::Args;

use super::{View, find, rights, site_ids, username};
use crate::actions::UserEdit;
use crate::cli::directory::Directory;
use crate::cli::exit::{Exit, Usage};
use crate::cli::{Context, actor, open, text};

const EXAMPLES: &str = "\
Examples:
  maintenance user edit bo --staff --site forum.example.com
  maintenance user edit bo --all-sites
  maintenance user edit bo --inactive
";

/// Changes name and rights of a user
///
/// Only what is given is changed. Changed rights end the user's sessions. The last active superuser stays one.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Edit {
    /// Log-in name
    #[arg(value_name = "USERNAME")]
    user: String,

    /// New log-in name
    #[arg(long = "username", value_name = "NAME", value_parser = username)]
    new_name: Option<String>,

    /// May use the panel and sees closed sites
    #[arg(long, conflicts_with = "no_staff")]
    staff: bool,

    /// May not use the panel
    #[arg(long)]
    no_staff: bool,

    /// May everything
    #[arg(long, conflicts_with = "no_superuser")]
    superuser: bool,

    /// May not everything
    #[arg(long)]
    no_superuser: bool,

    /// May log in
    #[arg(long, conflicts_with = "inactive")]
    active: bool,

    /// May not log in for now
    #[arg(long)]
    inactive: bool,

    /// Limit the rights of staff to this site instead; may be given again
    #[arg(long = "site", value_name = "SITE", conflicts_with = "all_sites")]
    sites: Vec<String>,

    /// Do not limit the rights of staff to certain sites
    #[arg(long)]
    all_sites: bool,

    /// Print the user as an object instead
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &Edit) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let before = find(&store, &args.user)?;
    let mut new = before.rights.clone();
    new.is_staff = (new.is_staff && !args.no_staff) || args.staff || args.superuser;
    new.is_superuser = (new.is_superuser && !args.no_superuser) || args.superuser;
    new.is_active = (new.is_active && !args.inactive) || args.active;
    if args.all_sites {
        new.sites = None;
    } else if !args.sites.is_empty() {
        new.sites = Some(site_ids(&directory, &args.sites)?);
    }
    if new.is_superuser && !new.is_staff {
        return Err(Usage("a superuser is staff as well; add --no-superuser".to_owned()).into());
    }
    let name = args.new_name.clone().filter(|name| *name != before.username);
    let rights_change = Some(new).filter(|new| *new != before.rights);
    let is_changed = name.is_some() || rights_change.is_some();
    let edit = UserEdit { username: name, rights: rights_change, ..UserEdit::default() };
    let user = match is_changed {
        true => open::actions(context, &store).user_edit(&actor::operator(), before.id, &edit)?.value,
        false => before,
    };
    if args.json {
        context.console.json(&View::of(&user, &directory))?;
    } else {
        let nothing = if is_changed { "" } else { " already. Nothing changed" };
        let (name, words) = (text::plain(&user.username), rights(&user, &directory));
        context.console.print(&format!("{name}: {words}{nothing}.\n"))?;
    }
    Ok(Exit::Done)
}
