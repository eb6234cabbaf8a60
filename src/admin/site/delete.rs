//! Deletes a site, after its domain has been typed.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::switch::refused_domain;
use crate::admin::error::PanelError;
use crate::admin::form::Form;
use crate::admin::own::Operator;
use crate::admin::page::{DeleteSitePage, Field, FieldError, Flash, Section};
use crate::admin::panel::{Panel, see_other};
use crate::admin::words::{count, list};
use crate::clock;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::user::User;

/// Most people that the page names.
const MAX_NAMED: usize = 5;

/// What confirms the deletion.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::admin) struct DeleteForm {
    typed_domain: String,
}

/// Says what goes with the site, and asks for its domain.
pub(in crate::admin) async fn delete_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let (record, _) = panel.record_for(&operator, SiteId(*id)).await?;
    ask(&panel, &operator, &session, StatusCode::OK, &record, Field::new("typed_domain", "")).await
}

/// Deletes the site when its domain was typed.
pub(in crate::admin) async fn delete(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<DeleteForm>,
) -> Result<HttpResponse, PanelError> {
    let (record, _) = panel.record_for(&operator, SiteId(*id)).await?;
    if !record.site.domain.is_meant_by(&form.typed_domain) {
        let field = refused_domain(&record, "typed_domain", form.typed_domain);
        return ask(&panel, &operator, &session, StatusCode::UNPROCESSABLE_ENTITY, &record, field).await;
    }
    let (site, actor) = (record.site.id, operator.actor());
    let done = panel.act(move |actions| actions.site_remove(&actor, site)).await?;
    Flash::done(format!("{} deleted.", done.value.site.domain.to_unicode()))
        .with_undo(done.changes.iter().map(|change| change.0), "")
        .keep(&session);
    Ok(see_other(panel.base()))
}

async fn ask(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    status: StatusCode,
    record: &SiteRecord,
    typed_domain: Field,
) -> Result<HttpResponse, PanelError> {
    let users = panel.read(|reader| reader.user_list()).await?;
    let page = DeleteSitePage {
        id: record.site.id.0,
        domain: record.site.domain.to_unicode(),
        parts: parts(record),
        consequence: consequence(panel, record),
        staff: staff(&users, record.site.id),
        errors: FieldError::of([&typed_domain]),
        typed_domain,
    };
    panel.page(status, &panel.frame(session, operator, Some(Section::Sites)), &page)
}

/// What goes with the site.
fn parts(record: &SiteRecord) -> Vec<String> {
    let aliases = match record.site.aliases.len() {
        1 => "1 alias".to_owned(),
        some => format!("{some} aliases"),
    };
    let networks = match record.networks.len() {
        1 => "1 address".to_owned(),
        some => format!("{some} addresses"),
    };
    let all = [
        (record.site.aliases.len(), aliases),
        (record.messages.len(), count(record.messages.len(), "message")),
        (record.patterns.len(), count(record.patterns.len(), "ignored pattern")),
        (record.networks.len(), networks),
    ];
    all.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect()
}

/// What visitors get from then on.
fn consequence(panel: &Panel, record: &SiteRecord) -> String {
    let now = clock::now();
    let snapshot = panel.maintenance.snapshot();
    let after = snapshot.with(&[(record.site.id, None)], snapshot.revision(), now);
    let domain = record.site.domain.as_str();
    let shown = record.site.domain.to_unicode();
    let heir = after.site_for(domain);
    let then = match heir {
        Some(heir) if heir.is_for(domain) => format!("Its visitors then get {}.", heir.domain.to_unicode()),
        Some(heir) => format!("Its visitors then get the default site, {}.", heir.domain.to_unicode()),
        None if snapshot.rules().refuses_unknown_sites => "Its visitors then get a 404 page.".to_owned(),
        None => format!("No site is called {shown} then, so its visitors are let through."),
    };
    if record.is_closed(now) && heir.is_none_or(|heir| heir.closed_at(now).is_none()) {
        format!("{shown} is in maintenance now; that ends with it. {then}")
    } else {
        then
    }
}

/// Who loses the site and does not get it back by an undo, as a sentence.
fn staff(users: &[User], site: SiteId) -> Option<String> {
    let is_given = |user: &&User| user.rights.sites.as_ref().is_some_and(|sites| sites.contains(&site));
    let names: Vec<String> = users.iter().filter(is_given).map(|user| user.username.clone()).collect();
    let (are, lose) = if names.len() == 1 { ("is", "loses") } else { ("are", "lose") };
    let said = || format!("{} {are} given this site and {lose} it, also if you put it back.", list(&names, MAX_NAMED));
    (!names.is_empty()).then(said)
}
