//! The page of a drain: who is left, how long there is, and what can be done.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::look::Look;
use super::view::page;
use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::{DrainingPage, Section};
use crate::admin::panel::Panel;
use crate::clock;
use crate::site::SiteId;

/// Shows the page, also when the site does not drain (any more).
pub(in crate::admin) async fn show(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let page = look(&panel, &operator, SiteId(*id)).await?;
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Sites)), &page)
}

/// The parts of it that change by themselves, for a browser that gets no stream. Takes no message from the session, which
/// belongs to a page.
pub(in crate::admin) async fn live(
    panel: Data<Panel>,
    operator: Operator,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let page = look(&panel, &operator, SiteId(*id)).await?;
    let html = panel.templates.plain(DrainingPage::LIVE, &page).map_err(PanelError::internal)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

async fn look(panel: &Panel, operator: &Operator, site: SiteId) -> Result<DrainingPage, PanelError> {
    panel.need_staff_of(operator, site).await?;
    let (idle, now) = (panel.maintenance.actions().visit_idle(), clock::now());
    let look = panel.read(move |reader| Look::read(reader, site, idle, now)).await?.ok_or(PanelError::NotFound)?;
    Ok(page(&look, panel.base(), &panel.zone(), now))
}
