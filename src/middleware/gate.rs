//! The `Transform` and the `Service`: facts, verdict, answer.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use arc_swap::{ArcSwap, Cache};
use jiff::Timestamp;

use super::facts::{certain_client_of, client_of, facts_of, host_of, target_of};
use super::future::{GateFuture, GateResponse, counted};
use super::hold::{HoldHandler, bad_host, hold, no_such_site, not_known};
use super::marked::{mark, marked};
use super::{MaintenanceStatus, Role, StaffHook};
use crate::auth::identity::Identities;
use crate::check;
use crate::clock;
use crate::closed::ClosedSite;
use crate::decision::{
    ByTarget, Identity, KnownUser, Pass, RequestFacts, Verdict, Visit, decide, decide_at, decide_by_target,
};
use crate::maintenance::{Level, Phase};
use crate::page::PageRequest;
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
    /// Whether the application answers at the check endpoint and everywhere below it.
    pub(crate) answers_check: AtomicBool,
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
            answers_check: AtomicBool::default(),
        }))
    }

    /// Mounts `/maintenance/check` and `/maintenance/page` by the state of this gate, as `Maintenance::endpoints` does.
    pub fn check(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let parts = Arc::clone(&self.parts);
        move |config| check::configure(&parts, config)
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
        // Row 1, ahead of the others: what follows the endpoint's path is that of a visitor's request in whatever
        // spelling, and leads nowhere else.
        if self.parts.answers_check.load(Ordering::Relaxed) && check::is_asked(req.uri().path()) {
            self.counts.add(Outcome::BuiltIn);
            return self.pass(req);
        }
        let mut cache = self.snapshot.borrow_mut();
        let snapshot = cache.load();
        if self.parts.asks_who_is_signed_in() {
            return self.answer_later(req, snapshot);
        }
        if snapshot.passes_everything() {
            self.counts.add(if snapshot.is_known() { Outcome::Open } else { Outcome::Unknown });
            return self.pass(req);
        }
        let host = host_of(req.request(), &snapshot.rules().trusted);
        let site = snapshot.site_of(&host);
        // Whatever it asks for passes, so the path is not read.
        if site.is_some_and(|site| site.closed().is_none()) {
            drop(host);
            self.counts.add(Outcome::Open);
            return self.pass(req);
        }
        let mut facts = target_of(&req, host);
        let client = || certain_client_of(&req, snapshot.rules());
        let (verdict, at) = self.parts.decide(snapshot, site, req.request(), &mut facts, client);
        self.parts.count(&self.counts, snapshot, &verdict);
        match verdict {
            Verdict::Pass(pass) => {
                let reason = at.and_then(|now| let_through(&req, &pass, now));
                let planned = at.and(site);
                let under_way = Some(self.parts.begin(&self.counts, snapshot, planned));
                drop(facts);
                let answer = self.service.call(req);
                match reason {
                    Some(reason) => GateFuture::Marked { answer, under_way, reason },
                    None => GateFuture::Pass { answer, under_way },
                }
            }
            Verdict::Identify => {
                drop(facts);
                self.answer_later(req, snapshot)
            }
            kept_out => {
                let wanted = page_request(&req, &facts);
                let answer = self.parts.keep_out(req.request(), &wanted, snapshot, &kept_out, at);
                drop(facts);
                GateFuture::Answered { response: Some(req.into_response(answer).map_into_right_body()) }
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

/// What the choice of the answer to a request depends on.
fn page_request<'r>(req: &'r ServiceRequest, facts: &'r RequestFacts<'_>) -> PageRequest<'r> {
    let host = facts.host.as_deref().unwrap_or_default();
    PageRequest { headers: req.headers(), method: req.method(), host, path: req.uri().path() }
}

/// Decides by who sends the request, and answers.
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
    let mut facts = facts_of(&req, snapshot.rules());
    let (verdict, now) = parts.decide_identified(&snapshot, req.request(), &mut facts).await;
    parts.count(&counts, &snapshot, &verdict);
    if let Verdict::Pass(pass) = verdict {
        let reason = let_through(&req, &pass, now);
        let site = if pass == Pass::BuiltIn { None } else { facts.site(&snapshot) };
        let under_way = Some(parts.begin(&counts, &snapshot, site));
        drop(facts);
        let answer = service.call(req).await;
        let Some(reason) = reason else { return answer.map(|response| counted(response, under_way)) };
        let mut response = answer.map_err(|error| marked(error, reason))?;
        mark(response.headers_mut(), reason);
        return Ok(counted(response, under_way));
    }
    let answer = parts.keep_out(req.request(), &page_request(&req, &facts), &snapshot, &verdict, Some(now));
    drop(facts);
    Ok(req.into_response(answer).map_into_right_body())
}

/// Tells the application that the request passes a closed site; the reason to mark the answer with, if any.
fn let_through(req: &ServiceRequest, pass: &Pass<'_>, now: Timestamp) -> Option<&'static str> {
    let site = pass.let_through()?;
    let closed = site.closed_at(now);
    let languages = req.headers().get_all(header::ACCEPT_LANGUAGE).map(|line| line.as_bytes());
    req.extensions_mut().insert(MaintenanceStatus {
        phase: closed.map_or(Phase::Maintenance, |closed| closed.phase()),
        level: Some(closed.map_or(Level::default(), |closed| closed.level())),
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
    /// The verdict for a request, as far as memory alone can tell, and the moment by which it was given: `None` when
    /// host and path said everything.
    ///
    /// [`Verdict::Identify`] asks for [`GateParts::decide_identified`] with the same snapshot. `site` is that of the facts;
    /// `facts` need no client, no identity and no visit: each is found out when a row asks for it, the client by `client`.
    #[inline]
    pub(crate) fn decide<'s>(
        &self,
        snapshot: &'s Snapshot,
        site: Option<&'s SiteSnapshot>,
        req: &HttpRequest,
        facts: &mut RequestFacts<'_>,
        client: impl FnOnce() -> Option<IpAddr>,
    ) -> (Verdict<'s>, Option<Timestamp>) {
        let site = match decide_by_target(snapshot, site, facts) {
            ByTarget::Planned(site) => site,
            ByTarget::Decided(verdict) => return (verdict, None),
        };
        let now = clock::now();
        facts.client = client();
        facts.identity = self.at_first_sight(req);
        facts.visit = self.visit_at_first_sight(req);
        let mut verdict = decide_at(site, snapshot, facts, now);
        if verdict == Verdict::Identify
            && let Some(known) = self.known_already(req, now)
        {
            facts.identity = known;
            verdict = decide_at(site, snapshot, facts, now);
            if verdict == Verdict::Identify
                && let Some(visit) = self.visit_already(req, site, now)
            {
                facts.visit = visit;
                verdict = decide_at(site, snapshot, facts, now);
            }
        }
        (verdict, Some(now))
    }

    /// The verdict for a request, and the moment by which it was given. Looks up who sends it, as far as the decision
    /// asks for that. `facts` need no identity and no visit, but the client.
    ///
    /// [`Verdict::Identify`] never comes of it.
    pub(crate) async fn decide_identified<'s>(
        &self,
        snapshot: &'s Snapshot,
        req: &HttpRequest,
        facts: &mut RequestFacts<'_>,
    ) -> (Verdict<'s>, Timestamp) {
        let now = clock::now();
        let app = self.ask_who_is_signed_in(req, snapshot, facts, now).await;
        facts.identity = self.at_first_sight(req);
        facts.visit = self.visit_at_first_sight(req);
        let mut verdict = decide(snapshot, facts, now);
        if verdict == Verdict::Identify {
            facts.identity = self.identify(req).await;
            verdict = decide(snapshot, facts, now);
        }
        if verdict == Verdict::Identify {
            facts.visit = self.visit(req, facts.site(snapshot), app, now).await;
            verdict = decide(snapshot, facts, now);
        }
        (verdict, now)
    }

    /// The answer to a request that is not let through. `at` is the moment of the verdict, if it was read.
    pub(crate) fn keep_out(
        &self,
        req: &HttpRequest,
        wanted: &PageRequest<'_>,
        snapshot: &Snapshot,
        verdict: &Verdict<'_>,
        at: Option<Timestamp>,
    ) -> HttpResponse {
        let now = || at.unwrap_or_else(clock::now);
        match verdict {
            Verdict::Hold(held) => hold(req, wanted, snapshot, held, self.on_hold.as_ref(), now()),
            Verdict::Unknown => not_known(wanted, snapshot, now()),
            Verdict::NoSuchSite => no_such_site(),
            Verdict::BadHost | Verdict::Identify | Verdict::Pass(_) => bad_host(),
        }
    }

    /// Counts what becomes of a request, once it is certain: at its site when that is closed, else at the worker.
    pub(crate) fn count(&self, worker: &WorkerCounts, snapshot: &Snapshot, verdict: &Verdict<'_>) {
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
    fn at_first_sight(&self, req: &HttpRequest) -> Identity {
        if self.staff.is_none() && !req.headers().contains_key(header::COOKIE) {
            Identity::Anonymous
        } else {
            Identity::Unresolved
        }
    }

    /// Who sends the request, when that needs no look-up.
    fn known_already(&self, req: &HttpRequest, now: Timestamp) -> Option<Identity> {
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
    pub(crate) fn asks_who_is_signed_in(&self) -> bool {
        self.visits.as_ref().is_some_and(Visits::has_hook)
    }

    /// Asks the application who is signed in, and notes that they were seen; not for what is built in.
    async fn ask_who_is_signed_in(
        &self,
        req: &HttpRequest,
        snapshot: &Snapshot,
        facts: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Option<SignedIn> {
        let visits = self.visits.as_ref().filter(|visits| visits.has_hook())?;
        if snapshot.rules().is_built_in(&facts.path) {
            return None;
        }
        visits.ask(facts.site(snapshot).map(|site| site.id), req, now).await
    }

    /// Nobody at work, when the request bears nothing by which somebody could be known.
    fn visit_at_first_sight(&self, req: &HttpRequest) -> Visit {
        self.visits.as_ref().map_or(Visit::Nobody, |visits| visits.at_first_sight(req.headers()))
    }

    /// Who is at work, when that needs no look-up.
    fn visit_already(&self, req: &HttpRequest, site: &SiteSnapshot, now: Timestamp) -> Option<Visit> {
        let visits = self.visits.as_ref()?;
        visits.known(site.id, &visits.signs(site.id, req.headers(), None, now), now)
    }

    /// Who is at work. `app` is what the application says.
    async fn visit(
        &self,
        req: &HttpRequest,
        site: Option<&SiteSnapshot>,
        app: Option<SignedIn>,
        now: Timestamp,
    ) -> Visit {
        let (Some(visits), Some(site)) = (&self.visits, site) else { return Visit::Nobody };
        visits.resolve(site.id, &visits.signs(site.id, req.headers(), app, now), now).await
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
