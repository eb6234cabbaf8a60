//! Bodies of the answer: the names a page's template may use, and problem details.

use actix_web::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use tera::{Context, Value};

use crate::language;
use crate::response::rfc3339;
use crate::voice::Said;
use crate::wording::Wording;

/// Whether a page may come back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    /// By its script.
    Script,
    /// It says so but does nothing, in a preview.
    Words,
    /// No: it answers something that was sent.
    Never,
}

/// What a page needs besides the words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageFacts<'a> {
    /// The site's name, or its domain.
    pub site: &'a str,
    /// The site's domain.
    pub domain: &'a str,
    /// Status of the answer.
    pub status: StatusCode,
    /// The built-in words around the message.
    pub words: &'a Wording,
    /// Whether the page may come back by itself.
    pub back: Return,
    /// Path of the request.
    pub path: &'a str,
    /// Seconds of `Retry-After`.
    pub retry_after: u64,
}

/// The names that [`crate::template`] lists, filled in.
pub(crate) fn context(said: &Said, facts: &PageFacts<'_>) -> Context {
    let mut context = Context::new();
    for (name, text) in [
        ("site", facts.site),
        ("domain", facts.domain),
        ("heading", &said.heading),
        ("message_text", &said.message_text),
        ("end", &said.end),
        ("end_iso", &said.end_iso),
        ("language", &said.language),
        ("dir", language::direction(&said.language).as_str()),
        ("contact_text", &said.contact),
        ("reason", facts.status.canonical_reason().unwrap_or_default()),
        ("unsent", if facts.back == Return::Never { &facts.words.unsent } else { "" }),
        ("request_path", facts.path),
    ] {
        context.insert_value(name, Value::normal_string(text));
    }
    for (name, html) in [
        ("until", &said.until_html),
        ("message", &said.message_html),
        ("contact", &said.contact_html),
        ("heading_attributes", &said.heading_attributes),
        ("message_attributes", &said.message_attributes),
        ("words_attributes", &said.words_attributes),
        ("link_attributes", &said.link_attributes),
    ] {
        context.insert_value(name, Value::safe_string(html));
    }
    context.insert("link", &said.link.as_ref().map(|(url, label)| Link { url, label }));
    context.insert("words", &Words { try_again: &facts.words.try_again, by_itself: &facts.words.by_itself });
    context.insert("status", &facts.status.as_u16());
    context.insert("retry_after", &facts.retry_after);
    context.insert("retries", &(facts.back != Return::Never));
    context.insert("script", &(facts.back == Return::Script));
    context
}

/// Problem details up to the number of `retry_after`, which is put in when the answer is sent.
pub(crate) fn problem(said: &Said, status: StatusCode, domain: &str, end_ahead: Option<Timestamp>) -> String {
    let problem = Problem {
        r#type: "about:blank",
        title: &said.heading,
        status: status.as_u16(),
        detail: &said.message_text,
        site: domain,
        until: end_ahead.map(rfc3339),
        retry_after: 0,
    };
    let json = serde_json::to_string(&problem).expect("texts and numbers are always JSON");
    json.strip_suffix("0}").expect("retry_after is the last field and zero").to_owned()
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
    label: &'a str,
}

#[derive(Serialize)]
struct Words<'a> {
    try_again: &'a str,
    by_itself: &'a str,
}

/// Problem details (RFC 9457). The type is that of the status; `site`, `until` and `retry_after` are ours.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    site: &'a str,
    until: Option<String>,
    retry_after: u64,
}

/// No site is named while none is known.
fn is_empty(site: &&str) -> bool {
    site.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::{Facts, voices};

    #[test]
    fn every_name_that_is_documented_is_filled_in() {
        let now = "2026-11-21T03:00:00Z".parse().unwrap();
        let zone = jiff::tz::TimeZone::UTC;
        let facts = Facts { site: "a", messages: &[], end_ahead: None, is_overdue: false, zone: &zone, now };
        let voice = &voices(&[])[0];
        let (status, words) = (StatusCode::SERVICE_UNAVAILABLE, voice.wording);
        let facts_of_page =
            PageFacts { site: "a", domain: "a", status, words, back: Return::Script, path: "/", retry_after: 1 };
        let context = context(&voice.say(&facts), &facts_of_page);
        let rows = include_str!("template.rs").lines().filter_map(|line| line.strip_prefix("//! | `"));
        let names: Vec<_> =
            rows.flat_map(|row| row.split('|').next().unwrap_or_default().split('`').step_by(2)).collect();
        assert!(names.len() > 20, "{names:?}");
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            assert!(context.contains_key(name), "{name}");
        }
    }
}
