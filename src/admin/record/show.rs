//! The page of a site as it is stored, with the answer of the tester when its questions stand in the address.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::edited::Odd;
use super::typed::{Typed, TypedTest};
use super::view::{Said, View};
use crate::admin::error::PanelError;
use crate::admin::fields::Fields;
use crate::admin::own::Operator;
use crate::admin::page::Section;
use crate::admin::panel::Panel;
use crate::site::SiteId;

/// Most patterns that are compared with each other before the page is shown.
const MAX_COMPARED: usize = 200;

/// The page of a site.
pub(in crate::admin) async fn show(
    panel: Data<Panel>,
    req: HttpRequest,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let query = Fields::read(req.query_string().as_bytes()).unwrap_or_default();
    let test = TypedTest::asked(&query);
    let view = View::load(&panel, &req, operator.clone(), SiteId(*id), None).await?;
    // Patterns are compiled and pages rendered to answer.
    let page = web::block(move || {
        let is_tested = test.is_asked;
        let typed = Typed { test, ..view.begin() };
        let edited = view.edited(&typed);
        // What is stored was asked about when it was saved; it is told again where that takes no time.
        let is_short = edited.record.patterns.len() <= MAX_COMPARED;
        let odd = if is_short { edited.odd_patterns() } else { Odd::default() };
        view.page(&typed, &edited, &odd, Said { is_tested, ..Said::default() })
    })
    .await?;
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Sites)), &page)
}
