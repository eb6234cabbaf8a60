//! What is wrong with a regular expression, as a plain sentence with its position.

use regex_syntax::ast::{ErrorKind, Span};
use regex_syntax::hir;

use super::PatternError;

/// Most characters of the pattern that a sentence repeats.
const MAX_QUOTED: usize = 20;

/// The sentence for an error of the parser.
pub(super) fn explain(pattern: &str, error: &regex_syntax::Error) -> PatternError {
    match error {
        regex_syntax::Error::Parse(error) => in_syntax(&Place::of(pattern, error.span()), error.kind()),
        regex_syntax::Error::Translate(error) => in_meaning(&Place::of(pattern, error.span()), error.kind()),
        other => {
            PatternError::Syntax { position: 1, problem: format!("It is not a valid regular expression: {other}.") }
        }
    }
}

/// A part of the pattern, ready to be named in a sentence.
struct Place {
    position: usize,
    text: String,
    next: String,
}

impl Place {
    fn of(pattern: &str, span: &Span) -> Self {
        let cut = |from: usize, to: usize| pattern.get(from..to).unwrap_or_default();
        let text: String = cut(span.start.offset, span.end.offset).chars().take(MAX_QUOTED).collect();
        let next = cut(span.start.offset, pattern.len()).chars().take(1).collect();
        Self { position: cut(0, span.start.offset).chars().count() + 1, text, next }
    }

    /// `“[” at character 1`, the first character alone.
    fn sign(&self) -> String {
        match self.next.as_str() {
            "" => "The end".to_owned(),
            next => format!("“{next}” at character {}", self.position),
        }
    }

    /// `“[z-a]” at character 1`, the whole part.
    fn part(&self) -> String {
        if self.text.is_empty() { self.sign() } else { format!("“{}” at character {}", self.text, self.position) }
    }

    /// `For the character itself write “\[”.`
    fn itself(&self) -> String {
        format!("For the character itself write “\\{}”.", self.next)
    }
}

/// Errors that the notation itself shows.
fn in_syntax(at: &Place, kind: &ErrorKind) -> PatternError {
    let (sign, part, itself) = (at.sign(), at.part(), at.itself());
    let problem = match kind {
        ErrorKind::UnsupportedLookAround => {
            let problem =
                format!("{part} looks ahead or behind, which is not supported. Write several patterns instead.");
            return PatternError::NotSupported { position: at.position, problem };
        }
        ErrorKind::UnsupportedBackreference => {
            let problem = format!("{part} refers back to a group, which is not supported.");
            return PatternError::NotSupported { position: at.position, problem };
        }
        ErrorKind::NestLimitExceeded(_) | ErrorKind::CaptureLimitExceeded => return PatternError::TooCostly,
        ErrorKind::ClassUnclosed | ErrorKind::GroupUnclosed | ErrorKind::RepetitionCountUnclosed => {
            format!("{sign} is never closed. {itself}")
        }
        ErrorKind::GroupUnopened => format!("{sign} closes nothing. {itself}"),
        ErrorKind::RepetitionMissing => match at.next.as_str() {
            "*" => format!(
                "{sign} has nothing before it to repeat. For any text write “.*”, for the character itself “\\*”."
            ),
            _ => format!("{sign} has nothing before it to repeat. {itself}"),
        },
        ErrorKind::RepetitionCountInvalid => {
            format!("{part} counts down; the first number must not be larger than the second.")
        }
        ErrorKind::RepetitionCountDecimalEmpty | ErrorKind::DecimalEmpty => {
            format!(
                "A number is missing at character {}, as in “{{2,5}}”. For the character “{{” itself write “\\{{”.",
                at.position
            )
        }
        ErrorKind::DecimalInvalid => format!("{part} is not a number that can be used."),
        ErrorKind::EscapeUnexpectedEof => {
            format!("“\\” at character {} has nothing after it. For the character itself write “\\\\”.", at.position)
        }
        ErrorKind::EscapeUnrecognized => unknown_escape(at),
        ErrorKind::EscapeHexEmpty | ErrorKind::EscapeHexInvalid | ErrorKind::EscapeHexInvalidDigit => {
            format!("{part} is not the number of a character, as in “\\x2E” or “\\u{{E9}}”.")
        }
        ErrorKind::ClassEscapeInvalid => format!("{part} cannot stand between “[” and “]”."),
        ErrorKind::ClassRangeInvalid => format!("{part} runs backwards."),
        ErrorKind::ClassRangeLiteral => {
            format!("{part} cannot be the end of a range. For the character “-” itself write “\\-”.")
        }
        ErrorKind::FlagUnrecognized | ErrorKind::FlagDanglingNegation | ErrorKind::FlagUnexpectedEof => {
            format!("{part} is not a flag that can follow “(?”. A group that only holds together is “(?:…)”.")
        }
        ErrorKind::FlagDuplicate { .. } | ErrorKind::FlagRepeatedNegation { .. } => format!("{part} is given twice."),
        ErrorKind::GroupNameDuplicate { .. } => format!("The group name {part} is used twice."),
        ErrorKind::GroupNameEmpty | ErrorKind::GroupNameInvalid | ErrorKind::GroupNameUnexpectedEof => {
            format!("The group name at character {} is not valid, as in “(?P<name>…)”.", at.position)
        }
        ErrorKind::UnicodeClassInvalid => unknown_class(at),
        other => format!("{part} is not valid: {other}."),
    };
    PatternError::Syntax { position: at.position, problem }
}

/// Errors that show when names and flags are looked up.
fn in_meaning(at: &Place, kind: &hir::ErrorKind) -> PatternError {
    let problem = match kind {
        hir::ErrorKind::UnicodePropertyNotFound
        | hir::ErrorKind::UnicodePropertyValueNotFound
        | hir::ErrorKind::UnicodePerlClassNotFound => unknown_class(at),
        hir::ErrorKind::InvalidUtf8 | hir::ErrorKind::UnicodeNotAllowed => {
            format!("{} stands for bytes that are not text, and a path is text. Leave out the flag “-u”.", at.part())
        }
        other => format!("{} is not valid: {other}.", at.part()),
    };
    PatternError::Syntax { position: at.position, problem }
}

fn unknown_escape(at: &Place) -> String {
    match at.text.strip_prefix('\\') {
        Some("Z") => {
            format!("“\\Z” at character {} is not known here. For the end of the path write “$”.", at.position)
        }
        Some(letter) => format!("{} has no meaning. For the character itself write “{letter}”.", at.part()),
        None => format!("{} has no meaning.", at.part()),
    }
}

fn unknown_class(at: &Place) -> String {
    format!("{} is not a known class of characters, as in “\\p{{Greek}}”.", at.part())
}

#[cfg(test)]
mod tests {
    use super::super::tests::regex;

    #[test]
    fn every_fault_is_a_sentence_with_its_position() {
        for (pattern, position, sentence) in [
            ("[", 1, "“[” at character 1 is never closed. For the character itself write “\\[”."),
            ("^café[a-z", 6, "“[” at character 6 is never closed. For the character itself write “\\[”."),
            ("^a(b", 3, "“(” at character 3 is never closed. For the character itself write “\\(”."),
            ("a)", 2, "“)” at character 2 closes nothing. For the character itself write “\\)”."),
            (
                "*.css",
                1,
                "“*” at character 1 has nothing before it to repeat. For any text write “.*”, for the character itself “\\*”.",
            ),
            ("a|+", 3, "“+” at character 3 has nothing before it to repeat. For the character itself write “\\+”."),
            ("a{5,2}", 2, "“{5,2}” at character 2 counts down; the first number must not be larger than the second."),
            ("a{2", 2, "“{” at character 2 is never closed. For the character itself write “\\{”."),
            ("a{x}", 3, "A number is missing at character 3, as in “{2,5}”. For the character “{” itself write “\\{”."),
            ("a{99999999999}", 3, "“99999999999” at character 3 is not a number that can be used."),
            ("a\\", 2, "“\\” at character 2 has nothing after it. For the character itself write “\\\\”."),
            ("é\\y", 2, "“\\y” at character 2 has no meaning. For the character itself write “y”."),
            ("a\\Z", 2, "“\\Z” at character 2 is not known here. For the end of the path write “$”."),
            ("\\xZZ", 3, "“Z” at character 3 is not the number of a character, as in “\\x2E” or “\\u{E9}”."),
            ("[\\b]", 2, "“\\b” at character 2 cannot stand between “[” and “]”."),
            ("[z-a]", 2, "“z-a” at character 2 runs backwards."),
            (
                "[a-\\d]",
                4,
                "“\\d” at character 4 cannot be the end of a range. For the character “-” itself write “\\-”.",
            ),
            (
                "(?q)a",
                3,
                "“q” at character 3 is not a flag that can follow “(?”. A group that only holds together is “(?:…)”.",
            ),
            ("(?ii)a", 4, "“i” at character 4 is given twice."),
            ("(?P<n>a)(?P<n>b)", 13, "The group name “n” at character 13 is used twice."),
            ("(?P<>a)", 5, "The group name at character 5 is not valid, as in “(?P<name>…)”."),
            (
                "\\p{Klingon}",
                1,
                "“\\p{Klingon}” at character 1 is not a known class of characters, as in “\\p{Greek}”.",
            ),
            (
                "(?-u:\\xFF)",
                6,
                "“\\xFF” at character 6 stands for bytes that are not text, and a path is text. Leave out the flag “-u”.",
            ),
        ] {
            let error = regex(pattern).check().unwrap_err();
            assert_eq!((error.to_string().as_str(), error.position()), (sentence, Some(position)), "{pattern}");
            assert_eq!(error.code(), "pattern_syntax", "{pattern}");
        }
    }

    #[test]
    fn look_around_and_back_references_are_named_as_not_supported() {
        for (pattern, position, words) in [
            ("^(?!admin)", 2, "“(?!” at character 2 looks ahead or behind, which is not supported."),
            ("a(?=b)", 2, "“(?=” at character 2 looks ahead or behind"),
            ("(?<=a)b", 1, "“(?<=” at character 1 looks ahead or behind"),
            ("(a)\\1", 4, "“\\1” at character 4 refers back to a group, which is not supported."),
        ] {
            let error = regex(pattern).check().unwrap_err();
            assert!(error.to_string().starts_with(words), "{pattern}: {error}");
            assert_eq!((error.position(), error.code()), (Some(position), "pattern_not_supported"), "{pattern}");
        }
    }
}
