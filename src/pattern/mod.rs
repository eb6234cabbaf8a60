//! Ignored patterns: which paths are let through while their site is closed.
//!
//! A pattern sees the clean, decoded path alone ([`RequestPath`]), never the query string, and upper case is not lower
//! case. Each kind takes the path with or without its first slash, whichever way the pattern is written:
//!
//! - *regex* matches from the start of the path and is open at the end unless `$` says otherwise. The syntax is that of
//!   the crate `regex`, the time linear in the path.
//! - *exact* is the whole path.
//! - *prefix* is the start of the path, by whole segment: `static` covers `/static` and `/static/x`, not `/statics`;
//!   `static/` covers what lies below, not `/static` itself.
//!
//! Three steps: [`IgnoredPattern::check`] refuses what could never be right, [`warnings`] asks back about what is
//! probably not meant, [`PatternSet`] answers requests. Patterns compile when they change, never per request.

mod automaton;
mod check;
mod cost;
mod dialect;
mod error;
mod fixed;
mod ignored;
mod set;
mod shape;
mod start;
mod syntax;
mod warning;

use regex_syntax::hir::Look;
use serde::{Deserialize, Serialize};

pub use dialect::{Dialect, Foreign, Untold};
pub use error::PatternError;
pub use ignored::IgnoredPatterns;
pub use set::{PatternSet, matches_each};
pub use warning::{PatternWarning, warnings};

#[cfg(doc)]
use crate::path::RequestPath;

/// Most characters in a pattern.
pub const MAX_PATTERN_CHARS: usize = 255;

/// Most patterns of one site.
pub const MAX_PATTERNS_PER_SITE: usize = 2000;

/// Bytes of the longest path that a pattern is tried on; a longer one is never let in. Together with the size limits
/// at compile time this bounds the work that one request can ask for.
pub const MAX_MATCHED_PATH_BYTES: usize = 4096;

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

impl IgnoredPattern {
    /// Refuses a pattern that could never be right, in words for the person who typed it.
    ///
    /// # Errors
    /// It is blank, longer than [`MAX_PATTERN_CHARS`], holds a control character, does not compile, uses what linear
    /// matching cannot do, would be too costly, or (exact, prefix) is no path.
    pub fn check(&self) -> Result<(), PatternError> {
        check::check(self).map(|_checked| ())
    }
}

impl PatternKind {
    /// The word for it in forms, on the command line and in JSON: `regex`, `exact`, `prefix`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regex => "regex",
            Self::Exact => "exact",
            Self::Prefix => "prefix",
        }
    }
}

impl std::fmt::Display for PatternKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of pattern: write `regex`, `exact` or `prefix`")]
pub struct UnknownPatternKind(String);

impl std::str::FromStr for PatternKind {
    type Err = UnknownPatternKind;

    fn from_str(word: &str) -> Result<Self, UnknownPatternKind> {
        match word {
            "regex" => Ok(Self::Regex),
            "exact" => Ok(Self::Exact),
            "prefix" => Ok(Self::Prefix),
            other => Err(UnknownPatternKind(other.chars().take(40).collect())),
        }
    }
}

/// A sentence on what a pattern lets in, shown beside it; `None` while it does not compile.
pub fn describe(row: &IgnoredPattern) -> Option<&'static str> {
    let checked = check::check(row).ok()?;
    Some(match (row.kind, checked) {
        (PatternKind::Exact, _) => "Lets in this path alone.",
        (PatternKind::Prefix, _) if row.pattern.ends_with('/') => "Lets in everything below it.",
        (PatternKind::Prefix, _) => "Also lets in everything below it.",
        (PatternKind::Regex, Some(hir)) if ends_closed(&hir) => "Lets in the whole paths that it matches.",
        (PatternKind::Regex, _) => "Also lets in everything that starts with it.",
    })
}

/// Whether every match ends at the end of the path.
fn ends_closed(hir: &regex_syntax::hir::Hir) -> bool {
    let ends = hir.properties().look_set_suffix();
    [Look::End, Look::EndLF, Look::EndCRLF].into_iter().any(|end| ends.contains(end))
}

/// A pattern or path without its first slash, the spelling that exact and prefix patterns are kept in.
fn without_slash(text: &str) -> &str {
    text.strip_prefix('/').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn row(kind: PatternKind, pattern: &str) -> IgnoredPattern {
        IgnoredPattern { kind, pattern: pattern.to_owned(), description: String::new() }
    }

    pub(super) fn regex(pattern: &str) -> IgnoredPattern {
        row(PatternKind::Regex, pattern)
    }

    #[test]
    fn a_hint_says_what_a_pattern_lets_in() {
        for (kind, pattern, hint) in [
            (PatternKind::Regex, "^health/", Some("Also lets in everything that starts with it.")),
            (PatternKind::Regex, "^health/$", Some("Lets in the whole paths that it matches.")),
            (PatternKind::Regex, "^a$|^b$", Some("Lets in the whole paths that it matches.")),
            (PatternKind::Regex, "^a$|^b", Some("Also lets in everything that starts with it.")),
            (PatternKind::Regex, "[", None),
            (PatternKind::Exact, "/a", Some("Lets in this path alone.")),
            (PatternKind::Prefix, "/a", Some("Also lets in everything below it.")),
            (PatternKind::Prefix, "/a/", Some("Lets in everything below it.")),
        ] {
            assert_eq!(describe(&row(kind, pattern)), hint, "{kind} {pattern}");
        }
    }

    #[test]
    fn a_kind_is_known_by_its_word() {
        for kind in [PatternKind::Regex, PatternKind::Exact, PatternKind::Prefix] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert!("glob".parse::<PatternKind>().is_err());
    }
}
