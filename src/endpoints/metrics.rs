//! `/metrics`: the figures, for whoever has the token.
//!
//! They name every closed site and the traffic on it, so they are for the operator alone. Where a request comes from
//! proves nothing: behind a proxy on the same machine everybody comes from 127.0.0.1. Without a token nothing is mounted.

use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{NOT_STORED, readable};
use crate::app::Maintenance;
use crate::clock;
use crate::metrics::{CONTENT_TYPE, Figures};

/// What the handler needs.
struct Scrape {
    maintenance: Maintenance,
    token: [u8; 32],
}

pub(super) fn configure(maintenance: &Maintenance, config: &mut ServiceConfig) {
    let Some(token) = &maintenance.settings().server.metrics_token else { return };
    let scrape = Scrape { maintenance: maintenance.clone(), token: digest(token.expose().as_bytes()) };
    config.service(readable("/metrics", figures).app_data(Data::new(scrape)));
}

async fn figures(req: HttpRequest, scrape: Data<Scrape>) -> HttpResponse {
    if !bears(&req, &scrape.token) {
        return HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .insert_header(NOT_STORED)
            .content_type("text/plain; charset=utf-8")
            .body("The figures are for whoever has the token of METRICS_TOKEN.\n");
    }
    let text = Figures::of(&scrape.maintenance, clock::now()).text();
    HttpResponse::Ok().insert_header(NOT_STORED).content_type(CONTENT_TYPE).body(text)
}

/// Whether the one `Authorization` header bears the token (RFC 6750, section 2.1).
///
/// Digests are compared, so that the time tells nothing, not even the length.
fn bears(req: &HttpRequest, token: &[u8; 32]) -> bool {
    let mut lines = req.headers().get_all(header::AUTHORIZATION);
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let Some((scheme, given)) = line.as_bytes().split_at_checked(b"Bearer ".len()) else { return false };
    scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(digest(given.trim_ascii()).ct_eq(token))
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}
