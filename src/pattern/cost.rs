//! How much work a regular expression can ask for on a path, before it is built.
//!
//! Matching takes time linear in the path, but each byte costs as much as the expression has places alive at once:
//! one for `^shop/cart/$`, two hundred for `.*a.{200}b`. This counts an upper bound of them.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

/// Most characters that the written-out expression may have: a path holds at most 4096 bytes.
const MAX_POSITIONS: u64 = 4000;

/// Most places of one expression that may be alive at once.
const MAX_WIDTH: u64 = 500;

/// Most places of all the expressions of one site together.
pub(super) const MAX_WIDTH_TOGETHER: u64 = 5000;

/// What an expression costs. Lengths count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// Characters of the expression with every repetition written out.
    positions: u64,
    /// Upper bound of the places that are alive at once.
    pub(super) width: u64,
    shortest: u64,
    longest: Option<u64>,
}

impl Cost {
    const NOTHING: Self = Self { positions: 0, width: 0, shortest: 0, longest: Some(0) };

    /// Counts an expression.
    pub(super) fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::NOTHING,
            HirKind::Class(_) => Self::text(1),
            HirKind::Literal(literal) => Self::text(String::from_utf8_lossy(&literal.0).chars().count() as u64),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => Self::repeated(repetition),
            HirKind::Concat(parts) => Self::in_a_row(parts),
            HirKind::Alternation(choices) => Self::side_by_side(choices),
        }
    }

    /// Whether one expression may cost this much.
    pub(super) fn is_acceptable(&self) -> bool {
        self.positions <= MAX_POSITIONS && self.width <= MAX_WIDTH
    }

    fn text(characters: u64) -> Self {
        Self { positions: characters, width: 1, shortest: characters, longest: Some(characters) }
    }

    fn repeated(repetition: &Repetition) -> Self {
        let each = Self::of(&repetition.sub);
        let least = u64::from(repetition.min);
        let copies = repetition.max.map_or(least, u64::from).max(1);
        let positions = each.positions.saturating_mul(copies);
        let has_one_length = each.longest == Some(each.shortest);
        Self {
            positions,
            width: if has_one_length { each.width } else { positions },
            shortest: each.shortest.saturating_mul(least),
            longest: match (each.longest, repetition.max) {
                (Some(0), _) => Some(0),
                (Some(longest), Some(most)) => Some(longest.saturating_mul(u64::from(most))),
                _ => None,
            },
        }
    }

    /// As long as each part has one length, or it is plain where it ends, one part is alive at a time; behind a part
    /// that can end in several places, the next ones are alive in as many copies.
    fn in_a_row(parts: &[Hir]) -> Self {
        let mut sum = Self::NOTHING;
        let mut starts = 1_u64;
        for (index, part) in parts.iter().enumerate() {
            let cost = Self::of(part);
            sum.positions = sum.positions.saturating_add(cost.positions);
            sum.shortest = sum.shortest.saturating_add(cost.shortest);
            sum.longest = sum.longest.zip(cost.longest).map(|(a, b)| a.saturating_add(b));
            sum.width = match starts {
                1 => sum.width.max(cost.width),
                _ => sum.width.saturating_add(cost.positions.min(cost.width.saturating_mul(starts))),
            };
            if !parts.get(index + 1).is_some_and(|next| ends_plainly_before(part, next)) {
                let ends = cost.longest.map_or(u64::MAX, |longest| longest - cost.shortest);
                starts = starts.saturating_add(ends);
            }
        }
        sum.width = sum.width.saturating_add(1);
        sum
    }

    fn side_by_side(choices: &[Hir]) -> Self {
        let costs = choices.iter().map(Self::of);
        costs
            .reduce(|a, b| Self {
                positions: a.positions.saturating_add(b.positions),
                width: a.width.saturating_add(b.width),
                shortest: a.shortest.min(b.shortest),
                longest: a.longest.zip(b.longest).map(|(a, b)| a.max(b)),
            })
            .unwrap_or(Self::NOTHING)
    }
}

/// Whether the characters that `part` repeats cannot begin `next`, as in `[^/]+/` or `\d+-`.
fn ends_plainly_before(part: &Hir, next: &Hir) -> bool {
    let HirKind::Repetition(repetition) = uncaptured(part).kind() else { return false };
    match (single_character(&repetition.sub), first_character(next)) {
        (Some(mut repeated), Some(first)) => {
            repeated.intersect(&first);
            repeated.ranges().is_empty()
        }
        _ => false,
    }
}

/// The characters of an expression that matches one character.
fn single_character(hir: &Hir) -> Option<ClassUnicode> {
    match uncaptured(hir).kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class.clone()),
        HirKind::Literal(literal) => {
            let mut characters = std::str::from_utf8(&literal.0).ok()?.chars();
            let only = characters.next()?;
            characters.next().is_none().then(|| class_of(only))
        }
        _ => None,
    }
}

/// The characters that an expression begins with, when that is simple to say.
fn first_character(hir: &Hir) -> Option<ClassUnicode> {
    match uncaptured(hir).kind() {
        HirKind::Literal(literal) => Some(class_of(std::str::from_utf8(&literal.0).ok()?.chars().next()?)),
        HirKind::Repetition(repetition) if repetition.min > 0 => single_character(&repetition.sub),
        HirKind::Concat(parts) => first_character(parts.first()?),
        _ => single_character(hir),
    }
}

fn uncaptured(hir: &Hir) -> &Hir {
    match hir.kind() {
        HirKind::Capture(capture) => uncaptured(&capture.sub),
        _ => hir,
    }
}

fn class_of(character: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(character, character)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(pattern: &str) -> Cost {
        Cost::of(&regex_syntax::parse(pattern).unwrap())
    }

    #[test]
    fn ordinary_patterns_have_few_places_alive() {
        for pattern in [
            "^ignored-page/$",
            r"^user/\d+/edit/\d+/$",
            r"^app/[-\w]+/(?P<id>\d+)/$",
            "^a/[^/]+/[^/]+/b/?$",
            ".*",
            r"^(en|de|fr)/static/.*\.css$",
            r"^\d{4}-\d{2}-\d{2}/$",
        ] {
            assert!(cost(pattern).width <= 12, "{pattern}: {:?}", cost(pattern));
        }
    }

    #[test]
    fn counted_gaps_behind_a_free_start_are_counted_in_full() {
        assert_eq!(cost(".*a.{200}b").width, 204);
        assert!(!cost(".*a.{2000}b").is_acceptable());
        assert!(!cost("(a{100}){100}").is_acceptable());
        assert!(!cost("((a{1000}){1000}){1000}").is_acceptable());
        assert!(!cost("((((x*){99}){99}){99}){99}").is_acceptable());
    }
}
