//! What visitors see: the answer of a site's maintenance, also while the site is open.

use std::sync::Arc;

use actix_session::Session;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Deserialize;

use super::error::PanelError;
use super::form::parse;
use super::own::Operator;
use super::page::{Choice, HeaderLine, Link, PreviewPage, Section};
use super::panel::Panel;
use crate::clock;
use crate::language;
use crate::maintenance::{Level, Phase};
use crate::page::{PageRequest, SitePages};
use crate::record::SiteRecord;
use crate::response::{Held, Kind};
use crate::site::SiteId;
use crate::snapshot::Snapshot;
use crate::wording;

/// Most bytes of the built-in page.
const BUILT_IN_BYTES: usize = 8192;

/// What the toolbar sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PreviewQuery {
    /// `html`, `json` or `text`.
    kind: String,
    /// Tag of a language; empty means the site's first.
    language: String,
    /// `phone` or `desktop`.
    frame: String,
    /// `light` or `dark`.
    scheme: String,
}

impl PreviewQuery {
    fn of(req: &HttpRequest) -> Self {
        parse(req.query_string().as_bytes()).unwrap_or_default()
    }

    fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "json" => Kind::Problem,
            "text" => Kind::Text,
            _ => Kind::Html,
        }
    }

    fn language(&self) -> Option<&str> {
        Some(self.language.as_str()).filter(|language| !language.is_empty())
    }
}

/// The answer of one site in one form and language.
struct Looked {
    /// What visitors are sent: status, headers and, unless they are redirected, the body.
    sent: Held,
    /// The body when nobody is redirected.
    body: Held,
    /// Tags of the languages that it answers in.
    languages: Vec<String>,
    /// Tag of the one shown.
    language: String,
    /// Whether the page is the site's own.
    is_own: bool,
    /// Why the site's own page cannot be used.
    template_error: Option<String>,
    /// Whether visitors get it now.
    is_closed: bool,
    /// Whether those at work get the site.
    is_draining: bool,
    /// Whether it is sent only where something would be changed.
    is_read_only: bool,
}

/// The answer with its headers, in a frame of the panel.
pub(super) async fn show(
    req: HttpRequest,
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let query = PreviewQuery::of(&req);
    let (record, _) = panel.record_for(&operator, SiteId(*id)).await?;
    let asked = query.clone();
    let (record, looked) =
        on_pages(&panel, record, move |record, pages, snapshot, now| look(record, pages, snapshot, &asked, now))
            .await?;
    let page = preview_page(&panel, &record, &query, &looked);
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Sites)), &page)
}

/// The bytes themselves, less the script that comes back by itself. Sent with 200, so that a browser shows them and
/// whoever watches the panel sees no fault; the status that visitors get is told beside the frame.
pub(super) async fn page(
    req: HttpRequest,
    panel: Data<Panel>,
    operator: Operator,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let query = PreviewQuery::of(&req);
    let (record, _) = panel.record_for(&operator, SiteId(*id)).await?;
    let (_, held) =
        on_pages(&panel, record, move |_, pages, _, now| pages.preview(query.kind(), query.language(), now)).await?;
    let mut response = HttpResponse::Ok().body(held.body);
    for name in [header::CONTENT_TYPE, header::CONTENT_LANGUAGE, header::CONTENT_SECURITY_POLICY] {
        if let Some(value) = held.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response.headers_mut().insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// Looks at the answers of a site: those in force, or, for an open site, those that would be. On a blocking thread,
/// because an own template may take its time.
async fn on_pages<T: Send + 'static>(
    panel: &Panel,
    record: SiteRecord,
    look: impl FnOnce(&SiteRecord, &SitePages, &Snapshot, Timestamp) -> T + Send + 'static,
) -> Result<(SiteRecord, T), PanelError> {
    let snapshot: Arc<Snapshot> = panel.maintenance.snapshot();
    let seen = web::block(move || {
        let now = clock::now();
        let in_force = snapshot.site(record.site.id).and_then(|site| site.closed_at(now));
        let seen = match in_force {
            Some(closed) => look(&record, closed.pages(), &snapshot, now),
            None => {
                let pages = SitePages::new(
                    snapshot.templates(),
                    snapshot.rules().page_input(&record, &record.messages, record.maintenance.expected_end, now),
                );
                look(&record, &pages, &snapshot, now)
            }
        };
        (record, seen)
    });
    Ok(seen.await?)
}

fn look(record: &SiteRecord, pages: &SitePages, snapshot: &Snapshot, query: &PreviewQuery, now: Timestamp) -> Looked {
    let domain = record.site.domain.as_str();
    let first = pages.preview(Kind::Text, query.language(), now);
    let language = text(first.headers.get(header::CONTENT_LANGUAGE));
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(query.kind().content_type()));
    if let Ok(language) = HeaderValue::from_str(&language) {
        headers.insert(header::ACCEPT_LANGUAGE, language);
    }
    let request = PageRequest { headers: &headers, method: &Method::GET, host: domain, path: "/" };
    let (sent, body) = (pages.hold(&request, now, 0), pages.hold_here(&request, now, 0));
    let closed = snapshot.site(record.site.id).and_then(|site| site.closed_at(now));
    let template_error = pages.template_error().map(str::to_owned);
    Looked {
        sent,
        body,
        language,
        languages: pages.languages().map(str::to_owned).collect(),
        is_own: template_error.is_none() && snapshot.templates().of(domain).is_some(),
        template_error,
        is_closed: closed.is_some(),
        is_draining: closed.is_some_and(|closed| closed.phase() == Phase::Draining),
        is_read_only: closed.is_some_and(|closed| closed.level() == Level::ReadOnly),
    }
}

fn preview_page(panel: &Panel, record: &SiteRecord, query: &PreviewQuery, looked: &Looked) -> PreviewPage {
    let (id, kind) = (record.site.id, query.kind());
    let word = match kind {
        Kind::Html => "html",
        Kind::Problem => "json",
        Kind::Text => "text",
    };
    PreviewPage {
        id: id.0,
        domain: record.site.domain.to_unicode(),
        is_closed: looked.is_closed,
        is_draining: looked.is_draining,
        is_read_only: looked.is_read_only,
        kind: word.to_owned(),
        languages: looked.languages.iter().map(|tag| Choice::new(tag, name_of(tag))).collect(),
        language: looked.language.clone(),
        frame: one_of(&query.frame, ["desktop", "phone"]).to_owned(),
        scheme: one_of(&query.scheme, ["light", "dark"]).to_owned(),
        kinds: vec![Choice::new("html", "Page (HTML)"), Choice::new("json", "JSON"), Choice::new("text", "Plain text")],
        page_href: (kind == Kind::Html)
            .then(|| format!("{}sites/{id}/preview/page?language={}", panel.base(), looked.language)),
        status_line: format!(
            "{} {}",
            looked.sent.status.as_u16(),
            looked.sent.status.canonical_reason().unwrap_or_default()
        ),
        headers: lines(&looked.sent.headers),
        body: if kind == Kind::Html { String::new() } else { String::from_utf8_lossy(&looked.body.body).into_owned() },
        size: size(looked.body.body.len(), kind == Kind::Html && !looked.is_own),
        template_error: looked.template_error.clone(),
        redirect: redirect(record, &looked.sent),
    }
}

/// The word that is known, or the first.
fn one_of(value: &str, known: [&'static str; 2]) -> &'static str {
    known.into_iter().find(|known| *known == value).unwrap_or(known[0])
}

/// Where visitors are sent instead. A path is one of the site's own.
fn redirect(record: &SiteRecord, sent: &Held) -> Option<Link> {
    let target = text(sent.headers.get(header::LOCATION));
    let href = if target.starts_with('/') { format!("//{}{target}", record.site.domain) } else { target.clone() };
    (!target.is_empty()).then_some(Link { label: target, href })
}

/// The headers as they are sent, with their names as people write them, by name.
fn lines(headers: &HeaderMap) -> Vec<HeaderLine> {
    let mut lines: Vec<HeaderLine> = headers
        .iter()
        .map(|(name, value)| HeaderLine { name: title(name.as_str()), value: text(Some(value)) })
        .collect();
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines
}

/// `retry-after` as `Retry-After`.
fn title(name: &str) -> String {
    let words = name.split('-').map(|word| match word.chars().next() {
        Some(first) => format!("{}{}", first.to_ascii_uppercase(), &word[first.len_utf8()..]),
        None => String::new(),
    });
    words.collect::<Vec<_>>().join("-")
}

fn text(value: Option<&HeaderValue>) -> String {
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// Size of a body, beside its limit when it has one: `4.2 of 8 KB`.
fn size(bytes: usize, is_limited: bool) -> String {
    let tenths = (bytes * 10).div_ceil(1024);
    match (is_limited, bytes) {
        (true, _) => format!("{}.{} of {} KB", tenths / 10, tenths % 10, BUILT_IN_BYTES / 1024),
        (false, 0..1024) => format!("{bytes} bytes"),
        (false, _) => format!("{}.{} KB", tenths / 10, tenths % 10),
    }
}

/// A language by its own name, with its tag where the name is that of a wider one: `Português (pt-BR)`.
fn name_of(tag: &str) -> String {
    match wording::of(tag) {
        Some(words) if words.tag == tag => words.name.clone(),
        Some(words) => format!("{} ({tag})", words.name),
        None => language::canonical(tag).unwrap_or_else(|_| tag.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_names_are_worded_for_people() {
        assert_eq!(size(4301, true), "4.3 of 8 KB");
        assert_eq!(size(8192, true), "8.0 of 8 KB");
        assert_eq!(size(312, false), "312 bytes");
        assert_eq!(size(2048, false), "2.0 KB");
        assert_eq!(title("content-security-policy"), "Content-Security-Policy");
        assert_eq!(
            (name_of("de"), name_of("pt-BR"), name_of("fi")),
            ("Deutsch".into(), "Português (pt-BR)".into(), "fi".into())
        );
    }
}
