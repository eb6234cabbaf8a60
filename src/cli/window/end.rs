//! `maintenance window end`: ends what runs.

use clap::Args;

use super::{view, window_id};
use crate::actions::Switched;
use crate::cause::CauseId;
use crate::cli::confirm::{self, WaitArgs};
use crate::cli::directory::{DefaultSite, Directory, SiteArgs};
use crate::cli::exit::Exit;
use crate::cli::switched::described;
use crate::cli::{Context, actor, open};
use crate::clock;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::window::WindowId;

const EXAMPLES: &str = "\
Examples:
  maintenance window end forum       every window that runs on forum, started by hand or planned
  maintenance window end window-12   this one; of all sites if it is theirs
";

/// Ends the windows that run now, planned or not
///
/// A window that repeats comes again at its next time. One of all sites that is ended by naming a site goes on on the
/// others.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct End {
    /// Windows (window-12 or 12), or sites: domain, alias, or a part of a name that only one site has
    ///
    /// None means the default site.
    #[arg(value_name = "WINDOW|SITE")]
    what: Vec<String>,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    default: DefaultSite,
}

pub fn run(context: &Context, args: &End) -> anyhow::Result<Exit> {
    let console = &context.console;
    let store = open::existing(context)?;
    let directory = Directory::read(&store)?;
    let (windows, sites): (Vec<_>, Vec<_>) = args.what.iter().partition(|text| window_id(text).is_ok());
    let windows: Vec<WindowId> = windows.into_iter().filter_map(|text| window_id(text).ok()).collect();
    let ids: Vec<SiteId> = if sites.is_empty() && !windows.is_empty() {
        Vec::new()
    } else {
        let names = SiteArgs { sites: sites.into_iter().cloned().collect(), all: false, ignore_missing: false };
        directory.choose(console, &names, args.default.site_id)?.iter().map(|site| site.id).collect()
    };
    let actions = open::actions(context, &store);
    let mut lines = String::new();
    let mut revision = store.read(|reader| reader.change_last())?;
    for id in windows {
        let done = actions.window_end(&actor::operator(), id)?;
        let site = done.value.site.and_then(|site| directory.get(site));
        lines.push_str(&format!("Ended {}.\n", view::named(&done.value.window, site)));
        revision = done.revision;
    }
    let now = clock::now();
    for (record, _) in store.read(|reader| reader.record_some(&ids))? {
        let running = record.causes().running(now);
        if running.is_empty() {
            lines.push_str(&format!("No window runs on {}. Nothing changed.\n", record.site.domain));
        }
        for (window, _) in running {
            let done = actions.end_cause(&actor::operator(), &[record.site.id], CauseId::Window(window.id))?;
            revision = done.revision;
            lines.push_str(&format!("Ended {} on {}.\n", CauseId::Window(window.id), record.site.domain));
            if let Some(still) = done.value.iter().map(Switched::record).find_map(still_closed) {
                lines.push_str(&still);
            }
        }
    }
    console.print(&lines)?;
    confirm::wait(console, &store, revision, &args.wait)?;
    Ok(Exit::Done)
}

fn still_closed(record: &SiteRecord) -> Option<String> {
    let now = clock::now();
    let causes: Vec<String> = record.causes().at(now).iter().map(|cause| described(cause, now)).collect();
    (!causes.is_empty()).then(|| format!("{} is still closed by {}.\n", record.site.domain, causes.join("; ")))
}
