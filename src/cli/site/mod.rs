//! `maintenance site`: the sites and their names.

mod add;
mod edit;
mod list;
mod remove;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use super::exit::Exit;
use crate::change::Revision;
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::site::{Domain, Site, SiteId};

const EXAMPLES: &str = "\
Examples:
  maintenance site list
  maintenance site add forum.example.com --alias www.forum.example.com
  maintenance site edit forum --protected
";

/// Lists, adds, edits and removes sites
///
/// A site is a domain with its aliases; each has a maintenance record of its own.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, arg_required_else_help = true)]
pub struct SiteCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Add(add::Add),
    Edit(Box<edit::Edit>),
    Remove(remove::Remove),
}

pub fn run(context: &Context, args: &SiteCommand) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(context, args),
        Command::Add(args) => add::run(context, args),
        Command::Edit(args) => edit::run(context, args),
        Command::Remove(args) => remove::run(context, args),
    }
}

/// A site with its whole record, as `--json` shows it.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    record: &'a SiteRecord,
    phase: Phase,
    revision: Revision,
}

impl<'a> View<'a> {
    fn of(record: &'a SiteRecord, revision: Revision, now: Timestamp) -> Self {
        Self { record, phase: record.causes().standing(now).phase(), revision }
    }
}

/// A site that has only its domain. The database gives its id.
pub fn new_site(domain: Domain, time_zone: &str) -> Site {
    Site {
        id: SiteId(0),
        domain,
        name: String::new(),
        aliases: Vec::new(),
        is_default: false,
        is_protected: false,
        time_zone: time_zone.to_owned(),
    }
}

/// The canonical name of a time zone.
pub(super) fn time_zone(text: &str) -> Result<String, crate::site::TimeZoneError> {
    let zone = crate::site::time_zone(text)?;
    Ok(zone.iana_name().unwrap_or(text).to_owned())
}
