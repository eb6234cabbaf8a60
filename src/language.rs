//! Language tags, and which of several languages a visitor gets.
//!
//! Tags are the everyday part of BCP 47 (RFC 5646): language, script, region, variants. The choice follows
//! `Accept-Language` by look-up (RFC 4647, section 3.4). The words themselves are in [`crate::wording`].

use crate::accept::{Item, MAX_ITEMS, items};

/// Longest tag taken, in bytes; BCP 47 asks for room for 35.
pub const MAX_TAG: usize = 35;

/// Languages written from right to left unless their tag names another script.
const RIGHT_TO_LEFT: [&str; 16] =
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "khw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"];

/// Scripts written from right to left (ISO 15924).
const RIGHT_TO_LEFT_SCRIPTS: [&str; 9] = ["Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"];

/// Why a language tag is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LanguageError {
    /// Nothing was given.
    #[error("a language is needed, for example `en`, `de` or `pt-BR`")]
    Empty,
    /// Longer than [`MAX_TAG`].
    #[error("a language tag has at most {MAX_TAG} characters")]
    TooLong,
    /// Not language, script, region and variants in that order.
    #[error("`{tag}` is not a language tag; write it like `en`, `de` or `pt-BR`")]
    Syntax {
        /// The tag as given.
        tag: String,
    },
}

/// Direction of writing, the value of HTML's `dir`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left, as Arabic and Hebrew.
    RightToLeft,
}

impl Direction {
    /// `ltr` or `rtl`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// Checks a tag and writes it in its usual case: `PT-br` becomes `pt-BR`, `zh_hans` becomes `zh-Hans`.
///
/// Extensions, private use and grandfathered tags are refused: no page of ours can make use of them.
///
/// # Errors
///
/// [`LanguageError`], with words for the field it was typed in.
pub fn canonical(tag: &str) -> Result<String, LanguageError> {
    let tag = tag.trim();
    if tag.is_empty() {
        return Err(LanguageError::Empty);
    }
    if tag.len() > MAX_TAG {
        return Err(LanguageError::TooLong);
    }
    let mut canonical = String::with_capacity(tag.len());
    let mut place = Place::Language;
    for part in tag.split(['-', '_']) {
        place = place.take(part).ok_or_else(|| LanguageError::Syntax { tag: tag.to_owned() })?;
        if !canonical.is_empty() {
            canonical.push('-');
        }
        match place {
            Place::Script => {
                canonical.push_str(&part[..1].to_ascii_uppercase());
                canonical.push_str(&part[1..].to_ascii_lowercase());
            }
            Place::Region => canonical.push_str(&part.to_ascii_uppercase()),
            _ => canonical.push_str(&part.to_ascii_lowercase()),
        }
    }
    Ok(canonical)
}

/// What a subtag is, and what may follow it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Language,
    Primary,
    Script,
    Region,
    Variant,
}

impl Place {
    /// The kind of the next subtag after this one, or `None` when it cannot stand there.
    fn take(self, part: &str) -> Option<Self> {
        let letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let mixed = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match part.len() {
            2..=3 if self == Self::Language => letters.then_some(Self::Primary),
            _ if self == Self::Language => None,
            4 if letters => (self < Self::Script).then_some(Self::Script),
            2 if letters => (self < Self::Region).then_some(Self::Region),
            3 if digits => (self < Self::Region).then_some(Self::Region),
            4 if mixed && part.as_bytes()[0].is_ascii_digit() => Some(Self::Variant),
            5..=8 if mixed => Some(Self::Variant),
            _ => None,
        }
    }
}

/// Direction of a language, by its script when the tag names one; `ltr` for what is not known.
pub fn direction(tag: &str) -> Direction {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_rtl = match parts.next().filter(|part| part.len() == 4 && part.as_bytes()[0].is_ascii_alphabetic()) {
        Some(script) => RIGHT_TO_LEFT_SCRIPTS.iter().any(|rtl| rtl.eq_ignore_ascii_case(script)),
        None => RIGHT_TO_LEFT.iter().any(|rtl| rtl.eq_ignore_ascii_case(language)),
    };
    if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight }
}

/// The place of the tag that serves this range: the range itself, else the range with its end cut off bit by
/// bit (RFC 4647, section 3.4), so that `de-CH` is served by `de`.
pub fn lookup<T: AsRef<str>>(range: &str, available: &[T]) -> Option<usize> {
    lookup_bytes(range.as_bytes(), available, |_| true)
}

/// Which of the available languages a visitor gets, by `Accept-Language`: its place, or `fallback`.
///
/// Ranges count by weight, equal ones in the order sent. A range is served as in [`lookup`]; failing that by a
/// tag that is more exact than it, so that `pt` is served by `pt-BR` before a language of less weight is. A
/// weight of zero excludes a language, also as the fallback when the visitor takes any other (`*`). Only the
/// first 32 ranges are read, what is not understood is left out, and nothing is allocated.
///
/// Several header lines are one list. Without any, or with nothing that fits: `fallback`.
pub fn choose<'h, T: AsRef<str>>(lines: impl Iterator<Item = &'h [u8]>, available: &[T], fallback: usize) -> usize {
    if available.len() < 2 {
        return fallback;
    }
    let mut buffer = [Item::default(); MAX_ITEMS];
    let ranges = by_weight(lines, &mut buffer);
    let excludes = ranges.iter().any(|range| range.weight == 0);
    let allowed = |tag: &str| !excludes || !is_excluded(tag, ranges);
    let wanted = ranges.iter().filter(|range| range.weight > 0);
    for range in wanted.clone().filter(|range| range.value != b"*") {
        let served = lookup_bytes(range.value, available, allowed)
            .or_else(|| available.iter().position(|tag| is_prefix(range.value, tag.as_ref()) && allowed(tag.as_ref())));
        if let Some(place) = served {
            return place;
        }
    }
    let takes_any = wanted.clone().any(|range| range.value == b"*");
    if takes_any && available.get(fallback).is_some_and(|tag| !allowed(tag.as_ref())) {
        return available.iter().position(|tag| allowed(tag.as_ref())).unwrap_or(fallback);
    }
    fallback
}

/// Fills the buffer with the ranges, the heaviest first; equal ones keep their order.
fn by_weight<'b, 'h>(lines: impl Iterator<Item = &'h [u8]>, buffer: &'b mut [Item<'h>; MAX_ITEMS]) -> &'b [Item<'h>] {
    let mut count = 0;
    for item in items(lines) {
        let mut place = count;
        while place > 0 && buffer[place - 1].weight < item.weight {
            buffer[place] = buffer[place - 1];
            place -= 1;
        }
        buffer[place] = item;
        count += 1;
    }
    &buffer[..count]
}

fn lookup_bytes<T: AsRef<str>>(range: &[u8], available: &[T], allowed: impl Fn(&str) -> bool) -> Option<usize> {
    let mut range = range;
    loop {
        let exact = |tag: &T| tag.as_ref().as_bytes().eq_ignore_ascii_case(range) && allowed(tag.as_ref());
        if let Some(place) = available.iter().position(exact) {
            return Some(place);
        }
        range = &range[..range.iter().rposition(|byte| *byte == b'-')?];
        // A single letter introduces what was just cut off and goes with it.
        if let [rest @ .., b'-', _] = range {
            range = rest;
        }
    }
}

/// Whether the most exact range that covers this tag has a weight of zero.
fn is_excluded(tag: &str, ranges: &[Item<'_>]) -> bool {
    let covering = ranges.iter().filter(|range| is_prefix(range.value, tag));
    covering.max_by_key(|range| range.value.len()).is_some_and(|range| range.weight == 0)
}

/// Whether the range is the tag or its beginning, by whole subtag (RFC 4647, section 3.3.1).
fn is_prefix(range: &[u8], tag: &str) -> bool {
    let tag = tag.as_bytes();
    tag.len() >= range.len()
        && tag[..range.len()].eq_ignore_ascii_case(range)
        && tag.get(range.len()).is_none_or(|next| *next == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(header: &str, available: &[&'static str]) -> &'static str {
        available[choose([header.as_bytes()].into_iter(), available, 0)]
    }

    #[test]
    fn tags_are_written_in_their_usual_case() {
        let cases = [
            ("en", "en"),
            ("EN", "en"),
            (" de ", "de"),
            ("PT-br", "pt-BR"),
            ("pt_BR", "pt-BR"),
            ("zh-hANS-cn", "zh-Hans-CN"),
            ("es-419", "es-419"),
            ("sl-ROZAJ", "sl-rozaj"),
            ("de-1996", "de-1996"),
            ("gsw", "gsw"),
        ];
        for (tag, expected) in cases {
            assert_eq!(canonical(tag).as_deref(), Ok(expected), "{tag:?}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        assert_eq!(canonical("  "), Err(LanguageError::Empty));
        assert_eq!(canonical(&"a".repeat(36)), Err(LanguageError::TooLong));
        for tag in [
            "e",
            "english",
            "en-",
            "-en",
            "en--US",
            "en US",
            "de-DE-Latn",
            "x-own",
            "i-klingon",
            "dé",
            "en-u-ca",
            "e1",
            "*",
        ] {
            assert_eq!(canonical(tag), Err(LanguageError::Syntax { tag: tag.to_owned() }), "{tag:?}");
        }
    }

    #[test]
    fn direction_follows_the_script_before_the_language() {
        let cases = [("ar", "rtl"), ("ar-EG", "rtl"), ("HE", "rtl"), ("az-Arab", "rtl"), ("pa-arab-PK", "rtl")];
        let others = [("en", "ltr"), ("ur-Latn", "ltr"), ("az", "ltr"), ("", "ltr"), ("de-1996", "ltr")];
        for (tag, expected) in cases.into_iter().chain(others) {
            assert_eq!(direction(tag).as_str(), expected, "{tag:?}");
        }
    }

    #[test]
    fn the_visitor_gets_the_language_of_most_weight_that_there_is() {
        let cases = [
            ("", "en"),
            ("de", "de"),
            ("DE-ch", "de"),
            ("de-Latn-CH-1996", "de"),
            ("fr, de;q=0.9", "de"),
            ("en;q=0.1, de;q=0.2", "de"),
            ("de;q=0.5, pt-BR;q=0.5", "de"),
            ("pt", "pt-BR"),
            ("pt, de;q=0.5", "pt-BR"),
            ("pt-PT, de;q=0.5", "de"),
            ("d", "en"),
            ("deu", "en"),
            ("de-x-own", "de"),
            ("*", "en"),
            ("*, de;q=0.1", "de"),
            ("fr, *;q=0.1", "en"),
            ("en;q=0, *", "de"),
            ("en;q=0, de;q=0, *", "pt-BR"),
            ("en;q=0", "en"),
            ("de;q=0, de-AT", "en"),
            ("de-AT, de;q=0, pt-BR;q=0.1", "pt-BR"),
            ("de;q=nonsense, pt-BR;q=0.001", "pt-BR"),
            (";;;,,,\u{7f}", "en"),
        ];
        for (header, expected) in cases {
            assert_eq!(chosen(header, &["en", "de", "pt-BR"]), expected, "{header:?}");
        }
    }

    #[test]
    fn a_range_served_by_another_region_waits_for_the_next_range() {
        assert_eq!(chosen("pt-PT, en;q=0.5", &["pt-BR", "en"]), "en");
    }

    #[test]
    fn ranges_beyond_the_limit_are_not_read() {
        let mut header = vec!["xx"; MAX_ITEMS].join(",");
        header.push_str(",de");
        assert_eq!(chosen(&header, &["en", "de"]), "en");
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let lines: [&[u8]; 2] = [b"fr;q=0.9", b"de"];
        assert_eq!(choose(lines.into_iter(), &["en", "fr", "de"], 0), 2);
    }

    proptest! {
        #[test]
        fn any_header_chooses_one_that_exists(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..4), fallback in 0usize..3) {
            prop_assert!(choose(lines.iter().map(Vec::as_slice), &["en", "de", "pt-BR"], fallback) < 3);
        }

        #[test]
        fn any_header_of_ranges_chooses_one_that_exists(header in "([a-zA-Z*]{0,3}(-[a-z0-9]{0,4}){0,3}(;q=[0-9.]{0,4})?,? ?){0,50}") {
            prop_assert!(choose([header.as_bytes()].into_iter(), &["en", "de", "pt-BR"], 1) < 3);
        }

        #[test]
        fn a_canonical_tag_stays_as_it_is(tag in "[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2})?(-[a-zA-Z0-9]{5,8})?") {
            let once = canonical(&tag).unwrap();
            prop_assert_eq!(canonical(&once).unwrap(), once);
        }

        #[test]
        fn any_text_is_checked_without_panic(tag in any::<String>()) {
            let _ = canonical(&tag);
            let _ = direction(&tag);
        }
    }
}
