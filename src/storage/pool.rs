//! The connections that are kept open, each lent to one caller at a time.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::TransactionManager;

use super::attempt::{Attempt, Pulse};
use super::connection::{self, DbConnection, FileId};
use super::{DatabaseOptions, DatabaseUrl, StoreError};

/// A connection is closed at this age, so that servers that are added, or change their parts, come into use.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// A connection that nobody needed for this long is closed.
const MAX_IDLE: Duration = Duration::from_secs(10 * 60);

/// For how long a server that could not be reached, after a wait, is not asked again: whoever comes meanwhile is told
/// at once.
const REST: Duration = Duration::from_secs(1);

/// Opens connections as they are needed, up to the number in the options. Makes none before.
pub(super) struct Pool {
    pub(super) url: DatabaseUrl,
    pub(super) options: DatabaseOptions,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    /// Free connections, the last used last.
    idle: Vec<Connected>,
    /// What is lent or being opened. A connection that is lost is not among them: its place is free again.
    lent: HashMap<u64, Loan>,
    next: u64,
    /// Loans before this one are of a time before connections were lost; they are not taken back.
    since: u64,
    /// Until when nobody tries to connect, and why.
    rests: Option<(Instant, String)>,
}

struct Loan {
    pulse: Arc<Pulse>,
    attempt: Arc<Attempt>,
}

/// An open connection.
struct Connected {
    conn: DbConnection,
    pulse: Arc<Pulse>,
    file: FileId,
    opened: Instant,
    used: Instant,
}

/// Connections that were left without an answer.
struct Lost {
    /// How many of those that were lent.
    lent: usize,
    /// Those that lay idle meanwhile, which are probably lost as well.
    idle: Vec<Connected>,
}

impl Lost {
    /// Says so and closes them, for which nobody else should wait.
    fn close(self) {
        log::warn!("The database left {} connections without an answer; new ones are opened", self.lent);
        drop(self.idle);
    }
}

/// A place for a new connection, or one that lay idle.
enum Place {
    Free(Arc<Pulse>),
    Taken(Box<Connected>),
}

impl Pool {
    /// An empty pool; asks nobody.
    pub(super) fn new(url: DatabaseUrl, options: DatabaseOptions) -> Self {
        Self { url, options, state: Mutex::default(), returned: Condvar::new() }
    }

    /// Lends a connection on which `begin` has succeeded. One that lay idle while its server went away is replaced.
    ///
    /// # Errors
    /// When no connection is free in time or can be opened, or what `begin` says.
    pub(super) fn lend(
        self: &Arc<Self>,
        begin: impl Fn(&mut DbConnection) -> Result<(), StoreError>,
    ) -> Result<Lent, StoreError> {
        let deadline = Instant::now() + self.options.connect_timeout;
        loop {
            let (mut lent, is_new) = self.take(deadline)?;
            match begin(&mut lent) {
                Ok(()) => return Ok(lent),
                Err(StoreError::Unreachable { .. }) if !is_new => lent.discard(),
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens a connection that is never given back, such as one that migrates; it takes no place.
    pub(super) fn open_apart(&self, create: bool) -> Result<DbConnection, StoreError> {
        let pulse = Arc::new(Pulse::default());
        let attempt = Attempt::current();
        attempt.uses(Some(&pulse));
        connection::establish(&self.url, &self.options, &pulse, create)
    }

    /// Gives up everything that a lost connection was lent for; `None` when none is lost.
    pub(super) fn give_up_lost(&self) -> Option<StoreError> {
        let state = self.state();
        let lost = state.lent.values().filter(|loan| loan.pulse.is_lost(self.options.statement_timeout));
        // What is not known matters more than what failed.
        lost.map(|loan| loan.attempt.give_up()).max_by_key(|error| matches!(error, StoreError::Unconfirmed))
    }

    fn take(self: &Arc<Self>, deadline: Instant) -> Result<(Lent, bool), StoreError> {
        let attempt = Attempt::current();
        let (number, place) = self.place(deadline, &attempt)?;
        let mut lent = Lent { pool: Arc::clone(self), attempt, number, connected: None };
        match place {
            Place::Taken(connected) if connected.file == FileId::of(&self.url) => {
                lent.attempt.uses(Some(&connected.pulse));
                lent.connected = Some(*connected);
                Ok((lent, false))
            }
            // What would be written to a file that was moved away would be lost.
            Place::Taken(connected) => {
                drop(connected);
                drop(lent);
                self.take(deadline)
            }
            Place::Free(pulse) => {
                lent.attempt.uses(Some(&pulse));
                lent.connected = Some(self.open(pulse)?);
                Ok((lent, true))
            }
        }
    }

    fn place(&self, deadline: Instant, attempt: &Arc<Attempt>) -> Result<(u64, Place), StoreError> {
        let mut state = self.state();
        loop {
            if let Some(lost) = self.forget_lost(&mut state) {
                drop(state);
                lost.close();
                state = self.state();
            }
            let place = match state.idle.pop() {
                Some(connected) => Some(Place::Taken(Box::new(connected))),
                None if state.lent.len() < self.options.pool_size as usize => {
                    if let Some((until, reason)) = &state.rests
                        && Instant::now() < *until
                    {
                        return Err(StoreError::Unreachable { reason: reason.clone() });
                    }
                    Some(Place::Free(Arc::default()))
                }
                None => None,
            };
            if let Some(place) = place {
                let pulse = Arc::clone(match &place {
                    Place::Free(pulse) => pulse,
                    Place::Taken(connected) => &connected.pulse,
                });
                let number = state.next;
                state.next += 1;
                state.lent.insert(number, Loan { pulse, attempt: Arc::clone(attempt) });
                return Ok((number, place));
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                let size = self.options.pool_size;
                let reason = format!("all {size} connections are in use; DATABASE_POOL_SIZE gives more");
                return Err(StoreError::Unreachable { reason });
            };
            state = self.returned.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Frees the places of connections that are lost; `None` when none is.
    fn forget_lost(&self, state: &mut State) -> Option<Lost> {
        let before = state.lent.len();
        state.lent.retain(|_, loan| !loan.pulse.is_lost(self.options.statement_timeout));
        let lost = before - state.lent.len();
        (lost > 0).then(|| {
            state.since = state.next;
            Lost { lent: lost, idle: std::mem::take(&mut state.idle) }
        })
    }

    fn open(&self, pulse: Arc<Pulse>) -> Result<Connected, StoreError> {
        let (file, opened) = (FileId::of(&self.url), Instant::now());
        let conn = connection::establish(&self.url, &self.options, &pulse, false);
        self.state().rests = match &conn {
            Err(StoreError::Unreachable { reason }) if opened.elapsed() > REST => {
                Some((Instant::now() + REST, reason.clone()))
            }
            _ => None,
        };
        let now = Instant::now();
        Ok(Connected { conn: conn?, pulse, file, opened: now, used: now })
    }

    fn give_back(&self, number: u64, connected: Option<Connected>) {
        let mut state = self.state();
        // One that was lost has lost its place.
        let is_known = state.lent.remove(&number).is_some() && number >= state.since;
        let mut closed = Vec::new();
        if let Some(mut connected) = connected {
            connected.used = Instant::now();
            if is_known && is_sound(&mut connected) { state.idle.push(connected) } else { closed.push(connected) }
        }
        let is_old = |idle: &mut Connected| idle.opened.elapsed() > MAX_AGE || idle.used.elapsed() > MAX_IDLE;
        closed.extend(state.idle.extract_if(.., is_old));
        drop(state);
        self.returned.notify_one();
        // Closing says good-bye to the server, for which nobody else should wait.
        drop(closed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a connection can be used again: not in a transaction that did not end, and its server is not lost.
fn is_sound(connected: &mut Connected) -> bool {
    type Manager = <DbConnection as Connection>::TransactionManager;
    let is_in_transaction = Manager::transaction_manager_status_mut(&mut connected.conn).transaction_depth();
    matches!(is_in_transaction, Ok(None)) && !std::thread::panicking()
}

/// A connection on loan; dropping it gives it back.
pub(super) struct Lent {
    pool: Arc<Pool>,
    attempt: Arc<Attempt>,
    number: u64,
    connected: Option<Connected>,
}

impl Lent {
    /// The work that the connection is lent for.
    pub(super) fn attempt(&self) -> Arc<Attempt> {
        Arc::clone(&self.attempt)
    }

    /// Closes the connection instead of giving it back.
    fn discard(mut self) {
        self.connected = None;
    }
}

impl Deref for Lent {
    type Target = DbConnection;

    fn deref(&self) -> &DbConnection {
        &self.connected.as_ref().expect("it is there until it is given back").conn
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut DbConnection {
        &mut self.connected.as_mut().expect("it is there until it is given back").conn
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.attempt.uses(None);
        self.pool.give_back(self.number, self.connected.take());
    }
}
