//! One reader for each drain that is watched, however many watch it: it looks once a second, and stops when nobody does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{Notify, watch};

use super::look::Look;
use crate::clock;
use crate::site::SiteId;
use crate::storage::Store;

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the reader has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// The last look; `None` before the first.
    pub(super) look: Option<Arc<Look>>,
    /// Whether the database has not answered since.
    pub(super) is_stale: bool,
}

/// The drains that are watched in this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Watches(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sites: Mutex<HashMap<SiteId, Watch>>,
    is_stopping: AtomicBool,
}

/// A drain that is watched.
#[derive(Debug)]
struct Watch {
    found: watch::Receiver<Found>,
    /// Asks the reader to look at once, and to tell what it finds, whatever it told last.
    asked: Arc<Notify>,
}

impl Watches {
    /// What becomes of a site, from now on. The reader runs on the runtime of whoever watches first; when that goes, so
    /// does the watch, and whoever asks again begins another.
    pub(super) fn of(&self, site: SiteId, store: &Store, idle: SignedDuration) -> watch::Receiver<Found> {
        let mut watches = self.lock();
        if let Some(known) = watches.get(&site).filter(|known| known.found.has_changed().is_ok()) {
            // The last look may be older than the page that asks.
            let mut found = known.found.clone();
            found.mark_unchanged();
            known.asked.notify_one();
            return found;
        }
        let (sender, receiver) = watch::channel(Found::default());
        let asked = Arc::new(Notify::new());
        watches.insert(site, Watch { found: receiver.clone(), asked: Arc::clone(&asked) });
        let reader = Watcher { watches: self.clone(), site, store: store.clone(), idle, asked };
        actix_web::rt::spawn(reader.run(sender));
        receiver
    }

    /// Ends every stream within a second, and each new one at once: the server is about to stop, and would wait for them.
    #[cfg(feature = "cli")]
    pub(crate) fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SiteId, Watch>> {
        // Nothing panics while it is held.
        self.0.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a watch away that nobody has but this list. Asked and done under the lock, so that none is given out
    /// meanwhile.
    fn is_left(&self, site: SiteId, sender: &watch::Sender<Found>) -> bool {
        let mut watches = self.lock();
        let is_left = sender.receiver_count() <= 1;
        if is_left {
            watches.remove(&site);
        }
        is_left
    }
}

/// The reader of one drain.
struct Watcher {
    watches: Watches,
    site: SiteId,
    store: Store,
    idle: SignedDuration,
    asked: Arc<Notify>,
}

impl Watcher {
    async fn run(self, sender: watch::Sender<Found>) {
        let mut is_asked = false;
        loop {
            let (store, site, idle) = (self.store.clone(), self.site, self.idle);
            let read = move || store.read(|reader| Look::read(reader, site, idle, clock::now()));
            match self.store.apart(read).await {
                Ok(Some(look)) => {
                    let is_over = look.is_over();
                    told(&sender, look, is_asked);
                    if is_over {
                        break;
                    }
                }
                // The site is gone.
                Ok(None) => break,
                Err(error) => {
                    log::debug!("Who is at work could not be read, which is tried again: {error}");
                    sender.send_if_modified(|found| !std::mem::replace(&mut found.is_stale, true) || is_asked);
                }
            }
            is_asked = tokio::time::timeout(LOOK_EVERY, self.asked.notified()).await.is_ok();
            if self.watches.is_left(self.site, &sender) {
                return;
            }
        }
        self.watches.lock().remove(&self.site);
    }
}

/// Tells a look, unless it says what the last one did and nobody has asked.
fn told(sender: &watch::Sender<Found>, look: Look, is_asked: bool) {
    sender.send_if_modified(|found| {
        let is_new =
            is_asked || found.is_stale || !found.look.as_ref().is_some_and(|last| last.says_the_same_as(&look));
        if is_new {
            *found = Found { look: Some(Arc::new(look)), is_stale: false };
        }
        is_new
    });
}
