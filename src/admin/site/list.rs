//! The list of sites: home of the panel.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::find::{Found, ListQuery, Only, PAGE_SIZE, find, named};
use crate::admin::cause::closed_by;
use crate::admin::error::PanelError;
use crate::admin::form::parse;
use crate::admin::own::Operator;
use crate::admin::page::{FilterLink, Link, Moment, Pager, Section, SiteRow, SitesPage, Status, lasted};
use crate::admin::panel::Panel;
use crate::admin::server::Standing;
use crate::admin::words::count;
use crate::clock;
use crate::record::SiteRecord;

/// Shows a page of the list.
pub(in crate::admin) async fn list(
    req: HttpRequest,
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    // An address that somebody has broken by hand shows the list all the same.
    let query: ListQuery = parse(req.query_string().as_bytes()).unwrap_or_default();
    let now = clock::now();
    let words = query.words();
    let (last, named) = panel
        .read(move |reader| {
            let named = if words.is_empty() { None } else { Some(named(&reader.site_list()?, &words)) };
            Ok((reader.change_last()?, named))
        })
        .await?;
    // What another server or a command has changed is in the list, too.
    panel.maintenance.wait_for(last).await;
    let found = find(&panel.maintenance.snapshot(), named.as_ref(), operator.rights(), &query, now);
    let ids = found.ids.clone();
    let (records, servers) =
        panel.read(move |reader| Ok((reader.record_some(&ids)?, Standing::read(reader)?.line()))).await?;
    let records: Vec<SiteRecord> = records.into_iter().map(|(record, _)| record).collect();
    let zone = panel.zone();
    let is_ticked = |record: &SiteRecord| query.sites.contains(&record.site.id.0);
    let in_order = found.ids.iter().filter_map(|id| records.iter().find(|record| record.site.id == *id));
    let page = SitesPage {
        query: query.words(),
        filter: query.only().as_str().to_owned(),
        filters: filters(&query, &found, panel.base()),
        total: found.total,
        result: result(&query, &found),
        rows: in_order
            .clone()
            .map(|record| row(record, found.next_of(record), is_ticked(record), &zone, now))
            .collect(),
        is_selecting: query.is_selecting(),
        select_href: format!("{}{}", panel.base(), query.on(found.page, !query.is_selecting())),
        back: query.on(found.page, false),
        all_href: all(&query, &found, panel.base()),
        live_href: live(panel.base(), &query.on(found.page, query.is_selecting())),
        pager: pager(&query, &found, panel.base()),
        servers,
        may_add: operator.rights().superuser(),
        seen: match (found.total, in_order.clone().next()) {
            (_, None) => None,
            (1, Some(only)) => Some(panel.onlooker(&req, &operator).seen_on(only)),
            (_, Some(first)) => Some(panel.seen_anywhere(&req, &operator, first)),
        },
    };
    let section = Some(Section::Sites);
    let frame = match query.is_live() {
        true => panel.frame_without_message(&session, &operator, section),
        false => panel.frame(&session, &operator, section),
    };
    panel.page(StatusCode::OK, &frame, &page)
}

/// The address of a list, for who shows it already.
fn live(base: &str, list: &str) -> String {
    format!("{base}{list}{}live=1", if list.contains('?') { '&' } else { '?' })
}

/// The address of this list with every box of it ticked; `None` when there are none, or all are.
fn all(query: &ListQuery, found: &Found, base: &str) -> Option<String> {
    if !query.is_selecting() || found.ids.iter().all(|id| query.sites.contains(&id.0)) {
        return None;
    }
    let ticked: String = found.ids.iter().map(|id| format!("&sites[]={}", id.0)).collect();
    Some(format!("{base}{}{ticked}", query.on(found.page, true)))
}

fn filters(query: &ListQuery, found: &Found, base: &str) -> Vec<FilterLink> {
    let link = |label: &str, status: &str, count, is_current| FilterLink {
        label: label.to_owned(),
        count,
        href: format!("{base}{}", query.with_status(status, 1, query.is_selecting())),
        is_current,
    };
    let only = query.only();
    let mut links = vec![
        link("All", "", found.matching, only == Only::All),
        link("In maintenance", "maintenance", found.closed, only == Only::Closed),
    ];
    if found.read_only > 0 || only == Only::Readable {
        links.push(link("Closed for writing", "read-only", found.read_only, only == Only::Readable));
    }
    if found.draining > 0 || only == Only::Draining {
        links.push(link("Draining", "draining", found.draining, only == Only::Draining));
    }
    // Where nothing is planned, nothing is said of it.
    if found.scheduled > 0 || only == Only::Scheduled {
        links.push(link("Scheduled", "scheduled", found.scheduled, only == Only::Scheduled));
    }
    links
}

/// What was found, in words; nothing when all sites are shown.
fn result(query: &ListQuery, found: &Found) -> Option<String> {
    let words = query.words();
    let shown = found.shown(query);
    let of = format!("{shown} of {}", count(found.total, "site"));
    let state = match query.only() {
        Only::All => "",
        Only::Closed => "in maintenance",
        Only::Readable => "closed for writing",
        Only::Draining => "draining",
        Only::Scheduled => "scheduled",
    };
    let said = match (words.is_empty(), state, shown) {
        _ if found.total == 0 => return None,
        (true, "", _) => return None,
        (true, state, 0) => format!("No site is {state}."),
        (true, ..) => return None,
        (false, "", 0) => format!("No site matches “{words}”."),
        (false, "", 1) => format!("{of} matches “{words}”."),
        (false, "", _) => format!("{of} match “{words}”."),
        (false, state, 0) => format!("No site matches “{words}” and is {state}."),
        (false, state, 1) => format!("{of} matches “{words}” and is {state}."),
        (false, state, _) => format!("{of} match “{words}” and are {state}."),
    };
    Some(said)
}

fn pager(query: &ListQuery, found: &Found, base: &str) -> Option<Pager> {
    let shown = found.shown(query);
    if shown <= PAGE_SIZE {
        return None;
    }
    let before = (found.page - 1) * PAGE_SIZE;
    let last = before + found.ids.len();
    let link = |label: String, page| Link { label, href: format!("{base}{}", query.on(page, query.is_selecting())) };
    Some(Pager {
        shown: format!("{}–{last} of {}", before + 1, count(shown, "site")),
        previous: (before > 0).then(|| link(format!("Previous {PAGE_SIZE}"), found.page - 1)),
        next: (last < shown).then(|| link(format!("Next {}", PAGE_SIZE.min(shown - last)), found.page + 1)),
    })
}

fn row(record: &SiteRecord, next: Option<Timestamp>, is_selected: bool, zone: &TimeZone, now: Timestamp) -> SiteRow {
    let domain = record.site.domain.to_unicode();
    let standing = record.causes().standing(now);
    let at = |at: Option<Timestamp>| at.map(|at| Moment::of(at, zone, now));
    SiteRow {
        id: record.site.id.0,
        name: if record.site.name == domain { String::new() } else { record.site.name.clone() },
        status: if next.is_some() { Status::SCHEDULED } else { (&standing).into() },
        since: at(standing.since),
        next: at(next),
        closes_at: at(standing.closes_at()),
        by: closed_by(&standing),
        expected_end: at(standing.until),
        overdue: standing.overdue(now).map(|end| lasted(end, now)),
        patterns: match record.patterns.len() {
            0 => "none".to_owned(),
            some => count(some, "pattern"),
        },
        is_protected: record.site.is_protected,
        is_selected,
        domain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_said_in_a_sentence() {
        let said = |q: &str, status: &str, matching, closed| {
            let query = ListQuery { q: q.into(), status: status.into(), ..ListQuery::default() };
            result(&query, &Found { total: 20, matching, closed, page: 1, ..Found::default() }).unwrap_or_default()
        };
        assert_eq!(said("", "", 20, 3), "");
        assert_eq!(said("", "maintenance", 20, 3), "");
        assert_eq!(said("", "maintenance", 20, 0), "No site is in maintenance.");
        assert_eq!(said("forum", "", 1, 0), "1 of 20 sites matches “forum”.");
        assert_eq!(said("forum", "", 2, 0), "2 of 20 sites match “forum”.");
        assert_eq!(said("forum", "", 0, 0), "No site matches “forum”.");
        assert_eq!(said("forum", "maintenance", 2, 1), "1 of 20 sites matches “forum” and is in maintenance.");
    }
}
