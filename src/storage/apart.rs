//! Work on threads of its own, for callers who must answer in time.

use std::sync::{Arc, LazyLock, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::attempt::Attempt;
use super::{Store, StoreError};

/// How often a caller looks whether the database has stopped answering.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The threads of the work. Never shut down, because that would wait for threads that nothing can call back; they end
/// with the process.
static THREADS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().thread_name("database").build().expect("it starts no thread yet"));

impl Store {
    /// Runs work that uses the database apart from the caller, and waits for it: not longer than until a statement has
    /// taken the statement time-out and two seconds. Work that is given up so never commits.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::Unreachable`] when it was given up and has changed nothing,
    /// [`StoreError::Unconfirmed`] when that is not known.
    pub async fn apart<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let attempt = Arc::new(Attempt::default());
        let (answer, mut answered) = oneshot::channel();
        start(&attempt, move |done| drop(answer.send(done)), work);
        loop {
            match tokio::time::timeout(LOOK_EVERY, &mut answered).await {
                Ok(Ok(done)) => return done,
                Ok(Err(_)) => return Err(panicked().into()),
                Err(_) if attempt.is_lost(self.options().statement_timeout) => {
                    return Err(self.give_up(&attempt).into());
                }
                Err(_) => {}
            }
        }
    }

    /// The same for a caller that may block.
    ///
    /// # Errors
    /// As [`Store::apart`].
    pub fn apart_blocking<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let attempt = Arc::new(Attempt::default());
        let (answer, answered) = mpsc::sync_channel(1);
        start(&attempt, move |done| drop(answer.send(done)), work);
        loop {
            match answered.recv_timeout(LOOK_EVERY) {
                Ok(done) => return done,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(panicked().into()),
                Err(mpsc::RecvTimeoutError::Timeout) if attempt.is_lost(self.options().statement_timeout) => {
                    return Err(self.give_up(&attempt).into());
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn give_up(&self, attempt: &Attempt) -> StoreError {
        let error = attempt.give_up();
        self.count(&error);
        error
    }
}

fn start<T: Send + 'static>(
    attempt: &Arc<Attempt>,
    answer: impl FnOnce(T) + Send + 'static,
    work: impl FnOnce() -> T + Send + 'static,
) {
    let attempt = Arc::clone(attempt);
    THREADS.spawn_blocking(move || answer(attempt.carry_out(work)));
}

/// The panic itself is in the log.
fn panicked() -> StoreError {
    StoreError::Unreachable { reason: "the work ended without an answer".to_owned() }
}
