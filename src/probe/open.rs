//! A site that should be open: whether anything is left of a maintenance.

use super::answer::{Seen, status_text};
use super::finding::Finding;
use super::question::Question;
use super::state::State;
use super::trail::leads_to;
use super::{Visits, page};
use crate::response::X_MAINTENANCE;

/// Judges the answers of a site that should be open.
pub(super) fn findings(visits: &Visits, state: State) -> Vec<Finding> {
    let trail = &visits.trail;
    let site = trail.site();
    let Ok(answer) = &site.seen else { return vec![page::broken(trail)] };
    let status = format!("{}{}", answer.status_text(), leads_to(&site.url, answer));
    let mut findings = vec![match state {
        State::Open => Finding::good("GET", status),
        State::Broken => page::broken(trail),
        State::LetThrough => page::let_through(answer),
        State::Closed | State::Redirected => {
            Finding::fault("GET", format!("{status}: in maintenance"), "End the maintenance")
        }
    }];
    if state == State::Open {
        findings.extend(leftovers(answer));
    } else {
        // An old answer out of a cache explains why an open site seems to be closed.
        findings.extend(page::age(answer));
    }
    let others = visits.others.iter().filter(|(question, _)| state == State::Open || *question == Question::Fresh);
    findings.extend(others.filter_map(|(question, seen)| other(question, seen, state)));
    findings
}

/// Headers that belong to a maintenance.
fn leftovers(answer: &super::Answer) -> Option<Finding> {
    if let Some(value) = answer.header(X_MAINTENANCE.as_str()) {
        let says = format!("`{value}` on an open site: monitors take it for closed");
        return Some(Finding::fault("X-Maintenance", says, "Leave the header out once the site is open"));
    }
    answer
        .header("retry-after")
        .map(|_| Finding::warning("Retry-After", "there on an open site", "Leave the header out once the site is open"))
}

fn other(question: &Question, seen: &Seen, state: State) -> Option<Finding> {
    let point = question.point();
    let answer = match seen {
        Ok(answer) => answer,
        Err(silence) => return Some(Finding::fault(point, silence.to_string(), "Look at the server's log")),
    };
    let status = status_text(answer.status);
    if state != State::Open {
        // Asked with a query that no cache knows.
        return (answer.status < 500).then(|| {
            let says = format!("{status}: open where no cache can answer, so a cache still gives out the maintenance");
            Finding::fault(point, says, "Empty the cache in front of the site")
        });
    }
    match (question, answer.status) {
        (Question::Panel | Question::Health, 404) => None,
        (Question::Fresh, 503) => Some(Finding::fault(
            point,
            format!("{status}: closed where no cache can answer, so a cache hides the maintenance"),
            "End the maintenance; empty the cache in front of the site",
        )),
        (Question::Again, 503) => Some(Finding::fault(
            point,
            format!("{status}: asked a moment before it was open, so not all servers are in the same state"),
            "See that every server behind the address is open",
        )),
        (_, 503) => {
            Some(Finding::fault(point, format!("{status}: still in maintenance"), "End the maintenance here, too"))
        }
        _ if answer.is_marked() => Some(Finding::fault(
            point,
            format!("{status} with X-Maintenance: still in maintenance"),
            "End the maintenance here, too",
        )),
        // What an application makes of a method or an upgrade that it does not know is its own affair.
        (Question::WebSocket | Question::Options, _) | (_, ..500) => Some(Finding::good(point, status)),
        _ => Some(Finding::fault(point, format!("{status}: broken"), "Look at the server's log")),
    }
}
