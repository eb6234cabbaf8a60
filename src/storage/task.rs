//! Tasks: running work that has registered itself, and is heard of as long as it runs.
//!
//! Their times are those of the database, because a machine's own clock may be wrong.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::tasks;
use super::timestamp::UtcTime;
use super::{Reader, StoreError, Writer};
use crate::site::SiteId;
use crate::task::{LIVE_FOR, RunningTask, TaskId};

/// Most tasks that are listed.
const MOST_LISTED: i64 = 10_000;

/// A task that registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// The site that it works on.
    pub site: SiteId,
    /// What people call it.
    pub name: String,
    /// Name of its machine.
    pub host: String,
    /// Number of its process.
    pub pid: Option<u32>,
    /// Who started it.
    pub started_by: String,
    /// When it first registered, when it comes back; `None` is now.
    pub started_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct TaskRow {
    id: i64,
    site_id: i64,
    name: String,
    host: String,
    pid: Option<i64>,
    started_by: String,
    started_at: UtcTime,
    heartbeat_at: UtcTime,
}

impl From<TaskRow> for RunningTask {
    fn from(row: TaskRow) -> Self {
        Self {
            id: TaskId(row.id),
            site: SiteId(row.site_id),
            name: row.name,
            host: row.host,
            pid: row.pid.and_then(|pid| u32::try_from(pid).ok()),
            started_by: row.started_by,
            started_at: row.started_at.into(),
            heartbeat_at: row.heartbeat_at.into(),
        }
    }
}

impl Reader<'_> {
    /// The live tasks of a site, or of every site, the oldest first; at most 10,000.
    pub fn task_list(&mut self, site: Option<SiteId>) -> Result<Vec<RunningTask>, StoreError> {
        let live = tasks::heartbeat_at.gt(self.silent_since()?);
        let order = (tasks::started_at, tasks::id);
        let rows: Vec<TaskRow> = match site {
            Some(site) => tasks::table
                .filter(tasks::site_id.eq(site.0))
                .filter(live)
                .order(order)
                .limit(MOST_LISTED)
                .load(self.conn)?,
            None => tasks::table.filter(live).order(order).limit(MOST_LISTED).load(self.conn)?,
        };
        Ok(rows.into_iter().map(RunningTask::from).collect())
    }

    /// How many tasks of a site were live at `at`, the present or a moment shortly before: what a drain waits for.
    pub fn task_count(&mut self, site: SiteId, at: Timestamp) -> Result<usize, StoreError> {
        let silent_since = UtcTime(self.clock()?.min(at) - LIVE_FOR);
        let live = tasks::heartbeat_at.gt(silent_since);
        let count: i64 = tasks::table.filter(tasks::site_id.eq(site.0)).filter(live).count().get_result(self.conn)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// How many live tasks each site has; a site without any is left out.
    pub fn task_counts(&mut self) -> Result<HashMap<SiteId, usize>, StoreError> {
        let live = tasks::heartbeat_at.gt(self.silent_since()?);
        let counts: Vec<(i64, i64)> = tasks::table
            .filter(live)
            .group_by(tasks::site_id)
            .select((tasks::site_id, diesel::dsl::count_star()))
            .order(tasks::site_id)
            .load(self.conn)?;
        let counted = |(site, count)| (SiteId(site), usize::try_from(count).unwrap_or_default());
        Ok(counts.into_iter().map(counted).collect())
    }

    /// A task that has been silent since then is gone.
    fn silent_since(&mut self) -> Result<UtcTime, StoreError> {
        Ok(UtcTime(self.clock()? - LIVE_FOR))
    }
}

impl Writer<'_> {
    /// Enters a task that is heard of now, and clears away all that are gone.
    pub fn task_insert(&mut self, new: &NewTask) -> Result<RunningTask, StoreError> {
        let now = self.clock()?;
        let gone = tasks::heartbeat_at.le(UtcTime(now - LIVE_FOR));
        diesel::delete(tasks::table.filter(gone)).execute(self.conn)?;
        let row: TaskRow = diesel::insert_into(tasks::table)
            .values((
                tasks::site_id.eq(new.site.0),
                tasks::name.eq(&new.name),
                tasks::host.eq(&new.host),
                tasks::pid.eq(new.pid.map(i64::from)),
                tasks::started_by.eq(&new.started_by),
                tasks::started_at.eq(UtcTime(new.started_at.unwrap_or(now))),
                tasks::heartbeat_at.eq(UtcTime(now)),
            ))
            .returning(tasks::all_columns)
            .get_result(self.conn)?;
        Ok(row.into())
    }

    /// Notes that a task runs. `false` when it is not there any more: it was thought gone, and must enter again.
    pub fn task_beat(&mut self, id: TaskId) -> Result<bool, StoreError> {
        let now = UtcTime(self.clock()?);
        Ok(diesel::update(tasks::table.find(id.0)).set(tasks::heartbeat_at.eq(now)).execute(self.conn)? > 0)
    }

    /// Takes out a task that has ended; `false` when it was gone already.
    pub fn task_delete(&mut self, id: TaskId) -> Result<bool, StoreError> {
        Ok(diesel::delete(tasks::table.find(id.0)).execute(self.conn)? > 0)
    }
}
