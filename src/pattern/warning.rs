//! What is allowed but probably not meant; a save asks back about it.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::set::EachRow;
use super::shape::Single;
use super::{IgnoredPattern, PatternKind, PatternSet, check, ends_closed, fixed, without_slash};
use crate::path::RequestPath;

/// Paths so different from each other that who matches all of them matches everything.
const ALL_SORTS: &[&str] = &["/", "/qzxv", "/QZXV/", "/0", "/_x~y/z", "/-", "/\u{e9}\u{4e2d}/\u{fc}", "/.a;b=1"];

/// Improbable paths of the ordinary sort: who matches all of them matches almost everything.
const ORDINARY: &[&str] = &["/qzxvkw", "/jxqz/", "/zvkq/wxjv/", "/wqjz/xkvq.html", "/kvzq/7/xj", "/vwxq-jz"];

/// What is put behind a text to see whether whatever begins with it is covered.
const CONTINUATIONS: &[&str] = &["qzxv", "-Q7", "/qz", "/qz/xv.jw", "/", ".\u{e9}"];

/// Something about a pattern that is allowed but probably not meant.
///
/// The text is whole sentences, to stand beside the row; [`Self::code`] is what scripts rely on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternWarning {
    /// It lets everybody in everywhere: `.*`, `/`, `^`, `x*`.
    #[error("It matches every address, so nobody sees the 503 page.")]
    MatchesEverything,
    /// It lets in every path of the ordinary sort: `[a-z]`, `\w`.
    #[error("It matches almost every address, so hardly anybody sees the 503 page.")]
    MatchesAlmostEverything,
    /// It ends inside a segment without saying so: `^admin` lets in `/administrator`.
    #[error("It has no “$” at its end, so it also matches longer addresses{}.", such_as(example))]
    MatchesLonger {
        /// Such a path; `None` when the expression is too large to find one.
        example: Option<String>,
    },
    /// No path can match it.
    #[error("No address can match it. The query string, a doubled slash and a backslash are never part of the path.")]
    NeverMatches,
    /// Another row says the same.
    #[error("It repeats pattern {}.", row + 1)]
    Repeats {
        /// The earlier row, from 0.
        row: usize,
    },
    /// Whatever it matches, another row matches too.
    #[error("It is already covered by pattern {}.", row + 1)]
    CoveredBy {
        /// The other row, from 0.
        row: usize,
    },
    /// It holds an escape such as `%20`, but the path is compared decoded.
    #[error("{}", escaped(escape, decoded.as_deref()))]
    PercentEscape {
        /// As written in the pattern: `%20`.
        escape: String,
        /// What to write instead; `None` when such a path is never let in.
        decoded: Option<String>,
    },
    /// An exact path or a prefix that is written like an expression.
    #[error("It looks like a regular expression, but its kind is “{kind}”, so every character stands for itself.")]
    LooksLikeRegex {
        /// Its kind.
        kind: PatternKind,
    },
    /// It begins or ends with a space, which counts.
    #[error("It begins or ends with a space, which counts like any other character.")]
    OuterSpace,
}

impl PatternWarning {
    /// A word that never changes, for the API and for confirming.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MatchesEverything => "matches_everything",
            Self::MatchesAlmostEverything => "matches_almost_everything",
            Self::MatchesLonger { .. } => "matches_longer",
            Self::NeverMatches => "never_matches",
            Self::Repeats { .. } => "repeats",
            Self::CoveredBy { .. } => "covered",
            Self::PercentEscape { .. } => "percent_escape",
            Self::LooksLikeRegex { .. } => "looks_like_regex",
            Self::OuterSpace => "outer_space",
        }
    }
}

fn such_as(example: &Option<String>) -> String {
    example.as_ref().map(|example| format!(", such as “{example}”")).unwrap_or_default()
}

fn escaped(escape: &str, decoded: Option<&str>) -> String {
    match decoded {
        Some(decoded) => format!("Addresses are compared decoded: write “{decoded}” for “{escape}”."),
        None => format!("An address with “{escape}” is never let in."),
    }
}

/// Warnings for a whole list, in the order of its rows, which count from 0. Rows that are refused have none, and neither
/// has a list that is refused because it asks for too much.
pub fn warnings(rows: &[IgnoredPattern]) -> Vec<(usize, PatternWarning)> {
    if PatternSet::asks_too_much(rows) {
        return Vec::new();
    }
    let parsed: Vec<_> = rows.iter().map(|row| check::check_text(row).ok()).collect();
    let alone: Vec<_> = rows.iter().zip(&parsed).map(|(row, parsed)| about_itself(row, parsed.as_ref())).collect();
    let frees_all: Vec<bool> = alone.iter().map(|warnings| warnings.iter().any(frees_all)).collect();
    let mut others = about_others(rows, &parsed, &frees_all);
    let mut all = Vec::new();
    for (number, warnings) in alone.into_iter().enumerate() {
        all.extend(warnings.into_iter().map(|warning| (number, warning)));
        all.extend(others.remove(&number).map(|warning| (number, warning)));
    }
    all
}

fn frees_all(warning: &PatternWarning) -> bool {
    matches!(warning, PatternWarning::MatchesEverything | PatternWarning::MatchesAlmostEverything)
}

/// Warnings that need no other row. `None` stands for a row that is refused.
fn about_itself(row: &IgnoredPattern, parsed: Option<&Option<Hir>>) -> Vec<PatternWarning> {
    let Some(parsed) = parsed else { return Vec::new() };
    let text = row.pattern.as_str();
    let mut warnings = Vec::new();
    if text.trim() != text {
        warnings.push(PatternWarning::OuterSpace);
    }
    let escape = percent_escape(row);
    let has_escape = escape.is_some();
    warnings.extend(escape);
    if row.kind != PatternKind::Regex && looks_like_regex(text) {
        warnings.push(PatternWarning::LooksLikeRegex { kind: row.kind });
    }
    match parsed {
        Some(hir) => warnings.extend(about_expression(hir, has_escape)),
        None => warnings.extend(how_much(|path| fixed::covers(row, without_slash(path)))),
    }
    warnings
}

/// How much an expression lets in, else how it ends. One with an escape has been warned about already.
fn about_expression(hir: &Hir, has_escape: bool) -> Option<PatternWarning> {
    let is_open = !ends_closed(hir);
    let Some(mut single) = Single::of(hir) else {
        return is_open.then_some(PatternWarning::MatchesLonger { example: None });
    };
    let too_much = how_much(|path| single.matches(path) || single.matches(without_slash(path)));
    if too_much.is_some() || has_escape {
        return too_much;
    }
    match single.walk() {
        Some(shape) if !shape.can_match => Some(PatternWarning::NeverMatches),
        Some(shape) => shape.longer.map(|example| PatternWarning::MatchesLonger { example: Some(example) }),
        None => is_open.then_some(PatternWarning::MatchesLonger { example: None }),
    }
}

/// Whether a pattern lets everything in, judged by what it does and not by how it is written.
fn how_much(mut matches: impl FnMut(&str) -> bool) -> Option<PatternWarning> {
    if ALL_SORTS.iter().all(|path| matches(path)) {
        return Some(PatternWarning::MatchesEverything);
    }
    ORDINARY.iter().all(|path| matches(path)).then_some(PatternWarning::MatchesAlmostEverything)
}

/// The first run of `%XX` in the pattern, and what to write instead.
fn percent_escape(row: &IgnoredPattern) -> Option<PatternWarning> {
    let text = row.pattern.as_str();
    let is_escape = |at: usize| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        text.as_bytes().get(at) == Some(&b'%') && digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
    };
    let from = (0..text.len()).find(|at| is_escape(*at))?;
    let to = (from..text.len()).step_by(3).find(|at| !is_escape(*at)).unwrap_or(text.len());
    let escape = &text[from..to];
    let decoded = percent_decode_str(escape).decode_utf8().ok().filter(|_| {
        // Whether a path with this escape could be let in at all.
        RequestPath::new(&format!("/x{escape}x")).is_clean()
    });
    let decoded = decoded.map(|decoded| match row.kind {
        PatternKind::Regex => regex_syntax::escape(&decoded),
        PatternKind::Exact | PatternKind::Prefix => decoded.into_owned(),
    });
    Some(PatternWarning::PercentEscape { escape: escape.to_owned(), decoded })
}

fn looks_like_regex(text: &str) -> bool {
    text.starts_with('^') || text.ends_with(['$', '*']) || text.contains(".*") || text.contains(".+")
}

/// What a row says, apart from the spellings that mean the same.
fn normal_form(row: &IgnoredPattern) -> (PatternKind, &str) {
    let text = row.pattern.as_str();
    let text = if row.kind == PatternKind::Regex { text.strip_prefix('^').unwrap_or(text) } else { text };
    (row.kind, without_slash(text))
}

/// For each row the other row that makes it superfluous. A row that frees everything counts as the fault, not as the
/// cover of all the others.
fn about_others(
    rows: &[IgnoredPattern],
    parsed: &[Option<Option<Hir>>],
    frees_all: &[bool],
) -> HashMap<usize, PatternWarning> {
    let mut found = HashMap::new();
    let mut earliest = HashMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(number, _)| parsed[*number].is_some()) {
        let first = *earliest.entry(normal_form(row)).or_insert(number);
        if first != number {
            found.insert(number, PatternWarning::Repeats { row: first });
        }
    }
    let each = EachRow::new(rows, parsed);
    let covers: Vec<Vec<usize>> = (0..rows.len())
        .map(|number| match &parsed[number] {
            Some(hir) if !found.contains_key(&number) => covering(&each, &probes(&rows[number], hir.as_ref()), number),
            _ => Vec::new(),
        })
        .collect();
    for number in 0..rows.len() {
        // Of two rows that cover each other, the later one is superfluous.
        let is_cover = |other: &usize| {
            !frees_all[*other] && !found.contains_key(other) && (*other < number || !covers[*other].contains(&number))
        };
        if let Some(row) = covers[number].iter().copied().find(is_cover) {
            found.insert(number, PatternWarning::CoveredBy { row });
        }
    }
    found
}

/// The other rows that match all of the paths.
fn covering(each: &EachRow<'_>, paths: &[String], number: usize) -> Vec<usize> {
    let mut candidates: Option<Vec<usize>> = None;
    for path in paths {
        let matching = each.matching(&RequestPath::new(&path.replace('%', "%25")));
        let still = |other: &usize| matching[*other] && *other != number;
        candidates = Some(match candidates {
            None => (0..matching.len()).filter(still).collect(),
            Some(before) => before.into_iter().filter(still).collect(),
        });
        if candidates.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
    }
    candidates.unwrap_or_default()
}

/// Paths that stand for all that a row matches; none when it is an expression with more than one text.
fn probes(row: &IgnoredPattern, hir: Option<&Hir>) -> Vec<String> {
    let text = without_slash(&row.pattern);
    let (stem, is_open) = match (row.kind, hir.map(plain_text)) {
        (PatternKind::Exact, _) => (text.to_owned(), false),
        (PatternKind::Prefix, _) if text.is_empty() => return Vec::new(),
        (PatternKind::Prefix, _) => {
            let below = format!("{}/", text.strip_suffix('/').unwrap_or(text));
            let itself = (below.len() > text.len()).then(|| format!("/{text}"));
            let inside = ["qzxv", "Q7/xv.jw", ""].map(|name| format!("/{below}{name}"));
            return itself.into_iter().chain(inside).collect();
        }
        (PatternKind::Regex, Some(Some((plain, is_open)))) => (without_slash(&plain).to_owned(), is_open),
        (PatternKind::Regex, _) => return Vec::new(),
    };
    let continuations = CONTINUATIONS.iter().filter(|_| is_open).map(|more| format!("/{stem}{more}"));
    let all = std::iter::once(format!("/{stem}")).chain(continuations);
    all.filter(|path| RequestPath::new(path).is_clean()).collect()
}

/// The text of an expression without operators, and whether it is open at its end.
fn plain_text(hir: &Hir) -> Option<(String, bool)> {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(hir),
    };
    let (mut text, mut is_open) = (None, true);
    for part in parts {
        match part.kind() {
            HirKind::Look(Look::Start) if text.is_none() => {}
            HirKind::Look(Look::End) if text.is_some() => is_open = false,
            HirKind::Literal(literal) if text.is_none() => text = String::from_utf8(literal.0.to_vec()).ok(),
            _ => return None,
        }
    }
    Some((text?, is_open))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{regex, row};
    use super::*;
    use proptest::prelude::*;

    fn codes(rows: &[IgnoredPattern]) -> Vec<(usize, &'static str)> {
        warnings(rows).iter().map(|(number, warning)| (*number, warning.code())).collect()
    }

    fn codes_of(row: IgnoredPattern) -> Vec<&'static str> {
        codes(&[row]).into_iter().map(|(_, code)| code).collect()
    }

    #[test]
    fn what_frees_everything_is_known_however_it_is_written() {
        for pattern in [
            ".*", "/", "^", "^/", "x*", "(a)?", ".", "^.*$", "^/?", "(?i)q*", "|a", "a|", "^(?:.|x)", "[^q]*", "^/.*",
            "$|.", ".?", "()", r"\A", "(?s).+", "(^)", "/?[^/]*",
        ] {
            assert_eq!(codes_of(regex(pattern)), ["matches_everything"], "{pattern}");
        }
        assert_eq!(codes_of(row(PatternKind::Prefix, "/")), ["matches_everything"]);
        assert_eq!(codes_of(row(PatternKind::Exact, "/")), [""; 0]);
    }

    #[test]
    fn what_frees_almost_everything_is_known_too() {
        for pattern in ["[a-z]", r"\w", r"^\w+", "[^/]+", "[^.]", "^[a-z]+", ".+/?", "/.", r"\b"] {
            let codes = codes_of(regex(pattern));
            assert!(codes == ["matches_almost_everything"] || codes == ["matches_everything"], "{pattern}: {codes:?}");
        }
        for pattern in ["^$", "^[a-m]/", "^a.*", r"^\d+/", "^[^/]+/$"] {
            assert!(!codes_of(regex(pattern)).iter().any(|code| code.contains("everything")), "{pattern}");
        }
    }

    #[test]
    fn a_longer_sibling_is_named() {
        assert_eq!(
            warnings(&[regex("^static/"), regex("^admin")])
                .iter()
                .map(|(n, w)| (*n, w.to_string()))
                .collect::<Vec<_>>(),
            [(1, "It has no “$” at its end, so it also matches longer addresses, such as “/admins”.".to_owned())]
        );
        assert_eq!(codes_of(regex(".*a.{200}b")), ["matches_longer"]);
        assert_eq!(codes_of(regex(".*a.{200}b$")), [""; 0]);
        for fine in ["^static/", "^a/$", "^static/.*", "^x/.+", r"^user/\d+/$", "^ignored-page/$", "^/ignored-page/$"] {
            assert_eq!(codes_of(regex(fine)), [""; 0], "{fine}");
        }
    }

    #[test]
    fn a_row_that_says_the_same_as_an_earlier_one_repeats_it() {
        for (first, second) in [
            (regex("^admin/$"), regex("/admin/$")),
            (regex("^/admin/$"), regex("admin/$")),
            (regex("^admin/$"), regex("^admin/$")),
            (row(PatternKind::Exact, "/a"), row(PatternKind::Exact, "a")),
            (row(PatternKind::Prefix, "/a/"), row(PatternKind::Prefix, "a/")),
        ] {
            let rows = [regex("^x/$"), first, second];
            assert_eq!(warnings(&rows), [(2, PatternWarning::Repeats { row: 1 })], "{rows:?}");
        }
    }

    #[test]
    fn a_row_that_another_one_covers_is_superfluous() {
        use PatternKind::{Exact, Prefix, Regex};
        for (rows, expected) in [
            (vec![(Regex, "^static/"), (Exact, "/static/a.css")], vec![(1, "covered")]),
            (vec![(Exact, "/static/a.css"), (Regex, "^static/")], vec![(0, "covered")]),
            (vec![(Regex, "^static/"), (Regex, "^static/img/")], vec![(1, "covered")]),
            (vec![(Regex, "^static/$"), (Prefix, "/static")], vec![(0, "covered")]),
            (vec![(Regex, "^static/.+"), (Prefix, "/static/")], vec![]),
            (vec![(Regex, "^static/"), (Prefix, "/static/")], vec![(1, "covered")]),
            (vec![(Prefix, "/static"), (Regex, "^static/")], vec![(1, "covered")]),
            (vec![(Prefix, "/a"), (Prefix, "/a/b")], vec![(1, "covered")]),
            (vec![(Prefix, "/a"), (Prefix, "/ab")], vec![]),
            (vec![(Exact, "/a"), (Regex, "^a$")], vec![(1, "covered")]),
            (vec![(Regex, "^a$"), (Exact, "/a")], vec![(1, "covered")]),
            (vec![(Regex, r"^\d+/$"), (Exact, "7/")], vec![(1, "covered")]),
            (vec![(Regex, "^a/$"), (Exact, "/b/")], vec![]),
            (vec![(Regex, ".*"), (Exact, "/b/")], vec![(0, "matches_everything")]),
            (vec![(Regex, "["), (Exact, "/b/")], vec![]),
        ] {
            let rows: Vec<_> = rows.into_iter().map(|(kind, pattern)| row(kind, pattern)).collect();
            assert_eq!(codes(&rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn a_percent_escape_is_answered_with_what_to_write() {
        for (row, sentence) in [
            (regex("^a%20b$"), "Addresses are compared decoded: write “ ” for “%20”."),
            (regex("^caf%C3%A9/"), "Addresses are compared decoded: write “é” for “%C3%A9”."),
            (regex("^a%2Eb$"), "Addresses are compared decoded: write “\\.” for “%2E”."),
            (row(PatternKind::Exact, "/a%2eb"), "Addresses are compared decoded: write “.” for “%2e”."),
            (row(PatternKind::Prefix, "/a%2Fb"), "An address with “%2F” is never let in."),
            (regex("^a%FFb$"), "An address with “%FF” is never let in."),
        ] {
            let shown: Vec<_> = warnings(std::slice::from_ref(&row)).iter().map(|(_, w)| w.to_string()).collect();
            assert_eq!(shown, [sentence], "{row:?}");
        }
        assert_eq!(codes_of(regex("^100%$")), ["never_matches"]);
    }

    #[test]
    fn a_path_written_like_an_expression_is_noticed() {
        for pattern in ["^admin/", "/admin/$", "/static/*", "/static/.*"] {
            assert_eq!(codes_of(row(PatternKind::Exact, pattern)), ["looks_like_regex"], "{pattern}");
            assert_eq!(codes_of(row(PatternKind::Prefix, pattern)), ["looks_like_regex"], "{pattern}");
        }
    }

    #[test]
    fn what_no_address_can_match_is_noticed() {
        assert_eq!(codes_of(regex(r"^page\?x=1")), ["never_matches"]);
        assert_eq!(codes_of(regex("^https?://example.com/a")), ["never_matches"]);
        assert_eq!(codes_of(regex("^admin/$ ")), ["outer_space", "never_matches"]);
    }

    #[test]
    fn a_long_list_is_judged_in_reasonable_time() {
        let rows: Vec<_> = (0..100).map(|n| regex(&format!(r"^app{n}/[-\w]+/$"))).collect();
        assert_eq!(warnings(&rows), []);
    }

    proptest! {
        #[test]
        fn an_example_is_let_in_and_only_because_the_end_is_open(pattern in r"\^?/?([a-c/.]|\(a\|b/?\)|a\*|b\+|\[a-cé\]|\\d|\\w|\\b|c\{1,3\}){0,6}\$?") {
            for (_, warning) in warnings(&[regex(&pattern)]) {
                if let PatternWarning::MatchesLonger { example: Some(example) } = warning {
                    let path = RequestPath::new(&example);
                    let matches = |pattern: &str| super::super::matches_each(&[regex(pattern)], &path)[0];
                    prop_assert!(path.is_clean() && matches(&pattern), "{pattern} {example}");
                    prop_assert!(!matches(&format!("(?:{pattern})$")), "{pattern} {example}");
                }
            }
        }
    }
}
