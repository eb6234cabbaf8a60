//! What a site says, as it is shown in a sentence.

use crate::plain::plain;

/// Most characters of a value that are shown.
const MAX_SHOWN: usize = 120;

/// A value of a header or an address: with nothing in it that plays tricks, and cut when it is long.
pub(super) fn quoted(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => plain(&value[..end]) + "…",
        None => plain(value),
    }
}

/// An address as a site wrote it, without the name and password that it may hold.
pub(super) fn address(written: &str) -> String {
    let Some(start) = written.find("//").map(|at| at + 2) else { return quoted(written) };
    let authority = &written[start..];
    let authority = &authority[..authority.find(['/', '?', '#', '\\']).unwrap_or(authority.len())];
    match authority.rsplit_once('@') {
        Some((secret, _)) => quoted(&format!("{}…{}", &written[..start], &written[start + secret.len()..])),
        None => quoted(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_cut_and_plays_no_tricks() {
        assert_eq!(quoted("no-store\u{202e}"), "no-store\\u{202e}");
        let long = quoted(&"ä".repeat(9000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (MAX_SHOWN + 1, true));
    }

    #[test]
    fn a_password_is_never_shown() {
        for (written, shown) in [
            ("http://ada:s3cret@a.example/x", "http://…@a.example/x"),
            ("http://ada:s3@cret@[::1", "http://…@[::1"),
            ("//ada@a.example", "//…@a.example"),
            ("/x?to=//ada@b.example", "/x?to=//…@b.example"),
            ("http://a.example/@x", "http://a.example/@x"),
            ("mailto:ada@a.example", "mailto:ada@a.example"),
            ("/en/", "/en/"),
        ] {
            assert_eq!(address(written), shown);
        }
    }
}
