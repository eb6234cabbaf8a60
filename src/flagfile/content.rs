//! What the files of one site hold at a moment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use actix_web::http::Method;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::layout::{Layout, SiteFile, retry_after_step};
use crate::closed::Closed;
use crate::maintenance::{Level, Phase};
use crate::page::SitePages;
use crate::record::SiteRecord;
use crate::response::{Kind, MAX_RETRY_AFTER, RETRY_AFTER_STEPS};
use crate::snapshot::{SiteSnapshot, Snapshot};
use crate::webserver::{LeftOut, RuleFile, SiteRules};

/// How often `Retry-After` follows the end as it nears.
const REFRESH_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// The files of one site at one moment.
#[derive(Debug)]
pub(super) struct Contents {
    /// The flag in force, if any.
    pub(super) flag: Option<PathBuf>,
    /// Flags and markers that must not be there.
    pub(super) absent: Vec<PathBuf>,
    /// Rules for web servers, which these read only when they are told to.
    pub(super) rules: BTreeMap<PathBuf, Bytes>,
    /// All other files.
    pub(super) others: BTreeMap<PathBuf, Bytes>,
    /// The next moment at which they change by themselves.
    pub(super) changes_at: Timestamp,
    /// Patterns that some web server could not be told.
    pub(super) left_out: Vec<LeftOut>,
}

impl Contents {
    /// The files of a site; `None` when its record is not kept.
    pub(super) fn of(snapshot: &Snapshot, site: &SiteSnapshot, layout: &Layout, now: Timestamp) -> Option<Self> {
        let record = site.record()?;
        let closed = in_maintenance(site, now);
        let made;
        let pages = match &closed {
            Some(closed) => closed.pages(),
            None => {
                let input = snapshot.rules().page_input(record, &record.messages, None, now);
                made = SitePages::new(snapshot.templates(), input);
                &made
            }
        };
        let flag = closed.as_ref().map(|closed| layout.path(flag_of(closed)));
        let end_ahead = closed.as_ref().and_then(|closed| closed.end_ahead(now));
        let retry_after = pages.retry_after(now);
        let marker = end_ahead.map(|_| layout.path(SiteFile::RetryAfterStep(retry_after_step(retry_after))));
        let mut others = bodies(pages, layout, now);
        others.insert(layout.path(SiteFile::RetryAfter), Bytes::from(retry_after.to_string()));
        others.extend(marker.map(|marker| (marker, Bytes::new())));
        let (rules, left_out) = rules(snapshot, record);
        let rules = rules.into_iter().map(|file| (layout.path(SiteFile::Rules(file.ending)), Bytes::from(file.text)));
        let may_be = toggles(layout);
        let absent = may_be.filter(|path| flag.as_ref() != Some(path) && !others.contains_key(path)).collect();
        let changes_at = changes_at(site, closed.as_ref(), now);
        Some(Self { flag, absent, rules: rules.collect(), others, changes_at, left_out })
    }

    /// Every file that may belong to the site as it is now, the absent ones included.
    pub(super) fn names(&self) -> impl Iterator<Item = &PathBuf> {
        self.flag.iter().chain(&self.absent).chain(self.rules.keys()).chain(self.others.keys())
    }
}

/// Which flag is in force on a site, if any.
pub(super) fn flag_in_force(site: &SiteSnapshot, now: Timestamp) -> Option<SiteFile<'static>> {
    in_maintenance(site, now).map(|closed| flag_of(&closed))
}

/// A site that drains has no flag yet.
fn in_maintenance(site: &SiteSnapshot, now: Timestamp) -> Option<Closed<'_>> {
    site.closed_at(now).filter(|closed| closed.phase() == Phase::Maintenance)
}

fn flag_of(closed: &Closed<'_>) -> SiteFile<'static> {
    match closed.level() {
        Level::Full => SiteFile::Flag,
        Level::ReadOnly => SiteFile::ReadOnlyFlag,
    }
}

/// Files that come and go.
fn toggles(layout: &Layout) -> impl Iterator<Item = PathBuf> + use<'_> {
    let markers = RETRY_AFTER_STEPS.into_iter().map(SiteFile::RetryAfterStep);
    [SiteFile::Flag, SiteFile::ReadOnlyFlag].into_iter().chain(markers).map(|file| layout.path(file))
}

fn bodies(pages: &SitePages, layout: &Layout, now: Timestamp) -> BTreeMap<PathBuf, Bytes> {
    let mut bodies = BTreeMap::new();
    for language in std::iter::once(None).chain(pages.languages().map(Some)) {
        let page = |method| pages.body(Kind::Html, &method, language, now);
        bodies.insert(layout.path(SiteFile::Page(language)), page(Method::GET));
        bodies.insert(layout.path(SiteFile::UnsentPage(language)), page(Method::POST));
    }
    for (file, kind) in [(SiteFile::Problem, Kind::Problem), (SiteFile::Text, Kind::Text)] {
        bodies.insert(layout.path(file), pages.body(kind, &Method::GET, None, now));
    }
    bodies
}

fn rules(snapshot: &Snapshot, record: &SiteRecord) -> (Vec<RuleFile>, Vec<LeftOut>) {
    let settings = snapshot.rules();
    let networks = settings.internal.iter().copied();
    let site = SiteRules {
        id: record.site.id,
        domain: &record.site.domain,
        ignored: record.patterns.iter().chain(settings.ignored.rows()).collect(),
        networks: networks.chain(record.networks.iter().map(|row| row.network)).collect(),
        retry_after: record.maintenance.retry_after.unwrap_or(settings.retry_after),
    };
    site.files()
}

/// The next change of the site by itself, or of its `Retry-After` once that follows the end.
fn changes_at(site: &SiteSnapshot, closed: Option<&Closed<'_>>, now: Timestamp) -> Timestamp {
    let by_itself = site.closed().map_or(Timestamp::MAX, |planned| planned.next_told_change(now));
    let Some(end) = closed.and_then(|closed| closed.end_ahead(now)) else { return by_itself };
    let longest = SignedDuration::from_secs(i64::try_from(MAX_RETRY_AFTER).expect("an hour"));
    let nears = end.checked_sub(longest).unwrap_or(now).max(now + REFRESH_EVERY);
    by_itself.min(nears)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::super::layout::FlagPath;
    use super::*;
    use crate::cause::CauseId;
    use crate::change::Revision;
    use crate::config::Settings;
    use crate::drain::Drain;
    use crate::message::Message;
    use crate::site::{Domain, Site, SiteId};
    use crate::template::PageTemplates;

    const NOW: &str = "2026-11-21T03:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn record() -> SiteRecord {
        SiteRecord::new(Site {
            id: SiteId(1),
            domain: Domain::parse("shop.example.com").unwrap(),
            name: "Shop".to_owned(),
            aliases: Vec::new(),
            is_default: true,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        })
    }

    fn closed_until(end: Option<&str>, level: Level) -> SiteRecord {
        let mut record = record();
        record.maintenance.in_maintenance = true;
        record.maintenance.since = Some(at("2026-11-21T02:00:00Z"));
        record.maintenance.expected_end = end.map(at);
        record.maintenance.level = level;
        record
    }

    /// The files by what follows the flag's name.
    fn files(record: &SiteRecord, now: &str) -> (Contents, BTreeMap<String, String>) {
        let settings = Settings::from_environment().unwrap();
        let settings = settings.with("MAINTENANCE_FILE", "/srv/{domain}/on").unwrap();
        let rules = Arc::new(settings.gate.rules().unwrap());
        let snapshot = Snapshot::build(
            std::slice::from_ref(record),
            Revision(1),
            rules,
            Arc::new(PageTemplates::default()),
            at(now),
        );
        let site = snapshot.site(SiteId(1)).unwrap();
        let layout = FlagPath::parse("/srv/{domain}/on").unwrap().of(site.id, &site.domain).unwrap();
        let contents = Contents::of(&snapshot, site, &layout, at(now)).unwrap();
        let all = contents.flag.iter().map(|flag| (flag, &[][..]));
        let all = all.chain(contents.rules.iter().chain(&contents.others).map(|(path, body)| (path, body.as_ref())));
        let named = all.map(|(path, body)| {
            let name = path.strip_prefix("/srv/shop.example.com").unwrap().to_str().unwrap().to_owned();
            (name, String::from_utf8(body.to_vec()).unwrap())
        });
        let named = named.collect();
        (contents, named)
    }

    #[test]
    fn an_open_site_has_its_page_ready_and_no_flag() {
        let (contents, files) = files(&record(), NOW);
        assert_eq!(contents.flag, None);
        assert!(contents.absent.contains(&Path::new("/srv/shop.example.com/on").to_owned()));
        for name in ["on.html", "on.unsent.html", "on.de.html", "on.unsent.de.html", "on.json", "on.txt"] {
            assert!(files[name].contains("Shop") || name == "on.json", "{name}: {}", files[name]);
        }
        assert_eq!(files["on.retry-after"], "120");
        for ending in crate::webserver::ENDINGS {
            assert!(files.contains_key(&format!("on.{ending}")), "{ending}");
        }
        assert!(!files.keys().any(|name| name.starts_with("on.retry-after-")));
        assert_eq!(contents.changes_at, Timestamp::MAX);
        assert_ne!(files["on.html"], files["on.unsent.html"]);
    }

    #[test]
    fn a_closed_site_has_its_flag_and_its_end() {
        let (contents, files) = files(&closed_until(Some("2026-11-21T03:10:30Z"), Level::Full), NOW);
        assert_eq!(contents.flag.as_deref(), Some(Path::new("/srv/shop.example.com/on")));
        assert!(files["on.html"].contains("03:10") && files["on.json"].contains("\"retry_after\":630"));
        assert_eq!(files["on.retry-after"], "630");
        let markers: Vec<_> = files.keys().filter(|name| name.starts_with("on.retry-after-")).collect();
        assert_eq!(markers, ["on.retry-after-600"]);
        assert_eq!(contents.changes_at, at("2026-11-21T03:00:10Z"));
    }

    #[test]
    fn an_end_far_away_is_not_followed_before_it_counts() {
        let (contents, files) = files(&closed_until(Some("2026-11-21T07:00:00Z"), Level::Full), NOW);
        assert_eq!(files["on.retry-after"], "3600");
        assert_eq!(contents.changes_at, at("2026-11-21T06:00:00Z"));
    }

    #[test]
    fn a_site_that_is_closed_for_writing_has_the_other_flag() {
        let (contents, _) = files(&closed_until(None, Level::ReadOnly), NOW);
        assert_eq!(contents.flag.as_deref(), Some(Path::new("/srv/shop.example.com/on.read-only")));
        assert!(contents.absent.contains(&Path::new("/srv/shop.example.com/on").to_owned()));
        assert_eq!(contents.changes_at, Timestamp::MAX);
    }

    #[test]
    fn a_site_that_is_draining_has_no_flag_until_it_closes() {
        let mut record = closed_until(None, Level::Full);
        let (started_at, deadline) = (at("2026-11-21T02:00:00Z"), at("2026-11-21T03:05:00Z"));
        record.drains.push(Drain { cause: CauseId::Box, started_at, deadline, end: None });
        let (contents, _) = files(&record, NOW);
        assert_eq!((contents.flag, contents.changes_at), (None, deadline));
        assert!(files(&record, "2026-11-21T03:05:00Z").0.flag.is_some());
    }

    #[test]
    fn a_site_with_messages_has_a_page_for_each_of_their_languages_alone() {
        let mut record = record();
        for (language, body) in [("fr", "Bientôt."), ("pt-BR", "Já volta.")] {
            let [language, body] = [language, body].map(str::to_owned);
            record.messages.push(Message { language, body, ..Message::default() });
        }
        let (_, files) = files(&record, NOW);
        assert!(files["on.html"].contains("Bientôt.") && files["on.pt-BR.html"].contains("Já volta."));
        assert!(!files.contains_key("on.de.html"));
    }
}
