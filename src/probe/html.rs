//! A small scan of a page for what a browser fetches with it.

/// Elements with the attribute that names what is fetched.
const FETCHED: [(&str, &str); 9] = [
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("link", "href"),
    ("script", "src"),
    ("source", "src"),
    ("video", "poster"),
    ("video", "src"),
];

/// Words of a `rel` by which a browser fetches what a `<link>` names.
const FETCHED_LINKS: [&str; 6] = ["stylesheet", "icon", "preload", "modulepreload", "manifest", "apple-touch-icon"];

/// References of a page to what is fetched with it, as they are written there, entities aside. Links that a person
/// follows are none of them; what a style sheet or a script fetches in its turn is not seen.
pub fn parts(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let name_end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest[..name_end].to_ascii_lowercase();
        // A `<` that no name follows is text, or ends an element.
        if name.is_empty() {
            continue;
        }
        let (attributes, after) = attributes(&rest[name_end..]);
        rest = after;
        let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        for (_, attribute) in FETCHED.iter().filter(|(element, _)| *element == name) {
            if name == "link" && !value("rel").is_some_and(|rel| is_fetched(rel)) {
                continue;
            }
            found.extend(value(attribute).filter(|value| is_reference(value)).map(|value| value.replace("&amp;", "&")));
        }
        // What these hold is no markup.
        if name == "script" || name == "style" {
            rest = rest.find(&format!("</{name}")).map_or("", |end| &rest[end..]);
        }
    }
    found
}

fn is_fetched(rel: &str) -> bool {
    rel.split_ascii_whitespace().any(|word| FETCHED_LINKS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// Whether something has to be fetched for it.
fn is_reference(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('#') && !value.starts_with("data:")
}

/// The attributes up to the end of a tag, names in lower case, and what follows the tag.
fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        // A `=` in front belongs to the name (HTML, section 13.2.5.32), so that each turn takes something.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
        let end = rest[first..].find(is_end).map_or(rest.len(), |end| first + end);
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            found.push((name, String::new()));
            continue;
        };
        let after = after.trim_start();
        let (value, after) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after.split_at(after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len())),
        };
        found.push((name, value.trim().to_owned()));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_browser_fetches_is_found() {
        for (html, expected) in [
            (r#"<link rel="stylesheet" href="/s.css">"#, &["/s.css"][..]),
            (r#"<LINK HREF=/s.css REL='preload Stylesheet'/>"#, &["/s.css"]),
            (r#"<link rel="canonical" href="/"><a href="/x">x</a>"#, &[]),
            (r#"<img alt="a > b" src="a.png?x=1&amp;y=2"><img src=data:,x><img src="">"#, &["a.png?x=1&y=2"]),
            ("<script>'<img src=no>'</script><script src=yes.js></script>", &["yes.js"]),
            ("<style>a{}</style><video poster=p.png src=v.mp4>", &["p.png", "v.mp4"]),
            ("<!-- <img src=no> --><img\nsrc = yes >", &["yes"]),
            ("<img src='unclosed", &["unclosed"]),
            ("a < b <img =src=x src=y", &["y"]),
            ("<svg><use href='#a'/></svg>", &[]),
        ] {
            assert_eq!(parts(html), expected, "{html}");
        }
    }

    #[test]
    fn the_built_in_page_needs_nothing_else() {
        assert!(parts(include_str!("../../templates/maintenance/503.html")).is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(html in "[<>a-z=\"'/! é-]{0,200}|<[a-z ]{0,9}[^>]{0,80}") {
            prop_assert!(parts(&html).len() <= html.len());
        }
    }
}
