//! `/healthz`: the process answers. `/readyz`: it decides, from a state of this age.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use jiff::Timestamp;
use serde::Serialize;

use super::{NOT_STORED, readable};
use crate::app::Maintenance;
use crate::clock;
use crate::maintenance::Phase;
use crate::propagation::Source;

pub(super) fn configure(maintenance: &Maintenance, config: &mut ServiceConfig) {
    config.service(readable("/healthz", alive));
    config.service(readable("/readyz", ready).app_data(Data::new(maintenance.clone())));
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header(NOT_STORED).content_type("text/plain").body("alive\n")
}

/// What `/readyz` says. Anybody may ask, so it names no address, no path, no version and no site.
#[derive(Serialize)]
struct Ready {
    /// Whether this server decides by a state that it knows: also during an outage, from what was known last.
    ready: bool,
    /// The revision that this server enforces.
    revision: i64,
    /// How many sites it knows.
    sites: usize,
    /// How many of them are in maintenance now.
    in_maintenance: usize,
    /// How many of them let those at work finish now.
    draining: usize,
    /// Whether the database answers. When not, the last known state stays in force.
    database: bool,
    /// Since when the database has not answered.
    database_failing_since: Option<Timestamp>,
    /// Why not, in one word.
    database_error: Option<&'static str>,
    /// Where the state in force comes from: `database`, `mirror` or `unknown`.
    source: &'static str,
    /// When that state was last known to be the newest.
    as_of: Option<Timestamp>,
    /// How long ago that is, in seconds.
    age_seconds: Option<f64>,
    /// How the files for a web server fare: `waiting`, `written`, `standing-by` or `failing`; left out when there are
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'static str>,
    /// The server's clock.
    now: Timestamp,
}

async fn ready(maintenance: Data<Maintenance>) -> HttpResponse {
    let (now, snapshot, health) = (clock::now(), maintenance.snapshot(), maintenance.health());
    let failing = health.failing.as_ref();
    let ready = Ready {
        ready: health.source != Source::Unknown,
        revision: snapshot.revision().0,
        sites: snapshot.len(),
        in_maintenance: snapshot.count_closed(Phase::Maintenance, now),
        draining: snapshot.count_closed(Phase::Draining, now),
        database: failing.is_none(),
        database_failing_since: failing.map(|failing| failing.since),
        database_error: failing.map(|failing| failing.kind),
        source: health.source.word(),
        as_of: maintenance.as_of(),
        age_seconds: maintenance.age(now).map(|age| age.as_secs_f64()),
        files: maintenance.enforced().files().map(|files| files.state().word()),
        now,
    };
    let mut answer = if ready.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header(NOT_STORED).json(ready)
}
