//! For a web server in front that serves the site itself: `/maintenance/check` tells it whether a request may pass, and
//! `/maintenance/page` gives it what to send when not.
//!
//! The verdict is the gate's, by the same code, about the request that a trusted proxy speaks of ([`facts`]). Whoever is
//! not a trusted proxy gets none. The database is asked only for a cookie that is seen for the first time.
//! `docs/CHECK.md` is the reference.

mod answer;
mod facts;
mod page;

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::ready;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::http::header::HeaderName;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use arc_swap::{ArcSwap, Cache};
use jiff::Timestamp;

use crate::clock;
use crate::decision::{Pass, Verdict};
use crate::middleware::{GateParts, origin_of, peer_of};
use crate::rules::{CHECK_PATH, PAGE_PATH};
use crate::snapshot::Snapshot;
use crate::tally::WorkerCounts;

use answer::{Refused, Style};
use facts::{Asked, Unreadable, client_of, host, is_from_proxy, names_target};
use page::BackSoon;

/// What a browser wants an answer for: `document` when it opens a page (Fetch Metadata Request Headers, section 2.1).
/// Browsers send it to sites with HTTPS only.
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Mounts both for one worker, for every method: a proxy may ask with that of the visitor.
pub(crate) fn configure(parts: &Arc<GateParts>, config: &mut ServiceConfig) {
    parts.answers_check.store(true, Ordering::Relaxed);
    let checkpoint = Rc::new(Checkpoint {
        snapshot: RefCell::new(Cache::new(Arc::clone(&parts.snapshot))),
        counts: parts.tallies.worker(),
        parts: Arc::clone(parts),
        back_soon: BackSoon::default(),
    });
    let (asked, asked_below) = (Rc::clone(&checkpoint), Rc::clone(&checkpoint));
    let below = format!("{CHECK_PATH}/{{original:.*}}");
    config
        // By itself, because one path is compared where several are searched for by regular expressions.
        .service(web::resource(CHECK_PATH).to(move |req| check(req, Rc::clone(&asked))))
        .service(web::resource(below).to(move |req| check(req, Rc::clone(&asked_below))))
        .service(web::resource(PAGE_PATH).to(move |req: HttpRequest| ready(page::show(&req, &checkpoint))));
}

/// Whether a request is for the endpoint or below it, as it is mounted.
#[inline]
pub(crate) fn is_asked(path: &str) -> bool {
    path.strip_prefix(CHECK_PATH).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// What one worker answers with.
struct Checkpoint {
    parts: Arc<GateParts>,
    snapshot: RefCell<Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>>,
    counts: WorkerCounts,
    back_soon: BackSoon,
}

async fn check(req: HttpRequest, checkpoint: Rc<Checkpoint>) -> HttpResponse {
    match checkpoint.answer(&req) {
        Ok(answer) => answer,
        Err(WhoSendsIt(snapshot)) => checkpoint.answer_identified(&req, &snapshot).await,
    }
}

/// Who sends a request must be looked up before this snapshot can decide about it.
struct WhoSendsIt(Arc<Snapshot>);

impl Checkpoint {
    /// The answer, when memory alone has it.
    fn answer(&self, req: &HttpRequest) -> Result<HttpResponse, WhoSendsIt> {
        let mut cache = self.snapshot.borrow_mut();
        let snapshot = cache.load();
        if self.parts.asks_who_is_signed_in() {
            return Err(WhoSendsIt(Arc::clone(snapshot)));
        }
        // The flag ahead of everything, as in the gate: nothing depends on what the request is for.
        if snapshot.passes_everything() && snapshot.is_known() && is_from_proxy(req, &snapshot.rules().trusted) {
            if names_target(req) {
                return Ok(self.let_pass(req, None, Style::wanted(req), snapshot, &Pass::Open));
            }
            return Ok(Refused::Unreadable(Unreadable::NoTarget).answer());
        }
        let (host, style) = match read_host(req, snapshot) {
            Ok(read) => read,
            Err(refused) => return Ok(refused.answer()),
        };
        let site = snapshot.site_for(&host);
        // As in the gate: whatever is asked for passes, so that it needs only to be asked for.
        if site.is_some_and(|site| site.closed().is_none()) && names_target(req) {
            return Ok(self.let_pass(req, Some(&host), style, snapshot, &Pass::Open));
        }
        let asked = match Asked::read(req, host) {
            Ok(asked) => asked,
            Err(error) => return Ok(Refused::Unreadable(error).answer()),
        };
        let mut facts = asked.facts();
        let client = || client_of(req, &snapshot.rules().trusted);
        let (verdict, at) = self.parts.decide(snapshot, site, req, &mut facts, client);
        if verdict == Verdict::Identify {
            return Err(WhoSendsIt(Arc::clone(snapshot)));
        }
        Ok(self.tell(req, &asked, style, snapshot, &verdict, at))
    }

    /// The answer to a request whose sender is looked up.
    async fn answer_identified(&self, req: &HttpRequest, snapshot: &Snapshot) -> HttpResponse {
        let read = read_host(req, snapshot).and_then(|(host, style)| {
            let asked = Asked::read(req, host).map_err(Refused::Unreadable)?;
            Ok((asked, style))
        });
        let (asked, style) = match read {
            Ok(read) => read,
            Err(refused) => return refused.answer(),
        };
        let mut facts = asked.facts();
        facts.client = client_of(req, &snapshot.rules().trusted);
        let (verdict, now) = self.parts.decide_identified(snapshot, req, &mut facts).await;
        self.tell(req, &asked, style, snapshot, &verdict, Some(now))
    }

    /// Counts a verdict and puts it into the form that the proxy understands.
    fn tell(
        &self,
        req: &HttpRequest,
        asked: &Asked<'_>,
        style: Style,
        snapshot: &Snapshot,
        verdict: &Verdict<'_>,
        at: Option<Timestamp>,
    ) -> HttpResponse {
        if let Verdict::Pass(pass) = verdict {
            return self.let_pass(req, Some(asked.host()), style, snapshot, pass);
        }
        self.parts.count(&self.counts, snapshot, verdict);
        let path = asked.path();
        let kept_out = self.parts.keep_out(req, &asked.page_request(req, &path), snapshot, verdict, at);
        style.of(kept_out)
    }

    /// Counts a request that may pass and says so. `host` is what it is for, where that was read.
    fn let_pass(
        &self,
        req: &HttpRequest,
        host: Option<&str>,
        style: Style,
        snapshot: &Snapshot,
        pass: &Pass<'_>,
    ) -> HttpResponse {
        self.parts.count(&self.counts, snapshot, &Verdict::Pass(*pass));
        let mut answer = answer::pass(pass, style);
        if *pass == Pass::Open {
            self.meet(req, host, snapshot, &mut answer);
        }
        answer
    }

    /// Notes the visitor of an open site, where the setting asks for that. A browser without a cookie gets one when it
    /// opens a page: what keeps no cookie, such as most robots, would be somebody new with each request.
    fn meet(&self, req: &HttpRequest, asked: Option<&str>, snapshot: &Snapshot, answer: &mut HttpResponse) {
        let Some(visits) = self.parts.visits.as_ref().filter(|visits| visits.meets_visitors()) else { return };
        let site = match asked {
            Some(host) => snapshot.site_for(host),
            None => host(req, &snapshot.rules().trusted).ok().and_then(|host| snapshot.site_for(&host)),
        };
        let Some(site) = site else { return };
        let opens_page = req.headers().get(&SEC_FETCH_DEST).is_some_and(|destination| destination == "document");
        let is_https = origin_of(req, &snapshot.rules().trusted).0 == "https";
        visits.meet(site.id, req, answer, opens_page, is_https, clock::now());
    }
}

/// Which host the proxy asks about, and how it wants to hear.
fn read_host<'r>(req: &'r HttpRequest, snapshot: &Snapshot) -> Result<(Cow<'r, str>, Style), Refused> {
    let trusted = &snapshot.rules().trusted;
    if !is_from_proxy(req, trusted) {
        return Err(Refused::Stranger(peer_of(req)));
    }
    let style = Style::wanted(req);
    match host(req, trusted) {
        Ok(host) => Ok((host, style)),
        // A visitor can bring about a malformed host, so it is told like any request that is kept out; the rest is for
        // whoever sets up the proxy, and loud.
        Err(Unreadable::Host(_)) => Err(Refused::BadHost(style)),
        Err(error) => Err(Refused::Unreadable(error)),
    }
}
