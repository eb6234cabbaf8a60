//! Sending visitors elsewhere instead of showing the page, without loops.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;
use jiff::Timestamp;

use crate::response::{Held, common_headers, retry_after_value};

/// Sends visitors elsewhere (302) instead of showing the page.
#[derive(Debug, Clone)]
pub struct Redirect {
    target: HeaderValue,
    host: Option<String>,
    path: String,
}

impl Redirect {
    /// Reads a target: an absolute http or https address, or a path that begins with one `/`. `None` for anything
    /// else, and for what cannot stand in a header.
    pub fn parse(target: &str) -> Option<Self> {
        let is_clean = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let (host, path) = match target.split_once("://") {
            _ if !is_clean => return None,
            _ if target.starts_with('/') => (None, target),
            Some((scheme, rest)) if ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
                let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                (Some(without_port(authority)?.to_ascii_lowercase()), path)
            }
            _ => return None,
        };
        if target.starts_with("//") {
            return None;
        }
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        Some(Self { target: HeaderValue::from_str(target).ok()?, host, path })
    }

    /// The host it leads to, in lower case without port; `None` for a path on the site itself.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Whether it would lead this request back to itself: same path, and the same host or none of its own.
    /// Such a request gets the page. `host` in lower case, without port; `path` without query.
    pub fn leads_to(&self, host: &str, path: &str) -> bool {
        self.host.as_deref().is_none_or(|own| own == host) && self.path == path
    }

    /// The redirect as it is sent now.
    pub fn held(&self, end_ahead: Option<Timestamp>, retry_after: u64) -> Held {
        let mut headers = common_headers(end_ahead);
        headers.insert(header::RETRY_AFTER, retry_after_value(retry_after));
        headers.insert(header::LOCATION, self.target.clone());
        Held { status: StatusCode::FOUND, headers, body: Bytes::new() }
    }
}

/// The host of `host:port` or `[v6]:port`; `None` when there is none, or a user name in front.
fn without_port(authority: &str) -> Option<&str> {
    let end = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let host = &authority[..end];
    (!host.is_empty() && !authority.contains('@')).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_says_the_same_and_never_leads_to_itself() {
        let redirect = Redirect::parse("https://Status.Example.com:8443/down?x=1").unwrap();
        assert_eq!(redirect.host(), Some("status.example.com"));
        assert!(redirect.leads_to("status.example.com", "/down"));
        assert!(!redirect.leads_to("www.example.com", "/down"));
        assert!(!redirect.leads_to("status.example.com", "/"));
        let own = Redirect::parse("/down/#top").unwrap();
        assert!(own.leads_to("any.example.com", "/down/"));
        assert!(Redirect::parse("http://[::1]:80").unwrap().leads_to("[::1]", "/"));

        let held = redirect.held(None, 120);
        assert_eq!(held.status, 302);
        assert_eq!(held.headers.get("location").unwrap(), "https://Status.Example.com:8443/down?x=1");
        assert_eq!(held.headers.get("retry-after").unwrap(), "120");
        assert_eq!(held.headers.get("cache-control").unwrap(), "no-store");
        assert_eq!(held.headers.get("x-maintenance").unwrap(), "planned");
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for target in [
            "",
            "down",
            "//example.com",
            "javascript:alert(1)",
            "ftp://a/",
            "https://",
            "https://u@a/",
            "/a\r\nb",
            "/\\a",
            "/ä",
        ] {
            assert!(Redirect::parse(target).is_none(), "{target:?}");
        }
    }
}
