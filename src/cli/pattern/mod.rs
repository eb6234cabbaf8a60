//! `maintenance pattern`: the ignored patterns, whose paths stay open while a site is closed.

mod add;
mod list;
mod remove;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Context;
use super::directory::DefaultSite;
use super::exit::Exit;
use crate::cli::directory::{Directory, NoSite};
use crate::pattern::{IgnoredPattern, PatternKind};
use crate::site::Site;

const EXAMPLES: &str = "\
Examples:
  maintenance pattern list
  maintenance pattern add '^ignored-page/$' --description \"for the probe\"
  maintenance pattern remove 2 --site forum
";

/// Lists, adds and removes ignored patterns: paths that stay open
///
/// A pattern is matched from the start of the path, with or without its first slash.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, arg_required_else_help = true)]
pub struct PatternCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Add(add::Add),
    Remove(remove::Remove),
}

pub fn run(context: &Context, args: &PatternCommand) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(context, args),
        Command::Add(args) => add::run(context, args),
        Command::Remove(args) => remove::run(context, args),
    }
}

/// The site whose patterns are meant.
#[derive(Debug, Args)]
struct On {
    /// Site: id, domain, alias, or a part of a name that only one site has; the default site when not given
    #[arg(long, value_name = "SITE")]
    site: Option<String>,

    #[command(flatten)]
    default: DefaultSite,
}

impl On {
    fn choose<'d>(&self, directory: &'d Directory) -> Result<&'d Site, NoSite> {
        directory.one(self.site.as_deref(), self.default.site_id)
    }
}

/// A pattern of a site, as `--json` shows it.
#[derive(Serialize)]
struct View<'a> {
    site: &'a str,
    /// Place in the list, from one.
    number: usize,
    kind: PatternKind,
    pattern: &'a str,
    description: &'a str,
}

impl<'a> View<'a> {
    fn of(site: &'a str, place: usize, row: &'a IgnoredPattern) -> Self {
        Self { site, number: place + 1, kind: row.kind, pattern: &row.pattern, description: &row.description }
    }
}
