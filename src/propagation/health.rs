//! How this server fares with the database, in words for `/readyz`, the panel and the figures.

use jiff::Timestamp;

/// How this server fares with the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Why the database does not answer; `None` while all is well.
    pub failing: Option<Failing>,
    /// Where the state in force comes from.
    pub source: Source,
}

/// A database that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The error in words. Names the database; not for strangers.
    pub reason: String,
    /// The error as one word, such as `unreachable`, which may be shown to anybody.
    pub kind: &'static str,
    /// When it was first noticed.
    pub since: Timestamp,
}

/// Where the state in force comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// The database, since this server started; also while it does not answer any more.
    #[default]
    Database,
    /// The mirror of an earlier run: the database has not answered since the start.
    Mirror {
        /// When the mirror was last known to agree with the database.
        as_of: Timestamp,
    },
    /// Nothing: neither database nor mirror. `MAINTENANCE_ON_UNKNOWN` decides.
    Unknown,
}

impl Source {
    /// A stable word: `database`, `mirror` or `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Mirror { .. } => "mirror",
            Self::Unknown => "unknown",
        }
    }

    /// When a state from here was last known to be the newest, given when the database last confirmed it.
    pub fn as_of(self, confirmed_at: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Database => confirmed_at,
            Self::Mirror { as_of } => Some(as_of),
            Self::Unknown => None,
        }
    }
}
