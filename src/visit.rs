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

    /// Whether it has not ended and was seen after `seen_since`, see [`seen_since`].
    pub fn is_live(&self, seen_since: Timestamp) -> bool {
        self.ended_at.is_none() && self.last_seen_at > seen_since
    }

    /// Whether a drain that began at `began` waits for it.
    pub fn is_at_work(&self, began: Timestamp, seen_since: Timestamp) -> bool {
        self.is_live(seen_since) && self.signed_in_at < began
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

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    #[test]
    fn whoever_signed_in_before_the_drain_and_was_seen_lately_is_at_work() {
        let visit = |signed_in: i64, seen: i64, ended: Option<i64>| Visit {
            id: VisitId(1),
            site: SiteId(1),
            kind: VisitKind::Session,
            name: "ada".to_owned(),
            address: None,
            signed_in_at: at(signed_in),
            last_seen_at: at(seen),
            ended_at: ended.map(at),
        };
        let (began, now, idle) = (at(1_000), at(1_200), SignedDuration::from_mins(5));
        for (what, signed_in, seen, ended, is_at_work) in [
            ("seen lately", 0, 1_190, None, true),
            ("signed in just before", 999, 1_190, None, true),
            ("signed in at that moment", 1_000, 1_190, None, false),
            ("signed in later", 1_001, 1_190, None, false),
            ("seen before the drain began, but lately", 0, 901, None, true),
            ("not seen for five minutes", 0, 900, None, false),
            ("ended", 0, 1_190, Some(1_195), false),
        ] {
            assert_eq!(visit(signed_in, seen, ended).is_at_work(began, seen_since(now, idle)), is_at_work, "{what}");
        }
    }

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
