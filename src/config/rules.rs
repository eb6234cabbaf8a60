//! The rules that the settings make.

use actix_web::http::StatusCode;

use super::settings::{GateSettings, UnknownSite};
use crate::pattern::IgnoredPatterns;
use crate::pattern::PatternError;
use crate::rules::{BUILT_IN_PATHS, CHECK_PATH, Rules};

impl GateSettings {
    /// The rules for a snapshot, the same for the server and for `maintenance why`.
    ///
    /// # Errors
    /// The patterns of `MAINTENANCE_ADMIN_IGNORED_URLS` do not compile together; each by itself does.
    pub fn rules(&self) -> Result<Rules, PatternError> {
        Ok(Rules {
            built_in: BUILT_IN_PATHS
                .into_iter()
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
