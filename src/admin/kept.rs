//! What was typed into the form of a site or of a window, when the request is refused: the session is over, or the
//! database does not answer. The page that says so carries every field along, so that nothing is lost, whoever has read
//! how much of it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::rt::time::timeout;
use futures_util::future::poll_fn;
use futures_util::stream::{self, Stream as _};

use super::fields::Fields;
use super::form::{ARRIVES_WITHIN, MAX_FORM_BYTES};
use super::page::{ErrorPage, KeptForm, Link};
use super::panel::Panel;
use crate::auth::CsrfError;
use crate::middleware::origin_of;

/// The body of a form: what somebody has read of it, and what nobody has yet.
#[derive(Clone)]
pub(super) struct Kept {
    path: String,
    read: Rc<RefCell<Vec<u8>>>,
    body: Rc<RefCell<Payload>>,
}

impl Kept {
    /// Stays with a form that a page of ours has sent; what another site has filled in is never shown as the user's.
    pub(super) fn stay_with(panel: &Panel, req: &mut ServiceRequest) -> Option<Self> {
        let is_form = req.method() == Method::POST && req.content_type() == "application/x-www-form-urlencoded";
        let is_of_one =
            ["sites/", "schedule/"].iter().any(|path| req.path().starts_with(&format!("{}{path}", panel.base())));
        if !is_form || !is_of_one {
            return None;
        }
        let (scheme, host) = origin_of(req.request(), &panel.maintenance.snapshot().rules().trusted);
        // Without a token to compare, the source is all that is looked at.
        let source = panel.auth().csrf().check(req.method(), req.headers(), (scheme, &host), None, None);
        if source != Err(CsrfError::WrongToken) {
            return None;
        }
        let body = Rc::new(RefCell::new(req.take_payload()));
        let kept = Self { path: req.path().to_owned(), read: Rc::default(), body };
        let (body, read) = (Rc::clone(&kept.body), Rc::clone(&kept.read));
        let stream = stream::poll_fn(move |context| {
            let polled = Pin::new(&mut *body.borrow_mut()).poll_next(context);
            let mut read = read.borrow_mut();
            if let Poll::Ready(Some(Ok(part))) = &polled
                && read.len() <= MAX_FORM_BYTES
            {
                read.extend_from_slice(part);
            }
            polled
        });
        req.set_payload(Payload::Stream { payload: Box::pin(stream) });
        req.extensions_mut().insert(kept.clone());
        Some(kept)
    }

    /// Whether a handler has read some of it, so that it may have been saved.
    pub(super) fn was_read(&self) -> bool {
        !self.read.borrow().is_empty()
    }

    /// The fields; `None` when they are not those of such a page, or take longer to arrive than a form may.
    pub(super) async fn read(&self) -> Option<KeptForm> {
        self.read_within(ARRIVES_WITHIN).await
    }

    async fn read_within(&self, limit: Duration) -> Option<KeptForm> {
        let body = timeout(limit, self.whole()).await.ok()??;
        kept_form(&self.path, &Fields::read(&body).ok()?)
    }

    /// The whole body; `None` when it breaks off or is larger than a form may be.
    async fn whole(&self) -> Option<Vec<u8>> {
        let mut read = self.read.take();
        while let Some(part) = poll_fn(|context| Pin::new(&mut *self.body.borrow_mut()).poll_next(context)).await {
            read.extend_from_slice(&part.ok()?);
            if read.len() > MAX_FORM_BYTES {
                return None;
            }
        }
        Some(read)
    }
}

/// The fields of the page of a site or of a window, to be sent again.
pub(super) fn kept_form(path: &str, fields: &Fields) -> Option<KeptForm> {
    let has = |names: [&str; 2]| names.iter().all(|name| fields.get(name).is_some());
    let is_whole = has(["revision", "test[target]"]) || has(["zone", "start"]);
    is_whole.then(|| KeptForm { action: path.to_owned(), fields: fields.iter().collect() })
}

/// 503 to a form of the page `back`: the database does not answer, so nothing was done. What was typed is kept.
pub(super) fn not_done(panel: &Panel, back: &str, kept: Option<KeptForm>) -> ErrorPage {
    let page = ErrorPage::no_database_for_form(panel.base(), &panel.outage(), back);
    match kept {
        Some(kept) => page.keeping(kept, "Nothing was saved. What you typed is kept on this page."),
        None => page.saying("Nothing was changed, and nothing is sent again by itself."),
    }
}

/// The same when the database went away after the handler had done its work, so that nobody knows of it.
pub(super) fn not_known_whether_done(panel: &Panel, back: &str, kept: Option<KeptForm>) -> ErrorPage {
    let page = ErrorPage::no_database_for_form(panel.base(), &panel.outage(), back);
    match kept {
        Some(kept) => page.keeping(
            kept,
            "It is not known whether this was saved: look at the site before you save again. What you typed is kept on \
             this page.",
        ),
        None => page.saying("It is not known whether this was done. Nothing is sent again by itself: look first."),
    }
}

/// 403: whoever typed for long is not logged in any more.
pub(super) fn logged_out(panel: &Panel, kept: KeptForm) -> ErrorPage {
    let page = ErrorPage {
        status: 403,
        heading: "You were logged out".to_owned(),
        links: vec![Link { label: "Log in".to_owned(), href: format!("{}login/", panel.base()) }],
        ..ErrorPage::default()
    };
    page.keeping(
        kept,
        "Log in and we will bring back what you typed. It is kept on this page: log in in another tab, then go on here.",
    )
}

#[cfg(test)]
mod tests {
    use actix_web::error::PayloadError;
    use actix_web::web::Bytes;
    use futures_util::StreamExt as _;

    use super::*;

    /// A form of which a part has arrived, and the rest comes or never does.
    fn a_form(is_whole: bool) -> Kept {
        let part = |text: &'static str| stream::iter([Ok::<_, PayloadError>(Bytes::from_static(text.as_bytes()))]);
        let rest = if is_whole { part("&test[target]=/").boxed_local() } else { stream::pending().boxed_local() };
        let payload = Payload::Stream { payload: part("revision=7").chain(rest).boxed_local() };
        Kept { path: "/admin/sites/1/".to_owned(), read: Rc::default(), body: Rc::new(RefCell::new(payload)) }
    }

    #[actix_web::test]
    async fn a_form_that_never_arrives_is_not_waited_for() {
        let whole = a_form(true).read_within(Duration::from_secs(60)).await.expect("it has arrived");
        let fields =
            [("revision", "7"), ("test[target]", "/")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(whole.fields, fields);
        let slow = a_form(false);
        let waited = timeout(Duration::from_secs(10), slow.read_within(Duration::from_millis(20))).await;
        assert!(waited.expect("it is given up after its own time").is_none());
    }
}
