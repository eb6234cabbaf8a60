//! A piece of work that waits for the database, and that can be given up.
//!
//! A server that vanishes without a word, or a proxy that swallows everything, leaves libpq waiting for ever, and
//! nothing can call it back. So nobody who must answer in time waits in that thread: the work is done apart, and given
//! up when one of its statements has taken longer than the server would let it. What was given up never commits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// How much longer than its server lets it a statement may take before its connection counts as lost.
const GRACE: Duration = Duration::from_secs(2);

/// Since when a connection has been waiting for its server; `None` when it is not.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    /// Notes that the server is asked now.
    #[cfg(any(test, feature = "postgres"))]
    pub(super) fn ask(&self) {
        *lock(&self.0) = Some(Instant::now());
    }

    /// Notes that the server has answered.
    #[cfg(any(test, feature = "postgres"))]
    pub(super) fn answered(&self) {
        *lock(&self.0) = None;
    }

    /// Whether the server owes an answer for longer than a statement may take.
    pub(super) fn is_lost(&self, statement_timeout: Duration) -> bool {
        lock(&self.0).is_some_and(|since| since.elapsed() > statement_timeout + GRACE)
    }
}

/// How far a piece of work has come.
#[derive(Debug, Default)]
pub(super) struct Attempt(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    /// The connection that the work is using.
    pulse: Option<Arc<Pulse>>,
    /// Whether a commit is under way.
    is_committing: bool,
    /// Whether a part of the work was committed.
    has_committed: bool,
    /// Whether nobody waits for the work any more.
    is_given_up: bool,
}

thread_local! {
    /// The work that this thread does for somebody who waits elsewhere.
    static CURRENT: std::cell::RefCell<Option<Arc<Attempt>>> = const { std::cell::RefCell::new(None) };
}

impl Attempt {
    /// The work that this thread is doing; a new one when nobody waits elsewhere.
    pub(super) fn current() -> Arc<Self> {
        CURRENT.with_borrow(|current| current.clone()).unwrap_or_default()
    }

    /// Does the work on this thread, as this attempt.
    pub(super) fn carry_out<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<Attempt>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(Arc::clone(self))));
        work()
    }

    /// Notes which connection the work uses from now on.
    pub(super) fn uses(&self, pulse: Option<&Arc<Pulse>>) {
        lock(&self.0).pulse = pulse.cloned();
    }

    /// To be asked before a commit.
    ///
    /// # Errors
    /// When the work was given up.
    pub(super) fn begin_commit(&self) -> Result<(), StoreError> {
        let mut progress = lock(&self.0);
        if progress.is_given_up {
            return Err(given_up());
        }
        progress.is_committing = true;
        Ok(())
    }

    /// To be told after a commit.
    pub(super) fn end_commit(&self, is_done: bool) {
        let mut progress = lock(&self.0);
        progress.is_committing = false;
        progress.has_committed |= is_done;
    }

    /// Whether the database owes it an answer for longer than a statement may take.
    pub(super) fn is_lost(&self, statement_timeout: Duration) -> bool {
        let pulse = lock(&self.0).pulse.clone();
        pulse.is_some_and(|pulse| pulse.is_lost(statement_timeout))
    }

    /// Gives the work up: what is not committed yet never will be. Returns what is known of it.
    pub(super) fn give_up(&self) -> StoreError {
        let mut progress = lock(&self.0);
        progress.is_given_up = true;
        if progress.is_committing || progress.has_committed { StoreError::Unconfirmed } else { given_up() }
    }
}

fn given_up() -> StoreError {
    StoreError::Unreachable { reason: "it took the question and gave no answer".to_owned() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these is held, and each holds a whole value at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_before_it_committed_never_commits_and_changed_nothing() {
        let attempt = Attempt::default();
        assert!(matches!(attempt.give_up(), StoreError::Unreachable { .. }));
        assert!(matches!(attempt.begin_commit(), Err(StoreError::Unreachable { .. })));
    }

    #[test]
    fn what_was_given_up_while_or_after_it_committed_is_not_known() {
        let attempt = Attempt::default();
        attempt.begin_commit().unwrap();
        assert!(matches!(attempt.give_up(), StoreError::Unconfirmed));
        let attempt = Attempt::default();
        attempt.begin_commit().unwrap();
        attempt.end_commit(true);
        assert!(matches!(attempt.give_up(), StoreError::Unconfirmed));
        let attempt = Attempt::default();
        attempt.begin_commit().unwrap();
        attempt.end_commit(false);
        assert!(matches!(attempt.give_up(), StoreError::Unreachable { .. }));
    }

    #[test]
    fn a_connection_is_lost_when_its_server_owes_an_answer_for_too_long() {
        let pulse = Pulse(Mutex::new(Instant::now().checked_sub(GRACE + Duration::from_secs(2))));
        assert!(pulse.is_lost(Duration::from_secs(1)));
        assert!(!pulse.is_lost(Duration::from_secs(60)));
        pulse.answered();
        assert!(!pulse.is_lost(Duration::ZERO));
        pulse.ask();
        assert!(!pulse.is_lost(Duration::ZERO), "not before the grace is over");
    }
}
