//! The whole answers of one closed site, put together once per change and then only handed out.
//!
//! A site has an answer for each of its languages and kinds, with the end ahead and without. The page of its
//! first language is made at once, so that a template that fails is found when something changes and not by a
//! visitor; the others when they are first asked for. Which template is used is told in [`crate::template`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tera::Context;

use crate::body::{self, PageFacts, Return};
use crate::language;
use crate::message::Message;
use crate::policy::{self, Frames};
use crate::redirect::Redirect;
use crate::response::{self, Answer, Held, Kind};
use crate::template::{self, PageTemplate, PageTemplates, RenderError, TIME_PER_CHANGE, TIME_PER_REQUEST};
use crate::voice::{self, Facts, Said, Voice};

/// How often in a row a page per request may take too long before it is given up.
const MAX_LATE: u32 = 3;

/// What the answers of one site are made from.
#[derive(Debug, Clone)]
pub struct PageInput {
    /// The site's domain: lower case, no port.
    pub domain: String,
    /// The site's name for people; empty means its domain.
    pub name: String,
    /// Its messages, valid, the first being the fallback; empty means built-in words in every language.
    pub messages: Vec<Message>,
    /// When it is expected or certain to be over; `None` means unknown. One in the past is never told.
    pub end: Option<Timestamp>,
    /// The zone of the times shown.
    pub zone: TimeZone,
    /// Language of the built-in words for visitors whose own is not there; English if it is not built in.
    pub default_language: String,
    /// Status of the answer, normally 503.
    pub status: StatusCode,
    /// Seconds for `Retry-After` while no end is ahead; `None` means 120.
    pub retry_after: Option<u32>,
    /// Sends visitors elsewhere instead.
    pub redirect: Option<Redirect>,
    /// The time of the change; a date far from it is shown with its year.
    pub now: Timestamp,
}

/// What the choice of an answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'r> {
    /// Headers of the request; only `Accept` and `Accept-Language` are read.
    pub headers: &'r HeaderMap,
    /// Method of the request. The page comes back by itself only for `GET`.
    pub method: &'r Method,
    /// Host as the site was found by: lower case, no port.
    pub host: &'r str,
    /// Path as it was asked for, without query.
    pub path: &'r str,
}

/// Which of a language's answers. Each is there twice: with the end ahead, and without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// The page for `GET` and `HEAD`.
    Page,
    /// The page for what was sent and did not arrive.
    Unsent,
    Problem,
    Text,
    /// The built-in page where an own one fails only now and then.
    SparePage,
    SpareUnsent,
}

impl View {
    fn of(kind: Kind, method: &Method) -> Self {
        match kind {
            Kind::Html if matches!(*method, Method::GET | Method::HEAD) => Self::Page,
            Kind::Html => Self::Unsent,
            Kind::Problem => Self::Problem,
            Kind::Text => Self::Text,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Problem => Kind::Problem,
            Self::Text => Kind::Text,
            Self::Page | Self::Unsent | Self::SparePage | Self::SpareUnsent => Kind::Html,
        }
    }

    fn spare(self) -> Self {
        match self {
            Self::Unsent => Self::SpareUnsent,
            _ => Self::SparePage,
        }
    }
}

/// A rendered page with its policy.
struct Page {
    html: String,
    policy: String,
    /// Whether it is the site's own, and did not fail.
    is_own: bool,
}

#[derive(Debug)]
struct Prepared {
    answer: Answer,
    is_own: bool,
}

type Slots = [OnceLock<Box<Prepared>>; 12];

/// The prepared answers of one closed site. Cheap to share, immutable but for what it prepares.
#[derive(Debug)]
pub struct SitePages {
    input: PageInput,
    voices: Vec<Voice>,
    slots: Vec<Slots>,
    fallback: usize,
    /// The site's own page, if it has one that compiled.
    own: Option<Arc<PageTemplate>>,
    failure: OnceLock<String>,
    late: AtomicU32,
}

impl SitePages {
    /// Prepares the answers of a site. Never fails: look at [`SitePages::template_error`] afterwards.
    pub fn new(templates: &PageTemplates, input: PageInput) -> Self {
        let voices = voice::voices(&input.messages);
        let has_own_words = input.messages.iter().any(Message::has_text);
        let by_setting = language::lookup(&input.default_language, &voices).or_else(|| language::lookup("en", &voices));
        let fallback = if has_own_words { 0 } else { by_setting.unwrap_or(0) };
        let slots = voices.iter().map(|_| Slots::default()).collect();
        let (failure, late) = (OnceLock::new(), AtomicU32::new(0));
        let own = match templates.of(&input.domain) {
            Some(Ok(template)) => Some(Arc::clone(template)),
            Some(Err(error)) => {
                failure.get_or_init(|| error.to_string());
                None
            }
            None => None,
        };
        let pages = Self { input, voices, slots, fallback, own, failure, late };
        let is_ahead = pages.end_ahead(pages.input.now).is_some();
        pages.prepared(fallback, View::Page, is_ahead);
        if pages.own.is_some() && is_ahead {
            // A template may fail only once the end has passed, when nobody looks.
            pages.prepared(fallback, View::Page, false);
        }
        pages
    }

    /// What is wrong with the site's own page, which the built-in one stands in for. Found when the answers are
    /// prepared, seldom later: by a language or a path that its template cannot deal with.
    pub fn template_error(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Tags of the languages that it answers in; the order of the messages, else of the alphabet.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.voices.iter().map(AsRef::as_ref)
    }

    /// The answer to a request, ready to be sent. `jitter` is a random number up to 30, see
    /// [`response::retry_after`].
    pub fn hold(&self, request: &PageRequest<'_>, now: Timestamp, jitter: u64) -> Held {
        match self.redirect(request) {
            Some(redirect) => {
                let end_ahead = self.end_ahead(now);
                let retry_after = response::retry_after(end_ahead, now, self.input.retry_after, jitter);
                response::redirect(redirect, end_ahead, retry_after)
            }
            None => self.hold_here(request, now, jitter),
        }
    }

    /// The host that visitors are redirected to, when it is not the site itself.
    pub fn redirect_host(&self) -> Option<&str> {
        self.input.redirect.as_ref().and_then(Redirect::host)
    }

    /// [`SitePages::hold`] for a request that must not be redirected.
    pub fn hold_here(&self, request: &PageRequest<'_>, now: Timestamp, jitter: u64) -> Held {
        let end_ahead = self.end_ahead(now);
        let retry_after = response::retry_after(end_ahead, now, self.input.retry_after, jitter);
        let (voice, view) = self.choose(request);
        let prepared = self.prepared(voice, view, end_ahead.is_some());
        match self.own.as_deref().filter(|own| prepared.is_own && own.is_live()) {
            Some(own) => match self.live(own, voice, view, end_ahead.is_some(), request.path, retry_after) {
                Some(html) => prepared.answer.with_body(retry_after, html),
                None => self.prepared(voice, view.spare(), end_ahead.is_some()).answer.held(retry_after),
            },
            None => prepared.answer.held(retry_after),
        }
    }

    /// The prepared answer that a request gets, chosen without allocating once it is prepared. Redirects and
    /// pages per request are left to [`SitePages::hold`].
    pub fn answer(&self, request: &PageRequest<'_>, now: Timestamp) -> &Answer {
        let (voice, view) = self.choose(request);
        &self.prepared(voice, view, self.end_ahead(now).is_some()).answer
    }

    /// What visitors get in a language (the first one, when `None` or not there), to be shown in the panel: in a
    /// frame of the same origin, and without the script that comes back by itself.
    pub fn preview(&self, kind: Kind, language: Option<&str>, now: Timestamp) -> Held {
        let place = language.and_then(|tag| language::lookup(tag, &self.voices)).unwrap_or(self.fallback);
        let end_ahead = self.end_ahead(now);
        let retry_after = self.retry_after(now);
        let said = self.say(place, end_ahead.is_some());
        let (body, policy) = match kind {
            Kind::Html => {
                let page = self.html(place, &said, Return::Words, Frames::SameOrigin, retry_after);
                (page.html, Some(page.policy))
            }
            Kind::Problem => (self.problem(&said, end_ahead), None),
            Kind::Text => (said.line(self.site(), self.voices[place].wording), None),
        };
        Answer::new(self.input.status, kind, &said.language, end_ahead, policy.as_deref(), body).held(retry_after)
    }

    /// The body of the answer to a method in one of its languages (the first one, when `None` or not there), for a file
    /// that somebody else sends.
    pub fn body(&self, kind: Kind, method: &Method, language: Option<&str>, now: Timestamp) -> Bytes {
        let voice = language.and_then(|tag| language::lookup(tag, &self.voices)).unwrap_or(self.fallback);
        let is_ahead = self.end_ahead(now).is_some();
        self.prepared(voice, View::of(kind, method), is_ahead).answer.held(self.retry_after(now)).body
    }

    /// Seconds for `Retry-After` without the random part.
    pub fn retry_after(&self, now: Timestamp) -> u64 {
        response::retry_after(self.end_ahead(now), now, self.input.retry_after, 0)
    }

    fn end_ahead(&self, now: Timestamp) -> Option<Timestamp> {
        self.input.end.filter(|end| *end > now)
    }

    fn site(&self) -> &str {
        if self.input.name.is_empty() { &self.input.domain } else { &self.input.name }
    }

    fn redirect(&self, request: &PageRequest<'_>) -> Option<&Redirect> {
        self.input.redirect.as_ref().filter(|redirect| !redirect.leads_to(request.host, request.path))
    }

    fn choose(&self, request: &PageRequest<'_>) -> (usize, View) {
        let kind = response::negotiate(request.headers.get_all(header::ACCEPT).map(HeaderValue::as_bytes));
        let view = View::of(kind, request.method);
        let languages = request.headers.get_all(header::ACCEPT_LANGUAGE).map(HeaderValue::as_bytes);
        (language::choose(languages, &self.voices, self.fallback), view)
    }

    fn prepared(&self, voice: usize, view: View, is_ahead: bool) -> &Prepared {
        let slot = &self.slots[voice][2 * view as usize + usize::from(is_ahead)];
        slot.get_or_init(|| Box::new(self.prepare(voice, view, is_ahead)))
    }

    fn prepare(&self, voice: usize, view: View, is_ahead: bool) -> Prepared {
        let said = self.say(voice, is_ahead);
        let end_ahead = self.input.end.filter(|_| is_ahead);
        // Only a page per request mentions it, and is made anew for each.
        let retry_after = u64::from(self.input.retry_after.unwrap_or(response::DEFAULT_RETRY_AFTER));
        let page = match view {
            View::Page => Some(self.html(voice, &said, Return::Script, Frames::Nobody, retry_after)),
            View::Unsent => Some(self.html(voice, &said, Return::Never, Frames::Nobody, retry_after)),
            View::SparePage => Some(self.built_in(voice, &said, Return::Script, Frames::Nobody)),
            View::SpareUnsent => Some(self.built_in(voice, &said, Return::Never, Frames::Nobody)),
            View::Problem | View::Text => None,
        };
        let is_own = page.as_ref().is_some_and(|page| page.is_own);
        let (body, policy) = match page {
            Some(page) => (page.html, Some(page.policy)),
            None if view == View::Problem => (self.problem(&said, end_ahead), None),
            None => (said.line(self.site(), self.voices[voice].wording), None),
        };
        let (status, kind) = (self.input.status, view.kind());
        let answer = Answer::new(status, kind, &said.language, end_ahead, policy.as_deref(), body);
        Prepared { answer, is_own }
    }

    fn say(&self, voice: usize, is_ahead: bool) -> Said {
        self.voices[voice].say(&Facts {
            site: self.site(),
            messages: &self.input.messages,
            end_ahead: self.input.end.filter(|_| is_ahead),
            is_overdue: self.input.end.is_some() && !is_ahead,
            zone: &self.input.zone,
            now: self.input.now,
        })
    }

    /// The page of the site, or the built-in one should it fail.
    fn html(&self, voice: usize, said: &Said, back: Return, frames: Frames, retry_after: u64) -> Page {
        let Some(own) = &self.own else {
            return self.built_in(voice, said, back, frames);
        };
        match own.render(&self.context(voice, said, back, "/", retry_after), TIME_PER_CHANGE) {
            Ok(html) => Page { policy: policy::own(&html, frames), html, is_own: true },
            Err(error) => {
                self.fail(own, &error);
                self.built_in(voice, said, back, frames)
            }
        }
    }

    fn built_in(&self, voice: usize, said: &Said, back: Return, frames: Frames) -> Page {
        // No time limit: there is nothing else to show.
        let html = template::built_in().render(&self.context(voice, said, back, "/", 0), Duration::MAX);
        let html = html.expect("the built-in page renders, tests do so in every language");
        Page { policy: policy::built_in(&html, frames), html, is_own: false }
    }

    /// The site's page made for this request; `None` when that fails or takes too long.
    fn live(
        &self,
        own: &PageTemplate,
        voice: usize,
        view: View,
        is_ahead: bool,
        path: &str,
        retry_after: u64,
    ) -> Option<Bytes> {
        if self.late.load(Ordering::Relaxed) >= MAX_LATE {
            return None;
        }
        let back = if view == View::Page { Return::Script } else { Return::Never };
        let said = self.say(voice, is_ahead);
        match own.render(&self.context(voice, &said, back, path, retry_after), TIME_PER_REQUEST) {
            Ok(html) => {
                if self.late.load(Ordering::Relaxed) > 0 {
                    self.late.store(0, Ordering::Relaxed);
                }
                Some(Bytes::from(html))
            }
            // A busy machine may be the reason once or twice.
            Err(RenderError::Late(_)) if self.late.fetch_add(1, Ordering::Relaxed) + 1 < MAX_LATE => None,
            Err(error) => {
                self.fail(own, &error);
                None
            }
        }
    }

    fn fail(&self, own: &PageTemplate, error: &RenderError) {
        self.failure.get_or_init(|| format!("{}: {error}", own.name()));
    }

    fn problem(&self, said: &Said, end_ahead: Option<Timestamp>) -> String {
        body::problem(said, self.input.status, &self.input.domain, end_ahead)
    }

    fn context(&self, voice: usize, said: &Said, back: Return, path: &str, retry_after: u64) -> Context {
        let facts = PageFacts {
            site: self.site(),
            domain: &self.input.domain,
            status: self.input.status,
            words: self.voices[voice].wording,
            back,
            path,
            retry_after,
        };
        body::context(said, &facts)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::wording;

    const NOW: &str = "2026-11-21T03:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn input() -> PageInput {
        PageInput {
            domain: "forum.example.com".to_owned(),
            name: String::new(),
            messages: Vec::new(),
            end: Some(at("2026-11-21T03:30:00Z")),
            zone: TimeZone::UTC,
            default_language: "en".to_owned(),
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after: None,
            redirect: None,
            now: at(NOW),
        }
    }

    fn message(language: &str, heading: &str, body: &str) -> Message {
        let [language, heading, body] = [language, heading, body].map(str::to_owned);
        Message { language, heading, body, ..Message::default() }
    }

    fn pages(input: PageInput) -> SitePages {
        SitePages::new(&PageTemplates::default(), input)
    }

    /// Pages of a site whose own page is this.
    fn own_pages(source: &str) -> SitePages {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("503.html"), source).unwrap();
        SitePages::new(&PageTemplates::load(Some(folder.path()), None), input())
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(header::HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    struct Get<'a>(&'a SitePages);

    impl Get<'_> {
        fn held(&self, method: &Method, path: &str, lines: &[(&'static str, &'static str)], now: &str) -> Held {
            let headers = headers(lines);
            self.0.hold(&PageRequest { headers: &headers, method, host: "forum.example.com", path }, at(now), 0)
        }

        fn page(&self, path: &str, lines: &[(&'static str, &'static str)]) -> String {
            text(&self.held(&Method::GET, path, lines, NOW))
        }
    }

    fn text(held: &Held) -> String {
        String::from_utf8(held.body.to_vec()).unwrap()
    }

    fn head<'h>(held: &'h Held, name: &str) -> &'h str {
        held.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn the_page_is_whole_small_and_in_the_language_of_the_visitor() {
        let pages = pages(input());
        let held = Get(&pages).held(&Method::GET, "/", &[("accept-language", "de-AT,de;q=0.9")], NOW);
        let page = text(&held);
        assert!(page.starts_with("<!doctype html>\n<html lang=\"de\" dir=\"ltr\">"), "{page}");
        assert!(page.contains("<h1>Diese Website ist leider gerade nicht verfügbar</h1>"), "{page}");
        let time = "<time datetime=\"2026-11-21T03:30:00Z\">Samstag, 21. November, 03:30 Uhr UTC</time>";
        assert!(page.contains(time), "{page}");
        assert_eq!(head(&held, "content-language"), "de");
        assert_eq!(head(&held, "retry-after"), "1800");
        assert_eq!(head(&held, "x-maintenance"), "planned; until=2026-11-21T03:30:00Z");
    }

    #[test]
    fn every_built_in_page_stays_within_8192_bytes_without_other_requests() {
        let mut contact_only = message("en", "", "");
        contact_only.contact = "help@example.com".to_owned();
        contact_only.link_url = "https://status.example.com/".to_owned();
        let pages = pages(PageInput { messages: vec![contact_only], ..input() });
        for wording in wording::all() {
            for (method, now) in [(Method::GET, NOW), (Method::POST, NOW), (Method::GET, "2026-11-21T04:00:00Z")] {
                let headers = headers(&[("accept-language", &wording.tag)]);
                let held =
                    pages.hold(&PageRequest { headers: &headers, method: &method, host: "a", path: "/" }, at(now), 0);
                let page = text(&held);
                assert!(page.len() <= 8192, "{}: {} bytes", wording.tag, page.len());
                assert!(page.contains(&format!("<html lang=\"{}\"", wording.tag)) && page.contains(&wording.try_again));
                for outside in ["<link rel=\"stylesheet", "src=", "@import", "url(", "http-equiv", "//cdn"] {
                    assert!(!page.contains(outside), "{}: {outside}", wording.tag);
                }
                assert_eq!(page.matches("<h1").count(), 1);
            }
        }
    }

    #[test]
    fn a_page_with_the_longest_text_stays_within_8192_bytes() {
        let body = "word ".repeat(crate::message::MAX_BODY / 5);
        let pages = pages(PageInput { messages: vec![message("en", "Closed", body.trim())], ..input() });
        let page = Get(&pages).page("/", &[]);
        assert!(page.len() <= 8192, "{} bytes", page.len());
    }

    #[test]
    fn only_a_page_that_was_asked_for_comes_back_by_itself() {
        let pages = pages(input());
        let get = Get(&pages).held(&Method::GET, "/", &[], NOW);
        assert!(text(&get).contains("<script ") && text(&get).contains("id=\"by-itself\" hidden"));
        assert!(head(&get, "content-security-policy").contains("script-src 'sha256-"));
        let post = Get(&pages).held(&Method::POST, "/", &[], NOW);
        assert!(!text(&post).contains("script") && text(&post).contains("What you just sent did not arrive."));
        assert!(!text(&post).contains("by itself"));
        assert!(!head(&post, "content-security-policy").contains("script-src"));
        assert!(!text(&get).contains("http-equiv"));
    }

    #[test]
    fn the_end_is_told_only_while_it_is_ahead() {
        let pages = pages(input());
        let ahead = Get(&pages).held(&Method::GET, "/", &[], "2026-11-21T03:29:59Z");
        assert!(text(&ahead).contains("03:30 UTC on Saturday 21 November"));
        assert_eq!(head(&ahead, "retry-after"), "1");
        let passed = Get(&pages).held(&Method::GET, "/", &[("accept", "text/plain")], "2026-11-21T03:30:00Z");
        let line = "forum.example.com: Sorry, this site is unavailable. The work is taking longer than planned. \
                    The site will be back as soon as it is ready.\n";
        assert_eq!(text(&passed), line);
        assert_eq!((head(&passed, "retry-after"), head(&passed, "x-maintenance")), ("120", "planned"));
    }

    #[test]
    fn problem_details_hold_the_pinned_keys() {
        let pages =
            pages(PageInput { messages: vec![message("en", "Closed", "For \"{site}\"\n\nuntil {end}.")], ..input() });
        let held = Get(&pages).held(&Method::DELETE, "/", &[("accept", "application/json")], NOW);
        assert_eq!(head(&held, "content-type"), "application/problem+json");
        let json: serde_json::Value = serde_json::from_slice(&held.body).unwrap();
        let expected = serde_json::json!({
            "type": "about:blank",
            "title": "Closed",
            "status": 503,
            "detail": "For \"forum.example.com\"\n\nuntil 03:30 UTC on Saturday 21 November.",
            "site": "forum.example.com",
            "until": "2026-11-21T03:30:00Z",
            "retry_after": 1800,
        });
        assert_eq!(json, expected);
        let later = Get(&pages).held(&Method::GET, "/", &[("accept", "application/json")], "2026-11-21T04:00:00Z");
        let json: serde_json::Value = serde_json::from_slice(&later.body).unwrap();
        assert_eq!((&json["until"], &json["retry_after"]), (&serde_json::Value::Null, &120.into()));
    }

    #[test]
    fn the_language_is_one_of_the_messages_else_the_first() {
        let messages =
            vec![message("de", "Geschlossen", ""), message("pt-BR", "Fechado", ""), message("ar", "مغلق", "")];
        let pages = pages(PageInput { messages, ..input() });
        for (header, expected) in [("", "de"), ("fr,en", "de"), ("pt", "pt-BR"), ("ar-EG", "ar"), ("de;q=0,*", "pt-BR")]
        {
            let held = Get(&pages).held(&Method::GET, "/", &[("accept-language", header)], NOW);
            assert_eq!(head(&held, "content-language"), expected, "{header}");
        }
        assert!(Get(&pages).page("/", &[("accept-language", "ar")]).contains("<html lang=\"ar\" dir=\"rtl\">"));
    }

    #[test]
    fn without_messages_the_setting_is_the_fallback() {
        for (setting, expected) in [("fr", "fr"), ("de-CH", "de"), ("fi", "en"), ("", "en")] {
            let pages = pages(PageInput { default_language: setting.to_owned(), ..input() });
            let held = Get(&pages).held(&Method::GET, "/", &[("accept-language", "fi")], NOW);
            assert_eq!(head(&held, "content-language"), expected, "{setting}");
        }
    }

    #[test]
    fn what_staff_typed_is_escaped_everywhere() {
        let evil = "<script>alert(1)</script>\"'&{site}";
        let mut typed = message("en", evil, evil);
        typed.contact = evil.to_owned();
        typed.link_label = evil.to_owned();
        typed.link_url = "https://example.com/?a=\"><b>".to_owned();
        let pages = pages(PageInput { messages: vec![typed], name: "<i>{end}</i>".to_owned(), ..input() });
        let page = Get(&pages).page("/", &[]);
        assert_eq!(page.matches("<script").count(), 1, "only its own: {page}");
        assert!(!page.contains("alert(1)</script>") && !page.contains("<i>") && !page.contains("<b>"), "{page}");
        assert!(page.contains("&lt;i&gt;{end}&lt;"), "{page}");
    }

    #[test]
    fn the_policy_holds_the_hashes_of_what_is_in_the_page() {
        let pages = pages(input());
        let held = Get(&pages).held(&Method::GET, "/", &[], NOW);
        assert_eq!(head(&held, "content-security-policy"), policy::built_in(&text(&held), Frames::Nobody));
    }

    #[test]
    fn an_own_page_takes_the_place_of_the_built_in_one() {
        let pages = own_pages(
            "{{ site }} {{ heading }} {{ message }} {{ end_iso }} {{ status }} {{ reason }}<script>x</script>",
        );
        let held = Get(&pages).held(&Method::GET, "/", &[], NOW);
        assert!(
            text(&held).starts_with("forum.example.com Sorry, this site is unavailable <p>You will"),
            "{}",
            text(&held)
        );
        assert!(text(&held).contains("2026-11-21T03:30:00Z 503 Service Unavailable"), "{}", text(&held));
        assert!(head(&held, "content-security-policy").starts_with("script-src 'self' 'sha256-"));
        assert_eq!(pages.template_error(), None);
    }

    #[test]
    fn an_own_page_may_fill_in_the_built_in_one() {
        let pages = own_pages("{% extends 'built-in/503.html' %}{% block after %}<p>More.</p>{% endblock after %}");
        let page = Get(&pages).page("/", &[]);
        assert!(page.contains("<p>More.</p>\n</main>") && page.contains("<h1>Sorry"), "{page}");
    }

    #[test]
    fn a_page_that_mentions_the_path_gets_that_of_each_request() {
        let pages = own_pages("{{ request_path }} {{ retry_after }}<script>let a = '{{ request_path }}';</script>");
        let held = Get(&pages).held(&Method::GET, "/a'<b>", &[], NOW);
        assert_eq!(text(&held), "/a&#39;&lt;b&gt; 1800<script>let a = '/a&#39;&lt;b&gt;';</script>");
        // A script that changes with the path is not among those that may run.
        assert_eq!(
            head(&held, "content-security-policy"),
            head(&Get(&pages).held(&Method::GET, "/", &[], NOW), "content-security-policy")
        );
        assert!(Get(&pages).page("/other", &[]).starts_with("/other "));
    }

    #[test]
    fn a_page_that_fails_is_reported_and_the_built_in_one_shown() {
        for source in [
            "{{ missing.name.first }}",
            "{% if %}",
            "{{ heading | nonsense }}",
            "{% if not end %}{{ throw(message='late') }}{% endif %}",
        ] {
            let pages = own_pages(source);
            assert!(pages.template_error().is_some_and(|error| error.starts_with("503.html: ")), "{source}");
            let held = Get(&pages).held(&Method::GET, "/", &[], "2026-11-21T04:00:00Z");
            assert!(text(&held).contains("<h1>Sorry, this site is unavailable</h1>"), "{source}");
            assert!(head(&held, "content-security-policy").starts_with("default-src 'none'"), "{source}");
        }
    }

    #[test]
    fn a_page_that_fails_for_some_paths_fails_only_there() {
        let pages = own_pages("{% if request_path == '/bad' %}{{ throw(message='no') }}{% endif %}{{ request_path }}");
        assert_eq!(Get(&pages).page("/fine", &[]), "/fine");
        assert!(Get(&pages).page("/bad", &[]).contains("<h1>Sorry"));
        assert!(pages.template_error().is_some());
        assert_eq!(Get(&pages).page("/fine", &[]), "/fine");
    }

    #[test]
    fn a_redirect_sends_elsewhere_but_never_to_itself() {
        let redirect = Redirect::parse("/down/").ok();
        let pages = pages(PageInput { redirect, ..input() });
        let held = Get(&pages).held(&Method::GET, "/", &[], NOW);
        assert_eq!((held.status.as_u16(), head(&held, "location")), (302, "/down/"));
        assert_eq!((head(&held, "retry-after"), head(&held, "cache-control")), ("1800", "no-store"));
        assert_eq!(Get(&pages).held(&Method::GET, "/down/", &[], NOW).status, 503);
    }

    #[test]
    fn a_preview_is_the_page_without_its_script() {
        let pages = pages(input());
        let held = pages.preview(Kind::Html, Some("fr-CA"), at(NOW));
        assert!(text(&held).contains("<html lang=\"fr\"") && !text(&held).contains("<script"));
        assert!(text(&held).contains("<p id=\"by-itself\">"));
        assert!(head(&held, "content-security-policy").ends_with("frame-ancestors 'self'"));
        assert!(text(&pages.preview(Kind::Text, None, at(NOW))).starts_with("forum.example.com: Sorry"));
        assert!(text(&pages.preview(Kind::Problem, None, at(NOW))).ends_with("\"retry_after\":1800}\n"));
    }

    #[test]
    fn an_answer_is_prepared_once() {
        let pages = pages(input());
        let headers = headers(&[("accept", "text/html,*/*;q=0.8"), ("accept-language", "sv")]);
        let request = PageRequest { headers: &headers, method: &Method::GET, host: "a", path: "/" };
        assert!(std::ptr::eq(pages.answer(&request, at(NOW)), pages.answer(&request, at(NOW))));
    }
}
