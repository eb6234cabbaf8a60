//! Ending somebody's visit to a site.

use serde_json::json;

use super::{ActionError, Actions, Actor, Done, Entry};
use crate::change::VISIT_ENDED;
use crate::record::Fields;
use crate::visit::{Visit, VisitId};

impl Actions {
    /// Ends a visit on every server: while its site drains, the next request of it is held; a session of ours is signed
    /// out. One that has ended already is left as it is. Returns the visit as it was.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] but for staff of the site; [`ActionError::NoSuchVisit`]; when the database fails.
    pub fn visit_end(&self, actor: &Actor, id: VisitId) -> Result<Done<Visit>, ActionError> {
        self.act(actor, |act| {
            let visit = act.writer.visit(id)?.ok_or(ActionError::NoSuchVisit)?;
            act.need_staff_of(visit.site)?;
            let (record, _) = act.record(visit.site)?;
            if act.writer.visit_end(id, act.now)? {
                let mut who = Fields::new();
                who.insert("visit".to_owned(), json!(visit.told()));
                act.log(Entry {
                    site: Some(visit.site),
                    subject: record.site.domain.to_string(),
                    action: VISIT_ENDED,
                    before: Some(who),
                    after: None,
                    undoes: None,
                })?;
            }
            Ok(visit)
        })
    }
}
