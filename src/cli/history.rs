//! `maintenance history`: who did what, when, from where.

use clap::Args;
use jiff::Timestamp;

use super::directory::Directory;
use super::exit::Exit;
use super::{Context, describe, open, text, time};
use crate::change::Change;
use crate::clock;
use crate::export;
use crate::site::SiteId;
use crate::storage::ChangeFilter;

/// Most entries read at once.
const PAGE: i64 = 500;

const EXAMPLES: &str = "\
Examples:
  maintenance history                    the last 20 changes of all sites, the newest first
  maintenance history forum --limit 100
  maintenance history --limit 0 --csv > history.csv
";

/// Shows who did what, when and from where, the newest first
///
/// The number at the start of a line is what `maintenance undo` takes.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct History {
    /// Only changes of these sites: id, domain, alias, or a part of a name that only one site has
    #[arg(value_name = "SITE")]
    sites: Vec<String>,

    /// How many entries at most; 0 for all
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    limit: u32,

    /// Print a list of objects instead, with the touched fields before and after
    #[arg(long)]
    json: bool,

    /// Print comma-separated values instead (RFC 4180), with a line of names first
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub fn run(context: &Context, args: &History) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let sites: Option<Vec<SiteId>> = if args.sites.is_empty() {
        None
    } else {
        let directory = Directory::read(&store)?;
        let ids: Result<Vec<SiteId>, _> =
            args.sites.iter().map(|typed| directory.one(Some(typed), None).map(|site| site.id)).collect();
        Some(ids?)
    };
    let changes = store.read(|reader| {
        let mut filter = ChangeFilter { sites, ..ChangeFilter::default() };
        let mut changes: Vec<Change> = Vec::new();
        loop {
            let left = if args.limit == 0 { PAGE } else { i64::from(args.limit) - changes.len() as i64 };
            let page = reader.change_list(&filter, left.min(PAGE))?;
            filter.before = page.last().map(|change| change.revision);
            changes.extend(page);
            if filter.before.is_none() || (args.limit > 0 && changes.len() >= args.limit as usize) {
                return Ok(changes);
            }
        }
    })?;
    let console = &context.console;
    if args.json {
        console.json(&changes)?;
    } else if args.csv {
        let lines = changes.iter().map(export::csv_line).collect::<String>();
        console.print(&format!("{}{lines}", export::CSV_HEADER))?;
    } else if changes.is_empty() {
        console.print("Nothing has happened yet.\n")?;
    } else {
        console.print(&page(&changes, clock::now()))?;
    }
    Ok(Exit::Done)
}

fn page(changes: &[Change], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            let undoes = change.undoes.map(|revision| format!(" (undoes {revision})")).unwrap_or_default();
            vec![
                format!("{:>4}", change.revision.0),
                time::exact(change.at, now),
                who(change),
                text::plain(&change.subject),
                format!("{}{undoes}", describe::change(change, now)),
            ]
        })
        .collect();
    text::columns(&rows)
}

/// `ann, panel, 203.0.113.9`; the name of the command line says its door already.
fn who(change: &Change) -> String {
    let mut parts = vec![text::plain(&change.actor)];
    if change.door != "cli" {
        parts.push(change.door.clone());
    }
    parts.extend(change.address.clone());
    parts.join(", ")
}
