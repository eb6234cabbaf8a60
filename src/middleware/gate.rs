//! The `Transform` and the `Service`: facts, verdict, answer.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use arc_swap::{ArcSwap, Cache};

use super::facts::{certain_client_of, client_of, facts_of, site_of, target_of};
use super::future::{GateFuture, GateResponse, counted, mark};
use super::hold::{HoldHandler, bad_host, hold, no_such_site, not_known};
use super::{MaintenanceStatus, Role, StaffHook};
use crate::auth::identity::Identities;
use crate::clock;
use crate::closed::ClosedSite;
use crate::decision::{ByTarget, Identity, KnownUser, Pass, Verdict, Visit, decide, decide_at, decide_by_target};
use crate::maintenance::Phase;
use crate::path::RequestPath;
use crate::site::SiteId;
use crate::snapshot::{SiteSnapshot, Snapshot};
use crate::tally::{Outcome, Tallies, UnderWay, WorkerCounts};
use crate::user::Rights;
use crate::visit::SignedIn;
use crate::visits::Visits;

/// What every worker's gate shares.
pub(crate) struct GateParts {
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) identities: Option<Arc<Identities>>,
    pub(crate) visits: Option<Visits>,
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
            visits: None,
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

impl<S: Service<ServiceRequest>> GateService<S> {
    /// Calls the application for a request of no site that is closed or will be.
    #[inline]
    fn pass<B>(&self, req: ServiceRequest) -> GateFuture<S::Future, B> {
        let under_way = Some(self.counts.begin());
        GateFuture::Pass { answer: self.service.call(req), under_way }
    }
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
        if self.parts.asks_who_is_signed_in() {
            return self.answer_later(req, snapshot);
        }
        if snapshot.passes_everything() {
            self.counts.add(if snapshot.is_known() { Outcome::Open } else { Outcome::Unknown });
            return self.pass(req);
        }
        let mut facts = target_of(&req, snapshot.rules());
        let site = match decide_by_target(snapshot, &facts) {
            ByTarget::Planned(site) => site,
            ByTarget::Decided(verdict) => {
                self.parts.count(&self.counts, snapshot, &verdict);
                drop(facts);
                if let Verdict::Pass(_) = verdict {
                    return self.pass(req);
                }
                let answer = refused(&req, snapshot, &verdict);
                return answered(req, answer);
            }
        };
        let now = clock::now();
        facts.client = certain_client_of(&req, snapshot.rules());
        facts.identity = self.parts.at_first_sight(&req);
        facts.visit = self.parts.visit_at_first_sight(&req);
        let mut verdict = decide_at(site, snapshot, &facts, now);
        if verdict == Verdict::Identify
            && let Some(known) = self.parts.known_already(&req, now)
        {
            facts.identity = known;
            verdict = decide_at(site, snapshot, &facts, now);
            if verdict == Verdict::Identify
                && let Some(visit) = self.parts.visit_already(&req, site, now)
            {
                facts.visit = visit;
                verdict = decide_at(site, snapshot, &facts, now);
            }
        }
        self.parts.count(&self.counts, snapshot, &verdict);
        match verdict {
            Verdict::Pass(pass) => {
                let reason = let_through(&req, &pass, now);
                drop(facts);
                let under_way = Some(self.parts.begin(&self.counts, snapshot, Some(site)));
                let answer = self.service.call(req);
                match reason {
                    Some(reason) => GateFuture::Marked { answer, under_way, reason },
                    None => GateFuture::Pass { answer, under_way },
                }
            }
            Verdict::Hold(held) => {
                let host = facts.host.as_deref().ok();
                let answer = hold(req.request(), snapshot, &held, host, self.parts.on_hold.as_ref(), now);
                drop(facts);
                GateFuture::Answered { response: Some(req.into_response(answer).map_into_right_body()) }
            }
            Verdict::Unknown | Verdict::NoSuchSite | Verdict::BadHost => {
                let answer = refused(&req, snapshot, &verdict);
                drop(facts);
                answered(req, answer)
            }
            Verdict::Identify => {
                drop(facts);
                self.answer_later(req, snapshot)
            }
        }
    }
}

impl<S: 'static> GateService<S> {
    /// Answers when it is known who sends the request.
    fn answer_later<B>(&self, req: ServiceRequest, snapshot: &Arc<Snapshot>) -> GateFuture<S::Future, B>
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: 'static,
    {
        let (service, parts) = (Rc::clone(&self.service), Arc::clone(&self.parts));
        let answer = identify_and_answer(req, Arc::clone(snapshot), service, parts, self.counts.clone());
        GateFuture::Identifying { answer: Box::pin(answer) }
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

/// Looks up who sends the request, as far as the decision asks for it, then decides again by the same snapshot.
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
    let app = parts.ask_who_is_signed_in(&req, &snapshot, now).await;
    let mut facts = facts_of(&req, snapshot.rules());
    facts.identity = parts.at_first_sight(&req);
    facts.visit = parts.visit_at_first_sight(&req);
    let mut verdict = decide(&snapshot, &facts, now);
    if verdict == Verdict::Identify {
        facts.identity = parts.identify(req.request()).await;
        verdict = decide(&snapshot, &facts, now);
    }
    if verdict == Verdict::Identify {
        facts.visit = parts.visit(&req, &snapshot, app, now).await;
        verdict = decide(&snapshot, &facts, now);
    }
    parts.count(&counts, &snapshot, &verdict);
    let answer = match verdict {
        Verdict::Pass(pass) => {
            let reason = let_through(&req, &pass, now);
            drop(facts);
            let under_way = Some(parts.begin(&counts, &snapshot, pass.closed_site()));
            let mut response = service.call(req).await?;
            if let Some(reason) = reason {
                mark(&mut response, reason);
            }
            return Ok(counted(response, under_way));
        }
        Verdict::Hold(held) => {
            hold(req.request(), &snapshot, &held, facts.host.as_deref().ok(), parts.on_hold.as_ref(), now)
        }
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

    /// Counts a request that is let through as under way: at its site when that is closed or will be, else at the
    /// worker.
    fn begin(&self, worker: &WorkerCounts, snapshot: &Snapshot, site: Option<&SiteSnapshot>) -> UnderWay {
        match site.and_then(|site| Some((site, site.closed()?))) {
            Some((site, closed)) => self.tallies.begin_at(site.id, &closed.counts, |id| snapshot.site(id).is_some()),
            None => worker.begin(),
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

    /// Whether somebody passes this site, were it closed, because of who they are, whatever they ask for: rows 4 and 6 of
    /// the decision.
    pub(crate) async fn knows_as_let_through(&self, req: &HttpRequest, site: SiteId) -> bool {
        let snapshot = self.snapshot.load_full();
        let Some(closed) = snapshot.site(site).and_then(SiteSnapshot::closed) else { return true };
        let client = client_of(req, &snapshot.rules().trusted).filter(|client| client.is_certain);
        let is_internal =
            |client| snapshot.rules().internal.find(client).or_else(|| closed.networks().find(client)).is_some();
        if client.is_some_and(|client| is_internal(client.address)) {
            return true;
        }
        let Identity::Known(user) = self.identify(req).await else { return false };
        user.rights.superuser() || (user.rights.staff_of(site) && !snapshot.rules().block_staff)
    }

    /// Whether the application is asked with each request who is signed in.
    #[inline]
    fn asks_who_is_signed_in(&self) -> bool {
        self.visits.as_ref().is_some_and(Visits::has_hook)
    }

    /// Asks the application who is signed in, and notes that they were seen; not for what is built in.
    async fn ask_who_is_signed_in(
        &self,
        req: &ServiceRequest,
        snapshot: &Snapshot,
        now: jiff::Timestamp,
    ) -> Option<SignedIn> {
        let visits = self.visits.as_ref().filter(|visits| visits.has_hook())?;
        if snapshot.rules().is_built_in(&RequestPath::new(req.uri().path())) {
            return None;
        }
        let site = site_of(req.request(), snapshot).map(|site| site.id);
        visits.ask(site, req.request(), now).await
    }

    /// Nobody at work, when the request bears nothing by which somebody could be known.
    fn visit_at_first_sight(&self, req: &ServiceRequest) -> Visit {
        self.visits.as_ref().map_or(Visit::Nobody, |visits| visits.at_first_sight(req.headers()))
    }

    /// Who is at work, when that needs no look-up.
    fn visit_already(&self, req: &ServiceRequest, site: &SiteSnapshot, now: jiff::Timestamp) -> Option<Visit> {
        let visits = self.visits.as_ref()?;
        visits.known(site.id, &visits.signs(site.id, req.headers(), None, now), now)
    }

    /// Who is at work. `app` is what the application says.
    async fn visit(
        &self,
        req: &ServiceRequest,
        snapshot: &Snapshot,
        app: Option<SignedIn>,
        now: jiff::Timestamp,
    ) -> Visit {
        let site = site_of(req.request(), snapshot).map(|site| site.id);
        let (Some(visits), Some(site)) = (&self.visits, site) else { return Visit::Nobody };
        visits.resolve(site, &visits.signs(site, req.headers(), app, now), now).await
    }

    /// Asks the application's hook first, then the panel's sessions.
    async fn identify(&self, req: &HttpRequest) -> Identity {
        if let Some(hook) = &self.staff {
            // The hook's copy of the request is gone before the application is called, which needs it alone.
            let role = hook.ask(req.clone()).await;
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
