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
    /// The bytes are not UTF-8 text.
    #[error("the host is not text")]
    NotText,
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
/// As [`request_host`], and when the bytes are not UTF-8.
pub fn request_host_bytes(raw: &[u8]) -> Result<Cow<'_, str>, HostError> {
    match std::str::from_utf8(raw) {
        Ok(raw) => request_host(raw),
        Err(_) => Err(HostError::NotText),
    }
}

/// Takes `:8080` or a bare `:` off the end (`uri-host [ ":" port ]`, port = `*DIGIT`; RFC 3986, section 3.2.3).
fn without_port(raw: &str) -> Result<&str, HostError> {
    let after_address = raw.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = raw[after_address..].find(':') else {
        return Ok(raw);
    };
    let (host, port) = raw.split_at(after_address + colon);
    let port = &port[1..];
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (port.is_empty() || port.parse::<u16>().is_ok()) { Ok(host) } else { Err(HostError::BadPort) }
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
        assert_eq!(request_host_bytes(b"ex\xffample"), Err(HostError::NotText));
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
        fn every_domain_is_found_again_by_its_host(text in "[a-zA-Z0-9äßñ._-]{1,40}", port in proptest::option::of(any::<u16>())) {
            if let Ok(domain) = Domain::parse(&text) {
                let raw = port.map_or(text.clone(), |port| format!("{text}:{port}"));
                let host = request_host(&raw);
                prop_assert_eq!(host.as_deref(), Ok(domain.as_str()));
            }
        }
    }
}
