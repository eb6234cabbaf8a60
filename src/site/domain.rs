//! The domain of a site, in the one spelling that hosts are compared in.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most bytes in a domain, without the trailing dot (RFC 1035, section 2.3.4).
const MAX_BYTES: usize = 253;

/// Most bytes in one label of a domain (RFC 1035, section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// A domain name or an IP literal, without port: `www.example.com`, `localhost`, `192.0.2.7`, `[2001:db8::1]`.
///
/// Lower-case ASCII, other scripts as IDNA A-labels (UTS 46), no trailing dot, at most 253 bytes. Two domains are the
/// same host exactly when they are equal. A clone shares the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

/// Why a text is not a domain. The words are meant for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// Nothing was given.
    #[error("the domain is empty: write the one that visitors type, such as `www.example.com`")]
    Empty,
    /// It is a whole address with a scheme.
    #[error("`{value}` holds a scheme: write the domain alone, such as `www.example.com`")]
    HasScheme {
        /// What was given.
        value: String,
    },
    /// A port follows the domain.
    #[error("`{value}` holds a port: write the domain without it, the site answers on every port")]
    HasPort {
        /// What was given.
        value: String,
    },
    /// A path, query or fragment follows the domain.
    #[error("`{value}` holds a path: write the domain alone, paths belong to the ignored patterns")]
    HasPath {
        /// What was given.
        value: String,
    },
    /// It holds a `*`, which only an alias may, as its first label.
    #[error("`{value}` holds a wildcard: only an alias may begin with `*.`, such as `*.preview.example.com`")]
    HasWildcard {
        /// What was given.
        value: String,
    },
    /// It holds a character that no domain has.
    #[error("`{value}` holds `{character}`, which a domain cannot")]
    BadCharacter {
        /// What was given.
        value: String,
        /// The first such character, escaped when it cannot be seen.
        character: String,
    },
    /// It is longer than a domain can be.
    #[error("the domain has {length} bytes, at most {max} are possible", max = MAX_BYTES)]
    TooLong {
        /// Bytes in its ASCII form.
        length: usize,
    },
    /// One part between the dots is not possible, or a name that ends in a number is not an IPv4 address.
    #[error("`{label}` in `{value}` is not a possible part of a domain")]
    InvalidLabel {
        /// What was given.
        value: String,
        /// The part; empty for two dots in a row.
        label: String,
    },
}

impl Domain {
    /// Reads a domain as a person types it: upper case, other scripts, space around it and a trailing dot are
    /// understood, an IPv6 address may lack its brackets.
    ///
    /// # Errors
    /// A variant for each thing that a domain is often confused with, see [`DomainError`].
    ///
    /// # Examples
    /// ```
    /// use maintenance_mode::site::{Domain, DomainError};
    ///
    /// assert_eq!(Domain::parse("WWW.Bücher.example.")?.as_str(), "www.xn--bcher-kva.example");
    /// assert!(matches!(Domain::parse("https://example.com/"), Err(DomainError::HasScheme { .. })));
    /// # Ok::<(), DomainError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        let value = || clip(text);
        if text.contains("://") {
            return Err(DomainError::HasScheme { value: value() });
        }
        if text.contains(['/', '?', '#']) {
            return Err(DomainError::HasPath { value: value() });
        }
        if text.contains('*') {
            return Err(DomainError::HasWildcard { value: value() });
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self(format!("[{address}]").into()));
        }
        if has_port(text) {
            return Err(DomainError::HasPort { value: value() });
        }
        canonical(text, Check::Full).map(|domain| Self(domain.into()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain in its own script, to show to people: `bücher.example` for `xn--bcher-kva.example`.
    pub fn to_unicode(&self) -> String {
        if !self.0.contains("xn--") {
            return self.0.to_string();
        }
        let (shown, result) = Uts46::new().to_unicode(self.0.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast);
        match result {
            Ok(()) => shown.into_owned(),
            Err(_) => self.0.to_string(),
        }
    }

    /// Whether somebody who types this means this domain, in whatever case or script: what a confirmation asks.
    pub fn is_meant_by(&self, typed: &str) -> bool {
        Self::parse(typed).is_ok_and(|domain| domain == *self)
    }

    /// Whether a host is this domain or lies below it, by whole label. `host` in lower case, without port. An address has
    /// nothing below it.
    pub fn holds(&self, host: &str) -> bool {
        match host.strip_suffix(self.as_str()) {
            Some("") => true,
            Some(below) => below.ends_with('.') && !self.is_ip(),
            None => false,
        }
    }

    /// Whether it is an IP address and not a name.
    pub fn is_ip(&self) -> bool {
        self.0.starts_with('[') || self.0.parse::<Ipv4Addr>().is_ok()
    }
}

/// How much of a host is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Everything, as for a domain that is stored.
    Full,
    /// A label that begins with `xn--` is taken as it is: it equals a stored domain only when it is valid.
    Shape,
}

/// The canonical form of a host without port; borrowed when the text already has it.
pub(super) fn canonical(text: &str, check: Check) -> Result<Cow<'_, str>, DomainError> {
    if text.starts_with('[') {
        return canonical_ipv6(text);
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() {
        return Err(DomainError::Empty);
    }
    if is_canonical(text) && (check == Check::Shape || !text.contains("xn--")) {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(character) = text.chars().find(|c| c.is_ascii() && !is_domain_character(*c)) {
        let character = character.escape_debug().to_string();
        return Err(DomainError::BadCharacter { value: clip(text), character });
    }
    // The error of `idna` says nothing but that there is one, so the label at fault is looked for.
    let ascii = Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast, DnsLength::Ignore)
        .map_err(|_invalid| invalid_label(text))?;
    if ascii.len() > MAX_BYTES {
        return Err(DomainError::TooLong { length: ascii.len() });
    }
    if is_canonical(&ascii) { Ok(ascii) } else { Err(invalid_label(text)) }
}

/// `[::1]` in the shortest spelling; borrowed when the text already has it.
fn canonical_ipv6(text: &str) -> Result<Cow<'_, str>, DomainError> {
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let Some(address) = address.and_then(|address| address.parse::<Ipv6Addr>().ok()) else {
        return Err(DomainError::InvalidLabel { value: clip(text), label: clip(text) });
    };
    let canonical = format!("[{address}]");
    Ok(if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical) })
}

/// Whether a text is a name or IPv4 address in canonical form, its `xn--` labels unread.
fn is_canonical(text: &str) -> bool {
    let mut last = "";
    text.len() <= MAX_BYTES
        && text.split('.').all(|label| {
            last = label;
            is_canonical_label(label.as_bytes())
        })
        && (!ends_in_a_number(last) || text.parse::<Ipv4Addr>().is_ok())
}

fn is_canonical_label(label: &[u8]) -> bool {
    let fits = (1..=MAX_LABEL_BYTES).contains(&label.len());
    let known = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    fits && label.iter().all(known) && label.first() != Some(&b'-') && label.last() != Some(&b'-')
}

/// Whether a last label makes the whole an IPv4 address (WHATWG URL, "ends in a number checker"), so that no name can
/// be an address in another spelling, such as `127.1`.
fn ends_in_a_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || (!label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()))
}

/// The underscore is in no host name by RFC 1123, but in many by use, such as the services of a compose file.
fn is_domain_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn has_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']'))
    })
}

/// The error that names the first label which is not possible by itself, or the last one.
fn invalid_label(text: &str) -> DomainError {
    let impossible = |label: &&str| {
        let ascii =
            Uts46::new().to_ascii(label.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast, DnsLength::Ignore);
        !ascii.is_ok_and(|ascii| is_canonical_label(ascii.as_bytes()))
    };
    let label = text.split('.').find(impossible).or_else(|| text.rsplit('.').next()).unwrap_or_default();
    DomainError::InvalidLabel { value: clip(text), label: clip(label) }
}

/// A value to show in an error, without the invisible, and not longer than a domain.
fn clip(text: &str) -> String {
    text.chars().take(MAX_BYTES).flat_map(char::escape_debug).collect()
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        Self::parse(text)
    }
}

impl Borrow<str> for Domain {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Domain {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_holds_itself_and_what_lies_below_it() {
        let holds = |domain: &str, host| Domain::parse(domain).unwrap().holds(host);
        for host in ["example.com", "shop.example.com", "a.b.example.com"] {
            assert!(holds("example.com", host), "{host}");
        }
        for host in ["badexample.com", "example.com.evil.example", "com", "", ".com", "example.org"] {
            assert!(!holds("example.com", host), "{host}");
        }
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("2.0.0.7", "192.2.0.0.7"));
    }
    use proptest::prelude::*;

    #[test]
    fn a_domain_has_one_spelling() {
        for (typed, stored) in [
            ("example.com", "example.com"),
            (" Example.COM. ", "example.com"),
            ("localhost", "localhost"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("日本語。jp", "xn--wgv71a119e.jp"),
            ("faß.de", "xn--fa-hia.de"),
            ("my_service.internal", "my_service.internal"),
            ("r3---sn.example", "r3---sn.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("::1", "[::1]"),
            ("[2001:DB8:0:0::1]", "[2001:db8::1]"),
            ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(Domain::parse(typed).map(|d| d.to_string()), Ok(stored.to_owned()), "{typed}");
        }
    }

    #[test]
    fn each_confusion_has_its_own_error() {
        let kind = |text: &str| match Domain::parse(text).unwrap_err() {
            DomainError::Empty => "empty",
            DomainError::HasScheme { .. } => "scheme",
            DomainError::HasPort { .. } => "port",
            DomainError::HasPath { .. } => "path",
            DomainError::HasWildcard { .. } => "wildcard",
            DomainError::BadCharacter { .. } => "character",
            DomainError::TooLong { .. } => "long",
            DomainError::InvalidLabel { .. } => "label",
        };
        for (text, expected) in [
            ("", "empty"),
            (" . ", "empty"),
            ("https://example.com", "scheme"),
            ("//example.com", "path"),
            ("example.com/shop", "path"),
            ("example.com?x", "path"),
            ("example.com:8080", "port"),
            ("example.com:", "port"),
            ("[::1]:8080", "port"),
            ("*.example.com", "wildcard"),
            ("*", "wildcard"),
            ("exa mple.com", "character"),
            ("exam\0ple.com", "character"),
            ("ann@example.com", "character"),
            ("example.com%2e", "character"),
            ("a:b:c", "character"),
            ("a..b", "label"),
            (".a", "label"),
            ("a.-b", "label"),
            ("a-.b", "label"),
            ("xn--zzzzzz-.example", "label"),
            ("127.1", "label"),
            ("256.0.0.1", "label"),
            ("0x7f.0x1", "label"),
            ("[::g]", "label"),
            ("[::1", "label"),
            ("％.example", "label"),
            ("a\u{200b}.\u{fffd}", "label"),
        ] {
            assert_eq!(kind(text), expected, "{text:?}");
        }
        assert_eq!(kind(&"a.".repeat(200)), "long");
        assert_eq!(kind(&format!("{}.example", "a".repeat(64))), "label");
        assert_eq!(kind(&"ü.".repeat(200)), "long");
    }

    #[test]
    fn the_label_at_fault_is_named() {
        let error = Domain::parse("www.-shop.example").unwrap_err();
        assert_eq!(error.to_string(), "`-shop` in `www.-shop.example` is not a possible part of a domain");
    }

    #[test]
    fn a_domain_is_confirmed_in_any_spelling_of_its_own() {
        let domain = Domain::parse("bücher.example").unwrap();
        for typed in ["bücher.example", " BÜCHER.example. ", "xn--bcher-kva.example"] {
            assert!(domain.is_meant_by(typed), "{typed}");
        }
        for typed in ["", "bucher.example", "bücher.example/", "www.bücher.example"] {
            assert!(!domain.is_meant_by(typed), "{typed}");
        }
    }

    #[test]
    fn people_see_their_own_script() {
        assert_eq!(Domain::parse("xn--bcher-kva.example").unwrap().to_unicode(), "bücher.example");
        assert_eq!(Domain::parse("example.com").unwrap().to_unicode(), "example.com");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_settles_at_once(text in prop_oneof![any::<String>(), "(xn--)?[aZß。.:xn0-9-]{0,24}"]) {
            if let Ok(domain) = Domain::parse(&text) {
                prop_assert_eq!(Domain::parse(domain.as_str()), Ok(domain.clone()));
                prop_assert_eq!(Domain::parse(&domain.to_unicode()), Ok(domain.clone()));
                prop_assert!(domain.as_str().is_ascii() && domain.as_str().len() <= MAX_BYTES);
            }
        }

        #[test]
        fn names_of_plain_labels_are_domains(labels in proptest::collection::vec("[a-z]([a-z0-9-]{0,20}[a-z])?", 1..6)) {
            prop_assume!(!labels.iter().any(|label| label.starts_with("xn--")));
            let name = labels.join(".");
            prop_assert_eq!(Domain::parse(&name.to_uppercase()).map(|d| d.to_string()), Ok(name));
        }
    }
}
