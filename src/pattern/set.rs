//! The ignored patterns of one site, compiled: one question per request.

use regex_syntax::hir::Hir;

use super::automaton::{Automaton, TooCostly};
use super::cost::{Cost, MAX_WIDTH_TOGETHER};
use super::fixed::{self, FixedPaths};
use super::{IgnoredPattern, MAX_MATCHED_PATH_BYTES, MAX_PATTERNS_PER_SITE, PatternError, check};
use crate::path::RequestPath;

/// The compiled patterns of one site.
///
/// A question costs the same for one pattern and for a thousand, allocates nothing once warm, and takes time linear
/// in the path. The set can be asked by many threads at once.
#[derive(Debug, Default)]
pub struct PatternSet {
    regexes: Option<Regexes>,
    fixed: FixedPaths,
    len: usize,
}

#[derive(Debug)]
struct Regexes {
    automaton: Automaton,
    /// The row of each expression.
    rows: Box<[usize]>,
}

impl PatternSet {
    /// Compiles all rows.
    ///
    /// # Errors
    /// The first row that [`IgnoredPattern::check`] refuses (its memory apart, which is counted for all rows
    /// together), too many rows, or rows that are too costly together.
    ///
    /// # Examples
    /// ```
    /// use maintenance_mode::path::RequestPath;
    /// use maintenance_mode::pattern::{IgnoredPattern, PatternError, PatternKind, PatternSet};
    ///
    /// let row = |kind, pattern: &str| IgnoredPattern { kind, pattern: pattern.into(), description: String::new() };
    /// let set = PatternSet::compile(&[row(PatternKind::Regex, "^health/$"), row(PatternKind::Prefix, "static")])?;
    /// assert_eq!(set.find(&RequestPath::new("/static/site.css")), Some(1));
    /// assert_eq!(set.find(&RequestPath::new("/static/../admin/")), None);
    /// # Ok::<(), PatternError>(())
    /// ```
    pub fn compile(rows: &[IgnoredPattern]) -> Result<Self, PatternError> {
        if rows.len() > MAX_PATTERNS_PER_SITE {
            return Err(PatternError::TooMany { count: rows.len(), max: MAX_PATTERNS_PER_SITE });
        }
        let parsed: Result<Vec<Option<Hir>>, _> = rows.iter().map(check::check_text).collect();
        Self::build(rows, &parsed?.iter().map(Some).collect::<Vec<_>>())
            .map_err(|TooCostly| PatternError::TogetherTooCostly)
    }

    /// Whether the regexes of these rows ask for too much together, as far as it can be told without building any: what
    /// takes next to no time, also for rows that would take minutes.
    pub fn asks_too_much(rows: &[IgnoredPattern]) -> bool {
        let regexes = rows.iter().filter_map(|row| check::check_text(row).ok().flatten());
        let width = regexes.fold(0_u64, |sum, hir| sum.saturating_add(Cost::of(&hir).width));
        width > MAX_WIDTH_TOGETHER
    }

    /// Compiles the rows that are valid and reports the others, so that one bad row in the database never takes a
    /// site's other rules away. When the regexes are too costly together, each of them is reported.
    pub fn compile_valid(rows: &[IgnoredPattern]) -> (Self, Vec<(usize, PatternError)>) {
        let checked: Vec<_> = rows.iter().map(check::check_text).collect();
        let parsed: Vec<_> = checked.iter().map(|row| row.as_ref().ok()).collect();
        let mut refused: Vec<_> = checked
            .iter()
            .enumerate()
            .filter_map(|(number, row)| Some((number, row.as_ref().err()?.clone())))
            .collect();
        let set = Self::build(rows, &parsed).unwrap_or_else(|TooCostly| {
            let is_regex = |parsed: &Option<&Option<Hir>>| matches!(parsed, Some(Some(_)));
            let left: Vec<_> = parsed.iter().map(|row| row.filter(|_| !is_regex(row))).collect();
            let costly = parsed.iter().enumerate().filter(|(_, row)| is_regex(row));
            refused.extend(costly.map(|(number, _)| (number, PatternError::TogetherTooCostly)));
            refused.sort_by_key(|(number, _)| *number);
            Self::build(rows, &left).unwrap_or_default()
        });
        (set, refused)
    }

    /// Builds from the rows whose parsed form is given.
    fn build(rows: &[IgnoredPattern], parsed: &[Option<&Option<Hir>>]) -> Result<Self, TooCostly> {
        let (mut fixed, mut expressions, mut numbers) = (FixedPaths::default(), Vec::new(), Vec::new());
        for (number, (row, parsed)) in rows.iter().zip(parsed).enumerate() {
            match parsed {
                Some(Some(hir)) => {
                    expressions.push(hir);
                    numbers.push(number);
                }
                Some(None) => fixed.insert(number, row),
                None => {}
            }
        }
        let regexes = match expressions.as_slice() {
            [] => None,
            expressions => {
                Some(Regexes { automaton: Automaton::first_of(expressions)?, rows: numbers.into_boxed_slice() })
            }
        };
        Ok(Self { regexes, fixed, len: parsed.iter().flatten().count() })
    }

    /// The row that lets a path in: the first in order of all that match, counted from 0. `None` when none does, when
    /// the path is not clean, or when it is longer than [`MAX_MATCHED_PATH_BYTES`].
    #[inline]
    pub fn find(&self, path: &RequestPath<'_>) -> Option<usize> {
        if self.len == 0 || !is_eligible(path) {
            return None;
        }
        let fixed = self.fixed.first(path.without_slash());
        let regex = self.regexes.as_ref().and_then(|regexes| Some(regexes.rows[regexes.automaton.first(path)?]));
        fixed.into_iter().chain(regex).min()
    }

    /// Number of rows in force.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no row is in force.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Whether any pattern may let this path in.
fn is_eligible(path: &RequestPath<'_>) -> bool {
    path.is_clean() && path.as_str().len() <= MAX_MATCHED_PATH_BYTES
}

/// For each row whether it matches the path, to show them side by side; `false` for a row that is not valid.
///
/// Compiles the rows, so it is for the tester and not for requests.
pub fn matches_each(rows: &[IgnoredPattern], path: &RequestPath<'_>) -> Vec<bool> {
    let parsed: Vec<_> = rows.iter().map(|row| check::check_text(row).ok()).collect();
    EachRow::new(rows, &parsed).matching(path)
}

/// Rows that are asked one by one.
pub(super) struct EachRow<'r> {
    rows: &'r [IgnoredPattern],
    is_valid: Vec<bool>,
    groups: Vec<(Automaton, Vec<usize>)>,
}

impl<'r> EachRow<'r> {
    /// Takes the rows and, for each that is valid, what [`check::check_text`] made of it.
    pub(super) fn new(rows: &'r [IgnoredPattern], parsed: &[Option<Option<Hir>>]) -> Self {
        let regexes = parsed.iter().enumerate().filter_map(|(number, row)| Some((number, row.as_ref()?.as_ref()?)));
        let (numbers, expressions): (Vec<usize>, Vec<&Hir>) = regexes.unzip();
        let groups = match Automaton::all_of(&expressions) {
            Ok(automaton) => vec![(automaton, numbers)],
            // Too costly together: such a list cannot be saved, but its rows can still be shown one by one.
            Err(TooCostly) => {
                let alone = |(number, hir)| Some((Automaton::all_of(&[hir]).ok()?, vec![number]));
                numbers.into_iter().zip(expressions).filter_map(alone).collect()
            }
        };
        Self { rows, is_valid: parsed.iter().map(Option::is_some).collect(), groups }
    }

    /// For each row whether it matches the path.
    pub(super) fn matching(&self, path: &RequestPath<'_>) -> Vec<bool> {
        if !is_eligible(path) {
            return vec![false; self.rows.len()];
        }
        let fixed = |(row, is_valid): (&IgnoredPattern, &bool)| *is_valid && fixed::covers(row, path.without_slash());
        let mut matching: Vec<bool> = self.rows.iter().zip(&self.is_valid).map(fixed).collect();
        for (automaton, numbers) in &self.groups {
            automaton.each(path, |expression| matching[numbers[expression]] = true);
        }
        matching
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{regex, row};
    use super::super::{PatternKind, without_slash};
    use super::*;
    use PatternKind::{Exact, Prefix, Regex as Expression};
    use proptest::prelude::*;
    use regex::Regex;

    fn lets_in(kind: PatternKind, pattern: &str, raw: &str) -> bool {
        let set = PatternSet::compile(&[row(kind, pattern)]).unwrap();
        let path = RequestPath::new(raw);
        let found = set.find(&path).is_some();
        assert_eq!(matches_each(&[row(kind, pattern)], &path), [found], "{pattern} {raw}");
        found
    }

    #[test]
    fn each_kind_matches_to_the_letter_of_the_design() {
        for (kind, pattern, raw, expected) in [
            // Both slash spellings mean the same.
            (Expression, "^ignored-page/$", "/ignored-page/", true),
            (Expression, "^/ignored-page/$", "/ignored-page/", true),
            (Expression, "ignored-page/$", "/ignored-page/", true),
            (Expression, "/ignored-page/$", "/ignored-page/", true),
            (Expression, "^ignored-page/$", "/ignored-page", false),
            (Expression, "^ignored-page/$", "/ignored-page/x", false),
            // From the start, open at the end.
            (Expression, "page", "/ignored-page/", false),
            (Expression, "^admin", "/administrator", true),
            (Expression, "^admin/", "/administrator", false),
            (Expression, "a|b", "/bc", true),
            (Expression, "^a|b$", "/cb", false),
            (Expression, "^$", "/", true),
            (Expression, "^$", "/a", false),
            (Expression, "^Shop/", "/shop/", false),
            (Expression, "(?i)^Shop/", "/shop/", true),
            (Expression, r"\bshop", "/shop", true),
            (Expression, r"\Bhop", "/shop", false),
            (Expression, "", "/shop", false),
            // The decoded path, without the query.
            (Expression, "^café/$", "/caf%C3%A9/", true),
            (Expression, "^a b$", "/a%20b", true),
            (Expression, r"^caf\w/$", "/caf%C3%A9/", true),
            (Expression, r"^caf.\b", "/caf%C3%A9", true),
            // Paths that are never let in.
            (Expression, ".*", "/a/../b", false),
            (Expression, ".*", "//a", false),
            (Expression, ".*", "/a%2Fb", false),
            (Expression, ".*", "/a%00", false),
            (Expression, ".*", "*", false),
            (Prefix, "/", "/a\\b", false),
            (Exact, "a", "/a/", false),
            (Exact, "a", "/a", true),
            (Exact, "/a", "/a", true),
            (Exact, "/", "/", true),
            (Exact, "/", "/a", false),
            (Exact, "a b", "/a%20b", true),
            (Exact, "/A", "/a", false),
            (Prefix, "/static", "/static", true),
            (Prefix, "static", "/static/", true),
            (Prefix, "static", "/static/x", true),
            (Prefix, "/static", "/statics", false),
            (Prefix, "/static", "/x/static", false),
            (Prefix, "/static/", "/static/", true),
            (Prefix, "/static/", "/static/x", true),
            (Prefix, "/static/", "/static", false),
            (Prefix, "a/b", "/a/b/c", true),
            (Prefix, "a/b", "/a", false),
            (Prefix, "/", "/anything", true),
            (Prefix, "/", "/", true),
        ] {
            if pattern.is_empty() {
                assert_eq!(PatternSet::compile(&[row(kind, pattern)]).unwrap_err(), PatternError::Empty);
                continue;
            }
            assert_eq!(lets_in(kind, pattern, raw), expected, "{kind} {pattern} {raw}");
        }
    }

    #[test]
    fn text_around_an_expression_cannot_change_it() {
        for pattern in ["a)|(b", "(?x)a # b"] {
            let compiled = PatternSet::compile(&[regex(pattern)]);
            assert!(compiled.is_err() || compiled.unwrap().find(&RequestPath::new("/b")).is_none(), "{pattern}");
        }
    }

    #[test]
    fn the_first_row_that_matches_is_named() {
        let rows =
            [regex("^x/"), row(Prefix, "/a"), regex("^a/b"), row(Exact, "/a/b"), regex("/a/b/c"), regex("^a/b/c/d")];
        let set = PatternSet::compile(&rows).unwrap();
        assert_eq!(set.len(), 6);
        for (raw, first) in [("/a/b/c/d", Some(1)), ("/x/", Some(0)), ("/b", None)] {
            assert_eq!(set.find(&RequestPath::new(raw)), first, "{raw}");
        }
        let path = RequestPath::new("/a/b/c/d");
        assert_eq!(matches_each(&rows, &path), [false, true, true, false, true, true]);
        assert_eq!(PatternSet::compile(&rows[2..]).unwrap().find(&path), Some(0));
        assert_eq!(PatternSet::compile(&rows[3..]).unwrap().find(&path), Some(1));
    }

    #[test]
    fn a_bad_row_leaves_the_others_in_force() {
        let rows = [regex("["), regex("^a/"), row(Exact, "?"), row(Exact, "/b")];
        assert!(PatternSet::compile(&rows).is_err());
        let (set, refused) = PatternSet::compile_valid(&rows);
        assert_eq!(refused.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((set.len(), set.find(&RequestPath::new("/a/"))), (2, Some(1)));
        assert_eq!(set.find(&RequestPath::new("/b")), Some(3));
        assert_eq!(matches_each(&rows, &RequestPath::new("/b")), [false, false, false, true]);
    }

    #[test]
    fn rows_that_are_too_costly_together_are_refused() {
        let mut rows: Vec<_> = (0..60).map(|n| regex(&format!(".*a.{{200}}b{n}"))).collect();
        rows.push(row(Exact, "/health"));
        assert_eq!(PatternSet::compile(&rows).unwrap_err(), PatternError::TogetherTooCostly);
        assert!(PatternSet::asks_too_much(&rows) && !PatternSet::asks_too_much(&rows[..10]));
        let (set, refused) = PatternSet::compile_valid(&rows);
        assert_eq!((refused.len(), set.len(), set.find(&RequestPath::new("/health"))), (60, 1, Some(60)));
        assert!(matches_each(&rows, &RequestPath::new("/health"))[60]);
    }

    #[test]
    fn two_thousand_patterns_compile_and_are_told_apart() {
        let row_of = |n: usize| match n % 4 {
            0 => regex(&format!(r"^app{n}/\d+/$")),
            1 => row(Exact, &format!("/app{n}/x")),
            2 => row(Prefix, &format!("/app{n}")),
            _ => regex(&format!("/app{n}/$")),
        };
        let rows: Vec<_> = (0..MAX_PATTERNS_PER_SITE).map(row_of).collect();
        let set = PatternSet::compile(&rows).unwrap();
        for (raw, row) in [("/app1200/77/", 1200), ("/app1201/x", 1201), ("/app1202/y/z", 1202), ("/app1203/", 1203)] {
            assert_eq!(set.find(&RequestPath::new(raw)), Some(row), "{raw}");
        }
        assert_eq!(set.find(&RequestPath::new("/application/")), None);
        assert!(PatternSet::compile(&[rows, vec![regex("a")]].concat()).is_err());
    }

    #[test]
    fn a_path_beyond_the_limit_is_never_let_in() {
        let (fits, beyond) = ("/a".to_owned() + &"b".repeat(4094), "/a".to_owned() + &"b".repeat(4095));
        assert!(lets_in(Expression, "^a", &fits));
        assert!(!lets_in(Expression, "^a", &beyond));
    }

    #[test]
    fn an_automaton_that_gives_up_still_answers() {
        let path = format!("/é{}b", "ac".repeat(300));
        assert!(lets_in(Expression, r".*a.{19}b\b", &path));
        assert!(!lets_in(Expression, r".*a.{19}d\b", &path));
    }

    /// The meaning of a row, as simply as it can be written.
    fn reference(row: &IgnoredPattern, path: &RequestPath<'_>) -> Option<bool> {
        if !path.is_clean() {
            return Some(false);
        }
        let (with, without) = (path.as_str(), path.without_slash());
        Some(match row.kind {
            Expression => {
                let expression = Regex::new(&format!("^(?:{})", row.pattern)).ok()?;
                expression.is_match(with) || expression.is_match(without)
            }
            Exact => without == without_slash(&row.pattern),
            Prefix => {
                let segments = without_slash(&row.pattern);
                let below = segments.ends_with('/') || segments.is_empty();
                (!below && without == segments)
                    || without.starts_with(&if below { segments.to_owned() } else { format!("{segments}/") })
            }
        })
    }

    fn a_row() -> impl Strategy<Value = IgnoredPattern> {
        let expression = r"\^?/?([a-c/.]|\(a\|b\)|a\*|b\+|\[a-c\]|\\d|\\w|\\b|é|c\{1,3\}){0,6}/?\$?";
        prop_oneof![
            3 => expression.prop_map(|pattern| row(Expression, &pattern)),
            1 => "/?[a-cé]{1,2}(/[a-c]{1,2}){0,2}/?".prop_map(|pattern| row(Exact, &pattern)),
            1 => "/?[a-c]{1,2}(/[a-c]{1,2}){0,2}/?".prop_map(|pattern| row(Prefix, &pattern)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_set_finds_what_each_row_means(
            rows in proptest::collection::vec(a_row(), 1..8),
            paths in proptest::collection::vec("/([a-cé1]{0,3}/){0,3}[a-cé1. ]{0,3}", 1..6),
        ) {
            let rows: Vec<_> = rows.into_iter().filter(|row| row.check().is_ok()).collect();
            let set = PatternSet::compile(&rows).unwrap();
            for raw in paths {
                let path = RequestPath::new(&raw);
                let each = matches_each(&rows, &path);
                let expected: Option<Vec<bool>> = rows.iter().map(|row| reference(row, &path)).collect();
                if let Some(expected) = expected {
                    prop_assert_eq!(&each, &expected, "{:?} {}", rows, raw);
                    prop_assert_eq!(set.find(&path), expected.iter().position(|found| *found), "{:?} {}", rows, raw);
                }
            }
        }

        #[test]
        fn no_pattern_and_no_path_makes_it_panic(pattern in any::<String>(), kind in 0..3_usize, raw in any::<String>()) {
            let kind = [Expression, Exact, Prefix][kind];
            let rows = [row(kind, &pattern)];
            if let Ok(set) = PatternSet::compile(&rows) {
                let path = RequestPath::new(&raw);
                prop_assert_eq!(set.find(&path).is_some(), matches_each(&rows, &path)[0]);
            }
            super::super::warnings(&rows);
            super::super::describe(&rows[0]);
        }
    }
}
