//! `/maintenance/visit`: the notice script says that its visitor is there, where the setting asks for it.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::clock;
use crate::middleware::{InForce, origin_of, site_of};
use crate::visits::Visits;

/// Says that it was another site that made the browser ask; see the Fetch Metadata specification, section 2.4.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Notes the visitor, and gives a browser without a cookie one while the site is open: who comes later is nobody a drain
/// waits for. Another site cannot make a browser take one.
pub(super) async fn meet(req: HttpRequest, state: Data<InForce>, visits: Data<Visits>) -> HttpResponse {
    let mut answer = HttpResponse::NoContent().finish();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let (snapshot, now) = (state.load(), clock::now());
    let Some(site) = site_of(&req, &snapshot) else { return answer };
    let is_own = req.headers().get(SEC_FETCH_SITE).is_none_or(|site| site != "cross-site");
    let may_begin = is_own && site.closed_at(now).is_none();
    let is_https = origin_of(&req, &snapshot.rules().trusted).0 == "https";
    visits.meet(site.id, &req, &mut answer, may_begin, is_https, now);
    answer
}
