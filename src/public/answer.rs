//! Answers that caches may keep for a while.

use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};

use crate::language;

/// Something that is the same for everybody who asks for it in the same language.
pub(super) struct Shared {
    /// Media type with charset.
    pub content_type: &'static str,
    /// Seconds for which a cache may keep it.
    pub max_age: u64,
    /// The body.
    pub body: String,
}

/// Sends it, or says that it is still as the client has it.
///
/// Any site may read it: nothing in it depends on who asks, so that there is nothing to take from a visitor
/// (`Access-Control-Allow-Origin: *`).
pub(super) fn send(req: &HttpRequest, shared: Shared) -> HttpResponse {
    let hash = format!("{:x}", Sha256::digest(&shared.body));
    let tag = EntityTag::new_strong(hash[..32].to_owned());
    let is_known = match IfNoneMatch::parse(req) {
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
        // `*` asks whether there is anything at all.
        Ok(IfNoneMatch::Any) => req.headers().contains_key(header::IF_NONE_MATCH),
        Err(_) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header(header::ETag(tag))
        .insert_header((header::CACHE_CONTROL, format!("public, max-age={}", shared.max_age)))
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((header::CONTENT_TYPE, shared.content_type)).body(shared.body)
}

/// The languages that are asked for, as lines of an `Accept-Language`: the tag of `?lang=`, else that header.
pub(super) fn languages(req: &HttpRequest) -> Vec<&[u8]> {
    let wanted = req.query_string().split('&').find_map(|pair| pair.strip_prefix("lang="));
    match wanted.filter(|tag| language::canonical(tag).is_ok()) {
        Some(tag) => vec![tag.as_bytes()],
        None => req.headers().get_all(header::ACCEPT_LANGUAGE).map(|line| line.as_bytes()).collect(),
    }
}
