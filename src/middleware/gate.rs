//! The `Transform` and the `Service`: facts, verdict, answer.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use arc_swap::{ArcSwap, Cache};

use super::facts::{certain_client_of, facts_of, target_of};
use super::future::{GateFuture, GateResponse, mark};
use super::hold::{HoldHandler, bad_host, hold, no_such_site, not_known};
use super::{MaintenanceStatus, Role, StaffHook};
use crate::auth::identity::Identities;
use crate::clock;
use crate::closed::ClosedSite;
use crate::decision::{ByTarget, Identity, KnownUser, Pass, Verdict, Visit, decide, decide_at, decide_by_target};
use crate::maintenance::Phase;
use crate::snapshot::{SiteSnapshot, Snapshot};
use crate::tally::{Outcome, Tallies, WorkerCounts};
use crate::user::Rights;

/// What every worker's gate shares.
pub(crate) struct GateParts {
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) identities: Option<Arc<Identities>>,
    pub(crate) staff: Option<StaffHook>,
    pub(crate) on_hold: Option<HoldHandler>,
    pub(crate) tallies: Arc<Tallies>,
}

/// The middleware. Made by `Maintenance::gate`.
#[derive(Clone)]
pub struct Gate {
    parts: Arc<GateParts>,
}

impl Gate {
    pub(crate) fn new(parts: Arc<GateParts>) -> Self {
        Self { parts }
    }

    /// A gate that enforces this state for ever, without a database behind it: for tests and benchmarks of an
    /// application. Nobody is signed in.
    pub fn fixed(snapshot: Snapshot) -> Self {
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        Self::new(Arc::new(GateParts {
            snapshot,
            identities: None,
            staff: None,
            on_hold: None,
            tallies: Arc::default(),
        }))
    }
}

impl<S, B> Transform<S, ServiceRequest> for Gate
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = GateResponse<B>;
    type Error = Error;
    type Transform = GateService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(GateService {
            service: Rc::new(service),
            snapshot: RefCell::new(Cache::new(Arc::clone(&self.parts.snapshot))),
            counts: self.parts.tallies.worker(),
            parts: Arc::clone(&self.parts),
        }))
    }
}

/// One worker's gate in front of one application.
pub struct GateService<S> {
    service: Rc<S>,
    snapshot: RefCell<Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>>,
    counts: WorkerCounts,
    parts: Arc<GateParts>,
}

impl<S, B> Service<ServiceRequest> for GateService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = GateResponse<B>;
    type Error = Error;
    type Future = GateFuture<S::Future, B>;

    forward_ready!(service);

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let mut cache = self.snapshot.borrow_mut();
        let snapshot = cache.load();
        if snapshot.passes_everything() {
            self.counts.add(if snapshot.is_known() { Outcome::Open } else { Outcome::Unknown });
            return GateFuture::Pass { answer: self.service.call(req) };
        }
        let mut facts = target_of(&req, snapshot.rules());
        let site = match decide_by_target(snapshot, &facts) {
            ByTarget::Planned(site) => site,
            ByTarget::Decided(verdict) => {
                self.parts.count(&self.counts, snapshot, &verdict);
                drop(facts);
                if let Verdict::Pass(_) = verdict {
                    return GateFuture::Pass { answer: self.service.call(req) };
                }
                let answer = refused(&req, snapshot, &verdict);
                return answered(req, answer);
            }
        };
        let now = clock::now();
        facts.client = certain_client_of(&req, snapshot.rules());
        facts.identity = self.parts.at_first_sight(&req);
        facts.visit = Visit::Nobody;
        let mut verdict = decide_at(site, snapshot, &facts, now);
        if verdict == Verdict::Identify
            && let Some(known) = self.parts.known_already(&req, now)
        {
            facts.identity = known;
            verdict = decide_at(site, snapshot, &facts, now);
        }
        self.parts.count(&self.counts, snapshot, &verdict);
        match verdict {
            Verdict::Pass(pass) => {
                let reason = let_through(&req, &pass, now);
                drop(facts);
                let answer = self.service.call(req);
                match reason {
                    Some(reason) => GateFuture::Marked { answer, reason },
                    None => GateFuture::Pass { answer },
                }
            }
            Verdict::Hold(held) => {
                let answer = hold(&req, snapshot, &held, &facts, self.parts.on_hold.as_ref(), now);
                drop(facts);
                GateFuture::Answered { response: Some(req.into_response(answer).map_into_right_body()) }
            }
            Verdict::Unknown | Verdict::NoSuchSite | Verdict::BadHost => {
                let answer = refused(&req, snapshot, &verdict);
                drop(facts);
                answered(req, answer)
            }
            Verdict::Identify => {
                let snapshot = Arc::clone(snapshot);
                let (service, parts) = (Rc::clone(&self.service), Arc::clone(&self.parts));
                let counts = self.counts.clone();
                drop(facts);
                GateFuture::Identifying { answer: Box::pin(identify_and_answer(req, snapshot, service, parts, counts)) }
            }
        }
    }
}

/// The answer to a request that is for no site that is known.
fn refused(req: &ServiceRequest, snapshot: &Snapshot, verdict: &Verdict<'_>) -> HttpResponse {
    match verdict {
        Verdict::Unknown => not_known(req, snapshot, clock::now()),
        Verdict::NoSuchSite => no_such_site(),
        _ => bad_host(),
    }
}

fn answered<F, B>(req: ServiceRequest, answer: HttpResponse) -> GateFuture<F, B> {
    GateFuture::Answered { response: Some(req.into_response(answer).map_into_right_body()) }
}

/// Looks up who sends the request, then decides again by the same snapshot.
async fn identify_and_answer<S, B>(
    req: ServiceRequest,
    snapshot: Arc<Snapshot>,
    service: Rc<S>,
    parts: Arc<GateParts>,
    counts: WorkerCounts,
) -> Result<GateResponse<B>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    let now = clock::now();
    let identity = parts.identify(&req).await;
    let mut facts = facts_of(&req, snapshot.rules());
    facts.identity = identity;
    facts.visit = Visit::Nobody;
    let verdict = decide(&snapshot, &facts, now);
    parts.count(&counts, &snapshot, &verdict);
    let answer = match verdict {
        Verdict::Pass(pass) => {
            let reason = let_through(&req, &pass, now);
            drop(facts);
            let mut response = service.call(req).await?;
            if let Some(reason) = reason {
                mark(&mut response, reason);
            }
            return Ok(response.map_into_left_body());
        }
        Verdict::Hold(held) => hold(&req, &snapshot, &held, &facts, parts.on_hold.as_ref(), now),
        Verdict::Unknown | Verdict::NoSuchSite | Verdict::BadHost | Verdict::Identify => {
            refused(&req, &snapshot, &verdict)
        }
    };
    drop(facts);
    Ok(req.into_response(answer).map_into_right_body())
}

/// Tells the application that the request passes a closed site; the reason to mark the answer with, if any.
fn let_through(req: &ServiceRequest, pass: &Pass<'_>, now: jiff::Timestamp) -> Option<&'static str> {
    let site = pass.let_through()?;
    let closed = site.closed_at(now);
    let languages = req.headers().get_all(header::ACCEPT_LANGUAGE).map(|line| line.as_bytes());
    req.extensions_mut().insert(MaintenanceStatus {
        phase: closed.map_or(Phase::Maintenance, |closed| closed.phase()),
        reason: pass.reason(),
        site: site.domain.to_string(),
        site_id: Some(site.id),
        until: closed.and_then(|closed| closed.end_ahead(now)),
        closes_at: closed.and_then(|closed| closed.draining()).map(|drain| drain.closes_at),
        notice: site.closed().and_then(|planned| planned.notice(now, languages)),
        is_let_through: true,
    });
    Some(pass.reason())
}

impl GateParts {
    /// Counts what becomes of a request, once it is certain: at its site when that is closed, else at the worker.
    fn count(&self, worker: &WorkerCounts, snapshot: &Snapshot, verdict: &Verdict<'_>) {
        let at_site = |site: &SiteSnapshot, closed: &ClosedSite, outcome| {
            self.tallies.add_at(site.id, &closed.counts, outcome, |id| snapshot.site(id).is_some());
        };
        match verdict {
            Verdict::Pass(pass) => match pass.closed_site().and_then(|site| Some((site, site.closed()?))) {
                Some((site, closed)) => at_site(site, closed, pass.outcome()),
                None => worker.add(pass.outcome()),
            },
            Verdict::Hold(held) => at_site(held.site, held.closed.site(), Outcome::Held),
            Verdict::Unknown => worker.add(Outcome::HeldUnknown),
            Verdict::NoSuchSite => worker.add(Outcome::NoSuchSite),
            Verdict::BadHost => worker.add(Outcome::BadHost),
            Verdict::Identify => {}
        }
    }

    /// Nobody, when the request bears nothing by which somebody could be known.
    fn at_first_sight(&self, req: &ServiceRequest) -> Identity {
        if self.staff.is_none() && !req.headers().contains_key(header::COOKIE) {
            Identity::Anonymous
        } else {
            Identity::Unresolved
        }
    }

    /// Who sends the request, when that needs no look-up.
    fn known_already(&self, req: &ServiceRequest, now: jiff::Timestamp) -> Option<Identity> {
        if self.staff.is_some() {
            return None;
        }
        match &self.identities {
            None => Some(Identity::Anonymous),
            Some(identities) => match identities.cookie_of(req.headers()) {
                None => Some(Identity::Anonymous),
                Some(cookie) => identities.cached(cookie, now),
            },
        }
    }

    /// Asks the application's hook first, then the panel's sessions.
    async fn identify(&self, req: &ServiceRequest) -> Identity {
        if let Some(hook) = &self.staff {
            // The hook's copy of the request is gone before the application is called, which needs it alone.
            let role = hook.ask(req.request().clone()).await;
            if role != Role::Visitor {
                return known_by_hook(role);
            }
        }
        let Some(identities) = &self.identities else { return Identity::Anonymous };
        match identities.cookie_of(req.headers()) {
            Some(cookie) => identities.resolve(cookie, clock::now()).await,
            None => Identity::Anonymous,
        }
    }
}

fn known_by_hook(role: Role) -> Identity {
    let rights = Rights { is_active: true, is_staff: true, is_superuser: role == Role::Superuser, sites: None };
    Identity::Known(Arc::new(KnownUser { username: "the application's user".to_owned(), rights }))
}
