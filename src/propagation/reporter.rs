//! The thread that tells the database which revision this server enforces, so that a change can be confirmed.
//!
//! A thread of its own, because writing may have to wait for other writers, and following must not.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{Health, Source};
use crate::change::Revision;
use crate::flagfile::FlagFiles;
use crate::lasting;
use crate::server_info::ServerId;
use crate::storage::{Store, StoreError};

/// How often a server says that it is alive; a third of the time after which it counts as dead.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(5);

/// Reports for as long as somebody may still change the revision.
pub(super) struct Reporter {
    pub(super) store: Store,
    pub(super) name: String,
    pub(super) revision: watch::Receiver<Revision>,
    /// Files that have to be written before a revision counts as enforced.
    pub(super) files: Option<FlagFiles>,
    pub(super) health: Arc<ArcSwap<Health>>,
    /// A word after each change of the revision; hangs up when the server stops.
    pub(super) changed: Receiver<()>,
}

impl Reporter {
    pub(super) fn run(self) {
        let mut id = None;
        let mut is_failing = false;
        loop {
            let reported = match lasting::round(|| self.report(id)) {
                Ok(reported) => reported.map_err(|error| error.to_string()),
                Err(fault) => Err(fault.to_string()),
            };
            match reported {
                Ok(entered) => {
                    id = entered;
                    is_failing = false;
                }
                Err(error) => {
                    if !is_failing {
                        log::warn!("This server could not report what it enforces, and goes on trying: {error}");
                    }
                    is_failing = true;
                }
            }
            match self.changed.recv_timeout(HEARTBEAT_EVERY) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(id) = id {
            let store = self.store.clone();
            self.store.apart_blocking(move || store.write_beside(|writer| writer.server_delete(id))).ok();
        }
    }

    /// Says what is enforced, in bounded time; enters this server first when it is not entered, or was forgotten. Says
    /// nothing of a state that is not the database's.
    fn report(&self, id: Option<ServerId>) -> Result<Option<ServerId>, StoreError> {
        if self.health.load().source != Source::Database {
            return Ok(None);
        }
        let in_force = *self.revision.borrow();
        let revision = self.files.as_ref().map_or(in_force, |files| in_force.min(files.revision()));
        let (store, name) = (self.store.clone(), self.name.clone());
        self.store.apart_blocking(move || {
            store.write_beside(|writer| {
                if let Some(id) = id
                    && writer.server_seen(id, revision)?
                {
                    return Ok(Some(id));
                }
                if id.is_none() {
                    // What has this name is this server's former life: killed, it could not take itself out, and would
                    // be waited for as long as it counts as alive.
                    writer.server_delete_named(&name)?;
                }
                writer.server_insert(&name, env!("CARGO_PKG_VERSION"), revision).map(Some)
            })
        })
    }
}
