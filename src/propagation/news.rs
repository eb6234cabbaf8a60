//! What is read of the database: the whole state, or what has changed since a revision. Always in bounded time.

use std::sync::Arc;

use jiff::Timestamp;

use crate::change::{CONFIG_IMPORTED, Revision};
use crate::clock;
use crate::record::SiteRecord;
use crate::rules::Rules;
use crate::site::SiteId;
use crate::snapshot::Snapshot;
use crate::storage::{FeedEntry, Reader, Store, StoreError};
use crate::template::PageTemplates;

/// Entries of the log read at once.
const FEED_CHUNK: i64 = 1_000;

/// All sites at one revision.
pub(super) struct State {
    pub(super) revision: Revision,
    pub(super) records: Vec<SiteRecord>,
    /// Which database it is of.
    pub(super) origin: String,
}

impl State {
    /// Reads everything.
    pub(super) fn read(store: &Store) -> Result<Self, StoreError> {
        read(store, |reader| {
            let records = reader.record_list()?.into_iter().map(|(record, _)| record).collect();
            Ok(Self { revision: reader.change_last()?, records, origin: reader.origin()? })
        })
    }

    /// The snapshot that it makes.
    pub(super) fn compile(&self, rules: &Arc<Rules>, templates: Arc<PageTemplates>) -> Snapshot {
        Snapshot::build(&self.records, self.revision, Arc::clone(rules), templates, clock::now())
    }
}

/// What the log says after a revision.
pub(super) enum News {
    Nothing,
    /// The log is shorter than what this process has seen, or is another database's.
    Replaced,
    /// Every site was changed by one entry that names none.
    Everything,
    Changes {
        revision: Revision,
        made_at: Vec<Timestamp>,
        actions: Vec<String>,
        sites: Vec<(SiteId, Option<SiteRecord>)>,
    },
}

impl News {
    /// Reads what is new, as far as one chunk goes: call again until there is nothing. `origin` is that of the database
    /// as far as it is known.
    pub(super) fn read(store: &Store, since: Revision, origin: Option<String>) -> Result<Self, StoreError> {
        read(store, move |reader| match origin {
            Some(origin) if reader.origin()? != origin => Ok(Self::Replaced),
            _ => Self::of(reader, since),
        })
    }

    /// Which database it is.
    pub(super) fn origin(store: &Store) -> Result<String, StoreError> {
        read(store, |reader| reader.origin())
    }

    /// How many entries the log has after a revision.
    pub(super) fn count(store: &Store, since: Revision) -> Result<i64, StoreError> {
        read(store, move |reader| reader.change_count(since))
    }

    fn of(reader: &mut Reader<'_>, since: Revision) -> Result<Self, StoreError> {
        let feed = reader.change_feed(since, FEED_CHUNK)?;
        let Some(last) = feed.last() else {
            let is_shorter = reader.change_last()? < since;
            return Ok(if is_shorter { Self::Replaced } else { Self::Nothing });
        };
        // Windows of all sites are in every record.
        let is_shared = |entry: &FeedEntry| entry.site.is_none() && entry.action.starts_with("window.");
        if feed.iter().any(|entry| entry.action == CONFIG_IMPORTED || is_shared(entry)) {
            return Ok(Self::Everything);
        }
        let revision = last.revision;
        let mut touched: Vec<SiteId> = feed.iter().filter_map(|entry| entry.site).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut sites: Vec<(SiteId, Option<SiteRecord>)> = touched.into_iter().map(|id| (id, None)).collect();
        let ids: Vec<SiteId> = sites.iter().map(|(id, _)| *id).collect();
        for (record, _) in reader.record_some(&ids)? {
            if let Ok(at) = sites.binary_search_by_key(&record.site.id, |(id, _)| *id) {
                sites[at].1 = Some(record);
            }
        }
        let (made_at, actions) = feed.into_iter().map(|entry| (entry.at, entry.action)).unzip();
        Ok(Self::Changes { revision, made_at, actions, sites })
    }
}

/// Reads apart from this thread, because a connection may hang: what comes too late is thrown away.
fn read<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Reader<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let apart = store.clone();
    store.apart_blocking(move || apart.read(work))
}
