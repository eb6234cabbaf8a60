//! Who somebody is: passwords, log-in, sessions, and what the gate and the panel may conclude from a request.
//!
//! Knows the database and the actions, not pages. What a user may do is in [`crate::user::Rights`]; here it is only
//! found out whose rights apply.

mod apart;
pub mod cookie;
pub mod csrf;
pub mod device;
pub mod identity;
pub mod key;
mod late;
pub mod login;
pub mod next;
pub mod password;
pub mod session;
pub mod setup;
pub mod strength;
pub mod throttle;

pub use apart::apart;
pub use csrf::{Csrf, CsrfError};
pub use identity::{Identities, SessionCookie};
pub use key::Keys;
pub(crate) use key::master_secret;
pub(crate) use late::database_is_away;
pub use late::{LateSessions, Need, PanelSessions, SessionMaker};
pub use login::{Attempt, LoggedIn, LoginError, Logins};
pub use password::Hashing;
pub use session::{SessionAges, Sessions};
pub use setup::{check_setup, setup_token};
pub use strength::{About, NewPassword, WeakPassword};

use std::sync::Arc;

use jiff::Timestamp;

use crate::actions::Actions;
use crate::config::ServerSettings;
use crate::storage::{Store, StoreError};
use crate::tally::WordCounts;

/// The parts of this module joined by the settings, once for all workers.
pub struct Auth {
    store: Store,
    keys: Keys,
    session_cookie: cookie::SessionCookieKind,
    identities: Arc<Identities>,
    sessions: Sessions,
    csrf: Csrf,
    hashing: Hashing,
    refusals: Arc<WordCounts>,
}

impl Auth {
    /// Nobody is known before [`Auth::keys`] are, which the `SECRET_KEY` setting sets at once. Asks nobody.
    pub fn new(store: &Store, settings: &ServerSettings) -> Self {
        let keys = Keys::default();
        if let Some(secret) = &settings.secret_key {
            keys.set(secret.expose());
        }
        let ages = SessionAges::from_secs(settings.session_cookie_age, settings.session_idle_age);
        let is_secure = settings.session_cookie_secure;
        let session_cookie = cookie::SessionCookieKind { is_secure, domain: settings.session_cookie_domain.clone() };
        Self {
            identities: Arc::new(Identities::new(store.clone(), &keys, &session_cookie, ages)),
            sessions: Sessions::new(store.clone(), ages),
            csrf: Csrf::new(&keys, is_secure, settings.public_origin.clone()),
            hashing: Hashing::default(),
            refusals: Arc::new(WordCounts::of(&LoginError::REFUSALS)),
            store: store.clone(),
            session_cookie,
            keys,
        }
    }

    /// What cookies and forms are protected with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Who is signed in, as the gate asks it.
    pub fn identities(&self) -> &Arc<Identities> {
        &self.identities
    }

    /// Where the sessions are kept.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The session middleware for the panel, one for each worker. [`cookie::drop_disguised`] belongs around it. Paths
    /// that begin with `assets` are served even while there can be no sessions.
    pub fn session_middleware(&self, assets: String) -> LateSessions<PanelSessions> {
        let (keys, sessions) = (self.keys.clone(), self.sessions.clone());
        LateSessions(PanelSessions { keys, sessions, cookie: self.session_cookie.clone(), assets })
    }

    /// The tokens of forms.
    pub fn csrf(&self) -> &Csrf {
        &self.csrf
    }

    /// The bound on hashing passwords.
    pub fn hashing(&self) -> &Hashing {
        &self.hashing
    }

    /// Names of the cookies, but for the log-in.
    pub fn cookies(&self) -> cookie::CookieNames {
        cookie::CookieNames::new(self.session_cookie.is_secure)
    }

    /// Log-ins that are written down by these actions. All share the bound on hashing.
    pub fn logins(&self, actions: &Actions) -> Logins {
        Logins::new(
            actions.clone(),
            self.hashing.clone(),
            &self.keys,
            self.session_cookie.is_secure,
            Arc::clone(&self.refusals),
        )
    }

    /// How often a password was refused on this server, at log-in or where it is asked for once more, by the reason:
    /// `password` (wrong, or of nobody who may log in), `throttled`, `busy`.
    pub fn refusals(&self) -> Vec<(&'static str, u64)> {
        self.refusals.totals()
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Removes sessions and counts of failures that are over by age; returns how many rows. Blocks. To be called at
    /// start and hourly.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge(&self, now: Timestamp) -> Result<usize, StoreError> {
        let (sessions, store) = (self.sessions.clone(), self.store.clone());
        self.store.apart_blocking(move || Ok(sessions.purge(now)? + throttle::purge(&store, now)?))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::actions::PasswordHash;
    use crate::storage::{DatabaseUrl, NewUser, Open};
    use crate::user::{Rights, UserId};

    /// The password of every user in these tests.
    pub const PASSWORD: &str = "clear water runs";

    /// A fresh database, in a folder that goes when the first value is dropped.
    pub fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(folder.path().join("m.sqlite3").to_str().unwrap()).unwrap();
        let store = Store::open(&url, Open::Migrate).unwrap();
        (folder, store)
    }

    /// Actions that wake nobody.
    pub fn actions(store: &Store) -> Actions {
        Actions::new(store.clone(), || {})
    }

    /// The same keys in every test.
    pub fn keys() -> Keys {
        Keys::for_test()
    }

    /// A time, by seconds after a fixed one.
    pub fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    /// Hash of [`PASSWORD`], computed once.
    pub fn password_hash() -> PasswordHash {
        static HASH: LazyLock<String> =
            LazyLock::new(|| password::hash(&strength::check(PASSWORD, &About::default()).unwrap()).into_phc());
        PasswordHash::new(HASH.clone())
    }

    /// Adds an active superuser with [`PASSWORD`].
    pub fn superuser(store: &Store, username: &str) -> UserId {
        let new = NewUser {
            username: username.to_owned(),
            password_hash: password_hash().into_phc(),
            rights: Rights { is_active: true, is_staff: true, is_superuser: true, sites: None },
            created_at: at(0),
        };
        store.write(|writer| writer.user_insert(&new)).unwrap()
    }

    /// Whether the files of the database hold these bytes, in whatever case.
    pub fn is_on_disk(store: &Store, text: &str) -> bool {
        let path = store.url().sqlite_path().unwrap();
        let wal = format!("{}-wal", path.display());
        let bytes = [std::fs::read(path).unwrap(), std::fs::read(wal).unwrap_or_default()].concat();
        bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
    }
}
