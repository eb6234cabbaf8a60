//! The hook of an application with its own sessions.

use std::future::Future;
use std::sync::Arc;

use actix_web::HttpRequest;
use futures_util::future::LocalBoxFuture;

use crate::auth::session::hash_of as sha256_of;
use crate::storage::KeyHash;
use crate::visit::SignedIn;

/// Asks an application who is signed in; see `MaintenanceBuilder::signed_in_when`.
#[derive(Clone)]
pub struct SignedInHook(Arc<Asking>);

/// A function that knows who sends a request.
type Asking = dyn Fn(HttpRequest) -> LocalBoxFuture<'static, Option<SignedIn>> + Send + Sync;

impl SignedInHook {
    /// Wraps an async function.
    pub fn new<F, Fut>(ask: F) -> Self
    where
        F: Fn(HttpRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<SignedIn>> + 'static,
    {
        Self(Arc::new(move |req| Box::pin(ask(req))))
    }

    pub(super) fn ask(&self, req: HttpRequest) -> LocalBoxFuture<'static, Option<SignedIn>> {
        (self.0)(req)
    }
}

/// What is kept of an application's key. Keys of other kinds cannot be met by it.
pub(super) fn hash_of(key: &str) -> KeyHash {
    sha256_of(&format!("app:{key}"))
}
