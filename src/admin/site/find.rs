//! Which sites a list shows, and in which order: search, filter, page.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::closed::Closed;
use crate::maintenance::{Level, Phase};
use crate::record::SiteRecord;
use crate::site::{Site, SiteId};
use crate::snapshot::{SiteSnapshot, Snapshot};
use crate::user::Rights;

/// Sites on one page.
pub(in crate::admin) const PAGE_SIZE: usize = 50;

/// Most characters searched for.
const MAX_QUERY_CHARS: usize = 100;

/// What the address of the list says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    /// Words searched for.
    pub(super) q: String,
    /// `maintenance`, `read-only`, `draining` or `scheduled`; anything else shows all.
    pub(super) status: String,
    /// Number of the page, from 1.
    pub(super) page: String,
    /// Anything but empty: with boxes.
    pub(super) select: String,
    /// The ticked ones.
    pub(super) sites: Vec<i64>,
    /// Anything but empty: for a page that shows the list already.
    pub(super) live: String,
}

impl ListQuery {
    /// The words, without what surrounds them.
    pub(super) fn words(&self) -> String {
        self.q.trim().chars().take(MAX_QUERY_CHARS).collect()
    }

    /// The filter in force.
    pub(super) fn only(&self) -> Only {
        match self.status.as_str() {
            "maintenance" => Only::Closed,
            "read-only" => Only::Readable,
            "draining" => Only::Draining,
            "scheduled" => Only::Scheduled,
            _ => Only::All,
        }
    }

    /// Whether the rows have boxes.
    pub(super) fn is_selecting(&self) -> bool {
        !self.select.is_empty()
    }

    /// Whether a page asks that shows the list already, for what has changed.
    pub(super) fn is_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// This list's address below the panel's path, on another page, with boxes or without.
    pub(super) fn on(&self, page: usize, is_selecting: bool) -> String {
        self.with_status(self.only().as_str(), page, is_selecting)
    }

    /// The same with another filter.
    pub(super) fn with_status(&self, status: &str, page: usize, is_selecting: bool) -> String {
        let words = self.words();
        let page = if page > 1 { page.to_string() } else { String::new() };
        address(&[("q", &words), ("status", status), ("page", &page), ("select", if is_selecting { "1" } else { "" })])
    }
}

/// Which sites are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// All.
    All,
    /// Those in maintenance.
    Closed,
    /// Those that are closed for writing only.
    Readable,
    /// Those that let people finish.
    Draining,
    /// Open ones with a window ahead.
    Scheduled,
}

impl Only {
    /// The word in the address; empty for all.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Closed => "maintenance",
            Self::Readable => "read-only",
            Self::Draining => "draining",
            Self::Scheduled => "scheduled",
        }
    }
}

/// A query of those that are not empty, with its question mark; empty when all are.
pub(in crate::admin) fn address(parts: &[(&str, &str)]) -> String {
    let mut address = String::new();
    for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
        let sign = if address.is_empty() { '?' } else { '&' };
        address.push(sign);
        address.push_str(&format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    }
    address
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The sites of the page, in order.
    pub(super) ids: Vec<SiteId>,
    /// How many sites the user has.
    pub(super) total: usize,
    /// How many of them match the words.
    pub(super) matching: usize,
    /// How many of those are in maintenance.
    pub(super) closed: usize,
    /// How many of those are closed for writing only.
    pub(super) read_only: usize,
    /// How many of those are draining.
    pub(super) draining: usize,
    /// How many of those are open and have a window ahead.
    pub(super) scheduled: usize,
    /// When the next window of a site of the page begins, by its place in `ids`; for open sites only.
    pub(super) next: Vec<Option<Timestamp>>,
    /// The page, from 1; the last one when a later one was asked for.
    pub(super) page: usize,
}

/// A site with what it is doing, as this server enforces it.
struct Doing<'s> {
    site: &'s SiteSnapshot,
    closed: Option<Closed<'s>>,
    /// When its next window begins; for an open one only.
    next: Option<Timestamp>,
}

impl<'s> Doing<'s> {
    fn at(now: Timestamp, site: &'s SiteSnapshot) -> Self {
        let closed = site.closed_at(now);
        let next = site.closed().filter(|_| closed.is_none()).and_then(|planned| planned.next_start(now));
        Self { site, closed, next }
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.closed.is_some_and(|closed| closed.phase() == phase)
    }

    fn is_closed(&self, level: Level) -> bool {
        self.is_in(Phase::Maintenance) && self.closed.is_some_and(|closed| closed.level() == level)
    }

    fn is_among(&self, only: Only) -> bool {
        match only {
            Only::All => true,
            Only::Closed => self.is_closed(Level::Full),
            Only::Readable => self.is_closed(Level::ReadOnly),
            Only::Draining => self.is_in(Phase::Draining),
            Only::Scheduled => self.next.is_some(),
        }
    }

    /// Overdue ones first, then those in maintenance, then those that are closed for writing only, then those that drain,
    /// then open ones with a window ahead, then the others.
    fn rank(&self, now: Timestamp) -> impl Ord + use<> {
        let closed = (self.is_closed(Level::Full), self.is_closed(Level::ReadOnly), self.closed.is_some());
        Reverse((self.closed.is_some_and(|closed| closed.is_overdue(now)), closed, self.next.is_some()))
    }
}

/// Finds the sites of a page: by their rank, and each by domain. `named` are those that the words of the query name, when
/// it has any.
pub(super) fn find(
    snapshot: &Snapshot,
    named: Option<&HashSet<SiteId>>,
    rights: &Rights,
    query: &ListQuery,
    now: Timestamp,
) -> Found {
    let is_theirs = theirs(rights);
    let theirs: Vec<&SiteSnapshot> = snapshot.sites().map(Arc::as_ref).filter(|site| is_theirs(site.id)).collect();
    let total = theirs.len();
    let matching = theirs.into_iter().filter(|site| named.is_none_or(|named| named.contains(&site.id)));
    let mut shown: Vec<Doing<'_>> = matching.map(|site| Doing::at(now, site)).collect();
    let matching = shown.len();
    let among = |only: Only| shown.iter().filter(|site| site.is_among(only)).count();
    let (closed, read_only) = (among(Only::Closed), among(Only::Readable));
    let (draining, scheduled) = (among(Only::Draining), among(Only::Scheduled));
    shown.retain(|site| site.is_among(query.only()));
    shown.sort_by_cached_key(|site| (site.rank(now), site.site.domain.to_unicode(), site.site.id));
    let pages = shown.len().div_ceil(PAGE_SIZE).max(1);
    let page = query.page.parse().unwrap_or(1).clamp(1, pages);
    let here = || shown.iter().skip((page - 1) * PAGE_SIZE).take(PAGE_SIZE);
    let (ids, next) = (here().map(|site| site.site.id).collect(), here().map(|site| site.next).collect());
    Found { ids, total, matching, closed, read_only, draining, scheduled, next, page }
}

/// The sites that the words of a query name: by any part of a domain, a name or an alias.
pub(super) fn named(sites: &[Site], words: &str) -> HashSet<SiteId> {
    let needle = needle(words);
    sites.iter().filter(|site| is_match(site, &needle)).map(|site| site.id).collect()
}

impl Found {
    /// When the next window of a site of the page begins; `None` for a closed one.
    pub(super) fn next_of(&self, record: &SiteRecord) -> Option<Timestamp> {
        let place = self.ids.iter().position(|id| *id == record.site.id)?;
        self.next.get(place).copied().flatten()
    }

    /// How many sites are shown on all pages together.
    pub(super) fn shown(&self, query: &ListQuery) -> usize {
        match query.only() {
            Only::All => self.matching,
            Only::Closed => self.closed,
            Only::Readable => self.read_only,
            Only::Draining => self.draining,
            Only::Scheduled => self.scheduled,
        }
    }
}

/// Whether a site is one of somebody's with these rights.
fn theirs(rights: &Rights) -> impl Fn(SiteId) -> bool + use<> {
    let is_in = rights.panel();
    let given = rights.sites.as_ref().filter(|_| !rights.superuser());
    let given: Option<HashSet<SiteId>> = given.map(|sites| sites.iter().copied().collect());
    move |id| is_in && given.as_ref().is_none_or(|given| given.contains(&id))
}

/// What is looked for. Of a whole address, as one may have copied it, the host.
fn needle(words: &str) -> String {
    let host = match words.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => words,
    };
    host.to_lowercase()
}

fn is_match(site: &Site, needle: &str) -> bool {
    site.domain.as_str().contains(needle)
        || site.name.to_lowercase().contains(needle)
        || site.aliases.iter().any(|alias| alias.to_string().contains(needle))
        || (site.domain.as_str().contains("xn--") && site.domain.to_unicode().contains(needle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Revision;
    use crate::maintenance::AtEnd;
    use crate::rules::tests::rules;
    use crate::site::{Alias, Domain};

    const NOW: &str = "2026-11-21T03:00:00Z";

    fn a_record(id: i64, domain: &str, name: &str) -> SiteRecord {
        SiteRecord::new(Site {
            id: SiteId(id),
            domain: Domain::parse(domain).unwrap(),
            name: name.to_owned(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        })
    }

    fn closed(mut record: SiteRecord, end: Option<&str>, at_end: AtEnd) -> SiteRecord {
        record.maintenance.in_maintenance = true;
        record.maintenance.expected_end = end.map(|end| end.parse().unwrap());
        record.maintenance.at_end = at_end;
        record
    }

    fn records() -> Vec<SiteRecord> {
        let mut elsewhere = a_record(6, "bücher.example", "Über uns");
        elsewhere.site.aliases = vec![Alias::parse("www.forum.example.org").unwrap()];
        vec![
            a_record(1, "www.example.com", "Front page"),
            closed(a_record(2, "shop.example.com", ""), None, AtEnd::Remind),
            closed(a_record(3, "wiki.example.com", ""), Some("2026-11-21T02:00:00Z"), AtEnd::Remind),
            closed(a_record(4, "blog.example.com", ""), Some("2026-11-21T02:00:00Z"), AtEnd::Open),
            closed(a_record(5, "api.example.com", ""), Some("2026-11-21T04:00:00Z"), AtEnd::Open),
            elsewhere,
        ]
    }

    fn find_in(records: &[SiteRecord], rights: &Rights, query: &ListQuery) -> Found {
        let now = NOW.parse().unwrap();
        let snapshot = Snapshot::build(records, Revision(1), Arc::new(rules()), Arc::default(), now);
        let sites: Vec<Site> = records.iter().map(|record| record.site.clone()).collect();
        let named = (!query.words().is_empty()).then(|| named(&sites, &query.words()));
        find(&snapshot, named.as_ref(), rights, query, now)
    }

    fn superuser() -> Rights {
        Rights { is_active: true, is_staff: true, is_superuser: true, sites: None }
    }

    fn ids(rights: &Rights, q: &str, status: &str) -> Vec<i64> {
        let query = ListQuery { q: q.into(), status: status.into(), ..ListQuery::default() };
        find_in(&records(), rights, &query).ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn overdue_sites_come_first_then_closed_ones_then_open_ones_each_by_domain() {
        assert_eq!(ids(&superuser(), "", ""), [3, 5, 2, 4, 6, 1]);
        assert_eq!(ids(&superuser(), "", "maintenance"), [3, 5, 2]);
        assert_eq!(ids(&superuser(), "", "nonsense"), [3, 5, 2, 4, 6, 1]);
    }

    #[test]
    fn a_site_that_is_closed_for_writing_only_comes_after_those_in_maintenance_and_has_a_filter_of_its_own() {
        let mut records = records();
        records[4].maintenance.level = Level::ReadOnly;
        let found = |status: &str| {
            let query = ListQuery { status: status.into(), ..ListQuery::default() };
            find_in(&records, &superuser(), &query)
        };
        let ids = |status: &str| found(status).ids.iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!((ids(""), ids("maintenance"), ids("read-only")), (vec![3, 2, 5, 4, 6, 1], vec![3, 2], vec![5]));
        assert_eq!((found("").closed, found("").read_only), (2, 1));
    }

    #[test]
    fn any_part_of_a_name_finds_a_site_whatever_its_case_or_script() {
        for (words, found) in [
            ("SHOP", vec![2]),
            ("front", vec![1]),
            ("bücher", vec![6]),
            ("xn--bcher", vec![6]),
            ("ÜBER", vec![6]),
            ("forum", vec![6]),
            ("https://wiki.example.com/cart?x", vec![3]),
            (" .example.com ", vec![3, 5, 2, 4, 1]),
            ("nowhere", vec![]),
        ] {
            assert_eq!(ids(&superuser(), words, ""), found, "{words}");
        }
    }

    #[test]
    fn people_find_their_own_sites_only() {
        let limited = Rights { is_superuser: false, sites: Some(vec![SiteId(1), SiteId(3)]), ..superuser() };
        assert_eq!(ids(&limited, "", ""), [3, 1]);
        assert_eq!(ids(&limited, "shop", ""), [0; 0]);
        assert_eq!(ids(&Rights { sites: None, ..limited.clone() }, "shop", ""), [2]);
        assert_eq!(ids(&Rights { is_active: false, ..limited }, "", ""), [0; 0]);
    }

    #[test]
    fn counts_are_those_of_the_search_and_a_page_beyond_the_last_is_the_last() {
        let many: Vec<SiteRecord> = (1..=120).map(|id| a_record(id, &format!("s{id:03}.example.com"), "")).collect();
        let query = |page: &str| ListQuery { page: page.into(), ..ListQuery::default() };
        for (page, number, first, count) in
            [("", 1, 1, 50), ("2", 2, 51, 50), ("3", 3, 101, 20), ("99", 3, 101, 20), ("0", 1, 1, 50), ("x", 1, 1, 50)]
        {
            let found = find_in(&many, &superuser(), &query(page));
            assert_eq!((found.page, found.ids[0].0, found.ids.len()), (number, first, count), "page {page}");
        }
        let query = ListQuery { q: "example.com".into(), ..ListQuery::default() };
        let found = find_in(&records(), &superuser(), &query);
        assert_eq!((found.total, found.matching, found.closed), (6, 5, 3));
    }

    #[test]
    fn an_address_holds_what_is_set_and_nothing_else() {
        let query = ListQuery { q: " ü&b ".into(), status: "maintenance".into(), ..ListQuery::default() };
        assert_eq!(query.on(1, false), "?q=%C3%BC%26b&status=maintenance");
        assert_eq!(query.with_status("", 2, true), "?q=%C3%BC%26b&page=2&select=1");
        assert_eq!(ListQuery::default().on(1, false), "");
    }
}
