//! The gate: Actix middleware that turns a verdict into a response.
//!
//! Place it outermost, so that a held request reaches nothing: `App::new().wrap(maintenance.gate())`, after
//! (that is, outside of) every other `wrap`. What changes the path, such as `NormalizePath`, belongs outside of
//! the gate, so that the path that is decided about is the path that is served.
//!
//! State is loaded before the gate exists, so it never has to decide without. When the database goes away
//! later, the last known state stays in force.
//!
//! # Telling people beforehand
//!
//! A handler that takes [`MaintenanceStatus`] knows what its reader should be told: that the site is closed and they
//! see it all the same, or that a window with a notice is ahead. With `.configure(maintenance.endpoints())` any site
//! can leave that to one line of HTML, `<script src="/maintenance/notice.js" defer></script>`.
//!
//! # Connections that stay open
//!
//! The gate decides when a request arrives; what it has let through it never cuts. A WebSocket or a stream of events
//! goes on through a maintenance unless its handler ends it: `Maintenance::phases` gives a
//! [`PhaseWatch`](crate::propagation::PhaseWatch) to wait on, also for a window that begins by itself. Close a WebSocket
//! with 1012, *Service Restart* (IANA's registry of RFC 6455, section 11.7), and let clients come back after a random
//! pause: they are held until the site opens. `examples/websocket.rs` does both.

mod counted;
mod facts;
mod future;
mod gate;
mod hold;
mod marked;
mod status;

pub use counted::CountedBody;
pub use gate::{Gate, GateService};
pub use hold::{HoldHandler, HoldInfo};
pub(crate) use status::InForce;
pub use status::MaintenanceStatus;

pub(crate) use facts::{client_of, host_of, is_safe, named_host_of, origin_of, passes_by_path, peer_of, site_of};
pub(crate) use gate::GateParts;
pub(crate) use hold::{bad_host, hold_at, no_such_site, plain, send};
pub(crate) use marked::mark;

use std::future::Future;
use std::sync::Arc;

use actix_web::HttpRequest;
use futures_util::future::LocalBoxFuture;

/// What an application with its own log-in says of whoever sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Nobody who passes a closed site.
    #[default]
    Visitor,
    /// Staff: passes unless staff are blocked.
    Staff,
    /// Superuser: always passes.
    Superuser,
}

/// Hook that asks an application who sends a request; see `MaintenanceBuilder::staff_when`.
#[derive(Clone)]
pub struct StaffHook(Arc<dyn Fn(HttpRequest) -> LocalBoxFuture<'static, Role> + Send + Sync>);

impl StaffHook {
    /// Wraps an async function.
    pub fn new<F, Fut>(ask: F) -> Self
    where
        F: Fn(HttpRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Role> + 'static,
    {
        Self(Arc::new(move |req| Box::pin(ask(req))))
    }

    pub(crate) fn ask(&self, req: HttpRequest) -> LocalBoxFuture<'static, Role> {
        (self.0)(req)
    }
}

impl std::fmt::Debug for StaffHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaffHook(..)")
    }
}
