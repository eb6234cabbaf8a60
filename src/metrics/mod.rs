//! The figures of this server, as Prometheus reads them.
//!
//! Everything is read from memory at the moment of the scrape: no query, no work in the background, nothing that an
//! outage of the database could stop.

mod exposition;
mod propagation;

use jiff::Timestamp;

use crate::app::Maintenance;
use crate::maintenance::Phase;
use crate::snapshot::Snapshot;
use crate::tally::{Outcome, Tallies};

pub(crate) use exposition::CONTENT_TYPE;
pub(crate) use propagation::Propagation;

/// Words for where the state comes from, each a series of its own.
const SOURCES: [&str; 3] = ["database", "mirror", "unknown"];

/// All figures at one moment.
#[derive(Debug)]
pub(crate) struct Figures {
    /// How many requests were answered how, by the domain of the closed site; `None` where no closed site decided.
    requests: Vec<(Option<String>, Outcome, u64)>,
    /// How many requests are under way, by the domain of the site as above.
    in_flight: Vec<(Option<String>, u64)>,
    sites: u64,
    sites_closed: u64,
    sites_draining: u64,
    revision: i64,
    /// Seconds since the state in force was last known to be the newest; `None` when nobody knows.
    age_seconds: Option<f64>,
    source: &'static str,
    is_database_up: bool,
    database_errors: Vec<(&'static str, u64)>,
    propagation: Propagation,
    logins_refused: Vec<(&'static str, u64)>,
    broken_templates: u64,
    started_at: Timestamp,
}

impl Figures {
    /// Reads the figures of this server.
    pub(crate) fn of(maintenance: &Maintenance, now: Timestamp) -> Self {
        let (snapshot, health) = (maintenance.snapshot(), maintenance.health());
        Self {
            requests: requests(maintenance.tallies(), &snapshot),
            in_flight: in_flight(maintenance.tallies(), &snapshot),
            sites: snapshot.len() as u64,
            sites_closed: snapshot.count_closed(Phase::Maintenance, now) as u64,
            sites_draining: snapshot.count_closed(Phase::Draining, now) as u64,
            revision: snapshot.revision().0,
            age_seconds: maintenance.age(now).map(|age| age.as_secs_f64()),
            source: health.source.word(),
            is_database_up: health.failing.is_none(),
            database_errors: maintenance.store().errors(),
            propagation: maintenance.propagation().clone(),
            logins_refused: maintenance.auth().refusals(),
            broken_templates: snapshot.templates().errors().len() as u64,
            started_at: maintenance.started_at(),
        }
    }
}

/// The requests under way whose site nobody looked for, and those of each site that is closed or will be, from zero on.
fn in_flight(tallies: &Tallies, snapshot: &Snapshot) -> Vec<(Option<String>, u64)> {
    let mut by_site = tallies.under_way_by_site();
    for site in snapshot.planned_sites() {
        by_site.entry(site.id).or_default();
    }
    let known =
        by_site.into_iter().filter_map(|(id, count)| Some((Some(snapshot.site(id)?.domain.to_string()), count)));
    std::iter::once((None, tallies.under_way_without_site())).chain(known).collect()
}

/// Every outcome that was, and for each closed site how many were held, from zero on: a series that begins at its
/// first request hides it from `rate`.
fn requests(tallies: &Tallies, snapshot: &Snapshot) -> Vec<(Option<String>, Outcome, u64)> {
    let mut requests: Vec<_> =
        tallies.without_site().counted().map(|(outcome, count)| (None, outcome, count)).collect();
    let mut by_site = tallies.by_site(|id| snapshot.site(id).is_some());
    for site in snapshot.planned_sites() {
        by_site.entry(site.id).or_default();
    }
    for (id, totals) in by_site {
        let Some(domain) = snapshot.site(id).map(|site| site.domain.to_string()) else { continue };
        let others = totals.counted().filter(|(outcome, _)| *outcome != Outcome::Held);
        let held = (Outcome::Held, totals.of(Outcome::Held));
        requests
            .extend(std::iter::once(held).chain(others).map(|(outcome, count)| (Some(domain.clone()), outcome, count)));
    }
    requests
}
