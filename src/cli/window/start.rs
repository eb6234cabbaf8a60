//! `maintenance window start`: a window that begins now.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{New, Owned, view};
use crate::cli::directory::{Directory, confirm_all};
use crate::cli::exit::Exit;
use crate::cli::on::typed_domains;
use crate::cli::{Context, open, time};
use crate::clock;
use crate::schedule::{Moment, Schedule};
use crate::site::{self, SiteId};
use crate::storage::Store;

const EXAMPLES: &str = "\
Examples:
  maintenance window start forum              until `maintenance window end forum`
  maintenance window start forum --for 20m --name \"Deploy 7\"
";

/// Begins a window now; without --for it lasts until it is ended
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Start {
    #[command(flatten)]
    new: New,

    /// How long it lasts, such as 90m or 2h
    #[arg(long = "for", visible_alias = "lasts", value_name = "DURATION", value_parser = time::duration)]
    lasts: Option<SignedDuration>,
}

pub fn run(context: &Context, args: &Start) -> anyhow::Result<Exit> {
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let owners = args.new.owners(context, &directory)?;
    if !args.new.yes {
        ask(context, &store, &directory, args)?;
    }
    let now = clock::now();
    let mut windows = Vec::new();
    for owner in owners {
        let zone = site::time_zone(owner.map_or("UTC", |site| &site.time_zone))?;
        let end = args.lasts.map(|lasts| now.checked_add(lasts)).transpose()?;
        let schedule =
            Schedule::Once { start: Moment::new(now, zone.clone()), end: end.map(|end| Moment::new(end, zone)) };
        windows.push((owner, args.new.window(schedule)));
    }
    args.new.add(context, &store, windows, told)
}

/// Asks as `on` does, because the sites close at once: for all of them, and for each that is protected.
fn ask(context: &Context, store: &Store, directory: &Directory, args: &Start) -> anyhow::Result<()> {
    let chosen = directory.choose(&context.console, &args.new.sites, args.new.default.site_id)?;
    confirm_all(&context.console, &args.new.sites, false, "Start maintenance on", &chosen)?;
    let ids: Vec<SiteId> = chosen.iter().map(|site| site.id).collect();
    typed_domains(context, store, &ids, clock::now()).map(drop)
}

fn told((owner, window): &Owned<'_>, now: Timestamp) -> String {
    let until = view::times(window, now, 1).first().and_then(|time| time.ends_at);
    let until = until.map_or("until it is ended".to_owned(), |end| format!("until {}", time::short(end, now)));
    let id = window.id;
    let extent = view::extent(window);
    format!("Started {}{extent} {until}.   End: maintenance window end window-{id}\n", view::named(window, *owner))
}
