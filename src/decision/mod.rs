//! The decision: one pure function from a snapshot and the facts of a request to a verdict.
//!
//! The first row that applies decides, and the verdict names it. No I/O, no clock, no database, and no
//! allocation on the pass path. [`explain`] asks the same rows and tells about each, so the table that the
//! panel and the command line print can never disagree with what the gate does.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::Serialize;

use crate::closed::Closed;
use crate::maintenance::{Level, Phase};
use crate::path::RequestPath;
use crate::pattern::IgnoredPattern;
use crate::site::HostError;
use crate::snapshot::{SiteSnapshot, Snapshot};
use crate::tally::Outcome;
use crate::user::Rights;

/// What is known of a request.
#[derive(Debug, Clone)]
pub struct RequestFacts<'r> {
    /// Host that the request is for, lower case without port; or why it is none.
    pub host: Result<Cow<'r, str>, HostError>,
    /// The path, as the router matches it.
    pub path: RequestPath<'r>,
    /// Where the request comes from; `None` when it cannot be known, as over a Unix socket.
    pub client: Option<IpAddr>,
    /// Who sends it.
    pub identity: Identity,
    /// Whether it is of somebody who was at work on the site already.
    pub visit: Visit,
    /// Whether the method only reads: `GET`, `HEAD` or `OPTIONS`.
    pub is_safe: bool,
}

impl RequestFacts<'_> {
    /// The site that the request is for, as [`Snapshot::site_of`] finds it.
    #[inline]
    pub fn site<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s SiteSnapshot> {
        snapshot.site_of(&self.host)
    }
}

/// Whether a request is of somebody who has signed in on its site: a session of the site's own, not of the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// It bears a sign of somebody, which has not been looked up yet.
    Unresolved,
    /// Nobody has signed in.
    Nobody,
    /// Somebody signed in at that time.
    Since(Timestamp),
}

/// Who sends a request, as far as it is known.
#[derive(Debug, Clone)]
pub enum Identity {
    /// Nobody who is signed in.
    Anonymous,
    /// It bears a sign of somebody, which has not been looked up yet.
    Unresolved,
    /// A signed-in user.
    Known(Arc<KnownUser>),
}

/// A signed-in user, as the gate sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownUser {
    /// Name, for the explanation.
    pub username: String,
    /// What the user may do.
    pub rights: Rights,
}

/// What happens to a request, and why.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<'s> {
    /// Let through.
    Pass(Pass<'s>),
    /// Answered with the maintenance answer.
    Hold(Hold<'s>),
    /// Held, because nothing is known of any site; [`Snapshot::unknown_pages`] has the answer.
    Unknown,
    /// Answered 404: no site has this host, and the setting says so.
    NoSuchSite,
    /// Answered 400: the host is malformed and no site stands in for it.
    BadHost,
    /// Who sends it decides: resolve [`Identity::Unresolved`] and ask again with the same snapshot.
    Identify,
}

/// Why a request is let through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pass<'s> {
    /// Row 1: the panel, the gate's own endpoints, health.
    BuiltIn,
    /// Nothing is known of any site, and `MAINTENANCE_ON_UNKNOWN` lets everything pass.
    Unknown,
    /// Row 2: no site for this host.
    NoSite,
    /// Row 3: no cause is open.
    Open,
    /// Row 4: the client address is internal, by this network.
    InternalIp(&'s SiteSnapshot, IpNet),
    /// Row 5: an ignored pattern of the site, or of the settings, matches.
    IgnoredPattern(&'s SiteSnapshot, &'s IgnoredPattern),
    /// Row 6: a superuser.
    Superuser(&'s SiteSnapshot),
    /// Row 6: staff of this site.
    Staff(&'s SiteSnapshot),
    /// Row 8: the site is draining, and the request is of a session that signed in before that began.
    Draining(&'s SiteSnapshot),
    /// Row 9: the site is closed for writing only, and the request reads.
    ReadOnly(&'s SiteSnapshot),
}

/// A held request: the site with its causes and its prepared answers.
#[derive(Debug, Clone, Copy)]
pub struct Hold<'s> {
    /// The closed site.
    pub site: &'s SiteSnapshot,
    /// What a closed site carries: causes, patterns, answers.
    pub closed: Closed<'s>,
}

impl PartialEq for Hold<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.site.id == other.site.id
    }
}

/// The rows of the decision table, by their numbers; 7 is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// The panel, the gate's own endpoints, health.
    BuiltIn = 1,
    /// Nothing is known of any site. Stands after row 1, and is asked and explained only then.
    Unknown = 0,
    /// No site for this host and no default site.
    NoSite = 2,
    /// No cause is open.
    Open = 3,
    /// The client address is internal.
    InternalIp = 4,
    /// An ignored pattern matches.
    IgnoredPattern = 5,
    /// Superuser, or staff of this site.
    Staff = 6,
    /// The site is draining, and the session signed in before that began.
    Draining = 8,
    /// The site is closed for writing only, and the request reads.
    ReadOnly = 9,
    /// Nothing lets it through.
    Held = 10,
}

impl Row {
    /// Number in the decision table.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The question that the row asks.
    pub fn question(self) -> &'static str {
        match self {
            Self::BuiltIn => "Panel or health check",
            Self::Unknown => "State of the sites is not known",
            Self::NoSite => "No site for this host",
            Self::Open => "Site is open",
            Self::InternalIp => "Internal address",
            Self::IgnoredPattern => "Ignored pattern",
            Self::Staff => "Superuser or staff",
            Self::Draining => "At work before the drain",
            Self::ReadOnly => "Closed for writing",
            Self::Held => "Otherwise",
        }
    }
}

impl Pass<'_> {
    /// The row that decided.
    pub fn row(&self) -> Row {
        match self {
            Self::BuiltIn => Row::BuiltIn,
            Self::Unknown => Row::Unknown,
            Self::NoSite => Row::NoSite,
            Self::Open => Row::Open,
            Self::InternalIp(..) => Row::InternalIp,
            Self::IgnoredPattern(..) => Row::IgnoredPattern,
            Self::Superuser(_) | Self::Staff(_) => Row::Staff,
            Self::Draining(_) => Row::Draining,
            Self::ReadOnly(_) => Row::ReadOnly,
        }
    }

    /// What the request is counted as.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::BuiltIn => Outcome::BuiltIn,
            Self::Unknown => Outcome::Unknown,
            Self::NoSite => Outcome::NoSite,
            Self::Open => Outcome::Open,
            Self::InternalIp(..) => Outcome::InternalIp,
            Self::IgnoredPattern(..) => Outcome::IgnoredPattern,
            Self::Superuser(_) => Outcome::Superuser,
            Self::Staff(_) => Outcome::Staff,
            Self::Draining(_) => Outcome::Draining,
            Self::ReadOnly(_) => Outcome::ReadOnly,
        }
    }

    /// A stable word for headers, logs and JSON.
    pub fn reason(&self) -> &'static str {
        self.outcome().reason()
    }

    /// The closed site that was looked at: rows 4 to 9.
    pub fn closed_site(&self) -> Option<&SiteSnapshot> {
        match self {
            Self::InternalIp(site, _)
            | Self::IgnoredPattern(site, _)
            | Self::Superuser(site)
            | Self::Staff(site)
            | Self::Draining(site)
            | Self::ReadOnly(site) => Some(site),
            Self::BuiltIn | Self::Unknown | Self::NoSite | Self::Open => None,
        }
    }

    /// The closed site that the request passes *in spite of* maintenance because of who sends it, if so.
    /// Such people are shown that the site is closed for everybody else.
    pub fn let_through(&self) -> Option<&SiteSnapshot> {
        match self {
            Self::InternalIp(site, _)
            | Self::Superuser(site)
            | Self::Staff(site)
            | Self::Draining(site)
            | Self::ReadOnly(site) => Some(site),
            Self::BuiltIn | Self::Unknown | Self::NoSite | Self::Open | Self::IgnoredPattern(..) => None,
        }
    }
}

/// Decides about one request.
///
/// Rows 1 to 5 never ask who sends it: [`Verdict::Identify`] comes only from row 6, and only for
/// [`Identity::Unresolved`], or from row 8 for [`Visit::Unresolved`].
#[inline]
pub fn decide<'s>(snapshot: &'s Snapshot, facts: &RequestFacts<'_>, now: Timestamp) -> Verdict<'s> {
    if snapshot.passes_everything() {
        return Verdict::Pass(if snapshot.is_known() { Pass::Open } else { Pass::Unknown });
    }
    match decide_by_target(snapshot, facts.site(snapshot), facts) {
        ByTarget::Decided(verdict) => verdict,
        ByTarget::Planned(site) => decide_at(site, snapshot, facts, now),
    }
}

/// What host and path alone can say.
#[derive(Debug)]
pub(crate) enum ByTarget<'s> {
    /// Everything.
    Decided(Verdict<'s>),
    /// That it depends on the rest: the request is for this site, which is closed or will be.
    Planned(&'s SiteSnapshot),
}

/// The first half of [`decide`]: what rows 1 to 3 say by host and path, so that requests for an open site cost neither
/// the clock nor a look at who sends them. `site` is that of the facts.
#[inline]
pub(crate) fn decide_by_target<'s>(
    snapshot: &'s Snapshot,
    site: Option<&'s SiteSnapshot>,
    facts: &RequestFacts<'_>,
) -> ByTarget<'s> {
    let question = Question { snapshot, facts, site, closed: None };
    if let Some(verdict) = built_in(&question) {
        return ByTarget::Decided(verdict);
    }
    match question.site {
        Some(site) if site.closed().is_some() => ByTarget::Planned(site),
        Some(_) => ByTarget::Decided(Verdict::Pass(Pass::Open)),
        None => {
            let verdict = unknown(&question).or_else(|| no_site(&question));
            ByTarget::Decided(verdict.expect("row 2 decides about what has no site"))
        }
    }
}

/// The second half of [`decide`]: rows 3 to 10 for a site that is closed or will be, by all facts.
pub(crate) fn decide_at<'s>(
    site: &'s SiteSnapshot,
    snapshot: &'s Snapshot,
    facts: &RequestFacts<'_>,
    now: Timestamp,
) -> Verdict<'s> {
    let question = Question { snapshot, facts, site: Some(site), closed: site.closed_at(now) };
    open(&question)
        .or_else(|| internal_ip(&question))
        .or_else(|| ignored_pattern(&question))
        .or_else(|| staff(&question))
        .or_else(|| draining(&question))
        .or_else(|| read_only(&question))
        .unwrap_or_else(|| held(&question))
}

/// A row of the table, answered for one request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedRow {
    /// Number in the decision table.
    pub number: u8,
    /// Stable word of the row.
    pub row: Row,
    /// What the row asks.
    pub question: &'static str,
    /// Whether it decided.
    pub decides: bool,
    /// The answer in words: `no`, `not asked`, or what applied.
    pub answer: String,
}

/// The whole table for one request: every row, the one that decides marked, later ones `not asked`.
///
/// An unresolved identity counts as anonymous.
pub fn explain<'s>(
    snapshot: &'s Snapshot,
    facts: &RequestFacts<'_>,
    now: Timestamp,
) -> (Verdict<'s>, Vec<ExplainedRow>) {
    let question = Question::of(snapshot, facts, now);
    let asked = ROWS.into_iter().filter(|(row, _)| *row != Row::Unknown || !snapshot.is_known());
    let mut decided: Option<Verdict<'s>> = None;
    let mut rows = Vec::with_capacity(ROWS.len());
    for (row, ask) in asked {
        let verdict = if decided.is_some() { None } else { ask(&question) };
        let answer = match (&decided, &verdict) {
            (Some(_), _) => "not asked".to_owned(),
            (None, Some(verdict)) => applied(verdict, facts),
            (None, None) => declined(row, &question, facts),
        };
        let decides = verdict.as_ref().is_some_and(|verdict| *verdict != Verdict::Identify);
        rows.push(ExplainedRow { number: row.number(), row, question: row.question(), decides, answer });
        if decides {
            decided = verdict;
        }
    }
    (decided.expect("the last row always decides"), rows)
}

/// A row's question to a request: `None` when the row does not apply.
type Ask = for<'s> fn(&Question<'s, '_, '_>) -> Option<Verdict<'s>>;

/// The table, in order.
const ROWS: [(Row, Ask); 10] = [
    (Row::BuiltIn, built_in),
    (Row::Unknown, unknown),
    (Row::NoSite, no_site),
    (Row::Open, open),
    (Row::InternalIp, internal_ip),
    (Row::IgnoredPattern, ignored_pattern),
    (Row::Staff, staff),
    (Row::Draining, draining),
    (Row::ReadOnly, read_only),
    (Row::Held, |question| Some(held(question))),
];

/// A request beside the site it is for.
struct Question<'s, 'f, 'r> {
    snapshot: &'s Snapshot,
    facts: &'f RequestFacts<'r>,
    site: Option<&'s SiteSnapshot>,
    closed: Option<Closed<'s>>,
}

impl<'s, 'f, 'r> Question<'s, 'f, 'r> {
    fn of(snapshot: &'s Snapshot, facts: &'f RequestFacts<'r>, now: Timestamp) -> Self {
        let site = facts.site(snapshot);
        let closed = site.and_then(|site| site.closed_at(now));
        Self { snapshot, facts, site, closed }
    }

    /// Site and closed state of a question that has come past rows 2 and 3.
    fn closed_site(&self) -> Option<(&'s SiteSnapshot, Closed<'s>)> {
        self.site.zip(self.closed)
    }
}

fn built_in<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    question.snapshot.rules().is_built_in(&question.facts.path).then_some(Verdict::Pass(Pass::BuiltIn))
}

fn unknown<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    match question.snapshot.is_known() {
        true => None,
        false if question.snapshot.unknown_pages().is_some() => Some(Verdict::Unknown),
        false => Some(Verdict::Pass(Pass::Unknown)),
    }
}

fn no_site<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    if question.site.is_some() {
        return None;
    }
    Some(match &question.facts.host {
        Err(_) => Verdict::BadHost,
        Ok(_) if question.snapshot.rules().refuses_unknown_sites => Verdict::NoSuchSite,
        Ok(_) => Verdict::Pass(Pass::NoSite),
    })
}

fn open<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    question.closed.is_none().then_some(Verdict::Pass(Pass::Open))
}

fn internal_ip<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    let (site, closed) = question.closed_site()?;
    let client = question.facts.client?;
    let network = question.snapshot.rules().internal.find(client).or_else(|| closed.networks().find(client))?;
    Some(Verdict::Pass(Pass::InternalIp(site, network)))
}

fn ignored_pattern<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    let (site, closed) = question.closed_site()?;
    let path = &question.facts.path;
    let pattern = closed.ignored().find(path).or_else(|| question.snapshot.rules().ignored.find(path))?;
    Some(Verdict::Pass(Pass::IgnoredPattern(site, pattern)))
}

fn staff<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    let (site, _) = question.closed_site()?;
    let user = match &question.facts.identity {
        Identity::Anonymous => return None,
        Identity::Unresolved => return Some(Verdict::Identify),
        Identity::Known(user) => user,
    };
    if user.rights.superuser() {
        Some(Verdict::Pass(Pass::Superuser(site)))
    } else if user.rights.staff_of(site.id) && !question.snapshot.rules().block_staff {
        Some(Verdict::Pass(Pass::Staff(site)))
    } else {
        None
    }
}

fn draining<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    let (site, closed) = question.closed_site()?;
    let drain = closed.draining()?;
    match question.facts.visit {
        Visit::Unresolved => Some(Verdict::Identify),
        Visit::Since(signed_in_at) if signed_in_at < drain.since => Some(Verdict::Pass(Pass::Draining(site))),
        Visit::Since(_) | Visit::Nobody => None,
    }
}

fn read_only<'s>(question: &Question<'s, '_, '_>) -> Option<Verdict<'s>> {
    let (site, closed) = question.closed_site()?;
    (question.facts.is_safe && closed.level() == Level::ReadOnly).then_some(Verdict::Pass(Pass::ReadOnly(site)))
}

fn held<'s>(question: &Question<'s, '_, '_>) -> Verdict<'s> {
    match question.closed_site() {
        Some((site, closed)) => Verdict::Hold(Hold { site, closed }),
        None => unreachable!("rows 2 and 3 decide about what has no closed site"),
    }
}

/// What applied, in words.
fn applied(verdict: &Verdict<'_>, facts: &RequestFacts<'_>) -> String {
    match verdict {
        Verdict::Pass(pass) => match pass {
            Pass::BuiltIn => "yes: always reachable".to_owned(),
            Pass::Unknown => "yes: let through (MAINTENANCE_ON_UNKNOWN)".to_owned(),
            Pass::NoSite => "yes: there is no default site either".to_owned(),
            Pass::Open => "yes".to_owned(),
            Pass::InternalIp(_, network) => match facts.client {
                Some(client) => format!("yes: {client} is in {network}"),
                None => format!("yes: {network}"),
            },
            Pass::IgnoredPattern(_, pattern) => format!("yes: {}", pattern.pattern),
            Pass::Draining(_) => "yes: signed in before the drain began".to_owned(),
            Pass::ReadOnly(_) => "yes: it only reads".to_owned(),
            Pass::Superuser(_) | Pass::Staff(_) => {
                let word = if matches!(pass, Pass::Superuser(_)) { "a superuser" } else { "staff of this site" };
                match &facts.identity {
                    Identity::Known(user) => format!("yes: {} is {word}", user.username),
                    _ => format!("yes: {word}"),
                }
            }
        },
        Verdict::Hold(_) => "kept out: no rule lets it in".to_owned(),
        Verdict::Unknown => "yes: held until the database answers (MAINTENANCE_ON_UNKNOWN)".to_owned(),
        Verdict::NoSuchSite => "yes: answered 404".to_owned(),
        Verdict::BadHost => "yes: the host is malformed, answered 400".to_owned(),
        Verdict::Identify => "no: not logged in".to_owned(),
    }
}

/// Why a row does not apply, in words.
fn declined(row: Row, question: &Question<'_, '_, '_>, facts: &RequestFacts<'_>) -> String {
    let no = match row {
        Row::BuiltIn | Row::Unknown => String::new(),
        Row::NoSite => match (question.site, &facts.host) {
            (Some(site), Ok(host)) if site.is_for(host) => site.domain.to_string(),
            (Some(site), _) => format!("{}, the default site", site.domain),
            (None, _) => String::new(),
        },
        Row::Open => match question.closed.map(|closed| closed.phase()) {
            Some(Phase::Draining) => "draining".to_owned(),
            _ => "in maintenance".to_owned(),
        },
        Row::InternalIp => match facts.client {
            Some(client) => format!("{client} is in no internal network"),
            None => "the address is not known".to_owned(),
        },
        Row::IgnoredPattern => match question.closed.map_or(0, |closed| closed.ignored().len()) {
            _ if !facts.path.is_clean() => "a path like this is never ignored".to_owned(),
            0 => "no pattern matches (this site has none)".to_owned(),
            1 => "the pattern does not match".to_owned(),
            patterns => format!("none of {patterns} patterns matches"),
        },
        Row::Staff => match &facts.identity {
            Identity::Anonymous | Identity::Unresolved => "not logged in".to_owned(),
            Identity::Known(user) if !user.rights.is_active => format!("{} is not active", user.username),
            Identity::Known(user) if !user.rights.panel() => format!("{} is not staff", user.username),
            Identity::Known(user) if question.snapshot.rules().block_staff => {
                format!("{} is staff, but staff are blocked (MAINTENANCE_BLOCK_STAFF)", user.username)
            }
            Identity::Known(user) => format!("{} is not staff of this site", user.username),
        },
        Row::Draining => match (question.closed.and_then(|closed| closed.draining()), facts.visit) {
            (None, _) => "not draining".to_owned(),
            (Some(_), Visit::Since(_)) => "signed in after the drain began".to_owned(),
            (Some(_), _) => "not signed in on this site".to_owned(),
        },
        Row::ReadOnly => match question.closed.map(|closed| closed.level()) {
            Some(Level::ReadOnly) => "this method may write".to_owned(),
            _ => "everything is closed".to_owned(),
        },
        Row::Held => String::new(),
    };
    if no.is_empty() { "no".to_owned() } else { format!("no: {no}") }
}
