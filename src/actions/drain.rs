//! Drains: begun with maintenance, given another deadline, and forgotten with their causes.

use jiff::Timestamp;

use super::{Act, ActionError};
use crate::cause::CauseId;
use crate::drain::{Drain, check_deadline};
use crate::field::FieldErrors;
use crate::record::SiteRecord;

impl Act<'_, '_> {
    /// Gives the box of a site that is to be saved a drain, or the drain of its box another deadline.
    pub(super) fn drain_box(
        &self,
        before: &SiteRecord,
        after: &mut SiteRecord,
        deadline: Timestamp,
    ) -> Result<(), ActionError> {
        let deadline = check_deadline(deadline, self.now).map_err(|text| FieldErrors::of("drain", text))?;
        if after.maintenance.expected_end.is_some_and(|end| end <= deadline) {
            return Err(FieldErrors::of("drain", "the site is expected to be open again before it has closed").into());
        }
        let Some(since) = after.maintenance.since else { return Ok(()) };
        if !before.maintenance.box_holds(self.now) {
            after.drains.push(Drain { cause: CauseId::Box, started_at: since, deadline, end: None });
        } else if let Some(drain) = after.drains.iter_mut().find(|drain| drain.is_of(CauseId::Box, since))
            && drain.closes_at() > self.now
        {
            drain.deadline = deadline;
        }
        Ok(())
    }
}

/// Forgets the drains of causes that do not hold the site any more; the log has them.
pub(super) fn forget_ended(record: &mut SiteRecord, now: Timestamp) {
    let open: Vec<(CauseId, Option<Timestamp>)> =
        record.causes().at(now).iter().map(|cause| (cause.id, cause.since)).collect();
    record.drains.retain(|drain| open.contains(&(drain.cause, Some(drain.started_at))));
}
