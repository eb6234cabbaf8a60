//! What a regular expression lets in without saying so: found by walking its automaton over clean paths.

use std::collections::HashSet;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::{build_dfa, build_nfa};

/// Most places that are looked at before the walk is given up.
const MAX_PLACES: usize = 2000;

/// Bytes for the states on the way.
const CACHE_BYTES: usize = 4 << 20;

/// Bytes that the automaton may need.
const MAX_BYTES: usize = 1 << 20;

/// Most characters beyond ASCII that the walk steps on.
const MAX_FOREIGN: usize = 12;

/// What a longer name may go on with: `/admin` with `s` is `/admins`.
const GOING_ON: [char; 6] = ['s', '1', '-', '.', '_', '~'];

/// What the walk shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether any path matches at all.
    pub(super) can_match: bool,
    /// A path that is let in although the expression ends before its last segment does: `/admins` for `^admin`.
    pub(super) longer: Option<String>,
}

/// One expression, ready to be looked at.
pub(super) struct Single {
    dfa: DFA,
    cache: Cache,
    letters: Vec<char>,
}

/// A state of the automaton, and the shortest way to it.
#[derive(Debug, Clone, Copy)]
struct Place {
    state: LazyStateID,
    after_slash: bool,
    before: usize,
    letter: char,
}

impl Single {
    /// Builds one expression; `None` when it is too large.
    pub(super) fn of(hir: &Hir) -> Option<Self> {
        let nfa = build_nfa(&[hir], MAX_BYTES).ok()?;
        let dfa = build_dfa(nfa, MatchKind::All, CACHE_BYTES).ok()?;
        let (cache, letters) = (dfa.create_cache(), letters(&dfa, hir));
        Some(Self { dfa, cache, letters })
    }

    /// Whether the start of a text matches. A text on which the automaton cannot tell counts as matched.
    pub(super) fn matches(&mut self, text: &str) -> bool {
        let input = Input::new(text).anchored(Anchored::Yes);
        !matches!(self.dfa.try_search_fwd(&mut self.cache, &input), Ok(None))
    }

    /// Walks the expression; `None` when it is too large to see through.
    ///
    /// A longer sibling is a path that the expression matches in part, ending inside a segment, and not as a whole:
    /// `^admin` and `^user/\d+` have one, `^static/`, `^a$` and `^x/.+` have none. Below a directory that is let in as
    /// a whole nothing else is looked at.
    pub(super) fn walk(&mut self) -> Option<Shape> {
        let input = Input::new("").anchored(Anchored::Yes);
        let state = self.dfa.start_state_forward(&mut self.cache, &input).ok()?;
        let mut seen = HashSet::from([(state, false)]);
        let mut places = vec![Place { state, after_slash: false, before: 0, letter: '/' }];
        let mut shape = Shape::default();
        let mut index = 0;
        while let Some(place) = places.get(index).copied() {
            let is_directory = index == 0 || place.after_slash;
            let ends_here = self.matches_at_end(place.state);
            let longer = GOING_ON.map(|letter| self.step(place.state, letter).filter(|next| next.is_match()));
            shape.can_match |= ends_here || longer.iter().any(Option::is_some);
            if !is_directory {
                let unmeant = longer.map(|next| next.is_some_and(|next| !self.matches_at_end(next)));
                if let Some(more) = unmeant.iter().position(|unmeant| *unmeant) {
                    shape.longer = Some(way_to(&places, index, GOING_ON[more]));
                    return Some(shape);
                }
            }
            if !(is_directory && ends_here && longer.iter().all(Option::is_some)) {
                for next in self.neighbours(index, place) {
                    shape.can_match |= next.state.is_match();
                    if seen.insert((next.state, next.after_slash)) {
                        places.push(next);
                    }
                }
            }
            if places.len() > MAX_PLACES || self.cache.clear_count() > 0 {
                return None;
            }
            index += 1;
        }
        Some(shape)
    }

    /// The places one letter further on; two slashes in a row are in no clean path.
    fn neighbours(&mut self, before: usize, place: Place) -> Vec<Place> {
        let mut next = Vec::new();
        for index in 0..self.letters.len() {
            let letter = self.letters[index];
            let after_slash = letter == '/';
            if !(place.after_slash && after_slash) {
                let state = self.step(place.state, letter);
                next.extend(state.map(|state| Place { state, after_slash, before, letter }));
            }
        }
        next
    }

    /// The state after a character; `None` when nothing can match any more or the automaton cannot tell.
    fn step(&mut self, mut state: LazyStateID, letter: char) -> Option<LazyStateID> {
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            state = self.dfa.next_state(&mut self.cache, state, byte).ok()?;
            if state.is_dead() || state.is_quit() {
                return None;
            }
        }
        Some(state)
    }

    fn matches_at_end(&mut self, state: LazyStateID) -> bool {
        self.dfa.next_eoi_state(&mut self.cache, state).is_ok_and(|end| end.is_match())
    }
}

/// The path to a place and one letter more.
fn way_to(places: &[Place], mut index: usize, last: char) -> String {
    let mut letters = vec![last];
    while index != 0 {
        letters.push(places[index].letter);
        index = places[index].before;
    }
    if letters.last() != Some(&'/') {
        letters.push('/');
    }
    letters.iter().rev().collect()
}

/// The characters to walk on: of ASCII one for each class that the automaton takes for the same, those that are good
/// to read first; beyond it some that the expression names.
fn letters(dfa: &DFA, hir: &Hir) -> Vec<char> {
    let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(*b"-._~/").chain(b'A'..=b'Z');
    let possible = readable.chain(b' '..=b'~').filter(|byte| !b"\\%?#".contains(byte));
    let mut known = HashSet::new();
    let ascii = possible.filter(|byte| known.insert((dfa.byte_classes().get(*byte), *byte == b'/')));
    let mut foreign = Vec::new();
    collect_foreign(hir, &mut foreign);
    ascii.map(char::from).chain(foreign).collect()
}

/// The first characters beyond ASCII of each literal and class.
fn collect_foreign(hir: &Hir, found: &mut Vec<char>) {
    let mut add = |letter: char| {
        if !letter.is_ascii() && !letter.is_control() && found.len() < MAX_FOREIGN && !found.contains(&letter) {
            found.push(letter);
        }
    };
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().for_each(add),
        HirKind::Class(Class::Unicode(class)) => {
            let foreign = class.ranges().iter().filter(|range| !range.end().is_ascii()).take(2);
            foreign.for_each(|range| add(range.start().max('\u{a1}')));
        }
        HirKind::Class(Class::Bytes(_)) | HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Repetition(repetition) => collect_foreign(&repetition.sub, found),
        HirKind::Capture(capture) => collect_foreign(&capture.sub, found),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| collect_foreign(part, found));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(pattern: &str) -> Option<Shape> {
        Single::of(&regex_syntax::parse(pattern).unwrap())?.walk()
    }

    #[test]
    fn a_longer_sibling_is_found_where_a_match_can_end_inside_a_segment() {
        for (pattern, longer) in [
            ("^admin", Some("/admins")),
            ("^/admin", Some("/admins")),
            ("^admin/?", Some("/admins")),
            (r"^user/\d+", Some("/user/0s")),
            ("^robots.txt", Some("/robotsatxts")),
            (r"^robots\.txt", Some("/robots.txts")),
            (r"^feed(\.xml)?", Some("/feeds")),
            (r"^.*\.css", Some("/.csss")),
            ("^a$|^b", Some("/bs")),
            ("^x/[^/.]+", Some("/x/a.")),
            (r"^user/\d+\b", Some("/user/0-")),
            ("^café", Some("/cafés")),
            ("^a/b/(c|d)", Some("/a/b/cs")),
        ] {
            assert_eq!(shape(pattern).unwrap().longer.as_deref(), longer, "{pattern}");
        }
    }

    #[test]
    fn no_longer_sibling_is_found_where_the_end_is_said() {
        for pattern in [
            "^static/",
            "^a/$",
            "^a$",
            "^static/.*",
            "^x/.+",
            "^x/[^/]+",
            "^x/[^/]+/",
            "^static/[a-z]*",
            "^(en|de)(/|$)",
            "^/static/",
            "^",
            "/",
            ".*",
            r"^static/.*\.css$",
            r"^a\z",
            "^admin(/|$)",
            "^$",
            "^(a/|b/)",
            "^é/",
        ] {
            let shape = shape(pattern).unwrap();
            assert_eq!((shape.longer, shape.can_match), (None, true), "{pattern}");
        }
    }

    #[test]
    fn an_expression_that_no_path_matches_is_known() {
        for pattern in
            ["a//b", "https?://example", r"page\?x=1", "a$b", r"\\", "[^\u{0}-\u{10ffff}]", r"a\b\B", "x#y", "//"]
        {
            assert_eq!(shape(pattern).map(|shape| shape.can_match), Some(false), "{pattern}");
        }
    }

    #[test]
    fn a_large_expression_is_given_up() {
        assert_eq!(shape(".*a.{200}b$"), None);
    }
}
