//! The answers that the gate gives itself.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use rand::Rng as _;

use super::facts::{host_of, site_of};
use crate::decision::Hold;
use crate::page::PageRequest;
use crate::response::{Held, MAX_JITTER, X_MAINTENANCE};
use crate::snapshot::Snapshot;

/// What a handler of the application's own is told about a held request.
#[derive(Debug, Clone)]
pub struct HoldInfo {
    /// The site's domain.
    pub site: String,
    /// Status of the maintenance answer, 503 unless a setting says otherwise.
    pub status: StatusCode,
    /// Expected end that still lies ahead.
    pub until: Option<Timestamp>,
    /// Seconds for `Retry-After`.
    pub retry_after: u64,
}

/// Answers held requests in place of the maintenance page; see `MaintenanceBuilder::on_hold`.
#[derive(Clone)]
pub struct HoldHandler(Arc<Answering>);

/// A function that answers a held request.
type Answering = dyn Fn(&HttpRequest, &HoldInfo) -> HttpResponse + Send + Sync;

impl HoldHandler {
    /// Wraps a function.
    pub fn new(handler: impl Fn(&HttpRequest, &HoldInfo) -> HttpResponse + Send + Sync + 'static) -> Self {
        Self(Arc::new(handler))
    }
}

/// The answer that the gate gives to a request for a site that is closed or draining at `now`, for a handler that must not
/// go on; `None` while the site is open.
pub(crate) fn hold_at(
    req: &HttpRequest,
    snapshot: &Snapshot,
    handler: Option<&HoldHandler>,
    now: Timestamp,
) -> Option<HttpResponse> {
    let site = site_of(req, snapshot)?;
    let closed = site.closed_at(now)?;
    let host = host_of(req, &snapshot.rules().trusted);
    let host = host.as_deref().unwrap_or_default();
    let wanted = PageRequest { headers: req.headers(), method: req.method(), host, path: req.uri().path() };
    Some(hold(req, &wanted, snapshot, &Hold { site, closed }, handler, now))
}

/// The answer to a held request. The host that is wanted may be empty: then it is the site's own.
pub(super) fn hold(
    req: &HttpRequest,
    wanted: &PageRequest<'_>,
    snapshot: &Snapshot,
    hold: &Hold<'_>,
    handler: Option<&HoldHandler>,
    now: Timestamp,
) -> HttpResponse {
    let host = if wanted.host.is_empty() { hold.site.domain.as_str() } else { wanted.host };
    let wanted = PageRequest { host, ..*wanted };
    // Only an end makes a crowd return at once.
    let has_end = hold.closed.end_ahead(now).is_some();
    let jitter = if has_end { rand::rng().random_range(0..=MAX_JITTER) } else { 0 };
    let held = if would_come_back(snapshot, hold, now) {
        hold.closed.pages().hold_here(&wanted, now, jitter)
    } else {
        hold.closed.pages().hold(&wanted, now, jitter)
    };
    match handler {
        Some(handler) => by_handler(handler, req, hold, held, now),
        None => send(held),
    }
}

/// The answer while nothing is known of any site. Monitors must not take it for planned work, and the application's
/// own handler is not asked, as there is no site to tell it about.
pub(super) fn not_known(wanted: &PageRequest<'_>, snapshot: &Snapshot, now: Timestamp) -> HttpResponse {
    let Some(pages) = snapshot.unknown_pages() else {
        unreachable!("the verdict is given only while there are such pages");
    };
    let mut held = pages.hold_here(wanted, now, 0);
    held.headers.insert(X_MAINTENANCE, HeaderValue::from_static("unknown"));
    send(held)
}

/// Whether a redirect leads to another of our closed sites that redirects in its turn: a circle of sites.
fn would_come_back(snapshot: &Snapshot, hold: &Hold<'_>, now: Timestamp) -> bool {
    let Some(other) = hold.closed.pages().redirect_host().and_then(|host| snapshot.named_site(host)) else {
        return false;
    };
    other.id != hold.site.id && other.closed_at(now).is_some_and(|closed| closed.pages().redirect_host().is_some())
}

/// For `HEAD` the server keeps the length and leaves out the body (RFC 9110, section 9.3.2).
pub(crate) fn send(held: Held) -> HttpResponse {
    let mut response = HttpResponse::new(held.status);
    *response.headers_mut() = held.headers;
    response.set_body(BoxBody::new(held.body))
}

/// The application's own answer, with what makes a maintenance answer honest where it has none.
fn by_handler(handler: &HoldHandler, req: &HttpRequest, hold: &Hold<'_>, held: Held, now: Timestamp) -> HttpResponse {
    let retry_after = held.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let info = HoldInfo {
        site: hold.site.domain.to_string(),
        status: held.status,
        until: hold.closed.end_ahead(now),
        retry_after: retry_after.unwrap_or(1),
    };
    let mut response = (handler.0)(req, &info);
    let kept: [HeaderName; 3] = [header::RETRY_AFTER, header::CACHE_CONTROL, X_MAINTENANCE];
    for name in kept {
        if !response.headers().contains_key(&name)
            && let Some(value) = held.headers.get(&name)
        {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// No site has this host, and `MAINTENANCE_UNKNOWN_SITE` says 404.
pub(crate) fn no_such_site() -> HttpResponse {
    plain(StatusCode::NOT_FOUND, "There is no such site here.\n")
}

/// The host of the request is malformed.
pub(crate) fn bad_host() -> HttpResponse {
    plain(StatusCode::BAD_REQUEST, "The host of this request is malformed.\n")
}

/// A short answer in words, which nobody keeps.
pub(crate) fn plain(status: StatusCode, text: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
