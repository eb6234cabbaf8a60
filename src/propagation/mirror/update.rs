//! What has to be written into a mirror.

use std::collections::BTreeMap;

use crate::change::Revision;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// What is new since the last writing. Two of them make one, so a disk that is slow or full costs no memory beyond
/// one record for each site.
#[derive(Debug, Default)]
pub(super) struct Update {
    /// The whole state; `sites` lies above it.
    pub(super) all: Option<Vec<SiteRecord>>,
    /// Changed sites; `None` for one that was removed.
    pub(super) sites: BTreeMap<SiteId, Option<SiteRecord>>,
    /// The revision that this makes.
    pub(super) revision: Option<Revision>,
    /// The master secret.
    pub(super) secret: Option<String>,
    /// How far the clock of the database is ahead, in microseconds.
    pub(super) clock_offset: Option<i64>,
}

impl Update {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_none()
            && self.sites.is_empty()
            && self.revision.is_none()
            && self.secret.is_none()
            && self.clock_offset.is_none()
    }

    /// Lays a later one over this.
    pub(super) fn then(&mut self, later: Self) {
        if later.all.is_some() {
            self.all = later.all;
            self.sites.clear();
        }
        self.sites.extend(later.sites);
        self.revision = later.revision.or(self.revision);
        self.secret = later.secret.or(self.secret.take());
        self.clock_offset = later.clock_offset.or(self.clock_offset);
    }
}
