//! `maintenance task`: a command that a drain waits for, and that stays out of a maintenance.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::SignedDuration;

use super::child::{self, Child, Signals};
use super::console::Console;
use super::directory::{DefaultSite, Directory};
use super::exit::{Exit, NotOpened, NotStarted};
use super::{Context, actor, open, text, time};
use crate::change::Revision;
use crate::clock;
use crate::record::SiteRecord;
use crate::registration::{Task as Registered, TaskError};
use crate::site::{Site, SiteId};
use crate::storage::{Store, StoreError};
use crate::task::check_name;

const EXAMPLES: &str = "\
Examples:
  maintenance task --site forum -- ./import.sh
  maintenance task --name \"nightly reindex\" --wait --timeout 2h -- python3 reindex.py
  */10 * * * * maintenance task --site forum -- /srv/forum/cleanup    in a crontab
";

/// How often a site that is waited for is looked at: one small question, as long as nothing has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs a command that a drain waits for and that stays out of a maintenance
///
/// The command is registered as a task while it runs. Its output is passed through, and its exit code is that of this
/// command. SIGINT and SIGTERM reach it, and its end is waited for. On a site that is draining or in maintenance it is
/// not started: that exits with 7, with --wait it starts when the site is open, with --force at once. When the database
/// does not answer, nobody knows whether the site is open, so nothing is started either (exit code 1), but with
/// --force: then no drain waits for it. While the command runs, the database may be away. When this process is killed,
/// nobody waits for its task any more after 20 seconds.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Task {
    /// What people call it; the name of the program when not given
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,

    /// The site that it works on: id, domain, alias, or a part of a name that only one site has
    ///
    /// None means the default site: the one that SITE_ID says, else the only one, else the one marked default.
    #[arg(long, value_name = "SITE")]
    site: Option<String>,

    /// Start also while the site is draining or in maintenance, and while the database does not answer
    #[arg(long, conflicts_with = "wait")]
    force: bool,

    /// Wait until the site is open, and start then
    #[arg(long)]
    wait: bool,

    /// How long to wait at most; then nothing is started (exit code 5)
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = time::duration, requires = "wait")]
    timeout: SignedDuration,

    /// The command with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,

    #[command(flatten)]
    default: DefaultSite,
}

pub fn run(context: &Context, args: &Task) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run_here(context, args))
}

async fn run_here(context: &Context, args: &Task) -> anyhow::Result<Exit> {
    let registered = match register(context, args).await {
        Ok(registered) => Some(registered),
        Err(error) if args.force && is_away(&error) => {
            let away = text::of_error(&error);
            context.console.warn(&format!("no drain waits for {}: {away}", program(args)));
            None
        }
        Err(error) => return Err(error),
    };
    // A signal that came until now has ended this process, and nothing was started.
    let mut signals = Signals::listen()?;
    let ended = match Child::start(&args.command) {
        Ok(child) => child.ended(&mut signals).await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    if let Some(registered) = registered {
        registered.finish().await;
    }
    Ok(Exit::Command(ended?))
}

/// Registers the task, after the site has opened where that is to be waited for.
async fn register(context: &Context, args: &Task) -> anyhow::Result<Registered> {
    let store = open::existing_apart(context)?;
    let site = site_of(&store, args).await?;
    let give_up_at = Instant::now() + Duration::try_from(args.timeout)?;
    loop {
        let name = args.name.clone().unwrap_or_else(|| child::program_of(&args.command));
        let builder = Registered::builder(name);
        let builder = if args.force { builder.force() } else { builder };
        let console = context.console;
        let warn = Box::new(move |text: &str| console.warn(text));
        match builder.register_in(&store, site.id, actor::operator().name, warn).await {
            Err(refusal @ (TaskError::Draining { .. } | TaskError::InMaintenance { .. })) => {
                let refusal = told(&refusal);
                if !args.wait {
                    let program = program(args);
                    let text = format!("{program} was not started: {refusal}. Add --wait to start it when it opens");
                    return Err(NotStarted(text).into());
                }
                context.console.note(&format!("waiting, because {refusal}"));
                until_open(&context.console, &store, site.id, give_up_at).await?;
            }
            done => return Ok(done?),
        }
    }
}

/// `forum.example.com is in maintenance until 03:42`, `forum.example.com is draining and closes at 03:42 at the latest`.
fn told(refusal: &TaskError) -> String {
    let now = clock::now();
    match refusal {
        TaskError::Draining { site, closes_at, .. } => {
            format!("{site} is draining and closes at {} at the latest", time::short(*closes_at, now))
        }
        TaskError::InMaintenance { site, until } => {
            let until = until.map(|until| format!(" until {}", time::short(until, now))).unwrap_or_default();
            format!("{site} is in maintenance{until}")
        }
        other => other.to_string(),
    }
}

/// Waits until a site is open, also while the database is away.
///
/// # Errors
/// [`NotOpened`] when that takes too long.
async fn until_open(console: &Console, store: &Store, site: SiteId, give_up_at: Instant) -> anyhow::Result<()> {
    let mut known: Option<(Revision, SiteRecord)> = None;
    let mut is_away = false;
    loop {
        match look(store, site, known.take()).await {
            Ok(found) => {
                is_away = false;
                let Some((revision, record)) = found else { return Ok(()) };
                let Some(refusal) = TaskError::of(&record, clock::now()) else { return Ok(()) };
                if Instant::now() >= give_up_at {
                    return Err(NotOpened(told(&refusal)).into());
                }
                known = Some((revision, record));
            }
            Err(error) if error.is_passing() => {
                if Instant::now() >= give_up_at {
                    return Err(NotOpened(error.to_string()).into());
                }
                if !is_away {
                    console.warn(&format!("whether the site is open is not known, and asked again: {error}"));
                }
                is_away = true;
            }
            Err(error) => return Err(error.into()),
        }
        let left = give_up_at.saturating_duration_since(Instant::now());
        tokio::time::sleep(LOOK_EVERY.min(left)).await;
    }
}

/// The record of a site and the revision it is of: what was known already, unless something has changed since. `None`
/// when the site is gone.
async fn look(
    store: &Store,
    site: SiteId,
    known: Option<(Revision, SiteRecord)>,
) -> Result<Option<(Revision, SiteRecord)>, StoreError> {
    let asked = store.clone();
    let work = move || {
        asked.read(|reader| {
            let last = reader.change_last()?;
            match known {
                Some((revision, record)) if revision == last => Ok(Some((revision, record))),
                _ => Ok(reader.record(site)?.map(|(record, _)| (last, record))),
            }
        })
    };
    store.apart(work).await
}

async fn site_of(store: &Store, args: &Task) -> anyhow::Result<Site> {
    let (asked, typed) = (store.clone(), Vec::from_iter(args.site.clone()));
    let directory = store.apart(move || Directory::read_for(&asked, &typed)).await?;
    Ok(directory.one(args.site.as_deref(), args.default.site_id)?.clone())
}

/// Whether nobody knows the phase of the site, because the database is away.
fn is_away(error: &anyhow::Error) -> bool {
    let of_task = || match error.downcast_ref::<TaskError>() {
        Some(TaskError::Store(error)) => Some(error),
        _ => None,
    };
    error.downcast_ref::<StoreError>().or_else(of_task).is_some_and(StoreError::is_passing)
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

/// The program as messages name it.
fn program(args: &Task) -> String {
    text::plain(&child::program_of(&args.command))
}
