//! What stands before every handler of the panel: who may come in, and how every answer leaves.

use std::sync::Arc;

use actix_session::SessionExt as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::error::PanelError;
use super::kept::{self, Kept};
use super::own::Operator;
use super::page::{ErrorPage, Frame};
use super::panel::{Panel, see_other};
use crate::auth::session;
use crate::middleware::client_of;

/// Whom a route is for. Staff limited to sites are told apart by the handlers and the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: log-in, set-up, assets.
    Anyone,
    /// Staff and superusers.
    Panel,
    /// Superusers.
    Superuser,
}

/// What pages may load and do. No inline style or script, no other origin, in no frame of a stranger.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Everything but what stands for itself in a query.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'&').add(b'+').add(b'%').add(b'<').add(b'>');

/// Lets in whom a route is for. Rights are read from the database at each request, so a changed right counts at once.
pub(super) async fn admit(
    access: Access,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if access == Access::Anyone {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let panel = panel_of(&req);
    let Some(id) = session::user_of(&req.get_session()) else {
        return Ok(ask_to_log_in(&panel, req).await);
    };
    let user = match panel.read(move |reader| reader.user(id)).await {
        Ok(user) => user.filter(|user| user.rights.panel()),
        Err(error) => return Ok(req.error_response(error).map_into_boxed_body()),
    };
    let Some(user) = user else {
        req.get_session().purge();
        return Ok(ask_to_log_in(&panel, req).await);
    };
    let address = client_of(req.request(), &panel.maintenance.snapshot().rules().trusted).map(|client| client.address);
    let operator = Operator { user: Arc::new(user), address };
    req.extensions_mut().insert(operator.clone());
    if access == Access::Superuser
        && let Err(refused) = panel.need_superuser(&operator).await
    {
        return Ok(req.error_response(refused).map_into_boxed_body());
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}

/// To the log-in page; what was typed into the form of a site is kept.
async fn ask_to_log_in(panel: &Panel, req: ServiceRequest) -> ServiceResponse<BoxBody> {
    let kept = match kept_of(req.request()) {
        Some(kept) => kept.read().await,
        None => None,
    };
    let answer = match kept {
        Some(kept) => panel.error_page(&panel.bare_frame(), &kept::logged_out(panel, kept)),
        None => to_login(panel, req.uri().path_and_query(), req.method()),
    };
    req.into_response(answer)
}

fn kept_of(req: &HttpRequest) -> Option<Kept> {
    req.extensions().get::<Kept>().cloned()
}

/// To the log-in page, and back to here afterwards when that is safe.
fn to_login(panel: &Panel, target: Option<&actix_web::http::uri::PathAndQuery>, method: &Method) -> HttpResponse {
    let base = panel.base();
    match target.filter(|_| *method == Method::GET) {
        Some(target) if target.as_str() != base => {
            see_other(&format!("{base}login/?next={}", utf8_percent_encode(target.as_str(), QUERY)))
        }
        Some(_) => see_other(&format!("{base}login/")),
        None => see_other(&format!("{base}login/?expired=1")),
    }
}

/// Turns refusals into pages.
pub(super) async fn finish(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let panel = panel_of(&req);
    let response = next.call(req).await?.map_into_boxed_body();
    match error_page(&panel, &response).await {
        Some(page) => Ok(ServiceResponse::new(response.into_parts().0, page)),
        None => Ok(response),
    }
}

/// Gives every answer of the panel its headers, also when not even the session could be read.
pub(super) async fn outermost(
    panel: Data<Panel>,
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let kept = Kept::stay_with(&panel, &mut req);
    let back = (*req.method() == Method::POST).then(|| panel.page_of_form(req.headers()));
    match next.call(req).await {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            add_headers(response.headers_mut());
            Ok(response)
        }
        Err(error) => {
            log::error!("The panel could not look up a session: {error}");
            // Of a form that is not kept nobody knows whether a handler has read it.
            let was_read = kept.as_ref().is_none_or(Kept::was_read);
            let kept = match kept {
                Some(kept) => kept.read().await,
                None => None,
            };
            let page = match back {
                None => ErrorPage::no_database(panel.base(), &panel.outage()),
                Some(back) if was_read => kept::not_known_whether_done(&panel, &back, kept),
                Some(back) => kept::not_done(&panel, &back, kept),
            };
            let mut page = panel.error_page(&panel.bare_frame(), &page);
            add_headers(page.headers_mut());
            Err(InternalError::from_response(error, page).into())
        }
    }
}

/// The page for a refusal, with the frame of whoever asked.
async fn error_page(panel: &Panel, response: &ServiceResponse<BoxBody>) -> Option<HttpResponse> {
    let error = response.response().error();
    let status = response.status();
    let request_id = format!("{:08x}", rand::random::<u32>());
    let page = match error.and_then(|error| error.as_error::<PanelError>()) {
        Some(error) => error.to_page(panel, &request_id),
        None if status == StatusCode::NOT_FOUND => PanelError::NotFound.to_page(panel, &request_id),
        None if status == StatusCode::METHOD_NOT_ALLOWED => return None,
        None => {
            let error = error.filter(|_| status.is_server_error())?;
            PanelError::internal(error).to_page(panel, &request_id)
        }
    };
    let req = response.request();
    let says_outage = page.waits.is_some();
    let page = match page.waits {
        Some(_) if *req.method() == Method::POST => {
            let kept = match kept_of(req) {
                Some(kept) => kept.read().await,
                None => None,
            };
            kept::not_done(panel, &panel.page_of_form(req.headers()), kept)
        }
        _ => page,
    };
    let operator = req.extensions().get::<Operator>().cloned();
    let mut frame: Frame = match operator {
        Some(operator) => panel.frame(&req.get_session(), &operator, None),
        None => panel.bare_frame(),
    };
    if says_outage {
        // The page itself says it.
        frame.notice = None;
    }
    Some(panel.error_page(&frame, &page))
}

fn add_headers(headers: &mut header::HeaderMap) {
    let always: [(HeaderName, &'static str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ];
    for (name, value) in always {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    for (name, value) in [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

fn panel_of(req: &ServiceRequest) -> Data<Panel> {
    req.app_data::<Data<Panel>>().expect("the scope of the panel carries it").clone()
}
