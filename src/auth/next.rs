//! Where to go after log-in: a path of this very host, and nothing that a browser could read as another.

use percent_encoding::percent_decode_str;

/// Longest address that is followed.
const MAX_NEXT_BYTES: usize = 2_000;

/// Most layers of percent encoding that are looked through.
const MOST_LAYERS: usize = 4;

/// `next` when it is a local absolute path, perhaps with a query; else `home`.
///
/// Refused are: another scheme or host in any spelling (`//host`, `/\host`), control characters and white space
/// (browsers drop them before they read the address), anything that is not ASCII, a fragment, and paths with an
/// empty, `.` or `..` segment, in each layer of percent encoding, because a proxy may decode or tidy them.
pub fn local<'a>(next: &'a str, home: &'a str) -> &'a str {
    if is_local(next) { next } else { home }
}

/// Whether [`local`] follows this address.
pub fn is_local(next: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
    if next.len() > MAX_NEXT_BYTES || !next.bytes().all(is_plain) {
        return false;
    }
    let path = next.split_once('?').map_or(next, |(path, _query)| path);
    is_clean_in_every_layer(path)
}

fn is_clean_in_every_layer(path: &str) -> bool {
    let mut path = path.to_owned();
    for _ in 0..MOST_LAYERS {
        if !is_clean(&path) {
            return false;
        }
        let Ok(decoded) = percent_decode_str(&path).decode_utf8() else { return false };
        if decoded == path {
            return true;
        }
        path = decoded.into_owned();
    }
    false
}

fn is_clean(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        // `;` begins a parameter for some servers, so `..;` is `..` to them.
        let name = segment.split(';').next().unwrap_or_default();
        if matches!(name, "." | "..") || (segment.is_empty() && !is_last) {
            return false;
        }
    }
    !path.chars().any(|c| c.is_control() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    #[test]
    fn local_paths_are_followed() {
        for next in [
            "/",
            "/admin/",
            "/admin/sites/7/?page=2&q=a%20b",
            "/cart",
            "/%C3%BCber/",
            "/search?next=https://example.org//x",
            "/a.b/..c/d..",
            "/100%25",
            "/@user:name/",
        ] {
            assert_eq!(local(next, "/admin/"), next);
        }
    }

    #[test]
    fn everything_else_goes_home() {
        for next in [
            "",
            "admin/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "https://evil.example",
            "HTTPS:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/%2f/evil.example",
            "/%2F%2Fevil.example",
            "/%5cevil.example",
            "/%09/evil.example",
            "/%252f/evil.example",
            "/%25255cevil.example",
            "/%0d%0aSet-Cookie:a=b",
            "/.//evil.example",
            "/x/..//evil.example",
            "/x/%2e%2e/%2e%2e/",
            "/x/..;/",
            "/a b",
            "/ü",
            "/\u{2028}",
            "/a#//evil",
            "?x",
            "#x",
            "/%ff",
            "/\0",
            "http:/admin/",
            "/％２ｆ/evil",
            &format!("/{}", "a".repeat(2000)),
        ] {
            assert_eq!(local(next, "/admin/"), "/admin/", "{next:?}");
        }
    }

    fn tricky() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[/\\\\.@:?#%\\t\\n ]{1,4}",
            "(%2f|%2F|%5c|%2e|%09|%00|%25|%252f)",
            "(evil\\.example|https|javascript|admin|a)",
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_browser_stays_on_this_host(next in prop_oneof![any::<String>(), tricky(), tricky().prop_map(|rest| format!("/{rest}"))]) {
            let page = Url::parse("https://panel.example:8443/admin/login/").unwrap();
            let goes_to = page.join(local(&next, "/admin/")).unwrap();
            prop_assert_eq!(goes_to.origin(), page.origin());
            if is_local(&next) {
                prop_assert!(!goes_to.path().contains("//"));
                let decoded = percent_decode_str(&next).decode_utf8_lossy().into_owned();
                prop_assert_eq!(page.join(&decoded).unwrap().origin(), page.origin());
            }
        }
    }
}
