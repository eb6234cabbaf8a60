//! A site that is closed for writing only: who reads gets it, and whoever writes gets the maintenance answer.

use super::answer::{Answer, Seen, status_text};
use super::closed::Site;
use super::finding::Finding;
use super::question::Question;
use super::state::State;
use super::{Visits, body, broken, caching, page, retry};

/// Judges the answers of such a site.
pub(super) fn findings(visits: &Visits) -> Vec<Finding> {
    let Ok(answer) = &visits.trail.site().seen else { return vec![broken::finding(&visits.trail)] };
    let status = answer.status_text();
    let mut findings =
        vec![Finding::good("GET", format!("{status}: closed for writing only; who reads gets the site"))];
    findings.extend(page::gate(&visits.trail));
    findings.extend(visits.others.iter().filter_map(|(question, seen)| reading(question, seen)));
    findings.extend(writing(visits));
    findings
}

/// A request that only reads.
fn reading(question: &Question, seen: &Seen) -> Option<Finding> {
    let point = question.point();
    if matches!(question, Question::Writing(_) | Question::Status | Question::At(_) | Question::Robots) {
        return None;
    }
    let answer = match seen {
        Ok(answer) => answer,
        Err(silence) => return Some(Finding::fault(point, silence.to_string(), "Look at the server's log")),
    };
    let status = status_text(answer.status);
    if answer.status == 503 || answer.is_marked() {
        let says = format!("{status}: held, although it only reads");
        return Some(Finding::fault(
            point,
            says,
            "Let GET, HEAD and OPTIONS through while the site is closed for writing",
        ));
    }
    let is_optional = matches!(question, Question::Panel | Question::Health);
    (!is_optional || answer.status != 404).then(|| match answer.status {
        500.. => Finding::fault(point, format!("{status}: broken"), "Look at the server's log"),
        _ => Finding::good(point, status),
    })
}

/// The requests that write, which were sent to a path that no site has.
fn writing(visits: &Visits) -> Vec<Finding> {
    let answers = visits.others.iter().filter(|(question, _)| matches!(question, Question::Writing(_)));
    let answers: Vec<&Answer> = answers.filter_map(|(_, seen)| seen.as_ref().ok()).collect();
    let Some(held) = answers.iter().find(|answer| answer.status == 503) else {
        let statuses = answers.first().map_or_else(|| "no answer".to_owned(), |answer| answer.status_text());
        return vec![Finding::fault(
            "methods",
            format!("{statuses} to what writes, not 503: it reaches the site, which goes on being changed"),
            "Hold every method but GET, HEAD and OPTIONS; ask from where visitors are, without what lets through",
        )];
    };
    let end = super::closed::end_by_header(held);
    let mut findings = vec![retry::finding(held, end, visits.asked_at)];
    findings.extend(caching::findings(held, visits.asked_at));
    findings.extend(body::findings(held, State::Closed));
    // What a request must get that is not let through: nothing else counts as the same.
    let refusal = Answer { status: 503, ..Answer::default() };
    findings.extend(Site { first: &refusal, page: held, state: State::Closed, is_ours: true }.writing(&visits.others));
    findings
}

/// A site that was expected to be closed for writing only, and is not.
pub(super) fn not_read_only(visits: &Visits, state: State) -> Finding {
    let trail = &visits.trail;
    let Ok(answer) = &trail.site().seen else { return broken::finding(trail) };
    let status = answer.status_text();
    match state {
        State::Broken => broken::finding(trail),
        State::LetThrough => page::let_through(visits, answer),
        State::Closed | State::Redirected => Finding::fault(
            "GET",
            format!("{status}: closed for everybody, not for writing only"),
            "Start the maintenance with --read-only, so that who reads gets the site",
        ),
        State::Open => Finding::fault(
            "methods",
            format!("{status}, and what writes is not held: the site is open"),
            "Start the maintenance with --read-only",
        ),
    }
}
