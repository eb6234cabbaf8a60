//! Who and what a drain waits for: live visits and live tasks, counted.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::visits;
use super::timestamp::UtcTime;
use super::{Reader, StoreError};
use crate::drain::AtWork;
use crate::site::SiteId;

impl Reader<'_> {
    /// What is at work on a site at `now`, or was at a moment shortly before: visits that began before `before` and were
    /// seen after `seen_since`, and its tasks.
    pub fn at_work(
        &mut self,
        site: SiteId,
        before: Timestamp,
        now: Timestamp,
        seen_since: Timestamp,
    ) -> Result<AtWork, StoreError> {
        let sessions = u64::try_from(self.visits_at_work(site, before, seen_since)?).unwrap_or_default();
        // A task that ended took itself out; one that runs has been heard of since.
        Ok(AtWork { sessions, tasks: self.task_count(site, now)? as u64 })
    }

    /// What is at work on every site, by site: visits that were seen after `seen_since`, and tasks; those on which
    /// nothing is are left out.
    pub fn at_work_everywhere(&mut self, seen_since: Timestamp) -> Result<HashMap<SiteId, AtWork>, StoreError> {
        let mut all: HashMap<SiteId, AtWork> = HashMap::new();
        let live = visits::table
            .filter(visits::ended_at.is_null())
            .filter(visits::last_seen_at.gt(UtcTime(seen_since)))
            .group_by(visits::site_id)
            .select((visits::site_id, diesel::dsl::count_star()))
            .order(visits::site_id);
        for (site, sessions) in live.load::<(i64, i64)>(self.conn)? {
            all.entry(SiteId(site)).or_default().sessions = u64::try_from(sessions).unwrap_or_default();
        }
        for (site, tasks) in self.task_counts()? {
            all.entry(site).or_default().tasks = tasks as u64;
        }
        Ok(all)
    }
}
