//! Everything that the decision needs, compiled, immutable, swapped whole.
//!
//! A snapshot is read once per request. A change compiles only the sites that it touched and shares the rest,
//! so a flip among 100,000 sites costs what it costs among ten. Patterns and pages exist only for sites that
//! are closed.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::change::Revision;
use crate::closed::{Closed, ClosedSite};
use crate::maintenance::Phase;
use crate::message::Message;
use crate::page::{PageInput, SitePages};
use crate::record::SiteRecord;
use crate::rules::Rules;
use crate::sharded::ShardedMap;
use crate::site::{Domain, HostError, HostMap, SiteId};
use crate::template::PageTemplates;
use crate::wording::{self, Wording};

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
    /// Kept when the rules say so.
    record: Option<Arc<SiteRecord>>,
}

/// Two compiled states are the same thing when they are of the same site.
impl PartialEq for SiteSnapshot {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl SiteSnapshot {
    /// Compiles the record of a site.
    pub fn compile(record: &SiteRecord, rules: &Arc<Rules>, templates: &Arc<PageTemplates>, now: Timestamp) -> Self {
        let closed = ClosedSite::compile(record, rules, templates, now).map(Box::new);
        let shared = || closed.as_ref().map_or_else(|| Arc::new(record.clone()), |closed| Arc::clone(closed.record()));
        Self {
            id: record.site.id,
            domain: record.site.domain.clone(),
            aliases: record.site.aliases.clone(),
            is_default: record.site.is_default,
            record: rules.keeps_records.then(shared),
            closed,
        }
    }

    /// The closed site at `now`, or `None` while it is open.
    #[inline]
    pub fn closed_at(&self, now: Timestamp) -> Option<Closed<'_>> {
        self.closed.as_deref()?.at(now)
    }

    /// What is known of when the site is closed; `None` when it neither is nor will be.
    pub fn closed(&self) -> Option<&ClosedSite> {
        self.closed.as_deref()
    }

    /// The record that it was compiled from, when the rules say that it is kept.
    pub fn record(&self) -> Option<&SiteRecord> {
        self.record.as_deref()
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
    /// The sites that are closed or will be.
    planned: ShardedMap<SiteId, Arc<SiteSnapshot>>,
    /// From this moment on some site must be compiled anew.
    valid_until: Timestamp,
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
            planned: ShardedMap::default(),
            valid_until: Timestamp::MAX,
            unknown: None,
        }
    }

    /// This snapshot with some sites changed: `None` removes a site. Shares everything else.
    pub fn with(&self, changed: &[(SiteId, Option<SiteRecord>)], revision: Revision, now: Timestamp) -> Self {
        let mut next = Self { revision, ..self.clone() };
        let is_bound = |closed: &ClosedSite| closed.valid_until() <= self.valid_until;
        let sets_bound = |id: &SiteId| self.planned.get(id).and_then(|site| site.closed()).is_some_and(is_bound);
        let loses_bound = self.valid_until < Timestamp::MAX && changed.iter().any(|(id, _)| sets_bound(id));
        // All removals first, so that a name may move from one site to another in one step.
        for (id, _) in changed {
            next.remove(*id);
        }
        for record in changed.iter().filter_map(|(_, record)| record.as_ref()) {
            next.insert(record, now);
        }
        if loses_bound {
            let all = next.planned_sites().filter_map(SiteSnapshot::closed).map(ClosedSite::valid_until);
            next.valid_until = all.min().unwrap_or(Timestamp::MAX);
        }
        next.choose_default();
        next
    }

    /// This snapshot with those sites compiled anew whose windows repeat for longer than was laid out; `None` while
    /// that is not due.
    pub fn renewed(&self, now: Timestamp) -> Option<Self> {
        if now < self.valid_until {
            return None;
        }
        let due = self.planned_sites().filter_map(|site| site.closed()).filter(|closed| closed.valid_until() <= now);
        let due: Vec<_> = due.map(|closed| (closed.record().site.id, Some((**closed.record()).clone()))).collect();
        Some(self.with(&due, self.revision, now))
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

    /// Whether no site is closed or will be, and no host is refused: the flag ahead of everything.
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

    /// The answer to a visitor of no closed site, who is to ask again in a second: one who was kept out of a site that
    /// has opened since.
    pub fn back_soon_pages(&self, now: Timestamp) -> SitePages {
        SitePages::new(&PageTemplates::default(), nobodys_page(&self.rules, Vec::new(), 1, now))
    }

    /// The site for a host: exact domain, then alias, then the longest wildcard, then the default site.
    #[inline]
    pub fn site_for(&self, host: &str) -> Option<&SiteSnapshot> {
        self.named_site(host).or_else(|| self.default_site())
    }

    /// The site for a host as it was read from a request; the default site for a malformed one, none where several are
    /// named: whoever serves the request may go by another of them.
    #[inline]
    pub fn site_of(&self, host: &Result<Cow<'_, str>, HostError>) -> Option<&SiteSnapshot> {
        match host {
            Ok(host) => self.site_for(host),
            Err(HostError::Several) => None,
            Err(_) => self.default_site(),
        }
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

    /// All sites, in no particular order. A site that no change has touched is the same in the next snapshot.
    pub fn sites(&self) -> impl Iterator<Item = &Arc<SiteSnapshot>> {
        self.sites.iter().map(|(_, site)| site)
    }

    /// How many sites are draining, or in maintenance, at `now`.
    pub fn count_closed(&self, phase: Phase, now: Timestamp) -> usize {
        self.closed(now).filter(|(_, closed)| closed.phase() == phase).count()
    }

    /// The sites that are draining or in maintenance at `now`, in no particular order.
    pub fn closed(&self, now: Timestamp) -> impl Iterator<Item = (&SiteSnapshot, Closed<'_>)> {
        self.planned_sites().filter_map(move |site| Some((site, site.closed_at(now)?)))
    }

    /// The sites that are closed or will be, in no particular order.
    pub fn planned_sites(&self) -> impl Iterator<Item = &SiteSnapshot> {
        self.planned.iter().map(|(_, site)| site.as_ref())
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
        if let Some(closed) = site.closed() {
            self.planned.insert(site.id, Arc::clone(&site));
            self.valid_until = self.valid_until.min(closed.valid_until());
        }
        if site.is_default {
            self.marked_default = Some(site.id);
        }
        self.hosts.insert_site(&site.domain, &site.aliases, Arc::clone(&site));
        self.sites.insert(site.id, site);
    }

    fn remove(&mut self, id: SiteId) {
        let Some(site) = self.sites.remove(&id) else { return };
        self.planned.remove(&id);
        if self.marked_default == Some(id) {
            self.marked_default = None;
        }
        self.hosts.remove_site(&site.domain, &site.aliases);
    }

    fn choose_default(&mut self) {
        let only = || (self.sites.len() == 1).then(|| self.sites.iter().next().map(|(id, _)| *id)).flatten();
        let id = self.rules.site_id.or_else(only).or(self.marked_default);
        self.default_site = id.and_then(|id| self.sites.get(&id).cloned());
        self.passes_everything = self.planned.is_empty() && !self.rules.refuses_unknown_sites;
    }
}

/// What the answer is made from while nothing is known.
fn unknown_page(rules: &Rules, now: Timestamp) -> PageInput {
    let message =
        |words: &Wording| Message { language: words.tag.clone(), body: words.not_known.clone(), ..Message::default() };
    let mut messages: Vec<Message> = wording::all().iter().map(message).collect();
    // The first is the fallback.
    messages.sort_by_key(|message| message.language != rules.language);
    nobodys_page(rules, messages, RETRY_AFTER_UNKNOWN, now)
}

/// A page of no site: the built-in one, whatever the settings say of status and redirects, because this is no
/// maintenance that anybody has planned.
fn nobodys_page(rules: &Rules, messages: Vec<Message>, retry_after: u32, now: Timestamp) -> PageInput {
    PageInput {
        domain: String::new(),
        name: String::new(),
        messages,
        end: None,
        zone: TimeZone::UTC,
        default_language: rules.language.clone(),
        status: StatusCode::SERVICE_UNAVAILABLE,
        retry_after: Some(retry_after),
        redirect: None,
        now,
    }
}
