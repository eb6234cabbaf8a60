//! The answers to a proxy, in the form that it understands.

use std::net::IpAddr;
use std::sync::Once;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::facts::Unreadable;
use crate::decision::Pass;
use crate::middleware::{bad_host, mark, plain};
use crate::response::X_MAINTENANCE;
use crate::rules::CHECK_PATH;

/// Why a request may pass, in the words of [`Pass::reason`].
const X_MAINTENANCE_REASON: HeaderName = HeaderName::from_static("x-maintenance-reason");

/// The `Retry-After` that a visitor would get, for a proxy that makes the answer itself.
const X_MAINTENANCE_RETRY_AFTER: HeaderName = HeaderName::from_static("x-maintenance-retry-after");

/// How a proxy wants to hear whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// 204 when it may, else the very answer that the proxy relays to the visitor.
    Relayed,
    /// The same with 200 in place of 204, and 403 in place of 503: Envoy takes nothing but 200 for a yes, and 5xx for a
    /// program that is broken (its filter `ext_authz`). Its configuration makes 503 of it again.
    Envoy,
    /// 204 when it may, else 401 without a body: nginx relays nothing but 401 and 403 (its module `auth_request`), and
    /// asks for the page afterwards.
    Nginx,
}

impl Style {
    /// As the query of the endpoint says, when it says nothing else: Caddy's `forward_auth` hands the visitor's on. Below
    /// the endpoint only Envoy asks, and the query is the visitor's.
    pub(super) fn wanted(req: &HttpRequest) -> Self {
        match (req.uri().path(), req.query_string()) {
            (CHECK_PATH, "style=nginx") => Self::Nginx,
            (CHECK_PATH, _) => Self::Relayed,
            _ => Self::Envoy,
        }
    }

    /// The answer that keeps somebody out, in this style.
    pub(super) fn of(self, answer: HttpResponse) -> HttpResponse {
        match self {
            Self::Relayed => answer,
            Self::Nginx => unauthorized(&answer),
            Self::Envoy => forbidden(answer),
        }
    }
}

/// Why there is no verdict.
#[derive(Debug)]
pub(super) enum Refused {
    /// Whoever asks, from there, is not in `TRUSTED_PROXIES`.
    Stranger(Option<IpAddr>),
    /// The host of the request is malformed.
    BadHost(Style),
    /// It cannot be told what is asked about.
    Unreadable(Unreadable),
}

impl Refused {
    /// The answer.
    pub(super) fn answer(self) -> HttpResponse {
        match self {
            Self::Stranger(peer) => {
                static SAID: Once = Once::new();
                let peer = peer.map_or_else(|| "no address".to_owned(), |peer| peer.to_string());
                warn_once(&SAID, &format!("it asks from {peer}, which is not in TRUSTED_PROXIES"));
                plain(StatusCode::FORBIDDEN, "This address answers web servers that it trusts, and nobody else.\n")
            }
            Self::BadHost(style) => style.of(bad_host()),
            Self::Unreadable(error) => {
                if error == Unreadable::NoTarget {
                    static SAID: Once = Once::new();
                    warn_once(&SAID, &error.to_string());
                }
                plain(StatusCode::BAD_REQUEST, format!("This cannot be answered: {error}.\n"))
            }
        }
    }
}

/// The request may pass.
pub(super) fn pass(pass: &Pass<'_>, style: Style) -> HttpResponse {
    let mut answer = HttpResponse::new(match style {
        Style::Relayed | Style::Nginx => StatusCode::NO_CONTENT,
        Style::Envoy => StatusCode::OK,
    });
    let headers = answer.headers_mut();
    headers.insert(X_MAINTENANCE_REASON, HeaderValue::from_static(pass.reason()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if pass.let_through().is_some() {
        mark(headers, pass.reason());
    }
    answer
}

/// Says in the log what is wrong with the set-up of the proxy, each thing once: it would be wrong for every request.
fn warn_once(said: &Once, what: &str) {
    said.call_once(|| log::warn!("{CHECK_PATH} cannot answer the web server in front: {what}."));
}

/// 403 in place of an answer that says that a server failed, with everything else of it.
fn forbidden(mut answer: HttpResponse) -> HttpResponse {
    if answer.status().is_server_error() {
        *answer.status_mut() = StatusCode::FORBIDDEN;
    }
    answer
}

/// 401 in place of any answer that keeps somebody out. `WWW-Authenticate`, which belongs to a 401 (RFC 9110, section
/// 11.6.1), would reach the visitor and ask for a password.
fn unauthorized(answer: &HttpResponse) -> HttpResponse {
    let mut short: HttpResponse<BoxBody> = HttpResponse::new(StatusCode::UNAUTHORIZED);
    let headers = short.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (from, to) in [(header::RETRY_AFTER, X_MAINTENANCE_RETRY_AFTER), (X_MAINTENANCE, X_MAINTENANCE)] {
        if let Some(value) = answer.headers().get(from) {
            headers.insert(to, value.clone());
        }
    }
    short
}
