//! What a configuration is filled with: each value in a form that means the same in every dialect.
//!
//! Nothing is escaped here. Six dialects quote in six ways, so a value that would need quoting is refused in words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::Serialize;

use crate::site::Domain;

/// A value that no configuration can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not `http://HOST[:PORT]`.
    #[error("it is an address such as http://127.0.0.1:8000: http, a host, a port, and nothing after them")]
    Origin,
    /// Not `[ADDRESS:]PORT`.
    #[error("it is a port such as 80, or an address with a port, such as 127.0.0.1:8000 or [::1]:8000")]
    Listen,
    /// A path that does not begin with a slash, or ends with one.
    #[error("it is the whole path of a file, beginning with `/`")]
    Relative,
    /// A path that leaves its folder.
    #[error("it must not hold `.` or `..` as a part, nor two slashes in a row")]
    Dots,
    /// A path with a character that some dialect gives a meaning of its own.
    #[error("it must not hold {0:?}, which has a meaning of its own in configurations of web servers")]
    Character(char),
}

/// Where a program listens for HTTP, as `http://127.0.0.1:8000`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Name or address; an IPv6 address in brackets.
    pub host: String,
    /// 80 when none was given.
    pub port: u16,
}

impl Origin {
    /// A program on this machine that listens at an address.
    pub fn on_this_machine(address: SocketAddr) -> Self {
        let host = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) if ip.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self { host, port: address.port() }
    }
}

impl FromStr for Origin {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let rest = text.trim().strip_prefix("http://").ok_or(ValueError::Origin)?;
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest)).ok_or(ValueError::Origin)?;
        let port = match port {
            Some(port) => port_of(port).ok_or(ValueError::Origin)?,
            None => 80,
        };
        Ok(Self { host: checked_host(host).ok_or(ValueError::Origin)?, port })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

/// Where the web server listens: a port, of one address or of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listen {
    /// An address, IPv6 in brackets; all when there is none.
    pub address: Option<String>,
    /// 1 to 65535.
    pub port: u16,
}

impl FromStr for Listen {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        if let Some(port) = port_of(text) {
            return Ok(Self { address: None, port });
        }
        let (host, port) = host_and_port(text).ok_or(ValueError::Listen)?;
        let address: IpAddr = host.trim_matches(['[', ']']).parse().map_err(|_| ValueError::Listen)?;
        let port = port.and_then(port_of).ok_or(ValueError::Listen)?;
        let address = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        Ok(Self { address: Some(address), port })
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{address}:{}", self.port),
            None => self.port.fmt(f),
        }
    }
}

/// Parts `host:port`; a colon inside brackets belongs to the address.
fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    let after = text.rfind(']').map_or(0, |end| end + 1);
    match text[after..].find(':') {
        Some(colon) => Some((&text[..after + colon], Some(&text[after + colon + 1..]))),
        None if after == text.len() || after == 0 => Some((text, None)),
        None => None,
    }
}

fn port_of(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

/// A host in the form that configurations take: an address, or a name in ASCII.
fn checked_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address: IpAddr = inner.strip_suffix(']')?.parse().ok()?;
        return address.is_ipv6().then(|| format!("[{address}]"));
    }
    Some(Domain::parse(host).ok()?.to_string())
}

/// The whole path of a file on the web server's machine: begins with `/`, has no dot segments.
///
/// Letters of any script, digits, blanks and `-._/@:+=~` may stand in it. Quotes, backslashes, `$`, `%`, `{`, `#`, `;`
/// and the like are refused: one dialect or another reads them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigPath {
    /// All of it.
    path: String,
    /// Folder, without a slash at the end.
    folder: String,
    /// Last part.
    name: String,
}

impl ConfigPath {
    /// All of it, as text.
    pub fn as_str(&self) -> &str {
        &self.path
    }
}

impl FromStr for ConfigPath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (folder, name) = text.rsplit_once('/').ok_or(ValueError::Relative)?;
        if !text.starts_with('/') || name.is_empty() || folder.is_empty() {
            return Err(ValueError::Relative);
        }
        if text[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(ValueError::Dots);
        }
        let is_plain = |c: char| c.is_alphanumeric() || " -._/@:+=~".contains(c);
        match text.chars().find(|c| !is_plain(*c)) {
            Some(c) => Err(ValueError::Character(c)),
            None => Ok(Self { path: text.to_owned(), folder: folder.to_owned(), name: name.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_http_with_a_host_and_a_port_and_nothing_else() {
        for (text, host, port) in [
            ("http://127.0.0.1:8000", "127.0.0.1", 8000),
            ("http://127.0.0.1:8000/", "127.0.0.1", 8000),
            ("http://App", "app", 80),
            ("http://app.internal:81", "app.internal", 81),
            ("http://[::1]:8000", "[::1]", 8000),
        ] {
            assert_eq!(text.parse(), Ok(Origin { host: host.to_owned(), port }), "{text}");
        }
        for text in [
            "",
            "127.0.0.1:8000",
            "https://127.0.0.1",
            "http://",
            "http://:80",
            "http://a:0",
            "http://a:99999",
            "http://a:+1",
            "http://a/b",
            "http://a;b",
            "http://a b",
            "http://a:1:2",
            "http://[::1",
            "http://[::1]x",
            "http://user@a",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(ValueError::Origin), "{text}");
        }
    }

    #[test]
    fn a_place_to_listen_is_a_port_with_or_without_an_address() {
        let listen = |address: Option<&str>, port| Ok(Listen { address: address.map(str::to_owned), port });
        assert_eq!("80".parse(), listen(None, 80));
        assert_eq!("127.0.0.1:8000".parse(), listen(Some("127.0.0.1"), 8000));
        assert_eq!("[::1]:8000".parse(), listen(Some("[::1]"), 8000));
        for text in ["", "0", "x", "80;", "localhost:80", "127.0.0.1", "1.2.3.4:0", ":80", "[::1]80"] {
            assert_eq!(text.parse::<Listen>(), Err(ValueError::Listen), "{text}");
        }
    }

    #[test]
    fn a_path_is_whole_and_holds_nothing_that_a_dialect_reads() {
        let path: ConfigPath = "/var/lib/main tenance/büro/on".parse().unwrap();
        assert_eq!((path.folder.as_str(), path.name.as_str()), ("/var/lib/main tenance/büro", "on"));
        for text in ["", "on", "/", "/on", "/var/lib/", "var/on"] {
            assert_eq!(text.parse::<ConfigPath>(), Err(ValueError::Relative), "{text}");
        }
        for text in ["/var/../on", "/var/./on", "/var//on"] {
            assert_eq!(text.parse::<ConfigPath>(), Err(ValueError::Dots), "{text}");
        }
        for c in
            ['"', '\'', '\\', '$', '%', '{', '}', '#', ';', '\n', '\0', '(', '*', '?', '|', '&', '<', '`', '!', '^']
        {
            assert_eq!(format!("/var/a{c}b/on").parse::<ConfigPath>(), Err(ValueError::Character(c)));
        }
    }
}
