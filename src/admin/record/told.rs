//! What is said of a save: done, unchanged, or not stored.

use actix_web::http::StatusCode;
use jiff::Timestamp;

use super::view::View;
use crate::actions::{Done, Saved, Switched};
use crate::admin::page::Flash;
use crate::admin::panel::Panel;
use crate::admin::site::Told;
use crate::cause::CauseId;
use crate::clock;
use crate::maintenance::{Level, Phase};
use crate::record::SiteRecord;
use crate::storage::StoreError;

/// Said when an expected end was typed for a site that stays open.
const END_DROPPED: &str = "The expected end was not kept, because the site is not in maintenance.";

/// The message for the next page. `back` is where [Undo] comes back to.
pub(super) fn saved(panel: &Panel, view: &View, done: &Done<Saved>, is_end_dropped: bool, back: &str) -> Flash {
    let site = view.stored.site.domain.to_unicode();
    let record = &done.value.record;
    // What the save has ended, it has ended after the form was read.
    let now = clock::now();
    let told = |switched| {
        let done = Done { value: vec![switched], revision: done.revision, changes: done.changes.clone() };
        Told::by(panel, back, now).of(&done)
    };
    let was_ticked = view.stored.maintenance.box_holds(view.now);
    let said = |detail: String| if is_end_dropped { END_DROPPED.to_owned() } else { detail };
    match (done.value.change, view.is_closed(), record.is_closed(now)) {
        (None, ..) => Flash { detail: said(format!("{site} is as it was.")), ..Flash::note("Nothing changed.") },
        (_, false, true) => told(Switched::Started(record.clone())),
        (_, true, false) => told(Switched::Ended(record.clone(), view.stored.causes().at(view.now))),
        // The box was unticked, and the rest goes on.
        (_, true, true) if was_ticked && !record.maintenance.in_maintenance => {
            let causes = view.stored.causes().at(view.now).into_iter();
            let ended = causes.filter(|cause| cause.id == CauseId::Box).collect();
            told(Switched::Ended(record.clone(), ended))
        }
        (Some(revision), true, true)
            if level(record, now).is_some_and(|is| level(&view.stored, view.now).is_some_and(|was| was != is)) =>
        {
            Told::by(panel, back, now).of_level(record).with_undo([revision.0], back)
        }
        (Some(revision), ..) => {
            let detail = said(format!("The changes on {site} are in force."));
            Flash { detail, ..Flash::done("Saved.") }.with_undo([revision.0], back)
        }
    }
}

/// How much of a site is closed; `None` while it is open or draining.
fn level(record: &SiteRecord, now: Timestamp) -> Option<Level> {
    let standing = record.causes().standing(now);
    standing.level().filter(|_| standing.phase() == Phase::Maintenance)
}

/// Asks for the domain of a protected site.
pub(super) fn is_protected(view: &View) -> String {
    format!("{} is protected. Type its domain to start maintenance.", view.stored.site.domain.to_unicode())
}

/// Why nothing was stored, and the status of the answer. `closed` sites are in maintenance.
pub(in crate::admin) fn not_stored(error: &StoreError, closed: usize) -> (StatusCode, String) {
    let kept = "What you typed is still here: save it again.";
    match error {
        StoreError::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The disk of the database is full. Sites keep their state. Make room. {kept}"),
        ),
        StoreError::ReadOnly => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The database can only be read at the moment. Sites keep their state. {kept}"),
        ),
        StoreError::Unconfirmed => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database stopped answering while it was to save this, so it is not known whether it did. Look at the \
             site before you save again. What you typed is still here."
                .to_owned(),
        ),
        error if error.is_passing() => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The database does not answer. Sites keep their last known state: {closed} in maintenance. {kept}"),
        ),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("Something went wrong here. Sites keep their state. The log has the details. {kept}"),
        ),
    }
}
