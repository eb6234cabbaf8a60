//! `/maintenance/status.json`: the state of a site, for whoever shows it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::answer::{Shared, languages, send};
use crate::clock;
use crate::maintenance::Phase;
use crate::middleware::{InForce, no_such_site, site_of};
use crate::notice::SiteNotice;
use crate::response::rfc3339;
use crate::snapshot::SiteSnapshot;

/// Longest time that an answer may be kept: who shows it hears of a change within twice this time.
const LONGEST: SignedDuration = SignedDuration::from_secs(30);

/// The public state of a site. The fields are relied on by other programs: only add.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Status {
    /// `open`, `draining` or `maintenance`.
    phase: Phase,
    /// How much is closed: `full` or `read-only`; left out while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    /// When the closed site is expected to open, if that lies ahead: RFC 3339 in UTC, whole seconds.
    until: Option<String>,
    /// When the draining site closes at the latest; left out in any other phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_at: Option<String>,
    /// The next time ahead that visitors are told of, that at which a draining site closes included; null when there is
    /// nothing to tell.
    notice: Option<Notice>,
    /// Seconds after which it is worth while to ask again.
    next_check: u64,
}

/// A time ahead.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Notice {
    /// When the site closes.
    starts_at: String,
    /// When it is expected to open; null while that is not known.
    ends_at: Option<String>,
    /// What the operator says about it, plain; left out when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Language tag of that message.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

pub(super) async fn show(req: HttpRequest, state: Data<InForce>) -> HttpResponse {
    let snapshot = state.load();
    let Some(site) = site_of(&req, &snapshot) else { return no_such_site() };
    let status = Status::of(site, clock::now(), &languages(&req));
    let body = serde_json::to_string(&status).expect("texts and numbers are always JSON") + "\n";
    send(&req, Shared { content_type: "application/json", max_age: status.next_check, body })
}

impl Status {
    fn of(site: &SiteSnapshot, now: Timestamp, languages: &[&[u8]]) -> Self {
        let planned = site.closed();
        let closed = site.closed_at(now);
        let notice = planned.and_then(|planned| planned.notice(now, languages.iter().copied()));
        let change = planned.map_or(Timestamp::MAX, |planned| planned.next_told_change(now));
        Self {
            phase: closed.map_or(Phase::Open, |closed| closed.phase()),
            level: closed.map(|closed| closed.level().as_str()),
            until: closed.and_then(|closed| closed.end_ahead(now)).map(rfc3339),
            closes_at: closed.and_then(|closed| closed.draining()).map(|drain| rfc3339(drain.closes_at)),
            notice: notice.map(Notice::of),
            next_check: seconds_until(change, now),
        }
    }
}

impl Notice {
    fn of(notice: SiteNotice) -> Self {
        let SiteNotice { starts_at, ends_at, message, language } = notice;
        Self { starts_at: rfc3339(starts_at), ends_at: ends_at.map(rfc3339), message, language }
    }
}

/// Whole seconds until a change, rounded up, 1 to [`LONGEST`]: who waits so long meets the change.
fn seconds_until(change: Timestamp, now: Timestamp) -> u64 {
    let left = change.duration_since(now).min(LONGEST);
    let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
    u64::try_from(seconds).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_until_something_changes_and_never_long() {
        let at = |text: &str| format!("2026-11-21T{text}Z").parse::<Timestamp>().unwrap();
        for (change, seconds) in [
            ("04:00:00", 30),
            ("03:00:30", 30),
            ("03:00:12.5", 13),
            ("03:00:00.1", 1),
            ("03:00:00", 1),
            ("02:00:00", 1),
        ] {
            assert_eq!(seconds_until(at(change), at("03:00:00")), seconds, "{change}");
        }
        assert_eq!(seconds_until(Timestamp::MAX, at("03:00:00")), 30);
    }
}
