//! Marks what people are answered who pass a closed site because of who they are.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{Error, HttpResponse, ResponseError};

use crate::response::X_MAINTENANCE;

/// Shows that the site is closed for others, and keeps the answer out of every cache: it is not for visitors.
pub(crate) fn mark(headers: &mut HeaderMap, reason: &'static str) {
    if let Ok(value) = HeaderValue::from_str(&format!("let-through; reason={reason}")) {
        headers.insert(X_MAINTENANCE, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The same error, whose answer will be marked. A middleware of the application that fails returns no response to mark,
/// and what is outside of the gate is to see that it failed.
pub(super) fn marked(error: Error, reason: &'static str) -> Error {
    MarkedError { error, reason }.into()
}

/// Reads like the error inside.
struct MarkedError {
    error: Error,
    reason: &'static str,
}

impl fmt::Debug for MarkedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl fmt::Display for MarkedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl ResponseError for MarkedError {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.error.error_response();
        mark(response.headers_mut(), self.reason);
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::error::ErrorImATeapot;

    use super::*;

    #[test]
    fn a_marked_error_reads_and_answers_as_before_and_its_answer_is_marked() {
        let error = || ErrorImATeapot("no coffee");
        let marked = marked(error(), "staff");
        assert_eq!((marked.to_string(), format!("{marked:?}")), (error().to_string(), format!("{:?}", error())));
        let response = HttpResponse::from_error(marked);
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(response.headers().get(X_MAINTENANCE).unwrap(), "let-through; reason=staff");
        assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), "no-store");
        assert_eq!(response.error().map(ToString::to_string), Some("no coffee".to_owned()), "for those who log it");
    }
}
