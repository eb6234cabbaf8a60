//! Errors and warnings of the form as sentences that name their field.

use crate::admin::words::sentence;
use crate::language;
use crate::wording;

/// A field of the form by its name: `patterns[3][pattern]` is the `pattern` of row 3 of `patterns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'n> {
    /// A field of its own, or a list as a whole.
    Alone(&'n str),
    /// A field of a row.
    InRow { list: &'n str, row: usize, field: &'n str },
}

impl<'n> Place<'n> {
    /// Reads a name.
    pub(super) fn of(name: &'n str) -> Self {
        let in_row = || {
            let (list, rest) = name.strip_suffix(']')?.split_once('[')?;
            let (row, field) = rest.split_once("][")?;
            Some(Self::InRow { list, row: row.parse().ok()?, field })
        };
        in_row().unwrap_or(Self::Alone(name))
    }
}

/// An error of a field, with the rows numbered as in the form. `tag` tells the language of a message's row.
pub(super) fn refusal(place: Place<'_>, text: &str, tag: impl Fn(usize) -> String) -> String {
    match place {
        Place::InRow { list: "patterns", row, field: "pattern" } => pattern_refusal(row + 1, text),
        Place::InRow { list: "patterns", row, field } => {
            labelled(&format!("{} of pattern {}", label(field), row + 1), text)
        }
        Place::InRow { list: "networks", row, field: "network" } => labelled(&format!("Address {}", row + 1), text),
        Place::InRow { list: "networks", row, field } => {
            labelled(&format!("{} of address {}", label(field), row + 1), text)
        }
        Place::InRow { row, field: "language", .. } => labelled(&format!("Language of message {}", row + 1), text),
        Place::InRow { row, field, .. } => labelled(&format!("{} in {}", label(field), language_name(&tag(row))), text),
        Place::Alone("expected_end") if text == "lies in the past" => "The expected end lies in the past.".to_owned(),
        Place::Alone("patterns" | "messages" | "networks" | "expected_end" | "redirect_url" | "drain_minutes") => {
            sentence(text)
        }
        Place::Alone(field) => labelled(label(field), text),
    }
}

/// What is wrong with pattern number `number`.
fn pattern_refusal(number: usize, text: &str) -> String {
    match text.strip_prefix("It ") {
        Some(rest) => format!("Pattern {number} {rest}"),
        None if text == "A pattern must not be empty." => {
            format!("Pattern {number} is empty. Type one, or take its description away as well.")
        }
        None => format!("Pattern {number} is not valid: {}", uncapitalised(&sentence(text))),
    }
}

/// A warning about a row, which calls it `It`, as a line of a list.
pub(super) fn warning_line(noun: &str, number: usize, text: &str) -> String {
    match text.strip_prefix("It ") {
        Some(rest) => format!("{noun} {number} {rest}"),
        None => format!("{noun} {number}: {}", uncapitalised(text)),
    }
}

/// The language by its own name, with the tag when that says more: `Deutsch`, `Deutsch (de-CH)`, `fi`.
pub(in crate::admin) fn language_name(tag: &str) -> String {
    match wording::of(tag) {
        _ if tag.is_empty() => "a new language".to_owned(),
        Some(words) if words.tag == tag => words.name.clone(),
        Some(words) => format!("{} ({tag})", words.name),
        None => language::canonical(tag).unwrap_or_else(|_| tag.to_owned()),
    }
}

fn labelled(label: &str, text: &str) -> String {
    format!("{label}: {}", uncapitalised(&sentence(text)))
}

/// Without the capital letter, unless the first word has another one or stands alone: `IP address`, `“[”`.
fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.clone().next());
    match first {
        Some(first) if second.is_some_and(|second| second.is_lowercase() || second == ' ') => {
            format!("{}{}", first.to_lowercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

fn label(field: &str) -> &str {
    match field {
        "description" => "Description",
        "heading" => "Heading",
        "body" => "Text",
        "contact" => "Contact",
        "link_label" => "Link text",
        "link_url" => "Link address",
        "retry_after" => "Seconds until clients ask again",
        "at_end" => "At the expected end",
        "typed_domain" => "Domain",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart() {
        assert_eq!(Place::of("patterns[3][pattern]"), Place::InRow { list: "patterns", row: 3, field: "pattern" });
        for name in ["expected_end", "patterns", "a[b]", "a[b][c]", "a[1]", "a[1][b"] {
            assert_eq!(Place::of(name), Place::Alone(name), "{name}");
        }
    }

    #[test]
    fn a_refusal_names_its_field() {
        for (name, text, words) in [
            (
                "patterns[2][pattern]",
                "“[” at character 1 is never closed. For the character itself write “\\[”.",
                "Pattern 3 is not valid: “[” at character 1 is never closed. For the character itself write “\\[”.",
            ),
            (
                "patterns[0][pattern]",
                "It has 300 characters; at most 255 are possible.",
                "Pattern 1 has 300 characters; at most 255 are possible.",
            ),
            (
                "patterns[0][pattern]",
                "This is a whole address. Write the path alone.",
                "Pattern 1 is not valid: this is a whole address. Write the path alone.",
            ),
            ("patterns[1][description]", "at most 200 characters", "Description of pattern 2: at most 200 characters."),
            ("networks[0][network]", "`x` is not an IP address", "Address 1: “x” is not an IP address."),
            ("messages[1][heading]", "this has 300 characters", "Heading in Deutsch: this has 300 characters."),
            ("expected_end", "lies in the past", "The expected end lies in the past."),
            ("retry_after", "must be 1 to 3600 seconds", "Seconds until clients ask again: must be 1 to 3600 seconds."),
            ("patterns", "a site has at most 2000 ignored patterns", "A site has at most 2000 ignored patterns."),
        ] {
            assert_eq!(refusal(Place::of(name), text, |_| "de".to_owned()), words, "{name}");
        }
    }

    #[test]
    fn a_warning_names_its_row() {
        assert_eq!(warning_line("Pattern", 2, "It repeats pattern 1."), "Pattern 2 repeats pattern 1.");
        assert_eq!(warning_line("Pattern", 2, "No address can match it."), "Pattern 2: no address can match it.");
    }

    #[test]
    fn a_language_has_its_own_name() {
        let names = ["de", "de-CH", "fi", ""].map(language_name);
        assert_eq!(names, ["Deutsch", "Deutsch (de-CH)", "fi", "a new language"]);
    }
}
