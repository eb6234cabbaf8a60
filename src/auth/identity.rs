//! Who sends a request, as the gate asks it: from memory, without a query, and never for an open site.
//!
//! A cookie is looked up in the database once, its session and user in one read; then the answer is kept under the
//! cookie's text. It holds until
//! - the log shows that something about users or sessions has changed, here or on another server
//!   ([`Identities::forget_after`]);
//! - the session is over by age, which is looked at on each use;
//! - at the latest a minute later, when its last use is written, the session is found to be gone.
//!
//! While the database does not answer, whoever is known stays known, and others are strangers.

use std::collections::HashMap;
use std::future::Future;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use actix_web::cookie::{Cookie, CookieJar};
use actix_web::http::header::HeaderMap;
use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};

use super::cookie::{self, SessionCookieKind};
use super::key::Keys;
use super::session::{SessionAges, hash_of, touch_later};
use crate::decision::{Identity, KnownUser};
use crate::storage::{KeyHash, Respite, Store, StoreError};

/// Parts of the memory with a lock each, so that threads rarely meet.
const SHARDS: usize = 16;

/// Most answers kept in one part; about three megabytes in all.
const MOST_PER_SHARD: usize = 1_024;

/// Entries looked at to make room for one: the longest unused of them goes.
const SAMPLE: usize = 16;

/// How long "nobody" is believed of a genuine cookie. Its session never comes back, but a restored backup may.
const NOBODY_FOR: SignedDuration = SignedDuration::from_mins(1);

/// Most writes of a last use under way at once.
const MOST_TOUCHES: usize = 4;

/// The text of a session cookie, as the browser sent it.
#[derive(Debug, Clone, Copy)]
pub struct SessionCookie<'r>(&'r str);

/// Knows who is signed in. Clones share the memory.
#[derive(Clone)]
pub struct Identities(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Keys,
    name: &'static str,
    ages: SessionAges,
    shards: [RwLock<Shard>; SHARDS],
    hasher: RandomState,
    /// Grows with each [`Identities::forget`]: what was read before is not kept after.
    generation: AtomicU64,
    touches: AtomicUsize,
    respite: Respite,
}

type Shard = HashMap<Box<str>, Entry, RandomState>;

/// A kept answer. Times are microseconds since 1970.
struct Entry {
    who: Option<(Arc<KnownUser>, KeyHash)>,
    ends_at: i64,
    used_at: AtomicI64,
    touched_at: AtomicI64,
}

/// What a look-up found.
struct Found {
    user: Arc<KnownUser>,
    expires_at: Timestamp,
    last_seen_at: Timestamp,
}

impl Identities {
    /// Identities of the sessions in a database. Keys, ages and cookie are those of the session middleware.
    pub fn new(store: Store, keys: &Keys, cookie: &SessionCookieKind, ages: SessionAges) -> Self {
        let hasher = RandomState::default();
        Self(Arc::new(Inner {
            store,
            keys: keys.clone(),
            name: cookie.name(),
            ages,
            shards: std::array::from_fn(|_| RwLock::new(HashMap::with_hasher(hasher.clone()))),
            hasher,
            generation: AtomicU64::new(0),
            touches: AtomicUsize::new(0),
            respite: Respite::default(),
        }))
    }

    /// The session cookie of a request; `None` when it bears none, whatever other cookies it has.
    pub fn cookie_of<'r>(&self, headers: &'r HeaderMap) -> Option<SessionCookie<'r>> {
        cookie::value(headers, self.0.name).map(SessionCookie)
    }

    /// Who bears this cookie, from memory alone; `None` when that must be looked up. Decrypts nothing.
    pub fn cached(&self, cookie: SessionCookie<'_>, now: Timestamp) -> Option<Identity> {
        let inner = &*self.0;
        let at = now.as_microsecond();
        let shard = inner.read(cookie.0);
        let entry = shard.get(cookie.0)?;
        let used_at = entry.used_at.load(Ordering::Relaxed);
        if at >= entry.ends_at || at - used_at >= micros(inner.ages.idle) {
            return None;
        }
        if at - used_at >= micros(SignedDuration::from_secs(1)) {
            entry.used_at.store(at, Ordering::Relaxed);
        }
        let Some((user, key)) = &entry.who else { return Some(Identity::Anonymous) };
        if at - entry.touched_at.load(Ordering::Relaxed) >= micros(inner.ages.touch_every()) {
            self.touch(cookie, entry, key, now);
        }
        Some(Identity::Known(Arc::clone(user)))
    }

    /// Who bears this cookie, from memory or from the database. A cookie that is not ours costs no query.
    ///
    /// Needs the runtime of an Actix worker. The future owns what it needs.
    pub fn resolve(&self, cookie: SessionCookie<'_>, now: Timestamp) -> impl Future<Output = Identity> + use<> {
        let identities = self.clone();
        let known = self.cached(cookie, now).or_else(|| self.0.respite.is_on(now).then_some(Identity::Anonymous));
        let key = if known.is_some() { None } else { self.0.decrypt(cookie) };
        let text: Box<str> = cookie.0.into();
        async move {
            match (known, key) {
                (Some(known), _) => known,
                (None, None) => Identity::Anonymous,
                (None, Some(key)) => identities.look_up(text, key, now).await,
            }
        }
    }

    async fn look_up(&self, text: Box<str>, key: KeyHash, now: Timestamp) -> Identity {
        let (generation, asked) = (self.0.generation.load(Ordering::Acquire), Instant::now());
        let Some(_turn) = self.0.respite.turn(now) else { return Identity::Anonymous };
        let inner = Arc::clone(&self.0);
        let found = match self.0.store.apart(move || inner.find(&key, now)).await {
            Ok(found) => found,
            Err(error) => {
                self.0.respite.begin(now + asked.elapsed());
                log::warn!("Who sends a request could not be looked up, so it counts as a stranger's: {error}");
                return Identity::Anonymous;
            }
        };
        self.0.respite.end();
        let identity = match &found {
            Some(found) => Identity::Known(Arc::clone(&found.user)),
            None => Identity::Anonymous,
        };
        self.0.keep(&text, Entry::new(found, key, now), generation);
        // The first use counts as well.
        drop(self.cached(SessionCookie(&text), now));
        identity
    }

    /// Grows whenever who is signed in, or what they may do, may have changed.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// Forgets everybody: the next request of each looks anew.
    pub fn forget(&self) {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
        for shard in &self.0.shards {
            write(shard).clear();
        }
    }

    /// Forgets everybody when new entries in the log, by their actions, are about users or sessions. An empty list
    /// means that anything may have changed.
    pub fn forget_after(&self, actions: &[String]) {
        if actions.is_empty() || actions.iter().any(|action| concerns(action)) {
            self.forget();
        }
    }

    /// Writes the last use, off the request's path, and forgets a session that turns out to be gone.
    fn touch(&self, cookie: SessionCookie<'_>, entry: &Entry, key: &KeyHash, now: Timestamp) {
        let inner = &self.0;
        let has_runtime = tokio::runtime::Handle::try_current().is_ok();
        if !has_runtime || inner.respite.is_on(now) {
            return;
        }
        if inner.touches.fetch_add(1, Ordering::AcqRel) >= MOST_TOUCHES {
            inner.touches.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        entry.touched_at.store(now.as_microsecond(), Ordering::Relaxed);
        let (inner, text, asked): (_, Box<str>, _) = (Arc::clone(inner), cookie.0.into(), Instant::now());
        touch_later(inner.store.clone(), *key, now, move |exists| {
            inner.touches.fetch_sub(1, Ordering::AcqRel);
            match exists {
                Some(true) => {}
                Some(false) => drop(inner.write(&text).remove(&text)),
                None => inner.respite.begin(now + asked.elapsed()),
            }
        });
    }
}

/// Whether entries of this kind change who somebody is.
///
/// A removed site counts: it may be brought back under its number, without those who were given it.
fn concerns(action: &str) -> bool {
    let beginnings = ["user.", "session.", "login.accepted", "login.ended", "logout", "site.removed"];
    beginnings.iter().any(|beginning| action.starts_with(beginning))
}

impl Inner {
    fn shard(&self, text: &str) -> &RwLock<Shard> {
        // The upper bits, because the table inside uses the lower ones.
        let upper = (self.hasher.hash_one(text) >> 48) as usize;
        &self.shards[upper % SHARDS]
    }

    fn read(&self, text: &str) -> RwLockReadGuard<'_, Shard> {
        self.shard(text).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, text: &str) -> RwLockWriteGuard<'_, Shard> {
        write(self.shard(text))
    }

    /// The hash of the session key in a cookie, when it is one of ours: read as the session middleware reads it.
    fn decrypt(&self, cookie: SessionCookie<'_>) -> Option<KeyHash> {
        let cookie = Cookie::parse_encoded(format!("{}={}", self.name, cookie.0)).ok()?.into_owned();
        let key = CookieJar::new().private(&self.keys.session_cookie()?).decrypt(cookie)?;
        Some(hash_of(key.value()))
    }

    fn find(&self, key: &KeyHash, now: Timestamp) -> Result<Option<Found>, StoreError> {
        let found = self.store.read(|reader| reader.session_with_user(key))?;
        let Some((session, Some(user))) = found else { return Ok(None) };
        if !self.ages.is_live(&session, now) {
            return Ok(None);
        }
        let user = Arc::new(KnownUser { username: user.username, rights: user.rights });
        Ok(Some(Found { user, expires_at: session.expires_at, last_seen_at: session.last_seen_at }))
    }

    /// Keeps an answer, unless something was forgotten since the question.
    fn keep(&self, text: &str, entry: Entry, generation: u64) {
        let mut shard = self.write(text);
        // Looked at under the lock: whoever forgets raises the number first and empties this part afterwards.
        if self.generation.load(Ordering::Acquire) != generation {
            return;
        }
        if shard.len() >= MOST_PER_SHARD && !shard.contains_key(text) {
            let used_at = |entry: &Entry| entry.used_at.load(Ordering::Relaxed);
            let unused = shard.iter().take(SAMPLE).min_by_key(|(_, entry)| (entry.who.is_some(), used_at(entry)));
            if let Some(unused) = unused.map(|(text, _)| text.clone()) {
                shard.remove(&unused);
            }
        }
        shard.insert(text.into(), entry);
    }
}

impl Entry {
    fn new(found: Option<Found>, key: KeyHash, now: Timestamp) -> Self {
        let ends_at = found.as_ref().map_or(now + NOBODY_FOR, |found| found.expires_at);
        let touched_at = found.as_ref().map_or(now, |found| found.last_seen_at);
        Self {
            who: found.map(|found| (found.user, key)),
            ends_at: ends_at.as_microsecond(),
            used_at: AtomicI64::new(now.as_microsecond()),
            touched_at: AtomicI64::new(touched_at.as_microsecond()),
        }
    }
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

/// Whole microseconds; ages of sessions fit many times over.
fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key::random_hex;
    use crate::auth::tests::{at, keys, store, superuser};
    use crate::storage::NewSession;
    use crate::user::{Rights, UserId};
    use actix_web::http::header::{COOKIE, HeaderValue};
    use std::time::Duration;

    const AGES: SessionAges =
        SessionAges { absolute: SignedDuration::from_hours(720), idle: SignedDuration::from_hours(8) };

    fn identities(store: &Store) -> Identities {
        Identities::new(store.clone(), &keys(), &SessionCookieKind::default(), AGES)
    }

    /// A session in the database, and the text of its cookie as the session middleware would write it.
    fn session(store: &Store, user: UserId, second: i64) -> String {
        let key = random_hex::<32>();
        let new = NewSession {
            key_hash: hash_of(&key),
            user_id: Some(user),
            state: "{}".to_owned(),
            address: None,
            user_agent: String::new(),
            created_at: at(second),
            expires_at: at(second) + AGES.absolute,
        };
        store.write(|writer| writer.session_insert(&new)).unwrap();
        cookie_for(&keys(), &key)
    }

    fn cookie_for(keys: &Keys, key: &str) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&keys.session_cookie().unwrap()).add(Cookie::new("maintenance_session", key.to_owned()));
        let cookie = jar.delta().next().unwrap().encoded().to_string();
        cookie.strip_prefix("maintenance_session=").unwrap().to_owned()
    }

    fn name_of(identity: Option<Identity>) -> Option<String> {
        match identity? {
            Identity::Known(user) => Some(user.username.clone()),
            Identity::Anonymous => Some("nobody".to_owned()),
            Identity::Unresolved => panic!("an answer is never unresolved"),
        }
    }

    /// Waits until what goes on in the background has happened.
    async fn until(happened: impl Fn() -> bool) {
        let started = Instant::now();
        while !happened() {
            assert!(started.elapsed() < Duration::from_secs(10), "it did not happen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    #[actix_web::test]
    async fn a_cookie_is_looked_up_once() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let mut headers = HeaderMap::new();
        assert!(who.cookie_of(&headers).is_none());
        headers.append(COOKIE, HeaderValue::from_static("other=1"));
        assert!(who.cookie_of(&headers).is_none());
        headers.append(COOKIE, HeaderValue::from_str(&format!("a=b; maintenance_session={text}")).unwrap());
        let cookie = who.cookie_of(&headers).unwrap();
        assert!(who.cached(cookie, at(0)).is_none());
        assert_eq!(name_of(Some(who.resolve(cookie, at(0)).await)).unwrap(), "ada");
        store.write(|writer| writer.execute("DROP TABLE sessions")).unwrap();
        assert_eq!(name_of(who.cached(cookie, at(1))).unwrap(), "ada");
        assert_eq!(name_of(Some(who.resolve(cookie, at(2)).await)).unwrap(), "ada");
    }

    #[actix_web::test]
    async fn a_cookie_that_is_not_ours_costs_no_query() {
        let (_folder, store) = store();
        let who = identities(&store);
        store.write(|writer| writer.execute("DROP TABLE sessions")).unwrap();
        let other_keys = Keys::default();
        other_keys.set("another secret");
        let other_key = cookie_for(&other_keys, "key");
        for text in ["x", "%zz", "a;b", &"A".repeat(120), &other_key] {
            assert!(matches!(who.resolve(SessionCookie(text), at(0)).await, Identity::Anonymous), "{text}");
            assert!(!who.0.respite.is_on(at(0)), "the database was asked about {text}");
        }
    }

    #[actix_web::test]
    async fn an_ended_session_is_nobody_and_that_is_kept_for_a_while() {
        let (_folder, store) = store();
        let who = identities(&store);
        let gone = cookie_for(&keys(), "gone");
        let cookie = SessionCookie(&gone);
        assert!(matches!(who.resolve(cookie, at(0)).await, Identity::Anonymous));
        assert_eq!(name_of(who.cached(cookie, at(59))).unwrap(), "nobody");
        assert!(who.cached(cookie, at(60)).is_none());
    }

    #[actix_web::test]
    async fn a_kept_answer_ends_with_its_session() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let cookie = SessionCookie(&text);
        let day = 24 * 3600;
        who.resolve(cookie, at(0)).await;
        assert!(who.cached(cookie, at(8 * 3600)).is_none(), "idle");
        assert!(matches!(who.resolve(cookie, at(8 * 3600)).await, Identity::Anonymous), "idle in the database as well");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let cookie = SessionCookie(&text);
        store.write(|writer| writer.session_touch(&who.0.decrypt(cookie).unwrap(), at(30 * day - 3600))).unwrap();
        assert_eq!(name_of(Some(who.resolve(cookie, at(30 * day - 1)).await)).unwrap(), "ada");
        assert!(who.cached(cookie, at(30 * day)).is_none(), "over");
    }

    #[actix_web::test]
    async fn use_on_another_server_keeps_a_session_alive_here() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let cookie = SessionCookie(&text);
        who.resolve(cookie, at(0)).await;
        store.write(|writer| writer.session_touch(&who.0.decrypt(cookie).unwrap(), at(7 * 3600))).unwrap();
        assert!(who.cached(cookie, at(9 * 3600)).is_none());
        assert_eq!(name_of(Some(who.resolve(cookie, at(9 * 3600)).await)).unwrap(), "ada");
    }

    #[actix_web::test]
    async fn a_change_of_rights_is_seen_after_the_log_says_so() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let cookie = SessionCookie(&text);
        who.resolve(cookie, at(0)).await;
        let rights = Some(Rights { is_active: true, ..Rights::default() });
        let changes = crate::storage::UserChanges { rights, ..Default::default() };
        store.write(|writer| writer.user_update(ada, &changes)).unwrap();
        who.forget_after(&["maintenance.started".to_owned(), "login.refused".to_owned()]);
        assert!(who.cached(cookie, at(1)).is_some(), "nothing about users has changed");
        who.forget_after(&["maintenance.started".to_owned(), "user.edited".to_owned()]);
        assert!(who.cached(cookie, at(1)).is_none());
        match who.resolve(cookie, at(1)).await {
            Identity::Known(user) => assert!(!user.rights.panel()),
            other => panic!("{other:?}"),
        }
        who.forget_after(&[]);
        assert!(who.cached(cookie, at(1)).is_none(), "an empty list means that anything may have changed");
    }

    #[actix_web::test]
    async fn an_answer_read_before_a_change_is_not_kept_after_it() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let cookie = SessionCookie(&text);
        let key = who.0.decrypt(cookie).unwrap();
        let generation = who.0.generation.load(Ordering::Acquire);
        let found = who.0.find(&key, at(0)).unwrap();
        who.forget();
        who.0.keep(&text, Entry::new(found, key, at(0)), generation);
        assert!(who.cached(cookie, at(0)).is_none());
    }

    #[actix_web::test]
    async fn the_last_use_is_written_once_a_minute_and_a_gone_session_forgotten() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (who, text) = (identities(&store), session(&store, ada, 0));
        let cookie = SessionCookie(&text);
        let key = who.0.decrypt(cookie).unwrap();
        let seen = || store.read(|reader| reader.session_by_key(&key)).unwrap().map(|session| session.last_seen_at);
        who.resolve(cookie, at(0)).await;
        who.cached(cookie, at(59)).unwrap();
        assert_eq!((seen(), who.0.touches.load(Ordering::Acquire)), (Some(at(0)), 0));
        who.cached(cookie, at(60)).unwrap();
        until(|| seen() == Some(at(60))).await;
        store.write(|writer| writer.session_delete_by_key(&key)).unwrap();
        assert!(who.cached(cookie, at(119)).is_some());
        assert!(who.cached(cookie, at(120)).is_some());
        until(|| who.cached(cookie, at(121)).is_none()).await;
        assert!(matches!(who.resolve(cookie, at(121)).await, Identity::Anonymous));
    }

    #[actix_web::test]
    async fn without_the_database_the_known_stay_known_and_others_are_strangers_at_once() {
        let (_folder, store) = store();
        let (ada, bo) = (superuser(&store, "ada"), superuser(&store, "bo"));
        let who = identities(&store);
        let (known, other) = (session(&store, ada, 0), session(&store, bo, 0));
        who.resolve(SessionCookie(&known), at(0)).await;
        store.write(|writer| writer.execute("ALTER TABLE sessions RENAME TO gone")).unwrap();
        assert!(matches!(who.resolve(SessionCookie(&other), at(100)).await, Identity::Anonymous));
        assert!(who.0.respite.is_on(at(100)) && !who.0.respite.is_on(at(102)) && !who.0.respite.is_on(at(0)));
        assert_eq!(name_of(who.cached(SessionCookie(&known), at(100))).unwrap(), "ada");
        assert!(who.cached(SessionCookie(&other), at(100)).is_none(), "not knowing is not kept");
        store.write(|writer| writer.execute("ALTER TABLE gone RENAME TO sessions")).unwrap();
        assert_eq!(name_of(Some(who.resolve(SessionCookie(&other), at(102)).await)).unwrap(), "bo");
    }

    #[actix_web::test]
    async fn the_memory_has_a_limit_and_strangers_leave_first() {
        let (_folder, store) = store();
        let who = identities(&store);
        for n in 0..3 * SHARDS * MOST_PER_SHARD {
            who.0.keep(&format!("cookie {n}"), Entry::new(None, [0; 32], at(0)), 0);
        }
        let kept: usize = who.0.shards.iter().map(|shard| shard.read().unwrap().len()).sum();
        assert!(kept <= SHARDS * MOST_PER_SHARD, "{kept}");
        let user = Arc::new(KnownUser { username: "ada".to_owned(), rights: Rights::default() });
        for n in 0..100 {
            let found = Found { user: Arc::clone(&user), expires_at: at(9999), last_seen_at: at(0) };
            who.0.keep(&format!("ada {n}"), Entry::new(Some(found), [0; 32], at(0)), 0);
        }
        for n in 0..5 * SHARDS * MOST_PER_SHARD {
            who.0.keep(&format!("more {n}"), Entry::new(None, [0; 32], at(1)), 0);
        }
        let known = (0..100).filter(|n| who.cached(SessionCookie(&format!("ada {n}")), at(1)).is_some()).count();
        assert_eq!(known, 100);
    }
}
