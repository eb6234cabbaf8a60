//! `Content-Security-Policy` of the maintenance page: exactly what the page uses, by the hashes of its inline parts.

use sha2::{Digest, Sha256};

/// Who may show a page in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Nobody: what visitors get.
    Nobody,
    /// Pages of the same origin: the panel's preview.
    SameOrigin,
}

impl Frames {
    fn source(self) -> &'static str {
        match self {
            Self::Nobody => "'none'",
            Self::SameOrigin => "'self'",
        }
    }
}

/// The policy of the built-in page: nothing but its own style, its own script, which may ask its own address, and
/// the empty icon in the page, without which a browser would ask the closed site for one.
pub(crate) fn built_in(html: &str, frames: Frames) -> String {
    let mut policy = "default-src 'none'; img-src data:".to_owned();
    let (styles, scripts) = (hashes(html, "style"), hashes(html, "script"));
    if !styles.is_empty() {
        policy.push_str(&format!("; style-src{styles}"));
    }
    if !scripts.is_empty() {
        policy.push_str(&format!("; script-src{scripts}; connect-src 'self'"));
    }
    policy.push_str(&format!("; base-uri 'none'; form-action 'none'; frame-ancestors {}", frames.source()));
    policy
}

/// The policy of a page of the operator's own, who may use pictures, fonts and styles from anywhere. Scripts are
/// those that stand in the page and those of the same origin; handlers in attributes do not run.
pub(crate) fn own(html: &str, frames: Frames) -> String {
    let scripts = hashes(html, "script");
    format!(
        "script-src 'self'{scripts}; object-src 'none'; base-uri 'none'; frame-ancestors {frames}",
        frames = frames.source()
    )
}

/// ` 'sha256-…'` for the text of each element of this name, in order, each text once.
fn hashes(html: &str, element: &str) -> String {
    let mut found = String::new();
    for text in texts(html, element) {
        let hash = format!(" 'sha256-{}'", base64(&Sha256::digest(text)));
        if !found.contains(&hash) {
            found.push_str(&hash);
        }
    }
    found
}

/// The text of each element of this name that has any.
fn texts<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{element}"), format!("</{element}"));
    // Same length as the original, so that places found in one hold in the other.
    let lower = html.to_ascii_lowercase();
    let mut texts = Vec::new();
    let mut from = 0;
    while let Some(start) = lower[from..].find(&open).map(|start| from + start) {
        let after_name = start + open.len();
        from = after_name;
        let is_element = lower[after_name..].starts_with(|next: char| next == '>' || next.is_ascii_whitespace());
        let Some(begin) = lower[after_name..].find('>').map(|end| after_name + end + 1).filter(|_| is_element) else {
            continue;
        };
        let Some(end) = lower[begin..].find(&close).map(|end| begin + end) else {
            break;
        };
        if begin < end {
            texts.push(&html[begin..end]);
        }
        from = end;
    }
    texts
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = usize::try_from(group >> (18 - 6 * place) & 63).expect("six bits");
            text.push(if place <= chunk.len() { char::from(ALPHABET[letter]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn the_hash_is_that_of_the_text_between_the_tags() {
        // From the standard's example: alert('Hello, world.');
        let html = "<SCRIPT type=module>alert('Hello, world.');</Script><scripted>x</scripted><script src=a></script>";
        assert_eq!(hashes(html, "script"), " 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }

    #[test]
    fn the_built_in_policy_names_only_what_is_used() {
        let plain = built_in("<p>x</p>", Frames::Nobody);
        assert_eq!(
            plain,
            "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let with = built_in("<style>a</style><script>b</script>", Frames::SameOrigin);
        assert!(with.contains("style-src 'sha256-") && with.contains("script-src 'sha256-"), "{with}");
        assert!(with.contains("connect-src 'self'") && with.ends_with("frame-ancestors 'self'"), "{with}");
    }

    #[test]
    fn unfinished_markup_is_no_trouble() {
        for html in ["<script", "<script>", "<script>a", "<style >ä</style", "<style", "</style>", "<script></script>"]
        {
            let _ = (built_in(html, Frames::Nobody), own(html, Frames::Nobody));
        }
    }
}
