//! What a page of the application may tell its readers: that they see a closed site, or that one will be closed.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde::Serialize;

use super::facts::site_of;
use crate::clock;
use crate::maintenance::{Level, Phase};
use crate::notice::SiteNotice;
use crate::path::RequestPath;
use crate::site::SiteId;
use crate::snapshot::Snapshot;

/// The state of the site for this request, for templates: `maintenance_status` in Django's words.
///
/// An extractor that never fails. The gate leaves word of those whom it lets through on a closed site; of an open one
/// it says nothing, so that an open site costs nothing, and this looks at the state in force itself. For that the panel
/// or the endpoints must be mounted in the application; without them, and without the gate, it says *open*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaintenanceStatus {
    /// What the site is doing for visitors.
    pub phase: Phase,
    /// How much is closed; `None` on an open site.
    pub level: Option<Level>,
    /// Why this request was let through: `open`, `built-in`, `superuser`, `staff`, `internal-ip`, `ignored-pattern`,
    /// `draining`, `read-only`.
    pub reason: &'static str,
    /// The site's domain; empty when no site is known.
    pub site: String,
    /// Key of the site, for links into the panel: `sites/{id}/` below its address.
    pub site_id: Option<SiteId>,
    /// Expected end that still lies ahead; `None` on an open site.
    pub until: Option<Timestamp>,
    /// While the site is draining: when it closes at the latest.
    pub closes_at: Option<Timestamp>,
    /// The next time ahead that people are to be told of, that at which a draining site closes included; `None` on a
    /// closed site.
    pub notice: Option<SiteNotice>,
    /// Whether the site is closed and only people like this one see it.
    pub is_let_through: bool,
}

impl Default for MaintenanceStatus {
    fn default() -> Self {
        Self {
            phase: Phase::Open,
            level: None,
            reason: "open",
            site: String::new(),
            site_id: None,
            until: None,
            closes_at: None,
            notice: None,
            is_let_through: false,
        }
    }
}

impl FromRequest for MaintenanceStatus {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let by_gate = req.extensions().get::<Self>().cloned();
        ready(Ok(by_gate.or_else(|| Self::in_force(req)).unwrap_or_default()))
    }
}

impl MaintenanceStatus {
    /// By the state in force; `None` when that is not at hand or knows no such site.
    fn in_force(req: &HttpRequest) -> Option<Self> {
        let snapshot = req.app_data::<Data<InForce>>()?.load();
        let site = site_of(req, &snapshot)?;
        let now = clock::now();
        let closed = site.closed_at(now);
        let languages = req.headers().get_all(header::ACCEPT_LANGUAGE).map(|line| line.as_bytes());
        let reason = match closed {
            None => "open",
            Some(_) if snapshot.rules().is_built_in(&RequestPath::new(req.uri().path())) => "built-in",
            Some(_) => "ignored-pattern",
        };
        Some(Self {
            phase: closed.map_or(Phase::Open, |closed| closed.phase()),
            level: closed.map(|closed| closed.level()),
            reason,
            site: site.domain.to_string(),
            site_id: Some(site.id),
            until: closed.and_then(|closed| closed.end_ahead(now)),
            closes_at: closed.and_then(|closed| closed.draining()).map(|drain| drain.closes_at),
            notice: site.closed().and_then(|planned| planned.notice(now, languages)),
            is_let_through: false,
        })
    }
}

/// The state in force, for handlers: what `MaintenanceStatus` and the endpoints look at.
pub(crate) struct InForce(Arc<ArcSwap<Snapshot>>);

impl InForce {
    pub(crate) fn new(snapshot: Arc<ArcSwap<Snapshot>>) -> Self {
        Self(snapshot)
    }

    /// The snapshot in force.
    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }
}
