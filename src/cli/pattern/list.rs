//! `maintenance pattern list`: what stays open while a site is closed.

use clap::Args;

use super::{On, View};
use crate::actions::ActionError;
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, open, text};

const EXAMPLES: &str = "\
Examples:
  maintenance pattern list
  maintenance pattern list --site forum --json
";

/// Lists the ignored patterns of a site, with their numbers
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct List {
    #[command(flatten)]
    on: On,

    /// Print a list of objects instead: site, number, kind, pattern, description
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &List) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let site = args.on.choose(&directory)?;
    let Some((record, _)) = store.read(|reader| reader.record(site.id))? else {
        return Err(ActionError::NoSuchSite.into());
    };
    let domain = record.site.domain.as_str();
    let views: Vec<View> =
        record.patterns.iter().enumerate().map(|(place, row)| View::of(domain, place, row)).collect();
    if args.json {
        context.console.json(&views)?;
        return Ok(Exit::Done);
    }
    if views.is_empty() {
        context.console.note(&format!("{domain} has no ignored patterns: nothing stays open while it is closed"));
        return Ok(Exit::Done);
    }
    let row = |view: &View| {
        let (kind, pattern) = (view.kind.as_str().to_owned(), text::plain(view.pattern));
        vec![format!("{:>3}", view.number), kind, pattern, text::plain(view.description)]
    };
    context.console.print(&text::columns(&views.iter().map(row).collect::<Vec<_>>()))?;
    Ok(Exit::Done)
}
