//! `maintenance pattern add`: lets a path stay open.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::{On, View};
use crate::actions::{ActionError, Actions, Done, Save, Saved};
use crate::change::Revision;
use crate::cli::directory::Directory;
use crate::cli::exit::{Exit, Usage};
use crate::cli::{Context, actor, open, text};
use crate::pattern::{IgnoredPattern, PatternKind};
use crate::record::SiteRecord;
use crate::site::SiteId;

const EXAMPLES: &str = "\
Examples:
  maintenance pattern add '^ignored-page/$'
  maintenance pattern add /health --kind prefix --description \"load balancer\" --site forum
  maintenance pattern add /robots.txt --kind exact
";

/// Lets paths that match a pattern stay open while the site is closed
///
/// A regular expression is matched from the start of the path and is open at its end unless `$` says otherwise; it
/// may be written with or without the first slash. The query string is never seen. A pattern that does not compile is
/// refused; one that frees more than is usual is asked about first.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Add {
    /// The pattern, at most 255 characters
    #[arg(value_name = "PATTERN")]
    pattern: String,

    #[command(flatten)]
    on: On,

    /// How it is compared with the path: regex, exact (the whole path) or prefix (whole segments)
    #[arg(long, value_name = "KIND", default_value = "regex")]
    kind: PatternKind,

    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,

    /// Do not ask about warnings
    #[arg(long, short)]
    yes: bool,

    /// Print an object instead: site, number, kind, pattern, description, added, revision
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Added<'a> {
    #[serde(flatten)]
    pattern: View<'a>,
    added: bool,
    revision: Revision,
}

pub fn run(context: &Context, args: &Add) -> anyhow::Result<Exit> {
    let row = IgnoredPattern { kind: args.kind, pattern: args.pattern.clone(), description: args.description.clone() };
    if let Err(error) = row.check() {
        return Err(Usage(format!("nothing was saved: {error}")).into());
    }
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let site = args.on.choose(&directory)?.id;
    let Done { value, revision, .. } = add(context, args, &open::actions(context, &store), site, &row)?;
    let record = &value.record;
    let place = record.patterns.iter().position(|known| is_same(known, &row)).unwrap_or_default();
    let domain = record.site.domain.as_str();
    if args.json {
        let pattern = View::of(domain, place, &record.patterns[place]);
        context.console.json(&Added { pattern, added: value.change.is_some(), revision })?;
        return Ok(Exit::Done);
    }
    let (shown, number) = (text::plain(&row.pattern), place + 1);
    context.console.print(&match value.change {
        Some(_) => format!("Added {shown} as pattern {number} of {domain}.   Undo: maintenance undo\n"),
        None => format!("{shown} is pattern {number} of {domain} already. Nothing changed.\n"),
    })?;
    Ok(Exit::Done)
}

/// Adds the pattern; asks about warnings.
fn add(
    context: &Context,
    args: &Add,
    actions: &Actions,
    site: SiteId,
    row: &IgnoredPattern,
) -> anyhow::Result<Done<Saved>> {
    let save = |confirmed: BTreeSet<String>| Save { confirmed, ..Save::default() };
    let edit = |record: &mut SiteRecord| {
        if !record.patterns.iter().any(|known| is_same(known, row)) {
            record.patterns.push(row.clone());
        }
        Ok(())
    };
    let actor = actor::operator();
    let warnings = match actions.record_edit(&actor, site, &save(BTreeSet::new()), edit) {
        Err(ActionError::Unconfirmed(warnings)) => warnings,
        done => return Ok(done?),
    };
    for warning in &warnings {
        context.console.warn(&text::plain(&warning.text));
    }
    if !args.yes {
        context.console.confirm(&format!("Add the pattern {} anyway?", text::plain(&row.pattern)), "--yes")?;
    }
    let confirmed = warnings.into_iter().map(|warning| warning.id).collect();
    Ok(actions.record_edit(&actor, site, &save(confirmed), edit)?)
}

fn is_same(a: &IgnoredPattern, b: &IgnoredPattern) -> bool {
    a.kind == b.kind && a.pattern == b.pattern
}
