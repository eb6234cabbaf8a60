//! The panel's requests, kept apart from what an application around it knows of them.
//!
//! `actix-session` keeps the session of a request among its extensions, where every session middleware around a handler
//! shares it: an application whose own session says `user_id` would sign its users in to the panel. Cookies are kept
//! there as well once they are read, in disguise or not.

use std::mem;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};

/// Gives a request no session but the one that is made inside, and leaves the one outside as it was. To be wrapped
/// around [`super::cookie::drop_disguised`].
///
/// # Errors
/// Those of the service.
pub async fn apart<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let outside = mem::take(&mut *req.extensions_mut());
    let answer = next.call(req).await?;
    *answer.request().extensions_mut() = outside;
    Ok(answer)
}
