//! Tells connections that stay open what their site is doing: a WebSocket or a stream of events outlives the request
//! that the gate let through, and would go on through a whole maintenance.
//!
//! One thread follows the snapshot and the clock for all of them. It sleeps until the next moment at which a site that
//! somebody watches changes by itself, or a change arrives, and tells only those whose phase is another one then.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::change::Revision;
use crate::clock;
use crate::lasting;
use crate::maintenance::Phase;
use crate::snapshot::Snapshot;

/// Longest sleep while a change by the clock is ahead, so that a clock that is set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// When telling that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a site is doing, as long as somebody wants to know. Cloning is cheap.
///
/// It follows changes as the gate does, and the clock: a window begins at its second, a drain ends at its deadline.
#[derive(Debug, Clone)]
pub struct PhaseWatch {
    phase: watch::Receiver<Phase>,
    is_let_through: bool,
}

impl PhaseWatch {
    /// What the site is doing now.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until the phase is another one than it was last time, and returns it. What changed and changed back in
    /// the meantime is not told. Safe to be given up and called again, as in `select!`.
    pub async fn changed(&mut self) -> Phase {
        self.next().await;
        *self.phase.borrow_and_update()
    }

    /// Waits until the site is in maintenance, for full or for writing only; returns at once when it is already. Safe
    /// to be given up and called again, as in `select!`.
    ///
    /// Whoever was let through when the site was in maintenance already, as staff are, is not sent away by that: a watch
    /// from `Maintenance::phases` then waits until the site has opened and is in maintenance again.
    pub async fn in_maintenance(&mut self) {
        loop {
            match *self.phase.borrow_and_update() {
                Phase::Maintenance if !self.is_let_through => return,
                Phase::Maintenance => {}
                Phase::Open | Phase::Draining => self.is_let_through = false,
            }
            self.next().await;
        }
    }

    async fn next(&mut self) {
        if self.phase.changed().await.is_err() {
            // Nobody decides any more, so nothing changes.
            pending::<()>().await;
        }
    }

    /// For a request that the gate has let through: on a site in maintenance, or on one that may have come into it since.
    pub(crate) fn of_request(self, is_let_through: bool) -> Self {
        Self { is_let_through, ..self }
    }
}

/// The phases that somebody watches.
pub(crate) struct Phases {
    snapshot: Arc<ArcSwap<Snapshot>>,
    revision: watch::Receiver<Revision>,
    watched: Mutex<Watched>,
    /// Somebody watches another host.
    more: Arc<Notify>,
}

#[derive(Default)]
struct Watched {
    /// By host, as the gate reads it: which site that is may change, too. Empty for one that is malformed.
    hosts: HashMap<String, watch::Sender<Phase>>,
    has_thread: bool,
}

impl Phases {
    pub(crate) fn new(snapshot: Arc<ArcSwap<Snapshot>>, revision: watch::Receiver<Revision>) -> Arc<Self> {
        Arc::new(Self { snapshot, revision, watched: Mutex::default(), more: Arc::default() })
    }

    /// Watches the site of a host: lower case, no port. The first watch starts the thread.
    pub(crate) fn watch(self: &Arc<Self>, host: &str) -> PhaseWatch {
        let mut watched = self.lock();
        let (phase, _) = standing(&self.snapshot.load(), host, clock::now());
        let told = watched.hosts.entry(host.to_owned()).or_insert_with(|| watch::channel(phase).0);
        tell(told, phase);
        let phase = told.subscribe();
        if !std::mem::replace(&mut watched.has_thread, true) {
            self.start();
        }
        self.more.notify_one();
        PhaseWatch { phase, is_let_through: false }
    }

    fn start(self: &Arc<Self>) {
        let (phases, revision, more) = (Arc::downgrade(self), self.revision.clone(), Arc::clone(&self.more));
        let work = move || match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime.block_on(follow(phases, revision, more)),
            Err(error) => log::error!("Open connections are not told of maintenance: {error}"),
        };
        if let Err(error) = std::thread::Builder::new().name("phases".to_owned()).spawn(work) {
            log::error!("Open connections are not told of maintenance: no thread could be started: {error}");
        }
    }

    /// Tells everybody whose phase has changed, and forgets hosts that nobody watches any more. Returns when the next
    /// phase may change by itself.
    fn tell_all(&self, now: Timestamp) -> Timestamp {
        // Whoever tells last has read last.
        let mut watched = self.lock();
        let snapshot = self.snapshot.load();
        watched.hosts.retain(|_, told| told.receiver_count() > 0);
        let next = watched.hosts.iter().map(|(host, told)| {
            let (phase, next) = standing(&snapshot, host, now);
            tell(told, phase);
            next
        });
        next.min().unwrap_or(Timestamp::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(told: &watch::Sender<Phase>, phase: Phase) {
    told.send_if_modified(|known| std::mem::replace(known, phase) != phase);
}

/// What the site of a host is doing, and when that may change by itself. No site is never closed.
fn standing(snapshot: &Snapshot, host: &str, now: Timestamp) -> (Phase, Timestamp) {
    let Some(site) = snapshot.site_for(host) else { return (Phase::Open, Timestamp::MAX) };
    let phase = site.closed_at(now).map_or(Phase::Open, |closed| closed.phase());
    (phase, site.closed().map_or(Timestamp::MAX, |planned| planned.next_change(now)))
}

/// Follows the snapshot and the clock for as long as somebody holds the phases and states arrive.
async fn follow(phases: Weak<Phases>, mut revision: watch::Receiver<Revision>, more: Arc<Notify>) {
    loop {
        // Seen before it is read, so that no change falls in between.
        revision.borrow_and_update();
        let Some(held) = phases.upgrade() else { return };
        let next = lasting::round(|| held.tell_all(clock::now())).unwrap_or_else(|fault| {
            log::error!("Open connections could not be told of maintenance, which is tried again: {fault}");
            clock::now() + RETRY_AFTER
        });
        drop(held);
        tokio::select! {
            changed = revision.changed() => if changed.is_err() { return },
            () = more.notified() => {}
            () = until(next) => {}
        }
    }
}

/// Waits until the clock that counts says so.
async fn until(at: Timestamp) {
    if at == Timestamp::MAX {
        pending::<()>().await;
    }
    loop {
        let left = at.duration_since(clock::now());
        match Duration::try_from(left) {
            Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_SLEEP)).await,
            _ => return,
        }
    }
}
