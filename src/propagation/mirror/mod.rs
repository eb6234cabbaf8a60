//! The last known state in a local file, so that a server restarted while the database is away goes on from it.
//!
//! One line for each site, appended with each change and synced ([`line`], [`file`]); a thread of its own writes them
//! ([`writer`]), because following must not wait for a disk. The file's time of modification says when it last agreed
//! with the database. It belongs to one database, and one process writes it.

mod file;
mod line;
mod read;
#[cfg(test)]
mod tests;
mod update;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Confirmed;
use crate::change::Revision;
use crate::lasting::Fault;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::DatabaseUrl;
use read::Contents;
use update::Update;
use writer::Queue;

/// Why a mirror cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MirrorError {
    /// There is none, or it cannot be read or written.
    #[error("the mirror `{}` cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file is something else, or damaged before its first complete state.
    #[error("`{}` is not a mirror that can be used: {reason}", path.display())]
    NotAMirror { path: PathBuf, reason: String },
    /// No complete state was written yet.
    #[error("the mirror `{}` holds no complete state yet", path.display())]
    Empty { path: PathBuf },
    /// Another version of this program wrote it.
    #[error("the mirror `{}` is of format {found}, which this program does not know", path.display())]
    OtherFormat { path: PathBuf, found: u32 },
    /// It was written for another database.
    #[error("the mirror `{}` is not used: it belongs to {database}", path.display())]
    OtherDatabase { path: PathBuf, database: String },
    /// Another process writes it.
    #[error("the mirror `{}` belongs to another process that runs", path.display())]
    Locked { path: PathBuf },
    /// Writing it has failed by a fault of ours.
    #[error("the mirror `{}` could not be written by {fault}", path.display())]
    Fault { path: PathBuf, fault: Fault },
}

impl MirrorError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// Whether a file that cannot be read may hold sites of this database.
    pub(crate) fn may_hold_sites(&self) -> bool {
        match self {
            Self::Io { .. } => !self.is_missing(),
            Self::NotAMirror { .. } | Self::OtherFormat { .. } | Self::Fault { .. } => true,
            Self::Empty { .. } | Self::OtherDatabase { .. } | Self::Locked { .. } => false,
        }
    }

    /// Whether there is simply no file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The state that a mirror holds.
#[derive(Debug)]
pub(crate) struct Mirrored {
    /// Every site.
    pub(crate) records: Vec<SiteRecord>,
    /// The revision that this is.
    pub(crate) revision: Revision,
    /// When it was last known to agree with the database.
    pub(crate) as_of: Timestamp,
    /// The master secret, where no setting gave one.
    pub(crate) secret: Option<String>,
    /// How far the clock of the database was ahead of this machine's.
    pub(crate) clock_offset: SignedDuration,
}

/// Reads a mirror. Needs no right to write, and does not disturb a process that writes it.
///
/// # Errors
/// [`MirrorError`], but never `Locked`.
pub(crate) fn read(path: &Path, url: &DatabaseUrl) -> Result<Mirrored, MirrorError> {
    let failed = |error| MirrorError::io(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let contents = Contents::read(&mut file, path, &url.identity())?;
    let records = contents.records(&mut file, path)?;
    let modified = file.metadata().and_then(|meta| meta.modified()).map_err(failed)?;
    let modified = Timestamp::try_from(modified).unwrap_or(contents.sealed_at);
    let as_of = match &contents.damage {
        None => crate::clock::to_microseconds(modified),
        Some(damage) => {
            log::error!(
                "The mirror `{}` is damaged: {damage}. What stands before is used; changes after {} are missing.",
                path.display(),
                contents.sealed_at
            );
            contents.sealed_at
        }
    };
    let clock_offset = SignedDuration::from_micros(contents.clock_offset);
    let (revision, secret) = (contents.revision, contents.secret);
    Ok(Mirrored { records, revision, as_of, secret, clock_offset })
}

/// Takes what the mirror shall hold; the last one to go ends its thread. Never waits for the disk.
#[derive(Clone)]
pub(crate) struct Mirror(Arc<Queue>);

impl Mirror {
    /// Starts the thread. Nothing is touched before there is something to write.
    pub(crate) fn start(path: PathBuf, url: &DatabaseUrl, confirmed: Arc<Confirmed>) -> Self {
        Self(Arc::new(Queue::start(path, url.identity(), confirmed)))
    }

    /// The whole state at a revision.
    pub(crate) fn all(&self, records: Vec<SiteRecord>, revision: Revision) {
        self.0.put(Update { all: Some(records), revision: Some(revision), ..Update::default() });
    }

    /// What a change made of some sites.
    pub(crate) fn some(&self, sites: Vec<(SiteId, Option<SiteRecord>)>, revision: Revision) {
        let sites = sites.into_iter().collect();
        self.0.put(Update { sites, revision: Some(revision), ..Update::default() });
    }

    /// The master secret.
    pub(crate) fn secret(&self, secret: String) {
        self.0.put(Update { secret: Some(secret), ..Update::default() });
    }

    /// How far the clock of the database is ahead.
    pub(crate) fn clock_offset(&self, offset: SignedDuration) {
        let clock_offset = i64::try_from(offset.as_micros()).ok();
        self.0.put(Update { clock_offset, ..Update::default() });
    }
}
