//! What is said of a save: done, unchanged, or not stored.

use actix_web::http::StatusCode;

use super::view::View;
use crate::actions::Saved;
use crate::admin::page::{Flash, Moment};
use crate::storage::StoreError;

/// The message for the next page. `back` is where [Undo] comes back to.
pub(super) fn saved(view: &View, saved: &Saved, is_end_dropped: bool, back: &str) -> Flash {
    let site = view.stored.site.domain.to_unicode();
    let dropped = "The expected end was not kept, because the site is not in maintenance.";
    let Some(revision) = saved.change else {
        let detail = if is_end_dropped { dropped.to_owned() } else { format!("{site} is as it was.") };
        return Flash { detail, ..Flash::note("Nothing changed.") };
    };
    let record = &saved.record.maintenance;
    let href = |rest: &str| format!("{}sites/{}/{rest}", view.base, view.id);
    let flash = match (view.is_closed(), record.box_holds(view.now)) {
        (false, true) => {
            let at = Moment::of(record.since.unwrap_or(view.now), &view.zone, view.now).short;
            let started = Flash {
                detail: "Visitors get the 503 page.".to_owned(),
                ..Flash::done(format!("Maintenance started on {site} at {at}."))
            };
            let started = match record.expected_end {
                Some(_) => started,
                None => started.with_link("Set expected end", href("#expected_end")),
            };
            started.with_link("See what visitors see", href("preview/"))
        }
        (true, false) => {
            let at = Moment::of(view.now, &view.zone, view.now).short;
            let detail = "Visitors get the site again.".to_owned();
            Flash { detail, ..Flash::done(format!("Maintenance ended on {site} at {at}.")) }
        }
        _ => {
            let detail =
                if is_end_dropped { dropped.to_owned() } else { format!("The changes on {site} are in force.") };
            Flash { detail, ..Flash::done("Saved.") }
        }
    };
    flash.with_undo([revision.0], back)
}

/// Asks for the domain of a protected site.
pub(super) fn is_protected(view: &View) -> String {
    format!("{} is protected. Type its domain to start maintenance.", view.stored.site.domain.to_unicode())
}

/// Why nothing was stored, and the status of the answer. `closed` sites are in maintenance.
pub(super) fn not_stored(error: &StoreError, closed: usize) -> (StatusCode, String) {
    match error {
        StoreError::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The disk of the database is full. Sites keep their state. What you typed is still here: save it again once \
             there is room."
                .to_owned(),
        ),
        StoreError::ReadOnly => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database can only be read at the moment. Sites keep their state. What you typed is still here.".to_owned(),
        ),
        error if error.is_passing() => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "The database does not answer. Sites keep their last known state: {closed} in maintenance. Trying again. \
                 What you typed is still here: save it again."
            ),
        ),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here. Sites keep their state. The log has the details. What you typed is still here."
                .to_owned(),
        ),
    }
}
