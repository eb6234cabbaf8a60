//! A site that is in maintenance: whether what it answers is a correct maintenance answer.

use jiff::Timestamp;

use super::answer::{Answer, Seen, status_text};
use super::finding::Finding;
use super::guise::is_in_disguise;
use super::question::Question;
use super::state::State;
use super::told::Told;
use super::trail::{Step, Trail, is_maintenance_redirect};
use super::{Visits, body, caching, page, parts, quote, retry};
use crate::response::X_MAINTENANCE;

/// When the site says that it will be open: as its header says, else as its JSON does.
pub(super) fn end(visits: &Visits) -> Option<Timestamp> {
    let told = end_by_header(visits.trail.site().seen.as_ref().ok()?);
    let in_json = || {
        let seen = visits.seen(&Question::Json)?;
        let json: serde_json::Value = serde_json::from_slice(&seen.as_ref().ok()?.body).ok()?;
        json.get("until")?.as_str()?.parse().ok()
    };
    told.or_else(in_json)
}

/// When an answer says in its header that the site will be open.
pub(super) fn end_by_header(answer: &Answer) -> Option<Timestamp> {
    let value = answer.header(X_MAINTENANCE.as_str())?;
    value.split(';').find_map(|part| part.trim().strip_prefix("until=")?.trim_matches('"').parse().ok())
}

/// Judges the answers of a site in maintenance.
pub(super) fn findings(visits: &Visits, state: State, end: Option<Timestamp>) -> Vec<Finding> {
    let trail = &visits.trail;
    let (Ok(first), Ok(answer)) = (&trail.site().seen, &answering(trail, state).seen) else { return Vec::new() };
    let mut findings = vec![page::status(visits, state)];
    findings.push(retry::finding(answer, end, visits.asked_at));
    findings.extend(retry::overdue(answer, end, visits.asked_at));
    findings.extend(draining(visits));
    findings.extend(caching::findings(answer, visits.asked_at));
    findings.extend(page::gate(trail));
    findings.extend(body::findings(answer, state));
    let site = Site { first, page: answer, state, is_ours: answer.header(X_MAINTENANCE.as_str()).is_some() };
    findings.extend(visits.others.iter().filter_map(|(question, seen)| site.finding(question, seen)));
    findings.extend(parts::not_asked_for(first, &trail.site().url));
    findings.extend(site.writing(&visits.others));
    findings
}

/// A site that takes in nobody new, and is not closed yet for those at work.
fn draining(visits: &Visits) -> Option<Finding> {
    (visits.told() == Some(Told::Draining)).then(|| {
        Finding::warning(
            "draining",
            "new visitors are held, but those who were at work before go on, and tasks run",
            "Wait for the end of the drain before anything is changed (maintenance status)",
        )
    })
}

/// The step with the maintenance answer: a redirect without a mark leads to it, one with it is it.
pub(super) fn answering(trail: &Trail, state: State) -> &Step {
    if state == State::Redirected { trail.site() } else { trail.last() }
}

/// What the other answers are compared with.
pub(super) struct Site<'a> {
    /// What the page's own address answered.
    pub(super) first: &'a Answer,
    /// The maintenance answer; the same, unless the first leads to it.
    pub(super) page: &'a Answer,
    pub(super) state: State,
    /// Whether it marks its answers as this program does.
    pub(super) is_ours: bool,
}

impl Site<'_> {
    /// Judges one answer; those to methods that write are judged together.
    fn finding(&self, question: &Question, seen: &Seen) -> Option<Finding> {
        let point = question.point();
        let answer = match seen {
            _ if matches!(
                question,
                Question::Writing(_) | Question::Status | Question::At(_) | Question::Robots | Question::Onward(_)
            ) =>
            {
                return None;
            }
            Ok(answer) => answer,
            Err(silence) => {
                let mend = "Answer every request while the site is closed";
                return Some(Finding::fault(point, silence.to_string(), mend));
            }
        };
        match question {
            Question::Part(url) => Some(parts::finding(url.path(), answer)),
            Question::Panel | Question::Health => self.built_in(question, answer),
            _ => Some(self.held(question, answer)),
        }
    }

    /// The methods that write, together where they are answered alike.
    pub(super) fn writing(&self, others: &[(Question, Seen)]) -> Vec<Finding> {
        let mut alike: Vec<(Vec<&str>, Finding)> = Vec::new();
        for (question, seen) in others {
            let Question::Writing(method) = question else { continue };
            let finding = match seen {
                Ok(answer) => self.held(question, answer),
                Err(silence) => Finding::fault(
                    question.point(),
                    silence.to_string(),
                    "Answer every method while the site is closed",
                ),
            };
            match alike.iter_mut().find(|(_, known)| *known == finding) {
                Some((methods, _)) => methods.push(method),
                None => alike.push((vec![method], finding)),
            }
        }
        let named = alike.into_iter().map(|(methods, finding)| {
            let says = format!("{}: {}", methods.join(", "), finding.says);
            Finding { says, ..finding }
        });
        named.collect()
    }

    /// A request that must be held.
    fn held(&self, question: &Question, answer: &Answer) -> Finding {
        let point = question.point();
        if answer.status != 503 && !self.is_redirected(answer) {
            return match question {
                // What is wrong about it is told at the page.
                _ if answer.is_like(self.first) => Finding::good(point, format!("{}, as GET", with_target(answer))),
                _ if self.state == State::Redirected && answer.is_redirect() => elsewhere(question, answer),
                _ => not_held(question, answer),
            };
        }
        let status = status_text(answer.status);
        if answer.header("retry-after").is_none() && self.page.header("retry-after").is_some() {
            let says = format!("{status}, but without the Retry-After that the page has");
            return Finding::fault(point, says, "Send the same headers for every method");
        }
        if !answer.lists("cache-control", "no-store") && self.page.lists("cache-control", "no-store") {
            let says = format!("{status}, but without the Cache-Control: no-store that the page has");
            return Finding::fault(point, says, "Send the same headers for every method");
        }
        match question {
            Question::Head if !answer.body.is_empty() => Finding::fault(
                point,
                format!("{status}, followed by a body: on a kept connection it is taken for the next answer"),
                "Send the headers alone (RFC 9110, section 9.3.2)",
            ),
            Question::Json => page::json(answer, self.page),
            _ => Finding::good(point, status),
        }
    }

    /// Whether visitors are sent where the maintenance sends them.
    fn is_redirected(&self, answer: &Answer) -> bool {
        let leads_as_page = || answer.is_redirect() && answer.header("location") == self.page.header("location");
        self.state == State::Redirected && (is_maintenance_redirect(answer) || leads_as_page())
    }

    /// Whether a path gets what the closed page gets.
    fn is_as_closed(&self, answer: &Answer) -> bool {
        let is_led_there = self.first.is_redirect() && answer.is_like(self.first);
        if !is_in_disguise(self.page) {
            // A web server may mark whatever passes while the site is closed.
            let is_marked = answer.is_marked() && answer.status >= 300;
            return is_marked || self.is_redirected(answer) || is_led_there;
        }
        // With such a status neither that nor a header tells the maintenance page from the panel's.
        let title = |answer: &Answer| answer.page().map(|page| page.title).filter(|title| !title.is_empty());
        let is_same = answer.body == self.page.body || title(self.page).is_some_and(|same| title(answer) == Some(same));
        is_led_there || answer.status == self.page.status && is_same
    }

    /// A path that maintenance must leave alone. On a site that is not ours it may not exist, or be meant otherwise.
    fn built_in(&self, question: &Question, answer: &Answer) -> Option<Finding> {
        let point = question.point();
        let (why, mend) = match question {
            Question::Panel => {
                ("nobody can log in to end the maintenance", "Let the panel's path through; --panel names another one")
            }
            _ => (
                "load balancers and monitors take the server for broken",
                "Let the path of health checks through; --health names another one",
            ),
        };
        let is_held = self.is_as_closed(answer);
        match answer.status {
            404 if !is_held => None,
            status if status < 500 && !is_held => {
                Some(Finding::good(point, format!("{}: not held", with_target(answer))))
            }
            502 | 504 => Some(not_running(point, answer)),
            // The page bears our mark, this does not: it is the web server's own.
            503 if self.is_ours && self.page.status == 503 && !answer.is_marked() => Some(not_running(point, answer)),
            _ => {
                let says = format!("{}: {why}", with_target(answer));
                let finding = if self.is_ours || answer.is_marked() { Finding::fault } else { Finding::warning };
                Some(finding(point, says, mend))
            }
        }
    }
}

/// What the program answers by itself, while it does not run and the web server has the page.
fn not_running(point: &'static str, answer: &Answer) -> Finding {
    Finding::warning(
        point,
        format!("{}: not held, but what answers there is not running", with_target(answer)),
        "Start the program again; visitors get the page from the web server until then",
    )
}

/// A request that reached the site, or something else that is no maintenance answer.
fn not_held(question: &Question, answer: &Answer) -> Finding {
    let status = with_target(answer);
    let (why, mend) = match (question, answer.status) {
        (_, 101) => ("it gets through to the site", "Hold upgrades, too: decide before the connection is handed on"),
        (Question::Fresh, _) => (
            "the same address without the query is held, so a cache answers there, or a rule looks at the query",
            "Hold every address, and keep 503 out of caches",
        ),
        (Question::Again, _) => (
            "asked a moment before it was held: not all servers are in the same state, or a cache still has the page",
            "See that every server behind the address is closed",
        ),
        (Question::Kept(_), 304) => (
            "a browser that has kept the site's page goes on to show it",
            "Answer 503 whatever the browser has kept (no 304 while the site is closed)",
        ),
        (Question::Range, 206) => (
            "who asks for a part gets it as if the site were open",
            "Answer 503 to Range, too, or ignore it (nginx: `max_ranges 0;`)",
        ),
        (Question::UnknownPath, 404 | 410) => (
            "crawlers drop what is not found, and pages of the site may be among it",
            "Answer 503 for every address, before the site is asked whether it exists",
        ),
        (_, 200..=299) => ("it reaches the site, which goes on working", "Hold every method and every address"),
        (_, 300..=399) => ("a redirect in place of 503", "Answer 503 at the address that was asked for"),
        (_, 401 | 403) => {
            ("the visitor is told to be unwelcome, not to come back", "Answer 503 before rights are asked")
        }
        (_, 405 | 501) => (
            "the page is served as a file, which knows GET and HEAD only, so what a visitor sends ends in an error",
            "Answer 503 whatever the method (nginx: let `error_page` name a location that returns, not a file)",
        ),
        (_, 404 | 410) => ("clients and crawlers believe that it is gone", "Answer 503 whatever the method"),
        (_, 500..=599) => (
            "the application behind is asked, and is not there",
            "Give the maintenance answer before the application is asked",
        ),
        _ => ("an error of the site in place of 503", "Answer 503 whatever the method"),
    };
    Finding::fault(question.point(), format!("{status}, not 503: {why}"), mend)
}

/// A redirect, but not that of the maintenance.
fn elsewhere(question: &Question, answer: &Answer) -> Finding {
    let says = format!("{}, not where the maintenance leads: it reaches the site", with_target(answer));
    Finding::fault(question.point(), says, "Hold every method and every address")
}

/// The status for a sentence, and where a redirect leads, as it says itself.
fn with_target(answer: &Answer) -> String {
    match answer.header("location").filter(|_| answer.is_redirect()) {
        Some(target) => format!("{} to {}", status_text(answer.status), quote::address(target)),
        None => status_text(answer.status),
    }
}

/// A site that was expected to be closed, and is not.
pub(super) fn not_closed(visits: &Visits, state: State) -> Vec<Finding> {
    let mut findings = vec![page::not_closed(visits, state)];
    let page = visits.trail.site().seen.as_ref().ok();
    if let Some(Ok(answer)) = visits.seen(&Question::Fresh)
        && answer.status == 503
    {
        findings.push(Finding::fault(
            Question::Fresh.point(),
            format!("503 Service Unavailable: closed where no cache can answer, {}", page.map_or("", caching::blamed)),
            "Empty the cache in front of the site",
        ));
    }
    findings
}
