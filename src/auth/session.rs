//! Log-in sessions in the database, as the store of `actix-session`.
//!
//! Only the SHA-256 of a session's key is stored. A session ends by log-out, by whoever may revoke it, by age
//! ([`SessionAges`]); an update never brings one back. A session is made at log-in only, so visitors write nothing.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, SameSite, time};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::cookie::SessionCookieKind;
use super::key::{random_hex, sha256_hex};
use crate::clock;
use crate::site::Domain;
use crate::storage::{self, KeyHash, NewSession, SessionId, Store, StoreError, TransactionError};
use crate::user::UserId;

/// How often at most a session's last use is written.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Characters of the client's name that are kept.
const MAX_USER_AGENT_CHARS: usize = 200;

/// Names within the state that `actix-session` keeps for us.
mod entry {
    /// Number of the signed-in user.
    pub const USER: &str = "user_id";
    /// What the tokens of forms are made from.
    pub const CSRF: &str = "csrf";
    /// Client address at log-in.
    pub const ADDRESS: &str = "address";
    /// Client software at log-in.
    pub const USER_AGENT: &str = "user_agent";
    /// Number of the session itself. Put in when it is loaded, never stored.
    pub const ROW: &str = "session_id";
    /// That the session goes on under a new key. Heeded when it is written, never stored itself.
    pub const NEW_KEY: &str = "new_key";
    /// Hash of the password hash that opened the session. Checked when it is first stored, never stored itself.
    pub const OPENED_BY: &str = "opened_by";
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionAges {
    /// Since log-in, whatever happens (`SESSION_COOKIE_AGE`).
    pub absolute: SignedDuration,
    /// Since the last request (`SESSION_IDLE_AGE`).
    pub idle: SignedDuration,
}

impl SessionAges {
    /// Ages in seconds, as the settings give them.
    pub fn from_secs(absolute: u32, idle: u32) -> Self {
        Self { absolute: SignedDuration::from_secs(absolute.into()), idle: SignedDuration::from_secs(idle.into()) }
    }

    /// Sessions last used before this are over.
    pub fn idle_since(&self, now: Timestamp) -> Timestamp {
        now - self.idle
    }

    /// How often a session's last use is written: once a minute, more often only when sessions are short.
    pub(crate) fn touch_every(&self) -> SignedDuration {
        TOUCH_EVERY.min(self.idle / 4)
    }

    /// When a session is over by age, if it is not used any more.
    pub(crate) fn over_at(&self, last_seen_at: Timestamp, expires_at: Timestamp) -> Timestamp {
        expires_at.min(last_seen_at.saturating_add(self.idle).expect("whole seconds can be added"))
    }

    /// Whether a stored session has not ended by age.
    pub fn is_live(&self, session: &storage::Session, now: Timestamp) -> bool {
        now < self.over_at(session.last_seen_at, session.expires_at)
    }
}

/// The store behind the session middleware. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    ages: SessionAges,
}

type State = HashMap<String, String>;

/// A session that cannot be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the password was changed or the user removed while the log-in was under way")]
    Overtaken,
}

impl TransactionError for WriteError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Overtaken => None,
        }
    }
}

impl Sessions {
    /// Sessions in a database.
    pub fn new(store: Store, ages: SessionAges) -> Self {
        Self { store, ages }
    }

    /// How long they last.
    pub fn ages(&self) -> SessionAges {
        self.ages
    }

    /// The middleware, to be wrapped around the panel, with [`super::Keys::session_cookie`]. Made for each worker.
    ///
    /// The cookie is encrypted, `HttpOnly`, `SameSite=Lax`, for all paths, because the gate reads it everywhere.
    pub fn middleware(&self, key: Key, cookie: &SessionCookieKind) -> SessionMiddleware<Self> {
        let ttl = time::Duration::seconds(self.ages.absolute.as_secs());
        SessionMiddleware::builder(self.clone(), key)
            .cookie_name(cookie.name().to_owned())
            .cookie_domain(cookie.domain.as_ref().map(Domain::to_string))
            .cookie_secure(cookie.is_secure)
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_path("/".to_owned())
            .cookie_content_security(CookieContentSecurity::Private)
            .session_lifecycle(PersistentSession::default().session_ttl(ttl))
            .build()
    }

    /// Removes sessions that are over by age; returns how many. To be called at start and hourly.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.store.write(|writer| writer.session_delete_expired(now, self.ages.idle_since(now)))
    }

    fn read(&self, key: &KeyHash, now: Timestamp) -> Result<Option<(State, Timestamp)>, StoreError> {
        let found = self.store.read(|reader| reader.session_by_key(key))?;
        let Some(session) = found.filter(|session| self.ages.is_live(session, now)) else { return Ok(None) };
        let mut state: State = serde_json::from_str(&session.state).map_err(|error| StoreError::Unreadable {
            what: format!("the state of session {}: {error}", session.id.0),
        })?;
        put(&mut state, entry::ROW, &session.id.0);
        Ok(Some((state, session.last_seen_at)))
    }

    fn write_new(&self, key: &KeyHash, mut state: State, now: Timestamp) -> Result<(), WriteError> {
        let opened_by: Option<String> = take(&mut state, entry::OPENED_BY);
        let new = NewSession {
            key_hash: *key,
            user_id: user_in(&state),
            address: get(&state, entry::ADDRESS),
            user_agent: get(&state, entry::USER_AGENT).unwrap_or_default(),
            state: to_json(state),
            created_at: now,
            expires_at: now + self.ages.absolute,
        };
        self.store.write(|writer| {
            if let Some(opened_by) = opened_by {
                let stored = new.user_id.map(|user| writer.user_password_hash(user)).transpose()?.flatten();
                if stored.map(|stored| sha256_hex(&stored)) != Some(opened_by) {
                    return Err(WriteError::Overtaken);
                }
            }
            writer.session_insert(&new)?;
            Ok(())
        })
    }

    fn write_over(
        &self,
        key: &KeyHash,
        new_key: &KeyHash,
        mut state: State,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        state.remove(entry::OPENED_BY);
        let user = user_in(&state);
        let state = to_json(state);
        self.store.write(|writer| writer.session_update(key, new_key, &state, user, now))
    }
}

impl SessionStore for Sessions {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (sessions, key, now) = (self.clone(), hash_of(session_key.as_ref()), clock::now());
        let read = self.store.apart(move || sessions.read(&key, now)).await;
        let found = read.map_err(|error| LoadError::Other(error.into()))?;
        let Some((state, last_seen_at)) = found else { return Ok(None) };
        if now.duration_since(last_seen_at) >= self.ages.touch_every() {
            touch_later(self.store.clone(), key, now, |_| {});
        }
        Ok(Some(state))
    }

    async fn save(&self, session_state: State, _ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let (sessions, hash, now) = (self.clone(), hash_of(key.as_ref()), clock::now());
        let written = self.store.apart(move || sessions.write_new(&hash, session_state, now)).await;
        written.map_err(|error| SaveError::Other(error.into()))?;
        Ok(key)
    }

    /// Writes the state, unless the session has ended meanwhile: then nothing happens, and the next request is
    /// that of a visitor. One that was renewed goes on under another key, in the same step.
    async fn update(
        &self,
        session_key: SessionKey,
        mut session_state: State,
        _ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        let is_renewed = session_state.remove(entry::NEW_KEY).is_some();
        let (sessions, key, now) = (self.clone(), hash_of(session_key.as_ref()), clock::now());
        let session_key = if is_renewed { generate_session_key() } else { session_key };
        let new_key = hash_of(session_key.as_ref());
        let written = self.store.apart(move || sessions.write_over(&key, &new_key, session_state, now)).await;
        written.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(session_key)
    }

    /// Does nothing: the last use is written when a session is loaded, and its end never moves.
    async fn update_ttl(&self, _session_key: &SessionKey, _ttl: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let (store, key) = (self.store.clone(), hash_of(session_key.as_ref()));
        self.store.apart(move || store.write(|writer| writer.session_delete_by_key(&key))).await?;
        Ok(())
    }
}

/// Writes the last use of a session, while the request goes on. `done` is told whether the session still exists, unless
/// the database failed.
pub(super) fn touch_later(
    store: Store,
    key: KeyHash,
    now: Timestamp,
    done: impl FnOnce(Option<bool>) + Send + 'static,
) {
    actix_web::rt::spawn(async move {
        let touched = store.clone();
        match store.apart(move || touched.write_beside(|writer| writer.session_touch(&key, now))).await {
            Ok(exists) => done(Some(exists)),
            Err(error) => {
                let error: StoreError = error;
                log::warn!("The last use of a session could not be written: {error}");
                done(None);
            }
        }
    });
}

/// What is stored of a session's key.
pub(crate) fn hash_of(key: &str) -> KeyHash {
    Sha256::digest(key).into()
}

/// What opens a session.
pub(super) struct Opening<'a> {
    pub(super) user: UserId,
    pub(super) password_hash: &'a str,
    pub(super) address: Option<String>,
    pub(super) user_agent: &'a str,
}

/// Makes this request's session that of a user, under a new key and with nothing of what was in it.
pub(super) fn open(session: &Session, opening: &Opening<'_>) {
    session.clear();
    session.renew();
    set(session, entry::USER, &opening.user.0);
    set(session, entry::CSRF, &random_hex::<32>());
    set(session, entry::USER_AGENT, &readable(opening.user_agent));
    set(session, entry::OPENED_BY, &sha256_hex(opening.password_hash));
    if let Some(address) = &opening.address {
        set(session, entry::ADDRESS, address);
    }
}

/// Lets this request's session go on under a new key, so that a copy of its cookie ends. One that has ended meanwhile
/// stays ended, which `actix-session`'s own renewal, an end and a new beginning, does not see to.
#[cfg(feature = "admin")]
pub(crate) fn renew(session: &Session) {
    set(session, entry::NEW_KEY, &true);
}

/// The signed-in user, as the session says. Rights are to be read from the user's row.
pub fn user_of(session: &Session) -> Option<UserId> {
    session.get(entry::USER).ok().flatten().map(UserId)
}

/// Number of this session; `None` before it is first stored.
pub fn id_of(session: &Session) -> Option<SessionId> {
    session.get(entry::ROW).ok().flatten().map(SessionId)
}

/// What the form tokens of a signed-in user are made from.
pub(super) fn csrf_secret_of(session: &Session) -> Option<String> {
    user_of(session)?;
    session.get(entry::CSRF).ok().flatten()
}

fn set<T: serde::Serialize>(session: &Session, name: &str, value: &T) {
    session.insert(name, value).expect("numbers and text are JSON");
}

fn put<T: serde::Serialize>(state: &mut State, name: &str, value: &T) {
    state.insert(name.to_owned(), serde_json::to_string(value).expect("numbers and text are JSON"));
}

fn get<T: serde::de::DeserializeOwned>(state: &State, name: &str) -> Option<T> {
    serde_json::from_str(state.get(name)?).ok()
}

fn take<T: serde::de::DeserializeOwned>(state: &mut State, name: &str) -> Option<T> {
    serde_json::from_str(&state.remove(name)?).ok()
}

fn user_in(state: &State) -> Option<UserId> {
    get(state, entry::USER).map(UserId)
}

fn to_json(mut state: State) -> String {
    state.remove(entry::ROW);
    serde_json::to_string(&state).expect("a map of text to text is JSON")
}

/// The first characters, without those that would break a line of a list or a log.
fn readable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{at, keys, store, superuser};
    use actix_web::http::StatusCode;
    use actix_web::http::header::{COOKIE, SET_COOKIE};
    use actix_web::test::{self, TestRequest};
    use actix_web::{App, HttpRequest, HttpResponse, web};

    const AGES: SessionAges =
        SessionAges { absolute: SignedDuration::from_hours(720), idle: SignedDuration::from_hours(8) };

    fn state(user: UserId) -> State {
        let mut state = State::new();
        put(&mut state, entry::USER, &user.0);
        put(&mut state, entry::ADDRESS, &"203.0.113.9");
        put(&mut state, entry::USER_AGENT, &"Firefox");
        state
    }

    #[test]
    fn a_session_is_found_by_the_hash_of_its_key_until_it_is_over() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let sessions = Sessions::new(store.clone(), AGES);
        let key = hash_of("key");
        sessions.write_new(&key, state(ada), at(0)).unwrap();
        let row = store.read(|reader| reader.session_by_key(&key)).unwrap().unwrap();
        assert_eq!(
            (row.user_id, row.address.as_deref(), row.user_agent.as_str()),
            (Some(ada), Some("203.0.113.9"), "Firefox")
        );
        let (loaded, _) = sessions.read(&key, at(8 * 3600 - 1)).unwrap().unwrap();
        assert_eq!(get(&loaded, entry::ROW), Some(row.id.0));
        assert!(sessions.read(&key, at(8 * 3600)).unwrap().is_none());
        assert!(sessions.read(&hash_of("other"), at(0)).unwrap().is_none());
    }

    #[test]
    fn use_puts_off_the_idle_end_but_not_the_absolute_one() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let sessions = Sessions::new(store.clone(), AGES);
        let key = hash_of("key");
        sessions.write_new(&key, state(ada), at(0)).unwrap();
        for hour in (7..720).step_by(7) {
            assert!(sessions.read(&key, at(hour * 3600)).unwrap().is_some(), "{hour}");
            assert!(store.write(|writer| writer.session_touch(&key, at(hour * 3600))).unwrap());
        }
        assert!(sessions.read(&key, at(720 * 3600)).unwrap().is_none());
        assert_eq!(sessions.purge(at(719 * 3600)).unwrap(), 0);
        assert_eq!(sessions.purge(at(720 * 3600)).unwrap(), 1);
    }

    #[test]
    fn an_update_never_brings_back_an_ended_session() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let sessions = Sessions::new(store.clone(), AGES);
        let key = hash_of("key");
        sessions.write_new(&key, state(ada), at(0)).unwrap();
        assert!(sessions.write_over(&key, &key, state(ada), at(1)).unwrap());
        store.write(|writer| writer.session_delete_of_user(ada, None)).unwrap();
        assert!(!sessions.write_over(&key, &hash_of("new"), state(ada), at(2)).unwrap());
        assert!(sessions.read(&key, at(2)).unwrap().is_none());
        assert!(sessions.read(&hash_of("new"), at(2)).unwrap().is_none());
    }

    #[test]
    fn a_password_changed_during_the_log_in_wins() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let sessions = Sessions::new(store.clone(), AGES);
        let stored = store.read(|reader| reader.user_password_hash(ada)).unwrap().unwrap();
        let opened_by = |hash: &str| {
            let mut state = state(ada);
            put(&mut state, entry::OPENED_BY, &sha256_hex(hash));
            state
        };
        let old = sessions.write_new(&hash_of("a"), opened_by("older hash"), at(0));
        assert!(matches!(old, Err(WriteError::Overtaken)));
        sessions.write_new(&hash_of("b"), opened_by(&stored), at(0)).unwrap();
        let row = store.read(|reader| reader.session_by_key(&hash_of("b"))).unwrap().unwrap();
        assert!(!row.state.contains(entry::OPENED_BY) && !row.state.contains(entry::ROW), "{}", row.state);
    }

    fn sign_in(session: &Session, store: &Store, user: UserId) {
        let password_hash = store.read(|reader| reader.user_password_hash(user)).unwrap().unwrap();
        let address = Some("203.0.113.9".to_owned());
        open(session, &Opening { user, password_hash: &password_hash, address, user_agent: "Fire\nfox" });
    }

    /// An app with one address for each thing that can happen to a session.
    macro_rules! app {
        ($store:expr, $user:expr, $cookie:expr) => {{
            let (store, user) = ($store.clone(), $user);
            let sessions = Sessions::new($store.clone(), AGES);
            let who = |session: Session| async move {
                let (user, id) = (user_of(&session).map(|user| user.0), id_of(&session).map(|id| id.0));
                HttpResponse::Ok().body(format!("{user:?} {id:?}"))
            };
            let sign_in = move |session: Session| {
                sign_in(&session, &store, user);
                async { HttpResponse::Ok().finish() }
            };
            let note = |session: Session| async move {
                session.insert("flash", "saved").unwrap();
                HttpResponse::Ok().finish()
            };
            let ended = $store.clone();
            let renewed = move |session: Session, req: HttpRequest| {
                if req.query_string() == "ended" {
                    ended.write(|writer| writer.session_delete_of_user(user, None)).unwrap();
                }
                renew(&session);
                async { HttpResponse::Ok().finish() }
            };
            let leave = |session: Session| async move {
                session.purge();
                HttpResponse::Ok().finish()
            };
            let app = App::new()
                .wrap(sessions.middleware(keys().session_cookie().unwrap(), &$cookie))
                .route("/", web::get().to(who))
                .route("/in", web::get().to(sign_in))
                .route("/note", web::get().to(note))
                .route("/renew", web::get().to(renewed))
                .route("/out", web::get().to(leave));
            test::init_service(app).await
        }};
    }

    fn get_with(path: &str, cookie: &str) -> TestRequest {
        TestRequest::get().uri(path).insert_header((COOKIE, cookie))
    }

    fn cookie_in<B>(response: &actix_web::dev::ServiceResponse<B>) -> String {
        let set = response.headers().get(SET_COOKIE).expect("a cookie is set").to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    #[actix_web::test]
    async fn a_log_in_makes_a_new_key_and_a_log_out_ends_it_on_the_server() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let app = app!(store, ada, SessionCookieKind { is_secure: true, domain: None });
        let visit = test::call_service(&app, TestRequest::get().uri("/").to_request()).await;
        assert!(visit.headers().get(SET_COOKIE).is_none(), "a visit writes nothing");
        let first = test::call_service(&app, TestRequest::get().uri("/in").to_request()).await;
        let set = first.headers().get(SET_COOKIE).unwrap().to_str().unwrap().to_owned();
        for part in ["__Host-maintenance_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=2592000"] {
            assert!(set.contains(part), "{part}: {set}");
        }
        let old = cookie_in(&first);
        assert_eq!(test::call_and_read_body(&app, get_with("/", &old).to_request()).await, "Some(1) Some(1)");
        let new = cookie_in(&test::call_service(&app, get_with("/in", &old).to_request()).await);
        assert_eq!(test::call_and_read_body(&app, get_with("/", &old).to_request()).await, "None None");
        assert_eq!(test::call_and_read_body(&app, get_with("/", &new).to_request()).await, "Some(1) Some(2)");
        let out = test::call_service(&app, get_with("/out", &new).to_request()).await;
        assert!(cookie_in(&out).ends_with('='));
        assert_eq!(test::call_and_read_body(&app, get_with("/", &new).to_request()).await, "None None");
    }

    #[actix_web::test]
    async fn a_cookie_for_a_domain_says_so_and_is_taken_away_from_all_of_it() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let domain = Some(Domain::parse("example.com").unwrap());
        for (is_secure, name) in [(true, "__Secure-maintenance_session="), (false, "maintenance_domain_session=")] {
            let app = app!(store, ada, SessionCookieKind { is_secure, domain: domain.clone() });
            let text = |answer: &actix_web::dev::ServiceResponse<_>| {
                answer.headers().get(SET_COOKIE).expect("a cookie is set").to_str().unwrap().to_owned()
            };
            let set = test::call_service(&app, TestRequest::get().uri("/in").to_request()).await;
            let out = test::call_service(&app, get_with("/out", &cookie_in(&set)).to_request()).await;
            let (set, out) = (text(&set), text(&out));
            assert!(set.starts_with(name) && out.starts_with(&format!("{name};")), "{set} {out}");
            for part in ["Domain=example.com", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(set.contains(part) && out.contains(part), "{part}: {set} {out}");
            }
            assert_eq!((set.contains("; Secure"), out.contains("Max-Age=0")), (is_secure, true), "{set} {out}");
        }
    }

    #[actix_web::test]
    async fn a_session_revoked_during_a_request_stays_revoked() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let app = app!(store, ada, SessionCookieKind::default());
        let cookie = cookie_in(&test::call_service(&app, TestRequest::get().uri("/in").to_request()).await);
        let noted = test::call_service(&app, get_with("/note", &cookie).to_request()).await;
        assert_eq!(noted.status(), StatusCode::OK);
        store.write(|writer| writer.session_delete_of_user(ada, None)).unwrap();
        test::call_service(&app, get_with("/note", &cookie).to_request()).await;
        assert_eq!(test::call_and_read_body(&app, get_with("/", &cookie).to_request()).await, "None None");
    }

    #[actix_web::test]
    async fn a_renewed_session_goes_on_under_another_key_unless_it_has_ended_meanwhile() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let app = app!(store, ada, SessionCookieKind::default());
        let old = cookie_in(&test::call_service(&app, TestRequest::get().uri("/in").to_request()).await);
        let new = cookie_in(&test::call_service(&app, get_with("/renew", &old).to_request()).await);
        assert_eq!(test::call_and_read_body(&app, get_with("/", &old).to_request()).await, "None None");
        assert_eq!(test::call_and_read_body(&app, get_with("/", &new).to_request()).await, "Some(1) Some(1)");
        let row = store.read(|reader| reader.session(SessionId(1))).unwrap().unwrap();
        assert!(!row.state.contains(entry::NEW_KEY), "{}", row.state);
        let dead = cookie_in(&test::call_service(&app, get_with("/renew?ended", &new).to_request()).await);
        for cookie in [&new, &dead] {
            assert_eq!(test::call_and_read_body(&app, get_with("/", cookie).to_request()).await, "None None");
        }
        assert!(store.read(|reader| reader.session_list(ada, at(0), at(-1))).unwrap().is_empty());
    }

    #[actix_web::test]
    async fn a_failing_database_tells_a_client_nothing() {
        let (folder, store) = store();
        let ada = superuser(&store, "ada");
        let app = app!(store, ada, SessionCookieKind::default());
        let cookie = cookie_in(&test::call_service(&app, TestRequest::get().uri("/in").to_request()).await);
        store.write(|writer| writer.execute("DROP TABLE sessions")).unwrap();
        let error = match test::try_call_service(&app, get_with("/", &cookie).to_request()).await {
            Ok(response) => panic!("{}", response.status()),
            Err(error) => error.error_response(),
        };
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = actix_web::body::to_bytes(error.into_body()).await.unwrap();
        assert!(body.is_empty(), "{body:?}");
        drop(folder);
    }
}
