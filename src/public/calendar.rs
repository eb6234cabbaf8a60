//! `/maintenance/calendar.ics`: what visitors are told, for the calendar on their phone (RFC 5545).
//!
//! Every time is an event of its own in UTC: no calendar program has to follow our rules of repetition, and a time that
//! is skipped, ended early or prolonged is simply what it is. What is over is no longer there.

use std::fmt::Write as _;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};

use super::answer::{Shared, languages, send};
use crate::change::Revision;
use crate::clock;
use crate::closed::ClosedSite;
use crate::middleware::{InForce, no_such_site, site_of};
use crate::notice::{Notice, event_name, told};
use crate::snapshot::SiteSnapshot;

/// Seconds for which the calendar may be kept.
const MAX_AGE: u64 = 300;

/// Most events.
const MOST: usize = 100;

/// How far it looks ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 400);

/// How often calendar programs are asked to look.
const REFRESH: &str = "PT1H";

/// Longest line, in bytes, without its end (RFC 5545, section 3.1).
const LINE: usize = 75;

pub(super) async fn show(req: HttpRequest, state: Data<InForce>) -> HttpResponse {
    let snapshot = state.load();
    let Some(site) = site_of(&req, &snapshot) else { return no_such_site() };
    let body = calendar(site, snapshot.revision(), clock::now(), &languages(&req));
    send(&req, Shared { content_type: "text/calendar; charset=utf-8", max_age: MAX_AGE, body })
}

fn calendar(site: &SiteSnapshot, revision: Revision, now: Timestamp, languages: &[&[u8]]) -> String {
    let mut lines = Lines::default();
    let name = format!("Maintenance of {}", site.domain.to_unicode());
    lines.put("BEGIN", "VCALENDAR");
    lines.put("VERSION", "2.0");
    lines.put("PRODID", "-//maintenance-mode//calendar//EN");
    lines.put("CALSCALE", "GREGORIAN");
    lines.text("NAME", &name);
    lines.text("X-WR-CALNAME", &name);
    lines.put("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    lines.put("X-PUBLISHED-TTL", REFRESH);
    if let Some(planned) = site.closed() {
        let last = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
        let is_shown = |notice: &&Notice| notice.ends_at.is_none_or(|end| end > now) && notice.starts_at <= last;
        for notice in planned.notices().iter().filter(is_shown).take(MOST) {
            event(&mut lines, planned, notice, revision, now, languages);
        }
    }
    lines.put("END", "VCALENDAR");
    lines.0
}

fn event(
    lines: &mut Lines,
    planned: &ClosedSite,
    notice: &Notice,
    revision: Revision,
    now: Timestamp,
    languages: &[&[u8]],
) {
    let site = &planned.record().site;
    let (window, messages) = planned.source_of(notice);
    let message = told(site, messages, notice.starts_at, notice.ends_at, languages.iter().copied());
    let unknown_end = notice.ends_at.is_none().then(|| "The end is not known yet.".to_owned());
    let description: Vec<String> = unknown_end.into_iter().chain(message.map(|told| told.text)).collect();
    lines.put("BEGIN", "VEVENT");
    lines.text("UID", &format!("{}@{}", event_name(window, notice), site.domain));
    // Of the day: the same until something changes, on every server.
    lines.put("DTSTAMP", &now.strftime("%Y%m%dT000000Z").to_string());
    lines.put("SEQUENCE", &revision.0.clamp(0, i32::MAX.into()).to_string());
    lines.put("DTSTART", &utc(notice.starts_at));
    if let Some(end) = notice.ends_at {
        lines.put("DTEND", &utc(end));
    }
    lines.text("SUMMARY", &format!("Maintenance of {}", site.display_name()));
    if !description.is_empty() {
        lines.text("DESCRIPTION", &description.join("\n\n"));
    }
    // It takes none of the reader's own time.
    lines.put("TRANSP", "TRANSPARENT");
    lines.put("END", "VEVENT");
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Content lines, each ended by CRLF and folded.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A line whose value needs no escaping.
    fn put(&mut self, name: &str, value: &str) {
        let line = format!("{name}:{value}");
        let mut room = LINE;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LINE - 1;
            }
            room -= c.len_utf8();
            self.0.push(c);
        }
        self.0.push_str("\r\n");
    }

    /// A line whose value is a text (RFC 5545, section 3.3.11). Control characters have no place in one.
    fn text(&mut self, name: &str, text: &str) {
        let mut escaped = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            match c {
                '\\' | ';' | ',' => write!(escaped, "\\{c}").expect("writing to a String cannot fail"),
                '\n' => escaped.push_str("\\n"),
                c if c.is_control() => {}
                c => escaped.push(c),
            }
        }
        self.put(name, &escaped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_folded_at_75_bytes_and_never_within_a_character() {
        let mut lines = Lines::default();
        let text = "日本語のとても長い説明、".repeat(20);
        lines.text("DESCRIPTION", &text);
        assert!(lines.0.split("\r\n").all(|line| line.len() <= 75), "{}", lines.0);
        assert_eq!(lines.0.replace("\r\n ", "").trim_end(), format!("DESCRIPTION:{text}"));
        let mut lines = Lines::default();
        lines.put("A", &"b".repeat(73));
        assert_eq!(lines.0, format!("A:{}\r\n", "b".repeat(73)), "75 bytes fit");
    }

    #[test]
    fn text_is_escaped() {
        let mut lines = Lines::default();
        lines.text("SUMMARY", "a;b,c\\d\ne\r\u{7}:\"f\"");
        assert_eq!(lines.0, "SUMMARY:a\\;b\\,c\\\\d\\ne:\"f\"\r\n");
    }
}
