//! The form of a window as it begins: empty, of a stored one, or of a clone.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::owners::ALL;
use super::typed::Typed;
use super::view::{Said, View};
use crate::admin::error::PanelError;
use crate::admin::fields::Fields;
use crate::admin::own::Operator;
use crate::admin::page::{Section, WindowFormPage};
use crate::admin::panel::Panel;
use crate::window::{Window, WindowId};

/// The form of a new window. `sites` in the address names its sites, `clone` a window that it begins like.
pub(in crate::admin) async fn add_form(
    panel: Data<Panel>,
    req: HttpRequest,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let query = Fields::read(req.query_string().as_bytes()).unwrap_or_default();
    let model = match query.text("clone").parse() {
        Ok(id) => Some(View::load(&panel, &operator, WindowId(id)).await?),
        Err(_) => None,
    };
    let sites = match (&model, query.get("sites")) {
        (_, Some(sites)) => sites.to_owned(),
        (Some(model), None) => model.owners.as_typed(),
        (None, None) => only_site(&panel, &operator),
    };
    let view = View::of_new(&panel, &operator, &sites).await?;
    let typed = match model.and_then(|model| model.stored) {
        Some(model) => clone(&view, &model),
        None => view.begin(),
    };
    let page = view.page(&typed, &view.read(&typed), Said::default());
    show(&panel, &operator, &session, StatusCode::OK, &page)
}

/// The form with what is stored.
pub(in crate::admin) async fn edit_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let view = View::load(&panel, &operator, WindowId(*id)).await?;
    let typed = view.begin();
    let page = view.page(&typed, &view.read(&typed), Said::default());
    show(&panel, &operator, &session, StatusCode::OK, &page)
}

pub(super) fn show(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    status: StatusCode,
    page: &WindowFormPage,
) -> Result<HttpResponse, PanelError> {
    panel.page(status, &panel.frame(session, operator, Some(Section::Schedule)), page)
}

/// A window like another one, as a new one: with its words and its length, at a time of its own when that one is over.
fn clone(view: &View, model: &Window) -> Typed {
    let fresh = view.begin();
    let typed = Typed::of(model, fresh.sites, &view.language, view.now);
    let is_over = model.calendar().is_ok_and(|calendar| calendar.after(view.now).next().is_none());
    let start = if is_over { fresh.start } else { typed.start };
    Typed { start, counts: true, read: String::new(), ..typed }
}

/// What a new window is for when nobody said: the only site of the user, or nothing yet.
fn only_site(panel: &Panel, operator: &Operator) -> String {
    let snapshot = panel.maintenance.snapshot();
    let mut theirs = snapshot.ids().filter(|id| operator.rights().staff_of(**id));
    match (theirs.next(), theirs.next()) {
        (Some(only), None) => only.to_string(),
        (None, _) if operator.rights().superuser() => ALL.to_owned(),
        _ => String::new(),
    }
}
