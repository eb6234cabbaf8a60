//! Session middleware that is made when the keys are known.
//!
//! A server that starts while the database is away may not know the secret that cookies are encrypted with. Until it
//! does, there are no sessions and every request that needs one fails; afterwards they work without a restart.
//!
//! What a store calls a failure of a database that is away is answered 503, not 500: it passes by itself.

use std::cell::{Cell, RefCell};
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_session::SessionMiddleware;
use actix_session::storage::SessionStore;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::ErrorServiceUnavailable;
use futures_util::future::LocalBoxFuture;

use super::cookie::SessionCookieKind;
use super::{Keys, Sessions};

tokio::task_local! {
    /// Whether the store of the sessions has failed in this request because of the database.
    static IS_AWAY: Cell<bool>;
}

/// To be called by a store of sessions that fails because of the database: the session middleware makes a 500 of any
/// error, and tells nothing of it.
pub(crate) fn database_is_away() {
    IS_AWAY.try_with(|is_away| is_away.set(true)).ok();
}

/// Makes sessions of one kind.
pub trait SessionMaker: Clone + 'static {
    /// Where they are kept.
    type Store: SessionStore + 'static;

    /// The key that their cookie is encrypted with; `None` while it is not known.
    fn key(&self) -> Option<Key>;

    /// The middleware with that key.
    fn middleware(&self, key: Key) -> SessionMiddleware<Self::Store>;

    /// Whether a request needs a session. May leave word for its handler.
    fn prepare(&self, req: &mut ServiceRequest) -> Need;
}

/// Whether a request needs a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It cannot be answered without.
    Session,
    /// It can be answered without while there can be none.
    SessionIfPossible,
    /// It is answered without.
    None,
}

/// The sessions of the panel.
#[derive(Clone)]
pub struct PanelSessions {
    pub(super) keys: Keys,
    pub(super) sessions: Sessions,
    pub(super) cookie: SessionCookieKind,
    /// Beginning of the paths that can do without a session.
    pub(super) assets: String,
}

impl SessionMaker for PanelSessions {
    type Store = Sessions;

    fn key(&self) -> Option<Key> {
        self.keys.session_cookie()
    }

    fn middleware(&self, key: Key) -> SessionMiddleware<Sessions> {
        self.sessions.middleware(key, &self.cookie)
    }

    fn prepare(&self, req: &mut ServiceRequest) -> Need {
        if req.path().starts_with(&self.assets) { Need::SessionIfPossible } else { Need::Session }
    }
}

/// Wraps a service in sessions as soon as that is possible. One for each worker.
#[derive(Clone)]
pub struct LateSessions<M>(pub(crate) M);

impl<S, B, M> Transform<S, ServiceRequest> for LateSessions<M>
where
    M: SessionMaker,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = LateSessionService<S, B, M>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(LateSessionService {
            service: Shared(Rc::new(service)),
            maker: self.0.clone(),
            made: RefCell::new(None),
        }))
    }
}

/// Answers a request.
type Answering<B> = dyn Fn(ServiceRequest) -> LocalBoxFuture<'static, Result<ServiceResponse<B>, Error>>;

/// One worker's service with the sessions around it.
pub struct LateSessionService<S, B, M> {
    service: Shared<S>,
    maker: M,
    /// The service with its sessions, and the key that they were made with.
    made: RefCell<Option<(Key, Rc<Answering<B>>)>>,
}

impl<S, B, M> LateSessionService<S, B, M>
where
    M: SessionMaker,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    /// The service with its sessions; `None` while the keys are not known.
    fn with_sessions(&self) -> Option<Rc<Answering<B>>> {
        let key = self.maker.key()?;
        let mut made = self.made.borrow_mut();
        if let Some((with, answering)) = &*made
            && *with == key
        {
            return Some(Rc::clone(answering));
        }
        let middleware = self.maker.middleware(key.clone());
        let service = middleware.new_transform(self.service.clone()).into_inner().ok()?;
        let answering: Rc<Answering<B>> = Rc::new(move |req| Box::pin(service.call(req)));
        *made = Some((key, Rc::clone(&answering)));
        Some(answering)
    }
}

impl<S, B, M> Service<ServiceRequest> for LateSessionService<S, B, M>
where
    M: SessionMaker,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, mut req: ServiceRequest) -> Self::Future {
        let need = self.maker.prepare(&mut req);
        if need == Need::None {
            return Box::pin(self.service.call(req));
        }
        match self.with_sessions() {
            Some(answering) => Box::pin(IS_AWAY.scope(Cell::new(false), async move {
                let answer = answering(req).await;
                answer.map_err(|error| match IS_AWAY.with(Cell::get) {
                    true => ErrorServiceUnavailable("the database of its sessions does not answer"),
                    false => error,
                })
            })),
            None if need == Need::SessionIfPossible => Box::pin(self.service.call(req)),
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
