//! Starts and ends maintenance on one site: one click, and one click takes it back.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::find::address;
use super::told::Told;
use crate::actions::{ActionError, Done, Start, Switched};
use crate::admin::error::PanelError;
use crate::admin::form::{Form, parse};
use crate::admin::own::Operator;
use crate::admin::page::{Field, FieldError, Section, StartPage};
use crate::admin::panel::{Panel, see_other};
use crate::cause::CauseId;
use crate::clock;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// What the forms that start and end send.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::admin) struct SwitchForm {
    /// Where to go afterwards, below the panel's path.
    back: String,
    /// The domain of a protected site, once it was asked for.
    typed_domain: Option<String>,
}

/// Asks whether to start, and for the domain of a protected site. For one that is closed already it says so.
pub(in crate::admin) async fn start_form(
    req: HttpRequest,
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let (record, revision) = panel.record_for(&operator, SiteId(*id)).await?;
    let asked: SwitchForm = parse(req.query_string().as_bytes()).unwrap_or_default();
    let now = clock::now();
    if record.is_closed(now) {
        let already = Done { value: vec![Switched::Already(record)], revision, changes: Vec::new() };
        Told::by(&panel, &asked.back, now).of(&already).keep(&session);
        return Ok(see_other(&panel.way_back(&asked.back)));
    }
    let page = question(&record, asked.back, Field::new("typed_domain", ""));
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Sites)), &page)
}

/// Starts maintenance at once, unless the site is protected and its domain was not typed.
pub(in crate::admin) async fn start(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<SwitchForm>,
) -> Result<HttpResponse, PanelError> {
    let site = SiteId(*id);
    let (actor, typed) = (operator.actor(), form.typed_domain.clone());
    let start = Start { typed_domains: Some(typed.into_iter().collect()), ..Start::default() };
    match panel.act(move |actions| actions.start(&actor, &[site], &start)).await {
        Ok(done) => {
            Told::by(&panel, &form.back, clock::now()).confirmed(&done).await.keep(&session);
            Ok(see_other(&panel.way_back(&form.back)))
        }
        Err(ActionError::Protected { .. }) => ask(&panel, &operator, &session, site, form).await,
        Err(refused) => Err(refused.into()),
    }
}

/// Ends maintenance at once.
pub(in crate::admin) async fn end(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<SwitchForm>,
) -> Result<HttpResponse, PanelError> {
    let (site, actor) = (SiteId(*id), operator.actor());
    let done = panel.act(move |actions| actions.end(&actor, &[site])).await?;
    Told::by(&panel, &form.back, clock::now()).confirmed(&done).await.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Ends one cause that holds a site closed; others may go on.
pub(in crate::admin) async fn end_cause(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    path: Path<(i64, String)>,
    Form(form): Form<SwitchForm>,
) -> Result<HttpResponse, PanelError> {
    let (id, cause) = path.into_inner();
    let cause: CauseId = cause.parse().map_err(|_| PanelError::NotFound)?;
    let (site, actor) = (SiteId(id), operator.actor());
    let done = panel.act(move |actions| actions.end_cause(&actor, &[site], cause)).await?;
    let told = Told::by(&panel, &form.back, clock::now());
    let flash = match done.value.first() {
        Some(Switched::Already(record)) => told.no_such_cause(record, cause),
        _ => told.of(&done),
    };
    flash.keep(&session);
    Ok(see_other(&panel.way_back(&form.back)))
}

/// Leads to the question, or asks again with what was typed.
async fn ask(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    site: SiteId,
    form: SwitchForm,
) -> Result<HttpResponse, PanelError> {
    let Some(typed) = form.typed_domain else {
        let question = format!("{}sites/{site}/start/{}", panel.base(), address(&[("back", &form.back)]));
        return Ok(see_other(&question));
    };
    let (record, _) = panel.record_for(operator, site).await?;
    let page = question(&record, form.back, refused_domain(&record, "typed_domain", typed));
    panel.page(StatusCode::UNPROCESSABLE_ENTITY, &panel.frame(session, operator, Some(Section::Sites)), &page)
}

fn question(record: &SiteRecord, back: String, typed_domain: Field) -> StartPage {
    StartPage {
        id: record.site.id.0,
        domain: record.site.domain.to_unicode(),
        errors: FieldError::of([&typed_domain]),
        typed_domain: record.site.is_protected.then_some(typed_domain),
        back,
    }
}

/// The field for a domain that is to be typed, after something else was typed there.
pub(in crate::admin) fn refused_domain(record: &SiteRecord, name: &str, typed: String) -> Field {
    let domain = record.site.domain.to_unicode();
    let error = match typed.trim() {
        "" => format!("Type the domain: {domain}."),
        other => format!("“{other}” is not {domain}."),
    };
    Field::new(name, typed).refused(error)
}
