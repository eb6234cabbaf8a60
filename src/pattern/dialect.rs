//! Ignored patterns in the words of the expressions of web servers.
//!
//! What is written matches a path only where ours does: `\A/?(?:…)` from the start of the decoded path, in both
//! spellings of its first slash. What another engine cannot say is *narrowed* (a class of Unicode to its ASCII part) or
//! left out, so a web server never lets in what the gate would hold. Every character but letters, digits, `/`, `-` and
//! `_` is written by its number, so that no quoting of a configuration file can change it.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};
use regex_syntax::utf8::Utf8Sequences;

use super::start::without_start;
use super::{IgnoredPattern, PatternKind, check, without_slash};

/// Ranges of characters beyond ASCII that one class may list before it is narrowed.
const MAX_RANGES: usize = 64;

/// Bytes that one written expression may have: nginx reads words of at most 4096.
const MAX_BYTES: usize = 3000;

/// Bytes that an expression may take compiled, by a rough count from above: PCRE2 stops at 64 KiB.
const MAX_COMPILED: usize = 30_000;

/// Times that RE2 writes a repetition out at most, with those around it.
const MAX_RE2_REPEAT: u32 = 1000;

/// The first character and the last.
type Range = (char, char);

/// An engine of regular expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PCRE2 over bytes: nginx, Apache httpd, HAProxy.
    Pcre,
    /// RE2 over characters: Caddy, Envoy, Traefik.
    Re2,
}

/// An ignored pattern for another engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The expression after `\A/?`, to be put in a group.
    pub expression: String,
    /// Whether it lets in less than ours: classes of Unicode without what lies beyond ASCII.
    pub is_narrowed: bool,
}

/// Why a pattern cannot be said to another engine. The words stand in a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untold {
    /// It is not valid here either.
    #[error("it is not valid")]
    Invalid,
    /// `^` at a place where it depends on what came before.
    #[error("its ^ does not stand at the start")]
    Start,
    /// A word boundary that this engine does not have.
    #[error("its word boundary means something else there")]
    Boundary,
    /// A class without anything of ASCII that would be too long.
    #[error("its class of Unicode is not known there")]
    Class,
    /// It would be too long.
    #[error("it would be too long there")]
    TooLong,
}

impl IgnoredPattern {
    /// The pattern for another engine.
    ///
    /// # Errors
    /// Why that engine cannot be told.
    pub fn in_dialect(&self, dialect: Dialect) -> Result<Foreign, Untold> {
        let parsed = check::check(self).map_err(|_refused| Untold::Invalid)?;
        let mut writer = Writer { dialect, text: String::new(), is_narrowed: false, copies: 1, compiled: 0 };
        match parsed {
            Some(hir) => writer.hir(&without_start(&hir).ok_or(Untold::Start)?)?,
            None => writer.fixed(self.kind, without_slash(&self.pattern)),
        }
        if writer.text.len() > MAX_BYTES || writer.compiled > MAX_COMPILED {
            return Err(Untold::TooLong);
        }
        Ok(Foreign { expression: writer.text, is_narrowed: writer.is_narrowed })
    }
}

struct Writer {
    dialect: Dialect,
    text: String,
    is_narrowed: bool,
    /// How often what is being written is repeated by everything around it.
    copies: u32,
    compiled: usize,
}

impl Writer {
    fn fixed(&mut self, kind: PatternKind, text: &str) {
        self.literal(text);
        match kind {
            PatternKind::Regex => unreachable!("an expression is not fixed"),
            PatternKind::Exact => self.text.push_str(r"\z"),
            PatternKind::Prefix if text.is_empty() || text.ends_with('/') => {}
            PatternKind::Prefix => self.text.push_str(r"(?:/|\z)"),
        }
    }

    fn hir(&mut self, hir: &Hir) -> Result<(), Untold> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                self.literal(std::str::from_utf8(&literal.0).map_err(|_bytes| Untold::Class)?);
            }
            HirKind::Class(class) => self.class(class)?,
            HirKind::Look(look) => self.look(*look)?,
            HirKind::Capture(capture) => self.hir(&capture.sub)?,
            HirKind::Repetition(repetition) => self.repetition(repetition)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.grouped(part))?,
            HirKind::Alternation(choices) => {
                for (number, choice) in choices.iter().enumerate() {
                    if number > 0 {
                        self.text.push('|');
                    }
                    self.hir(choice)?;
                }
            }
        }
        if self.text.len() > MAX_BYTES { Err(Untold::TooLong) } else { Ok(()) }
    }

    /// A part of a sequence: choices need a group around them.
    fn grouped(&mut self, hir: &Hir) -> Result<(), Untold> {
        match hir.kind() {
            HirKind::Alternation(_) | HirKind::Capture(_) => self.group(hir),
            _ => self.hir(hir),
        }
    }

    fn group(&mut self, hir: &Hir) -> Result<(), Untold> {
        self.text.push_str("(?:");
        self.hir(hir)?;
        self.text.push(')');
        Ok(())
    }

    /// Whether a repetition is greedy does not matter to the question whether anything matches.
    fn repetition(&mut self, repetition: &Repetition) -> Result<(), Untold> {
        let Repetition { min, max, sub, .. } = repetition;
        let outside = self.copies;
        self.copies = outside.saturating_mul(max.unwrap_or(*min).max(1));
        if self.dialect == Dialect::Re2 && self.copies > MAX_RE2_REPEAT {
            return Err(Untold::TooLong);
        }
        self.group(sub)?;
        self.copies = outside;
        self.text.push_str(&match (min, max) {
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (0, Some(1)) => "?".to_owned(),
            (min, None) => format!("{{{min},}}"),
            (min, Some(max)) => format!("{{{min},{max}}}"),
        });
        Ok(())
    }

    /// A clean path holds no line end, so that those of lines are those of the text.
    fn look(&mut self, look: Look) -> Result<(), Untold> {
        let text = match (look, self.dialect) {
            (Look::End | Look::EndLF | Look::EndCRLF, _) => r"\z",
            (Look::WordAscii, _) => r"\b",
            (Look::WordAsciiNegate, _) => r"\B",
            // Beside letters beyond ASCII the two could differ.
            (Look::WordUnicode, Dialect::Pcre) => r"(?<![\x80-\xFF])\b(?![\x80-\xFF])",
            (Look::WordUnicodeNegate, Dialect::Pcre) => r"(?<![\x80-\xFF])\B(?![\x80-\xFF])",
            (Look::Start | Look::StartLF | Look::StartCRLF, _) => return Err(Untold::Start),
            _ => return Err(Untold::Boundary),
        };
        self.text.push_str(text);
        self.count(8);
        Ok(())
    }

    fn literal(&mut self, text: &str) {
        for character in text.chars() {
            self.character(character);
        }
        self.count(2 * text.len());
    }

    fn count(&mut self, bytes: usize) {
        let copies = usize::try_from(self.copies).unwrap_or(usize::MAX);
        self.compiled = self.compiled.saturating_add(bytes.saturating_mul(copies));
    }

    fn character(&mut self, character: char) {
        match (character, self.dialect) {
            ('a'..='z' | 'A'..='Z' | '0'..='9' | '/' | '_', _) => self.text.push(character),
            (_, Dialect::Re2) => self.text.push_str(&format!(r"\x{{{:X}}}", u32::from(character))),
            (_, Dialect::Pcre) => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    self.text.push_str(&format!(r"\x{byte:02X}"));
                }
            }
        }
    }

    fn class(&mut self, class: &Class) -> Result<(), Untold> {
        let mut ranges: Vec<Range> = match class {
            Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
            Class::Bytes(class) if class.is_ascii() => {
                class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
            }
            Class::Bytes(_) => return Err(Untold::Class),
        };
        if ranges.is_empty() {
            // Matches nothing, and is written as what no path holds.
            ranges.push(('\0', '\0'));
        }
        let (ascii, foreign) = split_at_ascii(&ranges);
        let foreign = match foreign.len() {
            0..=MAX_RANGES => foreign,
            _ if ascii.is_empty() => return Err(Untold::Class),
            _ => {
                self.is_narrowed = true;
                Vec::new()
            }
        };
        match self.dialect {
            Dialect::Re2 => self.ranges(ascii.into_iter().chain(foreign)),
            Dialect::Pcre => self.sequences(ascii, &foreign),
        }
        Ok(())
    }

    /// `[a-z]`, of characters.
    fn ranges(&mut self, ranges: impl Iterator<Item = Range>) {
        self.text.push('[');
        for (first, last) in ranges {
            self.character(first);
            if first != last {
                self.text.push('-');
                self.character(last);
            }
        }
        self.text.push(']');
        self.count(40);
    }

    /// `(?:[a-z]|\xC3[\x80-\xBF])`, of bytes.
    fn sequences(&mut self, ascii: Vec<Range>, foreign: &[Range]) {
        if foreign.is_empty() {
            return self.ranges(ascii.into_iter());
        }
        self.text.push_str("(?:");
        if !ascii.is_empty() {
            self.ranges(ascii.into_iter());
            self.text.push('|');
        }
        if foreign == [('\u{80}', char::MAX)] {
            // Any character beyond ASCII: the text is valid UTF-8, so that it need not be told byte by byte.
            // By its length, so that no half of it is given back: `\B` would hold behind that.
            self.text.push_str(r"[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3}");
            self.count(120);
        } else {
            let sequences = foreign.iter().flat_map(|(first, last)| Utf8Sequences::new(*first, *last));
            for (number, sequence) in sequences.enumerate() {
                self.text.push_str(if number > 0 { "|" } else { "" });
                for range in sequence.as_slice() {
                    let (first, last) = (range.start, range.end);
                    self.text.push_str(&match first == last {
                        true => format!(r"\x{first:02X}"),
                        false => format!(r"[\x{first:02X}-\x{last:02X}]"),
                    });
                    self.count(40);
                }
            }
        }
        self.text.push(')');
    }
}

/// The ranges below and above U+0080.
fn split_at_ascii(ranges: &[Range]) -> (Vec<Range>, Vec<Range>) {
    let ascii = ranges.iter().filter(|(first, _)| first.is_ascii()).map(|(first, last)| (*first, (*last).min('\x7f')));
    let foreign = ranges.iter().filter(|(_, last)| !last.is_ascii());
    (ascii.collect(), foreign.map(|(first, last)| ((*first).max('\u{80}'), *last)).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::super::tests::{regex, row};
    use super::super::{PatternSet, matches_each};
    use super::*;
    use crate::path::RequestPath;

    fn told(kind: PatternKind, pattern: &str, dialect: Dialect) -> Result<String, Untold> {
        row(kind, pattern).in_dialect(dialect).map(|foreign| foreign.expression)
    }

    /// Whether the text of the other engine matches, asked of an engine that knows both notations as far as they are
    /// used without look-around.
    fn matches(dialect: Dialect, expression: &str, path: &str) -> bool {
        let anchored = format!(r"\A/?(?:{expression})");
        match dialect {
            Dialect::Pcre => {
                let built = regex::bytes::RegexBuilder::new(&anchored).unicode(false).build();
                built.unwrap_or_else(|error| panic!("{anchored}: {error}")).is_match(path.as_bytes())
            }
            Dialect::Re2 => regex::Regex::new(&anchored).unwrap_or_else(|e| panic!("{anchored}: {e}")).is_match(path),
        }
    }

    #[test]
    fn patterns_are_written_for_both_engines() {
        use PatternKind::{Exact, Prefix, Regex};
        for (kind, pattern, pcre, re2) in [
            (Regex, "^ignored-page/$", Ok(r"ignored\x2Dpage/\z"), Ok(r"ignored\x{2D}page/\z")),
            (Regex, "^/a|^b$", Ok(r"/a|b\z"), Ok(r"/a|b\z")),
            (Regex, "caf\u{e9}", Ok(r"caf\xC3\xA9"), Ok(r"caf\x{E9}")),
            (Regex, "[à-ÿ]", Ok(r"(?:\xC3[\xA0-\xBF])"), Ok(r"[\x{E0}-\x{FF}]")),
            (Regex, r"^u/(?P<id>\d+)/", Ok(r"u/(?:(?:[0-9])+)/"), Ok(r"u/(?:(?:[0-9])+)/")),
            (Regex, r"(?i)^k", Ok(r"(?:[Kk]|\xE2\x84\xAA)"), Ok(r"[Kk\x{212A}]")),
            (
                Regex,
                r"^a.{2,}?b",
                Ok(
                    r"a(?:(?:[\x00-\x09\x0B-\x7F]|[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})){2,}b",
                ),
                Ok(r"a(?:[\x{0}-\x{9}\x{B}-\x{7F}\x{80}-\x{10FFFF}]){2,}b"),
            ),
            (Regex, r"a\b", Ok(r"a(?<![\x80-\xFF])\b(?![\x80-\xFF])"), Err(Untold::Boundary)),
            (Regex, r"(?-u:\b)a", Ok(r"\ba"), Ok(r"\ba")),
            (Regex, r"a*^b", Err(Untold::Start), Err(Untold::Start)),
            (Regex, "[", Err(Untold::Invalid), Err(Untold::Invalid)),
            (Exact, "/a b", Ok(r"a\x20b\z"), Ok(r"a\x{20}b\z")),
            (Exact, "/", Ok(r"\z"), Ok(r"\z")),
            (Prefix, "/static", Ok(r"static(?:/|\z)"), Ok(r"static(?:/|\z)")),
            (Prefix, "static/", Ok("static/"), Ok("static/")),
            (
                Prefix,
                "/$1\"%{x}",
                Ok(r"\x241\x22\x25\x7Bx\x7D(?:/|\z)"),
                Ok(r"\x{24}1\x{22}\x{25}\x{7B}x\x{7D}(?:/|\z)"),
            ),
        ] {
            let told = [Dialect::Pcre, Dialect::Re2].map(|dialect| told(kind, pattern, dialect));
            assert_eq!(told, [pcre.map(str::to_owned), re2.map(str::to_owned)], "{pattern}");
        }
    }

    #[test]
    fn classes_that_are_too_long_are_narrowed_to_ascii_or_left_out() {
        for dialect in [Dialect::Pcre, Dialect::Re2] {
            let word = regex(r"^\w").in_dialect(dialect).unwrap();
            assert!(word.is_narrowed && matches(dialect, &word.expression, "/a"), "{word:?}");
            assert!(!matches(dialect, &word.expression, "/é"));
            assert!(!regex("^[a-z]").in_dialect(dialect).unwrap().is_narrowed);
            assert_eq!(told(PatternKind::Regex, r"[\w--[:ascii:]]", dialect), Err(Untold::Class));
        }
    }

    #[test]
    fn what_another_engine_could_not_compile_is_left_out() {
        for (pattern, dialect) in
            [("^[^/é]{1,400}$", Dialect::Pcre), ("^a{2000}$", Dialect::Re2), ("^((a{40}){40})$", Dialect::Re2)]
        {
            assert_eq!(told(PatternKind::Regex, pattern, dialect), Err(Untold::TooLong), "{pattern}");
        }
    }

    #[test]
    fn what_is_written_needs_no_quoting_anywhere() {
        let pattern: String = (' '..='~').filter(|c| !matches!(c, '?' | '#' | '\\')).collect();
        for dialect in [Dialect::Pcre, Dialect::Re2] {
            let text = told(PatternKind::Exact, &pattern, dialect).unwrap();
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "\\/_{}".contains(c)), "{text}");
            for escape in [r"\\", r"\t", r"\n", r"\r", "\\\""] {
                assert!(!text.contains(escape), "{text}");
            }
        }
    }

    /// Asks PCRE itself, over bytes.
    fn pcre(expression: &str, path: &str) -> bool {
        let mut child = Command::new("grep")
            .env("LC_ALL", "C")
            .args(["-zqP", "--", &format!(r"\A/?(?:{expression})")])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(path.as_bytes()).unwrap();
        let status = child.wait().unwrap();
        assert!(matches!(status.code(), Some(0 | 1)), "{expression}: {status}");
        status.success()
    }

    /// Expressions of parts that paths below can match.
    fn expression() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[a-cé/]{1,3}",
            Just(".".to_owned()),
            Just("[^/]".to_owned()),
            Just("[^é]".to_owned()),
            Just(r"\w".to_owned()),
            Just(r"\W".to_owned()),
            Just("[à-ÿ]".to_owned()),
            Just("(?i)k".to_owned()),
            Just(r"\d".to_owned()),
            Just("$".to_owned()),
            Just("^".to_owned()),
        ];
        part.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}{b}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
                (inner, "[*+?]|\\{1,2\\}|\\{2\\}").prop_map(|(a, times)| format!("(?:{a}){times}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_web_server_never_lets_in_what_the_gate_holds(pattern in expression(), path in "/([a-cék0/]{0,6})") {
            let ours = PatternSet::compile(&[regex(&pattern)]);
            let clean = RequestPath::new(&path);
            prop_assume!(ours.is_ok() && clean.is_clean());
            let ours = ours.unwrap().find(&clean).is_some();
            for dialect in [Dialect::Pcre, Dialect::Re2] {
                if let Ok(foreign) = regex(&pattern).in_dialect(dialect) {
                    let theirs = matches(dialect, &foreign.expression, &path);
                    prop_assert!(ours || !theirs, "{dialect:?} {}", foreign.expression);
                    prop_assert!(theirs || !ours || foreign.is_narrowed, "{dialect:?} {}", foreign.expression);
                }
            }
        }

        #[test]
        fn fixed_paths_mean_the_same(
            pattern in "/?[a-c.é]{0,2}(/[a-c é]{1,2})?/?",
            path in "/[a-c.é]{0,2}(/[a-c é]{1,2})?/?",
            is_exact in any::<bool>(),
        ) {
            let row = row(if is_exact { PatternKind::Exact } else { PatternKind::Prefix }, &pattern);
            let clean = RequestPath::new(&path);
            prop_assume!(row.check().is_ok() && clean.is_clean());
            let ours = matches_each(std::slice::from_ref(&row), &clean)[0];
            for dialect in [Dialect::Pcre, Dialect::Re2] {
                let foreign = row.in_dialect(dialect).unwrap();
                prop_assert_eq!(matches(dialect, &foreign.expression, &path), ours, "{}", foreign.expression);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn pcre_itself_agrees(
            pattern in prop_oneof![expression(), "[a-cé]{0,2}(\\\\b|\\\\B)[a-cé/]{0,2}"],
            path in "/([a-cék0/]{0,6})",
        ) {
            let ours = PatternSet::compile(&[regex(&pattern)]);
            let clean = RequestPath::new(&path);
            prop_assume!(ours.is_ok() && clean.is_clean());
            if let Ok(foreign) = regex(&pattern).in_dialect(Dialect::Pcre) {
                let (ours, theirs) = (ours.unwrap().find(&clean).is_some(), pcre(&foreign.expression, &path));
                prop_assert!(ours || !theirs, "{}", foreign.expression);
                let is_less = foreign.is_narrowed || pattern.contains(r"\b") || pattern.contains(r"\B");
                prop_assert!(theirs || !ours || is_less, "{}", foreign.expression);
            }
        }
    }
}
