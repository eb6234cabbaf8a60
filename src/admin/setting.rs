//! The settings in force, each with where its value came from. They are changed where they came from.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::error::PanelError;
use super::own::Operator;
use super::page::{Section, SettingGroup, SettingRow, SettingsPage};
use super::panel::Panel;
use super::words::sentence;
use crate::config::{SettingSource, SettingView};

/// Which settings belong together, in the order of the page.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Server", &["BIND", "WORKERS", "SERVER_NAME", "ADMIN_URL", "PUBLIC_ORIGIN", "METRICS_TOKEN"]),
    (
        "Database",
        &[
            "DATABASE_URL",
            "DATABASE_POOL_SIZE",
            "DATABASE_CONNECT_TIMEOUT",
            "DATABASE_STATEMENT_TIMEOUT",
            "MAINTENANCE_MIRROR",
            "MAINTENANCE_ON_UNKNOWN",
        ],
    ),
    ("Who gets in", &["INTERNAL_IPS", "TRUSTED_PROXIES", "MAINTENANCE_BLOCK_STAFF", "MAINTENANCE_ADMIN_IGNORED_URLS"]),
    ("Draining", &["MAINTENANCE_VISIT_IDLE", "SITE_SESSION_COOKIE", "MAINTENANCE_VISITOR_COOKIE"]),
    ("Sites", &["SITE_ID", "MAINTENANCE_UNKNOWN_SITE", "TIME_ZONE"]),
    (
        "The 503 page",
        &[
            "MAINTENANCE_STATUS",
            "MAINTENANCE_RETRY_AFTER",
            "MAINTENANCE_URL",
            "MAINTENANCE_FILE",
            "MAINTENANCE_TEMPLATES",
            "MAINTENANCE_503_TEMPLATE",
            "LANGUAGE_CODE",
        ],
    ),
    (
        "Log-ins",
        &["SECRET_KEY", "SESSION_COOKIE_AGE", "SESSION_IDLE_AGE", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_DOMAIN"],
    ),
];

/// Heading of settings that no group has yet.
const OTHERS: &str = "Others";

/// Every setting.
pub(super) async fn list(panel: Data<Panel>, operator: Operator, session: Session) -> Result<HttpResponse, PanelError> {
    let page = SettingsPage {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        groups: groups(&panel.maintenance.settings().views),
    };
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Settings)), &page)
}

fn groups(views: &[SettingView]) -> Vec<SettingGroup> {
    let is_grouped = |view: &&SettingView| GROUPS.iter().any(|(_, names)| names.contains(&view.name.as_str()));
    let group = |title: &str, rows: Vec<SettingRow>| SettingGroup { title: title.to_owned(), rows };
    let known = GROUPS.iter().map(|(title, names)| {
        let named = names.iter().filter_map(|name| views.iter().find(|view| view.name == *name));
        group(title, named.map(row).collect())
    });
    let others = group(OTHERS, views.iter().filter(|view| !is_grouped(view)).map(row).collect());
    known.chain([others]).filter(|group| !group.rows.is_empty()).collect()
}

fn row(view: &SettingView) -> SettingRow {
    let is_made = view.name == "SECRET_KEY" && view.source == SettingSource::Default;
    let source = match view.source {
        _ if is_made => "database",
        SettingSource::Flag => "command line or code",
        SettingSource::Environment => "environment",
        SettingSource::File => ".env file",
        SettingSource::Default => "default",
    };
    SettingRow {
        name: view.name.clone(),
        value: if is_made { "set".to_owned() } else { view.value.clone() },
        source: source.to_owned(),
        help: sentence(&view.help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn every_setting_has_a_group() {
        let settings = Settings::from_environment().expect("the tests' environment has no wrong setting");
        let settings = settings.with("INTERNAL_IPS", "10.0.0.0/8").expect("is valid");
        let groups = groups(&settings.views);
        let titles: Vec<&str> = groups.iter().map(|group| group.title.as_str()).collect();
        assert_eq!(titles, GROUPS.map(|(title, _)| title), "put the new setting into a group of GROUPS");
        assert_eq!(groups.iter().map(|group| group.rows.len()).sum::<usize>(), settings.views.len());
    }
}
