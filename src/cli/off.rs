//! `maintenance off`: ends maintenance.

use clap::Args;
use jiff::Timestamp;

use super::confirm::{self, WaitArgs};
use super::directory::{DefaultSite, Directory, SiteArgs, confirm_all};
use super::exit::Exit;
use super::state::states;
use super::switched::{self, Outcome, Plan, described};
use super::{Context, actor, open};
use crate::cause::CauseId;
use crate::clock;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::Store;

const EXAMPLES: &str = "\
Examples:
  maintenance off                    the default site
  maintenance off forum shop
  maintenance off forum --cause box  ends only this; exits with 6 when something else holds the site closed
  maintenance off --all --yes
";

/// Ends maintenance: visitors get the site again
///
/// Afterwards the site is open: whatever holds it closed is ended, and named.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Off {
    #[command(flatten)]
    sites: SiteArgs,

    /// End only this cause, by its id in `status --json`
    ///
    /// The exit code is 6 when another cause still holds a site closed, which is named.
    #[arg(long, value_name = "ID")]
    cause: Option<CauseId>,

    /// Do not ask for --all
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    wait: WaitArgs,

    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a list of objects instead: the fields of `status --json`, with `result` (ended, already) and `ended`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    default: DefaultSite,
}

pub fn run(context: &Context, args: &Off) -> anyhow::Result<Exit> {
    let console = &context.console;
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let chosen = directory.choose(console, &args.sites, args.default.site_id)?;
    let ids: Vec<SiteId> = chosen.iter().map(|site| site.id).collect();
    if args.dry_run {
        return plan(context, args, &store, &ids);
    }
    confirm_all(console, &args.sites, args.yes, "End maintenance on", &chosen)?;
    let (actions, actor) = (open::actions(context, &store), actor::operator());
    let done = match args.cause {
        None => actions.end(&actor, &ids)?,
        Some(cause) => actions.end_cause(&actor, &ids, cause)?,
    };
    let (now, revision) = (clock::now(), done.revision);
    let outcomes: Vec<Outcome> = done.value.into_iter().map(|switched| Outcome::of(switched, now)).collect();
    if args.json {
        switched::print_json(context, &store, &outcomes, now)?;
    } else {
        console.print(&page(args, &outcomes, now))?;
    }
    confirm::wait(console, &store, revision, &args.wait)?;
    let is_closed = |outcome: &Outcome| outcome.record.is_closed(now);
    Ok(if outcomes.iter().any(is_closed) { Exit::StillClosed } else { Exit::Done })
}

fn page(args: &Off, outcomes: &[Outcome], now: Timestamp) -> String {
    if outcomes.is_empty() {
        return "No site was named that there is. Nothing changed.\n".to_owned();
    }
    let mut page = String::new();
    for outcome in outcomes {
        page.push_str(&match (&args.cause, still_closed(&outcome.record, now)) {
            (Some(cause), Some(by)) => {
                format!("{cause} does not hold {} closed. It is still closed by {by}.", outcome.domain())
            }
            _ => outcome.sentence(now),
        });
        page.push('\n');
    }
    if outcomes.iter().any(Outcome::is_changed) {
        page.push_str("Undo: maintenance undo\n");
    }
    page
}

/// The causes that hold a site closed, in words.
fn still_closed(record: &SiteRecord, now: Timestamp) -> Option<String> {
    let causes = record.causes().at(now);
    let names: Vec<String> = causes.iter().map(|cause| described(cause, now)).collect();
    (!names.is_empty()).then(|| names.join("; "))
}

/// Says what would change.
fn plan(context: &Context, args: &Off, store: &Store, ids: &[SiteId]) -> anyhow::Result<Exit> {
    let now = clock::now();
    let records = store.read(|reader| reader.record_some(ids))?;
    let ends = |record: &SiteRecord| {
        let causes = record.causes().at(now);
        causes.iter().any(|cause| args.cause.is_none_or(|id| id == cause.id))
    };
    if args.json {
        let rows: Vec<_> = records.iter().map(|(record, revision)| (record, *revision)).collect();
        let states = states(context, store, &rows, now)?.into_iter().zip(&records);
        let would = |record: &SiteRecord| if ends(record) { "end" } else { "nothing" };
        let plans: Vec<Plan> = states.map(|(state, (record, _))| Plan::of(would(record), state)).collect();
        context.console.json(&plans)?;
        return Ok(Exit::Done);
    }
    let mut page = String::new();
    for (record, _) in &records {
        let domain = &record.site.domain;
        page.push_str(&match still_closed(record, now) {
            Some(causes) if ends(record) => format!("Would end maintenance on {domain}: {causes}.\n"),
            Some(causes) => format!("{domain} is closed by {causes}. Nothing would change.\n"),
            None => format!("{domain} is open already. Nothing would change.\n"),
        });
    }
    context.console.print(&page)?;
    Ok(Exit::Done)
}
