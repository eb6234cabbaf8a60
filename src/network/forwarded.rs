//! What forwarding headers say, read element by element from the right: the nearest proxy wrote the last one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::NetworkSet;

/// Most elements of one `Forwarded` line that are looked at, counted from the right.
const MAX_ELEMENTS: usize = 64;

/// How the visitor reached the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The host that a trusted proxy was asked for: the right-most value of the `X-Forwarded-Host` lines, as sent, for
/// [`crate::site::request_host_bytes`] to read. `None` when the header is absent or the peer is not trusted.
///
/// An empty or malformed value is returned too, so that it is refused like a malformed `Host`, and not replaced.
pub fn forwarded_host<'a, L>(peer: Option<IpAddr>, lines: L, trusted: &NetworkSet) -> Option<&'a [u8]>
where
    L: IntoIterator<Item = &'a [u8]>,
    L::IntoIter: DoubleEndedIterator,
{
    last_value(peer, lines, trusted)
}

/// The host in the nearest proxy's element of the `Forwarded` lines (RFC 7239, section 5.3): the right-most one, as
/// sent, without quotes. `None` when that element names no host or there is no line.
///
/// What cannot be read is an empty value, so that it is refused like a malformed `Host`, and not replaced. The elements
/// before the last are what others said, the visitor among them. Trust is for the caller to look at.
pub fn forwarded_host_parameter<'a, L>(lines: L) -> Option<&'a [u8]>
where
    L: IntoIterator<Item = &'a [u8]>,
    L::IntoIter: DoubleEndedIterator,
{
    const UNREADABLE: &[u8] = b"";
    let Ok(line) = std::str::from_utf8(lines.into_iter().next_back()?) else { return Some(UNREADABLE) };
    let (mut last, mut rest) = ("", Some(line));
    while let Some(text) = rest {
        let Some((element, behind)) = split_unquoted(text, b',') else { return Some(UNREADABLE) };
        if !element.trim().is_empty() {
            last = element;
        }
        rest = behind;
    }
    match parameter(last, "host") {
        Ok(value) => value.map(str::as_bytes),
        Err(Unreadable) => Some(UNREADABLE),
    }
}

/// How a trusted proxy was reached: the right-most value of the `X-Forwarded-Proto` lines. `None` when the header is
/// absent, says anything else, or the peer is not trusted.
pub fn forwarded_proto<'a, L>(peer: Option<IpAddr>, lines: L, trusted: &NetworkSet) -> Option<Scheme>
where
    L: IntoIterator<Item = &'a [u8]>,
    L::IntoIter: DoubleEndedIterator,
{
    let value = last_value(peer, lines, trusted)?;
    if value.eq_ignore_ascii_case(b"https") {
        Some(Scheme::Https)
    } else {
        value.eq_ignore_ascii_case(b"http").then_some(Scheme::Http)
    }
}

fn last_value<'a, L>(peer: Option<IpAddr>, lines: L, trusted: &NetworkSet) -> Option<&'a [u8]>
where
    L: IntoIterator<Item = &'a [u8]>,
    L::IntoIter: DoubleEndedIterator,
{
    trusted.find(peer?)?;
    lines.into_iter().next_back().map(last_of_list)
}

/// The last element of a list in one header line, as the nearest proxy has written it.
pub fn last_of_list(line: &[u8]) -> &[u8] {
    line.rsplit(|byte| *byte == b',').next().unwrap_or(line).trim_ascii()
}

/// The elements of an `X-Forwarded-For` line, the right-most first; `None` stands for one that names no address.
/// Empty elements are left out (RFC 9110, section 5.6.1.2).
pub(super) fn x_forwarded_for(line: &[u8]) -> impl Iterator<Item = Option<IpAddr>> {
    let elements = line.rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    elements.filter(|element| !element.is_empty()).map(|element| node(std::str::from_utf8(element).ok()?, Port::Number))
}

/// The `for` parameters of a `Forwarded` line (RFC 7239), the right-most element first; `None` stands for an element
/// without an address (`for=unknown`, `for=_hidden`, no `for`) and for whatever cannot be read.
pub(super) fn forwarded_for(line: &[u8]) -> impl Iterator<Item = Option<IpAddr>> {
    // Commas may stand in quotes, so a line can only be cut from its left; the last elements are kept.
    let mut kept = [None; MAX_ELEMENTS];
    let mut count = 0_usize;
    let mut rest = std::str::from_utf8(line).ok();
    if rest.is_none() {
        count = 1;
    }
    while let Some(text) = rest {
        let (element, behind) = match split_unquoted(text, b',') {
            Some(split) => split,
            None => {
                // An open quote: where elements begin is unknown, so nothing in the line counts.
                (kept, count) = ([None; MAX_ELEMENTS], 1);
                break;
            }
        };
        if !element.trim().is_empty() {
            kept[count % MAX_ELEMENTS] = for_parameter(element);
            count += 1;
        }
        rest = behind;
    }
    (count.saturating_sub(MAX_ELEMENTS)..count).rev().map(move |index| kept[index % MAX_ELEMENTS])
}

/// Cuts at the first separator outside quotes; `None` when a quote stays open.
fn split_unquoted(text: &str, separator: u8) -> Option<(&str, Option<&str>)> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if byte == separator && !is_quoted => return Some((&text[..at], Some(&text[at + 1..]))),
            _ => {}
        }
    }
    (!is_quoted).then_some((text, None))
}

/// The address in the one `for` parameter of an element.
fn for_parameter(element: &str) -> Option<IpAddr> {
    node(parameter(element, "for").ok()??, Port::NumberOrName)
}

/// An element that is not of the form, or has a parameter twice.
struct Unreadable;

/// The value of a parameter of an element, without its quotes; `None` when the element has none of that name.
fn parameter<'a>(element: &'a str, wanted: &str) -> Result<Option<&'a str>, Unreadable> {
    let mut found = None;
    let mut rest = Some(element);
    while let Some(text) = rest {
        let (pair, behind) = split_unquoted(text, b';').ok_or(Unreadable)?;
        if let Some((name, value)) = pair.split_once('=')
            && name.trim().eq_ignore_ascii_case(wanted)
            && found.replace(value.trim()).is_some()
        {
            return Err(Unreadable);
        }
        rest = behind;
    }
    match found {
        // Neither an address nor a host needs an escape, so one that has any is read as it stands, and refused.
        Some(value) if value.starts_with('"') => {
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).map(Some).ok_or(Unreadable)
        }
        value => Ok(value),
    }
}

/// What may follow the colon behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    /// Up to five digits.
    Number,
    /// Or a hidden one, `_` and a name (RFC 7239, section 6.3).
    NumberOrName,
}

/// Reads an address with what proxies put around it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:4711`, `fe80::1%eth0`. IPv4 that is mapped into IPv6 is the IPv4 address.
fn node(text: &str, port: Port) -> Option<IpAddr> {
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, behind) = rest.split_once(']')?;
        match behind.strip_prefix(':') {
            Some(number) if is_port(number, port) => {}
            None if behind.is_empty() => {}
            _ => return None,
        }
        IpAddr::V6(without_zone(address)?)
    } else if let Some((address, number)) = text.split_once(':').filter(|(_, rest)| !rest.contains(':')) {
        IpAddr::V4(address.parse::<Ipv4Addr>().ok().filter(|_| is_port(number, port))?)
    } else if text.contains(':') {
        IpAddr::V6(without_zone(text)?)
    } else {
        IpAddr::V4(text.parse().ok()?)
    };
    Some(address.to_canonical())
}

fn without_zone(text: &str) -> Option<Ipv6Addr> {
    match text.split_once('%') {
        Some((_, "")) => None,
        Some((address, _zone)) => address.parse().ok(),
        None => text.parse().ok(),
    }
}

fn is_port(text: &str, port: Port) -> bool {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    is_number || (port == Port::NumberOrName && text.strip_prefix('_').is_some_and(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_nearest_proxys_element_names_the_host() {
        for (lines, host) in [
            (&["for=192.0.2.1;host=example.com"][..], Some("example.com")),
            (&["host=\"example.com:8080\";proto=https"], Some("example.com:8080")),
            (&["host=evil.example, for=192.0.2.1;Host=example.com"], Some("example.com")),
            (&["host=evil.example", "host=example.com"], Some("example.com")),
            (&["host=evil.example, for=192.0.2.1"], None),
            (&["host=example.com, "], Some("example.com")),
            (&["for=192.0.2.1"], None),
            (&[""], None),
            (&[], None),
            (&["host=a;host=b"], Some("")),
            (&["host=\"a"], Some("")),
            (&["host="], Some("")),
        ] {
            let found = forwarded_host_parameter(lines.iter().map(|line| line.as_bytes()));
            assert_eq!(found, host.map(str::as_bytes), "{lines:?}");
        }
        assert_eq!(forwarded_host_parameter([&b"host=a\xff"[..]]), Some(&b""[..]));
    }

    fn shown(found: impl Iterator<Item = Option<IpAddr>>) -> Vec<String> {
        found.map(|address| address.map_or("-".to_owned(), |address| address.to_string())).collect()
    }

    #[test]
    fn an_address_is_read_with_what_proxies_put_around_it() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ] {
            assert_eq!(node(text, Port::Number).map(|a| a.to_string()).as_deref(), Some(address), "{text}");
        }
        for text in [
            "",
            "unknown",
            "_hidden",
            "example.com",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:x",
            "192.0.2.1:123456",
            "192.0.2.1:_p",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "[2001:db8::1]:",
            "2001:db8::1]",
            "fe80::1%",
            "192.0.2.1 192.0.2.2",
            "\"192.0.2.1\"",
            "192.0.2.01",
            "0x7f.1",
            "2001:db8:::1",
            "192.0.2.1\0",
        ] {
            assert_eq!(node(text, Port::Number), None, "{text}");
        }
        assert!(node("192.0.2.1:_p", Port::NumberOrName).is_some());
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        let line = b"192.0.2.1, ,garbage,\t10.0.0.2:80 ,\xff, [::1]:1";
        assert_eq!(shown(x_forwarded_for(line)), ["::1", "-", "10.0.0.2", "-", "192.0.2.1"]);
    }

    #[test]
    fn forwarded_is_read_from_the_right() {
        for (line, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", &["192.0.2.60"][..]),
            ("For=\"[2001:db8:cafe::17]:4711\"", &["2001:db8:cafe::17"]),
            ("for=192.0.2.43, for=198.51.100.17;proto=https", &["198.51.100.17", "192.0.2.43"]),
            ("for=\"192.0.2.43:47011\" ; host=\"a,b;for=1.1.1.1\",for=_gazonk", &["-", "192.0.2.43"]),
            ("for=unknown, proto=http, for=1.1.1.1;for=2.2.2.2", &["-", "-", "-"]),
            ("for=1.1.1.1, for=\"2.2.2.2", &["-"]),
            ("for=1.1.1.1,, ,for=2.2.2.2", &["2.2.2.2", "1.1.1.1"]),
            ("for=\"1.1\\.1.1\"", &["-"]),
            ("garbage", &["-"]),
            ("", &[]),
        ] {
            assert_eq!(shown(forwarded_for(line.as_bytes())), expected, "{line}");
        }
        assert_eq!(shown(forwarded_for(b"for=1.1.1.1, for=\xff")), ["-"]);
        let many = vec!["for=1.1.1.1"; 500].join(",");
        assert_eq!(forwarded_for(many.as_bytes()).count(), MAX_ELEMENTS);
    }

    #[test]
    fn host_and_proto_are_believed_from_a_trusted_peer_alone() {
        let trusted = NetworkSet::parse_list("10.0.0.0/8").unwrap();
        let (proxy, stranger) = ("::ffff:10.0.0.2".parse().ok(), "203.0.113.9".parse().ok());
        let hosts = || [&b"evil.example"[..], b"other.example, forum.example.com "];
        assert_eq!(forwarded_host(proxy, hosts(), &trusted), Some(&b"forum.example.com"[..]));
        assert_eq!(forwarded_host(stranger, hosts(), &trusted), None);
        assert_eq!(forwarded_host(None, hosts(), &trusted), None);
        assert_eq!(forwarded_host(proxy, [], &trusted), None);
        assert_eq!(forwarded_host(proxy, [&b""[..]], &trusted), Some(&b""[..]));
        for (value, scheme) in [
            (&b"https"[..], Some(Scheme::Https)),
            (b"HTTP", Some(Scheme::Http)),
            (b"http, https", Some(Scheme::Https)),
            (b"ftp", None),
            (b"https,", None),
        ] {
            assert_eq!(forwarded_proto(proxy, [value], &trusted), scheme);
            assert_eq!(forwarded_proto(stranger, [value], &trusted), None);
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(line in any::<Vec<u8>>(), text in "[for=\"\\\\,;:.%_\\[\\]0-9a-f ]{0,40}") {
            for line in [line.as_slice(), text.as_bytes()] {
                x_forwarded_for(line).count();
                forwarded_for(line).count();
            }
        }

        #[test]
        fn an_address_is_read_back_as_it_was_written(address in any::<IpAddr>(), port in any::<u16>()) {
            let written = match address {
                IpAddr::V4(address) => format!("{address}:{port}"),
                IpAddr::V6(address) => format!("[{address}]:{port}"),
            };
            let expected = [Some(address.to_canonical())];
            prop_assert_eq!(x_forwarded_for(address.to_string().as_bytes()).collect::<Vec<_>>(), expected);
            prop_assert_eq!(x_forwarded_for(written.as_bytes()).collect::<Vec<_>>(), expected);
            let line = format!("proto=https;for=\"{written}\"");
            prop_assert_eq!(forwarded_for(line.as_bytes()).collect::<Vec<_>>(), expected);
        }
    }
}
