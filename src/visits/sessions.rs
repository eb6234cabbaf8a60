//! Sessions of a site's own users in the database, as the store of `actix-session`, with the sign-in in them.
//!
//! Reading one costs each request that bears its cookie one look-up by primary key. Its last use is noted at most once a
//! minute, off the request's path, together with that of the visit. While the database does not answer, a session is what
//! it was when it was read last, and cannot be changed; one that is not known makes a request fail with 503, because to take
//! its owner for a stranger would be wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_web::HttpMessage as _;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite, time};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Visits;
use super::memory::Answer;
use crate::auth::session::hash_of;
use crate::auth::{Keys, Need, SessionMaker, cookie, database_is_away};
use crate::clock;
use crate::decision::Visit;
use crate::middleware::GateParts;
use crate::path::RequestPath;
use crate::site::SiteId;
use crate::storage::{KeyHash, StoreError, StoredSession, VisitNote};
use crate::visit::VisitKind;

/// Name of the sign-in within the state of a session.
pub(super) const SIGN_IN: &str = "maintenance.sign_in";

type State = HashMap<String, String>;

/// A sign-in, as a session keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignIn {
    /// Nothing where the host of the request was that of no site.
    pub(super) site: Option<SiteId>,
    pub(super) name: String,
    pub(super) since: Timestamp,
    pub(super) address: Option<String>,
}

impl SignIn {
    fn in_state(state: &State) -> Option<Self> {
        serde_json::from_str(state.get(SIGN_IN)?).ok()
    }

    fn note(self, key_hash: KeyHash, seen_at: Timestamp) -> Option<VisitNote> {
        let Self { site, name, since, address } = self;
        let kind = VisitKind::Session;
        Some(VisitNote { site: site?, key_hash, kind, name, address, signed_in_at: since, seen_at })
    }
}

/// The key that the cookie is encrypted with; another one than that of the panel's. `None` while the secret is not known.
pub(super) fn cookie_key(keys: &Keys) -> Option<Key> {
    Some(Key::from(&keys.derive("site session cookie")?))
}

/// The hash of the session key in the cookie of that name, when it is one of ours: read as the session middleware reads
/// it.
pub(super) fn key_in(headers: &HeaderMap, name: &str, key: &Key) -> Option<KeyHash> {
    let text = cookie::value(headers, name)?;
    let cookie = Cookie::parse_encoded(format!("{name}={text}")).ok()?.into_owned();
    Some(hash_of(CookieJar::new().private(key).decrypt(cookie)?.value()))
}

/// Sessions for the users of a site, around its handlers; made by `Maintenance::sessions`.
///
/// Handlers use `actix_session::Session` for what the site itself keeps, and [`SiteSession`](super::SiteSession) to sign
/// people in. The cookie is encrypted, `HttpOnly`, `SameSite=Lax`, for all paths, and with `SESSION_COOKIE_SECURE` for
/// HTTPS only under a name with the prefix `__Host-`. The paths of the panel and of the endpoints have none of it.
#[derive(Clone)]
pub struct SiteSessions {
    pub(crate) visits: Visits,
    pub(crate) gate: Arc<GateParts>,
}

impl SessionMaker for SiteSessions {
    type Store = StoredSessions;

    fn key(&self) -> Option<Key> {
        cookie_key(&self.visits.0.keys)
    }

    fn middleware(&self, key: Key) -> SessionMiddleware<StoredSessions> {
        let inner = &self.visits.0;
        let ttl = time::Duration::seconds(inner.ages.absolute.as_secs());
        SessionMiddleware::builder(StoredSessions(self.visits.clone()), key)
            .cookie_name(inner.session_cookie.clone())
            .cookie_secure(inner.is_secure)
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_path("/".to_owned())
            .cookie_content_security(CookieContentSecurity::Private)
            .session_lifecycle(PersistentSession::default().session_ttl(ttl))
            .build()
    }

    fn prepare(&self, req: &mut ServiceRequest) -> Need {
        if self.gate.snapshot.load().rules().is_built_in(&RequestPath::new(req.uri().path())) {
            return Need::None;
        }
        cookie::drop_disguised_as(req, &self.visits.0.session_cookie);
        req.extensions_mut().insert(self.clone());
        Need::Session
    }
}

/// Where the sessions of sites are kept.
#[derive(Clone)]
pub struct StoredSessions(Visits);

impl StoredSessions {
    /// A session that is not over. Asks the database, unless that is left alone because it has just failed.
    async fn read(&self, key: KeyHash, now: Timestamp) -> Result<Option<StoredSession>, StoreError> {
        let (inner, asked) = (&self.0.0, Instant::now());
        let Some(_turn) = inner.respite.turn(now) else { return Err(left_alone()) };
        let store = inner.store.clone();
        let found = inner.store.apart(move || store.read(|reader| reader.site_session(&key))).await;
        match &found {
            Ok(_) => inner.respite.end(),
            Err(_) => inner.respite.begin(now + asked.elapsed()),
        }
        let is_live = |found: &StoredSession| now < inner.ages.over_at(found.last_seen_at, found.expires_at);
        Ok(found?.filter(is_live))
    }

    /// What a session was when it was read last.
    fn last_known(&self, key: &KeyHash, now: Timestamp, error: StoreError) -> Result<State, LoadError> {
        match self.0.0.last_known.state(key, now) {
            Some(state) => parsed(&state),
            None => {
                database_is_away();
                Err(LoadError::Other(error.into()))
            }
        }
    }

    /// Changes sessions, unless the database is left alone because it has just failed.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sessions, inner) = (self.clone(), &self.0.0);
        let written = match inner.respite.is_on(clock::now()) {
            true => Err(left_alone()),
            false => inner.store.apart(move || work(&sessions)).await,
        };
        // A disk that is full is no reason not to read.
        if matches!(written, Err(StoreError::Unreachable { .. } | StoreError::Unconfirmed)) {
            inner.respite.begin(clock::now());
        }
        written.inspect_err(|_| database_is_away())
    }

    fn write_new(&self, key: &KeyHash, state: &State, now: Timestamp) -> Result<(), StoreError> {
        let expires_at = now + self.0.0.ages.absolute;
        let note = SignIn::in_state(state).and_then(|sign_in| sign_in.note(*key, now));
        self.0.0.store.write_beside(|writer| {
            writer.site_session_insert(key, &to_json(state), now, expires_at)?;
            writer.visit_note(note.as_slice()).map(drop)
        })
    }

    fn write_over(&self, key: &KeyHash, state: &State, now: Timestamp) -> Result<(), StoreError> {
        // One that has ended meanwhile stays so: the next request is that of a visitor.
        self.0.0.store.write_beside(|writer| {
            writer.site_session_update(key, &to_json(state))?;
            match SignIn::in_state(state) {
                Some(_) => Ok(()),
                None => writer.visit_end_by_key(key, now),
            }
        })
    }

    fn end(&self, key: &KeyHash, now: Timestamp) -> Result<(), StoreError> {
        self.0.0.store.write_beside(|writer| {
            writer.site_session_delete(key)?;
            writer.visit_end_by_key(key, now)
        })
    }

    /// Notes, to be written later, that a session was used.
    fn used(&self, key: KeyHash, state: &State, now: Timestamp) {
        self.0.0.queue.used(key);
        if let Some(note) = SignIn::in_state(state).and_then(|sign_in| sign_in.note(key, now)) {
            self.0.0.queue.note(note);
        }
    }
}

impl SessionStore for StoredSessions {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (key, now, inner) = (hash_of(session_key.as_ref()), clock::now(), &self.0.0);
        let (generation, forgotten) = (inner.memory.generation(), inner.last_known.forgotten(&key));
        let session = match self.read(key, now).await {
            Ok(Some(session)) => session,
            Ok(None) => {
                inner.forget_key(&key);
                return Ok(None);
            }
            Err(error) => return self.last_known(&key, now, error).map(Some),
        };
        let state = parsed(&session.state)?;
        let until = inner.ages.over_at(session.last_seen_at, session.expires_at);
        if let Some(SignIn { site: Some(site), since, .. }) = SignIn::in_state(&state) {
            // A drain need not look it up then. A session whose visit is ended is gone.
            inner.memory.keep(site, &key, Answer { visit: Visit::Since(since), until }, now, generation);
        }
        if now.duration_since(session.last_seen_at) >= inner.ages.touch_every() {
            self.used(key, &state, now);
        }
        inner.last_known.keep(&key, session.state, until, now, forgotten);
        Ok(Some(state))
    }

    async fn save(&self, session_state: State, _ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let (hash, now) = (hash_of(key.as_ref()), clock::now());
        let written = self.write(move |sessions| sessions.write_new(&hash, &session_state, now)).await;
        written.map_err(|error| SaveError::Other(error.into()))?;
        Ok(key)
    }

    async fn update(
        &self,
        session_key: SessionKey,
        session_state: State,
        _ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        let (key, now) = (hash_of(session_key.as_ref()), clock::now());
        let is_signed_in = SignIn::in_state(&session_state).is_some();
        let written = self.write(move |sessions| sessions.write_over(&key, &session_state, now)).await;
        if matches!(written, Ok(()) | Err(StoreError::Unconfirmed)) {
            self.0.0.last_known.forget_key(&key);
        }
        written.map_err(|error| UpdateError::Other(error.into()))?;
        if !is_signed_in {
            self.0.0.memory.forget_key(&key);
        }
        Ok(session_key)
    }

    /// Does nothing: the last use is noted when a session is loaded, and its end never moves.
    async fn update_ttl(&self, _session_key: &SessionKey, _ttl: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let (key, now) = (hash_of(session_key.as_ref()), clock::now());
        self.write(move |sessions| sessions.end(&key, now)).await?;
        self.0.0.forget_key(&key);
        Ok(())
    }
}

fn parsed(state: &str) -> Result<State, LoadError> {
    serde_json::from_str(state).map_err(|error| {
        let what = format!("the state of a site's session: {error}");
        LoadError::Other(StoreError::Unreadable { what }.into())
    })
}

fn left_alone() -> StoreError {
    StoreError::Unreachable { reason: "it did not a moment ago, and is left alone for now".to_owned() }
}

fn to_json(state: &State) -> String {
    serde_json::to_string(state).expect("a map of text to text is JSON")
}
