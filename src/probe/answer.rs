//! An answer as it came, and what its headers say.

use std::fmt;
use std::net::SocketAddr;

use actix_web::http::StatusCode;

use super::html::Page;
use super::quote::quoted;
use crate::response::X_MAINTENANCE;

/// An answer, or why there was none.
pub type Seen = Result<Answer, Silence>;

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The reason, in words that follow `no answer:`.
    pub reason: String,
    /// What to do about it.
    pub mend: &'static str,
    /// Whether it was waited for in vain, and not refused or cut.
    pub is_late: bool,
}

impl Silence {
    /// One that came at once.
    pub fn new(reason: impl Into<String>, mend: &'static str) -> Self {
        Self { reason: reason.into(), mend, is_late: false }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer: {}", self.reason)
    }
}

/// An answer of a web server.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status, three digits.
    pub status: u16,
    /// Names in lower case with their values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read; of an answer to `HEAD`, what came although nothing should.
    pub body: Vec<u8>,
    /// Whether the body is longer than what was read of it.
    pub is_cut: bool,
    /// Whether more came than `Content-Length` says. `body` has what it says.
    pub is_longer: bool,
    /// Whom the answer is of.
    pub from: Option<SocketAddr>,
}

impl Answer {
    /// The value of a header; the first of several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The values of all lines of a header.
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a header that is a list of words has this one, before a `=` or alone.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let mut items = self.lines(name).flat_map(|value| value.split(','));
        items.any(|item| item.split(['=', ';']).next().unwrap_or_default().trim().eq_ignore_ascii_case(word))
    }

    /// Whether it is a redirect that names a target (RFC 9110, section 15.4).
    pub fn is_redirect(&self) -> bool {
        self.has_redirect_status() && self.header("location").is_some()
    }

    /// Whether its status is that of a redirect, whatever target it names.
    pub(super) fn has_redirect_status(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }

    /// Whether it is the same kind of answer: of the same status, and leading to the same path.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.status == other.status && self.target_path() == other.target_path()
    }

    /// Where a redirect leads, as it is written, without query.
    fn target_path(&self) -> Option<&str> {
        self.header("location").filter(|_| self.is_redirect())?.split(['?', '#']).next()
    }

    /// Whether the body is encoded, although that is never asked for.
    pub fn is_encoded(&self) -> bool {
        self.header("content-encoding").is_some_and(|value| !value.trim().eq_ignore_ascii_case("identity"))
    }

    /// What the body says as a page; `None` when it is none, or cannot be read.
    pub(super) fn page(&self) -> Option<Page> {
        let is_page = matches!(self.media_type().as_str(), "text/html" | "application/xhtml+xml") && !self.is_encoded();
        is_page.then(|| Page::read(&String::from_utf8_lossy(&self.body)))
    }

    /// Whether it says of itself that it is the answer of a planned maintenance.
    pub fn is_marked(&self) -> bool {
        self.header(X_MAINTENANCE.as_str()).is_some_and(|value| {
            let word = value.split(';').next().unwrap_or_default().trim();
            word.eq_ignore_ascii_case("planned")
        })
    }

    /// Why this visitor passes a site that is closed for others, if the answer says so.
    pub fn let_through(&self) -> Option<&str> {
        let value = self.header(X_MAINTENANCE.as_str())?;
        let (word, reason) = value.split_once(';')?;
        let reason = reason.trim().strip_prefix("reason=")?;
        word.trim().eq_ignore_ascii_case("let-through").then_some(reason)
    }

    /// Whether it says that the site is closed for writing only, and this request reads.
    pub fn is_read_only(&self) -> bool {
        self.let_through() == Some("read-only")
    }

    /// The media type, in lower case and without parameters.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The media type for a sentence.
    pub(super) fn media_type_in_words(&self) -> String {
        let name = quoted(&self.media_type());
        if name.is_empty() { "no named type".to_owned() } else { name }
    }

    /// Whether the media type says that the body is JSON.
    pub fn is_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// Status and reason: `503 Service Unavailable`.
    pub fn status_text(&self) -> String {
        status_text(self.status)
    }
}

/// A status with the phrase that belongs to it.
pub fn status_text(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status: 503, headers, ..Answer::default() }
    }

    #[test]
    fn a_word_is_found_in_a_list_of_several_lines() {
        let answer = with(&[("cache-control", "private, max-age=0"), ("cache-control", "No-Store")]);
        assert!(answer.lists("cache-control", "no-store") && answer.lists("cache-control", "max-age"));
        assert!(!answer.lists("cache-control", "no") && !answer.lists("vary", "accept"));
    }

    #[test]
    fn the_mark_of_a_maintenance_is_told_from_that_of_who_is_let_through() {
        for (value, is_marked, let_through) in [
            ("planned", true, None),
            ("planned; until=2026-11-21T03:30:00Z", true, None),
            ("let-through; reason=internal-ip", false, Some("internal-ip")),
            ("unknown", false, None),
        ] {
            let answer = with(&[("x-maintenance", value)]);
            assert_eq!((answer.is_marked(), answer.let_through()), (is_marked, let_through), "{value}");
        }
        assert!(!with(&[]).is_marked());
    }
}
