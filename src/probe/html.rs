//! A small scan of a page for what it says of itself, and what a browser fetches with it.

use super::refresh::Refresh;
use super::style;

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

/// What a page says of itself to browsers and crawlers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its title, in one line, the most usual entities read; empty when it has none.
    pub title: String,
    /// What its references start from, as it is written there.
    pub base: Option<String>,
    /// Whether crawlers shall not keep it.
    pub is_noindex: bool,
    /// What it loads by itself after a time.
    pub refresh: Option<Refresh>,
    /// Whether it is the built-in page of this program.
    pub is_built_in: bool,
    /// References to what is fetched with it, as they are written there, entities aside. Links that a person follows
    /// are none of them; what a style sheet of its own or a script fetches in its turn is not seen.
    pub parts: Vec<String>,
}

impl Page {
    /// Reads a page.
    pub fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut rest = html;
        while let Some((tag, after)) = Tag::next(rest) {
            page.take(&tag);
            rest = after;
        }
        page
    }

    fn take(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "title" if self.title.is_empty() => self.title = one_line(tag.text),
            "base" if self.base.is_none() => self.base = tag.value("href").map(str::to_owned),
            "meta" => {
                let is = |name: &str, wanted: &str| tag.value(name).is_some_and(|is| is.eq_ignore_ascii_case(wanted));
                let content = tag.value("content").unwrap_or_default();
                self.is_noindex |= is("name", "robots") && forbids_index(content);
                if is("http-equiv", "refresh") && self.refresh.is_none() {
                    self.refresh = Refresh::read(&without_entities(content));
                }
            }
            "p" => self.is_built_in |= tag.value("id") == Some("by-itself"),
            "style" => self.need(style::references(tag.text)),
            _ => {}
        }
        for (_, attribute) in FETCHED.iter().filter(|(element, _)| *element == tag.name) {
            if tag.name == "link" && !tag.value("rel").is_some_and(is_fetched) {
                continue;
            }
            self.need(tag.value(attribute).map(str::to_owned));
        }
        if matches!(tag.name.as_str(), "img" | "source") {
            self.need(tag.value("srcset").map(style::candidates).unwrap_or_default());
        }
        self.need(tag.value("style").map(|css| style::references(&without_entities(css))).unwrap_or_default());
    }

    fn need(&mut self, references: impl IntoIterator<Item = String>) {
        let fetched = references.into_iter().filter(|reference| is_reference(reference));
        self.parts.extend(fetched.map(|reference| without_entities(&reference)));
    }
}

/// Whether words for crawlers, of `<meta name=robots>` or `X-Robots-Tag`, forbid to keep a page.
pub(super) fn forbids_index(words: &str) -> bool {
    words.split([',', ':', ' ']).any(|word| word.eq_ignore_ascii_case("noindex") || word.eq_ignore_ascii_case("none"))
}

/// The beginning of an element.
struct Tag<'a> {
    /// In lower case.
    name: String,
    /// Names in lower case.
    attributes: Vec<(String, String)>,
    /// What it holds, when that is no markup.
    text: &'a str,
}

impl<'a> Tag<'a> {
    /// The first tag, and what follows it.
    fn next(html: &'a str) -> Option<(Self, &'a str)> {
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
            let (text, after) = match name.as_str() {
                "script" | "style" | "title" => after.split_at(end_of(after, &name)),
                _ => ("", after),
            };
            return Some((Self { name, attributes, text }, after));
        }
        None
    }

    fn value(&self, wanted: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// Where an element ends that holds no markup.
fn end_of(text: &str, name: &str) -> usize {
    let is_end = |at: &usize| {
        let after = &text.as_bytes()[at + 2..];
        after.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    text.match_indices("</").map(|(at, _)| at).find(is_end).unwrap_or(text.len())
}

fn one_line(text: &str) -> String {
    without_entities(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_entities(text: &str) -> String {
    text.replace("&#39;", "'").replace("&#x27;", "'").replace("&rsquo;", "’").replace("&amp;", "&")
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
            (
                "<style>@import '/x.css';a{background:url(/bg.png)}</style><p style='background:url(&#39;/c.png&#39;)'>",
                &["/bg.png", "/x.css", "/c.png"],
            ),
            ("<img srcset='/l.webp 1x, data:,x 2x' src=s.png>", &["s.png", "/l.webp"]),
        ] {
            assert_eq!(Page::read(html).parts, expected, "{html}");
        }
    }

    #[test]
    fn what_a_page_says_of_itself_is_read() {
        let page = Page::read(
            "<BASE href=/x/><Title>\n We&#39;ll be  back </TITLE><meta name=ROBOTS content='nofollow, NoIndex'>\
             <meta http-equiv=Refresh content=3><title>no</title><p id=by-itself>",
        );
        let expected = Page {
            title: "We'll be back".to_owned(),
            base: Some("/x/".to_owned()),
            is_noindex: true,
            refresh: Some(Refresh { seconds: 3, target: None }),
            is_built_in: true,
            parts: Vec::new(),
        };
        assert_eq!(page, expected);
        let page =
            Page::read("<script>'<title>a</title>'</SCRIPT><!--<title>b</title>--><title>c<b></title><img src=d>");
        assert_eq!((page.title.as_str(), page.parts.len()), ("c<b>", 1));
        assert_eq!(Page::read("<meta name=robots content=max-image-preview:large>"), Page::default());
    }

    #[test]
    fn the_built_in_page_needs_nothing_else() {
        let page = Page::read(include_str!("../../templates/maintenance/503.html"));
        assert!(page.parts.is_empty() && page.is_built_in);
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(html in "[<>a-z=\"'/! é-]{0,200}|<[a-z ]{0,9}[^>]{0,80}") {
            prop_assert!(Page::read(&html).parts.len() <= html.len());
        }
    }
}
