//! Endpoints of the program itself that maintenance never affects: alive, ready, and the figures.
//!
//! All of them are for monitors: they answer `GET` and `HEAD`, and nothing they say may be kept.

mod health;
mod metrics;

use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, http::header};

use crate::app::Maintenance;

/// Mounts `/healthz` and `/readyz`, and `/metrics` when there is a token for it.
pub(crate) fn configure(maintenance: &Maintenance, config: &mut ServiceConfig) {
    health::configure(maintenance, config);
    metrics::configure(maintenance, config);
}

/// A resource that is read: other methods are answered 405.
fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(async || HttpResponse::MethodNotAllowed().insert_header(READABLE).finish()))
}

/// What may be done to a resource that is read.
const READABLE: (header::HeaderName, &str) = (header::ALLOW, "GET, HEAD");

/// Keeps an answer out of every cache.
const NOT_STORED: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");
