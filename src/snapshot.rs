//! Everything that the decision needs, compiled, immutable, swapped whole.
//!
//! A snapshot is read once per request. A change compiles only the sites that it touched and shares the rest,
//! so a flip among 100,000 sites costs what it costs among ten. Patterns and pages exist only for sites that
//! can be closed.

use std::sync::Arc;

use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::change::Revision;
use crate::maintenance::MaintenanceRecord;
use crate::message::Message;
use crate::network::NetworkSet;
use crate::page::{PageInput, SitePages};
use crate::path::RequestPath;
use crate::pattern::{IgnoredPattern, PatternError, PatternSet};
use crate::record::SiteRecord;
use crate::response::Redirect;
use crate::sharded::ShardedMap;
use crate::site::{self, Domain, HostMap, SiteId};
use crate::tally::SiteCounts;
use crate::template::PageTemplates;
use crate::wording::{self, Wording};

/// Rules that come from the settings and are the same for every site.
#[derive(Debug)]
pub struct Rules {
    /// Paths that always pass, by whole segment: the panel, the gate's endpoints, health. No slash at the end.
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
}

impl Rules {
    /// Whether a path belongs to the panel, the gate's endpoints or health, by whole segment.
    pub fn is_built_in(&self, path: &RequestPath<'_>) -> bool {
        self.built_in.iter().any(|prefix| path.has_segment_prefix(prefix))
    }
}

impl Rules {
    /// What the answers of a site are made from. `now` is the time of the change.
    pub fn page_input(&self, record: &SiteRecord, now: Timestamp) -> PageInput {
        let redirect = record.maintenance.redirect_url.as_ref().or(self.redirect.as_ref());
        PageInput {
            domain: record.site.domain.to_string(),
            name: record.site.name.clone(),
            messages: record.messages.clone(),
            end: record.maintenance.expected_end,
            zone: site::time_zone(&record.site.time_zone).unwrap_or(TimeZone::UTC),
            default_language: self.language.clone(),
            status: self.status,
            retry_after: Some(record.maintenance.retry_after.unwrap_or(self.retry_after)),
            redirect: redirect.and_then(|target| Redirect::parse(target)),
            now,
        }
    }
}

/// Ignored patterns with their compiled form.
#[derive(Debug, Default)]
pub struct IgnoredPatterns {
    rows: Vec<IgnoredPattern>,
    set: PatternSet,
}

impl IgnoredPatterns {
    /// Compiles rows.
    ///
    /// # Errors
    /// When a row does not compile, or all together cost too much.
    pub fn compile(rows: Vec<IgnoredPattern>) -> Result<Self, PatternError> {
        let set = PatternSet::compile(&rows)?;
        Ok(Self { rows, set })
    }

    /// Compiles the rows that can be, and says which cannot: those let nothing through.
    pub fn compile_valid(rows: Vec<IgnoredPattern>) -> (Self, Vec<(usize, PatternError)>) {
        let (set, left_out) = PatternSet::compile_valid(&rows);
        (Self { rows, set }, left_out)
    }

    /// The row that matches the path, if any.
    pub fn find(&self, path: &RequestPath<'_>) -> Option<&IgnoredPattern> {
        self.set.find(path).and_then(|row| self.rows.get(row))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// One site, as the gate sees it.
#[derive(Debug)]
pub struct SiteSnapshot {
    /// Key.
    pub id: SiteId,
    /// Its domain.
    pub domain: Domain,
    aliases: Vec<crate::site::Alias>,
    is_default: bool,
    closed: Option<Box<ClosedSite>>,
}

/// What only a site needs whose box is ticked.
#[derive(Debug)]
pub struct ClosedSite {
    /// The record: since when, until when, by whom.
    pub maintenance: MaintenanceRecord,
    /// Addresses that pass this site.
    pub networks: NetworkSet,
    /// Paths that pass this site.
    pub ignored: IgnoredPatterns,
    /// The answers, ready to send.
    pub pages: SitePages,
    /// Where its requests are counted.
    pub counts: SiteCounts,
}

/// Two compiled states are the same thing when they are of the same site.
impl PartialEq for SiteSnapshot {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl SiteSnapshot {
    /// Compiles the record of a site.
    ///
    /// A pattern that does not compile, which saving refuses, lets nothing through; the others stay in force.
    pub fn compile(record: &SiteRecord, rules: &Rules, templates: &PageTemplates, now: Timestamp) -> Self {
        let closed = record.maintenance.in_maintenance.then(|| {
            let (ignored, left_out) = IgnoredPatterns::compile_valid(record.patterns.clone());
            for (row, error) in left_out {
                log::error!("Ignored pattern {} of {} is left out: {error}", row + 1, record.site.domain);
            }
            Box::new(ClosedSite {
                maintenance: record.maintenance.clone(),
                networks: record.networks.iter().map(|row| row.network).collect(),
                ignored,
                pages: SitePages::new(templates, rules.page_input(record, now)),
                counts: SiteCounts::default(),
            })
        });
        Self {
            id: record.site.id,
            domain: record.site.domain.clone(),
            aliases: record.site.aliases.clone(),
            is_default: record.site.is_default,
            closed,
        }
    }

    /// What holds the site closed at `now`, or `None` when it is open.
    #[inline]
    pub fn closed_at(&self, now: Timestamp) -> Option<&ClosedSite> {
        self.closed.as_deref().filter(|closed| closed.maintenance.box_holds(now))
    }

    /// The compiled state of a ticked box, whether or not it still holds.
    pub fn closed(&self) -> Option<&ClosedSite> {
        self.closed.as_deref()
    }

    /// Whether this host is the site's own domain or one of its aliases.
    pub fn is_for(&self, host: &str) -> bool {
        self.domain.as_str() == host || self.aliases.iter().any(|alias| alias.covers(host))
    }
}

/// The state of all sites at one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    revision: Revision,
    rules: Arc<Rules>,
    templates: Arc<PageTemplates>,
    hosts: HostMap<Arc<SiteSnapshot>>,
    sites: ShardedMap<SiteId, Arc<SiteSnapshot>>,
    marked_default: Option<SiteId>,
    default_site: Option<Arc<SiteSnapshot>>,
    closed: ShardedMap<SiteId, Arc<SiteSnapshot>>,
    unknown: Option<Unknown>,
    passes_everything: bool,
}

/// What happens to requests while the state of the sites is not known.
#[derive(Debug, Clone)]
enum Unknown {
    /// They are held, with this answer.
    Hold(Arc<SitePages>),
    /// They pass.
    Pass,
}

/// Seconds for `Retry-After` while the state is not known: it may be at any moment.
const RETRY_AFTER_UNKNOWN: u32 = 10;

impl Snapshot {
    /// Compiles all sites.
    pub fn build(
        records: &[SiteRecord],
        revision: Revision,
        rules: Arc<Rules>,
        templates: Arc<PageTemplates>,
        now: Timestamp,
    ) -> Self {
        let mut snapshot = Self::empty(revision, rules, templates);
        for record in records {
            snapshot.insert(record, now);
        }
        snapshot.choose_default();
        snapshot
    }

    /// Nothing is known of any site, so every request is held but for the built-in paths: an answer that cannot be
    /// given must not open a closed site.
    pub fn unknown_held(rules: Arc<Rules>, templates: Arc<PageTemplates>, now: Timestamp) -> Self {
        let pages = SitePages::new(&PageTemplates::default(), unknown_page(&rules, now));
        let unknown = Some(Unknown::Hold(Arc::new(pages)));
        Self { unknown, passes_everything: false, ..Self::empty(Revision(0), rules, templates) }
    }

    /// Nothing is known of any site, and every request passes.
    pub fn unknown_passed(rules: Arc<Rules>, templates: Arc<PageTemplates>) -> Self {
        Self { unknown: Some(Unknown::Pass), passes_everything: true, ..Self::empty(Revision(0), rules, templates) }
    }

    fn empty(revision: Revision, rules: Arc<Rules>, templates: Arc<PageTemplates>) -> Self {
        Self {
            revision,
            passes_everything: !rules.refuses_unknown_sites,
            rules,
            templates,
            hosts: HostMap::default(),
            sites: ShardedMap::default(),
            marked_default: None,
            default_site: None,
            closed: ShardedMap::default(),
            unknown: None,
        }
    }

    /// This snapshot with some sites changed: `None` removes a site. Shares everything else.
    pub fn with(&self, changed: &[(SiteId, Option<SiteRecord>)], revision: Revision, now: Timestamp) -> Self {
        let mut next = Self { revision, ..self.clone() };
        // All removals first, so that a name may move from one site to another in one step.
        for (id, _) in changed {
            next.remove(*id);
        }
        for record in changed.iter().filter_map(|(_, record)| record.as_ref()) {
            next.insert(record, now);
        }
        next.choose_default();
        next
    }

    /// The revision that this snapshot enforces.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The rules of the settings.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The templates that the pages were made with.
    pub fn templates(&self) -> &Arc<PageTemplates> {
        &self.templates
    }

    /// Whether no site is closed and no host is refused: the flag ahead of everything.
    #[inline]
    pub fn passes_everything(&self) -> bool {
        self.passes_everything
    }

    /// Whether the state of the sites is known: not when the server has started with neither database nor mirror.
    pub fn is_known(&self) -> bool {
        self.unknown.is_none()
    }

    /// The answer to every request while nothing is known of any site and requests are held.
    pub fn unknown_pages(&self) -> Option<&SitePages> {
        match &self.unknown {
            Some(Unknown::Hold(pages)) => Some(pages),
            Some(Unknown::Pass) | None => None,
        }
    }

    /// The site for a host: exact domain, then alias, then the longest wildcard, then the default site.
    #[inline]
    pub fn site_for(&self, host: &str) -> Option<&SiteSnapshot> {
        self.named_site(host).or_else(|| self.default_site())
    }

    /// The site that bears this host as domain or alias; no site stands in for an unknown one.
    pub fn named_site(&self, host: &str) -> Option<&SiteSnapshot> {
        self.hosts.get(host).map(Arc::as_ref)
    }

    /// The site that stands in for unknown hosts: `SITE_ID`, else the only one, else the one marked default.
    pub fn default_site(&self) -> Option<&SiteSnapshot> {
        self.default_site.as_deref()
    }

    /// A site by key.
    pub fn site(&self, id: SiteId) -> Option<&SiteSnapshot> {
        self.sites.get(&id).map(Arc::as_ref)
    }

    /// How many sites have their box ticked.
    pub fn closed_sites(&self) -> usize {
        self.closed.len()
    }

    /// The sites whose box is ticked, in no particular order; open ones cost nothing.
    pub fn closed(&self) -> impl Iterator<Item = &SiteSnapshot> {
        self.closed.iter().map(|(_, site)| site.as_ref())
    }

    /// The sites that are closed at `now`: those whose box is ticked and still holds.
    pub fn closed_at(&self, now: Timestamp) -> impl Iterator<Item = &SiteSnapshot> {
        self.closed().filter(move |site| site.closed_at(now).is_some())
    }

    /// Keys of all sites, in no particular order.
    pub fn ids(&self) -> impl Iterator<Item = &SiteId> {
        self.sites.iter().map(|(id, _)| id)
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether there is no site at all.
    pub fn is_empty(&self) -> bool {
        self.sites.len() == 0
    }

    fn insert(&mut self, record: &SiteRecord, now: Timestamp) {
        let site = Arc::new(SiteSnapshot::compile(record, &self.rules, &self.templates, now));
        if site.closed.is_some() {
            self.closed.insert(site.id, Arc::clone(&site));
        }
        if site.is_default {
            self.marked_default = Some(site.id);
        }
        self.hosts.insert_site(&site.domain, &site.aliases, Arc::clone(&site));
        self.sites.insert(site.id, site);
    }

    fn remove(&mut self, id: SiteId) {
        let Some(site) = self.sites.remove(&id) else { return };
        self.closed.remove(&id);
        if self.marked_default == Some(id) {
            self.marked_default = None;
        }
        self.hosts.remove_site(&site.domain, &site.aliases);
    }

    fn choose_default(&mut self) {
        let only = || (self.sites.len() == 1).then(|| self.sites.iter().next().map(|(id, _)| *id)).flatten();
        let id = self.rules.site_id.or_else(only).or(self.marked_default);
        self.default_site = id.and_then(|id| self.sites.get(&id).cloned());
        self.passes_everything = self.closed.is_empty() && !self.rules.refuses_unknown_sites;
    }
}

/// What the answer is made from while nothing is known: the built-in page, whatever the settings say of status and
/// redirects, because this is no maintenance that anybody has planned.
fn unknown_page(rules: &Rules, now: Timestamp) -> PageInput {
    let message =
        |words: &Wording| Message { language: words.tag.clone(), body: words.not_known.clone(), ..Message::default() };
    let mut messages: Vec<Message> = wording::all().iter().map(message).collect();
    // The first is the fallback.
    messages.sort_by_key(|message| message.language != rules.language);
    PageInput {
        domain: String::new(),
        name: String::new(),
        messages,
        end: None,
        zone: TimeZone::UTC,
        default_language: rules.language.clone(),
        status: StatusCode::SERVICE_UNAVAILABLE,
        retry_after: Some(RETRY_AFTER_UNKNOWN),
        redirect: None,
        now,
    }
}
