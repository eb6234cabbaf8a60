//! What a style sheet or a set of pictures makes a browser fetch.

/// The references of a style sheet, as they are written: `url(…)` and `@import "…"`.
pub(super) fn references(css: &str) -> Vec<String> {
    let css = without_comments(css);
    // Bytes stay where they are, so that places in one are places in the other.
    let lower = css.to_ascii_lowercase();
    let mut found = Vec::new();
    for (at, _) in lower.match_indices("url(") {
        let rest = css[at + 4..].trim_start();
        found.extend(quoted(rest).or_else(|| rest.split([')', ' ', '\n']).next()));
    }
    for (at, word) in lower.match_indices("@import") {
        found.extend(quoted(css[at + word.len()..].trim_start()));
    }
    found.into_iter().map(str::to_owned).collect()
}

/// What stands in quotes at the beginning of a text.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split(quote).next()
}

fn without_comments(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("*/").map_or("", |(_, after)| after))
}

/// The pictures of a `srcset` (HTML, section 4.8.4.2.1).
pub(super) fn candidates(srcset: &str) -> Vec<String> {
    let is_between = |c: char| c.is_ascii_whitespace() || c == ',';
    let mut found = Vec::new();
    let mut rest = srcset.trim_start_matches(is_between);
    while !rest.is_empty() {
        let (url, after) = rest.split_at(rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len()));
        let bare = url.trim_end_matches(',');
        found.push(bare.to_owned());
        // A comma at the end of an address ends its candidate; else its width or density follows.
        rest = if bare.len() < url.len() { after } else { after.split_once(',').map_or("", |(_, after)| after) };
        rest = rest.trim_start_matches(is_between);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_style_sheet_fetches_is_found() {
        for (css, expected) in [
            ("a{background:url(/bg.png)}", &["/bg.png"][..]),
            ("@IMPORT \"/x.css\"; b{background: URL( 'a b.png' )}", &["a b.png", "/x.css"]),
            ("@import url(\"/y.css\") screen;", &["/y.css"]),
            ("/* url(/no.png) */a{src:url(data:font/woff2;base64,AA)}", &["data:font/woff2;base64,AA"]),
            ("a{color:red}/* url(", &[]),
        ] {
            assert_eq!(references(css), expected, "{css}");
        }
    }

    #[test]
    fn the_pictures_of_a_set_are_found() {
        for (srcset, expected) in [
            ("/a.webp 1x, /b.webp 2x", &["/a.webp", "/b.webp"][..]),
            (" ,/a.png,\n/b.png 200w", &["/a.png", "/b.png"]),
            ("data:image/png;base64,AA== 1x, c.png", &["data:image/png;base64,AA==", "c.png"]),
            ("", &[]),
        ] {
            assert_eq!(candidates(srcset), expected, "{srcset}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[url(@import\"'/*, )aé]{0,80}") {
            prop_assert!(references(&text).len() + candidates(&text).len() <= 2 * text.len());
        }
    }
}
