//! What the settings say for every site: who always passes, whom to believe, how to answer.

use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::message::Message;
use crate::network::NetworkSet;
use crate::page::PageInput;
use crate::path::RequestPath;
use crate::pattern::IgnoredPatterns;
use crate::record::SiteRecord;
use crate::redirect::Redirect;
use crate::site::{self, Domain, SiteId};

/// Path of the public state of a site, for whoever shows it.
pub const STATUS_PATH: &str = "/maintenance/status.json";

/// Path of the script that tells visitors beforehand.
pub const NOTICE_PATH: &str = "/maintenance/notice.js";

/// Path of the calendar of what visitors are told.
pub const CALENDAR_PATH: &str = "/maintenance/calendar.ics";

/// Path at which the notice script says that its visitor is there.
pub const VISIT_PATH: &str = "/maintenance/visit";

/// Path at which a proxy asks about a request. What follows it is the path of that request, for proxies that put it there.
pub const CHECK_PATH: &str = "/maintenance/check";

/// Path of the held answer by itself, for the error handler of a proxy.
pub const PAGE_PATH: &str = "/maintenance/page";

/// Paths that pass always, each by itself: those of monitors, of what anybody may know of a site, and of the page for the
/// web server in front.
pub const BUILT_IN_PATHS: [&str; 8] =
    ["/healthz", "/readyz", "/metrics", STATUS_PATH, NOTICE_PATH, CALENDAR_PATH, VISIT_PATH, PAGE_PATH];

/// Rules that come from the settings and are the same for every site.
#[derive(Debug)]
pub struct Rules {
    /// Paths that always pass: the panel, the gate's endpoints, health. One that ends in a slash passes with all that is
    /// below it, the others by themselves.
    pub built_in: Vec<String>,
    /// `INTERNAL_IPS`.
    pub internal: NetworkSet,
    /// `TRUSTED_PROXIES`.
    pub trusted: NetworkSet,
    /// `MAINTENANCE_ADMIN_IGNORED_URLS`.
    pub ignored: IgnoredPatterns,
    /// `MAINTENANCE_BLOCK_STAFF`: staff see the 503 page, too. Superusers always pass.
    pub block_staff: bool,
    /// `SITE_ID`: the site that stands in for unknown hosts.
    pub site_id: Option<SiteId>,
    /// Whether a host without a site is answered 404 instead of let through.
    pub refuses_unknown_sites: bool,
    /// `MAINTENANCE_STATUS`: status of the answer.
    pub status: StatusCode,
    /// `MAINTENANCE_RETRY_AFTER`: seconds while no end is known.
    pub retry_after: u32,
    /// `LANGUAGE_CODE`: language of the built-in words for visitors whose own is not there.
    pub language: String,
    /// `MAINTENANCE_URL`: where visitors are sent instead, unless the site says so itself.
    pub redirect: Option<String>,
    /// Whether a snapshot keeps the records of open sites too, because files are made from them (`MAINTENANCE_FILE`).
    pub keeps_records: bool,
}

impl Rules {
    /// Whether a path belongs to the panel, the gate's endpoints or health.
    pub fn is_built_in(&self, path: &RequestPath<'_>) -> bool {
        self.built_in.iter().any(|own| if own.ends_with('/') { path.has_segment_prefix(own) } else { path.is(own) })
    }
}

impl Rules {
    /// What the answers of a site are made from: `messages` are those to show, `end` when it is expected to open, `now`
    /// the time of the change.
    pub fn page_input(
        &self,
        record: &SiteRecord,
        messages: &[Message],
        end: Option<Timestamp>,
        now: Timestamp,
    ) -> PageInput {
        let redirect = record.maintenance.redirect_url.as_ref().or(self.redirect.as_ref());
        PageInput {
            domain: record.site.domain.to_string(),
            name: record.site.name.clone(),
            messages: messages.to_vec(),
            end,
            zone: site::time_zone(&record.site.time_zone).unwrap_or(TimeZone::UTC),
            default_language: self.language.clone(),
            status: self.status,
            retry_after: Some(record.maintenance.retry_after.unwrap_or(self.retry_after)),
            redirect: redirect.and_then(|address| readable(address, &record.site.domain)),
            now,
        }
    }
}

/// A stored address as a redirect. One that an older program took is left out, and said.
fn readable(address: &str, domain: &Domain) -> Option<Redirect> {
    let read = Redirect::parse(address);
    read.inspect_err(|error| log::warn!("Visitors of {domain} get the page and no redirect: {error}.")).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The rules of a server that is installed as it comes, but for a network of its own.
    pub(crate) fn rules() -> Rules {
        Rules {
            built_in: vec!["/admin/".to_owned(), "/healthz".to_owned()],
            internal: NetworkSet::parse_list("10.0.0.0/8").unwrap(),
            trusted: NetworkSet::default(),
            ignored: IgnoredPatterns::default(),
            block_staff: false,
            site_id: None,
            refuses_unknown_sites: false,
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after: 120,
            language: "en".to_owned(),
            redirect: None,
            keeps_records: false,
        }
    }
}
