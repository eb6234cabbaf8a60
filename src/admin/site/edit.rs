//! Adds a site and changes a site's own settings; maintenance is not among them.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::form::{SiteForm, in_conflict};
use super::meanwhile::{conflict, touches_site};
use crate::actions::{ActionError, Actor, Done, Save, Saved};
use crate::admin::error::PanelError;
use crate::admin::form::Form;
use crate::admin::own::Operator;
use crate::admin::page::{Flash, Section, SiteFormPage};
use crate::admin::panel::{Panel, see_other};
use crate::change::Revision;
use crate::clock;
use crate::field::FieldErrors;
use crate::record::SiteRecord;
use crate::site::{Site, SiteId};
use crate::storage::ChangeFilter;

/// The empty form.
pub(in crate::admin) async fn add_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let time_zone = panel.maintenance.settings().gate.time_zone.clone();
    let page = SiteForm { time_zone, ..SiteForm::default() }.page(&FieldErrors::default());
    show(&panel, &operator, &session, StatusCode::OK, page)
}

/// Adds a site, and leads to its page.
pub(in crate::admin) async fn add(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    Form(form): Form<SiteForm>,
) -> Result<HttpResponse, PanelError> {
    let added = match form.read(SiteId(0)) {
        Ok(site) => {
            let actor = operator.actor();
            panel.act(move |actions| actions.site_add(&actor, &SiteRecord::new(site))).await
        }
        Err(errors) => Err(errors.into()),
    };
    match added {
        Ok(done) => {
            let site = done.value.site;
            let page = format!("{}sites/{}/", panel.base(), site.id);
            let flash = Flash::done(format!("{} added.", site.domain.to_unicode()));
            let flash = Flash { detail: "It is open.".to_owned(), ..flash };
            flash.with_link("Undo…", format!("{page}delete/")).keep(&session);
            Ok(see_other(&page))
        }
        Err(ActionError::Invalid(errors)) => {
            show(&panel, &operator, &session, StatusCode::UNPROCESSABLE_ENTITY, form.page(&errors))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// The form with what is stored.
pub(in crate::admin) async fn settings_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let (record, revision) = panel.record_for(&operator, SiteId(*id)).await?;
    let page = SiteForm::of(&record.site, revision.0).page(&FieldErrors::default());
    show(&panel, &operator, &session, StatusCode::OK, of_stored(page, &record.site))
}

/// Saves a site's settings, unless somebody else has changed them since the form was read.
pub(in crate::admin) async fn settings(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(form): Form<SiteForm>,
) -> Result<HttpResponse, PanelError> {
    let (record, _) = panel.record_for(&operator, SiteId(*id)).await?;
    let saved = match form.read(record.site.id) {
        Ok(site) => save(&panel, &operator.actor(), &site, Revision(form.revision)).await,
        Err(errors) => Err(errors.into()),
    };
    let refused = |page| show(&panel, &operator, &session, StatusCode::UNPROCESSABLE_ENTITY, page);
    match saved {
        Ok(done) => {
            told(&done).keep(&session);
            Ok(see_other(&format!("{}sites/{}/", panel.base(), record.site.id)))
        }
        Err(ActionError::Invalid(errors)) => refused(of_stored(form.page(&errors), &record.site)),
        Err(ActionError::Stale { current, last: Some(last) }) => {
            let mine = form.read(record.site.id).unwrap_or_else(|_| record.site.clone());
            let page = of_stored(form.page(&FieldErrors::default()), &current.site);
            refused(in_conflict(page, last.revision.0, conflict(&mine, &current.site, &last, clock::now())))
        }
        Err(other) => Err(other.into()),
    }
}

/// Saves over changes of the site that were not about its settings, such as the start of maintenance.
async fn save(panel: &Panel, actor: &Actor, site: &Site, read_at: Revision) -> Result<Done<Saved>, ActionError> {
    let mut read_at = read_at;
    loop {
        let (actor, site) = (actor.clone(), site.clone());
        let id = site.id;
        let save = Save { read_at: Some(read_at), confirm_all: true, ..Save::default() };
        let saved = panel.act(move |actions| {
            actions.record_edit(&actor, id, &save, |record| {
                record.site = site;
                Ok(())
            })
        });
        let (current, last) = match saved.await {
            Err(ActionError::Stale { current, last: Some(last) }) => (current, last),
            done => return done,
        };
        if last.revision <= read_at || is_about_settings(panel, id, read_at).await? {
            return Err(ActionError::Stale { current, last: Some(last) });
        }
        read_at = last.revision;
    }
}

/// Whether one of the changes of a site since a revision was about its settings.
async fn is_about_settings(panel: &Panel, site: SiteId, since: Revision) -> Result<bool, ActionError> {
    /// Beyond so many changes nobody looks.
    const MOST: i64 = 200;
    let filter = ChangeFilter { site_id: Some(site), ..ChangeFilter::default() };
    let store = panel.maintenance.store().clone();
    let listed = move || store.read(|reader| reader.change_list(&filter, MOST));
    let changes = panel.maintenance.store().apart(listed).await?;
    let reaches_back = changes.last().is_none_or(|first| first.revision <= since);
    Ok(!reaches_back || changes.iter().filter(|change| change.revision > since).any(touches_site))
}

fn told(done: &Done<Saved>) -> Flash {
    let site = &done.value.record.site;
    let domain = site.domain.to_unicode();
    match done.value.change {
        Some(change) => Flash::done(format!("Settings of {domain} saved."))
            .with_undo([change.0], &format!("sites/{}/settings/", site.id)),
        None => Flash::note(format!("Nothing changed: the settings of {domain} were so already.")),
    }
}

/// The page of a site that is there already.
fn of_stored(page: SiteFormPage, site: &Site) -> SiteFormPage {
    SiteFormPage { id: Some(site.id.0), stored_domain: site.domain.to_unicode(), may_delete: true, ..page }
}

fn show(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    status: StatusCode,
    page: SiteFormPage,
) -> Result<HttpResponse, PanelError> {
    panel.page(status, &panel.frame(session, operator, Some(Section::Sites)), &page)
}
