//! `maintenance site list`: all sites with their names.

use clap::Args;

use super::View;
use crate::cli::exit::Exit;
use crate::cli::{Context, open, text};
use crate::clock;
use crate::record::SiteRecord;

const EXAMPLES: &str = "\
Examples:
  maintenance site list
  maintenance site list --json
";

/// Lists all sites: id, domain, aliases, state and marks
///
/// The id is what SITE_ID and every command take.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct List {
    /// Print a list of objects instead: the whole record of each site, with phase and revision
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &List) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let records = store.read(|reader| reader.record_list())?;
    let now = clock::now();
    if args.json {
        let views: Vec<View> = records.iter().map(|(record, revision)| View::of(record, *revision, now)).collect();
        context.console.json(&views)?;
    } else if records.is_empty() {
        context
            .console
            .print("No sites yet. Add the domain that visitors type: maintenance site add www.example.com\n")?;
    } else {
        let rows: Vec<Vec<String>> =
            records.iter().map(|(record, _)| row(record, record.causes().standing(now).in_words())).collect();
        context.console.print(&text::columns(&rows))?;
    }
    Ok(Exit::Done)
}

fn row(record: &SiteRecord, state: &str) -> Vec<String> {
    let site = &record.site;
    let aliases: Vec<String> = site.aliases.iter().map(|alias| alias.to_unicode()).collect();
    let mut marks = Vec::new();
    if site.is_default {
        marks.push("default".to_owned());
    }
    if site.is_protected {
        marks.push("protected".to_owned());
    }
    if !site.name.is_empty() {
        marks.push(format!("\"{}\"", text::plain(&site.name)));
    }
    if !aliases.is_empty() {
        marks.push(format!("also {}", text::list(&aliases, 5)));
    }
    vec![format!("{:>3}", site.id.0), site.domain.to_unicode(), state.to_owned(), marks.join(", ")]
}
