//! `/maintenance/visit`: the notice script says that its visitor is there, where the setting asks for it.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::clock;
use crate::middleware::{InForce, origin_of, site_of};
use crate::visits::Visits;

/// Notes the visitor, and gives a browser without a cookie one while the site is open: who comes later is nobody a drain
/// waits for. Another site cannot make a browser ask in its name: the cookie is neither sent nor taken then.
pub(super) async fn meet(req: HttpRequest, state: Data<InForce>, visits: Data<Visits>) -> HttpResponse {
    let mut answer = HttpResponse::NoContent().finish();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let (snapshot, now) = (state.load(), clock::now());
    let Some(site) = site_of(&req, &snapshot) else { return answer };
    let is_open = site.closed_at(now).is_none();
    let is_https = origin_of(&req, &snapshot.rules().trusted).0 == "https";
    visits.meet(site.id, &req, &mut answer, is_open, is_https, now);
    answer
}
