//! Endpoints of the program itself that maintenance never affects: alive, and ready.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use serde::Serialize;

use crate::app::Maintenance;
use crate::clock;

/// Mounts `/healthz` and `/readyz`.
pub(crate) fn configure(maintenance: Maintenance, config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(alive))
        .service(web::resource("/readyz").app_data(Data::new(maintenance)).route(web::get().to(ready)));
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).content_type("text/plain").body("alive\n")
}

/// What `/readyz` says.
#[derive(Serialize)]
struct Ready {
    /// Always true: a server decides from a snapshot from its first request on.
    ready: bool,
    /// The revision that this server enforces.
    revision: i64,
    /// How many sites it knows.
    sites: usize,
    /// Whether the database answers. When not, the last known state stays in force.
    database: bool,
    /// Since when the database has not answered.
    database_failing_since: Option<jiff::Timestamp>,
    /// The server's clock.
    now: jiff::Timestamp,
}

async fn ready(maintenance: Data<Maintenance>) -> HttpResponse {
    let snapshot = maintenance.snapshot();
    let health = maintenance.health();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Ready {
        ready: true,
        revision: snapshot.revision().0,
        sites: snapshot.len(),
        database: health.failing.is_none(),
        database_failing_since: health.failing.as_ref().map(|failing| failing.since),
        now: clock::now(),
    })
}
