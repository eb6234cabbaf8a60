//! The maintenance answer to a plain `GET`: its status, and what is there in its place.

use super::answer::Answer;
use super::finding::Finding;
use super::guise::{Guise, tells_of_maintenance};
use super::quote::quoted;
use super::state::State;
use super::told::Told;
use super::trail::{Trail, leads_to};
use super::{Visits, broken};
use crate::rules::STATUS_PATH;

/// The status of the page of a site that is in maintenance.
pub(super) fn status(visits: &Visits, state: State) -> Finding {
    let trail = &visits.trail;
    let site = trail.site();
    let answer = match &site.seen {
        Ok(answer) => answer,
        Err(silence) => return broken::no_answer(silence),
    };
    let status = answer.status_text();
    if state == State::Redirected {
        return redirected(trail, answer);
    }
    if let Some(why) = Guise::certain(visits) {
        let worse = match trail.last().seen.as_ref().map_or(answer.status, |last| last.status) {
            400.. => "crawlers drop the site's pages, and clients believe that they are gone or refused",
            _ => "crawlers and caches take it for the site's",
        };
        return Finding::fault(
            "GET",
            format!("{status}{} with the page of a maintenance ({why}): {worse}", leads_to(&site.url, answer)),
            "Send it with 503; end the maintenance if it is over",
        );
    }
    if answer.is_redirect() {
        return Finding::fault(
            "GET",
            format!(
                "{status}{}, {}: a redirect in place of 503 loses the address that was asked for",
                leads_to(&site.url, answer),
                trail.end_in_words()
            ),
            "Answer 503 at the address that was asked for, with the page as its body",
        );
    }
    if answer.header("x-maintenance") == Some("unknown") {
        return Finding::fault(
            "GET",
            format!("{status}, because nobody knows whether the site is closed (X-Maintenance: unknown)"),
            "Start the program if it does not run; else look at its log: it may have neither database nor mirror",
        );
    }
    match answer.status {
        503 if tells_of_maintenance(answer) => Finding::good("GET", status),
        503 => Finding::warning(
            "GET",
            format!("{status}, perhaps of an overload or a stopped application: it says nothing of maintenance"),
            "Say in the page what happens and until when, and send Retry-After",
        ),
        _ => Finding::fault(
            "GET",
            format!("{status} with X-Maintenance: crawlers and caches go by the status, and that is not 503"),
            "Send 503 with the page (MAINTENANCE_STATUS=503); leave the header out once the site is open",
        ),
    }
}

/// A maintenance that sends visitors elsewhere on purpose.
fn redirected(trail: &Trail, answer: &Answer) -> Finding {
    let status = answer.status_text();
    let target = leads_to(&trail.site().url, answer);
    if trail.is_endless() {
        return Finding::fault(
            "GET",
            format!("{status}{target} never ends: {}", trail.in_words()),
            "Redirect to an address that is not closed itself, or show the page instead",
        );
    }
    if let Some(stray) = trail.stray() {
        return broken::nowhere(stray);
    }
    let end = trail.end_in_words();
    if trail.last().seen.as_ref().map_or(true, |last| last.status >= 400 && last.status != 503) {
        return Finding::fault("GET", format!("{status}{target}, {end}"), "Redirect to a page that is there");
    }
    if matches!(answer.status, 301 | 308) {
        return Finding::fault(
            "GET",
            format!("{status}{target}: browsers and crawlers keep a permanent redirect for ever"),
            "Redirect with 302, or answer 503",
        );
    }
    Finding::warning(
        "GET",
        format!("{status}{target}, {end}: meant so, but crawlers and API clients do not understand it as 503"),
        "Leave the redirect out (MAINTENANCE_URL) unless visitors must be sent elsewhere",
    )
}

/// What a site that should be closed is instead.
pub(super) fn not_closed(visits: &Visits, state: State) -> Finding {
    let trail = &visits.trail;
    let site = trail.site();
    let answer = match &site.seen {
        Ok(answer) => answer,
        Err(silence) => return broken::no_answer(silence),
    };
    let status = format!("{}{}", answer.status_text(), leads_to(&site.url, answer));
    match state {
        State::Broken => broken::finding(trail),
        State::LetThrough => let_through(visits, answer),
        _ if answer.is_redirect() => Finding::fault(
            "GET",
            format!(
                "{status}, {}: not closed; if that is the maintenance page, crawlers take it for the site's",
                trail.end_in_words()
            ),
            "Answer 503 at the address that was asked for, with the page as its body",
        ),
        _ if answer.status < 300 => Finding::fault(
            "GET",
            format!("{status}: open; if this is the maintenance page, crawlers and caches take it for the site's"),
            "Start the maintenance, or send the page with 503",
        ),
        _ if answer.status == 429 => Finding::fault(
            "GET",
            format!("{status}: too much was asked before, so the site was not seen"),
            "Ask again later, or from elsewhere",
        ),
        _ => Finding::fault(
            "GET",
            format!("{status}: not closed; crawlers and clients believe that it is for good"),
            "Start the maintenance, or send the page with 503",
        ),
    }
}

/// A site that is closed for others.
pub(super) fn let_through(visits: &Visits, answer: &Answer) -> Finding {
    let status = answer.status_text();
    if visits.is_read_only() {
        return Finding::fault(
            "GET",
            format!("{status}: closed for writing only; who reads is let through"),
            "Start the maintenance without --read-only to close it for everybody, or end it",
        );
    }
    const MEND: &str = "Ask from where visitors are, without what lets through; end the maintenance if it is over";
    let says = match (answer.let_through(), visits.told()) {
        (Some(reason), _) => {
            format!("{status}: in maintenance for others; this request is let through ({})", quoted(reason))
        }
        (None, Some(Told::Draining)) => format!(
            "{status}, but {STATUS_PATH} says that the site is draining: it closes soon. The web server lets everybody in until \
             then, or this request by its address or a pattern"
        ),
        (None, _) => format!(
            "{status}, but {STATUS_PATH} says that the site is in maintenance: this request is let through, by its \
             address or a pattern, or the web server does not ask"
        ),
    };
    Finding::fault("GET", says, MEND)
}

/// A page that comes only to who brings a cookie back.
pub(super) fn gate(trail: &Trail) -> Option<Finding> {
    let is_gate = trail.wants_cookie() && !trail.is_endless();
    is_gate.then(|| {
        Finding::warning(
            "Set-Cookie",
            "the page redirects to itself until a cookie is brought back: who keeps none never gets it",
            "Let crawlers and API clients through without a cookie",
        )
    })
}

/// The answer to a client that reads JSON only. `page` is the one for browsers.
pub(super) fn json(answer: &Answer, page: &Answer) -> Finding {
    const POINT: &str = "JSON";
    let status = answer.status_text();
    if answer.is_redirect() {
        return Finding::good(POINT, status);
    }
    if !answer.is_json() {
        let says = format!("{status} as {}: programs get what they cannot read", answer.media_type_in_words());
        return Finding::warning(POINT, says, "Answer application/problem+json (RFC 9457) where Accept asks for JSON");
    }
    if answer.is_encoded() {
        return Finding::good(POINT, format!("{status} as {}, not read", answer.media_type_in_words()));
    }
    if serde_json::from_slice::<serde_json::Value>(&answer.body).is_err() {
        let says = format!("{status}, called {}, but the body is no JSON", answer.media_type_in_words());
        return Finding::fault(POINT, says, "Send JSON, or call it what it is");
    }
    let varies = page.lists("vary", "accept") || page.lists("vary", "*");
    if page.media_type() != answer.media_type() && !varies {
        let says = format!("{status}; it differs from the page, but the page's Vary does not name Accept");
        return Finding::warning(POINT, says, "Send Vary: Accept");
    }
    Finding::good(POINT, format!("{status} as {}", answer.media_type_in_words()))
}
