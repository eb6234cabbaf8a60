//! Which sites somebody may reach, by whatever door, and where a form comes back to.

use actix_web::http::{Uri, header};

use super::error::PanelError;
use super::own::Operator;
use super::panel::Panel;
use super::routes::is_page;
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

    /// The page that a form was on, as its browser says (RFC 9110, section 10.1.3), or the list of sites. Only the path
    /// counts, and only that of a page of the panel.
    pub(super) fn page_of_form(&self, headers: &header::HeaderMap) -> String {
        let referer = headers.get(header::REFERER).and_then(|line| line.to_str().ok());
        referer.and_then(|referer| page_at(referer, self.base())).unwrap_or_else(|| self.base().to_owned())
    }
}

/// Path and query of an address when a page of the panel is there, whatever its host.
fn page_at(address: &str, base: &str) -> Option<String> {
    let address: Uri = address.parse().ok()?;
    let path = address.path_and_query()?;
    (next::is_local(path.as_str()) && is_page(path.path(), base)).then(|| path.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_was_on_a_page_of_the_panel_or_nobody_knows_where() {
        for (referer, page) in [
            ("http://localhost:8000/admin/?q=local&status=scheduled", Some("/admin/?q=local&status=scheduled")),
            ("https://localhost/admin/sites/1/", Some("/admin/sites/1/")),
            ("http://localhost/admin/sites/1/draining/", Some("/admin/sites/1/draining/")),
            // Only forms are answered there.
            ("http://localhost/admin/sites/1/end/", None),
            ("http://localhost/admin/history/undo/", None),
            ("http://localhost/admin/nowhere/", None),
            ("http://localhost/admin/sites/../", None),
            ("http://localhost//evil.example/admin/", None),
            ("http://localhost/", None),
            ("localhost", None),
            ("", None),
        ] {
            assert_eq!(page_at(referer, "/admin/").as_deref(), page, "{referer}");
        }
    }
}
