//! The list of users.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::{Moment, Section, UserRow, UsersPage};
use crate::admin::panel::Panel;
use crate::admin::words;
use crate::clock;
use crate::snapshot::Snapshot;
use crate::user::{Rights, User};

/// Most sites of a user that are named.
const MAX_NAMED_SITES: usize = 5;

/// Everybody, by name.
pub(in crate::admin) async fn list(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let users = panel.read(|reader| reader.user_list()).await?;
    let rows = users.iter().map(|user| row(&panel, &operator, user)).collect();
    let frame = panel.frame(&session, &operator, Some(Section::Users));
    panel.page(StatusCode::OK, &frame, &UsersPage { rows })
}

fn row(panel: &Panel, operator: &Operator, user: &User) -> UserRow {
    UserRow {
        id: user.id.0,
        username: user.username.clone(),
        role: role(&user.rights),
        sites: sites(&user.rights, &panel.maintenance.snapshot()),
        is_active: user.rights.is_active,
        is_me: user.id == operator.user.id,
        last_login: user.last_login_at.map(|at| Moment::of(at, &panel.zone(), clock::now())),
    }
}

/// The role by the boxes alone; whether it counts is told beside it.
pub(super) fn role(rights: &Rights) -> &'static str {
    match (rights.is_superuser, rights.is_staff) {
        (true, _) => "Superuser",
        (false, true) => "Staff",
        (false, false) => "No panel",
    }
}

/// `all sites`, or their domains; empty for somebody without the panel.
pub(super) fn sites(rights: &Rights, snapshot: &Snapshot) -> String {
    match &rights.sites {
        _ if rights.is_superuser => "all sites".to_owned(),
        _ if !rights.is_staff => String::new(),
        None => "all sites".to_owned(),
        Some(given) => named(given.iter().filter_map(|id| snapshot.site(*id)).map(|site| site.domain.to_unicode())),
    }
}

fn named(domains: impl Iterator<Item = String>) -> String {
    let mut domains: Vec<String> = domains.collect();
    domains.sort();
    if domains.is_empty() { "no site".to_owned() } else { words::list(&domains, MAX_NAMED_SITES) }
}
