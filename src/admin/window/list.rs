//! The list of windows.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::drawing::draw;
use super::entries::{Entry, Group, entries};
use super::owners::ALL_SITES;
use super::words::{named, repeats};
use crate::admin::error::PanelError;
use crate::admin::fields::Fields;
use crate::admin::own::Operator;
use crate::admin::page::{Link, Moment, Pager, SchedulePage, Section, Span, WindowRow};
use crate::admin::panel::Panel;
use crate::admin::site::{PAGE_SIZE, address};
use crate::admin::words::count;
use crate::clock;
use crate::maintenance::Level;
use crate::site::SiteId;
use crate::storage::SiteLine;
use crate::window::Window;

/// Shows a page of the list. `site` in the address is the key of the only site that is shown.
pub(in crate::admin) async fn list(
    panel: Data<Panel>,
    req: HttpRequest,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let query = Fields::read(req.query_string().as_bytes()).unwrap_or_default();
    let only = query.text("site").parse().ok().map(SiteId);
    if let Some(site) = only {
        panel.need_staff_of(&operator, site).await?;
    }
    let (rights, now, zone) = (operator.rights().clone(), clock::now(), panel.zone());
    let (lines, shared) = panel
        .read(move |reader| {
            let mut lines = reader.site_lines()?;
            lines.retain(|line| rights.staff_of(line.id) && only.is_none_or(|only| only == line.id));
            Ok((lines, reader.window_shared()?))
        })
        .await?;
    let shared: &[Window] = if lines.is_empty() { &[] } else { &shared };
    let all = entries(&lines, shared, now);
    let pages = all.len().div_ceil(PAGE_SIZE).max(1);
    let page = query.text("page").parse().unwrap_or(1).clamp(1, pages);
    let before = (page - 1) * PAGE_SIZE;
    let shown: Vec<Entry<'_>> = all.iter().skip(before).take(PAGE_SIZE).copied().collect();
    let rows = Rows { base: panel.base(), is_superuser: operator.rights().superuser(), lines: &lines, now };
    let group = |group| shown.iter().filter(|entry| entry.group == group).map(|entry| rows.row(entry)).collect();
    let site = only.and_then(|only| lines.iter().find(|line| line.id == only));
    let here = Here { base: panel.base(), site: only };
    let page = SchedulePage {
        site: site
            .map(|line| Link { label: line.domain.to_unicode(), href: format!("{}sites/{}/", panel.base(), line.id) }),
        running: group(Group::Running),
        ahead: group(Group::Ahead),
        over: group(Group::Over),
        timeline: draw(&shown, &zone, now),
        zone: zone_name(&zone),
        pager: here.pager(page, before, shown.len(), all.len()),
        add_href: here.add(),
        back: format!("schedule/{}", here.query(page)),
        total: all.len(),
    };
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Schedule)), &page)
}

fn zone_name(zone: &TimeZone) -> String {
    crate::schedule::name_of(zone).to_owned()
}

/// This list's address.
struct Here<'a> {
    base: &'a str,
    site: Option<SiteId>,
}

impl Here<'_> {
    fn query(&self, page: usize) -> String {
        let site = self.site.map(|site| site.to_string()).unwrap_or_default();
        let page = if page > 1 { page.to_string() } else { String::new() };
        address(&[("site", &site), ("page", &page)])
    }

    fn add(&self) -> String {
        let site = self.site.map(|site| site.to_string()).unwrap_or_default();
        format!("{}schedule/add/{}", self.base, address(&[("sites", &site)]))
    }

    fn pager(&self, page: usize, before: usize, shown: usize, all: usize) -> Option<Pager> {
        if all <= PAGE_SIZE {
            return None;
        }
        let link = |label: String, page| Link { label, href: format!("{}schedule/{}", self.base, self.query(page)) };
        let last = before + shown;
        Some(Pager {
            shown: format!("{}–{last} of {}", before + 1, count(all, "line")),
            previous: (before > 0).then(|| link(format!("Previous {PAGE_SIZE}"), page - 1)),
            next: (last < all).then(|| link(format!("Next {}", PAGE_SIZE.min(all - last)), page + 1)),
        })
    }
}

/// Words entries for one reader.
struct Rows<'a> {
    base: &'a str,
    is_superuser: bool,
    lines: &'a [SiteLine],
    now: Timestamp,
}

impl Rows<'_> {
    fn row(&self, entry: &Entry<'_>) -> WindowRow {
        let (window, zone) = (entry.window, entry.window.schedule.zone());
        let time = entry.time.filter(|_| !entry.is_left_out);
        let changed = time.filter(|time| time.is_changed());
        WindowRow {
            id: window.id.0,
            name: named(window),
            site: entry.site.map_or_else(|| ALL_SITES.to_owned(), |line| line.domain.to_unicode()),
            site_href: entry.site.map(|line| format!("{}sites/{}/", self.base, line.id)),
            when: entry.time.map(|time| Span::of(&as_planned(time, entry.is_left_out), &zone, self.now)),
            planned_end: changed.and_then(|time| time.planned.ends_at).map(|end| Moment::of(end, &zone, self.now)),
            repeats: repeats(&window.schedule),
            note: self.note(entry),
            may_change: entry.site.is_some() || self.is_superuser,
            may_extend: entry.time.is_some_and(|time| time.ends_at.is_some()),
            may_skip: entry.group == Group::Ahead && window.is_enabled && !repeats(&window.schedule).is_empty(),
        }
    }

    fn note(&self, entry: &Entry<'_>) -> String {
        let extent = if entry.window.level == Level::ReadOnly { "For writing only." } else { "" };
        let parts = [extent.to_owned(), self.fate(entry)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// What became of a time, or will.
    fn fate(&self, entry: &Entry<'_>) -> String {
        let changed = entry.time.filter(|time| time.is_changed());
        if !entry.window.is_enabled {
            return "It is not active: it closes nothing.".to_owned();
        }
        if entry.is_left_out {
            return "Left out.".to_owned();
        }
        if changed.is_some_and(|time| time.planned.ends_at.is_none()) {
            return "It was planned without an end.".to_owned();
        }
        let ended = |line: &&SiteLine| {
            let is_it = |it: &crate::window::SiteException| {
                it.window == entry.window.id && entry.time.is_some_and(|time| time.starts_at == it.starts_at)
            };
            line.exceptions.iter().any(is_it)
        };
        match self.lines.iter().filter(ended).count() {
            some if some > 0 && entry.site.is_none() => format!("Ended earlier on {}.", count(some, "site")),
            _ if entry.window.drain_minutes > 0 && entry.group != Group::Over => {
                format!("Those at work have up to {} min to finish.", entry.window.drain_minutes)
            }
            _ => String::new(),
        }
    }
}

/// A time that was left out is told as it was planned.
fn as_planned(time: crate::window::Occurrence, is_left_out: bool) -> crate::window::Occurrence {
    if is_left_out { crate::window::Occurrence { ends_at: time.planned.ends_at, ..time } } else { time }
}
