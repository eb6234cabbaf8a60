//! `maintenance window list`: what is planned.

use clap::Args;

use super::view::{self, View};
use crate::cli::directory::{Directory, SiteArgs};
use crate::cli::exit::Exit;
use crate::cli::{Context, open, text};
use crate::clock;
use crate::site::{Site, SiteId};
use crate::window::Window;

const EXAMPLES: &str = "\
Examples:
  maintenance window list
  maintenance window list forum --json
";

/// Lists what runs and what is planned, the next first
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct List {
    /// Sites: id, domain, alias, or a part of a name that only one site has; all when none is named
    #[arg(value_name = "SITE")]
    sites: Vec<String>,

    /// Include windows that are over or switched off
    #[arg(long)]
    over: bool,

    /// Print a list of objects instead
    ///
    /// Each has id, site, domain, name, enabled, zone, rule, until, notice_minutes, drain_minutes, level (full, read-only),
    /// message, running and times (starts_at, ends_at, changed).
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: &List) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let now = clock::now();
    let chosen: Vec<SiteId> = if args.sites.is_empty() {
        directory.sites().iter().map(|site| site.id).collect()
    } else {
        let names = SiteArgs { sites: args.sites.clone(), all: false, ignore_missing: false };
        directory.choose(&context.console, &names, None)?.iter().map(|site| site.id).collect()
    };
    let (records, shared) = store.read(|reader| Ok((reader.record_some(&chosen)?, reader.window_shared()?)))?;
    let own = records.into_iter().flat_map(|(record, _)| {
        let site = record.site.id;
        record.windows.into_iter().map(move |window| (Some(site), window))
    });
    let mut windows: Vec<(Option<&Site>, Window)> =
        own.map(|(site, window)| (site.and_then(|site| directory.get(site)), window)).collect();
    windows.extend(shared.iter().map(|window| (None, window.clone())));
    windows.retain(|(_, window)| args.over || !view::times(window, now, 1).is_empty());
    windows.sort_by_key(|(_, window)| (view::times(window, now, 1).first().map(|time| time.starts_at), window.id));
    if args.json {
        context.console.json(&windows.iter().map(|(site, window)| View::of(window, *site, now)).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if windows.is_empty() {
        context.console.note("nothing is planned");
    }
    let rows: Vec<Vec<String>> = windows.iter().map(|(site, window)| row(*site, window, now)).collect();
    context.console.print(&text::columns(&rows))?;
    Ok(Exit::Done)
}

fn row(site: Option<&Site>, window: &Window, now: jiff::Timestamp) -> Vec<String> {
    let next = view::times(window, now, 1);
    let when = match next.first() {
        _ if !window.is_enabled => "switched off".to_owned(),
        Some(time) if time.covers(now) => format!("runs: {}", view::span(time, &window.schedule.zone())),
        Some(time) => view::span(time, &window.schedule.zone()),
        None => "over".to_owned(),
    };
    vec![
        format!("window-{}", window.id),
        site.map_or("all sites".to_owned(), |site| site.domain.to_string()),
        when,
        text::plain(&window.name),
    ]
}
