//! `maintenance pattern remove`: closes a path again.

use clap::Args;
use serde::Serialize;

use super::On;
use crate::actions::{ActionError, Save};
use crate::change::Revision;
use crate::cli::directory::Directory;
use crate::cli::exit::Exit;
use crate::cli::{Context, actor, open, text};
use crate::field::FieldErrors;
use crate::pattern::IgnoredPattern;
use crate::record::SiteRecord;

const EXAMPLES: &str = "\
Examples:
  maintenance pattern remove '^ignored-page/$'
  maintenance pattern remove 2 --site forum
";

/// Removes an ignored pattern, given as it is written or by its number in the list
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Remove {
    /// The pattern, or its number in `maintenance pattern list`
    #[arg(value_name = "PATTERN|NUMBER")]
    pattern: String,

    #[command(flatten)]
    on: On,

    /// Print an object instead: site, kind, pattern, description, revision
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Removed<'a> {
    site: &'a str,
    #[serde(flatten)]
    pattern: &'a IgnoredPattern,
    revision: Revision,
}

pub fn run(context: &Context, args: &Remove) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let site = args.on.choose(&directory)?;
    let mut gone = None;
    let done = open::actions(context, &store).record_edit(&actor::operator(), site.id, &Save::default(), |record| {
        gone = Some(remove(record, &args.pattern)?);
        Ok(())
    })?;
    let gone = gone.expect("the edit has run, or there was an error");
    let domain = done.value.record.site.domain.as_str();
    if args.json {
        context.console.json(&Removed { site: domain, pattern: &gone, revision: done.revision })?;
    } else {
        let shown = text::plain(&gone.pattern);
        context.console.print(&format!("Removed the pattern {shown} from {domain}.   Undo: maintenance undo\n"))?;
    }
    Ok(Exit::Done)
}

/// Takes the pattern out: the text as it is written, else the number.
fn remove(record: &mut SiteRecord, typed: &str) -> Result<IgnoredPattern, ActionError> {
    let by_text = record.patterns.iter().position(|row| row.pattern == typed);
    let by_number = || typed.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < record.patterns.len());
    match by_text.or_else(by_number) {
        Some(place) => Ok(record.patterns.remove(place)),
        None => {
            let known: Vec<String> = record.patterns.iter().map(|row| text::plain(&row.pattern)).collect();
            let known =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", text::list(&known, 10)) };
            let domain = &record.site.domain;
            Err(FieldErrors::of(
                "patterns[][pattern]",
                format!("{domain} has no pattern {}; {known}", text::plain(typed)),
            )
            .into())
        }
    }
}
