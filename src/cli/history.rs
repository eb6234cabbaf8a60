//! `maintenance history`: who did what, when, from where.

use clap::Args;
use jiff::Timestamp;

use super::directory::Directory;
use super::exit::Exit;
use super::{Context, describe, open, text, time};
use crate::change::Change;
use crate::clock;
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
        console.print(&csv(&changes))?;
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

fn csv(changes: &[Change]) -> String {
    let mut csv = "revision,at,actor,door,address,site,subject,action,before,after,undoes\r\n".to_owned();
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    for change in changes {
        let cells = [
            change.revision.to_string(),
            change.at.to_string(),
            change.actor.clone(),
            change.door.clone(),
            change.address.clone().unwrap_or_default(),
            change.site_id.map(|id| id.to_string()).unwrap_or_default(),
            change.subject.clone(),
            change.action.clone(),
            json(&change.before),
            json(&change.after),
            change.undoes.map(|revision| revision.to_string()).unwrap_or_default(),
        ];
        csv.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// A cell as RFC 4180 has it. What a spreadsheet would take for a formula gets an apostrophe in front
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_no_formula() {
        for (cell, written) in
            [("ada", "ada"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1"), ("", "")]
        {
            assert_eq!(quoted(cell), written);
        }
    }
}
