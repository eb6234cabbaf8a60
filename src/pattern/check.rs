//! Refusing a pattern that could never be right.

use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_syntax::hir::Hir;

use super::cost::Cost;
use super::{IgnoredPattern, MAX_PATTERN_CHARS, PatternError, PatternKind, syntax};
use crate::path::has_clean_segments;

/// Bytes that one expression may need. `[-\w]{1,50}`, Unicode and all, is within it.
const MAX_BYTES: usize = 1 << 20;

/// All rules for one row; the parsed expression when it is one.
pub(super) fn check(row: &IgnoredPattern) -> Result<Option<Hir>, PatternError> {
    let hir = check_text(row)?;
    if let Some(hir) = &hir {
        check_size(hir)?;
    }
    Ok(hir)
}

/// The rules that cost next to nothing: all but the memory that an expression needs.
pub(super) fn check_text(row: &IgnoredPattern) -> Result<Option<Hir>, PatternError> {
    let pattern = row.pattern.as_str();
    if pattern.trim().is_empty() {
        return Err(PatternError::Empty);
    }
    let length = pattern.chars().count();
    if length > MAX_PATTERN_CHARS {
        return Err(PatternError::TooLong { length, max: MAX_PATTERN_CHARS });
    }
    if let Some((index, character)) = pattern.chars().enumerate().find(|(_, character)| character.is_control()) {
        return Err(PatternError::ControlCharacter { position: index + 1, character });
    }
    match row.kind {
        PatternKind::Regex => parse(pattern).map(Some),
        PatternKind::Exact | PatternKind::Prefix => check_path(pattern).map(|()| None),
    }
}

fn parse(pattern: &str) -> Result<Hir, PatternError> {
    let hir = regex_syntax::parse(pattern).map_err(|error| syntax::explain(pattern, &error))?;
    if Cost::of(&hir).is_acceptable() { Ok(hir) } else { Err(PatternError::TooCostly) }
}

/// Builds the automaton once, to see that it fits.
fn check_size(hir: &Hir) -> Result<(), PatternError> {
    let config = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_BYTES));
    match thompson::Compiler::new().configure(config).build_from_hir(hir) {
        Ok(_) => Ok(()),
        Err(_too_large) => Err(PatternError::TooCostly),
    }
}

/// Refuses an exact path or prefix that no clean path can be: the query string is never seen, and a path that servers
/// could read differently is never let in.
///
/// `?` and `#` are refused although an encoded one could match: nearly always a query string was meant, and the rare
/// other case is a regex.
fn check_path(pattern: &str) -> Result<(), PatternError> {
    let fault = |offset: usize, problem: String| PatternError::NotAPath {
        position: pattern[..offset].chars().count() + 1,
        problem,
    };
    if let Some(at) = pattern.find("://") {
        let problem = "This is a whole address. Write the path alone, from the first “/” behind the domain.";
        return Err(fault(at, problem.to_owned()));
    }
    if let Some((at, sign)) = pattern.char_indices().find(|(_, c)| matches!(c, '?' | '#')) {
        let what = if sign == '?' { "the query string is never looked at" } else { "browsers never send that part" };
        let position = pattern[..at].chars().count() + 1;
        return Err(fault(at, format!("“{sign}” at character {position}: {what}. Leave it out.")));
    }
    let with_slash = format!("/{}", super::without_slash(pattern));
    if has_clean_segments(&with_slash) {
        return Ok(());
    }
    let unclean = ["\\", "//", "/./", "/../"].into_iter().find_map(|part| Some((pattern.find(part)?, part)));
    let (at, part) = unclean.unwrap_or((0, pattern));
    Err(fault(at, format!("“{part}”: a path with a backslash, a doubled slash, “.” or “..” is never let in.")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{regex, row};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_never_be_right_is_refused() {
        use PatternKind::{Exact, Prefix, Regex};
        for (kind, pattern, code, position) in [
            (Regex, "", "pattern_empty", None),
            (Exact, "  ", "pattern_empty", None),
            (Regex, "a\nb", "pattern_control_character", Some(2)),
            (Prefix, "é\0", "pattern_control_character", Some(2)),
            (Regex, "(", "pattern_syntax", Some(1)),
            (Regex, "(?!x)", "pattern_not_supported", Some(1)),
            (Regex, "(a{100}){100}", "pattern_too_costly", None),
            (Regex, r"(\w{10}){10}", "pattern_too_costly", None),
            (Regex, r"((a{100}){100}){100}", "pattern_too_costly", None),
            (Exact, "/health?full=1", "pattern_not_a_path", Some(8)),
            (Prefix, "/a#b", "pattern_not_a_path", Some(3)),
            (Exact, "https://example.com/a", "pattern_not_a_path", Some(6)),
            (Prefix, "//static", "pattern_not_a_path", Some(1)),
            (Exact, "/a//b", "pattern_not_a_path", Some(3)),
            (Exact, "/a/../b", "pattern_not_a_path", Some(3)),
            (Exact, "a\\b", "pattern_not_a_path", Some(2)),
            (Prefix, "..", "pattern_not_a_path", Some(1)),
        ] {
            let error = row(kind, pattern).check().unwrap_err();
            assert_eq!((error.code(), error.position()), (code, position), "{kind} {pattern:?}: {error}");
        }
        assert_eq!(regex(&"é".repeat(256)).check(), Err(PatternError::TooLong { length: 256, max: 255 }));
        assert_eq!(regex(&"é".repeat(255)).check(), Ok(()));
    }

    #[test]
    fn what_people_write_is_accepted() {
        use PatternKind::{Exact, Prefix, Regex};
        for (kind, pattern) in [
            (Regex, "^ignored-page/$"),
            (Regex, "^/ignored-page/$"),
            (Regex, r"^user/(?P<id>\d+)/$"),
            (Regex, r"^[-\w]{1,50}/$"),
            (Regex, "(?i)^Shop/"),
            (Regex, r"^a\?b"),
            (Exact, "/"),
            (Exact, "/.well-known/x y"),
            (Exact, "/^a.*$"),
            (Prefix, "static/"),
            (Prefix, "/a;v=1"),
        ] {
            assert_eq!(row(kind, pattern).check(), Ok(()), "{kind} {pattern}");
        }
    }

    proptest! {
        #[test]
        fn checking_never_panics(text in any::<String>(), kind in 0..3_usize) {
            let kind = [PatternKind::Regex, PatternKind::Exact, PatternKind::Prefix][kind];
            if let Err(error) = row(kind, &text).check() {
                prop_assert!(error.position().is_none_or(|at| (1..=text.chars().count() + 1).contains(&at)));
                prop_assert!(error.to_string().ends_with('.'));
            }
        }

        #[test]
        fn checking_expressions_never_panics(text in r"[\[\](){}*+?|\\.^$a-cdwpPx0-9,:<=!-]{0,16}") {
            if let Err(error) = regex(&text).check() {
                prop_assert!(error.position().is_none_or(|at| (1..=text.chars().count() + 1).contains(&at)));
                prop_assert!(error.to_string().ends_with('.'));
            }
        }
    }
}
