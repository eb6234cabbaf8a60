//! The rules that the settings make.

use actix_web::http::StatusCode;

use super::settings::{GateSettings, UnknownSite};
use crate::pattern::IgnoredPatterns;
use crate::pattern::PatternError;
use crate::rules::{CALENDAR_PATH, CHECK_PATH, NOTICE_PATH, PAGE_PATH, Rules, STATUS_PATH, VISIT_PATH};

/// Paths of the endpoints for monitors, which pass always.
const MONITORED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Paths of what anybody may know of a site, and of the page for the web server in front, which pass always.
const PUBLIC: [&str; 5] = [STATUS_PATH, NOTICE_PATH, CALENDAR_PATH, VISIT_PATH, PAGE_PATH];

/// Every built-in path, each without a slash at its end.
pub(super) fn built_in() -> impl Iterator<Item = &'static str> {
    MONITORED.into_iter().chain(PUBLIC).chain([CHECK_PATH])
}

impl GateSettings {
    /// The rules for a snapshot, the same for the server and for `maintenance why`.
    ///
    /// # Errors
    /// The patterns of `MAINTENANCE_ADMIN_IGNORED_URLS` do not compile together; each by itself does.
    pub fn rules(&self) -> Result<Rules, PatternError> {
        Ok(Rules {
            built_in: MONITORED
                .into_iter()
                .chain(PUBLIC)
                .map(str::to_owned)
                // With all that is below.
                .chain([CHECK_PATH, &self.admin_url].map(|path| format!("{}/", path.trim_end_matches('/'))))
                .collect(),
            internal: self.internal_ips.clone(),
            trusted: self.trusted_proxies.clone(),
            ignored: IgnoredPatterns::compile(self.admin_ignored_urls.0.clone())?,
            block_staff: self.block_staff,
            site_id: self.site_id,
            refuses_unknown_sites: self.unknown_site == UnknownSite::NotFound,
            status: StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            retry_after: self.retry_after,
            language: self.language_code.clone(),
            redirect: self.maintenance_url.clone(),
            keeps_records: self.maintenance_file.is_some(),
        })
    }
}
