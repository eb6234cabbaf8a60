//! `maintenance site remove`: takes a site away.

use clap::Args;
use serde::Serialize;

use crate::change::Revision;
use crate::cli::directory::{Directory, only};
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open};
use crate::site::{Domain, SiteId};

const EXAMPLES: &str = "\
Examples:
  maintenance site remove forum.example.com        asks for the domain
  maintenance site remove forum.example.com --yes
";

/// Removes a site with its record, messages and patterns
///
/// Requests for its names then belong to the default site. The history keeps it, so `maintenance undo` brings it back.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Remove {
    /// Site: id, domain, alias, or a part of a name that only one site has
    #[arg(value_name = "SITE")]
    site: String,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    /// Print an object instead: id, domain and revision
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View<'a> {
    id: SiteId,
    domain: &'a Domain,
    revision: Revision,
}

pub fn run(context: &Context, args: &Remove) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let site = only(&directory, &args.site)?;
    if !args.yes {
        let domain = site.domain.as_str();
        let question = format!("Remove {domain} with its record?");
        context.console.confirm_by_typing(&question, domain, "--yes")?;
    }
    let done = open::actions(context, &store).site_remove(&actor::operator(), site.id)?;
    if args.json {
        context.console.json(&View { id: site.id, domain: &site.domain, revision: done.revision })?;
    } else {
        context.console.print(&format!("Removed {}.   Undo: maintenance undo\n", site.domain.to_unicode()))?;
    }
    Ok(Exit::Done)
}
