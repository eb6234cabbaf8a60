//! Logging in and out.
//!
//! An unknown name, a wrong password, an inactive user and one who may not use the panel get the same words after
//! the same work: one count, one hash, one entry in the log.

use std::net::IpAddr;
use std::sync::Arc;

use actix_session::Session;
use actix_web::cookie::Cookie;
use jiff::Timestamp;

use super::device::Devices;
use super::key::Keys;
use super::password::{self, Hashing, HashingError};
use super::session::{self, Opening};
use super::throttle::{self, Throttled, Try};
use crate::actions::{ActionError, Actions, Actor, PasswordHash, RightPassword};
use crate::storage::{SessionId, StoreError};
use crate::tally::WordCounts;
use crate::user::{User, UserId};

/// A number that no user has, so that an unknown name costs the same queries.
const NO_USER: UserId = UserId(0);

/// The counted device of somebody who is signed in and repeats the password.
const SIGNED_IN: &str = "signed-in";

/// How often a log-in begins anew because another one has just upgraded the same hash.
const MOST_ROUNDS: u32 = 3;

/// Logs people in and out. Cheap to clone.
#[derive(Clone)]
pub struct Logins {
    actions: Actions,
    hashing: Hashing,
    devices: Devices,
    refusals: Arc<WordCounts>,
}

/// A try to log in.
#[derive(Clone, Default)]
pub struct Attempt {
    /// Name as typed.
    pub username: String,
    /// Password as typed.
    pub password: String,
    /// Client address; `None` over a Unix socket.
    pub address: Option<IpAddr>,
    /// The `User-Agent` header, for the list of sessions.
    pub user_agent: String,
    /// Value of the device cookie, when the browser has one.
    pub device: Option<String>,
    /// The session that the browser has now, which ends with a log-in.
    pub replaces: Option<SessionId>,
}

/// A log-in that was accepted. [`LoggedIn::open`] makes the session.
#[derive(Debug)]
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// To be set on the answer, so that the browser is known next time.
    pub device: Cookie<'static>,
    password_hash: String,
    address: Option<IpAddr>,
    user_agent: String,
}

/// A log-in that was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Anything wrong with name, password or rights: which, is not told.
    #[error("that user name and password do not match")]
    Refused,
    /// Too many tries.
    #[error("too many tries")]
    Throttled {
        /// Seconds until the next try may be made; at least one.
        wait_seconds: u64,
    },
    /// Too many log-ins at once, or the server is stopping.
    #[error(transparent)]
    Busy(#[from] HashingError),
    /// The database failed.
    #[error(transparent)]
    Action(#[from] ActionError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Action(error.into())
    }
}

impl LoginError {
    /// The words of [`LoginError::refusal`].
    pub(super) const REFUSALS: [&'static str; 3] = ["password", "throttled", "busy"];

    /// Why the log-in was refused, as a stable word; `None` when the database failed, which refuses nobody.
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Refused => Some("password"),
            Self::Throttled { .. } => Some("throttled"),
            Self::Busy(_) => Some("busy"),
            Self::Action(_) => None,
        }
    }

    fn of(throttled: Throttled, now: Timestamp) -> Self {
        match throttled {
            Throttled::Store(error) => error.into(),
            Throttled::Until { until } => {
                let left = until.duration_since(now);
                let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
                Self::Throttled { wait_seconds: u64::try_from(seconds).unwrap_or(0).max(1) }
            }
        }
    }
}

impl LoggedIn {
    /// Makes this request's session that of the user: under a new key, with nothing of what was in it before.
    pub fn open(&self, session: &Session) {
        let opening = Opening {
            user: self.user.id,
            password_hash: &self.password_hash,
            address: self.address.map(|address| address.to_string()),
            user_agent: &self.user_agent,
        };
        session::open(session, &opening);
    }
}

impl Logins {
    /// Log-ins by these actions. `hashing`, and `refusals`, where refused ones are counted, are shared by all workers.
    pub fn new(actions: Actions, hashing: Hashing, keys: &Keys, is_secure: bool, refusals: Arc<WordCounts>) -> Self {
        Self { actions, hashing, devices: Devices::new(keys, is_secure), refusals }
    }

    /// The bound on hashing, for setting passwords.
    pub fn hashing(&self) -> &Hashing {
        &self.hashing
    }

    /// Logs in: checks and counts.
    ///
    /// # Errors
    /// [`LoginError`]; what was typed is right for another try only after [`LoginError::Busy`] and
    /// [`LoginError::Action`].
    pub async fn log_in(&self, attempt: Attempt, now: Timestamp) -> Result<LoggedIn, LoginError> {
        self.admit_and_log_in(attempt, now).await.inspect_err(|error| self.count(error))
    }

    async fn admit_and_log_in(&self, attempt: Attempt, now: Timestamp) -> Result<LoggedIn, LoginError> {
        // Most of a flood is refused here, before it takes a turn from people with passwords.
        let (logins, asked) = (self.clone(), attempt.clone());
        let check = move || throttle::check(logins.actions.store(), logins.as_try(&asked), now);
        self.actions.store().apart(check).await.map_err(|throttled| LoginError::of(throttled, now))?;
        let logins = self.clone();
        self.hashing.run_apart(self.actions.store(), move || logins.log_in_blocking(attempt, now)).await
    }

    /// [`Logins::log_in`] on the calling thread, for tens of milliseconds.
    ///
    /// # Errors
    /// As [`Logins::log_in`].
    pub fn log_in_blocking(&self, attempt: Attempt, now: Timestamp) -> Result<LoggedIn, LoginError> {
        let store = self.actions.store();
        throttle::admit(store, self.as_try(&attempt), now).map_err(|throttled| LoginError::of(throttled, now))?;
        for _ in 0..MOST_ROUNDS {
            let (user, stored) = self.user_with_hash(&attempt.username)?;
            let Some(right) = right_password(&attempt, user.as_ref(), stored) else {
                self.actions.login_refuse(user.as_ref(), attempt.address)?;
                return Err(LoginError::Refused);
            };
            if let Some(user) = self.actions.login_accept(&right)?.value {
                throttle::admit_was_right(store, self.as_try(&attempt))?;
                return Ok(self.logged_in(user, right, attempt));
            }
        }
        Err(LoginError::Refused)
    }

    /// Checks the password of somebody who is signed in, before something that needs it once more. Counted by
    /// itself, so that a stolen session cannot be used to guess.
    ///
    /// # Errors
    /// As [`Logins::log_in`].
    pub async fn confirm(&self, username: &str, password: String, now: Timestamp) -> Result<(), LoginError> {
        let (logins, username) = (self.clone(), username.to_owned());
        let work = move || logins.confirm_blocking(&username, &password, now);
        self.hashing.run_apart(self.actions.store(), work).await.inspect_err(|error| self.count(error))
    }

    fn count(&self, error: &LoginError) {
        if let Some(reason) = error.refusal() {
            self.refusals.add(reason);
        }
    }

    fn confirm_blocking(&self, username: &str, password: &str, now: Timestamp) -> Result<(), LoginError> {
        let store = self.actions.store();
        let attempt = Try { username, device: Some(SIGNED_IN), address: None };
        throttle::admit(store, attempt, now).map_err(|throttled| LoginError::of(throttled, now))?;
        let (_, stored) = self.user_with_hash(username)?;
        match stored {
            Some(stored) if password::verify(password, &stored).ok => Ok(throttle::admit_was_right(store, attempt)?),
            _ => Err(LoginError::Refused),
        }
    }

    /// Logs out: ends the session on the server, with an entry in the log that makes the other servers forget it,
    /// and takes the cookie from the browser.
    ///
    /// # Errors
    /// When the database fails: the session then goes on.
    pub async fn log_out(&self, session: &Session, actor: &Actor) -> Result<(), LoginError> {
        if let Some(id) = session::id_of(session) {
            let (actions, actor) = (self.actions.clone(), actor.clone());
            self.actions.store().apart(move || actions.log_out(&actor, id)).await?;
        }
        session.purge();
        Ok(())
    }

    fn as_try<'a>(&self, attempt: &'a Attempt) -> Try<'a> {
        let device = self.devices.known(attempt.device.as_deref(), &attempt.username);
        Try { username: &attempt.username, device, address: attempt.address }
    }

    fn user_with_hash(&self, username: &str) -> Result<(Option<User>, Option<String>), StoreError> {
        self.actions.store().read(|reader| {
            let user = reader.user_by_name(username)?;
            let stored = reader.user_password_hash(user.as_ref().map_or(NO_USER, |user| user.id))?;
            Ok((user, stored))
        })
    }

    fn logged_in(&self, user: User, right: RightPassword, attempt: Attempt) -> LoggedIn {
        LoggedIn {
            device: self.devices.cookie(&user.username),
            password_hash: right.rehashed.map_or(right.checked, PasswordHash::into_phc),
            address: attempt.address,
            user_agent: attempt.user_agent,
            user,
        }
    }
}

/// Checks the password, whoever it is of, and says so only when the user may use the panel.
fn right_password(attempt: &Attempt, user: Option<&User>, stored: Option<String>) -> Option<RightPassword> {
    let (Some(user), Some(checked)) = (user, stored) else {
        password::verify_nobody(&attempt.password);
        return None;
    };
    let verified = password::verify(&attempt.password, &checked);
    if !verified.ok || !user.rights.panel() {
        return None;
    }
    let rehashed = verified.needs_rehash.then(|| password::rehash(&attempt.password));
    Some(RightPassword { user: user.id, checked, rehashed, address: attempt.address, replaces: attempt.replaces })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{PASSWORD, actions, at, is_on_disk, keys, store, superuser};
    use crate::storage::{ChangeFilter, NewSession, Store, UserChanges};
    use crate::user::Rights;
    use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};

    fn logins(store: &Store) -> Logins {
        Logins::new(actions(store), Hashing::new(2), &keys(), false, Arc::default())
    }

    fn attempt(username: &str, password: &str) -> Attempt {
        Attempt {
            username: username.to_owned(),
            password: password.to_owned(),
            address: Some("203.0.113.9".parse().unwrap()),
            ..Attempt::default()
        }
    }

    fn log(store: &Store) -> Vec<(String, String)> {
        let entries = store.read(|reader| reader.change_list(&ChangeFilter::default(), 100)).unwrap();
        entries.into_iter().rev().map(|entry| (entry.action, entry.subject)).collect()
    }

    fn give(store: &Store, user: UserId, rights: Rights) {
        let changes = UserChanges { rights: Some(rights), ..UserChanges::default() };
        store.write(|writer| writer.user_update(user, &changes)).unwrap();
    }

    #[test]
    fn a_right_password_is_noted() {
        let (_folder, store) = store();
        let ada = superuser(&store, "Ada");
        let logged_in = logins(&store).log_in_blocking(attempt(" ada", PASSWORD), at(0)).unwrap();
        assert_eq!(logged_in.user.id, ada);
        assert!(logged_in.user.last_login_at.is_some());
        assert_eq!(log(&store).last().unwrap(), &("login.accepted".to_owned(), "Ada".to_owned()));
    }

    #[test]
    fn whatever_is_wrong_gets_the_same_answer_and_the_same_entry() {
        let (_folder, store) = store();
        superuser(&store, "ada");
        let (member, inactive) = (superuser(&store, "member"), superuser(&store, "inactive"));
        give(&store, member, Rights { is_active: true, ..Rights::default() });
        give(&store, inactive, Rights { is_superuser: true, ..Rights::default() });
        let before = log(&store).len();
        let tries = [("ada", "wrong password"), ("member", PASSWORD), ("inactive", PASSWORD), ("nobody", PASSWORD)];
        for (username, password) in tries {
            let error = logins(&store).log_in_blocking(attempt(username, password), at(0)).unwrap_err();
            assert!(matches!(error, LoginError::Refused), "{username}");
            assert_eq!(error.to_string(), "that user name and password do not match");
        }
        let entries = log(&store).split_off(before);
        let subjects: Vec<&str> = entries.iter().map(|(_, subject)| subject.as_str()).collect();
        assert_eq!(subjects, ["ada", "member", "inactive", "an unknown name"]);
        assert!(entries.iter().all(|(action, _)| action == "login.refused"));
    }

    #[test]
    fn too_many_tries_are_refused_unseen_even_with_the_right_password() {
        let (_folder, store) = store();
        superuser(&store, "ada");
        let logins = logins(&store);
        for _ in 0..5 {
            logins.log_in_blocking(attempt("ada", "wrong password"), at(0)).unwrap_err();
        }
        let entries = log(&store).len();
        for _ in 0..3 {
            match logins.log_in_blocking(attempt("ada", PASSWORD), at(10)).unwrap_err() {
                LoginError::Throttled { wait_seconds } => assert_eq!(wait_seconds, 20),
                other => panic!("{other}"),
            }
        }
        assert_eq!(log(&store).len(), entries, "refused unseen, so nothing is written");
        logins.log_in_blocking(attempt("ada", PASSWORD), at(30)).unwrap();
        for _ in 0..5 {
            logins.log_in_blocking(attempt("ada", "wrong password"), at(31)).unwrap_err();
        }
    }

    #[test]
    fn a_browser_that_logged_in_before_cannot_be_locked_out_by_others() {
        let (_folder, store) = store();
        superuser(&store, "ada");
        let logins = logins(&store);
        let device = logins.log_in_blocking(attempt("ada", PASSWORD), at(0)).unwrap().device;
        for _ in 0..5 {
            logins.log_in_blocking(attempt("ada", "wrong password"), at(1)).unwrap_err();
        }
        assert!(logins.log_in_blocking(attempt("ada", PASSWORD), at(2)).is_err());
        let known = Attempt { device: Some(device.value().to_owned()), ..attempt("ada", PASSWORD) };
        logins.log_in_blocking(known, at(2)).unwrap();
    }

    #[test]
    fn the_operator_opens_a_locked_account() {
        let (_folder, store) = store();
        superuser(&store, "ada");
        let logins = logins(&store);
        for _ in 0..25 {
            let _ = logins.log_in_blocking(attempt("ada", "wrong password"), at(0));
        }
        assert!(logins.log_in_blocking(attempt("ada", PASSWORD), at(1)).is_err());
        let operator = Actor::operator("CLI, root@web1");
        assert!(actions(&store).user_unlock(&operator, "ADA").unwrap().value);
        assert!(!actions(&store).user_unlock(&operator, "ada").unwrap().value);
        logins.log_in_blocking(attempt("ada", PASSWORD), at(1)).unwrap();
        assert!(log(&store).contains(&("user.unlocked".to_owned(), "ada".to_owned())));
    }

    #[test]
    fn a_weak_hash_is_upgraded_at_log_in() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
        let weak = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
        let changes = UserChanges { password_hash: Some(weak.clone()), ..UserChanges::default() };
        store.write(|writer| writer.user_update(ada, &changes)).unwrap();
        let logged_in = logins(&store).log_in_blocking(attempt("ada", PASSWORD), at(0)).unwrap();
        let stored = store.read(|reader| reader.user_password_hash(ada)).unwrap().unwrap();
        assert!(stored != weak && stored.contains("m=19456,t=2,p=1"), "{stored}");
        assert_eq!(logged_in.password_hash, stored);
        logins(&store).log_in_blocking(attempt("ada", PASSWORD), at(1)).unwrap();
    }

    #[test]
    fn a_password_or_right_that_changes_meanwhile_wins() {
        let (_folder, store) = store();
        let ada = superuser(&store, "ada");
        let (user, stored) = logins(&store).user_with_hash("ada").unwrap();
        let right = right_password(&attempt("ada", PASSWORD), user.as_ref(), stored).unwrap();
        give(&store, ada, Rights { is_active: true, ..Rights::default() });
        assert!(actions(&store).login_accept(&right).unwrap().value.is_none());
        give(&store, ada, Rights { is_active: true, is_superuser: true, ..Rights::default() });
        assert!(actions(&store).login_accept(&right).unwrap().value.is_some());
        let changes = UserChanges { password_hash: Some("$other".to_owned()), ..UserChanges::default() };
        store.write(|writer| writer.user_update(ada, &changes)).unwrap();
        assert!(actions(&store).login_accept(&right).unwrap().value.is_none());
    }

    #[test]
    fn a_flood_of_guesses_does_not_fill_the_log() {
        let (_folder, store) = store();
        let actions = actions(&store);
        let before = log(&store).len();
        for _ in 0..80 {
            actions.login_refuse(None, None).unwrap();
        }
        assert_eq!(log(&store).len() - before, 60);
    }

    #[test]
    fn the_password_is_confirmed_with_a_count_of_its_own() {
        let (_folder, store) = store();
        superuser(&store, "ada");
        let logins = logins(&store);
        logins.confirm_blocking("ada", PASSWORD, at(0)).unwrap();
        for _ in 0..5 {
            assert!(matches!(logins.confirm_blocking("ada", "wrong", at(0)), Err(LoginError::Refused)));
        }
        assert!(matches!(logins.confirm_blocking("ada", PASSWORD, at(0)), Err(LoginError::Throttled { .. })));
        logins.log_in_blocking(attempt("ada", PASSWORD), at(0)).unwrap();
    }

    #[actix_web::test]
    async fn a_crowd_that_tries_at_once_is_counted_one_by_one() {
        let (_folder, store) = store();
        superuser(&store, "ada");
        let logins = logins(&store);
        let tries = (0..12).map(|_| logins.log_in(attempt("ada", "wrong password"), at(0)));
        let answers = futures_util::future::join_all(tries).await;
        let seen = answers.iter().filter(|answer| matches!(answer, Err(LoginError::Refused))).count();
        assert_eq!(seen, 5);
    }

    #[test]
    fn a_log_out_ends_one_s_own_session_and_says_so_in_the_log() {
        let (_folder, store) = store();
        let (ada, bo) = (superuser(&store, "ada"), superuser(&store, "bo"));
        let new = NewSession {
            key_hash: [7; 32],
            user_id: Some(ada),
            state: "{}".to_owned(),
            address: None,
            user_agent: String::new(),
            created_at: at(0),
            expires_at: at(100),
        };
        let id = store.write(|writer| writer.session_insert(&new)).unwrap();
        let actions = actions(&store);
        assert!(actions.log_out(&Actor::panel("bo", bo, None), id).is_err());
        for _ in 0..2 {
            actions.log_out(&Actor::panel("ada", ada, None), id).unwrap();
        }
        assert!(store.read(|reader| reader.session(id)).unwrap().is_none());
        assert_eq!(log(&store).iter().filter(|(action, _)| action == "login.ended").count(), 1);
    }

    #[test]
    fn what_was_typed_into_the_wrong_field_is_not_kept() {
        let (_folder, store) = store();
        superuser(&store, "somebody.known");
        let _ = logins(&store).log_in_blocking(attempt("MySecretPassword!", "ada"), at(0));
        assert!(is_on_disk(&store, "somebody.known"));
        assert!(!is_on_disk(&store, "MySecretPassword!"));
    }
}
