//! The session middleware of the panel, made when the keys are known.
//!
//! A server that starts while the database is away may not know the secret that cookies are encrypted with. Until it
//! does, the panel has no sessions and every request of it fails, but for its assets; afterwards it works without a
//! restart.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::ErrorServiceUnavailable;
use futures_util::future::LocalBoxFuture;

use super::{Keys, Sessions};

/// Wraps the panel in sessions as soon as that is possible. One for each worker.
pub struct LateSessions {
    pub(super) keys: Keys,
    pub(super) sessions: Sessions,
    pub(super) is_secure: bool,
    /// Beginning of the paths that need no session.
    pub(super) assets: String,
}

impl<S, B> Transform<S, ServiceRequest> for LateSessions
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = LateSessionService<S, B>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(LateSessionService {
            service: Shared(Rc::new(service)),
            keys: self.keys.clone(),
            sessions: self.sessions.clone(),
            is_secure: self.is_secure,
            assets: self.assets.clone(),
            made: RefCell::new(None),
        }))
    }
}

/// Answers a request.
type Answering<B> = dyn Fn(ServiceRequest) -> LocalBoxFuture<'static, Result<ServiceResponse<B>, Error>>;

/// One worker's panel with the sessions around it.
pub struct LateSessionService<S, B> {
    service: Shared<S>,
    keys: Keys,
    sessions: Sessions,
    is_secure: bool,
    assets: String,
    /// The panel with its sessions, and the key that they were made with.
    made: RefCell<Option<(Key, Rc<Answering<B>>)>>,
}

impl<S, B> LateSessionService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    /// The panel with its sessions; `None` while the keys are not known.
    fn with_sessions(&self) -> Option<Rc<Answering<B>>> {
        let key = self.keys.session_cookie()?;
        let mut made = self.made.borrow_mut();
        if let Some((with, answering)) = &*made
            && *with == key
        {
            return Some(Rc::clone(answering));
        }
        let middleware = self.sessions.middleware(key.clone(), self.is_secure);
        let service = middleware.new_transform(self.service.clone()).into_inner().ok()?;
        let answering: Rc<Answering<B>> = Rc::new(move |req| Box::pin(service.call(req)));
        *made = Some((key, Rc::clone(&answering)));
        Some(answering)
    }
}

impl<S, B> Service<ServiceRequest> for LateSessionService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, req: ServiceRequest) -> Self::Future {
        match self.with_sessions() {
            Some(answering) => answering(req),
            None if req.path().starts_with(&self.assets) => Box::pin(self.service.call(req)),
            None => Box::pin(ready(Err(ErrorServiceUnavailable("the secret of its cookies is not known yet")))),
        }
    }
}

/// A service that several middlewares may wrap, one after the other.
struct Shared<S>(Rc<S>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for Shared<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        self.0.call(req)
    }
}
