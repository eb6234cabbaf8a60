//! `maintenance undo`: takes a change back.

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::state::{SiteState, states};
use super::{Context, actor, describe, open, text, time};
use crate::actions::{ActionError, Actions, Actor, Done, Undone};
use crate::change::{Change, Revision, VISIT_ENDED};
use crate::clock;
use crate::record::{Fields, SiteRecord};
use crate::storage::{ChangeFilter, Store, StoreError};

/// Entries of the log that are looked through at once, and how often, before the search is given up.
const PAGE: i64 = 200;
const PAGES: usize = 50;

const EXAMPLES: &str = "\
Examples:
  maintenance undo        the last change that you made here on the command line
  maintenance undo 4711   a certain change, by its number in `maintenance history`
";

/// Takes a change back: your last one on the command line, or a certain one
///
/// Puts back what the change touched and nothing else, as a new entry of the history. Undoing an undo puts the change
/// in force again. When something that the change touched has changed again since, it shows both and asks.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Undo {
    /// Number of the change, as `maintenance history` shows it
    ///
    /// Without it: the last change made by this user on this machine from the command line that can be undone and
    /// has not been.
    #[arg(value_name = "REVISION")]
    revision: Option<i64>,

    /// Undo even if what the change touched has changed again since
    #[arg(long, short)]
    yes: bool,

    /// Print an object instead: undone, revision, action, subject and site (its state, or null)
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct View {
    /// The change that was taken back.
    undone: Revision,
    /// The change that took it back.
    revision: Revision,
    action: String,
    subject: String,
    site: Option<SiteState>,
}

pub fn run(context: &Context, args: &Undo) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let actor = actor::operator();
    let change = match args.revision {
        Some(revision) => match store.read(|reader| reader.change(Revision(revision)))? {
            Some(change) => change,
            None => bail!("there is no change {revision}; `maintenance history` shows them"),
        },
        None => match last(&store, &actor)? {
            Some(change) => change,
            None => bail!("there is nothing to undo: {} has changed no site", actor.name),
        },
    };
    if let Some(by) = store.read(|reader| reader.change_undone_by(change.revision))? {
        if args.json {
            let view = View {
                undone: change.revision,
                revision: by,
                action: change.action,
                subject: change.subject,
                site: None,
            };
            context.console.json(&view)?;
        } else {
            context
                .console
                .print(&format!("Change {} is undone already, by change {by}. Nothing changed.\n", change.revision))?;
        }
        return Ok(Exit::Done);
    }
    let done = undo(context, args, &open::actions(context, &store), &actor, &change)?;
    let now = clock::now();
    if args.json {
        let record: Vec<_> = done.value.record.iter().map(|record| (record, done.revision)).collect();
        let state = states(context, &store, &record, now)?.pop();
        let Change { revision: undone, action, subject, .. } = done.value.change;
        context.console.json(&View { undone, revision: done.revision, action, subject, site: state })?;
        return Ok(Exit::Done);
    }
    let at = time::exact(change.at, now);
    let what = format!(
        "{} on {} at {at} by {}",
        describe::change(&change, now),
        text::plain(&change.subject),
        text::plain(&change.actor)
    );
    context.console.print(&format!("Undone: {what}.\n{}\n", outcome(&change, done.value.record.as_ref(), now)))?;
    Ok(Exit::Done)
}

/// Undoes, and asks when something changed since.
fn undo(
    context: &Context,
    args: &Undo,
    actions: &Actions,
    actor: &Actor,
    change: &Change,
) -> anyhow::Result<Done<Undone>> {
    match actions.undo(actor, change.revision, args.yes) {
        Err(ActionError::ChangedSince { fields, current }) => {
            let question = format!("{} Undo change {} anyway?", difference(change, &fields, &current), change.revision);
            context.console.confirm(&question, "--yes")?;
            Ok(actions.undo(actor, change.revision, true)?)
        }
        done => Ok(done?),
    }
}

/// What the fields are now and what an undo would make of them.
fn difference(change: &Change, names: &[String], current: &SiteRecord) -> String {
    let now = current.fields();
    let empty = Fields::new();
    let before = change.before.as_ref().and_then(|before| before.as_object()).unwrap_or(&empty);
    let value =
        |fields: &Fields, name: &str| fields.get(name).map_or_else(|| "not set".to_owned(), ToString::to_string);
    let each = names.iter().map(|name| format!("{name} is {} now, and was {}", value(&now, name), value(before, name)));
    format!("Changed again since: {}.", text::plain(&each.collect::<Vec<_>>().join("; ")))
}

/// How things are after the undo.
fn outcome(change: &Change, record: Option<&SiteRecord>, now: jiff::Timestamp) -> String {
    let domain = text::plain(&change.subject);
    match record {
        None => format!("{domain} is removed again."),
        Some(record) if change.before.is_some() && change.after.is_none() => {
            format!("{} is there again.", record.site.domain)
        }
        Some(record) => format!("{} is {}.", record.site.domain, record.causes().standing(now).in_words()),
    }
}

/// The last change of a site by this actor from the command line that is not undone and no undo itself.
fn last(store: &Store, actor: &Actor) -> Result<Option<Change>, StoreError> {
    store.read(|reader| {
        let mut filter = ChangeFilter { actor: Some(actor.name.clone()), ..ChangeFilter::default() };
        for _ in 0..PAGES {
            let page = reader.change_list(&filter, PAGE)?;
            let Some(oldest) = page.last().map(|change| change.revision) else { return Ok(None) };
            for change in page {
                let is_of_site = change.site_id.is_some() && (change.before.is_some() || change.after.is_some());
                let is_candidate = is_of_site
                    && change.action != VISIT_ENDED
                    && change.undoes.is_none()
                    && change.door == actor.door.as_str();
                if is_candidate && reader.change_undone_by(change.revision)?.is_none() {
                    return Ok(Some(change));
                }
            }
            filter.before = Some(oldest);
        }
        Ok(None)
    })
}
