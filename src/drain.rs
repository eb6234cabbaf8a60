//! A drain: the time in which those at work may finish before a site closes.
//!
//! A cause that drains holds the site half closed, from its start until its deadline: people who had signed in before
//! and tasks go on, nobody new comes in. It closes the site when nobody is left, at the deadline, or when somebody loses
//! patience. The deadline is known beforehand, so every server closes at the same second; an earlier end is written once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cause::id::CauseId;
use crate::change::Change;

/// Longest drain that is begun without being asked about.
pub const LONG: SignedDuration = SignedDuration::from_hours(24);

/// Longest drain.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 7);

/// For so long after its beginning a drain is not taken to be over because nobody is at work: servers may know of people
/// whose last request they have not written down yet.
pub const SETTLING: SignedDuration = SignedDuration::from_secs(5);

/// The drain of one cause, as it is kept beside the record of its site.
///
/// That of a window is planned by the window, and kept only when something became of it: its end, or another deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// The cause that drains.
    pub cause: CauseId,
    /// When the cause began to hold the site; tells one time of a window from the others.
    pub started_at: Timestamp,
    /// The site closes at this moment at the latest.
    pub deadline: Timestamp,
    /// How it ended; `None` while that is open, and for a moment after the deadline until a server has noted it.
    pub end: Option<DrainEnd>,
}

/// How a drain ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrainEnd {
    /// When: from this moment on the site is closed.
    pub at: Timestamp,
    /// Why.
    pub how: HowEnded,
    /// Sessions that were still at work.
    pub sessions: u64,
    /// Tasks that still ran.
    pub tasks: u64,
}

/// Why a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HowEnded {
    /// Nobody was at work any more.
    Empty,
    /// The deadline was reached.
    Deadline,
    /// Somebody closed the site at once.
    Forced,
}

/// Who and what a drain still waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AtWork {
    /// Sessions that signed in before it began and are still live.
    pub sessions: u64,
    /// Tasks that still run.
    pub tasks: u64,
}

impl AtWork {
    /// Whether nobody and nothing is left.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Those that are there, each with its noun: `5 sessions`, `1 task`.
    pub fn parts(self) -> impl Iterator<Item = String> {
        let counted = [(self.sessions, "session"), (self.tasks, "task")].into_iter().filter(|(number, _)| *number > 0);
        counted.map(|(number, noun)| format!("{number} {noun}{}", if number == 1 { "" } else { "s" }))
    }
}

impl DrainEnd {
    /// Who and what was still at work.
    pub fn left(&self) -> AtWork {
        AtWork { sessions: self.sessions, tasks: self.tasks }
    }

    /// How it ended, of a drain that took so long: `Closed: nobody was left after 12 min`, `Closed at the deadline after
    /// 15 min with 2 sessions and 1 task left`.
    pub fn in_words(&self, took: &str) -> String {
        let left = self.left().parts().collect::<Vec<_>>().join(" and ");
        let left = if left.is_empty() { String::new() } else { format!(" with {left} left") };
        match self.how {
            HowEnded::Empty => format!("Closed: nobody was left after {took}"),
            HowEnded::Deadline => format!("Closed at the deadline after {took}{left}"),
            HowEnded::Forced => format!("Closed at once after {took}{left}"),
        }
    }
}

impl Drain {
    /// When the cause closes the site, or did.
    pub fn closes_at(&self) -> Timestamp {
        self.end.as_ref().map_or(self.deadline, |end| end.at)
    }

    /// Whether it is the drain of this time of this cause.
    pub fn is_of(&self, cause: CauseId, started_at: Timestamp) -> bool {
        (self.cause, self.started_at) == (cause, started_at)
    }

    /// How long it took, or will take if nothing happens.
    pub fn length(&self) -> SignedDuration {
        self.closes_at().duration_since(self.started_at)
    }

    /// Where it stands: `closes at 14:32 at the latest`, and afterwards how it ended. `at` words a time, `took` the stretch
    /// between two.
    pub fn in_words(&self, at: impl Fn(Timestamp) -> String, took: impl Fn(Timestamp, Timestamp) -> String) -> String {
        match &self.end {
            None => format!("closes at {} at the latest", at(self.deadline)),
            Some(end) => end.in_words(&took(self.started_at, self.started_at + rounded(self.length()))),
        }
    }

    /// The drain that an entry of the log is about, as it became by it; `None` for any other entry, and for a drain that
    /// was cancelled.
    pub fn of_change(change: &Change) -> Option<Self> {
        let drains = |side: &Option<serde_json::Value>| -> Vec<Self> {
            let list = side.as_ref().and_then(|fields| fields.get("drains")).cloned();
            list.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
        };
        let before = drains(&change.before);
        drains(&change.after)
            .into_iter()
            .find(|drain| !before.contains(drain))
            .filter(|_| change.action.starts_with("drain."))
    }
}

/// To the nearest minute, below one minute to the nearest second: a drain of 15 minutes took 15, although its deadline was
/// set a moment before it began.
fn rounded(length: SignedDuration) -> SignedDuration {
    let unit = if length < SignedDuration::from_secs(59) { 1_000 } else { 60_000 };
    let units = (length.as_millis() + unit / 2) / unit;
    SignedDuration::from_millis(i64::try_from(units * unit).unwrap_or(i64::MAX))
}

/// What an entry of the log did to a drain: `Draining started, closes at 14:32 at the latest`, `Closed: nobody was left
/// after 12 min`. `None` where [`Drain::of_change`] is; the words are as for [`Drain::in_words`].
pub fn told(
    change: &Change,
    at: impl Fn(Timestamp) -> String,
    took: impl Fn(Timestamp, Timestamp) -> String,
) -> Option<String> {
    let drain = Drain::of_change(change)?;
    let words = drain.in_words(at, took);
    Some(if drain.end.is_some() { words } else { format!("{}, {words}", change.title()) })
}

/// Checks the deadline of a drain that began at `began`, as it is set at `now`.
///
/// # Errors
/// Words for the field: it lies in the past, or too far ahead.
pub fn check_deadline(deadline: Timestamp, began: Timestamp, now: Timestamp) -> Result<Timestamp, &'static str> {
    if deadline <= now {
        return Err("the deadline of a drain lies ahead; without a drain the site closes at once");
    }
    if deadline.duration_since(began) > LONGEST {
        return Err("a drain lasts at most 7 days");
    }
    Ok(deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_lies_ahead_and_within_a_week() {
        let now: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        for (seconds, is_right) in [(-1, false), (0, false), (1, true), (7 * 86_400, true), (7 * 86_400 + 1, false)] {
            let deadline = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
            assert_eq!(check_deadline(deadline, now, now).is_ok(), is_right, "{seconds}");
            let began = now.checked_sub(SignedDuration::from_secs(60)).unwrap();
            let is_right = is_right && seconds <= 7 * 86_400 - 60;
            assert_eq!(check_deadline(deadline, began, now).is_ok(), is_right, "{seconds} more");
        }
    }

    #[test]
    fn how_long_a_drain_took_is_told_as_it_was_meant() {
        for (millis, told) in [(2_950, 3), (3_400, 3), (58_700, 59), (59_000, 60), (899_600, 900), (871_000, 900)] {
            assert_eq!(rounded(SignedDuration::from_millis(millis)).as_secs(), told, "{millis}");
        }
    }

    #[test]
    fn a_drain_closes_at_its_deadline_unless_it_ended_before() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let drain = Drain { cause: CauseId::Box, started_at: at(0), deadline: at(900), end: None };
        assert_eq!((drain.closes_at(), drain.length().as_secs()), (at(900), 900));
        let end = Some(DrainEnd { at: at(300), how: HowEnded::Empty, sessions: 0, tasks: 0 });
        assert_eq!(Drain { end, ..drain }.closes_at(), at(300));
    }

    #[test]
    fn how_a_drain_ended_is_told_with_how_long_it_took_and_what_was_left() {
        let end =
            |how, sessions, tasks| DrainEnd { at: Timestamp::UNIX_EPOCH, how, sessions, tasks }.in_words("15 min");
        assert_eq!(end(HowEnded::Empty, 0, 0), "Closed: nobody was left after 15 min");
        assert_eq!(
            end(HowEnded::Deadline, 2, 1),
            "Closed at the deadline after 15 min with 2 sessions and 1 task left"
        );
        assert_eq!(end(HowEnded::Deadline, 0, 0), "Closed at the deadline after 15 min");
        assert_eq!(end(HowEnded::Forced, 1, 0), "Closed at once after 15 min with 1 session left");
    }
}
