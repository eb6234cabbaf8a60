//! How a change reaches a running process: a wake-up makes it quick, a steady look makes it certain.
//!
//! One thread follows the change log. It looks whether anybody has written, reads everything after the
//! revision it knows, loads only the sites that were touched, and swaps the snapshot. When the database does
//! not answer, the last snapshot stays in force and the thread tries again.

mod follower;
mod reporter;
mod templates;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::change::Revision;
use crate::snapshot::Snapshot;

pub(crate) use follower::Follower;
pub(crate) use templates::TemplateFolder;

/// The state in force: what the gate reads, and a way to wait for a revision.
#[derive(Clone)]
pub struct Enforced {
    snapshot: Arc<ArcSwap<Snapshot>>,
    revision: watch::Receiver<Revision>,
    health: Arc<ArcSwap<Health>>,
    wake: SyncSender<()>,
}

/// How the follower fares with the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Why the database does not answer, and since when; `None` while all is well.
    pub failing: Option<(String, jiff::Timestamp)>,
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
