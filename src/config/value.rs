//! How each setting is read from text, and the words that say what would be right.
//!
//! The errors hold neither the name of the setting nor the value: [`super::wrong_value`] adds both, the value only
//! when it may be shown.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::flagfile::{FlagPath, FlagPathError};
use crate::network::NetworkSet;
use crate::pattern::{IgnoredPattern, PatternKind};
use crate::rules::{BUILT_IN_PATHS, CHECK_PATH};
use crate::site::{self, Domain, SiteId};
use crate::storage::{DatabaseUrl, StoreError};
use crate::wording;

/// Where the last known state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorSetting {
    /// Nowhere.
    None,
    /// In this file.
    File(PathBuf),
}

/// A value that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Patterns of `MAINTENANCE_ADMIN_IGNORED_URLS`, each checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoredUrls(pub Vec<IgnoredPattern>);

pub(super) fn database_url(url: &str) -> Result<DatabaseUrl, String> {
    DatabaseUrl::parse(url).map_err(|error| match error {
        // Without its password, which the text as typed may hold.
        StoreError::Url { url, reason } if !url.is_empty() => format!("`{url}`: {reason}"),
        StoreError::Url { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// Reads the value of `SITE_ID`.
///
/// # Errors
/// A sentence that says what would be right.
pub fn site_id(text: &str) -> Result<SiteId, String> {
    match text.trim().parse() {
        Ok(id) if id > 0 => Ok(SiteId(id)),
        _ => Err("it is the number of a site, as `maintenance site list` shows it".to_owned()),
    }
}

pub(super) fn networks(text: &str) -> Result<NetworkSet, String> {
    NetworkSet::parse_list(text).map_err(|error| error.to_string())
}

pub(super) fn ignored_urls(text: &str) -> Result<IgnoredUrls, String> {
    let mut rows = Vec::new();
    for pattern in text.split_whitespace() {
        let description = "MAINTENANCE_ADMIN_IGNORED_URLS".to_owned();
        let row = IgnoredPattern { kind: PatternKind::Regex, pattern: pattern.to_owned(), description };
        row.check().map_err(|error| format!("`{pattern}`: {error}"))?;
        rows.push(row);
    }
    Ok(IgnoredUrls(rows))
}

/// Reads the path of the panel: whole segments, with one slash at each end. It holds no built-in path, such as
/// `/maintenance/status.json`, and lies below none.
///
/// # Errors
/// A sentence that says what would be right.
pub fn admin_url(text: &str) -> Result<String, String> {
    let inner = text.trim().trim_matches('/');
    let is_segment = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    if !inner.split('/').all(is_segment) {
        return Err(
            "it is a path such as /admin/, of letters, digits, `-`, `.`, `_` and `~`; it cannot be the root".to_owned()
        );
    }
    let path = format!("/{inner}/");
    let is_hidden = |own: &&str| path.starts_with(&format!("{own}/")) || format!("{own}/").starts_with(&path);
    match BUILT_IN_PATHS.into_iter().chain([CHECK_PATH]).find(is_hidden) {
        Some(own) => {
            Err(format!("{own} is a built-in address, so that the panel cannot be at {path}; take another path"))
        }
        None => Ok(path),
    }
}

/// A name that needs no quoting and that no browser takes for a promise, which prefixes with `__` are.
pub(super) fn cookie_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let is_ours = name.starts_with("maintenance_");
    if (1..=64).contains(&name.len()) && is_plain && !name.starts_with("__") && !is_ours {
        Ok(name.to_owned())
    } else {
        Err("it is a name of 1 to 64 letters, digits, `-` and `_`, which begins neither with `__` nor with \
             `maintenance_`"
            .to_owned())
    }
}

pub(super) fn language_code(text: &str) -> Result<String, String> {
    wording::of(text.trim()).map(|words| words.tag.clone()).ok_or_else(|| {
        let known: Vec<&str> = wording::all().iter().map(|words| words.tag.as_str()).collect();
        format!("it is one of the built-in languages: {}", known.join(", "))
    })
}

pub(super) fn time_zone(text: &str) -> Result<String, site::TimeZoneError> {
    site::time_zone(text.trim()).map(|_| text.trim().to_owned())
}

/// Reads an address to listen on: `127.0.0.1:8080`, `localhost:8080`, `:8080` for all of IPv4, `[::1]:8080`.
///
/// # Errors
/// A sentence that says what would be right.
pub fn bind(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let with_host = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    with_host
        .replace("localhost:", "127.0.0.1:")
        .parse()
        .map_err(|_| "it is an address with a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080".to_owned())
}

pub(super) fn mirror(text: &str) -> Result<MirrorSetting, String> {
    match text.trim() {
        "" => Err("it is the name of a file, or none".to_owned()),
        "none" => Ok(MirrorSetting::None),
        path => Ok(MirrorSetting::File(PathBuf::from(path))),
    }
}

pub(super) fn flag_path(text: &str) -> Result<FlagPath, FlagPathError> {
    FlagPath::parse(text.trim())
}

pub(super) fn secret_key(text: &str) -> Result<Secret, String> {
    if text.chars().count() < 32 {
        return Err("it must have at least 32 characters".to_owned());
    }
    Ok(Secret(text.to_owned()))
}

/// A token that can stand in a header by itself (`b64token` of RFC 6750, section 2.1, and what else is printable).
pub(super) fn metrics_token(text: &str) -> Result<Secret, String> {
    if text.len() < 16 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it must have at least 16 characters: letters, digits and signs of ASCII, no spaces".to_owned());
    }
    Ok(Secret(text.to_owned()))
}

/// The words that Django projects and shells use.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" | "" => Ok(false),
        _ => Err("it is true or false".to_owned()),
    }
}

pub(super) fn public_origin(text: &str) -> Result<String, String> {
    let origin = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(origin),
        _ => Err("it is a scheme with a host, such as https://admin.example.com, without a path".to_owned()),
    }
}

/// Second-level names under which countries let others register: `example.co.uk` is of one owner, `co.uk` of all.
const SHARED_NAMES: [&str; 7] = ["ac", "co", "com", "edu", "gov", "net", "org"];

/// A domain that cookies may be set for, with a dot in front or not, as Django takes it.
///
/// Browsers know all domains that are shared by strangers and refuse cookies for them; here those are refused that
/// somebody is likely to type.
pub(super) fn cookie_domain(text: &str) -> Result<Domain, String> {
    let text = text.trim();
    let domain = Domain::parse(text.strip_prefix('.').unwrap_or(text)).map_err(|error| error.to_string())?;
    if domain.is_ip() {
        return Err("an address has no hosts below it: it is a domain, such as example.com".to_owned());
    }
    let is_shared = match domain.as_str().split('.').collect::<Vec<_>>()[..] {
        [_] => true,
        [name, country] => country.len() == 2 && SHARED_NAMES.contains(&name),
        _ => false,
    };
    match is_shared {
        true => Err("that belongs to many owners, so no browser takes a cookie for it: it is a domain of your own, \
                     such as example.com"
            .to_owned()),
        false => Ok(domain),
    }
}

pub(super) fn server_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it has 1 to 64 characters and no spaces".to_owned());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_path_is_whole_segments_with_a_slash_at_each_end() {
        for (text, path) in [("/admin/", "/admin/"), ("admin", "/admin/"), ("/a/b", "/a/b/")] {
            assert_eq!(admin_url(text).unwrap(), path);
        }
        for text in ["", "/", "//", "/a//b", "/a b/", "/../", "/a%2fb/"] {
            assert!(admin_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_panel_hides_no_built_in_address() {
        for (text, hidden) in [
            ("/maintenance/", "/maintenance/status.json"),
            ("maintenance/check", "/maintenance/check"),
            ("/maintenance/check/panel/", "/maintenance/check"),
            ("/maintenance/notice.js/", "/maintenance/notice.js"),
            ("/healthz", "/healthz"),
            ("/metrics/panel/", "/metrics"),
        ] {
            let error = admin_url(text).unwrap_err();
            assert!(error.starts_with(&format!("{hidden} is a built-in address")), "{text}: {error}");
        }
        for text in ["/maintenance/admin/", "/maintenance-admin/", "/health/"] {
            assert!(admin_url(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", secret_key(&"s".repeat(32)).unwrap()), "[redacted]");
        assert!(secret_key("short").is_err());
    }

    #[test]
    fn a_token_is_long_enough_and_fits_into_a_header() {
        assert_eq!(metrics_token("s3cret-s3cret-16").unwrap().expose(), "s3cret-s3cret-16");
        for text in
            ["", "fifteen-letters", "sixteen letters with spaces", "sixteen-letters-\u{fc}", "sixteen-letters\n-"]
        {
            assert!(metrics_token(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_a_domain_of_ones_own() {
        for (text, domain) in [
            ("example.com", "example.com"),
            (".Example.com", "example.com"),
            ("example.co.uk", "example.co.uk"),
            ("shops.example.com.", "shops.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(cookie_domain(text).unwrap().as_str(), domain);
        }
        for text in [
            "",
            ".",
            "com",
            "localhost",
            "co.uk",
            "com.au",
            "192.0.2.7",
            "[::1]",
            "https://example.com",
            "example.com:8080",
            "*.example.com",
            "a b",
            "example.com/",
            "..example.com",
            "example.com; Path=/x",
        ] {
            assert!(cookie_domain(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_has_a_scheme_and_a_host_only() {
        assert_eq!(public_origin("https://Admin.example.com/").unwrap(), "https://admin.example.com");
        for text in ["admin.example.com", "https://", "https://a/b", "ftp://a"] {
            assert!(public_origin(text).is_err(), "{text}");
        }
    }
}
