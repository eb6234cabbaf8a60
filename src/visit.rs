//! Visits: people at work on a site, who may finish while it drains.
//!
//! A visit is *live* while it has not ended and was seen a short while ago. Only visits that began before a drain did
//! are at work: whoever comes later is nobody a drain waits for. People who pass a closed site anyway, such as the staff
//! of the panel, have no visit.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::site::SiteId;

/// How often at most it is written that a visit was seen: once in this time, by each server.
pub const NOTE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Most characters of a name that are kept.
pub const MAX_NAME_CHARS: usize = 150;

/// Key of a visit: names it in lists and on the command line; opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct VisitId(pub i64);

impl fmt::Display for VisitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a visit is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VisitKind {
    /// A sign-in with the sessions that this crate gives a site.
    Session,
    /// A sign-in that the application tells of.
    App,
    /// The cookie of a visitor.
    Visitor,
}

impl VisitKind {
    /// The stable word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::App => "app",
            Self::Visitor => "visitor",
        }
    }
}

impl FromStr for VisitKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "session" => Ok(Self::Session),
            "app" => Ok(Self::App),
            "visitor" => Ok(Self::Visitor),
            _ => Err(format!("`{word}` is no kind of visit")),
        }
    }
}

/// Somebody at work on a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its number.
    pub id: VisitId,
    /// The site.
    pub site: SiteId,
    /// What it is known by.
    pub kind: VisitKind,
    /// Who, as the site calls them; empty for visitors.
    pub name: String,
    /// Client address at sign-in; only for the sessions of this crate.
    pub address: Option<String>,
    /// When they signed in; of a visitor, when they were first seen.
    pub signed_in_at: Timestamp,
    /// When they were last seen, to about a minute.
    pub last_seen_at: Timestamp,
    /// When they signed out or were ended; `None` while neither has happened.
    pub ended_at: Option<Timestamp>,
}

impl Visit {
    /// Who, for people: `ada`, or `a visitor` where nobody knows a name.
    pub fn told(&self) -> String {
        if self.name.is_empty() { "a visitor".to_owned() } else { self.name.clone() }
    }
}

/// Visits last seen at or before this are not live. `idle` is `MAINTENANCE_VISIT_IDLE`.
pub fn seen_since(now: Timestamp, idle: SignedDuration) -> Timestamp {
    now.checked_sub(idle).unwrap_or(Timestamp::MIN)
}

/// What an application with its own sessions says of whoever sends a request; see `MaintenanceBuilder::signed_in_when`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// What tells this sign-in from all others of the site, such as the id of the session. Only its hash is kept.
    pub key: String,
    /// Who, for the list of sessions; may be empty.
    pub name: String,
    /// When they signed in. The same at each request of the sign-in: those of before a drain are let through.
    pub since: Timestamp,
}

/// The first characters of a name, without those that would break a line of a list or a log.
pub fn readable_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        for kind in [VisitKind::Session, VisitKind::App, VisitKind::Visitor] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert!("robot".parse::<VisitKind>().is_err());
    }

    #[test]
    fn a_name_is_cut_and_cannot_break_a_line() {
        assert_eq!(readable_name(" a\nb\u{1b}[31m "), "ab[31m");
        assert_eq!(readable_name(&"ü".repeat(200)).chars().count(), MAX_NAME_CHARS);
    }
}
