//! Who is at work on a site, so that a drain can wait for them.
//!
//! Three kinds of visits count, see [`VisitKind`]: sign-ins with the sessions that this crate
//! gives a site ([`SiteSessions`]), sign-ins of which an application with its own sessions tells (`signed_in_when`), and,
//! where the setting asks for it, browsers with a signed cookie. A visit is written when it begins and when it ends; in
//! between, that it was seen is noted at most once a minute, in memory first, and written off the path of requests: all
//! that a server has noted within two seconds in one transaction. While the database does not answer, the notes wait.

mod gate;
mod hook;
mod last_known;
mod memory;
mod queue;
mod session;
mod sessions;
mod visitor;

pub use hook::SignedInHook;
pub use session::{SignInRefused, SiteSession, SiteUser};
pub use sessions::{SiteSessions, StoredSessions};

use std::sync::Arc;

use actix_web::HttpRequest;
use jiff::{SignedDuration, Timestamp};

use self::last_known::LastKnown;
use self::memory::Memory;
use self::queue::Queue;
use self::visitor::VisitorCookies;
use crate::auth::{Keys, SessionAges};
use crate::config::Settings;
use crate::drain::LONGEST;
use crate::site::SiteId;
use crate::storage::{KeyHash, Respite, Store, StoreError, VisitNote};
use crate::visit::{SignedIn, VisitKind, readable_name};

/// For how long visits are kept that are not of our sessions.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// For how long they are kept when they have ended: whoever was ended during a drain is not to come back in it.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(24 * 8);

// A drain that begins lasts less.
const _: () = assert!(ENDED_KEPT.as_secs() > LONGEST.as_secs());

/// Knows and counts who is at work. Clones share everything.
#[derive(Clone)]
pub struct Visits(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Keys,
    /// Name of the cookie of our sessions.
    session_cookie: String,
    is_secure: bool,
    ages: SessionAges,
    hook: Option<SignedInHook>,
    visitors: Option<VisitorCookies>,
    memory: Arc<Memory>,
    last_known: LastKnown,
    queue: Arc<Queue>,
    respite: Respite,
}

impl Inner {
    /// What this key was of is gone, on every site.
    fn forget_key(&self, key: &KeyHash) {
        self.memory.forget_key(key);
        self.last_known.forget_key(key);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Visits {
    /// Visits to the sites of a database, by the settings. Asks nobody.
    pub(crate) fn new(store: &Store, keys: &Keys, settings: &Settings, hook: Option<SignedInHook>) -> Self {
        let server = &settings.server;
        let is_secure = server.session_cookie_secure;
        let (memory, queue) = (Arc::<Memory>::default(), Arc::<Queue>::default());
        queue::write_from(&queue, store, &memory);
        Self(Arc::new(Inner {
            store: store.clone(),
            keys: keys.clone(),
            session_cookie: server.site_session_cookie(),
            is_secure,
            ages: SessionAges::from_secs(server.session_cookie_age, server.session_idle_age),
            hook,
            visitors: server.visitor_cookie.then(|| VisitorCookies::new(keys, is_secure)),
            memory,
            last_known: LastKnown::default(),
            queue,
            respite: Respite::default(),
        }))
    }

    /// Forgets what is remembered of visits when new entries in the log, by their actions, are about visits or sites
    /// that are gone. An empty list means that anything may have changed.
    pub(crate) fn forget_after(&self, actions: &[String]) {
        let concerns = |action: &String| ["visit.", "site.removed", "config."].iter().any(|is| action.starts_with(is));
        if actions.is_empty() || actions.iter().any(concerns) {
            self.0.memory.forget();
            self.0.last_known.forget();
        }
    }

    /// Whether visitors get a cookie (`MAINTENANCE_VISITOR_COOKIE`).
    pub(crate) fn meets_visitors(&self) -> bool {
        self.0.visitors.is_some()
    }

    /// Whether the application is asked who is signed in.
    pub(crate) fn has_hook(&self) -> bool {
        self.0.hook.is_some()
    }

    /// Asks the application who is signed in, and notes that they were seen on this site. The hook's copy of the request
    /// is gone when this returns.
    pub(crate) async fn ask(&self, site: Option<SiteId>, req: &HttpRequest, now: Timestamp) -> Option<SignedIn> {
        let signed_in = self.0.hook.as_ref()?.ask(req.clone()).await?;
        if let Some(site) = site {
            self.note(now, || VisitNote {
                site,
                key_hash: hook::hash_of(&signed_in.key),
                kind: VisitKind::App,
                name: readable_name(&signed_in.name),
                address: None,
                signed_in_at: signed_in.since,
                seen_at: now,
            });
        }
        Some(signed_in)
    }

    /// What removes visits, and sessions of sites, that are over by age, and tells how many rows. It blocks, and is to be
    /// called at start and hourly.
    pub(crate) fn purge(&self) -> impl Fn(Timestamp) -> Result<usize, StoreError> + Send + use<> {
        // Whoever calls it sleeps in between, and is not to keep the database open.
        let visits = Arc::downgrade(&self.0);
        move |now| {
            let Some(visits) = visits.upgrade() else { return Ok(0) };
            let (writing, idle_since) = (visits.store.clone(), visits.ages.idle_since(now));
            visits.store.apart_blocking(move || {
                writing.write_beside(|writer| {
                    let sessions = writer.site_session_delete_expired(now, idle_since)?;
                    Ok::<_, StoreError>(sessions + writer.visit_delete_older(idle_since, now - KEPT, now - ENDED_KEPT)?)
                })
            })
        }
    }

    /// Notes a visit to be written, unless this server has done so within the last minute.
    fn note(&self, now: Timestamp, note: impl FnOnce() -> VisitNote) {
        let note = note();
        if self.0.memory.is_due(note.site, &note.key_hash, now) {
            self.0.queue.note(note);
        }
    }

    /// The hash of the session key in a request's cookie, when it is one of ours.
    fn session_key(&self, headers: &actix_web::http::header::HeaderMap) -> Option<KeyHash> {
        sessions::key_in(headers, &self.0.session_cookie, &sessions::cookie_key(&self.0.keys)?)
    }
}
