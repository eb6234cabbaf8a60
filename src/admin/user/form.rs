//! The form of a user: what was typed, what it means, and the page that shows it.

use serde::Deserialize;

use crate::admin::page::{Field, FieldError, SiteChoice, UserFormPage};
use crate::change::Revision;
use crate::site::{Domain, SiteId};
use crate::snapshot::Snapshot;
use crate::user::{Rights, User};

/// Most sites that are shown as boxes; of more, the domains are typed.
const MAX_BOXES: usize = 50;

/// Value of `scope`: every site, also one that is added later.
const ALL: &str = "all";

/// Value of `scope`: the chosen sites, which may be none.
const CHOSEN: &str = "chosen";

/// The form as it comes back. A box that is not ticked is not sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub(super) revision: i64,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) password_again: String,
    is_active: String,
    is_staff: String,
    is_superuser: String,
    scope: String,
    sites: Vec<i64>,
    domains: String,
}

impl Typed {
    /// The form of a user as stored.
    pub(super) fn of(user: &User, revision: Revision, snapshot: &Snapshot) -> Self {
        let box_of = |ticked: bool| if ticked { "on".to_owned() } else { String::new() };
        let rights = &user.rights;
        let given = rights.sites.clone().unwrap_or_default();
        let mut domains: Vec<String> =
            given.iter().filter_map(|id| snapshot.site(*id)).map(|site| site.domain.to_unicode()).collect();
        domains.sort();
        Self {
            revision: revision.0,
            username: user.username.clone(),
            is_active: box_of(rights.is_active),
            is_staff: box_of(rights.is_staff),
            is_superuser: box_of(rights.is_superuser),
            scope: if rights.sites.is_some() { CHOSEN } else { ALL }.to_owned(),
            sites: given.iter().map(|id| id.0).collect(),
            domains: domains.join("\n"),
            ..Self::default()
        }
    }

    /// The form for somebody new: active staff. Of which sites is asked.
    pub(super) fn blank() -> Self {
        Self { is_active: "on".to_owned(), is_staff: "on".to_owned(), ..Self::default() }
    }

    /// The page with what was typed, less the password.
    pub(super) fn page(&self, snapshot: &Snapshot) -> UserFormPage {
        let has_boxes = snapshot.len() <= MAX_BOXES;
        UserFormPage {
            revision: self.revision,
            username: Field::new("username", &self.username),
            password: Field::new("password", ""),
            password_again: Field::new("password_again", ""),
            is_active: Field::new("is_active", &self.is_active),
            is_staff: Field::new("is_staff", &self.is_staff),
            is_superuser: Field::new("is_superuser", &self.is_superuser),
            scope: Field::new("scope", &self.scope),
            sites: if has_boxes { self.choices(snapshot) } else { Vec::new() },
            domains: (!has_boxes).then(|| Field::new("domains", &self.domains)),
            ..UserFormPage::default()
        }
    }

    /// The rights that are asked for; what cannot be is told at its field.
    pub(super) fn rights(&self, snapshot: &Snapshot, page: &mut UserFormPage) -> Option<Rights> {
        let mut chosen: Vec<SiteId> = match &mut page.domains {
            None => self.sites.iter().map(|id| SiteId(*id)).filter(|id| snapshot.site(*id).is_some()).collect(),
            Some(field) => match sites_of(&self.domains, snapshot) {
                Ok(chosen) => chosen,
                Err(error) => {
                    field.error = Some(error);
                    return None;
                }
            },
        };
        // As they are stored, so that the same sites in another order are no change.
        chosen.sort();
        chosen.dedup();
        let (is_staff, is_superuser) = (!self.is_staff.is_empty(), !self.is_superuser.is_empty());
        let is_all = match self.scope.as_str() {
            ALL if chosen.is_empty() => true,
            // Whoever chose sites did not mean all of them.
            ALL => {
                page.scope.error =
                    Some("Sites are chosen below: choose “Only these sites” to give them, or none of them.".to_owned());
                return None;
            }
            CHOSEN => false,
            _ if is_staff && !is_superuser => {
                page.scope.error = Some("Choose which sites a staff user is given: every site, or some.".to_owned());
                return None;
            }
            // It does not count for this user, and gives nothing should it count one day.
            _ => false,
        };
        Some(Rights {
            is_active: !self.is_active.is_empty(),
            is_staff,
            is_superuser,
            sites: (!is_all).then_some(chosen),
        })
    }

    fn choices(&self, snapshot: &Snapshot) -> Vec<SiteChoice> {
        let sites = snapshot.ids().filter_map(|id| snapshot.site(*id));
        let mut choices: Vec<SiteChoice> = sites
            .map(|site| SiteChoice {
                id: site.id.0,
                domain: site.domain.to_unicode(),
                is_chosen: self.sites.contains(&site.id.0),
            })
            .collect();
        choices.sort_by(|a, b| a.domain.cmp(&b.domain));
        choices
    }
}

/// The sites of these domains, one a line; a sentence about the first line that is none.
fn sites_of(domains: &str, snapshot: &Snapshot) -> Result<Vec<SiteId>, String> {
    let mut chosen = Vec::new();
    for line in domains.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
        let domain = Domain::parse(line).ok();
        let site = domain.as_ref().and_then(|domain| snapshot.named_site(domain.as_str()));
        let Some(site) = site else { return Err(format!("There is no site {line}.")) };
        chosen.push(site.id);
    }
    Ok(chosen)
}

/// The list of errors above the form, in the order of its fields.
pub(super) fn errors(page: &UserFormPage) -> Vec<FieldError> {
    let fields = [
        Some(&page.username),
        Some(&page.password),
        Some(&page.password_again),
        Some(&page.is_active),
        Some(&page.is_staff),
        Some(&page.is_superuser),
    ];
    let scope = page.scope.error.as_ref().map(|message| FieldError {
        // The first of its buttons; a group has no id of its own.
        id: format!("scope-{ALL}"),
        message: message.clone(),
    });
    let mut lines = FieldError::of(fields.into_iter().flatten());
    lines.extend(scope);
    lines.extend(FieldError::of(page.domains.as_ref()));
    lines
}
