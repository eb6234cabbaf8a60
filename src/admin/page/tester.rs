//! *Who gets in?* and the tester: every rule in order, and the one that decides.

use serde::Serialize;

use super::{Choice, Field};

/// The column beside the form of a site.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tester {
    /// The rules in their order.
    pub who: Vec<WhoRow>,
    /// How the user is seen, and what the rules would do.
    pub seen: Seen,
    /// `target`: address or path.
    pub target: Field,
    /// `method`.
    pub method: Field,
    /// `ip`.
    pub ip: Field,
    /// `as`: empty for a visitor who is not logged in, else a user name.
    pub user: Field,
    /// Methods to choose from.
    pub methods: Vec<Choice>,
    /// People to choose from; the visitor first.
    pub users: Vec<Choice>,
    /// The answers: none before a test, one for a closed site, two for an open one (now, and once started).
    pub verdicts: Vec<VerdictTable>,
    /// What was refused, when it belongs to no field.
    pub error: Option<String>,
    /// Whether something was tried, so that *Check without saving* tries it again.
    pub was_asked: bool,
    /// Whether the page answers the tester's own form: the answer takes the focus.
    pub is_asked: bool,
}

/// One rule of *who gets in?*.
#[derive(Debug, Clone, Serialize)]
pub struct WhoRow {
    /// Who: `Addresses 10.0.0.0/8`.
    pub label: String,
    /// From where: `always`, `settings`, `this site`; may be empty.
    pub source: String,
}

/// How the user is seen.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seen {
    /// The user's address as we see it.
    pub address: String,
    /// The trusted proxy that told it; `None` when it is the peer's own.
    pub proxy: Option<String>,
    /// What the rules would do: `let in, because you are a superuser`.
    pub verdict: String,
    /// Whether the user would get the 503 page.
    pub is_kept_out: bool,
}

/// One answer of the tester.
#[derive(Debug, Clone, Serialize)]
pub struct VerdictTable {
    /// When it holds: `Now`, `Once maintenance has started`; empty for the only one.
    pub when: String,
    /// The answer with its reason: `503: kept out. No rule lets it in.`
    pub sentence: String,
    /// Whether the request is let through.
    pub is_pass: bool,
    /// Every rule.
    pub rows: Vec<VerdictRow>,
}

/// One rule and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct VerdictRow {
    /// Its number, from 1.
    pub number: usize,
    /// The rule: `In maintenance`, `Ignored pattern ^health/`.
    pub rule: String,
    /// The answer: `yes`, `no`, `not asked`.
    pub answer: String,
    /// Whether it decided.
    pub decides: bool,
}
