//! Password hashes: Argon2id with the parameters of OWASP's cheat sheet, off the async threads, a few at a time.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::error::BlockingError;
use actix_web::web;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::strength::{MAX_PASSWORD_CHARS, NewPassword, normalised};
use crate::actions::PasswordHash;
use crate::storage::{Store, StoreError};

/// Memory in KiB. 19 MiB with two passes and one lane is OWASP's first recommendation for Argon2id.
const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;

/// Most hashes computed at once, whatever the number of processors: each takes 19 MiB.
const MOST_AT_ONCE: usize = 4;

/// Most callers that wait for their turn.
const MOST_WAITING: usize = 64;

/// What came of checking a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Whether the password is the right one.
    pub ok: bool,
    /// Whether the stored hash has weaker parameters than today's.
    pub needs_rehash: bool,
}

/// Hashes a new password. Takes tens of milliseconds: on a server, call it through [`Hashing`].
pub fn hash(password: &NewPassword) -> PasswordHash {
    PasswordHash::new(hash_text(password.expose()))
}

/// Hashes a password again that was just found right, with today's parameters.
pub(super) fn rehash(password: &str) -> PasswordHash {
    PasswordHash::new(hash_text(&normalised(password)))
}

/// Checks a password against a stored hash (PHC string). A hash that cannot be read matches nothing, and takes as
/// long.
pub fn verify(password: &str, stored: &str) -> Verified {
    match phc::PasswordHash::new(stored) {
        Ok(stored) => Verified { ok: is_match(password, &stored), needs_rehash: is_weaker(&stored) },
        Err(error) => {
            log::error!("A stored password hash cannot be read: {error}");
            verify_nobody(password);
            Verified { ok: false, needs_rehash: false }
        }
    }
}

/// Spends the time of a check, for a name that no user has.
pub fn verify_nobody(password: &str) {
    static NOBODY: LazyLock<phc::PasswordHash> = LazyLock::new(nobody);
    is_match(password, &NOBODY);
}

/// The hash of no password, of today's parameters: salt and hash are zeros. It costs nothing to make, so that the first
/// name that no user has takes as long as the others.
fn nobody() -> phc::PasswordHash {
    let (salt, hash) = ("A".repeat((SALT_BYTES * 4).div_ceil(3)), "A".repeat((HASH_BYTES * 4).div_ceil(3)));
    let text = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}");
    phc::PasswordHash::new(&text).expect("it has the form of a hash")
}

fn is_match(password: &str, stored: &phc::PasswordHash) -> bool {
    // No password is longer, so nothing is lost, and a huge one costs no more than a right one.
    let is_too_long = password.len() > 4 * MAX_PASSWORD_CHARS;
    let typed = if is_too_long { String::new() } else { normalised(password) };
    argon2().verify_password(typed.as_bytes(), stored).is_ok() && !is_too_long
}

fn is_weaker(stored: &phc::PasswordHash) -> bool {
    let Ok(params) = Params::try_from(stored) else { return true };
    stored.algorithm != Algorithm::Argon2id.ident()
        || stored.version != Some(Version::V0x13.into())
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || params.output_len().is_some_and(|bytes| bytes < HASH_BYTES)
}

fn hash_text(password: &str) -> String {
    let hash = argon2().hash_password(password.as_bytes());
    hash.expect("the parameters are valid and the system gives random bytes").to_string()
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Runs what hashes passwords on blocking threads, a few at a time. Clones share the limit.
#[derive(Clone)]
pub struct Hashing {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// Hashing that did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// Too many wait already.
    #[error("too many log-ins at once")]
    Busy,
    /// The work ended early, because the server is stopping or the work panicked.
    #[error("the work on a blocking thread ended early")]
    Ended(#[from] BlockingError),
}

impl Default for Hashing {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(processors.min(MOST_AT_ONCE))
    }
}

impl Hashing {
    /// At most `at_once` at a time; at least one.
    pub fn new(at_once: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(at_once.max(1))), waiting: Arc::default() }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`HashingError`], when it is to be tried later.
    pub async fn hash(&self, password: NewPassword) -> Result<PasswordHash, HashingError> {
        self.run(move || hash(&password)).await
    }

    /// Runs work that hashes once or twice and asks the database, as [`Store::apart`] does. It goes on when the caller
    /// goes away, and counts until it is done or given up.
    ///
    /// # Errors
    /// [`HashingError::Busy`], when it is to be tried later; what the work returns.
    pub async fn run_apart<T, E>(
        &self,
        store: &Store,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<HashingError> + From<StoreError> + Send + 'static,
    {
        let (permit, store) = (self.permit().await?, store.clone());
        let work = actix_web::rt::spawn(async move {
            let done = store.apart(work).await;
            drop(permit);
            done
        });
        work.await.unwrap_or_else(|ended| Err(StoreError::Unreachable { reason: ended.to_string() }.into()))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, HashingError> {
        let _place = Place::take(&self.waiting).ok_or(HashingError::Busy)?;
        Ok(Arc::clone(&self.permits).acquire_owned().await.expect("nobody closes the semaphore"))
    }

    /// Runs work that hashes once or twice. It goes on when the caller goes away, and counts until it is done.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashingError> {
        let permit = self.permit().await?;
        let work = move || {
            let done = work();
            drop(permit);
            done
        };
        Ok(web::block(work).await?)
    }
}

/// A place among those who wait; given back on drop.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        let before = waiting.fetch_add(1, Ordering::AcqRel);
        (before < MOST_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::strength;
    use futures_util::future::join_all;

    fn new_password(text: &str) -> NewPassword {
        strength::check(text, &strength::About::default()).unwrap()
    }

    #[test]
    fn only_the_right_password_matches() {
        let stored = hash(&new_password("clear water runs")).into_phc();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify("clear water runs", &stored), Verified { ok: true, needs_rehash: false });
        for wrong in ["clear water run", "Clear water runs", "", &"clear water runs".repeat(400)] {
            assert!(!verify(wrong, &stored).ok, "{wrong}");
        }
        assert!(!verify("clear water runs", "not a hash").ok);
    }

    #[test]
    fn the_hash_of_nobody_costs_what_one_of_somebody_does() {
        let stored = hash(&new_password("clear water runs")).into_phc();
        let somebody = phc::PasswordHash::new(&stored).unwrap();
        let nobody = nobody();
        assert_eq!((nobody.algorithm, nobody.version), (somebody.algorithm, somebody.version));
        assert_eq!(nobody.params, somebody.params);
        assert_eq!(nobody.to_string().len(), stored.len(), "salt and hash are as long");
        assert!(!is_weaker(&nobody) && !is_match("clear water runs", &nobody));
    }

    #[test]
    fn spellings_of_one_text_are_one_password() {
        let stored = hash(&new_password("caf\u{e9} by the sea")).into_phc();
        assert!(verify("cafe\u{301} by the sea", &stored).ok);
        assert!(verify("ｃａｆé by the sea", &stored).ok);
    }

    #[test]
    fn weaker_parameters_ask_for_a_new_hash() {
        let weaker = [
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 2, 1, None).unwrap()),
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, 1, 1, None).unwrap()),
            Argon2::new(Algorithm::Argon2i, Version::V0x13, Params::new(MEMORY_KIB, 2, 1, None).unwrap()),
            Argon2::new(Algorithm::Argon2id, Version::V0x10, Params::new(MEMORY_KIB, 2, 1, None).unwrap()),
        ];
        for argon2 in weaker {
            let stored = argon2.hash_password(b"clear water runs").unwrap().to_string();
            assert_eq!(verify("clear water runs", &stored), Verified { ok: true, needs_rehash: true }, "{stored}");
        }
        let stronger = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(20_000, 3, 1, None).unwrap());
        let stored = stronger.hash_password(b"clear water runs").unwrap().to_string();
        assert_eq!(verify("clear water runs", &stored), Verified { ok: true, needs_rehash: false });
    }

    #[actix_web::test]
    async fn few_run_at_once_and_a_crowd_is_sent_away() {
        let hashing = Hashing::new(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = |_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            hashing.run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let done = join_all((0..100).map(work)).await;
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert!(done.iter().any(|one| matches!(one, Err(HashingError::Busy))));
        assert!(done.iter().filter(|one| one.is_ok()).count() >= MOST_WAITING);
        assert_eq!(hashing.waiting.load(Ordering::SeqCst), 0);
        assert_eq!(hashing.run(|| 7).await.unwrap(), 7);
    }
}
