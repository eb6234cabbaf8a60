//! What is asked of a site, beside its page.

use std::net::SocketAddr;

use url::Url;

use super::Expected;
use super::answer::Answer;
use super::state::State;
use super::told::Told;
use super::trail::{Trail, is_maintenance_redirect};

/// Most parts of a page that are fetched.
const MAX_PARTS: usize = 10;

/// Most parts of an open page that are fetched: enough to see whether such files are held.
const MAX_OPEN_PARTS: usize = 4;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What the site tells of itself, if it is one of this program; asked before all others.
    Status,
    /// `HEAD` of the page.
    Head,
    /// `POST` without a body.
    EmptyPost,
    /// `POST` of a small form.
    Form,
    /// `OPTIONS`, as a browser asks before a script of another origin may send something.
    Options,
    /// The page for a client that reads JSON only.
    Json,
    /// An upgrade to a WebSocket (RFC 6455, section 4.1).
    WebSocket,
    /// The page with a query that nobody has asked with before, so that no cache has it.
    Fresh,
    /// The page once more.
    Again,
    /// The page for a browser that has kept one: of the entity tag that the page has, or of any, as of now.
    Kept(String),
    /// The first byte of the page, as who goes on with a download asks.
    Range,
    /// The page of another address of the name.
    At(SocketAddr),
    /// A path that no site has.
    UnknownPath,
    /// A style sheet, picture or script that the page needs, of the same origin.
    Part(Url),
    /// What an open page loads in its own place after a time.
    Onward(Url),
    /// What an open site tells crawlers.
    Robots,
    /// The log-in of the panel.
    Panel,
    /// What load balancers ask.
    Health,
    /// A method that writes, of a path that no site has.
    Writing(&'static str),
}

/// The methods of [`Question::Writing`] that are sent to a held site, which gets `POST` otherwise, too.
const WRITING: [&str; 3] = ["PUT", "PATCH", "DELETE"];

impl Question {
    /// A stable name for people and programs.
    pub fn point(&self) -> &'static str {
        match self {
            Self::Status => "status.json",
            Self::Head => "HEAD",
            Self::EmptyPost => "POST",
            Self::Form => "POST form",
            Self::Options => "OPTIONS",
            Self::Json => "JSON",
            Self::WebSocket => "WebSocket",
            Self::Fresh => "random query",
            Self::Again => "asked again",
            Self::Kept(_) => "kept page",
            Self::Range => "part of it",
            Self::At(_) => "every address",
            Self::UnknownPath => "unknown path",
            Self::Part(_) => "page's parts",
            Self::Onward(_) => "Refresh",
            Self::Robots => "robots.txt",
            Self::Panel => "panel",
            Self::Health => "health",
            Self::Writing(_) => "methods",
        }
    }
}

/// What to ask after the page. What changes something is asked only of a site that is held: an open one could act on
/// it, and one that answers 200 may be open. One that is closed for writing only, as it says itself or as somebody expects,
/// is sent it where no site has anything.
pub fn questions(trail: &Trail, told: Option<Told>, expected: Option<Expected>) -> Vec<Question> {
    let Ok(page) = &trail.site().seen else { return Vec::new() };
    let state = State::of(trail);
    let is_closed = matches!(state, State::Closed | State::Redirected);
    let is_held =
        is_closed && (page.status == 503 || is_maintenance_redirect(page) || page.is_marked() && page.status >= 300);
    let is_read_only = page.is_read_only()
        || state == State::Open && (told == Some(Told::ReadOnly) || expected == Some(Expected::ReadOnly));
    let mut questions = vec![Question::Head];
    if is_held {
        questions.extend([Question::EmptyPost, Question::Form]);
    }
    questions.extend([Question::Options, Question::Json, Question::WebSocket]);
    questions.extend([Question::Fresh, Question::Again, Question::UnknownPath]);
    if is_closed && page.status == 503 {
        questions.push(Question::Kept(page.header("etag").unwrap_or("*").to_owned()));
        questions.push(Question::Range);
    }
    if is_closed {
        questions.extend(own_parts(page, &trail.site().url).into_iter().take(MAX_PARTS).map(Question::Part));
    }
    if state == State::Open {
        questions.extend(of_an_open_page(trail));
    }
    questions.extend([Question::Panel, Question::Health]);
    if is_read_only {
        questions.push(Question::Writing("POST"));
    }
    if is_held || is_read_only {
        questions.extend(WRITING.map(Question::Writing));
    }
    questions
}

/// What may still be held of a site whose page is open.
fn of_an_open_page(trail: &Trail) -> Vec<Question> {
    let last = trail.last();
    let Ok(page) = &last.seen else { return Vec::new() };
    let mut questions: Vec<_> =
        own_parts(page, &last.url).into_iter().take(MAX_OPEN_PARTS).map(Question::Part).collect();
    let onward = page.page().and_then(|page| page.refresh).and_then(|refresh| last.url.join(&refresh.target?).ok());
    questions.extend(onward.filter(|url| url.origin() == last.url.origin()).map(Question::Onward));
    questions.push(Question::Robots);
    questions
}

/// How many parts of a page are not asked for.
pub(super) fn left_out(page: &Answer, url: &Url) -> usize {
    own_parts(page, url).len().saturating_sub(MAX_PARTS)
}

/// The parts of a page that come from the same origin.
fn own_parts(page: &Answer, url: &Url) -> Vec<Url> {
    all_parts(page, url).into_iter().filter(|part| part.origin() == url.origin()).collect()
}

/// The hosts that the other parts of a page come from.
pub(super) fn foreign_hosts(page: &Answer, url: &Url) -> Vec<String> {
    let mut hosts = Vec::new();
    for part in all_parts(page, url).into_iter().filter(|part| part.origin() != url.origin()) {
        let host = part.host_str().unwrap_or_default().to_owned();
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// The parts of a page that are fetched from the web, each once.
fn all_parts(page: &Answer, url: &Url) -> Vec<Url> {
    let Some(page) = page.page() else { return Vec::new() };
    let base = page.base.and_then(|base| url.join(&base).ok()).unwrap_or_else(|| url.clone());
    let mut urls: Vec<Url> = Vec::new();
    for part in page.parts.iter().filter_map(|part| base.join(part).ok()) {
        if matches!(part.scheme(), "http" | "https") && !urls.contains(&part) {
            urls.push(part);
        }
    }
    urls
}
