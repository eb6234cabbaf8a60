//! Saving a window: refused with everything typed kept, shown once before it counts, or done.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::form::show;
use super::read::Read;
use super::remarks::times;
use super::typed::{Typed, fingerprint};
use super::view::{Said, View};
use super::words::{named, repeats};
use crate::actions::{ActionError, Done, Planned};
use crate::admin::cause::capitalised;
use crate::admin::error::PanelError;
use crate::admin::form::Sent;
use crate::admin::kept;
use crate::admin::own::Operator;
use crate::admin::page::{Conflict, ConflictRow, Flash, Section, Span};
use crate::admin::panel::{Panel, see_other};
use crate::admin::record::{EXPIRED, not_stored};
use crate::admin::site::ago;
use crate::admin::words::{count, list};
use crate::auth::CsrfError;
use crate::clock;
use crate::maintenance::Phase;
use crate::storage::ChangeFilter;
use crate::window::{Window, WindowId};

/// Most sites that a message names.
const MAX_NAMED: usize = 5;

/// Adds a window, to one site, to several or to all.
pub(in crate::admin) async fn add(
    panel: Data<Panel>,
    req: HttpRequest,
    operator: Operator,
    session: Session,
    form: Sent,
) -> Result<HttpResponse, PanelError> {
    let typed = Typed::sent(&form.fields);
    let view = View::of_new(&panel, &operator, &typed.sites).await;
    save(&panel, &req, &operator, &session, form, view).await
}

/// Changes a window.
pub(in crate::admin) async fn edit(
    panel: Data<Panel>,
    req: HttpRequest,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    form: Sent,
) -> Result<HttpResponse, PanelError> {
    let view = View::load(&panel, &operator, WindowId(*id)).await;
    save(&panel, &req, &operator, &session, form, view).await
}

async fn save(
    panel: &Panel,
    req: &HttpRequest,
    operator: &Operator,
    session: &Session,
    form: Sent,
    view: Result<View, PanelError>,
) -> Result<HttpResponse, PanelError> {
    let is_expired = match form.proof {
        Ok(()) => false,
        Err(CsrfError::WrongToken) => true,
        // What another site has filled in is not shown as if the user had typed it.
        Err(error) => return Err(error.into()),
    };
    let view = match view {
        Err(PanelError::Action(ActionError::Store(error))) if error.is_passing() => {
            log::error!("A window could not be read to be saved: {error}");
            let kept = kept::kept_form(req.path(), &form.fields);
            let page = kept::not_done(panel, &panel.page_of_form(req.headers()), kept);
            return Ok(panel.error_page(&panel.frame(session, operator, Some(Section::Schedule)), &page));
        }
        view => view?,
    };
    let typed = Typed::sent(&form.fields);
    let read = view.read(&typed);
    let answer = |status, said| show(panel, operator, session, status, &view.page(&typed, &read, said));
    if is_expired {
        return answer(StatusCode::FORBIDDEN, Said { refusal: Some(EXPIRED.to_owned()), ..Said::default() });
    }
    if typed.is_check {
        return answer(StatusCode::OK, Said { shows_faults: true, ..Said::default() });
    }
    if !read.faults.is_empty() {
        return answer(StatusCode::UNPROCESSABLE_ENTITY, Said { shows_faults: true, ..Said::default() });
    }
    if let Some(stored) = view.stored.as_ref().filter(|stored| fingerprint(stored) != typed.read) {
        return in_conflict(panel, operator, session, &view, &typed, stored).await;
    }
    if typed.confirm != view.token(&read) {
        return answer(StatusCode::OK, Said { asks: true, ..Said::default() });
    }
    match store(panel, operator, &view, &typed, &read).await {
        Ok(done) => {
            told(&view, &done).keep(session);
            Ok(see_other(&format!("{}schedule/", panel.base())))
        }
        Err(ActionError::StaleWindow { current }) => {
            in_conflict(panel, operator, session, &view, &typed, &current).await
        }
        Err(ActionError::Invalid(errors)) => {
            answer(StatusCode::UNPROCESSABLE_ENTITY, Said { refusal: Some(errors.to_string()), ..Said::default() })
        }
        Err(ActionError::Store(error)) => {
            log::error!("A window could not be saved: {error}: {error:?}");
            let closed = panel.maintenance.snapshot().count_closed(Phase::Maintenance, view.now);
            let (status, words) = not_stored(&error, closed);
            answer(status, Said { refusal: Some(words), ..Said::default() })
        }
        Err(other) => Err(other.into()),
    }
}

/// Adds the window to its sites, or changes the stored one unless somebody else has changed it since.
async fn store(
    panel: &Panel,
    operator: &Operator,
    view: &View,
    typed: &Typed,
    read: &Read,
) -> Result<Done<Vec<Planned>>, ActionError> {
    let (actor, window) = (operator.actor(), read.window.clone());
    if view.stored.is_none() {
        let sites = view.owners.ids();
        let windows: Vec<_> = sites.into_iter().map(|site| (site, window.clone())).collect();
        return panel.act(move |actions| actions.window_add_some(&actor, &windows)).await;
    }
    let (known, keeps) = (typed.read.clone(), !read.is_rescheduled);
    let done = panel
        .act(move |actions| {
            actions.window_edit(&actor, window.id, |stored| {
                if fingerprint(stored) != known {
                    return Err(ActionError::StaleWindow { current: Box::new(stored.clone()) });
                }
                // What became of single times meanwhile is no part of the form.
                let exceptions = if keeps { stored.exceptions.clone() } else { window.exceptions.clone() };
                *stored = Window { exceptions, ..window.clone() };
                Ok(())
            })
        })
        .await?;
    Ok(Done { value: vec![done.value], revision: done.revision, changes: done.changes })
}

/// What was done, with when it happens.
fn told(view: &View, done: &Done<Vec<Planned>>) -> Flash {
    let Some(first) = done.value.first() else { return Flash::note("Nothing changed.") };
    let (window, now) = (&first.window, clock::now());
    let sites = list(&view.owners.names(), MAX_NAMED);
    if done.changes.is_empty() {
        return Flash { detail: format!("{} is as it was.", named(window)), ..Flash::note("Nothing changed.") };
    }
    let text = match (view.stored.is_some(), done.value.len()) {
        (true, _) => format!("{} changed on {sites}.", capitalised(&named(window))),
        (false, 1) => format!("{} scheduled on {sites}.", capitalised(&named(window))),
        (false, some) => format!("{} scheduled, one on each of {sites}.", count(some, "window")),
    };
    let next = times(window, now, 1).first().map(|next| Span::of(next, &window.schedule.zone(), now));
    let repeats = repeats(&window.schedule);
    let detail = match next {
        None => String::new(),
        Some(next) if repeats.is_empty() => format!("{}: {}.", capitalised(&next.distance), next.text),
        Some(next) => format!("{}: {}, and then {repeats}.", capitalised(&next.distance), next.text),
    };
    Flash { detail, ..Flash::done(text) }.with_undo(done.changes.iter().map(|change| change.0), "schedule/")
}

/// Somebody else has changed the window: both versions, and whoever wants can save over it.
async fn in_conflict(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    view: &View,
    typed: &Typed,
    stored: &Window,
) -> Result<HttpResponse, PanelError> {
    let theirs = Typed::of(stored, typed.sites.clone(), &view.language, view.now);
    let filter = ChangeFilter {
        site_id: view.owners.records.first().map(|record| record.site.id),
        action: Some("window.".to_owned()),
        ..ChangeFilter::default()
    };
    let field = format!("window {}", stored.id);
    let last = panel
        .read(move |reader| {
            let changes = reader.change_list(&filter, 50)?;
            Ok(changes
                .into_iter()
                .find(|change| change.after.as_ref().is_some_and(|after| after.get(&field).is_some())))
        })
        .await?;
    let rows = values(typed).into_iter().zip(values(&theirs));
    let conflict = Conflict {
        who: last.as_ref().map_or_else(|| "Somebody".to_owned(), |change| change.actor.clone()),
        ago: last.as_ref().map_or_else(|| "a moment".to_owned(), |change| ago(change.at, view.now)),
        rows: rows
            .filter(|((_, mine), (_, theirs))| mine != theirs)
            .map(|((label, mine), (_, theirs))| ConflictRow { label: label.to_owned(), mine, theirs })
            .collect(),
    };
    let typed = Typed { read: fingerprint(stored), ..typed.clone() };
    let page = view.page(&typed, &view.read(&typed), Said { conflict: Some(conflict), ..Said::default() });
    show(panel, operator, session, StatusCode::CONFLICT, &page)
}

/// The fields by their labels.
fn values(typed: &Typed) -> [(&'static str, String); 15] {
    let ending = match typed.ending.as_str() {
        "open" => "without an end".to_owned(),
        "end" => format!("at {}", typed.end),
        _ => format!("after {} min", typed.lasts),
    };
    [
        ("Name", typed.name.clone()),
        ("Time zone", typed.zone.clone()),
        ("Start", typed.start.clone()),
        ("Ends", ending),
        ("Repeats", typed.repeats.clone()),
        ("Rule", typed.rule.clone()),
        ("Until", typed.until.clone()),
        ("Notice", format!("{} min", typed.notice)),
        ("Heading", typed.heading.clone()),
        ("Text", typed.body.clone()),
        ("Language", typed.language.clone()),
        ("At the start it closes", typed.mode.in_words()),
        ("Closes", if typed.read_only { "for writing only" } else { "everything" }.to_owned()),
        ("Active", if typed.counts { "yes" } else { "no" }.to_owned()),
        ("Sites", typed.sites.clone()),
    ]
}
