//! Which sites somebody may reach, by whatever door, and where a form comes back to.

use super::error::PanelError;
use super::own::Operator;
use super::panel::Panel;
use crate::auth::next;
use crate::change::Revision;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// Most names of those who can do what one may not.
const MAX_NAMED: usize = 5;

impl Panel {
    /// Refuses whoever is not staff of the site. Says nothing of whether there is such a site.
    pub(super) async fn need_staff_of(&self, operator: &Operator, site: SiteId) -> Result<(), PanelError> {
        if operator.rights().staff_of(site) {
            return Ok(());
        }
        let users = self.read(|reader| reader.user_list()).await?;
        let who = users.into_iter().filter(|user| user.rights.staff_of(site)).map(|user| user.username);
        Err(PanelError::not_allowed("staff of this site", who.take(MAX_NAMED).collect()))
    }

    /// Refuses whoever is not a superuser.
    pub(super) async fn need_superuser(&self, operator: &Operator) -> Result<(), PanelError> {
        if operator.rights().superuser() {
            return Ok(());
        }
        let users = self.read(|reader| reader.user_list()).await?;
        let who = users.into_iter().filter(|user| user.rights.superuser()).map(|user| user.username);
        Err(PanelError::not_allowed("a superuser", who.take(MAX_NAMED).collect()))
    }

    /// The record of a site that is one of the operator's, with the revision that it was last changed at.
    pub(super) async fn record_for(
        &self,
        operator: &Operator,
        site: SiteId,
    ) -> Result<(SiteRecord, Revision), PanelError> {
        self.need_staff_of(operator, site).await?;
        self.read(move |reader| reader.record(site)).await?.ok_or(PanelError::NotFound)
    }

    /// The address that a form's `back` names: a path under the panel's, or the list of sites for anything else.
    pub(super) fn way_back(&self, back: &str) -> String {
        let base = self.base();
        let wanted = format!("{base}{back}");
        next::local(&wanted, base).to_owned()
    }
}
