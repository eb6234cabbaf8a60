//! The record of one site: the *in maintenance* box, its options, and the causes that hold it closed.
//!
//! Pure rules. The database row lives in `storage`, the change of it in `actions`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a site is doing for its visitors.
///
/// In JSON and in code: `open`, `draining`, `maintenance` (django-site-maintenance's ONLINE, PENDING, OFFLINE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Visitors get the site.
    Open,
    /// Those at work may finish; everybody else gets the 503 page.
    Draining,
    /// Visitors get the 503 page.
    Maintenance,
}

/// What happens when the expected end of the box is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AtEnd {
    /// The site stays closed and is shown as overdue. The default: nobody is let in by a clock by accident.
    #[default]
    Remind,
    /// The site opens by itself, at that second, on every server.
    Open,
}

impl AtEnd {
    /// The word for it in forms, in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remind => "remind",
            Self::Open => "open",
        }
    }
}

impl std::str::FromStr for AtEnd {
    type Err = UnknownAtEnd;

    fn from_str(word: &str) -> Result<Self, UnknownAtEnd> {
        [Self::Remind, Self::Open].into_iter().find(|at_end| at_end.as_str() == word).ok_or(UnknownAtEnd)
    }
}

/// A word that says nothing about the expected end.
#[derive(Debug, thiserror::Error)]
#[error("must be remind or open")]
pub struct UnknownAtEnd;

/// The maintenance record of a site. Every site has exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MaintenanceRecord {
    /// The *in maintenance* box.
    pub in_maintenance: bool,
    /// When the box was ticked; `None` while it is not.
    pub since: Option<Timestamp>,
    /// Who ticked it, as shown to people (`ada`, `CLI, root@web1`); `None` while it is not ticked.
    pub started_by: Option<String>,
    /// When the work is expected to be over; `None` means unknown.
    pub expected_end: Option<Timestamp>,
    /// What happens at `expected_end`.
    pub at_end: AtEnd,
    /// How much the box closes.
    #[serde(default)]
    pub level: Level,
    /// Visitors are redirected here (302) instead of seeing the page. Absolute http(s) address or a path
    /// beginning with `/`; `None` follows the `MAINTENANCE_URL` setting.
    pub redirect_url: Option<String>,
    /// Seconds for `Retry-After` while no end is known; `None` follows the setting. 1 to 3600.
    pub retry_after: Option<u32>,
}

/// How much of a closed site is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Reading goes on: GET, HEAD and OPTIONS pass, everything else is held.
    ReadOnly,
    /// Everything is held.
    #[default]
    Full,
}

impl Level {
    /// The word in the database, on the command line and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Full => "full",
        }
    }

    /// What a site is that is closed so far, for people: `in maintenance`, `closed for writing`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ReadOnly => "closed for writing",
            Self::Full => "in maintenance",
        }
    }

    /// What that means for visitors, as a sentence.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::ReadOnly => "Reading goes on; what would change something gets the 503 page.",
            Self::Full => "Visitors get the 503 page.",
        }
    }
}

impl std::str::FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        [Self::ReadOnly, Self::Full].into_iter().find(|level| level.as_str() == word).ok_or(UnknownLevel)
    }
}

/// A word that is no level.
#[derive(Debug, thiserror::Error)]
#[error("must be full or read-only")]
pub struct UnknownLevel;

impl MaintenanceRecord {
    /// Whether the box holds the site closed at `now`.
    ///
    /// A ticked box whose expected end has passed with [`AtEnd::Open`] no longer does.
    pub fn box_holds(&self, now: Timestamp) -> bool {
        self.in_maintenance && self.box_ends_at().is_none_or(|end| now < end)
    }

    /// When the box lets go by itself; `None` when somebody must untick it.
    pub fn box_ends_at(&self) -> Option<Timestamp> {
        self.expected_end.filter(|_| self.at_end == AtEnd::Open)
    }

    /// The next expected end that still lies ahead of `now`; a past one is never told to visitors.
    pub fn end_ahead(&self, now: Timestamp) -> Option<Timestamp> {
        self.expected_end.filter(|end| *end > now)
    }

    /// Whether the site is still closed although its expected end has passed.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.box_holds(now) && self.expected_end.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(expected_end: Option<&str>, at_end: AtEnd) -> MaintenanceRecord {
        let since = Some("2026-11-21T03:00:00Z".parse().unwrap());
        let expected_end = expected_end.map(|end| end.parse().unwrap());
        MaintenanceRecord { in_maintenance: true, since, expected_end, at_end, ..Default::default() }
    }

    #[test]
    fn a_ticked_box_holds_until_it_is_unticked_unless_it_opens_by_itself() {
        let before: Timestamp = "2026-11-21T03:29:59Z".parse().unwrap();
        let at: Timestamp = "2026-11-21T03:30:00Z".parse().unwrap();
        let end = Some("2026-11-21T03:30:00Z");
        for (record, held_before, held_at) in [
            (MaintenanceRecord::default(), false, false),
            (closed(None, AtEnd::Remind), true, true),
            (closed(None, AtEnd::Open), true, true),
            (closed(end, AtEnd::Remind), true, true),
            (closed(end, AtEnd::Open), true, false),
        ] {
            assert_eq!((record.box_holds(before), record.box_holds(at)), (held_before, held_at), "{record:?}");
            assert_eq!(record.box_ends_at().is_some_and(|end| end <= at), record.in_maintenance && !held_at);
        }
    }

    #[test]
    fn a_site_is_overdue_once_its_expected_end_has_passed_and_it_is_still_closed() {
        let now: Timestamp = "2026-11-21T03:30:00Z".parse().unwrap();
        assert!(closed(Some("2026-11-21T03:30:00Z"), AtEnd::Remind).is_overdue(now));
        assert!(!closed(Some("2026-11-21T03:30:01Z"), AtEnd::Remind).is_overdue(now));
        assert!(!closed(None, AtEnd::Remind).is_overdue(now));
        assert_eq!(closed(Some("2026-11-21T03:30:00Z"), AtEnd::Remind).end_ahead(now), None);
    }
}
