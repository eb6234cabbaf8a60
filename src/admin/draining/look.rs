//! What is known of a drain at one moment: read once for everybody who watches it.

use jiff::{SignedDuration, Timestamp};

use crate::drain::{AtWork, Drain};
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::{Reader, StoreError};
use crate::task::RunningTask;
use crate::visit::{Visit, seen_since};

/// Most sessions, and most tasks, that are named.
const MOST_NAMED: usize = 100;

/// A site and who is left on it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    /// The site.
    pub(super) record: SiteRecord,
    /// Who and what is left, while it drains.
    pub(super) left: AtWork,
    /// Sessions that were at work when the drain began.
    pub(super) began_with: u64,
    /// Those sessions that are left, the oldest first; at most [`MOST_NAMED`].
    pub(super) visits: Vec<Visit>,
    /// The tasks that run, the oldest first; at most [`MOST_NAMED`].
    pub(super) tasks: Vec<RunningTask>,
    /// When it was looked. To the minute, and near the deadline to five seconds: as exactly as a page tells it.
    pub(super) at: Timestamp,
}

impl Look {
    /// Reads it; `None` for a site that is not there. `idle` is `MAINTENANCE_VISIT_IDLE`.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        site: SiteId,
        idle: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some((record, _)) = reader.record(site)? else { return Ok(None) };
        let mut look =
            Self { left: AtWork::default(), began_with: 0, visits: Vec::new(), tasks: Vec::new(), at: now, record };
        let standing = look.record.causes().standing(now);
        if let (Phase::Draining, Some(since)) = (standing.phase(), standing.since) {
            let seen_since = seen_since(now, idle);
            look.left = reader.at_work(site, since, now, seen_since)?;
            look.began_with = reader.visits_at_beginning(site, since, idle)?.max(look.left.sessions);
            look.visits = reader.visits_left(site, since, seen_since, MOST_NAMED)?;
            look.tasks = reader.task_list(Some(site))?;
            look.tasks.truncate(MOST_NAMED);
        }
        Ok(Some(look))
    }

    /// What the site is doing.
    pub(super) fn phase(&self) -> Phase {
        self.record.causes().standing(self.at).phase()
    }

    /// The drain that ended last, with its end.
    pub(super) fn ended(&self) -> Option<&Drain> {
        let ended = self.record.drains.iter().filter(|drain| drain.end.is_some());
        ended.max_by_key(|drain| drain.closes_at())
    }

    /// Whether nothing will change by itself any more: it does not drain, and how it ended is noted.
    pub(super) fn is_over(&self) -> bool {
        let causes = self.record.causes();
        let is_noted = || causes.at(self.at).iter().all(|cause| causes.expired_drain(cause, self.at).is_none());
        self.phase() != Phase::Draining && is_noted()
    }

    /// Whether a page of this look would say the same as one of `other`. Heartbeats of tasks are on no page.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        let bare = |look: &Self| {
            let mut bare = look.clone();
            bare.at = Timestamp::UNIX_EPOCH;
            for task in &mut bare.tasks {
                task.heartbeat_at = task.started_at;
            }
            bare
        };
        self.time_left() == other.time_left() && bare(self) == bare(other)
    }

    /// Until it closes: in whole minutes, in the last of them in steps of five seconds.
    fn time_left(&self) -> Option<(i64, i64)> {
        let closes_at = self.record.causes().standing(self.at).closes_at()?;
        let seconds = closes_at.duration_since(self.at).as_secs();
        Some((seconds / 60, if seconds < 60 { seconds / 5 } else { 0 }))
    }
}
