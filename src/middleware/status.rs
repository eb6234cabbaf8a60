//! What a page of the application may tell people who are let through on a closed site.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use jiff::Timestamp;
use serde::Serialize;

use crate::maintenance::Phase;

/// The state of the site for this request, for templates: `maintenance_status` in Django's words.
///
/// An extractor that never fails: without the gate, or on an open site, it says *open*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaintenanceStatus {
    /// What the site is doing for visitors.
    pub phase: Phase,
    /// Why this request was let through: `open`, `superuser`, `staff`, `internal-ip`, `ignored-pattern`.
    pub reason: &'static str,
    /// The site's domain; empty when it is open.
    pub site: String,
    /// Expected end that still lies ahead.
    pub until: Option<Timestamp>,
    /// Whether the site is closed and only people like this one see it.
    pub is_let_through: bool,
}

impl Default for MaintenanceStatus {
    fn default() -> Self {
        Self { phase: Phase::Open, reason: "open", site: String::new(), until: None, is_let_through: false }
    }
}

impl FromRequest for MaintenanceStatus {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(req.extensions().get::<Self>().cloned().unwrap_or_default()))
    }
}
