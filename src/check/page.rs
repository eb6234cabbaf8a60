//! `/maintenance/page`: what a visitor gets who was kept out, by itself.

use std::cell::OnceCell;

use actix_web::{HttpRequest, HttpResponse};

use super::Checkpoint;
use super::facts::Asked;
use crate::clock;
use crate::decision::{Hold, Verdict};
use crate::middleware::{bad_host, send};
use crate::page::{PageRequest, SitePages};
use crate::snapshot::Snapshot;

/// The answer for the host that was asked for, as though nothing let the request through: whoever asks has been told a
/// moment ago that nothing does. Never open, never the way back to where it came from, and never to be kept.
pub(super) fn show(req: &HttpRequest, checkpoint: &Checkpoint) -> HttpResponse {
    let mut cache = checkpoint.snapshot.borrow_mut();
    let snapshot = cache.load();
    let Ok(asked) = Asked::read_for_page(req, &snapshot.rules().trusted) else { return bad_host() };
    let path = asked.path();
    let wanted = asked.page_request(req, &path);
    let now = clock::now();
    let verdict = match snapshot.site_for(asked.host()) {
        _ if snapshot.unknown_pages().is_some() => Verdict::Unknown,
        Some(site) => match site.closed_at(now) {
            Some(closed) => Verdict::Hold(Hold { site, closed }),
            None => return checkpoint.back_soon.answer(snapshot, &wanted),
        },
        None if snapshot.rules().refuses_unknown_sites => Verdict::NoSuchSite,
        None => return checkpoint.back_soon.answer(snapshot, &wanted),
    };
    checkpoint.parts.keep_out(req, &wanted, snapshot, &verdict, Some(now))
}

/// The answer when the site has opened since the proxy asked: the built-in page, to be asked again at once.
#[derive(Default)]
pub(super) struct BackSoon(OnceCell<SitePages>);

impl BackSoon {
    fn answer(&self, snapshot: &Snapshot, wanted: &PageRequest<'_>) -> HttpResponse {
        let now = clock::now();
        let pages = self.0.get_or_init(|| snapshot.back_soon_pages(now));
        send(pages.hold_here(wanted, now, 0))
    }
}
