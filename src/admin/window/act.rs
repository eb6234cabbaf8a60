//! The buttons beside a window: end it now, put off its end, leave out one time, remove it.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::owners::ALL_SITES;
use super::remarks::times;
use super::words::named;
use crate::actions::{ActionError, Actions, Actor, Done, Planned};
use crate::admin::cause::{capitalised, still_closed};
use crate::admin::error::PanelError;
use crate::admin::form::Form;
use crate::admin::own::Operator;
use crate::admin::page::{Flash, Moment, Span};
use crate::admin::panel::{Panel, see_other};
use crate::clock;
use crate::window::WindowId;

/// By how much an end is put off.
const MORE: SignedDuration = SignedDuration::from_mins(15);

/// What the buttons send.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::admin) struct ActForm {
    /// Where to go afterwards, below the panel's path.
    back: String,
}

/// Ends the time that runs now.
pub(in crate::admin) async fn end(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let id = WindowId(*id);
    let done = panel.act(act(&operator, move |actions, actor| actions.window_end(actor, id))).await;
    let told = |planned: &Planned, name: &str, now: Timestamp| {
        let at = Moment::of(now, &panel.zone(), now).short;
        format!("{} ended on {name} at {at}.", capitalised(&named(&planned.window)))
    };
    let flash = match done {
        Ok(done) => {
            let detail = after_end(&panel, &done.value).await?;
            let flash = flash(&panel, &done, &form.back, told);
            Flash { detail, ..flash }
        }
        Err(ActionError::NotRunning) => not_running("This window does not run any more."),
        Err(refused) => return Err(refused.into()),
    };
    flash.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Puts off the end of the time that runs now by a quarter of an hour.
pub(in crate::admin) async fn extend(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let id = WindowId(*id);
    let done = panel.act(act(&operator, move |actions, actor| actions.window_extend(actor, id, MORE))).await;
    let told = |planned: &Planned, name: &str, now: Timestamp| {
        let window = &planned.window;
        let next = times(window, now, 1).first().map(|next| Span::of(next, &window.schedule.zone(), now));
        let when = next.map(|next| format!(": {}", next.text)).unwrap_or_default();
        format!("{} on {name} lasts 15 min longer{when}.", capitalised(&named(window)))
    };
    let flash = match done {
        Ok(done) => flash(&panel, &done, &form.back, told),
        Err(ActionError::NotRunning) => not_running("This window has no end that could be put off."),
        Err(refused) => return Err(refused.into()),
    };
    flash.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Leaves out the next time.
pub(in crate::admin) async fn skip(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let id = WindowId(*id);
    let done = panel.act(act(&operator, move |actions, actor| actions.window_skip(actor, id, None))).await;
    let told = |planned: &Planned, name: &str, now: Timestamp| {
        let window = &planned.window;
        let next = times(window, now, 2).into_iter().find(|time| time.starts_at > now);
        let then = match next.map(|next| Span::of(&next, &window.schedule.zone(), now)) {
            Some(next) => format!(" It comes next {}: {}.", next.distance, next.text),
            None => " It does not come again.".to_owned(),
        };
        format!("{} on {name} leaves out its next time.{then}", capitalised(&named(window)))
    };
    let flash = match done {
        Ok(done) => flash(&panel, &done, &form.back, told),
        Err(ActionError::NotRunning) => not_running("This window has no time ahead that could be left out."),
        Err(refused) => return Err(refused.into()),
    };
    flash.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Removes the window.
pub(in crate::admin) async fn remove(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let id = WindowId(*id);
    let done = panel.act(act(&operator, move |actions, actor| actions.window_remove(actor, id))).await?;
    let was_running = done.value.window.at(clock::now()).is_some();
    let told = |planned: &Planned, name: &str, _: Timestamp| {
        format!("{} removed from {name}.", capitalised(&named(&planned.window)))
    };
    let detail = if was_running { after_end(&panel, &done.value).await? } else { String::new() };
    Flash { detail, ..flash(&panel, &done, &form.back, told) }.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

/// An action of this operator.
fn act(
    operator: &Operator,
    work: impl FnOnce(&Actions, &Actor) -> Result<Done<Planned>, ActionError> + Send + 'static,
) -> impl FnOnce(&Actions) -> Result<Done<Planned>, ActionError> + Send + 'static {
    let actor = operator.actor();
    move |actions| work(actions, &actor)
}

fn not_running(text: &str) -> Flash {
    Flash { detail: "Nothing changed.".to_owned(), ..Flash::note(text) }
}

fn flash(panel: &Panel, done: &Done<Planned>, back: &str, told: impl Fn(&Planned, &str, Timestamp) -> String) -> Flash {
    let planned = &done.value;
    let snapshot = panel.maintenance.snapshot();
    let site = planned.site.and_then(|site| snapshot.site(site).map(|site| site.domain.to_unicode()));
    let name = site.unwrap_or_else(|| ALL_SITES.to_lowercase());
    Flash::done(told(planned, &name, clock::now())).with_undo(done.changes.iter().map(|change| change.0), back)
}

/// What visitors get after a window has ended: the site, or still the page, because something else holds it.
async fn after_end(panel: &Panel, planned: &Planned) -> Result<String, PanelError> {
    let Some(site) = planned.site else { return Ok(for_all(panel)) };
    let Some((record, _)) = panel.read(move |reader| reader.record(site)).await? else { return Ok(String::new()) };
    let (now, zone) = (clock::now(), panel.zone());
    Ok(still_closed(&record, &zone, now).unwrap_or_else(|| "Visitors get the site again.".to_owned()))
}

/// The same of all sites at once.
fn for_all(panel: &Panel) -> String {
    match panel.maintenance.snapshot().closed(clock::now()).count() {
        0 => "Visitors get all sites again.".to_owned(),
        1 => "One site stays closed by something else.".to_owned(),
        some => format!("{some} sites stay closed by something else."),
    }
}
