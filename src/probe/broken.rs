//! A site that gives no page: no answer, an error, or a redirect that leads nowhere.

use super::answer::{Answer, Silence};
use super::finding::Finding;
use super::quote::{self, quoted};
use super::trail::Trail;

/// A site that gives no page at all.
pub(super) fn finding(trail: &Trail) -> Finding {
    let last = trail.last();
    match &last.seen {
        Err(silence) if std::ptr::eq(last, trail.site()) => no_answer(silence),
        _ if trail.is_endless() => Finding::fault(
            "GET",
            format!("redirects never end: {}", trail.in_words()),
            "Leave the redirect's own target out of the rule that redirects",
        ),
        Err(silence) => Finding::fault("GET", format!("{} gives {silence}", quoted(last.url.as_str())), silence.mend),
        Ok(answer) => broken_by(trail, answer),
    }
}

/// What is wrong with an answer that is no page.
fn broken_by(trail: &Trail, answer: &Answer) -> Finding {
    let status = answer.status_text();
    let url = quoted(trail.last().url.as_str());
    if let Some(stray) = trail.stray() {
        return nowhere(stray);
    }
    let (says, mend) = match answer.status {
        404 | 410 => (format!("the redirect to {url} leads nowhere: {status}"), "Redirect to a page that is there"),
        400 => (
            format!("{status}: the web server does not take the request; it may not know a site of this name"),
            "See that the web server has the site under this name, and that the application allows it",
        ),
        421 => (
            format!("{status}: the request is misdirected, because the web server has no site of this name here"),
            "See that the web server has the site under this name",
        ),
        101 => (format!("{status} to a plain GET"), "Upgrade only who asks for it, and answer GET with a page"),
        _ => (
            match trail.leads_away() {
                true => format!("the site leads to {url}, {}: neither open nor in maintenance", trail.end_in_words()),
                false => format!("{status}: neither open nor in maintenance"),
            },
            "Look at what stands behind the web server",
        ),
    };
    Finding::fault("GET", says, mend)
}

/// A redirect that browsers cannot follow.
pub(super) fn nowhere(answer: &Answer) -> Finding {
    let status = answer.status_text();
    let says = match answer.header("location") {
        None => format!("{status} without a Location: browsers show an empty page"),
        Some(location) => match url::Url::parse(location) {
            Ok(_) => format!("{status} to `{}`, which is no address of the web", quote::address(location)),
            Err(_) => format!("{status} to `{}`, which is no address at all", quote::address(location)),
        },
    };
    Finding::fault("GET", says, "Name an address with http or https in Location")
}

/// A page without an answer.
pub(super) fn no_answer(silence: &Silence) -> Finding {
    Finding::fault("GET", silence.to_string(), silence.mend)
}
