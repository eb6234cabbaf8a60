//! Causes in words: what holds a site closed, until when, and whose message is shown.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::page::{CauseRow, Holding, Moment};
use super::words::list;
use crate::cause::{Cause, CauseId, Standing};
use crate::maintenance::{Level, Phase};
use crate::record::SiteRecord;

/// Most causes that a sentence names.
const MAX_STILL: usize = 5;

/// Most causes that a row names.
const MAX_NAMED: usize = 2;

/// `the box`, `window-12 “Database upgrade”`, `lease-3 “deploy 7”`.
pub(super) fn called(cause: &Cause) -> String {
    match cause.id {
        CauseId::Box => "the box".to_owned(),
        id if cause.name.is_empty() => id.to_string(),
        id => format!("{id} “{}”", cause.name),
    }
}

/// The same with when it is over: `window-12 “Database upgrade” until 04:00 UTC`.
pub(super) fn going_on(cause: &Cause, zone: &TimeZone, now: Timestamp) -> String {
    match cause.until.filter(|until| *until > now && cause.ends_by_itself) {
        Some(until) => format!("{} until {}", called(cause), Moment::of(until, zone, now).short),
        None => called(cause),
    }
}

/// What sites are, each word once, the most closed first: `in maintenance or draining`.
pub(super) fn states<'s>(standings: impl Iterator<Item = &'s Standing>) -> String {
    const ORDER: [&str; 4] = ["in maintenance", "closed for writing", "draining", "open"];
    let said: Vec<&str> = standings.map(Standing::in_words).collect();
    ORDER.into_iter().filter(|word| said.contains(word)).collect::<Vec<_>>().join(" or ")
}

/// What closes a site, to go on after its state: who has ticked the box, else every cause by name, as in `by window-12
/// “Database upgrade”`.
pub(super) fn closed_by(standing: &Standing) -> Option<String> {
    match standing.causes.as_slice() {
        [] => None,
        [Cause { id: CauseId::Box, by, .. }] => by.clone(),
        causes => Some(format!("by {}", list(&causes.iter().map(called).collect::<Vec<_>>(), MAX_NAMED))),
    }
}

/// What still holds a site closed, as a sentence; `None` while nothing does.
pub(super) fn still_closed(record: &SiteRecord, zone: &TimeZone, now: Timestamp) -> Option<String> {
    let standing = record.causes().standing(now);
    let causes: Vec<String> = standing.causes.iter().map(|cause| going_on(cause, zone, now)).collect();
    let extent = if standing.level() == Some(Level::ReadOnly) { "closed for writing" } else { "closed" };
    (!causes.is_empty()).then(|| format!("The site stays {extent} by {}.", list(&causes, MAX_STILL)))
}

/// Words the causes of sites.
pub(super) struct CauseWords<'a> {
    /// Path of the panel.
    pub(super) base: &'a str,
    /// Zone of the times.
    pub(super) zone: &'a TimeZone,
    /// Time of the page.
    pub(super) now: Timestamp,
}

impl CauseWords<'_> {
    /// What holds a site closed, and whose message is shown; `None` while it is open.
    pub(super) fn holding(&self, record: &SiteRecord) -> Option<Holding> {
        let standing = record.causes().standing(self.now);
        standing.is_closed().then(|| Holding {
            title: match (standing.phase(), standing.level()) {
                (Phase::Draining, _) => "What will close it",
                (_, Some(Level::ReadOnly)) => "What holds it closed for writing",
                _ => "What holds it closed",
            },
            rows: standing.causes.iter().map(|cause| self.row(record, cause)).collect(),
            message: self.message(record, &standing.causes),
        })
    }

    /// One open cause of a site.
    pub(super) fn row(&self, record: &SiteRecord, cause: &Cause) -> CauseRow {
        let moment = |at: Option<Timestamp>| at.map(|at| Moment::of(at, self.zone, self.now));
        CauseRow {
            is_box: cause.id == CauseId::Box,
            is_read_only: cause.level == Level::ReadOnly,
            what: capitalised(&called(cause)),
            since: moment(cause.since),
            until: moment(cause.until),
            until_note: match (cause.until, cause.id) {
                (None, _) => "",
                (_, CauseId::Lease(_)) if cause.ends_by_itself => "unless it is renewed, then it goes",
                (_, CauseId::Lease(_)) => "unless it is renewed, then it stays",
                _ if cause.ends_by_itself => "",
                _ => "expected",
            },
            is_overdue: cause.is_overdue(self.now),
            by: cause.by.clone(),
            is_shown: cause.is_shown,
            end_href: format!("{}sites/{}/end/{}/", self.base, record.site.id, cause.id),
        }
    }

    /// Whose message visitors read and why.
    pub(super) fn message(&self, record: &SiteRecord, causes: &[Cause]) -> String {
        let has_messages = record.causes().has_messages;
        let is_ticked = causes.iter().any(|cause| cause.id == CauseId::Box);
        match causes.iter().find(|cause| cause.is_shown) {
            Some(Cause { id: CauseId::Box, .. }) if causes.len() == 1 => "Visitors read the site’s message.".to_owned(),
            Some(Cause { id: CauseId::Box, .. }) => {
                "Visitors read the site’s message: while the box is ticked it comes before those of leases and windows."
                    .to_owned()
            }
            Some(cause) => {
                let why = if is_ticked { "the site has none" } else { "the box is not ticked" };
                format!(
                    "Visitors read the message of {}, because {why}, and leases come before windows.",
                    called(cause)
                )
            }
            None if has_messages => {
                "Visitors read the site’s message, because no lease or window has one of its own.".to_owned()
            }
            None => "Visitors read the built-in text, because there is no message.".to_owned(),
        }
    }
}

/// With a capital letter.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::{Lease, LeaseId, OnExpiry};
    use crate::message::Message;
    use crate::site::{Domain, Site, SiteId};

    const NOW: &str = "2026-11-21T03:12:04Z";

    fn a_record(is_ticked: bool, has_message: bool, lease_has_message: bool) -> SiteRecord {
        let now: Timestamp = NOW.parse().unwrap();
        let message = |has: bool| {
            let message = Message { language: "en".to_owned(), body: "Back soon".to_owned(), ..Message::default() };
            Vec::from_iter(has.then_some(message))
        };
        let site = Site {
            id: SiteId(7),
            domain: Domain::parse("forum.example.com").unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        };
        let lease = Lease {
            id: LeaseId(3),
            name: "deploy 7".to_owned(),
            started_by: "ci".to_owned(),
            since: now,
            expires_at: "2026-11-21T03:22:04Z".parse().unwrap(),
            on_expiry: OnExpiry::Stay,
            messages: message(lease_has_message),
        };
        let mut record = SiteRecord { messages: message(has_message), leases: vec![lease], ..SiteRecord::new(site) };
        record.maintenance.in_maintenance = is_ticked;
        record
    }

    #[test]
    fn whose_message_is_shown_is_said_with_the_reason() {
        let now: Timestamp = NOW.parse().unwrap();
        let words = CauseWords { base: "/admin/", zone: &TimeZone::UTC, now };
        let said = |is_ticked, has, lease_has| {
            let record = a_record(is_ticked, has, lease_has);
            words.message(&record, &record.causes().at(now))
        };
        assert!(said(true, true, true).starts_with("Visitors read the site’s message: while the box is ticked"));
        assert!(said(true, false, true).contains("of lease-3 “deploy 7”, because the site has none"));
        assert!(said(false, true, true).contains("of lease-3 “deploy 7”, because the box is not ticked"));
        assert!(said(false, true, false).contains("no lease or window has one"));
        assert!(said(false, false, false).contains("the built-in text"));
    }

    #[test]
    fn a_cause_is_told_with_its_end_and_who_is_behind_it() {
        let now: Timestamp = NOW.parse().unwrap();
        let words = CauseWords { base: "/admin/", zone: &TimeZone::UTC, now };
        let record = a_record(false, false, false);
        let row = words.row(&record, &record.causes().at(now)[0]);
        assert_eq!((row.what.as_str(), row.by.as_deref()), ("Lease-3 “deploy 7”", Some("ci")));
        assert_eq!(
            (row.until.unwrap().short.as_str(), row.until_note),
            ("03:22 UTC", "unless it is renewed, then it stays")
        );
        assert_eq!(row.end_href, "/admin/sites/7/end/lease-3/");
    }
}
