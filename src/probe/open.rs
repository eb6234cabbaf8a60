//! A site that should be open: whether anything is left of a maintenance.

use super::answer::{Answer, Seen, status_text};
use super::finding::Finding;
use super::guise::{Guise, tells_of_maintenance};
use super::question::Question;
use super::state::State;
use super::trail::leads_to;
use super::{Visits, broken, caching, closed, leftover, page};

/// Judges the answers of a site that should be open.
pub(super) fn findings(visits: &Visits, state: State) -> Vec<Finding> {
    let trail = &visits.trail;
    let site = trail.site();
    let Ok(answer) = &site.seen else { return vec![broken::finding(trail)] };
    let mut findings = vec![match state {
        State::Open => open(visits, answer),
        State::Broken => broken::finding(trail),
        State::LetThrough => page::let_through(visits, answer),
        State::Closed | State::Redirected => still_closed(visits, state),
    }];
    findings.extend(page::gate(trail));
    if state == State::Open {
        findings.extend(leftover::findings(visits));
    } else if matches!(state, State::Closed | State::Redirected) {
        // An old answer out of a cache explains why an open site seems to be closed.
        findings.extend(caching::given_out(answer));
    }
    let others = visits.others.iter();
    findings.extend(others.filter_map(|(question, seen)| match (state, question) {
        (State::Open, _) => other(question, seen, answer),
        (_, Question::Fresh) => behind_a_cache(seen, answer),
        _ => None,
    }));
    findings
}

/// The page of an open site, which may still be none that a visitor wants.
fn open(visits: &Visits, answer: &Answer) -> Finding {
    let trail = &visits.trail;
    let site = trail.site();
    let status = format!("{}{}", answer.status_text(), leads_to(&site.url, answer));
    let Ok(last) = &trail.last().seen else { return broken::finding(trail) };
    if last.status >= 400 {
        return refused(visits, answer, last);
    }
    if let Some(Guise::Possible(why)) = Guise::of(visits) {
        let says = format!("{status}: {why}, so it may be the page of a maintenance with the wrong status");
        return Finding::warning("GET", says, "Send the page of a maintenance with 503");
    }
    if last.body.is_empty() {
        let says = format!("{status} with nothing in it: visitors see a blank page");
        return Finding::warning("GET", says, "Look at the application's log, or ask for an address that has a page");
    }
    Finding::good("GET", status)
}

/// A page that the site does not give to who asked.
fn refused(visits: &Visits, answer: &Answer, last: &Answer) -> Finding {
    let trail = &visits.trail;
    let first = visits.trail.site();
    let is_everywhere = visits
        .seen(&Question::UnknownPath)
        .is_some_and(|seen| seen.as_ref().is_ok_and(|unknown| unknown.is_like(answer)));
    let status = match trail.leads_away() {
        true => format!("{}{}, {}", answer.status_text(), leads_to(&first.url, answer), trail.end_in_words()),
        false => answer.status_text(),
    };
    let status = if is_everywhere { format!("{status}, as for every address") } else { status };
    let is_named = first.url.path() != "/";
    let (why, mend) = match last.status {
        404 | 410 if is_named => {
            let says = format!("{status}: the page that was asked for is not there");
            return Finding::fault("GET", says, "See that the site is complete, or ask for a page that it has");
        }
        404 | 410 => (
            "the site has no page here, or another site answers under its name",
            "Ask for an address that has a page; see that the web server has the site under this name",
        ),
        _ if last.header("cf-mitigated").is_some() => (
            "a challenge for robots answers, not the site, which was not seen",
            "Let this check through the challenge, or ask behind it",
        ),
        401 => ("a log-in is asked for first, so the site was not seen", "Ask for an address that everybody may read"),
        403 => (
            "nobody may read this; a firewall, a challenge for robots or another site may answer in place of the site",
            "Ask for an address that everybody may read; see that the web server has the site under this name",
        ),
        429 => ("too much was asked before, so the site was not seen", "Ask again later, or from elsewhere"),
        _ => ("this is no page for visitors, so the site was not seen", "Ask for an address that has a page"),
    };
    Finding::warning("GET", format!("{status}: {why}"), mend)
}

/// A site that is closed although it should be open.
fn still_closed(visits: &Visits, state: State) -> Finding {
    let trail = &visits.trail;
    let (site, answering) = (trail.site(), closed::answering(trail, state));
    let (Ok(answer), Ok(page)) = (&site.seen, &answering.seen) else { return broken::finding(trail) };
    let status = format!("{}{}", answer.status_text(), leads_to(&site.url, answer));
    if let Some(why) = Guise::certain(visits) {
        let says = format!("{status} with the page of a maintenance: {why}");
        return Finding::fault("GET", says, "End the maintenance, and let its page answer 503 the next time");
    }
    if answer.is_marked() && answer.status < 300 {
        let says = format!("{status} with X-Maintenance: in maintenance, or the header was left behind");
        return Finding::fault("GET", says, "End the maintenance; leave the header out once the site is open");
    }
    if state == State::Redirected || tells_of_maintenance(page) {
        return Finding::fault("GET", format!("{status}: in maintenance"), "End the maintenance");
    }
    Finding::fault(
        "GET",
        format!("{status}, perhaps of an overload or a stopped application: it says nothing of maintenance"),
        "Look at what stands behind the web server; end the maintenance if there is one",
    )
}

/// The answer to a query that no cache knows, where the page itself is not open.
fn behind_a_cache(seen: &Seen, page: &Answer) -> Option<Finding> {
    let answer = seen.as_ref().ok()?;
    // Where the page leads elsewhere, another target is no sign of an open site.
    let is_page = answer.status < 300 || (answer.is_redirect() && !page.is_redirect());
    let is_open = is_page && !answer.is_marked() && answer.let_through().is_none();
    (is_open && !answer.is_like(page)).then(|| {
        let status = answer.status_text();
        let says = format!("{status}: open where no cache can answer, {}", caching::blamed(page));
        Finding::fault(Question::Fresh.point(), says, "Empty the cache in front of the site")
    })
}

fn other(question: &Question, seen: &Seen, page: &Answer) -> Option<Finding> {
    let point = question.point();
    let answer = match seen {
        Ok(answer) => answer,
        Err(_) if matches!(question, Question::Status | Question::At(_) | Question::Robots) => return None,
        Err(silence) => return Some(Finding::fault(point, silence.to_string(), "Look at the server's log")),
    };
    let status = status_text(answer.status);
    match (question, answer.status) {
        (Question::Panel | Question::Health, 404) | (Question::Status | Question::At(_) | Question::Robots, _) => None,
        (Question::Part(_) | Question::Onward(_), _) => leftover::still_held(question, answer),
        (Question::Fresh, 503) => Some(Finding::fault(
            point,
            format!("{status}: closed where no cache can answer, {}", caching::blamed(page)),
            "End the maintenance; empty the cache in front of the site",
        )),
        (Question::Again, 503) => Some(Finding::fault(
            point,
            format!("{status}: asked a moment before it was open, so not all servers are in the same state"),
            "See that every server behind the address is open",
        )),
        (_, 503) if tells_of_maintenance(answer) => {
            Some(Finding::fault(point, format!("{status}: still in maintenance"), "End the maintenance here, too"))
        }
        (_, 503) => Some(Finding::fault(
            point,
            format!("{status}, which says nothing of maintenance: overloaded, broken, or a server of several that is"),
            "Ask again; look at the server's log if it stays",
        )),
        _ if answer.is_marked() => Some(Finding::fault(
            point,
            format!("{status} with X-Maintenance: still in maintenance"),
            "End the maintenance here, too",
        )),
        (Question::Head, 400..=499 | 501) if page.status < 400 => Some(Finding::warning(
            point,
            format!(
                "{status}, although GET is {}: monitors that ask with HEAD take the page for missing",
                page.status_text()
            ),
            "Answer HEAD as GET, without the body",
        )),
        (Question::Fresh | Question::Again, 400..500) if page.status < 400 => Some(Finding::warning(
            point,
            format!(
                "{status}, although the page is {}: a cache hides it, or not all servers are alike",
                page.status_text()
            ),
            "Look at what stands behind the web server",
        )),
        // What an application makes of a method or an upgrade that it does not know is its own affair.
        (Question::WebSocket | Question::Options, _) | (_, 200..=499) => Some(Finding::good(point, status)),
        _ => Some(Finding::fault(point, format!("{status}: broken"), "Look at the server's log")),
    }
}
