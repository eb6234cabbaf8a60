//! `maintenance sessions`: who is at work on the sites, and ending one of them.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::directory::{Directory, SiteArgs};
use super::exit::Exit;
use super::{Context, actor, open, text, time};
use crate::clock;
use crate::site::SiteId;
use crate::visit::{Visit, VisitId, VisitKind};

const EXAMPLES: &str = "\
Examples:
  maintenance sessions                who is at work on any site
  maintenance sessions forum --json
  maintenance sessions end 12         ends one of them on every server
";

const END_EXAMPLES: &str = "\
Examples:
  maintenance sessions end 12
";

/// Most that are listed.
const MOST: i64 = 10_000;

/// Lists who is at work on the sites: since when, and when they were last seen
///
/// People who signed in to a site of this program (session), to an application that tells of it (app), and visitors with
/// a cookie (visitor); staff of the panel are not among them. A drain waits for those who signed in before it began.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Sessions {
    #[command(subcommand)]
    command: Option<Command>,

    /// Sites: id, domain, alias, or a part of a name that only one site has; all when none is named
    #[arg(value_name = "SITE")]
    sites: Vec<String>,

    /// Skip names that no site has, instead of failing
    #[arg(long)]
    ignore_missing: bool,

    /// Print a list of objects instead
    ///
    /// Each has id, site, domain, kind (session, app, visitor), name, address, since and last_seen.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    End(End),
}

/// Ends one of them on every server
///
/// While its site drains, the next request is held. Somebody who signed in by this program is signed out; to an
/// application with its own sessions, and for visitors, it is no more than that.
#[derive(Debug, Args)]
#[command(before_help = END_EXAMPLES)]
struct End {
    /// Number, as `maintenance sessions` lists it
    #[arg(value_name = "ID")]
    id: i64,

    /// Print the object instead, as the list has it
    #[arg(long)]
    json: bool,
}

/// A visit in `--json`. The fields are relied on by scripts: only add.
#[derive(Serialize)]
struct View {
    id: VisitId,
    site: SiteId,
    domain: String,
    kind: VisitKind,
    name: String,
    address: Option<String>,
    since: Timestamp,
    last_seen: Timestamp,
}

impl View {
    fn of(visit: &Visit, directory: &Directory) -> Self {
        Self {
            id: visit.id,
            site: visit.site,
            domain: directory.get(visit.site).map(|site| site.domain.to_string()).unwrap_or_default(),
            kind: visit.kind,
            name: visit.name.clone(),
            address: visit.address.clone(),
            since: visit.signed_in_at,
            last_seen: visit.last_seen_at,
        }
    }
}

pub fn run(context: &Context, args: &Sessions) -> anyhow::Result<Exit> {
    match &args.command {
        Some(Command::End(args)) => end(context, args),
        None => list(context, args),
    }
}

fn list(context: &Context, args: &Sessions) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let names = SiteArgs { sites: args.sites.clone(), all: false, ignore_missing: args.ignore_missing };
    let chosen: Option<Vec<SiteId>> = match args.sites.is_empty() {
        true => None,
        false => Some(directory.choose(&context.console, &names, None)?.iter().map(|site| site.id).collect()),
    };
    let now = clock::now();
    let seen_since = context.visits.seen_since(now);
    let visits = store.read(|reader| reader.visit_list(chosen.as_deref(), seen_since, MOST))?;
    if visits.len() as i64 == MOST {
        context.console.note(&format!("there are more; these {MOST} are shown"));
    }
    if args.json {
        context.console.json(&visits.iter().map(|visit| View::of(visit, &directory)).collect::<Vec<_>>())?;
    } else if visits.is_empty() {
        context.console.print("Nobody is at work.\n")?;
    } else {
        let rows: Vec<Vec<String>> = visits.iter().map(|visit| row(visit, &directory, now)).collect();
        context.console.print(&text::columns(&rows))?;
    }
    Ok(Exit::Done)
}

fn row(visit: &Visit, directory: &Directory, now: Timestamp) -> Vec<String> {
    vec![
        format!("{:>5}", visit.id),
        directory.get(visit.site).map(|site| site.domain.to_unicode()).unwrap_or_default(),
        visit.kind.as_str().to_owned(),
        if visit.name.is_empty() { "-".to_owned() } else { text::plain(&visit.name) },
        format!("since {}", time::exact(visit.signed_in_at, now)),
        format!("seen {} ago", time::span(visit.last_seen_at.min(now), now)),
    ]
}

fn end(context: &Context, args: &End) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let visit = open::actions(context, &store).visit_end(&actor::operator(), VisitId(args.id))?.value;
    let directory = Directory::read(&store)?;
    if args.json {
        context.console.json(&View::of(&visit, &directory))?;
        return Ok(Exit::Done);
    }
    let site = directory.get(visit.site).map(|site| site.domain.to_unicode()).unwrap_or_default();
    let who = format!("{} ({}) on {site}", text::plain(&visit.told()), visit.id);
    context.console.print(&match visit.ended_at {
        None => format!("Ended {who}.\n"),
        Some(at) => format!("{who} had ended at {}. Nothing changed.\n", time::exact(at, clock::now())),
    })?;
    Ok(Exit::Done)
}
