//! `maintenance status`: which sites are closed, since when, until when and by whom.

use clap::Args;
use jiff::Timestamp;

use super::console::{Colour, Console};
use super::directory::{Directory, SiteArgs};
use super::exit::Exit;
use super::state::{SiteState, states};
use super::{Context, open, text, time};
use crate::clock;
use crate::maintenance::Phase;
use crate::site::SiteId;

const EXAMPLES: &str = "\
Examples:
  maintenance status                     what is closed or will be, and how many sites are open
  maintenance status forum --json
  maintenance status forum --exit-code   for scripts: 0 open, 10 in maintenance, 11 draining
";

/// With at most this many sites, open ones are listed, too.
const FEW: usize = 10;

/// Shows which sites are closed, since when, until when and by whom
///
/// Without a site it looks at all of them, the exceptions first; of many open sites only the number is shown, and of
/// those with a window ahead the ten that it closes first.
/// Exits with 0 whatever the state, unless --exit-code is given.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Status {
    /// Sites: id, domain, alias, or a part of a name that only one site has; all when none is named
    #[arg(value_name = "SITE")]
    sites: Vec<String>,

    /// List every site, open ones as well
    #[arg(long, conflicts_with = "sites")]
    all: bool,

    /// Skip names that no site has, instead of failing
    #[arg(long)]
    ignore_missing: bool,

    /// Print a list of objects instead
    ///
    /// Each has id, domain, name, phase (open, draining, maintenance), level (full, read-only), since, until, overdue,
    /// started_by, closes_at, sessions, tasks, message, causes, next (the window that begins next: id, starts_at, ends_at,
    /// name) and revision.
    #[arg(long)]
    json: bool,

    /// Exit with 10 when a site is in maintenance, also for writing only, and 11 when it is draining; of several the
    /// most closed counts
    #[arg(long)]
    exit_code: bool,
}

pub fn run(context: &Context, args: &Status) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let now = clock::now();
    let records = if args.sites.is_empty() {
        store.read(|reader| reader.record_list())?
    } else {
        let directory = Directory::read_for(&store, &args.sites)?;
        let names = SiteArgs { sites: args.sites.clone(), all: false, ignore_missing: args.ignore_missing };
        let chosen = directory.choose(&context.console, &names, None)?;
        let ids: Vec<SiteId> = chosen.iter().map(|site| site.id).collect();
        store.read(|reader| reader.record_some(&ids))?
    };
    let records: Vec<_> = records.iter().map(|(record, revision)| (record, *revision)).collect();
    let mut states = states(context, &store, &records, now)?;
    if args.json {
        context.console.json(&states)?;
    } else {
        states.sort_by(|a, b| (rank(a), starts_at(a), &a.domain).cmp(&(rank(b), starts_at(b), &b.domain)));
        let lists_open = args.all || !args.sites.is_empty() || states.len() <= FEW;
        context.console.print(&page(&context.console, &states, lists_open, now))?;
    }
    Ok(if args.exit_code { most_closed(&states) } else { Exit::Done })
}

/// Overdue sites first, then in maintenance, then draining, then those with a window ahead, then open.
fn rank(state: &SiteState) -> u8 {
    match state.phase {
        Phase::Maintenance if state.overdue => 0,
        Phase::Maintenance => 1,
        Phase::Draining => 2,
        Phase::Open if state.next.is_some() => 3,
        Phase::Open => 4,
    }
}

/// When an open site with a window ahead will be closed.
fn starts_at(state: &SiteState) -> Option<Timestamp> {
    state.next.as_ref().filter(|_| state.phase == Phase::Open).map(|next| next.starts_at)
}

fn most_closed(states: &[SiteState]) -> Exit {
    match states.iter().map(rank).min() {
        Some(0 | 1) => Exit::Maintenance,
        Some(2) => Exit::Draining,
        _ => Exit::Done,
    }
}

fn page(console: &Console, states: &[SiteState], lists_open: bool, now: Timestamp) -> String {
    if states.is_empty() {
        return "No sites yet. Add the domain that visitors type: maintenance site add www.example.com\n".to_owned();
    }
    let is_shown = |state: &&SiteState| lists_open || state.phase != Phase::Open;
    let scheduled = states.iter().filter(|state| !is_shown(state) && state.next.is_some()).take(FEW);
    let shown: Vec<&SiteState> = states.iter().filter(is_shown).chain(scheduled).collect();
    let rows: Vec<Vec<String>> = shown.iter().map(|state| row(state, now)).collect();
    let mut page = String::new();
    for (state, line) in shown.iter().zip(text::columns(&rows).lines()) {
        page.push_str(&painted(console, state.phase, line));
        page.push('\n');
    }
    match (states.len() - shown.len(), shown.len()) {
        (0, _) => {}
        (open, 0) => page.push_str(&format!("○ All {open} sites open.  Show all: maintenance status --all\n")),
        (open, _) => {
            let sites = text::count(open, "more site");
            page.push_str(&format!("○ {sites} open.  Show all: maintenance status --all\n"));
        }
    }
    page
}

fn row(state: &SiteState, now: Timestamp) -> Vec<String> {
    let ahead = state.next.as_ref().filter(|_| state.phase == Phase::Open);
    let (shape, word) = match state.phase {
        Phase::Open if ahead.is_some() => ("◷", "scheduled"),
        Phase::Open => ("○", state.word),
        Phase::Draining => ("◐", state.word),
        Phase::Maintenance => ("■", state.word),
    };
    let mut row = vec![format!("{shape} {}", state.domain), word.to_owned()];
    if let Some(next) = ahead {
        row.push(time::ahead(next.starts_at, next.ends_at, now));
        row.push(text::plain(&next.name));
    }
    if let Some(closes_at) = state.closes_at {
        let counted = |number: u64, noun| text::count(usize::try_from(number).unwrap_or(usize::MAX), noun);
        row[1] = format!(
            "draining, {}, {}, closes at {} at the latest",
            counted(state.sessions, "session"),
            counted(state.tasks, "task"),
            time::short(closes_at, now)
        );
        row.push(text::plain(state.started_by.as_deref().unwrap_or_default()));
        return row;
    }
    if let Some(since) = state.since {
        let until = match state.until {
            Some(until) if state.overdue => format!(", {} overdue)", time::span(until, now)),
            Some(until) => format!("), until {}", time::short(until, now)),
            None => ")".to_owned(),
        };
        row.push(format!("since {} ({}{until}", time::short(since, now), time::span(since, now)));
        row.push(text::plain(state.started_by.as_deref().unwrap_or_default()));
    }
    row
}

fn painted(console: &Console, phase: Phase, line: &str) -> String {
    match phase {
        Phase::Maintenance => console.paint(Colour::Maintenance, line),
        Phase::Draining => console.paint(Colour::Draining, line),
        Phase::Open => line.to_owned(),
    }
}
