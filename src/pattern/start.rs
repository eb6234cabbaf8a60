//! Takes `^` out of an expression that is tried from the start of a text only.
//!
//! What remains may be tried from any place that counts as the start, such as behind the first slash of a path, in
//! engines that cannot say so.

use regex_syntax::hir::{Hir, HirKind, Look};

/// What is known of a place within an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing was matched before it.
    Start,
    /// Something was.
    Later,
    /// One or the other.
    Either,
}

/// The expression without `^`; `None` when one stands where it depends on the text.
///
/// Those of lines count as that of the text: a clean path holds no line end.
pub(super) fn without_start(hir: &Hir) -> Option<Hir> {
    at(hir, Place::Start)
}

fn at(hir: &Hir, place: Place) -> Option<Hir> {
    if !has_start(hir) {
        return Some(hir.clone());
    }
    match hir.kind() {
        HirKind::Look(_) => match place {
            Place::Start => Some(Hir::empty()),
            Place::Later => Some(Hir::fail()),
            Place::Either => None,
        },
        HirKind::Capture(capture) => at(&capture.sub, place),
        HirKind::Alternation(choices) => {
            Some(Hir::alternation(choices.iter().map(|choice| at(choice, place)).collect::<Option<_>>()?))
        }
        HirKind::Concat(parts) => {
            let mut place = place;
            let mut kept = Vec::with_capacity(parts.len());
            for part in parts {
                kept.push(at(part, place)?);
                place = behind(part, place);
            }
            Some(Hir::concat(kept))
        }
        // Once or not at all is as where it stands; after a first time it is elsewhere.
        HirKind::Repetition(repetition) if repetition.max == Some(1) => {
            let sub = Box::new(at(&repetition.sub, place)?);
            Some(Hir::repetition(regex_syntax::hir::Repetition { sub, ..repetition.clone() }))
        }
        HirKind::Repetition(_) => None,
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => unreachable!("these hold no look"),
    }
}

fn behind(part: &Hir, place: Place) -> Place {
    match (part.properties().minimum_len(), part.properties().maximum_len()) {
        (_, Some(0)) => place,
        (Some(0), _) if place == Place::Later => Place::Later,
        (Some(0), _) => Place::Either,
        _ => Place::Later,
    }
}

fn has_start(hir: &Hir) -> bool {
    let looks = hir.properties().look_set();
    [Look::Start, Look::StartLF, Look::StartCRLF].into_iter().any(|look| looks.contains(look))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_taken_out_where_it_is_certain() {
        for (pattern, left) in [
            ("^a", Some("a")),
            ("^^a", Some("a")),
            ("(?m:^)a", Some("a")),
            ("^a|^b", Some("a|b")),
            ("(^a)?b", Some("(?:a)?b")),
            ("$^", Some("$")),
            ("a^b", Some(r"a[^\s\S]b")),
            ("a?^b", None),
            ("(^a)*b", None),
            ("a", Some("a")),
        ] {
            let taken = without_start(&regex_syntax::parse(pattern).unwrap());
            let left = left.map(|left| regex_syntax::parse(left).unwrap());
            assert_eq!(taken.map(|hir| hir.to_string()), left.map(|hir| hir.to_string()), "{pattern}");
        }
    }
}
