//! The maintenance answer as HTTP: which kind for which `Accept`, when to come back, and the headers.
//!
//! What the answer says is put together in [`crate::page`].

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;

use crate::accept::{Item, MAX_ITEMS, items};

use crate::redirect::Redirect;

/// Seconds for `Retry-After` while no end is known and the site sets no value.
pub const DEFAULT_RETRY_AFTER: u32 = 120;

/// Most seconds for `Retry-After`, so that an early end is noticed.
pub const MAX_RETRY_AFTER: u64 = 3600;

/// Most random seconds added, so that a crowd does not return at once.
pub const MAX_JITTER: u64 = 30;

/// Tells monitors planned work from a fault: `planned` or `planned; until=2026-11-21T03:30:00Z`.
pub const X_MAINTENANCE: HeaderName = HeaderName::from_static("x-maintenance");

/// In which form the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The page.
    Html,
    /// `application/problem+json` (RFC 9457).
    Problem,
    /// One line of `text/plain`.
    Text,
}

impl Kind {
    /// Every kind; the earlier one wins when a client likes several equally.
    pub const ALL: [Self; 3] = [Self::Html, Self::Problem, Self::Text];

    /// Value of `Content-Type`. JSON is always UTF-8 and takes no `charset` (RFC 8259, section 11).
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Problem => "application/problem+json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// How exactly a media range names this kind: 5 the type itself, 4 the type with parameters, 3 a type that
    /// means the same, 2 `type/*`, 1 `*/*`; `None` when it does not.
    fn named_by(self, range: &Item<'_>) -> Option<u8> {
        let is = |name: &str| range.value.eq_ignore_ascii_case(name.as_bytes());
        let (exact, same, group) = match self {
            Self::Html => ("text/html", is("application/xhtml+xml"), "text/*"),
            Self::Problem => ("application/problem+json", is_json(range.value), "application/*"),
            Self::Text => ("text/plain", false, "text/*"),
        };
        match () {
            () if is(exact) => Some(if range.has_parameters { 4 } else { 5 }),
            () if same => Some(3),
            () if is(group) => Some(2),
            () if is("*/*") => Some(1),
            () => None,
        }
    }

    /// Weight of this kind by the range that names it most exactly, with that exactness; zero when none does.
    fn weight(self, ranges: &[Item<'_>]) -> (u16, u8) {
        let mut best = (0, 0);
        for range in ranges {
            match self.named_by(range) {
                Some(exactness) if exactness > best.1 => best = (range.weight, exactness),
                Some(exactness) if exactness == best.1 => best.0 = best.0.max(range.weight),
                _ => {}
            }
        }
        best
    }
}

fn is_json(range: &[u8]) -> bool {
    let suffix = b"+json";
    let ends_in_json = range.len() > suffix.len() && range[range.len() - suffix.len()..].eq_ignore_ascii_case(suffix);
    range.eq_ignore_ascii_case(b"application/json") || ends_in_json
}

/// Chooses the kind by `Accept` (RFC 9110, section 12.5.1): the heaviest, by the most exact range for each; among
/// equals one that is named before one that only a wildcard takes; then the page, problem JSON, text.
///
/// So `application/json, */*` gets JSON and `*/*` the page. Several header lines are one list. No header, or one
/// of which nothing can be read: the page. Nothing acceptable: text. Never allocates.
pub fn negotiate<'h>(lines: impl Iterator<Item = &'h [u8]>) -> Kind {
    let mut lines = lines.peekable();
    let Some(first) = lines.peek() else {
        return Kind::Html;
    };
    // What nearly every client sends: the page comes first at full weight, which nothing after it can beat.
    if *first == b"*/*" || first.starts_with(b"text/html,") {
        return Kind::Html;
    }
    let mut buffer = [Item::default(); MAX_ITEMS];
    let mut count = 0;
    for (place, item) in buffer.iter_mut().zip(items(lines)) {
        *place = item;
        count += 1;
    }
    if count == 0 {
        return Kind::Html;
    }
    let weighted = Kind::ALL.map(|kind| (kind, kind.weight(&buffer[..count])));
    let acceptable = weighted.into_iter().filter(|(_, (weight, _))| *weight > 0);
    // Of equal ones `max_by_key` takes the last.
    let best = acceptable.rev().max_by_key(|(_, (weight, exactness))| (*weight, *exactness >= 3));
    best.map_or(Kind::Text, |(kind, _)| kind)
}

/// Seconds for `Retry-After`: to the end that is ahead plus a random part, else the site's value, else 120.
///
/// Always 1 to 3600. Part seconds round up, so that a client that obeys never arrives early. `jitter` is the
/// random part, at most 30; it counts only with an end, because only an end makes a crowd return at once.
pub fn retry_after(end_ahead: Option<Timestamp>, now: Timestamp, configured: Option<u32>, jitter: u64) -> u64 {
    let seconds = match end_ahead.filter(|end| *end > now) {
        Some(end) => {
            let left = end.duration_since(now);
            let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
            u64::try_from(seconds).unwrap_or(0).saturating_add(jitter.min(MAX_JITTER))
        }
        None => u64::from(configured.unwrap_or(DEFAULT_RETRY_AFTER)),
    };
    seconds.clamp(1, MAX_RETRY_AFTER)
}

/// Values of `Retry-After` for web servers that can look whether a file is there but cannot read one, in order. While a
/// site is closed and its end is ahead, there is the marker `F.retry-after-SECONDS` of the last one that is not longer
/// than the time left.
pub const RETRY_AFTER_STEPS: [u32; 14] = [10, 20, 30, 60, 90, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600];

/// The value of `Retry-After` (`delay-seconds` of RFC 9110, section 10.2.3), without allocating up to 3600.
pub fn retry_after_value(seconds: u64) -> HeaderValue {
    match usize::try_from(seconds).ok().and_then(|seconds| DIGITS.get(seconds)) {
        Some(digits) => {
            let blanks = digits.iter().take_while(|byte| **byte == b' ').count();
            HeaderValue::from_static(std::str::from_utf8(&digits[blanks..]).expect("digits are ASCII"))
        }
        None => HeaderValue::from(seconds),
    }
}

/// The numbers 0 to 3600 as text, blanks in front.
static DIGITS: [[u8; 4]; MAX_RETRY_AFTER as usize + 1] = {
    let mut all = [*b"   0"; MAX_RETRY_AFTER as usize + 1];
    let mut number = 1;
    while number < all.len() {
        let (mut rest, mut place) = (number, 4);
        while rest > 0 {
            place -= 1;
            all[number][place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        number += 1;
    }
    all
};

/// An answer that is ready to be sent: all but `Retry-After`, which changes by the second.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    is_spliced: bool,
}

/// What a client is sent.
#[derive(Debug, Clone)]
pub struct Held {
    /// 503, unless a setting says otherwise.
    pub status: StatusCode,
    /// All headers of ours. The server adds `Content-Length` and `Date`.
    pub headers: HeaderMap,
    /// The body; leave it out for `HEAD`.
    pub body: Bytes,
}

impl Answer {
    /// Puts the headers to a body. `language` is its tag, `end_ahead` what monitors may know, `policy` the
    /// `Content-Security-Policy` of a page.
    ///
    /// A problem body ends before the number of its `retry_after`, see [`Answer::held`].
    pub(crate) fn new(
        status: StatusCode,
        kind: Kind,
        language: &str,
        end_ahead: Option<Timestamp>,
        policy: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut headers = common_headers(end_ahead);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if let Ok(language) = HeaderValue::from_str(language) {
            headers.insert(header::CONTENT_LANGUAGE, language);
        }
        if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(policy).ok()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        Self { status, headers, body: body.into(), is_spliced: kind == Kind::Problem }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers; `Retry-After` is still zero.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The answer as it is sent now.
    pub fn held(&self, retry_after: u64) -> Held {
        let body = if self.is_spliced {
            let mut body = BytesMut::with_capacity(self.body.len() + 24);
            body.put_slice(&self.body);
            body.put_slice(retry_after_value(retry_after).as_bytes());
            body.put_slice(b"}\n");
            body.freeze()
        } else {
            self.body.clone()
        };
        self.with_body(retry_after, body)
    }

    /// The answer's status and headers with a body that was made for this request.
    pub(crate) fn with_body(&self, retry_after: u64, body: Bytes) -> Held {
        let mut headers = self.headers.clone();
        headers.insert(header::RETRY_AFTER, retry_after_value(retry_after));
        Held { status: self.status, headers, body }
    }
}

/// A redirect as it is sent now.
pub(crate) fn redirect(to: &Redirect, end_ahead: Option<Timestamp>, retry_after: u64) -> Held {
    let mut headers = common_headers(end_ahead);
    headers.insert(header::RETRY_AFTER, retry_after_value(retry_after));
    headers.insert(header::LOCATION, to.location().clone());
    Held { status: StatusCode::FOUND, headers, body: Bytes::new() }
}

/// The headers of pages and redirects alike. `Retry-After` is there already, so that setting it costs no room.
fn common_headers(end_ahead: Option<Timestamp>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("0"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let planned = HeaderValue::from_static("planned");
    let until = end_ahead.and_then(|end| HeaderValue::try_from(format!("planned; until={}", rfc3339(end))).ok());
    headers.insert(X_MAINTENANCE, until.unwrap_or(planned));
    headers
}

/// A time as RFC 3339 in UTC, whole seconds: `2026-11-21T03:30:00Z`.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(accept: &str) -> Kind {
        negotiate([accept.as_bytes()].into_iter())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_redirect_says_the_same_as_a_page() {
        let held = redirect(&Redirect::parse("https://status.example.com/down?x=1").unwrap(), None, 120);
        assert_eq!(held.status, 302);
        for (name, value) in [
            ("location", "https://status.example.com/down?x=1"),
            ("retry-after", "120"),
            ("cache-control", "no-store"),
            ("x-maintenance", "planned"),
        ] {
            assert_eq!(held.headers.get(name).unwrap(), value);
        }
    }

    #[test]
    fn the_kind_follows_accept() {
        let chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
        let cases = [
            (chrome, Kind::Html),
            ("text/html", Kind::Html),
            ("TEXT/HTML;charset=utf-8", Kind::Html),
            ("*/*", Kind::Html),
            ("*/*;q=0.1", Kind::Html),
            ("text/*", Kind::Html),
            ("application/xhtml+xml", Kind::Html),
            ("", Kind::Html),
            (",,;q=1,", Kind::Html),
            ("application/json", Kind::Problem),
            ("application/problem+json", Kind::Problem),
            ("application/vnd.api+json", Kind::Problem),
            ("application/*", Kind::Problem),
            ("application/json, text/plain, */*", Kind::Problem),
            ("application/json, text/javascript, */*; q=0.01", Kind::Problem),
            ("application/json, text/html", Kind::Html),
            ("text/html;q=0.5, application/json;q=0.6", Kind::Problem),
            ("text/html;q=0.3, */*;q=0.5", Kind::Problem),
            ("text/html;q=0, */*", Kind::Problem),
            ("text/html;q=0, application/problem+json;q=0, */*", Kind::Text),
            ("application/problem+json;q=0, application/json", Kind::Text),
            ("text/html;level=1;q=0.1, text/html;q=0.7, application/json;q=0.5", Kind::Html),
            ("text/plain", Kind::Text),
            ("text/plain, text/html;q=0.9", Kind::Text),
            ("text/*;q=0.3, text/html;q=0.2, application/json;q=0.25", Kind::Text),
            ("image/png", Kind::Text),
            ("*/*;q=0", Kind::Text),
            ("text/event-stream", Kind::Text),
            ("+json", Kind::Text),
        ];
        for (accept, expected) in cases {
            assert_eq!(kind(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn no_accept_gets_the_page_and_several_lines_are_one_list() {
        assert_eq!(negotiate(std::iter::empty()), Kind::Html);
        let lines: [&[u8]; 2] = [b"text/html;q=0.4", b"application/json;q=0.5"];
        assert_eq!(negotiate(lines.into_iter()), Kind::Problem);
    }

    #[test]
    fn retry_after_counts_to_the_end_within_its_bounds() {
        let now = at("2026-11-21T03:00:00Z");
        let cases = [
            (Some("2026-11-21T03:30:00Z"), None, 0, 1800),
            (Some("2026-11-21T03:30:00Z"), Some(7), 30, 1830),
            (Some("2026-11-21T03:00:00.2Z"), None, 0, 1),
            (Some("2026-11-21T03:00:01.000001Z"), None, 0, 2),
            (Some("2026-11-22T03:00:00Z"), None, 30, 3600),
            (Some("2026-11-21T03:00:10Z"), None, 9999, 40),
            (Some("2026-11-21T03:00:00Z"), None, 30, 120),
            (Some("2026-11-21T02:00:00Z"), Some(60), 30, 60),
            (None, None, 30, 120),
            (None, Some(0), 0, 1),
            (None, Some(99_999), 0, 3600),
        ];
        for (end, configured, jitter, expected) in cases {
            assert_eq!(retry_after(end.map(at), now, configured, jitter), expected, "{end:?} {configured:?}");
        }
    }

    #[test]
    fn every_number_of_seconds_is_written_in_digits() {
        for seconds in (0..=3601).chain([u64::MAX]) {
            assert_eq!(retry_after_value(seconds), seconds.to_string());
        }
    }

    #[test]
    fn an_answer_says_that_it_is_planned_and_not_to_be_kept() {
        let end = Some(at("2026-11-21T03:30:00.5Z"));
        let answer = Answer::new(StatusCode::SERVICE_UNAVAILABLE, Kind::Text, "de", end, None, "x");
        let held = answer.held(77);
        let header = |name: &str| held.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(held.status, 503);
        assert_eq!(header("retry-after"), "77");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("vary"), "Accept, Accept-Language");
        assert_eq!(header("x-maintenance"), "planned; until=2026-11-21T03:30:00Z");
        assert_eq!(header("content-language"), "de");
        assert_eq!(header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        for absent in ["etag", "last-modified", "set-cookie", "content-security-policy"] {
            assert_eq!(header(absent), "", "{absent}");
        }
    }

    proptest! {
        #[test]
        fn any_accept_gets_a_kind(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
            let _ = negotiate(lines.iter().map(Vec::as_slice));
        }

        #[test]
        fn a_kind_that_is_refused_is_not_sent(
            html in 0u16..3, json in 0u16..3, text in 0u16..3, any in 0u16..3, swap in any::<bool>()
        ) {
            let mut parts = [
                format!("text/html;q=0.{html}"),
                format!("application/json;q=0.{json}"),
                format!("text/plain;q=0.{text}"),
                format!("*/*;q=0.{any}"),
            ];
            if swap {
                parts.reverse();
            }
            let weight = [html, json, text][kind(&parts.join(", ")) as usize];
            let best = html.max(json).max(text);
            prop_assert_eq!(weight, best);
        }

        #[test]
        fn retry_after_stays_within_bounds(end in any::<Option<i32>>(), configured in any::<Option<u32>>(), jitter in any::<u64>()) {
            let end = end.map(|end| Timestamp::from_second(end.into()).unwrap());
            let seconds = retry_after(end, at("2026-11-21T03:00:00Z"), configured, jitter);
            prop_assert!((1..=MAX_RETRY_AFTER).contains(&seconds));
        }
    }
}
