//! Who is left on the sites that drain, as this server has counted last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::drain::AtWork;
use crate::site::SiteId;

/// Counts by site, for whoever shows them without a query. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Left(Arc<Mutex<HashMap<SiteId, AtWork>>>);

impl Left {
    /// Who is left on a site, about a second ago; `None` while that was not counted.
    #[cfg(feature = "admin")]
    pub(crate) fn of(&self, site: SiteId) -> Option<AtWork> {
        self.lock().get(&site).copied()
    }

    /// Keeps a count; `None` when the site does not drain.
    pub(super) fn keep(&self, site: SiteId, left: Option<AtWork>) {
        match left {
            Some(left) => self.lock().insert(site, left),
            None => self.lock().remove(&site),
        };
    }

    /// Forgets every site but these.
    pub(super) fn retain(&self, sites: &[SiteId]) {
        self.lock().retain(|site, _| sites.contains(site));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SiteId, AtWork>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
