//! Waits until the running servers enforce a change.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::console::Console;
use super::exit::TimedOut;
use super::time;
use crate::change::Revision;
use crate::server_info::{Confirmation, Server};
use crate::storage::{Store, StoreError};

/// How long every command waits at most, so that what is asked next meets the change. No server running: not at all.
const BRIEFLY: Duration = Duration::from_secs(1);

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How often a wait that lasts says whom it waits for.
const REMARK_EVERY: Duration = Duration::from_secs(1);

/// Whether to wait for all servers, and for how long.
#[derive(Debug, Clone, Args)]
pub struct WaitArgs {
    /// Return only when every live server enforces the change; exit with 5 and name those that do not
    #[arg(long)]
    wait: bool,

    /// How long to wait at most
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = time::duration, requires = "wait")]
    timeout: SignedDuration,
}

/// Waits shortly for the servers that are alive; names those that are behind then, whose visitors may not notice yet.
pub fn briefly(store: &Store) -> Option<String> {
    let deadline = Instant::now() + BRIEFLY;
    let revision = store.read(|reader| reader.change_last()).ok()?;
    loop {
        let (found, now) = look(store, revision).ok().filter(|(found, _)| !found.is_complete())?;
        if Instant::now() >= deadline {
            return Some(behind(&found, revision, now));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Waits as `--wait` says, with a line a second on standard error.
///
/// # Errors
/// [`TimedOut`] with the servers that are behind.
pub fn wait(console: &Console, store: &Store, revision: Revision, args: &WaitArgs) -> anyhow::Result<()> {
    if args.wait { insist(console, store, revision, Duration::try_from(args.timeout)?) } else { Ok(()) }
}

/// Waits until every live server enforces a revision, with a line a second on standard error.
///
/// # Errors
/// [`TimedOut`] with the servers that are behind.
pub fn insist(console: &Console, store: &Store, revision: Revision, limit: Duration) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut remarked = started;
    loop {
        let (found, now) = look(store, revision)?;
        if found.is_complete() {
            console.note(&match found.live() {
                0 => "no server is running; one that starts enforces this".to_owned(),
                live => format!("{live} of {live} servers enforce revision {revision}"),
            });
            return Ok(());
        }
        if started.elapsed() >= limit {
            return Err(TimedOut(behind(&found, revision, now)).into());
        }
        if remarked.elapsed() >= REMARK_EVERY {
            remarked = Instant::now();
            console.note(&behind(&found, revision, now));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Who enforces the revision, and when that was, by the clock of the database: a server's own may be wrong.
fn look(store: &Store, revision: Revision) -> Result<(Confirmation, Timestamp), StoreError> {
    let (servers, now) = store.read(|reader| Ok((reader.server_list()?, reader.clock()?)))?;
    Ok((Confirmation::of(servers, revision, now), now))
}

/// `2 of 3 servers enforce revision 812; behind: web3 (last seen 12 s ago)`.
fn behind(found: &Confirmation, revision: Revision, now: Timestamp) -> String {
    let name = |server: &Server| format!("{} (last seen {} ago)", server.name, time::span(server.last_seen_at, now));
    let names: Vec<String> = found.behind.iter().map(name).collect();
    format!(
        "{} of {} servers enforce revision {revision}; behind: {}",
        found.confirmed.len(),
        found.live(),
        names.join(", ")
    )
}
