//! What can be done with a drain: close now, give it more time, end the session of one person.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::view::who;
use crate::actions::{ActionError, Done, Drained};
use crate::admin::cause::capitalised;
use crate::admin::error::PanelError;
use crate::admin::form::Form;
use crate::admin::own::Operator;
use crate::admin::page::{Flash, Moment};
use crate::admin::panel::{Panel, see_other};
use crate::clock;
use crate::maintenance::Level;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::visit::{VisitId, VisitKind};

/// How much time one click gives.
const MORE: SignedDuration = SignedDuration::from_mins(15);

/// What the buttons send.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::admin) struct ActForm {
    /// Where to go afterwards, below the panel's path.
    back: String,
}

/// Closes the site at once, whoever is at work.
pub(in crate::admin) async fn close(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let (site, actor) = (SiteId(*id), operator.actor());
    let done = panel.act(move |actions| actions.drain_force(&actor, &[site])).await?;
    let Done { mut value, revision, changes } = done;
    let value = value.pop().ok_or(PanelError::NotFound)?;
    tell(&panel, &session, &Done { value, revision, changes }, &form.back).await;
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Puts the deadline off by a quarter of an hour.
pub(in crate::admin) async fn extend(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let (site, actor) = (SiteId(*id), operator.actor());
    match panel.act(move |actions| actions.drain_extend(&actor, site, MORE)).await {
        Ok(done) => tell(&panel, &session, &done, &form.back).await,
        Err(ActionError::Invalid(errors)) => {
            let why: Vec<&str> = errors.iter().map(|(_, text)| text).collect();
            let text = format!("It gets no more time: {}.", why.join("; "));
            Flash { detail: "Nothing changed.".to_owned(), ..Flash::note(text) }.keep(&session);
        }
        Err(refused) => return Err(refused.into()),
    }
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Ends the session of one person.
pub(in crate::admin) async fn end_visit(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    path: Path<(i64, i64)>,
    Form(form): Form<ActForm>,
) -> Result<HttpResponse, PanelError> {
    let (site, visit) = path.into_inner();
    let (record, _) = panel.record_for(&operator, SiteId(site)).await?;
    let (domain, actor) = (record.site.domain.to_unicode(), operator.actor());
    let flash = match panel.act(move |actions| actions.visit_end(&actor, VisitId(visit))).await {
        Ok(done) if done.changes.is_empty() => gone(&domain),
        Ok(done) => {
            let name = capitalised(&done.value.told());
            let detail = match done.value.kind {
                VisitKind::Session => "That signed them out.",
                VisitKind::App | VisitKind::Visitor => "While the site drains, their next request gets the 503 page.",
            };
            Flash { detail: detail.to_owned(), ..Flash::done(format!("{name} is at work on {domain} no more.")) }
        }
        Err(ActionError::NoSuchVisit) => gone(&domain),
        Err(refused) => return Err(refused.into()),
    };
    flash.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

fn gone(domain: &str) -> Flash {
    let detail = "Nothing changed.".to_owned();
    Flash { detail, ..Flash::note(format!("That session on {domain} had ended already.")) }
}

/// Says what became of a drain, and how many servers enforce it.
async fn tell(panel: &Panel, session: &Session, done: &Done<Drained>, back: &str) {
    let now = clock::now();
    let record = done.value.record();
    let domain = record.site.domain.to_unicode();
    let clock = |at: Timestamp| Moment::of(at, &panel.zone(), now).short;
    let flash = match &done.value {
        Drained::Closed(record) => {
            let level = record.causes().standing(now).level().unwrap_or_default();
            let text = format!("{domain} is {} since {}.", level.in_words(), clock(now));
            Flash { detail: left(record, level), ..Flash::done(text) }
        }
        Drained::Moved(record) => {
            let closes_at = record.causes().standing(now).closes_at().map(clock).unwrap_or_default();
            Flash::done(format!("{domain} now closes at {closes_at} at the latest."))
        }
        Drained::Already(_) => {
            let detail = "Nothing changed.".to_owned();
            Flash { detail, ..Flash::note(format!("{domain} is not draining any more.")) }.keep(session);
            return;
        }
    };
    let flash = flash.with_undo(done.changes.iter().map(|change| change.0), back);
    panel.confirmed(flash, done.revision).await.keep(session);
}

/// Who was left when it was closed.
fn left(record: &SiteRecord, level: Level) -> String {
    let ended = record.drains.iter().filter_map(|drain| drain.end.as_ref()).max_by_key(|end| end.at);
    let left = ended.map(|end| end.left()).unwrap_or_default();
    let verb = if left.sessions + left.tasks <= 1 { "was" } else { "were" };
    format!("{} {verb} still at work. {}", capitalised(&who(left)), level.consequence())
}
