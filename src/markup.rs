//! Plain text that people typed, as HTML and as text.
//!
//! A blank line is a new paragraph, a line end a line end, addresses (http, https, mailto, e-mail) become links, and
//! `{end}`, `{site}` and `{contact}` are filled in. Placeholders are filled in once and as text: what stands for
//! them is escaped and never looked at for placeholders again. Everything else is escaped.

use std::ops::Range;

/// What stands for the placeholders of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fill<'a> {
    /// For `{end}`: the end in words, with its zone, or the language's word for *soon*.
    pub end: &'a str,
    /// The end as RFC 3339, for `<time datetime>`; `None` while no end is ahead.
    pub end_iso: Option<&'a str>,
    /// For `{site}`.
    pub site: &'a str,
    /// For `{contact}`.
    pub contact: &'a str,
}

/// A text as HTML: paragraphs, line ends, links. Empty for a text of blanks only.
pub fn html(text: &str, fill: &Fill<'_>) -> String {
    let filled = Filled::new(text.trim(), fill);
    let mut html = String::with_capacity(filled.text.len() + 64);
    let mut offset = 0;
    let mut in_paragraph = false;
    for line in filled.text.split('\n') {
        let is_blank = line.trim().is_empty();
        if is_blank && in_paragraph {
            html.push_str("</p>\n");
        } else if !is_blank {
            html.push_str(if in_paragraph { "<br>\n" } else { "<p>" });
            filled.push_html(offset..offset + line.len(), fill, &mut html);
        }
        in_paragraph = !is_blank;
        offset += line.len() + 1;
    }
    if in_paragraph {
        html.push_str("</p>");
    }
    html
}

/// A text as HTML within a line: links and escapes, no paragraphs.
pub fn inline_html(text: &str, fill: &Fill<'_>) -> String {
    let filled = Filled::new(text.trim(), fill);
    let mut html = String::with_capacity(filled.text.len() + 64);
    filled.push_html(0..filled.text.len(), fill, &mut html);
    html
}

/// A text with its placeholders filled in and nothing else changed.
pub fn plain(text: &str, fill: &Fill<'_>) -> String {
    Filled::new(text.trim(), fill).text
}

/// Text as HTML, safe in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    push_escaped(text, &mut html);
    html
}

fn push_escaped(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

/// A text after filling in, and where in it the end stands.
struct Filled {
    text: String,
    ends: Vec<Range<usize>>,
}

impl Filled {
    fn new(text: &str, fill: &Fill<'_>) -> Self {
        let mut filled = Self { text: String::with_capacity(text.len()), ends: Vec::new() };
        let mut rest = text;
        while let Some(brace) = rest.find('{') {
            filled.text.push_str(&rest[..brace]);
            rest = &rest[brace..];
            if let Some(after) = rest.strip_prefix("{end}") {
                let start = filled.text.len();
                filled.text.push_str(fill.end);
                filled.ends.push(start..filled.text.len());
                rest = after;
            } else if let Some(after) = rest.strip_prefix("{site}") {
                filled.text.push_str(fill.site);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("{contact}") {
                filled.text.push_str(fill.contact);
                rest = after;
            } else {
                filled.text.push('{');
                rest = &rest[1..];
            }
        }
        filled.text.push_str(rest);
        filled
    }

    /// Writes a part of the text: the end as a time, the rest with its links.
    fn push_html(&self, part: Range<usize>, fill: &Fill<'_>, html: &mut String) {
        let mut from = part.start;
        for end in self.ends.iter().filter(|end| part.start <= end.start && end.end <= part.end) {
            push_linked(&self.text[from..end.start], html);
            match fill.end_iso {
                Some(iso) => {
                    html.push_str("<time datetime=\"");
                    push_escaped(iso, html);
                    html.push_str("\">");
                    push_escaped(&self.text[end.clone()], html);
                    html.push_str("</time>");
                }
                None => push_escaped(&self.text[end.clone()], html),
            }
            from = end.end;
        }
        push_linked(&self.text[from..part.end], html);
    }
}

fn push_linked(text: &str, html: &mut String) {
    let mut rest = text;
    while let Some((place, scheme)) = find_address(rest) {
        push_escaped(&rest[..place.start], html);
        html.push_str("<a href=\"");
        html.push_str(scheme);
        push_escaped(&rest[place.clone()], html);
        html.push_str("\" rel=\"nofollow noopener\">");
        push_escaped(&rest[place.clone()], html);
        html.push_str("</a>");
        rest = &rest[place.end..];
    }
    push_escaped(rest, html);
}

/// The first address in a line: where it stands, and the scheme that its link needs in front.
fn find_address(text: &str) -> Option<(Range<usize>, &'static str)> {
    let mut before = None;
    for (index, character) in text.char_indices() {
        let at_word = before.is_none_or(|before: char| !before.is_alphanumeric() || !before.is_ascii());
        if at_word && matches!(character, 'h' | 'H' | 'm' | 'M') {
            if let Some(length) = web_address(&text[index..]) {
                return Some((index..index + length, ""));
            }
        } else if character == '@'
            && let Some(place) = mail_address(text, index)
        {
            return Some((place, "mailto:"));
        }
        before = Some(character);
    }
    None
}

/// Length of the address with a scheme that this text begins with.
fn web_address(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://", "mailto:"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))?;
    let end = text.find(ends_address).unwrap_or(text.len());
    let address = trim_punctuation(&text[..end]);
    let rest = address.get(scheme.len()..)?;
    let is_whole = match scheme {
        "mailto:" => rest.find('@').is_some_and(|at| at > 0 && at + 1 < rest.len()),
        _ => rest.starts_with(|first: char| first.is_alphanumeric() || first == '['),
    };
    is_whole.then_some(address.len())
}

/// Whether an address ends here. Japanese and Chinese write no blank after it, but their own marks; marks of
/// direction surround one in languages from right to left.
fn ends_address(character: char) -> bool {
    let is_direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_asian = matches!(character, '\u{3000}'..='\u{30ff}' | '\u{ff00}'..='\u{ffef}');
    let is_mark = matches!(character, '<' | '>' | '"' | '`' | '“' | '”' | '«' | '»');
    character.is_whitespace() || character.is_control() || is_direction || is_asian || is_mark
}

/// Cuts the marks that belong to the sentence around an address.
fn trim_punctuation(address: &str) -> &str {
    let mut address = address;
    while let Some(last) = address.chars().next_back() {
        let opening = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '*' | '…' => None,
            ')' => Some('('),
            ']' => Some('['),
            '}' => Some('{'),
            _ => break,
        };
        if opening.is_some_and(|opening| address.matches(opening).count() >= address.matches(last).count()) {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

/// The e-mail address around an `@`.
fn mail_address(text: &str, at: usize) -> Option<Range<usize>> {
    let is_local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let (bytes, after) = (text.as_bytes(), at + 1);
    let local = bytes[..at].iter().rev().take_while(|byte| is_local(byte)).count();
    let domain = bytes[after..].iter().take_while(|byte| is_domain(byte)).count();
    let local = text[at - local..at].trim_start_matches(['.', '-', '+', '%']);
    let domain = text[after..after + domain].trim_end_matches(['.', '-']);
    let (_, top) = domain.rsplit_once('.')?;
    let labels_are_whole = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-'));
    let is_whole =
        !local.is_empty() && labels_are_whole && top.len() >= 2 && !top.starts_with(|c: char| c.is_ascii_digit());
    is_whole.then(|| at - local.len()..after + domain.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILL: Fill<'_> =
        Fill { end: "03:30 UTC", end_iso: Some("2026-11-21T03:30:00Z"), site: "Ann & Bo", contact: "help@example.com" };

    /// Writes `[text](href)` for a link, to keep the tables readable.
    fn short(html: &str) -> String {
        html.replace("\" rel=\"nofollow noopener\">", "|").replace("<a href=\"", "[").replace("</a>", "]")
    }

    #[test]
    fn blank_lines_part_paragraphs_and_line_ends_stay() {
        let cases = [
            ("", ""),
            (" \n \n", ""),
            ("one", "<p>one</p>"),
            ("one\ntwo", "<p>one<br>\ntwo</p>"),
            ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
            ("\n\none\n \t \n\n\ntwo\nthree\n", "<p>one</p>\n<p>two<br>\nthree</p>"),
        ];
        for (text, expected) in cases {
            assert_eq!(html(text, &FILL), expected, "{text:?}");
        }
    }

    #[test]
    fn placeholders_are_filled_in_as_text() {
        assert_eq!(
            html("{site}: {end}", &FILL),
            "<p>Ann &amp; Bo: <time datetime=\"2026-11-21T03:30:00Z\">03:30 UTC</time></p>"
        );
        assert_eq!(short(&html("Ask {contact}.", &FILL)), "<p>Ask [mailto:help@example.com|help@example.com].</p>");
        assert_eq!(
            plain("{site}, {end}, {contact}, {other}, {", &FILL),
            "Ann & Bo, 03:30 UTC, help@example.com, {other}, {"
        );
    }

    #[test]
    fn a_value_that_holds_a_placeholder_stays_as_it_is() {
        let fill = Fill { site: "{end} {contact}", contact: "{site}", ..FILL };
        assert_eq!(html("{site}/{contact}", &fill), "<p>{end} {contact}/{site}</p>");
        assert_eq!(plain("{{end}}", &fill), "{03:30 UTC}");
    }

    #[test]
    fn an_unknown_end_is_no_time() {
        let fill = Fill { end: "soon", end_iso: None, ..FILL };
        assert_eq!(html("Back {end}.", &fill), "<p>Back soon.</p>");
    }

    #[test]
    fn addresses_become_links() {
        let cases = [
            (
                "see https://example.com/a?b=1&c=2.",
                "see [https://example.com/a?b=1&amp;c=2|https://example.com/a?b=1&amp;c=2].",
            ),
            ("(http://example.com/x_(y))", "([http://example.com/x_(y)|http://example.com/x_(y)])"),
            ("HTTP://EXAMPLE.com!", "[HTTP://EXAMPLE.com|HTTP://EXAMPLE.com]!"),
            ("mail a.b+c@d-e.example, or", "mail [mailto:a.b+c@d-e.example|a.b+c@d-e.example], or"),
            ("mailto:help@example.com", "[mailto:help@example.com|mailto:help@example.com]"),
            ("詳しくはhttps://example.com/をご覧", "詳しくは[https://example.com/|https://example.com/]をご覧"),
            ("\u{2068}https://a.example\u{2069}", "\u{2068}[https://a.example|https://a.example]\u{2069}"),
            ("see https://{site}", "see [https://Ann|https://Ann] &amp; Bo"),
            ("a@b.c", "a@b.c"),
            ("@home a@ b@c", "@home a@ b@c"),
            ("10@2.30", "10@2.30"),
            ("https:// http:/x xhttps://a.b", "https:// http:/x xhttps://a.b"),
            (
                "javascript:alert(1) ftp://x.example data:text/html,x",
                "javascript:alert(1) ftp://x.example data:text/html,x",
            ),
            ("https://\"onclick=x", "https://&quot;onclick=x"),
            ("https://a\"onclick=\"x", "[https://a|https://a]&quot;onclick=&quot;x"),
            ("mailto:@ mailto:a@", "mailto:@ mailto:a@"),
        ];
        for (text, expected) in cases {
            assert_eq!(short(&inline_html(text, &FILL)), expected, "{text:?}");
        }
    }

    #[test]
    fn what_people_type_is_escaped() {
        assert_eq!(html("<b>&\"'</b>", &FILL), "<p>&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;</p>");
    }

    /// The tags that `html` itself may write, taken out of its output.
    fn without_own_tags(html: &str) -> String {
        let own = r#"<p>|</p>|<br>|<a href="(?:(?i:https?://|mailto:))[^"<>]*" rel="nofollow noopener">|</a>|<time datetime="[^"<>]*">|</time>"#;
        regex::Regex::new(own).unwrap().replace_all(html, "").into_owned()
    }

    proptest! {
        #[test]
        fn no_tag_comes_from_what_was_typed(
            text in r#"([<>&"' \n{}@.:/a-z]|https?://|mailto:|\{end\}|\{site\}|\{contact\}|<script>|<a href="){0,40}"#,
            site in r#"[<>&"'{}a-z ]{0,20}"#,
            contact in r#"[<>&"'{}a-z@. ]{0,20}"#,
        ) {
            let fill = Fill { end: "\"><b>", end_iso: Some("\"><i>"), site: &site, contact: &contact };
            for html in [html(&text, &fill), inline_html(&text, &fill)] {
                let rest = without_own_tags(&html);
                prop_assert!(!rest.contains(['<', '>', '"', '\'']), "{html}");
            }
        }

        #[test]
        fn any_text_is_rendered_and_keeps_its_words(text in any::<String>()) {
            let _ = html(&text, &FILL);
            prop_assert_eq!(plain("{site}", &Fill { site: &text, ..FILL }), text);
        }
    }
}
