//! What every handler of the panel shares.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use super::assets::Assets;
use super::draining::Places;
use super::error::PanelError;
use super::page::{ErrorPage, Frame, Page};
use super::templates::Templates;
use crate::actions::{ActionError, Actions, Done};
use crate::app::Maintenance;
use crate::auth::{Auth, Logins};
use crate::storage::{Reader, StoreError};

/// The panel of one worker.
pub struct Panel {
    /// The state behind it.
    pub(super) maintenance: Maintenance,
    /// Its templates.
    pub(super) templates: &'static Templates,
    /// Its style sheet, script and icon.
    pub(super) assets: &'static Assets,
    /// Log-ins.
    pub(super) logins: Logins,
    /// Places for those who watch a drain.
    pub(super) streams: Places,
}

impl Panel {
    /// The panel of a maintenance mode.
    pub(super) fn new(maintenance: Maintenance) -> Self {
        Self {
            templates: Templates::shared(),
            assets: Assets::shared(),
            streams: Places::default(),
            logins: maintenance.auth().logins(maintenance.actions()),
            maintenance,
        }
    }

    /// Path of the panel, with a slash at each end.
    pub(super) fn base(&self) -> &str {
        self.maintenance.admin_url()
    }

    pub(super) fn auth(&self) -> &Auth {
        self.maintenance.auth()
    }

    /// Reads from the database.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, PanelError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.maintenance.store().clone();
        Ok(self.maintenance.store().apart(move || store.read(work)).await?)
    }

    /// Runs an action and waits until this server enforces what it changed, so that the next
    /// page shows it.
    pub(super) async fn act<T, F>(&self, work: F) -> Result<Done<T>, ActionError>
    where
        T: Send + 'static,
        F: FnOnce(&Actions) -> Result<Done<T>, ActionError> + Send + 'static,
    {
        let actions = self.maintenance.actions().clone();
        let done = self.maintenance.store().apart(move || work(&actions)).await?;
        self.maintenance.wait_for(done.revision).await;
        Ok(done)
    }

    /// A page as a response.
    pub(super) fn page<P: Page>(
        &self,
        status: StatusCode,
        frame: &Frame,
        page: &P,
    ) -> Result<HttpResponse, PanelError> {
        let html = self.templates.page(frame, page).map_err(PanelError::internal)?;
        Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
    }

    /// An error page as a response; plain words when even that cannot be rendered.
    pub(super) fn error_page(&self, frame: &Frame, page: &ErrorPage) -> HttpResponse {
        let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.page(status, frame, page).unwrap_or_else(|error| {
            log::error!("The error page does not render: {error}");
            HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(format!("{}\n", page.heading))
        })
    }
}

/// Post, redirect, get: where to look after a change.
pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}
