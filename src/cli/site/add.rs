//! `maintenance site add`: a new site.

use clap::Args;

use super::{View, new_site, time_zone};
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open};
use crate::clock;
use crate::record::SiteRecord;
use crate::site::{Alias, Domain};

const EXAMPLES: &str = "\
Examples:
  maintenance site add forum.example.com
  maintenance site add example.com --alias www.example.com --alias '*.preview.example.com' --name Shop
";

/// Adds a site by the domain that visitors type
///
/// Creates the database when there is none. The first site is the default one.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Add {
    /// Domain without scheme, port and path; other scripts and upper case are understood
    #[arg(value_name = "DOMAIN")]
    domain: Domain,

    /// Another name of the site; `*.` stands for everything below a domain
    #[arg(long = "alias", value_name = "DOMAIN")]
    aliases: Vec<Alias>,

    /// Name shown to people; the domain when not given
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,

    /// Let requests for unknown hosts belong to this site
    #[arg(long)]
    default: bool,

    /// Ask for the domain before maintenance starts
    #[arg(long)]
    protected: bool,

    /// Zone in which times are entered and shown, such as Europe/Berlin
    #[arg(long, env = "TIME_ZONE", value_name = "AREA/CITY", default_value = "UTC", value_parser = time_zone)]
    time_zone: String,

    /// Print the new site as an object instead
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &Add) -> anyhow::Result<Exit> {
    let store = open::or_create(context)?;
    let mut site = new_site(args.domain.clone(), &args.time_zone);
    site.aliases.clone_from(&args.aliases);
    site.name.clone_from(&args.name);
    site.is_default = args.default;
    site.is_protected = args.protected;
    let done = open::actions(context, &store).site_add(&actor::operator(), &SiteRecord::new(site))?;
    if args.json {
        context.console.json(&View::of(&done.value, done.revision, clock::now()))?;
        return Ok(Exit::Done);
    }
    let site = &done.value.site;
    let default = if site.is_default { ", the default site" } else { "" };
    context.console.print(&format!(
        "Added {} as site {}{default}. It is open.\n",
        site.domain.to_unicode(),
        site.id
    ))?;
    Ok(Exit::Done)
}
