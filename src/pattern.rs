//! Ignored patterns: which paths are let through while their site is closed.

use serde::{Deserialize, Serialize};

/// How an ignored pattern is compared with the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatternKind {
    /// Regular expression, from the start of the path, open at the end unless `$` says otherwise.
    #[default]
    Regex,
    /// The whole path.
    Exact,
    /// The start of the path, by whole segment.
    Prefix,
}

/// A row on the maintenance record: requests whose path it matches are let through (Django's *ignored URL*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IgnoredPattern {
    /// How it is compared.
    pub kind: PatternKind,
    /// The pattern as typed, at most 255 characters.
    pub pattern: String,
    /// What it is for; may be empty.
    pub description: String,
}

impl PatternKind {
    /// The word for it in forms, in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regex => "regex",
            Self::Exact => "exact",
            Self::Prefix => "prefix",
        }
    }
}

impl std::str::FromStr for PatternKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Regex, Self::Exact, Self::Prefix]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| "must be regex, exact or prefix".to_owned())
    }
}
