//! What a web site's answers tell about it from outside: whether it is open or in maintenance, and whether its
//! maintenance answer is one that browsers, crawlers, caches and API clients all understand.
//!
//! Nothing is asked here: answers go in, [`Finding`]s come out. It knows nothing of who gave the answers, so that any
//! maintenance mode can be judged.

mod addresses;
mod answer;
mod body;
mod broken;
mod caching;
mod closed;
mod directives;
mod finding;
mod guise;
mod html;
mod jar;
mod leftover;
mod open;
mod page;
mod parts;
mod question;
mod quote;
mod read_only;
mod refresh;
mod retry;
mod state;
mod style;
#[cfg(test)]
mod tests;
mod time;
mod told;
mod trail;

pub use answer::{Answer, Seen, Silence, status_text};
pub use finding::{Finding, Grade};
pub use question::{Question, questions};
pub use state::State;
pub use told::Told;
pub use trail::{MAX_HOPS, Step, Trail};

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use guise::{Guise, tells_of_maintenance};

/// What a site is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// In maintenance, for everybody who asks from where the answers come from.
    Closed,
    /// Open, with nothing left of a maintenance.
    Open,
    /// Closed for writing only: who reads gets the site, and whoever writes a correct maintenance answer.
    ReadOnly,
}

/// Everything that was asked of a site, with what came back.
#[derive(Debug)]
pub struct Visits {
    /// How the page was reached.
    pub trail: Trail,
    /// The other questions, in the order in which they were asked.
    pub others: Vec<(Question, Seen)>,
    /// How many questions were not asked any more, because too many had no answer.
    pub unasked: usize,
    /// When the page was asked for.
    pub asked_at: Timestamp,
    /// How long the slowest answer on the way to the page took.
    pub took: Duration,
}

impl Visits {
    /// What came back to a question, if it was asked.
    fn seen(&self, asked: &Question) -> Option<&Seen> {
        self.others.iter().find(|(question, _)| question == asked).map(|(_, seen)| seen)
    }

    /// What the site tells of itself, if it is one of this program.
    fn told(&self) -> Option<Told> {
        self.seen(&Question::Status).and_then(Told::of)
    }

    /// Whether the page is let through because it is only read. Where the site does not say so, the methods that write
    /// do, if they were sent.
    fn is_read_only(&self) -> bool {
        let Ok(page) = &self.trail.site().seen else { return false };
        if page.let_through().is_some() {
            return page.is_read_only();
        }
        let mut writing =
            self.others.iter().filter(|(question, _)| matches!(question, Question::Writing(_))).peekable();
        let is_held = |seen: &Seen| seen.as_ref().is_ok_and(|answer| answer.status == 503);
        let is_open = State::of(&self.trail) == State::Open;
        is_open
            && (self.told() == Some(Told::ReadOnly)
                || writing.peek().is_some() && writing.all(|(_, seen)| is_held(seen)))
    }
}

/// What the answers tell.
#[derive(Debug)]
pub struct Report {
    /// What the site is, whatever was expected.
    pub state: State,
    /// Whose answer the page was.
    pub address: Option<SocketAddr>,
    /// When the site says that it will be open again.
    pub end: Option<Timestamp>,
    /// Whether the site says itself, by a header or in its page, that it is in maintenance. A 503 alone may be that of an
    /// overload.
    pub says_so: bool,
    /// Whether the end that it tells has passed.
    pub is_overdue: bool,
    /// Whether it says that it is closed for writing only, and lets who reads through.
    pub is_read_only: bool,
    /// Whether it says that those at work may still finish.
    pub is_draining: bool,
    /// One for each point, in the order of the questions.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong. Warnings are no fault.
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.grade != Grade::Fault)
    }

    /// How many findings have this grade.
    pub fn count(&self, grade: Grade) -> usize {
        self.findings.iter().filter(|finding| finding.grade == grade).count()
    }
}

/// Judges what was seen: as `expected`, or as what the site is when nothing is.
pub fn judge(visits: &Visits, expected: Option<Expected>) -> Report {
    let told = visits.told();
    let is_read_only = visits.is_read_only();
    let state = match State::of(&visits.trail) {
        State::Open if Guise::certain(visits).is_some() => State::Closed,
        State::Open if is_read_only || told.is_some_and(|told| told != Told::Open) => State::LetThrough,
        state => state,
    };
    let end = closed::end(visits);
    let answering = closed::answering(&visits.trail, state).seen.as_ref().ok();
    let says_so = match state {
        State::Closed => answering.is_some_and(tells_of_maintenance),
        State::Redirected | State::LetThrough => true,
        State::Open | State::Broken => false,
    };
    let is_overdue = answering.is_some_and(|answer| retry::overdue(answer, end, visits.asked_at).is_some());
    let judged_as = expected.unwrap_or(match state {
        State::Closed | State::Redirected => Expected::Closed,
        State::LetThrough if is_read_only => Expected::ReadOnly,
        State::Open | State::LetThrough | State::Broken => Expected::Open,
    });
    let mut findings = match (state, judged_as) {
        (State::Closed | State::Redirected, Expected::Closed) => closed::findings(visits, state, end),
        (state, Expected::Closed) => closed::not_closed(visits, state),
        (_, Expected::Open) => open::findings(visits, state),
        (State::LetThrough, Expected::ReadOnly) if is_read_only => read_only::findings(visits),
        (state, Expected::ReadOnly) => vec![read_only::not_read_only(visits, state)],
    };
    findings.extend(addresses::findings(visits));
    findings.extend(time::findings(visits));
    let is_draining = told == Some(Told::Draining);
    let address = visits.trail.site().seen.as_ref().ok().and_then(|answer| answer.from);
    Report { state, address, end, says_so, is_overdue, is_read_only, is_draining, findings }
}
