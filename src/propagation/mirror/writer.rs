//! The thread that writes a mirror, and what waits for it.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::MirrorError;
use super::file::MirrorFile;
use super::update::Update;
use crate::clock;
use crate::lasting;
use crate::propagation::Confirmed;

/// How often the file is told that it still agrees with the database.
const AGREE_EVERY: Duration = Duration::from_secs(5);

/// Pause after a failure.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// How often a failure that lasts is written to the log again.
const REMIND_EVERY: Duration = Duration::from_secs(3600);

/// What waits to be written. The writer ends when it has been dropped and everything is written.
pub(super) struct Queue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Update,
    is_closed: bool,
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.bell.notify_all();
    }
}

impl Queue {
    /// Starts the thread; without one, what is put in stays there.
    pub(super) fn start(path: PathBuf, database: String, confirmed: Arc<Confirmed>) -> Self {
        let shared = Arc::new(Shared::default());
        let writer =
            Writer { path, database, confirmed, shared: Arc::clone(&shared), file: None, said: None, agreed: None };
        if let Err(error) = std::thread::Builder::new().name("mirror".to_owned()).spawn(move || writer.run()) {
            log::warn!("No mirror is kept: no thread could be started: {error}");
        }
        Self(shared)
    }

    /// Adds what shall be written.
    pub(super) fn put(&self, update: Update) {
        self.0.state().waiting.then(update);
        self.0.bell.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at most `limit`, for something to write only when `is_eager`, and for the end always.
    fn wait(&self, limit: Duration, is_eager: bool) {
        let is_quiet = |state: &mut State| !state.is_closed && (!is_eager || state.waiting.is_empty());
        drop(self.bell.wait_timeout_while(self.state(), limit, is_quiet));
    }
}

struct Writer {
    path: PathBuf,
    database: String,
    confirmed: Arc<Confirmed>,
    shared: Arc<Shared>,
    file: Option<MirrorFile>,
    /// When the failure that lasts was last said.
    said: Option<Instant>,
    /// What the file was last told, and when.
    agreed: Option<(Timestamp, Instant)>,
}

impl Writer {
    fn run(mut self) {
        loop {
            // Read first: what the database had said by then is in what is taken next.
            let confirmed_at = self.confirmed.at();
            let (update, is_closed) = {
                let mut state = self.shared.state();
                (std::mem::take(&mut state.waiting), state.is_closed)
            };
            let written = lasting::round(|| self.write(&update, confirmed_at)).unwrap_or_else(|fault| {
                // Begins anew with what is on the disk.
                self.file = None;
                Err(MirrorError::Fault { path: self.path.clone(), fault })
            });
            if let Err(error) = &written {
                self.say(error);
                // What came meanwhile lies above it.
                let mut state = self.shared.state();
                let later = std::mem::replace(&mut state.waiting, update);
                state.waiting.then(later);
            }
            match written {
                _ if is_closed => return,
                Ok(()) => {
                    self.said = None;
                    self.shared.wait(AGREE_EVERY, true);
                }
                Err(_) => self.shared.wait(RETRY_EVERY, false),
            }
        }
    }

    fn write(&mut self, update: &Update, confirmed_at: Option<Timestamp>) -> Result<(), MirrorError> {
        if self.file.is_none() && update.is_empty() {
            return Ok(());
        }
        let failed = |error| MirrorError::io(&self.path, error);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(MirrorFile::open(&self.path, &self.database)?),
        };
        if !update.is_empty() {
            file.write(update, clock::now()).map_err(failed)?;
        }
        let is_due = |(at, told): (Timestamp, Instant)| Some(at) != confirmed_at && told.elapsed() >= AGREE_EVERY;
        if let Some(at) = confirmed_at
            && (!update.is_empty() || self.agreed.is_none_or(is_due))
        {
            file.agreed(at).map_err(failed)?;
            self.agreed = Some((at, Instant::now()));
        }
        Ok(())
    }

    /// Says a failure once, and again when it lasts.
    fn say(&mut self, error: &MirrorError) {
        if self.said.is_some_and(|said| said.elapsed() < REMIND_EVERY) {
            return;
        }
        self.said = Some(Instant::now());
        // Two agents of one folder are meant to be so, and each can start from what the other has written.
        if let MirrorError::Locked { path } = error {
            log::info!(
                "Another process keeps the mirror `{}`; this one goes on with it when that ends.",
                path.display()
            );
            return;
        }
        log::warn!(
            "No mirror is kept, so this server could not start while the database is away; tried again until it \
             works: {error}"
        );
    }
}
