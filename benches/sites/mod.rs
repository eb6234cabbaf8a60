//! Sites to measure with, without a database.

use std::sync::Arc;

use actix_web::http::StatusCode;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maintenance_mode::change::Revision;
use maintenance_mode::network::NetworkSet;
use maintenance_mode::pattern::IgnoredPatterns;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::rules::{CHECK_PATH, Rules};
use maintenance_mode::schedule::{Moment, Schedule};
use maintenance_mode::site::{Domain, Site, SiteId};
use maintenance_mode::snapshot::Snapshot;
use maintenance_mode::template::PageTemplates;
use maintenance_mode::window::{Window, WindowId};

/// The site that every measured request is for.
pub const HOST: &str = "forum.example.com";

/// What Firefox says that it takes.
pub const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The languages of a visitor from Austria.
pub const ACCEPT_LANGUAGE: &str = "de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3";

/// A moment within the maintenance.
pub fn now() -> Timestamp {
    "2026-11-21T03:12:04Z".parse().expect("this is a time")
}

/// The rules of a server that is installed as it comes, but for a network of its own.
pub fn rules() -> Rules {
    Rules {
        built_in: ["/healthz", "/readyz", "/metrics", "/admin/"].map(str::to_owned).to_vec(),
        internal: NetworkSet::parse_list("10.0.0.0/8").expect("this is a network"),
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

/// The same for a server that a web server on this machine asks.
pub fn rules_behind_a_proxy() -> Rules {
    let trusted = NetworkSet::parse_list("127.0.0.1").expect("this is a network");
    let mut rules = Rules { trusted, ..rules() };
    rules.built_in.push(CHECK_PATH.to_owned());
    rules
}

/// An open site.
pub fn a_site(id: i64, domain: &str) -> SiteRecord {
    SiteRecord::new(Site {
        id: SiteId(id),
        domain: Domain::parse(domain).expect("this is a domain"),
        name: String::new(),
        aliases: Vec::new(),
        is_default: false,
        is_protected: false,
        time_zone: "UTC".to_owned(),
    })
}

/// The same site in maintenance.
pub fn closed(mut site: SiteRecord) -> SiteRecord {
    site.maintenance.in_maintenance = true;
    site.maintenance.since = Some(now());
    site
}

/// The same site with so many windows ahead, an hour each with an hour between, and with one that runs if it is to.
pub fn with_windows(mut site: SiteRecord, count: usize, runs: bool) -> SiteRecord {
    let hours = |hours: i64| now() + SignedDuration::from_hours(hours);
    let window = |id: i64, from: i64| {
        let moment = |at| Moment::new(at, TimeZone::UTC);
        let schedule = Schedule::Once { start: moment(hours(from)), end: Some(moment(hours(from + 1))) };
        Window { id: WindowId(id), notice_minutes: 30, ..Window::new(schedule) }
    };
    // Ahead of the wall clock as well, for those who measure with a whole gate.
    let first = if runs { 0 } else { 100_000 };
    site.windows = (0..count as i64).map(|id| window(id + 1, first + 2 * id)).collect();
    site
}

/// The same site with so many ignored patterns: regexes, with whole paths and prefixes among them.
///
/// They begin alike, so that a path such as [`NEAR_MISS`] cannot be told from them by its first letters.
pub fn with_patterns(mut site: SiteRecord, count: usize) -> SiteRecord {
    site.patterns = (0..count).map(pattern).collect();
    site
}

/// A path that is nearly one of [`with_patterns`].
pub const NEAR_MISS: &str = "/section-7/items/latest/";

/// A path that is one of [`with_patterns`], whatever their number.
pub const HIT: &str = "/section-0/2026/";

fn pattern(number: usize) -> IgnoredPattern {
    let (kind, pattern) = match number % 10 {
        8 => (PatternKind::Exact, format!("/section-{number}/feed.xml")),
        9 => (PatternKind::Prefix, format!("/section-{number}/static")),
        _ => (PatternKind::Regex, format!(r"^section-{number}/\d+/$")),
    };
    IgnoredPattern { kind, pattern, description: String::new() }
}

/// So many open sites: [`HOST`], then others.
pub fn sites(count: usize) -> Vec<SiteRecord> {
    let others = (2..=count).map(|number| a_site(number as i64, &format!("www.site-{number}.example")));
    std::iter::once(a_site(1, HOST)).chain(others).collect()
}

/// The snapshot of these sites.
pub fn snapshot(records: &[SiteRecord]) -> Snapshot {
    snapshot_by(rules(), records)
}

/// The same by these rules.
pub fn snapshot_by(rules: Rules, records: &[SiteRecord]) -> Snapshot {
    Snapshot::build(records, Revision(1), Arc::new(rules), Arc::new(PageTemplates::default()), now())
}
