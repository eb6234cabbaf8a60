//! What `on` and `off` came to, in words and as JSON.

use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use super::state::{SiteState, states};
use super::{text, time};
use crate::actions::Switched;
use crate::cause::{Cause, Standing};
use crate::maintenance::{AtEnd, Level};
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::Store;

/// What happened to one site.
pub struct Outcome {
    /// Which of the five it is.
    pub result: ResultWord,
    /// The record afterwards.
    pub record: SiteRecord,
    /// The causes that were ended.
    pub ended: Vec<Cause>,
    at: Timestamp,
}

/// What happened, as a word in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultWord {
    Started,
    Updated,
    Ended,
    Forced,
    Already,
}

/// The state of a site after `on` or `off`.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    state: SiteState,
    result: ResultWord,
    #[serde(skip_serializing_if = "<[Cause]>::is_empty")]
    ended: &'a [Cause],
}

/// What `--dry-run --json` shows: the state as it is, and what would happen.
#[derive(Serialize)]
pub struct Plan {
    #[serde(flatten)]
    state: SiteState,
    /// `start`, `update`, `force`, `end` or `nothing`.
    would: &'static str,
}

impl Plan {
    pub fn of(would: &'static str, state: SiteState) -> Self {
        Self { state, would }
    }
}

impl Outcome {
    pub fn of(switched: Switched, at: Timestamp) -> Self {
        let (result, record, ended) = match switched {
            Switched::Started(record) => (ResultWord::Started, record, Vec::new()),
            Switched::Updated(record) => (ResultWord::Updated, record, Vec::new()),
            Switched::Ended(record, causes) => (ResultWord::Ended, record, causes),
            Switched::Forced(record) => (ResultWord::Forced, record, Vec::new()),
            Switched::Already(record) => (ResultWord::Already, record, Vec::new()),
        };
        Self { result, record, ended, at }
    }

    /// The domain of the site.
    pub fn domain(&self) -> &str {
        self.record.site.domain.as_str()
    }

    /// Whether anything was written.
    pub fn is_changed(&self) -> bool {
        self.result != ResultWord::Already
    }

    /// One sentence or two.
    pub fn sentence(&self, now: Timestamp) -> String {
        let domain = self.domain();
        match self.result {
            ResultWord::Started | ResultWord::Updated if let Some(closes_at) = self.closes_at(now) => {
                let verb =
                    if self.result == ResultWord::Started { "is draining since" } else { "is still draining at" };
                let (at, closes_at) = (time::exact(self.at, now), time::short(closes_at, now));
                format!("{domain} {verb} {at}: nobody new can sign in. It closes at {closes_at} at the latest.")
            }
            ResultWord::Forced => {
                let ended = self.record.drains.iter().filter_map(|drain| drain.end.as_ref()).max_by_key(|end| end.at);
                let how = ended.map(text::drain_end).unwrap_or_default();
                format!("{domain} is {} at {}: {how}.", self.standing(now).in_words(), time::exact(self.at, now))
            }
            ResultWord::Started => {
                let at = time::exact(self.record.maintenance.since.unwrap_or(self.at), now);
                if self.is_read_only(now) {
                    return format!("{domain} is closed for writing since {at}{}. Reading goes on.", self.end(now));
                }
                format!("Maintenance started on {domain} at {at}{}.", self.end(now))
            }
            ResultWord::Updated if self.is_read_only(now) => {
                format!("Maintenance updated on {domain}: it is closed for writing{}.", self.end(now))
            }
            ResultWord::Updated => format!("Maintenance updated on {domain}: it goes on{}.", self.end(now)),
            ResultWord::Ended if self.ended.iter().all(|cause| cause.drains_until.is_some()) => {
                let at = time::exact(self.at, now);
                format!("The drain of {domain} was cancelled at {at}. It stays open.{}", self.ended(now))
            }
            ResultWord::Ended => {
                let at = time::exact(self.at, now);
                format!("Maintenance ended on {domain} at {at}. Visitors get the site again.{}", self.ended(now))
            }
            ResultWord::Already if let Some(closes_at) = self.closes_at(now) => format!(
                "{domain} is draining{} and closes at {} at the latest. Nothing changed. Close it now: \
                 maintenance on {domain} --force",
                self.started(now),
                time::short(closes_at, now)
            ),
            ResultWord::Already if self.record.maintenance.box_holds(now) => {
                let state = self.standing(now).in_words();
                format!("{domain} is already {state}{}. Nothing changed.", self.started(now))
            }
            ResultWord::Already => format!("{domain} is open already. Nothing changed."),
        }
    }

    /// When the site closes at the latest, while it drains.
    fn closes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.standing(now).closes_at()
    }

    /// Whether reading goes on.
    fn is_read_only(&self, now: Timestamp) -> bool {
        self.standing(now).level() == Some(Level::ReadOnly)
    }

    fn standing(&self, now: Timestamp) -> Standing {
        self.record.causes().standing(now)
    }

    fn end(&self, now: Timestamp) -> String {
        let record = &self.record.maintenance;
        match record.expected_end {
            Some(end) if record.at_end == AtEnd::Open => format!(", opens by itself at {}", time::short(end, now)),
            Some(end) => format!(", expected end {}", time::short(end, now)),
            None => String::new(),
        }
    }

    fn started(&self, now: Timestamp) -> String {
        let record = &self.record.maintenance;
        match (&record.started_by, record.since) {
            (Some(by), Some(since)) => format!(", started by {} at {}", text::plain(by), time::exact(since, now)),
            _ => String::new(),
        }
    }

    fn ended(&self, now: Timestamp) -> String {
        let causes: Vec<String> = self.ended.iter().map(|cause| described(cause, now)).collect();
        if causes.is_empty() { String::new() } else { format!("\nEnded: {}.", causes.join("; ")) }
    }
}

/// `box (started by ada at 03:12:04 UTC)`.
pub fn described(cause: &Cause, now: Timestamp) -> String {
    match (&cause.by, cause.since) {
        (Some(by), Some(since)) => {
            format!("{}{} (started by {} at {})", cause.id, named(cause), text::plain(by), time::exact(since, now))
        }
        (None, Some(since)) => format!("{}{} (since {})", cause.id, named(cause), time::exact(since, now)),
        _ => cause.id.to_string(),
    }
}

/// ` “Database upgrade” for writing only`: the name, where there is one, and how much it closes, where that is not all.
fn named(cause: &Cause) -> String {
    let name = if cause.name.is_empty() { String::new() } else { format!(" “{}”", text::plain(&cause.name)) };
    if cause.level == Level::ReadOnly { format!("{name} for writing only") } else { name }
}

/// Prints the states with what happened.
pub fn print_json(context: &Context, store: &Store, outcomes: &[Outcome], now: Timestamp) -> anyhow::Result<()> {
    let ids: Vec<SiteId> = outcomes.iter().map(|outcome| outcome.record.site.id).collect();
    let stored = store.read(|reader| reader.record_some(&ids))?;
    let after = outcomes.iter().map(|outcome| {
        // The revision that this command made, or a later one when somebody was quick.
        let revision = stored.iter().find(|(record, _)| record.site.id == outcome.record.site.id).map(|(_, is)| *is);
        (&outcome.record, revision.unwrap_or_default())
    });
    let states = states(context, store, &after.collect::<Vec<_>>(), now)?.into_iter();
    let views = states.zip(outcomes).map(|(state, it)| View { state, result: it.result, ended: &it.ended });
    context.console.json(&views.collect::<Vec<_>>())
}
