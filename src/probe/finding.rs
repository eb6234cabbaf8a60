//! One point and how it stands.

use serde::Serialize;

/// How a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Good,
    /// It works, but somebody may be worse off.
    Warning,
    /// Wrong: some visitor, crawler, cache or client misunderstands it.
    Fault,
}

/// One point, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: a header, a method or a kind of request. A stable word.
    pub point: &'static str,
    /// How it stands.
    pub grade: Grade,
    /// What was seen, and for a fault or warning why that is bad. Plain text; it may quote the site.
    pub says: String,
    /// What to do about it; empty for what is good.
    pub mend: &'static str,
}

impl Finding {
    /// Something that is as it should be.
    pub(super) fn good(point: &'static str, says: impl Into<String>) -> Self {
        Self { point, grade: Grade::Good, says: says.into(), mend: "" }
    }

    /// Something that may be meant.
    pub(super) fn warning(point: &'static str, says: impl Into<String>, mend: &'static str) -> Self {
        Self { point, grade: Grade::Warning, says: says.into(), mend }
    }

    /// Something that is wrong.
    pub(super) fn fault(point: &'static str, says: impl Into<String>, mend: &'static str) -> Self {
        Self { point, grade: Grade::Fault, says: says.into(), mend }
    }
}
