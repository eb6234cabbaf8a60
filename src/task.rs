//! A task: a command that has registered itself as running work, so that a drain waits for it.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::site::SiteId;

/// How often a task says that it runs; a quarter of the time after which it counts as gone.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(5);

/// A task that has not been heard of for longer is gone: killed, or its machine is. Nobody waits for it any more.
pub const LIVE_FOR: SignedDuration = SignedDuration::from_secs(20);

/// Most characters of a task's name.
pub const MAX_NAME_CHARS: usize = 200;

/// Key of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A task as it was last heard of. The times are those of the database's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunningTask {
    /// Key. A task that was thought gone and comes back has another one.
    pub id: TaskId,
    /// The site that it works on.
    pub site: SiteId,
    /// What people call it: `import`.
    pub name: String,
    /// Name of the machine that it runs on.
    pub host: String,
    /// Number of its process on that machine, where that is known.
    pub pid: Option<u32>,
    /// Who started it.
    pub started_by: String,
    /// When it registered.
    pub started_at: Timestamp,
    /// When it last said that it runs.
    pub heartbeat_at: Timestamp,
}

impl RunningTask {
    /// Whether it is still waited for at `now`, which is to be a time of the database's clock.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.duration_since(self.heartbeat_at) < LIVE_FOR
    }
}

/// Checks the name of a task: 1 to 200 characters, none of them a control character.
///
/// # Errors
/// Words that say what would be right.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_right =
        !name.trim().is_empty() && name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    if is_right {
        Ok(())
    } else {
        Err(format!("the name of a task has 1 to {MAX_NAME_CHARS} characters, and none that is invisible"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_waited_for_until_it_has_been_silent_for_twenty_seconds() {
        let at: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        let task = RunningTask {
            id: TaskId(1),
            site: SiteId(1),
            name: "import".to_owned(),
            host: "web1".to_owned(),
            pid: Some(7),
            started_by: "ada".to_owned(),
            started_at: at,
            heartbeat_at: at,
        };
        assert!(task.is_live(at) && task.is_live(at + SignedDuration::from_millis(19_999)));
        assert!(!task.is_live(at + LIVE_FOR));
        // The sign of life is of a moment that has not come on this clock yet.
        assert!(task.is_live(at - SignedDuration::from_secs(3)));
    }

    #[test]
    fn a_task_may_miss_three_signs_of_life() {
        assert!(HEARTBEAT_EVERY * 4 <= Duration::try_from(LIVE_FOR).unwrap());
    }

    #[test]
    fn a_name_has_characters_that_can_be_seen() {
        for name in ["import", "nightly reindex", "ж", &"x".repeat(200)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", " ", "a\nb", "\u{1b}[31m", &"x".repeat(201)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
