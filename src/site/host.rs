//! The host that a request names, from its `Host` header or the authority of its target.

use std::borrow::Cow;

use super::DomainError;
use super::domain::{Check, canonical};

/// Why a `Host` value names no host. Such a request is refused, or held like the default site; never let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The value is empty.
    #[error("the host is empty")]
    Empty,
    /// Several `Host` headers contradict each other.
    #[error("several hosts are named")]
    Several,
    /// It was sent in bytes beyond ASCII.
    #[error("the host is not ASCII")]
    NotAscii,
    /// What follows the colon is not a port: digits, at most 65535.
    #[error("the port of the host is not a number")]
    BadPort,
    /// The part before the port is neither a name nor an address.
    #[error("the host is malformed")]
    Malformed(#[source] DomainError),
}

/// The host of a request in the spelling of [`super::Domain`]: lower-case, without port and trailing dot, other scripts as
/// A-labels, an IPv6 address in brackets.
///
/// `raw` is a `Host` header value or the authority of an absolute target. A value that is canonical apart from its
/// port is borrowed, without allocation (IPv6 literals excepted). User info (`ann@host`) is refused.
///
/// # Errors
/// The value is empty or malformed (RFC 9110, section 7.2): nothing is guessed.
///
/// # Examples
/// ```
/// use maintenance_mode::site::request_host;
///
/// assert_eq!(request_host("Forum.Example.com.:8080").unwrap(), "forum.example.com");
/// assert!(request_host("forum.example.com:http").is_err());
/// ```
pub fn request_host(raw: &str) -> Result<Cow<'_, str>, HostError> {
    match plain_name(raw) {
        Some(host) => Ok(Cow::Borrowed(host)),
        None => any_host(raw),
    }
}

/// [`request_host`] for whatever a text may hold.
fn any_host(raw: &str) -> Result<Cow<'_, str>, HostError> {
    let host = without_port(raw)?;
    if host.is_empty() {
        return Err(HostError::Empty);
    }
    canonical(host, Check::Shape).map_err(|error| match error {
        DomainError::Empty => HostError::Empty,
        malformed => HostError::Malformed(malformed),
    })
}

/// [`request_host`] for a header value as bytes.
///
/// # Errors
/// As [`request_host`], and when a byte is beyond ASCII. Clients send other scripts as A-labels (RFC 5891, section 3.2),
/// and whoever else reads the bytes, such as a web server in front, would take them for another name.
pub fn request_host_bytes(raw: &[u8]) -> Result<Cow<'_, str>, HostError> {
    match std::str::from_utf8(raw) {
        Ok(raw) if raw.is_ascii() => request_host(raw),
        _ => Err(HostError::NotAscii),
    }
}

/// What a byte means in a name that is plain. The upper half says what may not follow it, the lower half what it may
/// not follow, in the same places.
mod class {
    /// A letter or an underscore.
    pub(super) const LETTER: u8 = 0x08;
    /// No plain name holds it.
    pub(super) const END: u8 = 0x80;
    /// What stands before the first byte: the same as between two labels.
    pub(super) const DOT: u8 = 0x13;
    /// Neither first nor last in a label.
    const HYPHEN: u8 = 0x21;

    /// The meaning of every byte.
    pub(super) const OF: [u8; 256] = {
        let mut of = [END; 256];
        let mut byte = 0;
        while byte < 256 {
            of[byte] = match byte as u8 {
                b'.' => DOT,
                b'-' => HYPHEN,
                // `0x` may begin a number, which a name cannot end in.
                b'0' => 0x40,
                b'x' => LETTER | 0x04,
                b'1'..=b'9' => 0,
                b'a'..=b'z' | b'_' => LETTER,
                _ => END,
            };
            byte += 1;
        }
        of
    };
}

/// Most bytes of a plain name: no more than a label may have, so that none needs to be counted.
const MAX_PLAIN_BYTES: usize = 63;

/// The name in what nearly every request says: canonical as it stands, with a port or without. Looks at every byte
/// once, and leaves to the general way whatever needs a second look.
fn plain_name(raw: &str) -> Option<&str> {
    let (mut length, mut previous, mut clash) = (0, class::DOT, 0);
    for byte in raw.bytes() {
        let class = class::OF[usize::from(byte)];
        if class == class::END {
            break;
        }
        clash |= (previous >> 4) & class;
        previous = class;
        length += 1;
    }
    let is_plain = clash == 0 && previous & class::LETTER != 0 && length <= MAX_PLAIN_BYTES;
    let (name, rest) = raw.split_at_checked(length).filter(|_| is_plain)?;
    let is_all = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    is_all.then_some(name)
}

/// Takes `:8080` or a bare `:` off the end (`uri-host [ ":" port ]`, port = `*DIGIT`; RFC 3986, section 3.2.3).
fn without_port(raw: &str) -> Result<&str, HostError> {
    let after_address = raw.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = raw[after_address..].find(':') else {
        return Ok(raw);
    };
    let (host, port) = raw.split_at(after_address + colon);
    if is_port(&port[1..]) { Ok(host) } else { Err(HostError::BadPort) }
}

/// Whether digits, or nothing, are a port.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && (text.is_empty() || text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Domain;
    use proptest::prelude::*;

    #[test]
    fn a_host_is_read_without_port_case_and_trailing_dot() {
        for (raw, host) in [
            ("example.com", "example.com"),
            ("example.com:80", "example.com"),
            ("example.com:", "example.com"),
            ("EXAMPLE.com.:443", "example.com"),
            ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("localhost:8080", "localhost"),
            ("127.0.0.1:8080", "127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::0:1]", "[2001:db8::1]"),
        ] {
            assert_eq!(request_host(raw).as_deref(), Ok(host), "{raw}");
        }
    }

    #[test]
    fn what_clients_send_needs_one_look() {
        for raw in ["localhost", "example.com", "a-b.c_d.x0.example:8080", "xn--bcher-kva.example:", "127.0.0.1.nip.io"]
        {
            assert_eq!(plain_name(raw), raw.split(':').next(), "{raw}");
        }
        let long = format!("{}.com", "a".repeat(60));
        for raw in ["127.0.0.1", "a.0xff", "a.5", "-a.com", "a-.com", "a..com", "a.", "A.com", "a.com:x", "", &long] {
            assert_eq!(plain_name(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_malformed_host_is_an_error() {
        for raw in [
            "",
            ":",
            ":80",
            ".",
            "a b",
            "example.com:80a",
            "example.com:-1",
            "example.com:70000",
            "example.com:80:80",
            "ann@example.com",
            "example.com/x",
            "example.com?x",
            "a..b",
            "-a.example",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]]",
            "[fe80::1%25eth0]",
            "*.example.com",
            "a,b",
            "ex\0ample.com",
            "example.com\n",
            "example%2ecom",
            "1.2.3",
            "x]:80",
            " example.com",
            "127.0.0.01",
        ] {
            assert!(request_host(raw).is_err(), "{raw:?}");
        }
        for raw in ["bücher.example", "open\u{3002}example.com", "ｏpen.example.com", "op\u{ad}en.example.com"] {
            assert_eq!(request_host_bytes(raw.as_bytes()), Err(HostError::NotAscii), "{raw}");
        }
        assert_eq!(request_host_bytes(b"ex\xffample"), Err(HostError::NotAscii));
    }

    #[test]
    fn a_canonical_host_is_borrowed() {
        for raw in
            ["example.com", "example.com:8080", "example.com.", "10.1.2.3:1", "[::1]:80", "xn--bcher-kva.example"]
        {
            assert!(matches!(request_host(raw), Ok(Cow::Borrowed(_))), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_the_result_is_canonical(raw in prop_oneof![any::<String>(), "[aZß。.:\\[\\]xn0-9%@-]{0,24}"]) {
            if let Ok(host) = request_host(&raw) {
                prop_assert_eq!(request_host(&host), Ok(host.clone()));
                prop_assert!(!host.is_empty() && host.is_ascii());
            }
        }

        #[test]
        fn bytes_of_a_name_are_never_read_as_another_name(raw in "[a-zA-Z0-9._-]{1,16}|([xX][nN]--)?[a-zA-Z0-9-]{1,8}[.](com|COM)") {
            if let Ok(host) = request_host_bytes(raw.as_bytes()) {
                let lower = raw.to_ascii_lowercase();
                prop_assert_eq!(host.as_ref(), lower.strip_suffix('.').unwrap_or(&lower));
            }
        }

        #[test]
        fn a_plain_name_is_what_the_general_way_reads(raw in "[a-z0x9_.-]{0,12}[a-z.]{0,4}(:[0-9]{0,6})?[ A]?") {
            if let Some(host) = plain_name(&raw) {
                prop_assert_eq!(any_host(&raw), Ok(Cow::Borrowed(host)));
            }
        }

        #[test]
        fn every_domain_is_found_again_by_its_host(text in "[a-zA-Z0-9äßñ._-]{1,40}", port in proptest::option::of(any::<u16>())) {
            if let Ok(domain) = Domain::parse(&text) {
                let raw = port.map_or(text.clone(), |port| format!("{text}:{port}"));
                let host = request_host(&raw);
                prop_assert_eq!(host.as_deref(), Ok(domain.as_str()));
            }
        }
    }
}
