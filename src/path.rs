//! The path of a request as the router sees it, and whether it may be trusted to mean what it says.
//!
//! What is matched must be what is served. Actix's router matches the percent-decoded path, but leaves `%25`, `%2F`
//! and `%2B` as they are (actix-router: `src/url.rs`); other servers decode them, fold `//` and `..`, take a backslash
//! for a slash or cut `;…` off a segment. A path on which they could disagree is *not clean*: no rule that lets
//! requests through ever applies to it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Bytes that actix's router leaves encoded.
const KEPT_ENCODED: &[u8] = b"%/+";

/// The path of a request: percent-decoded text, beginning with `/` when it is clean.
///
/// Made without allocation when nothing is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath<'a> {
    text: Cow<'a, str>,
    is_clean: bool,
}

impl<'a> RequestPath<'a> {
    /// Reads the path of a request target in origin form (RFC 9112, section 3.2.1), without its query: for Actix,
    /// `request.uri().path()`. Text in other forms (`*`, empty, with `?` or `#`) is not clean.
    ///
    /// # Examples
    /// ```
    /// use maintenance_mode::path::RequestPath;
    ///
    /// let path = RequestPath::new("/caf%C3%A9/menu");
    /// assert_eq!((path.as_str(), path.is_clean()), ("/café/menu", true));
    /// assert!(!RequestPath::new("/static/%2e%2e/admin").is_clean());
    /// ```
    pub fn new(raw: &'a str) -> Self {
        match survey(raw) {
            Survey::Clean => Self { text: Cow::Borrowed(raw), is_clean: true },
            Survey::Unclean => Self { text: as_routed(raw), is_clean: false },
            Survey::Encoded => match decode(raw) {
                Some(text) => Self { is_clean: has_clean_segments(&text), text: Cow::Owned(text) },
                None => Self { text: as_routed(raw), is_clean: false },
            },
        }
    }

    /// [`RequestPath::new`] for a path in a header; bytes that are not UTF-8 make it not clean.
    pub fn from_bytes(raw: &'a [u8]) -> Self {
        match std::str::from_utf8(raw) {
            Ok(raw) => Self::new(raw),
            Err(_) => Self { text: String::from_utf8_lossy(raw), is_clean: false },
        }
    }

    /// Reads a whole target in origin form, as a proxy hands it on (`X-Forwarded-Uri`): the query is cut off.
    pub fn of_target(target: &'a str) -> Self {
        Self::new(target.split_once('?').map_or(target, |(path, _query)| path))
    }

    /// The decoded text. When the path is not clean, what Actix's router sees, with `U+FFFD` for what is not text;
    /// good to show, not to decide.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every server reads this path in the same way.
    ///
    /// Not clean are: a dot segment or an empty one (a single slash at the end is fine), also when `;…` follows it; a dot
    /// segment before `#…` or `?…`, with blanks at its end, or of characters that are dots in a wider or smaller form; a
    /// backslash or control character; an encoded `/`, `%` or `+`; an escape that is malformed or not UTF-8; anything that
    /// does not begin with `/`. A `;` within a segment is ordinary text.
    #[inline]
    pub fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// The decoded text without its first slash, the other way in which patterns are written.
    #[inline]
    pub fn without_slash(&self) -> &str {
        self.text.strip_prefix('/').unwrap_or(&self.text)
    }

    /// Whether the path is this one. Always `false` for a path that is not clean.
    pub fn is(&self, path: &str) -> bool {
        self.is_clean && self.text == path
    }

    /// Whether the path is `prefix` or lies below it, by whole segment: `/admin` holds `/admin` and `/admin/x`, not
    /// `/administrator`. A slash at the end of the prefix changes nothing; `/` holds every clean path. Always `false`
    /// for a path that is not clean.
    pub fn has_segment_prefix(&self, prefix: &str) -> bool {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        // Most paths differ from a prefix in the first letter, which costs less to see than to compare the whole.
        let letter = |text: &str| text.as_bytes().get(1).copied();
        if letter(prefix).is_some_and(|first| letter(&self.text) != Some(first)) {
            return false;
        }
        self.is_clean && self.text.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The same path, no longer tied to the request.
    pub fn into_owned(self) -> RequestPath<'static> {
        RequestPath { text: Cow::Owned(self.text.into_owned()), is_clean: self.is_clean }
    }
}

/// What one look over the raw path shows.
enum Survey {
    /// It is clean as it stands.
    Clean,
    /// It holds escapes and must be decoded first.
    Encoded,
    /// It cannot be clean.
    Unclean,
}

/// What a byte of a raw path may mean.
mod class {
    /// It begins an escape.
    pub(super) const ESCAPE: u8 = 1;
    /// No clean path holds it.
    pub(super) const NEVER: u8 = 2;
    /// It is part of a character beyond ASCII.
    pub(super) const FOREIGN: u8 = 4;
    /// It needs a closer look behind a slash.
    pub(super) const BEHIND_SLASH: u8 = 8;
    /// It is a slash.
    pub(super) const SLASH: u8 = 16;

    /// The meaning of every byte, so that the look over a path has no branches.
    pub(super) const OF: [u8; 256] = {
        let mut of = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            of[byte] = match byte as u8 {
                b'/' => SLASH | BEHIND_SLASH,
                b'.' | b';' => BEHIND_SLASH,
                b'%' => ESCAPE,
                0..=0x1f | 0x7f | b'\\' | b'?' | b'#' => NEVER,
                0x80.. => FOREIGN,
                _ => 0,
            };
            byte += 1;
        }
        of
    };
}

/// Looks at every byte once; most paths need no more.
fn survey(raw: &str) -> Survey {
    if !raw.starts_with('/') {
        return Survey::Unclean;
    }
    let (mut seen, mut behind_slash, mut previous) = (0, 0, 0);
    for byte in raw.bytes() {
        let class = class::OF[usize::from(byte)];
        seen |= class;
        // A slash moved down to the bit of what needs a closer look behind it.
        behind_slash |= class & (previous >> 1);
        previous = class;
    }
    // The other bits of `previous` have left their traces beside it.
    behind_slash &= class::BEHIND_SLASH;
    if seen & class::NEVER != 0 {
        Survey::Unclean
    } else if seen & class::ESCAPE != 0 {
        Survey::Encoded
    } else if (behind_slash != 0 || seen & class::FOREIGN != 0) && !has_clean_segments(raw) {
        Survey::Unclean
    } else {
        Survey::Clean
    }
}

/// Decodes every escape, or `None` when one is malformed, stands for a byte that the router leaves encoded, or the
/// result is not UTF-8.
fn decode(raw: &str) -> Option<String> {
    let mut rest = raw.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let byte = escape(&rest[at..])?;
        if KEPT_ENCODED.contains(&byte) {
            return None;
        }
        rest = &rest[at + 3..];
    }
    percent_decode_str(raw).decode_utf8().ok().map(Cow::into_owned)
}

/// The byte that an escape at the start of the text stands for.
fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// The text that Actix's router matches: escapes decoded but for the kept ones and the malformed.
fn as_routed(raw: &str) -> Cow<'_, str> {
    if !raw.contains('%') {
        return Cow::Borrowed(raw);
    }
    let mut routed = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        match escape(rest).filter(|byte| !KEPT_ENCODED.contains(byte)) {
            Some(byte) => {
                routed.push(byte);
                rest = &rest[3..];
            }
            None => {
                routed.push(first);
                rest = behind;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&routed).into_owned())
}

/// Whether decoded text has no empty or dot segment, backslash or control character.
pub(crate) fn has_clean_segments(text: &str) -> bool {
    let Some(segments) = text.strip_prefix('/') else { return false };
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        // Servlet containers cut `;…` off before they resolve dots: `/static/..;/admin`.
        let name = segment.split_once(';').map_or(segment, |(name, _parameters)| name);
        let is_empty = name.is_empty() && !(is_last && segment.is_empty());
        if is_empty || is_dots(name) || segment.contains(is_never_clean) {
            return false;
        }
    }
    true
}

/// Whether a segment may be read as one dot or two: Windows drops blanks at the end of a name, some programs cut a path
/// at `#` or `?` once more, and normalisation makes dots of their forms in other widths (Unicode, NFKC).
fn is_dots(name: &str) -> bool {
    let name = name.split(['#', '?']).next().unwrap_or(name).trim_end();
    let mut dots = 0;
    for character in name.chars() {
        dots += match character {
            '.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => 1,
            '\u{2025}' => 2,
            _ => return false,
        };
    }
    matches!(dots, 1 | 2)
}

/// What no segment of a clean path holds: control characters, and a backslash or slash in whatever width.
fn is_never_clean(character: char) -> bool {
    matches!(character, '\\' | '\u{fe68}' | '\u{ff0f}' | '\u{ff3c}') || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::dev::Url;
    use actix_web::http::Uri;
    use proptest::prelude::*;

    #[test]
    fn a_clean_path_is_its_decoded_text() {
        for (raw, text) in [
            ("/", "/"),
            ("/ignored-page/", "/ignored-page/"),
            ("/a/b.c/d", "/a/b.c/d"),
            ("/.well-known/acme-challenge/x", "/.well-known/acme-challenge/x"),
            ("/...", "/..."),
            ("/a‥b/.%20x", "/a‥b/. x"),
            ("/a..b/.c/d.", "/a..b/.c/d."),
            ("/%61dmin/", "/admin/"),
            ("/caf%C3%A9", "/café"),
            ("/caf\u{e9}", "/café"),
            ("/a%20b", "/a b"),
            ("/a+b", "/a+b"),
            ("/a;v=1/b;w", "/a;v=1/b;w"),
            ("/a%3Bb", "/a;b"),
            ("/a%3Fb%23c", "/a?b#c"),
            ("/@:!$&'()*,=~", "/@:!$&'()*,=~"),
        ] {
            let path = RequestPath::new(raw);
            assert_eq!((path.as_str(), path.is_clean()), (text, true), "{raw}");
        }
    }

    #[test]
    fn what_servers_could_read_differently_is_not_clean() {
        let other_forms = ["", "*", "a", "admin/", "http://example.com/", "?", "/a?b", "/a#b"];
        let dots = ["/.", "/..", "/a/./b", "/a/../b", "/%2e%2E/b", "/a/.%2e/b", "/..;/b", "/a/.;x/b", "/a/..%3bx"];
        let empty = ["//", "//a", "/a//b", "/a//", "/;/a", "/a/;x", "/%3b/a"];
        let wide = ["/‥/a", "/．．/a", "/.%EF%BC%8E/a", "/a／b", "/a%EF%BC%BCb", "/․/a"];
        let trimmed = ["/..%20/a", "/.%c2%a0/a", "/..%23/a", "/..%3Fx/a", "/..%09/a"];
        let control = ["/a\\b", "/a%5Cb", "/a%00", "/a\0", "/a%0A", "/a%7F", "/a%C2%85b", "/a\u{85}b", "/a\tb"];
        let kept = ["/a%2Fb", "/a%2fb", "/a%252Fb", "/a%25", "/a%2Bb", "/a%2bb"];
        let malformed = ["/a%", "/a%2", "/a%zz", "/%%20", "/a%+1"];
        let not_utf8 = ["/a%FF", "/a%C3", "/a%C0%AF", "/a%ED%A0%80"];
        for raw in [&other_forms[..], &dots, &empty, &wide, &trimmed, &control, &kept, &malformed, &not_utf8].concat() {
            assert!(!RequestPath::new(raw).is_clean(), "{raw:?}");
        }
        assert!(!RequestPath::from_bytes(b"/a\xffb").is_clean());
    }

    #[test]
    fn double_encoding_is_decoded_once_and_never_clean() {
        let path = RequestPath::new("/a%252Fb%20c");
        assert_eq!((path.as_str(), path.is_clean()), ("/a%252Fb c", false));
    }

    #[test]
    fn a_path_without_escapes_is_borrowed() {
        for raw in ["/", "/shop/cart", "/.well-known/x", "/café"] {
            assert!(matches!(RequestPath::new(raw).text, Cow::Borrowed(_)), "{raw}");
        }
    }

    #[test]
    fn a_query_is_cut_off_a_target() {
        for (target, text, is_clean) in
            [("/a?b=/../c", "/a", true), ("/a", "/a", true), ("/a?", "/a", true), ("?x", "", false)]
        {
            let path = RequestPath::of_target(target);
            assert_eq!((path.as_str(), path.is_clean()), (text, is_clean), "{target}");
        }
    }

    #[test]
    fn a_prefix_counts_by_whole_segment() {
        for (raw, prefix, holds) in [
            ("/admin", "/admin", true),
            ("/admin/", "/admin", true),
            ("/admin/users/", "/admin", true),
            ("/%61dmin/users/", "/admin", true),
            ("/admin", "/admin/", true),
            ("/admin/x", "/admin/", true),
            ("/administrator", "/admin", false),
            ("/Admin", "/admin", false),
            ("/a/admin", "/admin", false),
            ("/admin/../x", "/admin", false),
            ("/admin//x", "/admin", false),
            ("/x", "/", true),
            ("/", "/", true),
            ("*", "/", false),
        ] {
            assert_eq!(RequestPath::new(raw).has_segment_prefix(prefix), holds, "{raw} {prefix}");
        }
    }

    /// Text rich in what makes paths difficult.
    fn difficult() -> impl Strategy<Value = String> {
        const PARTS: &[&str] = &[
            "/", ".", "..", "%2e", "%2F", "%25", "%", "%C3%A9", "%ff", "a", "admin", ";", "\\", "%5c", "%00", "+",
            "%2B", "%20", "~", "%3f",
        ];
        let part = proptest::sample::select(PARTS);
        proptest::collection::vec(part, 0..12).prop_map(|parts| format!("/{}", parts.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn reading_never_panics(raw in any::<String>(), bytes in any::<Vec<u8>>()) {
            RequestPath::new(&raw);
            RequestPath::of_target(&raw);
            RequestPath::from_bytes(&bytes);
        }

        #[test]
        fn the_text_is_what_actix_routes_by(raw in difficult()) {
            if let Ok(uri) = raw.parse::<Uri>() {
                let (path, url) = (RequestPath::new(uri.path()), Url::new(uri.clone()));
                prop_assert_eq!(path.as_str(), url.path());
            }
        }

        #[test]
        fn a_clean_path_has_nothing_left_to_read_differently(raw in difficult()) {
            let path = RequestPath::new(&raw);
            if path.is_clean() {
                let full = percent_decode_str(&raw).decode_utf8().unwrap();
                prop_assert_eq!(path.as_str(), full.as_ref());
                prop_assert!(!full.contains("//") && !full.contains('\\') && !full.contains('%'));
                prop_assert!(full.split('/').all(|segment| segment != "." && segment != ".."));
                prop_assert!(!raw.to_lowercase().contains("%2f"));
            }
        }
    }
}
