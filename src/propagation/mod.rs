//! How a change reaches a running process: a wake-up makes it quick, a steady look makes it certain.
//!
//! One thread follows the change log (`follower`). It looks whether anybody has written, reads everything after the
//! revision it knows, loads only the sites that were touched, and swaps the snapshot. When the database does not
//! answer, the last snapshot stays in force and the thread tries again. A server that starts meanwhile begins with its
//! mirror (`beginning`, `mirror`).

mod beginning;
mod clock;
mod confirmed;
mod contact;
mod failure;
mod follower;
mod health;
mod latency;
mod mirror;
mod news;
mod phases;
mod reporter;
mod templates;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::change::Revision;
use crate::flagfile::FlagFiles;
use crate::snapshot::Snapshot;

pub(crate) use beginning::Beginning;
#[cfg(feature = "cli")]
pub(crate) use clock::ClockWatch;
pub(crate) use confirmed::Confirmed;
pub(crate) use contact::{Contact, ContactError};
pub(crate) use follower::{Follower, Following};
pub use health::{Failing, Health, Source};
pub(crate) use latency::Latency;
pub use phases::PhaseWatch;
pub(crate) use phases::Phases;
pub(crate) use templates::TemplateFolder;

/// The state in force: what the gate reads, and a way to wait for a revision.
#[derive(Clone)]
pub struct Enforced {
    snapshot: Arc<ArcSwap<Snapshot>>,
    revision: watch::Receiver<Revision>,
    health: Arc<ArcSwap<Health>>,
    confirmed: Arc<Confirmed>,
    latency: Arc<Latency>,
    files: Option<FlagFiles>,
    wake: SyncSender<()>,
}

impl Enforced {
    /// The snapshot behind its atomic pointer, for a reader with a cache of its own.
    pub fn pointer(&self) -> &Arc<ArcSwap<Snapshot>> {
        &self.snapshot
    }

    /// The snapshot in force.
    pub fn load(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// How the follower fares with the database.
    pub fn health(&self) -> Arc<Health> {
        self.health.load_full()
    }

    /// The same behind its atomic pointer, for a reader that must not keep the follower alive.
    pub(crate) fn health_pointer(&self) -> &Arc<ArcSwap<Health>> {
        &self.health
    }

    /// When the database last confirmed that the snapshot in force is the newest: within the last second or so while
    /// it answers; `None` when it never has since the start.
    pub fn confirmed_at(&self) -> Option<Timestamp> {
        self.confirmed.at()
    }

    /// How the files for web servers fare, when they are kept.
    pub fn files(&self) -> Option<&FlagFiles> {
        self.files.as_ref()
    }

    /// Calls `observer` with the time from each change that is met live to the moment when this server enforces it.
    /// Changes that are caught up with after an outage, or read at the start, are not counted. The first observer
    /// stays; it is called on the follower's thread and must not wait.
    pub fn on_enforced(&self, observer: impl Fn(Duration) + Send + Sync + 'static) {
        self.latency.observe(Box::new(observer));
    }

    /// The phases of sites, for connections that stay open.
    pub(crate) fn phases(&self) -> Arc<Phases> {
        Phases::new(Arc::clone(&self.snapshot), self.revision.clone())
    }

    /// Tells the follower that this process has written something.
    pub fn wake(&self) {
        match self.wake.try_send(()) {
            // A full channel means that a wake-up is already waiting.
            Ok(()) | Err(TrySendError::Full(())) => {}
            Err(TrySendError::Disconnected(())) => log::error!("The thread that follows changes has ended."),
        }
    }

    /// Waits until this process enforces `revision`; `false` when that took longer than `limit`.
    pub async fn wait_for(&self, revision: Revision, limit: Duration) -> bool {
        let mut seen = self.revision.clone();
        tokio::time::timeout(limit, seen.wait_for(|enforced| *enforced >= revision))
            .await
            .is_ok_and(|seen| seen.is_ok())
    }
}
