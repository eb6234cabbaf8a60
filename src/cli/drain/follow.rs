//! Waits for the end of drains, and says meanwhile who is left.

use std::time::Duration;

use jiff::Timestamp;

use super::progress::{Left, Progress};
use crate::actions::{ActionError, Actions, Knows};
use crate::change::Revision;
use crate::cli::console::Console;
use crate::cli::{text, time};
use crate::clock;
use crate::draining::Sight;
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::server_info::Confirmation;
use crate::site::SiteId;
use crate::storage::StoreError;

/// Pause between two looks: the site closes by itself at its deadline, whoever looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How drains ended that were waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All sites are in maintenance.
    Closed,
    /// Somebody ended maintenance on one of them: it is open again.
    Cancelled,
    /// Whoever waited was interrupted; the drains go on.
    Interrupted,
}

/// Waits until none of these sites drains, with a line or a bar on standard error. An interrupt (Ctrl-C) ends the wait,
/// not the drain.
pub fn follow(console: &Console, actions: &Actions, sites: &[SiteId]) -> anyhow::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let interrupted = tokio::signal::ctrl_c();
        tokio::select! {
            ended = wait_until_closed(console, actions, sites) => ended.map(Some),
            caught = interrupted => caught.map(|()| None).map_err(anyhow::Error::from),
        }
    });
    // A look that is under way is given up with the process.
    runtime.shutdown_background();
    Ok(ended?.unwrap_or(Ended::Interrupted))
}

/// Waits until none of these sites drains. While no server runs it ends them itself, so that they end in time. While the
/// database does not answer it goes on waiting: the deadline holds without it.
///
/// # Errors
/// What does not pass by itself, such as [`ActionError::NoSuchSite`] when a site was removed meanwhile.
pub async fn wait_until_closed(console: &Console, actions: &Actions, sites: &[SiteId]) -> anyhow::Result<Ended> {
    let mut progress = Progress::new(console);
    let mut sight = Sight::default();
    loop {
        let (looking, ids, knows) = (actions.clone(), sites.to_vec(), sight.knows());
        let looked = tokio::task::spawn_blocking(move || look(&looking, &ids, knows)).await?;
        if looked.is_ok() {
            sight.sees();
        } else {
            sight.is_lost();
        }
        match looked {
            Ok(Look::Draining(left)) => progress.show(&left, clock::now()),
            Ok(Look::Closed(records)) => {
                progress.end();
                for record in &records {
                    console.note(&closed(record, clock::now()));
                }
                return Ok(Ended::Closed);
            }
            Ok(Look::Cancelled(domain)) => {
                progress.end();
                console.warn(&format!("maintenance on {domain} was ended meanwhile: it is open"));
                return Ok(Ended::Cancelled);
            }
            Err(error) if is_passing(&error) => progress.say_that_unknown(&error.into()),
            Err(error) => {
                progress.end();
                return Err(anyhow::Error::new(error).context("the drain cannot be followed any more"));
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What a look at the sites found.
enum Look {
    Draining(Vec<Left>),
    Closed(Vec<SiteRecord>),
    Cancelled(String),
}

fn look(actions: &Actions, sites: &[SiteId], knows: Knows) -> Result<Look, ActionError> {
    // Servers may wait longer for people who do nothing than this shell is told to, and end the drain by themselves.
    let knows = if has_server(actions)? { Knows::DeadlinesOnly } else { knows };
    let mut left = Vec::new();
    let mut records = Vec::new();
    for site in sites {
        let settled = actions.drain_settle(*site, knows)?;
        let record = settled.drained.record().clone();
        let standing = record.causes().standing(clock::now());
        match (standing.phase(), standing.closes_at(), standing.since) {
            (Phase::Draining, Some(closes_at), Some(since)) => {
                let at_work = settled.left.unwrap_or_default();
                left.push(Left { domain: record.site.domain.to_string(), at_work, since, closes_at });
            }
            (Phase::Open, ..) => return Ok(Look::Cancelled(record.site.domain.to_string())),
            _ => {}
        }
        records.push(record);
    }
    Ok(if left.is_empty() { Look::Closed(records) } else { Look::Draining(left) })
}

/// Whether a later look may succeed: the database is away.
fn is_passing(error: &ActionError) -> bool {
    matches!(error, ActionError::Store(error) if error.is_passing())
}

/// Whether a server runs that ends drains.
fn has_server(actions: &Actions) -> Result<bool, StoreError> {
    let (servers, now) =
        actions.store().read(|reader| Ok::<_, StoreError>((reader.server_list()?, reader.clock()?)))?;
    Ok(Confirmation::of(servers, Revision(0), now).live() > 0)
}

/// `forum.example.com is in maintenance since 03:14:09 UTC: nobody was left after 2 min`.
fn closed(record: &SiteRecord, now: Timestamp) -> String {
    let domain = &record.site.domain;
    let state = record.causes().standing(now).in_words();
    let ended = record.drains.iter().filter_map(|drain| Some((drain, drain.end.as_ref()?)));
    match ended.max_by_key(|(_, end)| end.at) {
        Some((drain, end)) => {
            let took = time::span(drain.started_at, end.at);
            let how = text::drain_end(end);
            format!("{domain} is {state} since {}: {how}, after {took}", time::exact(end.at, now))
        }
        None => format!("{domain} is {state}"),
    }
}
