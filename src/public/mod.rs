//! What anybody may know of a site: its state, the notice of what is planned, and a calendar of it.
//!
//! All of it comes from the snapshot in force: no query, no lock. It tells of windows with a notice only, names neither
//! people nor windows, and speaks of no other site than the one that serves the host of the request. Beside it, where the
//! setting asks for that, the notice script says that its visitor is there.

mod answer;
mod calendar;
mod notice;
mod status;
mod visit;

use actix_web::web::{self, Data, ServiceConfig};

use crate::middleware::InForce;
use crate::rules::{CALENDAR_PATH, NOTICE_PATH, STATUS_PATH, VISIT_PATH};
use crate::visits::Visits;

/// Mounts the state, the script and the calendar, which answer `GET` and `HEAD`, and where visitors are met, by `POST`; a
/// resource says 405 to the rest.
pub(crate) fn configure(state: Data<InForce>, visits: &Visits, config: &mut ServiceConfig) {
    let get = || web::route().guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()));
    config
        .app_data(state)
        .app_data(Data::new(visits.clone()))
        .service(web::resource(STATUS_PATH).route(get().to(status::show)))
        .service(web::resource(NOTICE_PATH).route(get().to(notice::show)))
        .service(web::resource(CALENDAR_PATH).route(get().to(calendar::show)))
        .service(web::resource(VISIT_PATH).route(web::post().to(visit::meet)));
}
