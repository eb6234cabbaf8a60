//! A lease: the hold of a deploy on a site, which must be renewed and says beforehand what happens if it is not.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// Shortest time that a lease is given or renewed for.
pub const SHORTEST: SignedDuration = SignedDuration::from_secs(10);

/// Longest time that a lease is given or renewed for: whoever needs longer renews it.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Most characters of a lease's name.
pub const MAX_NAME_CHARS: usize = 200;

/// Key of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(pub i64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a lease does when nobody has renewed it in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnExpiry {
    /// It goes, and the site opens if nothing else holds it.
    Lift,
    /// It stays until somebody ends it: what was begun may be half done.
    #[default]
    Stay,
}

impl OnExpiry {
    /// The word in the database, on the command line and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lift => "lift",
            Self::Stay => "stay",
        }
    }
}

impl std::str::FromStr for OnExpiry {
    type Err = UnknownOnExpiry;

    fn from_str(word: &str) -> Result<Self, UnknownOnExpiry> {
        [Self::Lift, Self::Stay].into_iter().find(|it| it.as_str() == word).ok_or(UnknownOnExpiry)
    }
}

/// A word that says nothing of what happens when a lease expires.
#[derive(Debug, thiserror::Error)]
#[error("must be lift or stay")]
pub struct UnknownOnExpiry;

/// A hold on one site that must be renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Key; zero before it is stored.
    pub id: LeaseId,
    /// What holds it, for people: a command line, a deploy's name; may be empty.
    pub name: String,
    /// Who took it.
    pub started_by: String,
    /// Since when.
    pub since: Timestamp,
    /// When it expires unless it is renewed.
    pub expires_at: Timestamp,
    /// What happens then.
    pub on_expiry: OnExpiry,
    /// Its own messages, one for each language; empty takes those of the site.
    pub messages: Vec<Message>,
}

impl Lease {
    /// In one line: `“deploy 7”, expires 2026-11-21T03:22:04Z, then stays`.
    pub fn in_words(&self) -> String {
        let name = if self.name.is_empty() { String::new() } else { format!("“{}”, ", self.name) };
        let then = if self.on_expiry == OnExpiry::Lift { "lifts" } else { "stays" };
        format!("{name}expires {}, then {then}", self.expires_at.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }

    /// When it ends by itself; `None` when somebody must end it.
    pub fn ends_at(&self) -> Option<Timestamp> {
        (self.on_expiry == OnExpiry::Lift).then_some(self.expires_at)
    }

    /// Whether it holds its site closed at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ends_at().is_none_or(|end| now < end)
    }

    /// Whether it was not renewed in time.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// Checks how long a lease is given for.
///
/// # Errors
/// Words for the field: shorter than ten seconds, longer than a day.
pub fn check_length(length: SignedDuration) -> Result<SignedDuration, String> {
    if length < SHORTEST {
        return Err(format!(
            "a lease lasts at least {} s, or it would expire before it can be renewed",
            SHORTEST.as_secs()
        ));
    }
    if length > LONGEST {
        return Err(format!("a lease lasts at most {} h; renew it while it is needed", LONGEST.as_hours()));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_nobody_renews_goes_or_stays_as_was_said_beforehand() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let lease = Lease {
            id: LeaseId(1),
            name: "deploy 7".to_owned(),
            started_by: "ci".to_owned(),
            since: at(0),
            expires_at: at(600),
            on_expiry: OnExpiry::Lift,
            messages: Vec::new(),
        };
        assert!(lease.holds(at(599)) && !lease.holds(at(600)) && lease.is_expired(at(600)));
        let stays = Lease { on_expiry: OnExpiry::Stay, ..lease };
        assert!(stays.holds(at(600)) && stays.holds(at(999_999)) && stays.is_expired(at(600)));
    }

    #[test]
    fn a_lease_of_nothing_or_of_a_year_is_refused() {
        for (seconds, is_right) in [(0, false), (9, false), (10, true), (86_400, true), (86_401, false)] {
            assert_eq!(check_length(SignedDuration::from_secs(seconds)).is_ok(), is_right, "{seconds}");
        }
    }
}
