//! Why a task did not register.

use jiff::Timestamp;

use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::storage::{StoreError, TransactionError};

/// A task that did not register: the work must not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The site is draining: what runs may finish, nothing new may start.
    #[error("{site} is draining, so nothing new starts; it closes at {} at the latest", exact(*closes_at))]
    Draining {
        /// Domain of the site.
        site: String,
        /// When it closes at the latest.
        closes_at: Timestamp,
        /// When it is expected to be open again, if that is known.
        until: Option<Timestamp>,
    },
    /// The site is in maintenance.
    #[error("{site} is in maintenance{}", told(*until))]
    InMaintenance {
        /// Domain of the site.
        site: String,
        /// When it is expected to be open again, if that is known.
        until: Option<Timestamp>,
    },
    /// No site has this domain or alias, or not any more.
    #[error("no site is called `{site}`")]
    NoSuchSite {
        /// What was asked for.
        site: String,
    },
    /// No site was named and none is the default one.
    #[error("no site was named and none is the default one")]
    NoDefaultSite,
    /// The name cannot be one.
    #[error("{0}")]
    Name(String),
    /// The database fails, so nobody knows whether the site is open.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn told(until: Option<Timestamp>) -> String {
    until.map(|until| format!(" until {}", exact(until))).unwrap_or_default()
}

fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl TransactionError for TaskError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl TaskError {
    /// Why nothing may start on a site at `now`; `None` while it is open. A site that is closed for writing only is in
    /// maintenance, too: work writes.
    pub(crate) fn of(record: &SiteRecord, now: Timestamp) -> Option<Self> {
        let standing = record.causes().standing(now);
        let (site, until) = (record.site.domain.to_string(), standing.until.filter(|until| *until > now));
        match (standing.phase(), standing.closes_at()) {
            (Phase::Open, _) => None,
            (_, Some(closes_at)) => Some(Self::Draining { site, closes_at, until }),
            (_, None) => Some(Self::InMaintenance { site, until }),
        }
    }
}
