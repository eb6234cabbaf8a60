//! The sample site: something to close, and the pattern to copy for a site of your own.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route, guard};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::admin::assets::Assets;
use crate::admin::page::{self, Moment, PlannedNotice, SamplePage};
use crate::admin::templates::Templates;
use crate::app::Maintenance;
use crate::clock;
use crate::maintenance::{Level, Phase};
use crate::middleware::MaintenanceStatus;
use crate::rules::NOTICE_PATH;

/// What the sample's pages are allowed to load: their own style sheet and icon, and the notice with what it asks for.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the handlers share.
struct Sample {
    base: String,
    assets: String,
    templates: &'static Templates,
}

/// Mounts `/`, `/ignored-page/` and `/contact/`, and a page for everything else.
pub fn configure(maintenance: &Maintenance) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let base = maintenance.admin_url().to_owned();
    let assets = Assets::shared().prefix(&base);
    let templates = Templates::shared();
    let sample = Data::from(Arc::new(Sample { base, assets, templates }));
    move |config| {
        config
            .app_data(sample)
            .route("/", read().to(home))
            .route("/ignored-page/", read().to(ignored))
            .route("/contact/", read().to(contact))
            .default_service(web::to(not_found));
    }
}

/// Who reads a page: `HEAD` is answered as `GET`, without the body.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn home(req: HttpRequest, sample: Data<Sample>, status: MaintenanceStatus) -> HttpResponse {
    sample.page("sample/home.html", StatusCode::OK, &req, &status)
}

async fn ignored(req: HttpRequest, sample: Data<Sample>, status: MaintenanceStatus) -> HttpResponse {
    sample.page("sample/ignored.html", StatusCode::OK, &req, &status)
}

async fn contact(req: HttpRequest, sample: Data<Sample>, status: MaintenanceStatus) -> HttpResponse {
    sample.page("sample/contact.html", StatusCode::OK, &req, &status)
}

async fn not_found(req: HttpRequest, sample: Data<Sample>, status: MaintenanceStatus) -> HttpResponse {
    sample.page("sample/not_found.html", StatusCode::NOT_FOUND, &req, &status)
}

impl Sample {
    fn page(&self, template: &str, code: StatusCode, req: &HttpRequest, status: &MaintenanceStatus) -> HttpResponse {
        let page = SamplePage {
            base: self.base.clone(),
            assets: self.assets.clone(),
            site_name: "Sample site".to_owned(),
            notice_script: format!("{NOTICE_PATH}?lang=en"),
            path: req.path().to_owned(),
            maintenance_status: self.status(status),
        };
        match self.templates.plain(template, &page) {
            Ok(html) => HttpResponse::build(code)
                .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
                .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .content_type("text/html; charset=utf-8")
                .body(html),
            Err(error) => {
                log::error!("The sample page {template} does not render: {error}");
                HttpResponse::InternalServerError().body("Something went wrong.\n")
            }
        }
    }

    fn status(&self, status: &MaintenanceStatus) -> page::MaintenanceStatus {
        let shown = |at: Timestamp| Moment::of(at, &TimeZone::UTC, clock::now());
        // Those who may finish are readers like any other; only people who see a closed site are told so.
        if !status.is_let_through || status.phase == Phase::Draining {
            let notice = status.notice.clone().map(|notice| PlannedNotice {
                starts_at: shown(notice.starts_at),
                ends_at: notice.ends_at.map(shown),
                message: notice.message,
                language: notice.language,
            });
            return page::MaintenanceStatus { phase: "open".to_owned(), notice, ..Default::default() };
        }
        let (reason, has_panel) = match status.reason {
            "superuser" => ("you are a superuser", true),
            "staff" => ("you are staff of this site", true),
            "internal-ip" => ("your address is internal", false),
            _ => ("", false),
        };
        page::MaintenanceStatus {
            phase: if status.phase == Phase::Open { "open" } else { "maintenance" }.to_owned(),
            is_read_only: status.level == Some(Level::ReadOnly),
            reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
            site: status.site.clone(),
            until: status.until.map(shown),
            panel_href: status.site_id.filter(|_| has_panel).map(|site| format!("{}sites/{site}/", self.base)),
            notice: None,
        }
    }
}
