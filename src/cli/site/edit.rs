//! `maintenance site edit`: names and options of a site.

use clap::Args;
use ipnet::IpNet;

use super::{View, time_zone};
use crate::actions::{ActionError, Save};
use crate::change::Change;
use crate::cli::directory::{Directory, only};
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, describe, open};
use crate::clock;
use crate::field::FieldErrors;
use crate::network::{InternalNetwork, parse_network};
use crate::record::SiteRecord;
use crate::redirect::{Redirect, RedirectError};
use crate::site::{Alias, Domain};

const EXAMPLES: &str = "\
Examples:
  maintenance site edit forum --add-alias www.forum.example.com --protected
  maintenance site edit 2 --domain board.example.com
  maintenance site edit forum --add-network 10.0.0.0/8 --retry-after 300
  maintenance site edit forum --redirect-url ''     no longer redirected
";

/// Changes names and options of a site
///
/// Only what is given is changed. `maintenance on`, `off` and `pattern` change the rest of the record.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Edit {
    /// Site: id, domain, alias, or a part of a name that only one site has
    #[arg(value_name = "SITE")]
    site: String,

    /// New domain
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<Domain>,

    /// New name shown to people; '' for none
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,

    /// Add another name
    #[arg(long, value_name = "DOMAIN")]
    add_alias: Vec<Alias>,

    /// Take another name away
    #[arg(long, value_name = "DOMAIN")]
    remove_alias: Vec<Alias>,

    /// Let requests for unknown hosts belong to this site, and to no other
    #[arg(long)]
    default: bool,

    /// Ask for the domain before maintenance starts
    #[arg(long, overrides_with = "no_protected")]
    protected: bool,

    /// Do not ask before maintenance starts
    #[arg(long)]
    no_protected: bool,

    /// Zone in which times are entered and shown, such as Europe/Berlin
    #[arg(long, value_name = "AREA/CITY", value_parser = time_zone)]
    time_zone: Option<String>,

    /// Redirect visitors of the closed site (302) instead of showing the page; '' for the page
    #[arg(long, value_name = "ADDRESS", value_parser = redirect_url)]
    redirect_url: Option<String>,

    /// Seconds for Retry-After while no end is known, 1 to 3600; 0 follows the setting
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    retry_after: Option<u32>,

    /// Add an address or network that always sees this site
    #[arg(long, value_name = "CIDR", value_parser = parse_network)]
    add_network: Vec<IpNet>,

    /// Take an address or network away
    #[arg(long, value_name = "CIDR", value_parser = parse_network)]
    remove_network: Vec<IpNet>,

    /// Print the site as an object instead
    #[arg(long)]
    json: bool,
}

fn redirect_url(text: &str) -> Result<String, RedirectError> {
    if text.trim().is_empty() { Ok(String::new()) } else { Redirect::checked(text) }
}

pub fn run(context: &Context, args: &Edit) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let site = only(&directory, &args.site)?;
    let done = open::actions(context, &store).record_edit(
        &actor::operator(),
        site.id,
        &Save { typed_domain: None, ..Save::default() },
        |record| args.apply(record),
    )?;
    let saved = &done.value;
    if args.json {
        let stored = store.read(|reader| reader.record(site.id))?;
        let revision = stored.map_or(done.revision, |(_, revision)| revision);
        context.console.json(&View::of(&saved.record, revision, clock::now()))?;
        return Ok(Exit::Done);
    }
    let domain = saved.record.site.domain.to_unicode();
    context.console.print(&match saved.change {
        None => format!("{domain} is so already. Nothing changed.\n"),
        Some(revision) => {
            let change: Option<Change> = store.read(|reader| reader.change(revision))?;
            let what = change.map(|change| describe::change(&change, clock::now())).unwrap_or_default();
            format!("{domain}: {what}.   Undo: maintenance undo\n")
        }
    })?;
    Ok(Exit::Done)
}

impl Edit {
    fn apply(&self, record: &mut SiteRecord) -> Result<(), ActionError> {
        let site = &mut record.site;
        if let Some(domain) = &self.domain {
            site.domain.clone_from(domain);
        }
        if let Some(name) = &self.name {
            site.name.clone_from(name);
        }
        for alias in &self.remove_alias {
            remove(&mut site.aliases, |known| known == alias, "aliases", alias)?;
        }
        for alias in &self.add_alias {
            if !site.aliases.contains(alias) {
                site.aliases.push(alias.clone());
            }
        }
        site.is_default |= self.default;
        site.is_protected = (site.is_protected && !self.no_protected) || self.protected;
        if let Some(zone) = &self.time_zone {
            site.time_zone.clone_from(zone);
        }
        if let Some(url) = &self.redirect_url {
            record.maintenance.redirect_url = Some(url.clone()).filter(|url| !url.is_empty());
        }
        if let Some(seconds) = self.retry_after {
            record.maintenance.retry_after = Some(seconds).filter(|seconds| *seconds > 0);
        }
        for network in &self.remove_network {
            remove(&mut record.networks, |known| known.network == *network, "networks", network)?;
        }
        for network in &self.add_network {
            if record.networks.iter().all(|known| known.network != *network) {
                record.networks.push(InternalNetwork { network: *network, description: String::new() });
            }
        }
        Ok(())
    }
}

/// Takes something out of a list; that it is not there is an error, because it may be a slip of the pen.
fn remove<T>(
    list: &mut Vec<T>,
    is_meant: impl Fn(&T) -> bool,
    field: &str,
    what: &impl std::fmt::Display,
) -> Result<(), ActionError> {
    match list.iter().position(is_meant) {
        Some(at) => {
            list.remove(at);
            Ok(())
        }
        None => Err(FieldErrors::of(field, format!("the site does not have {what}")).into()),
    }
}
