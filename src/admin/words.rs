//! Small words that many pages make: numbers with their noun, lists of names, texts of errors as sentences.

/// A number with its noun: `1 site`, `3 sites`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Names as one would say them: `a`, `a and b`, `a, b and 7 more`. Some `limit` are named; never is just one left out.
pub(super) fn list(names: &[String], limit: usize) -> String {
    let named = if names.len() > limit + 1 { limit } else { names.len().saturating_sub(1) };
    let (first, rest) = names.split_at(named);
    let last = match rest {
        [] => return String::new(),
        [only] => only.clone(),
        more => format!("{} more", more.len()),
    };
    if first.is_empty() { last } else { format!("{} and {last}", first.join(", ")) }
}

/// The text of an error as a sentence of a page: a capital letter unless it begins with a name such as a domain, a full
/// stop, and “…” for what stands in backticks.
pub(super) fn sentence(text: &str) -> String {
    let mut sentence = String::with_capacity(text.len() + 8);
    for (place, part) in text.split('`').enumerate() {
        let quote = match place {
            0 => "",
            odd if odd % 2 == 1 => "“",
            _ => "”",
        };
        sentence.push_str(quote);
        sentence.push_str(part);
    }
    let is_word = sentence.split_whitespace().next().is_some_and(|word| !word.contains(['.', '/', '_']));
    if let Some(first) = sentence.chars().next().filter(|first| is_word && first.is_lowercase()) {
        sentence.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_error_becomes_a_sentence() {
        for (text, expected) in [
            ("lies in the past", "Lies in the past."),
            ("`a:80` holds a port: write it without", "“a:80” holds a port: write it without."),
            ("is it?", "Is it?"),
            ("a.example belongs to another site", "a.example belongs to another site."),
            ("über", "Über."),
            ("", ""),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }

    #[test]
    fn long_lists_name_the_first_and_count_the_rest() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        for (number, limit, expected) in [
            (0, 3, ""),
            (1, 3, "a"),
            (2, 3, "a and b"),
            (3, 3, "a, b and c"),
            (4, 3, "a, b, c and d"),
            (4, 2, "a, b and 2 more"),
        ] {
            assert_eq!(list(&names[..number], limit), expected);
        }
        assert_eq!(
            (count(0, "site"), count(1, "site"), count(2, "site")),
            ("0 sites".into(), "1 site".into(), "2 sites".into())
        );
    }
}
