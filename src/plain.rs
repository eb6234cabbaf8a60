//! Text of others, shown so that it plays no tricks on who reads it.

/// The text with everything escaped that a terminal obeys or nobody sees: control characters, marks that turn the
/// direction of what follows, blanks without width. A host in a redirect could else look like another one.
///
/// The two joiners stay, because languages such as Persian and Hindi are written with them.
#[cfg(feature = "cli")]
pub fn plain(text: &str) -> String {
    let escaped = |c: char| if is_trick(c) { c.escape_unicode().collect() } else { c.to_string() };
    let control = |c: char| if c.is_control() { c.escape_default().collect() } else { escaped(c) };
    if text.chars().any(|c| c.is_control() || is_trick(c)) {
        text.chars().map(control).collect()
    } else {
        text.to_owned()
    }
}

/// Format characters of Unicode (category Cf, joiners and marks of Arabic and Syriac script aside), and those that end
/// a line.
pub fn is_trick(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_nobody_sees_is_escaped() {
        for (text, shown) in [
            ("a\u{1b}[31m\n", "a\\u{1b}[31m\\n"),
            ("60\u{9b}31m", "60\\u{9b}31m"),
            ("a\u{202e}b\u{2066}c\u{200f}", "a\\u{202e}b\\u{2066}c\\u{200f}"),
            ("a\u{200b}b\u{feff}\u{2028}", "a\\u{200b}b\\u{feff}\\u{2028}"),
            ("Straße 東京 می\u{200c}خواهم", "Straße 東京 می\u{200c}خواهم"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }
}
