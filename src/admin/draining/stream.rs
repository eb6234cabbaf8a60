//! The page of a drain as it changes: server-sent events (WHATWG HTML, 9.2), each with the parts of the page anew.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::view::page;
use super::watch::Found;
use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::DrainingPage;
use crate::admin::panel::Panel;
use crate::clock;
use crate::site::SiteId;

/// Most streams of one worker at once: each keeps a connection. Whoever is refused asks every ten seconds instead.
const MOST_STREAMS: usize = 64;

/// A stream ends after this time, and the browser begins another: then its log-in is looked at anew.
const LASTS: Duration = Duration::from_secs(5 * 60);

/// How often it is looked whether the log-ins have changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Something is sent at least so often, so that nobody in between takes the connection for dead.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Milliseconds after which a browser asks again when a stream has ended.
const RETRY_MS: u32 = 1_000;

/// The places of one worker.
#[derive(Debug)]
pub(in crate::admin) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_STREAMS)))
    }
}

/// Sends the parts of the page whenever they change, until the site does not drain any more.
pub(in crate::admin) async fn events(
    req: HttpRequest,
    panel: Data<Panel>,
    operator: Operator,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let site = SiteId(*id);
    panel.record_for(&operator, site).await?;
    let Ok(place) = Arc::clone(&panel.streams.0).try_acquire_owned() else {
        return Ok(HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "10")).finish());
    };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Neither our own compression nor that of a proxy may wait for more.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"));
    if *req.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let now = Instant::now();
    let stream = Stream {
        found: panel.maintenance.watches().of(
            site,
            panel.maintenance.store(),
            panel.maintenance.actions().visit_idle(),
        ),
        log_ins: panel.auth().identities().generation(),
        ends_at: now + LASTS,
        pinged_at: now,
        is_begun: false,
        is_over: false,
        panel,
        _place: place,
    };
    Ok(answer.streaming(stream::unfold(stream, Stream::next)))
}

/// One stream.
struct Stream {
    panel: Data<Panel>,
    found: watch::Receiver<Found>,
    /// Which log-ins there were when the operator was let in.
    log_ins: u64,
    ends_at: Instant,
    pinged_at: Instant,
    is_begun: bool,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

impl Stream {
    /// What is sent next; `None` ends the stream.
    async fn next(mut self) -> Option<(Result<Bytes, PanelError>, Self)> {
        if !std::mem::replace(&mut self.is_begun, true) {
            return Some((Ok(Bytes::from(format!("retry: {RETRY_MS}\n\n"))), self));
        }
        loop {
            let is_out_of_time = Instant::now() >= self.ends_at || self.panel.maintenance.watches().is_stopping();
            if self.is_over || is_out_of_time || self.has_other_log_ins() {
                return None;
            }
            match tokio::time::timeout(LOOK_EVERY, self.found.changed()).await {
                Ok(Ok(())) => {
                    let told = self.told();
                    return Some((told, self));
                }
                // The reader is gone: the browser asks again, and is told what is then.
                Ok(Err(_)) => return None,
                Err(_) if self.pinged_at.elapsed() >= PING_EVERY => {
                    self.pinged_at = Instant::now();
                    return Some((Ok(Bytes::from_static(b": still here\n\n")), self));
                }
                Err(_) => {}
            }
        }
    }

    /// Whether somebody has logged in or out, or may do something else, since this stream began: whether this operator
    /// is concerned is found out when the browser asks again.
    fn has_other_log_ins(&self) -> bool {
        self.panel.auth().identities().generation() != self.log_ins
    }

    fn told(&mut self) -> Result<Bytes, PanelError> {
        self.pinged_at = Instant::now();
        let found = self.found.borrow_and_update().clone();
        let Some(look) = found.look.filter(|_| !found.is_stale) else {
            return Ok(Bytes::from_static(b"event: stale\ndata:\n\n"));
        };
        self.is_over = look.is_over();
        let page = page(&look, self.panel.base(), &self.panel.zone(), clock::now());
        let html = self.panel.templates.plain(DrainingPage::LIVE, &page).map_err(PanelError::internal)?;
        let end = if self.is_over { "event: over\ndata:\n\n" } else { "" };
        Ok(Bytes::from(format!("{}{end}", event("show", &html))))
    }
}

/// One event. Its data are lines of their own, and the browser puts them together again.
fn event(name: &str, data: &str) -> String {
    let mut event = format!("event: {name}\n");
    for line in data.lines().filter(|line| !line.is_empty()) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_each_line_of_its_data_on_a_line_of_its_own() {
        assert_eq!(
            event("show", "<p>\n\nevent: x\r\n</p>\n"),
            "event: show\ndata: <p>\ndata: event: x\ndata: </p>\n\n"
        );
    }
}
