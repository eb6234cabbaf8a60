//! Where visitors are sent instead of the page, without loops.

use std::fmt;

use actix_web::http::header::HeaderValue;

use crate::site::{HostError, request_host};

/// Most bytes of an address.
const MAX_BYTES: usize = 500;

/// Where visitors are sent (302) instead of the page: an absolute http or https address, or a path on the same site.
#[derive(Debug, Clone)]
pub struct Redirect {
    location: HeaderValue,
    host: Option<String>,
    path: String,
}

/// Why a text is no address to redirect to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// Another scheme, a relative path, or characters that cannot stand in an address.
    #[error("the address to redirect to begins with http://, https:// or a single /, and has no spaces")]
    Form,
    /// A user name, which browsers would warn of or drop.
    #[error("the address to redirect to has no user name in front of its host")]
    User,
    /// No host that a request could name.
    #[error("the address to redirect to names no host: {0}")]
    Host(#[from] HostError),
    /// Longer than 500 bytes.
    #[error("the address to redirect to has at most {MAX_BYTES} characters")]
    TooLong,
}

impl Redirect {
    /// Reads an address; blanks around it do not count.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') || text.starts_with("//") {
            return Err(RedirectError::Form);
        }
        let (host, path) = match text.split_once("://") {
            _ if text.starts_with('/') => (None, text),
            Some((scheme, rest)) if ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
                let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                (Some(host(authority)?), path)
            }
            _ => return Err(RedirectError::Form),
        };
        if text.len() > MAX_BYTES {
            return Err(RedirectError::TooLong);
        }
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        Ok(Self { location: HeaderValue::from_str(text).map_err(|_| RedirectError::Form)?, host, path })
    }

    /// The address as text, when it is one: what is stored.
    ///
    /// # Errors
    /// As [`Redirect::parse`].
    pub fn checked(text: &str) -> Result<String, RedirectError> {
        Self::parse(text).map(|redirect| redirect.to_string())
    }

    /// The value of the `Location` header.
    pub fn location(&self) -> &HeaderValue {
        &self.location
    }

    /// The host it leads to, in the spelling of [`request_host`]; `None` for a path on the site itself.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Whether it would lead this request back to itself: same path, and the same host or none of its own.
    /// Such a request gets the page. `host` in the spelling of [`request_host`]; `path` without query.
    pub fn leads_to(&self, host: &str, path: &str) -> bool {
        self.host.as_deref().is_none_or(|own| own == host) && self.path == path
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.location.to_str().unwrap_or_default())
    }
}

/// The host of an address, spelt as that of a request is: else one could not be told from the other.
fn host(authority: &str) -> Result<String, RedirectError> {
    if authority.contains('@') {
        return Err(RedirectError::User);
    }
    Ok(request_host(authority)?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_leads_to_itself_however_its_host_is_written() {
        for text in ["https://Status.Example.com:8443/down?x=1", "https://status.example.com./down"] {
            let redirect = Redirect::parse(text).unwrap();
            assert_eq!(
                (redirect.host(), redirect.location().as_bytes()),
                (Some("status.example.com"), text.as_bytes())
            );
            assert!(redirect.leads_to("status.example.com", "/down"));
            assert!(!redirect.leads_to("www.example.com", "/down"));
            assert!(!redirect.leads_to("status.example.com", "/"));
        }
        let own = Redirect::parse("/down/#top").unwrap();
        assert!(own.leads_to("any.example.com", "/down/"));
        assert!(Redirect::parse("http://[::1]:80").unwrap().leads_to("[::1]", "/"));
    }

    #[test]
    fn it_is_an_address_or_a_path_and_nothing_else() {
        for text in ["https://status.example.com/x?y", "http://[::1]/", "/down.html", "HTTPS://a.example"] {
            assert_eq!(Redirect::checked(&format!(" {text} ")).unwrap(), text);
        }
        for (text, why) in [
            ("", "begins with"),
            ("down.html", "begins with"),
            ("//example.com", "begins with"),
            ("javascript:alert(1)", "begins with"),
            ("ftp://a/", "begins with"),
            ("/a\r\nb", "begins with"),
            ("/a b", "begins with"),
            ("/\\a", "begins with"),
            ("/ä", "begins with"),
            ("https://", "names no host: the host is empty"),
            ("https://[", "names no host: "),
            ("https://a:b/", "names no host: the port"),
            ("https://u@a/", "no user name"),
            (&format!("/{}", "a".repeat(MAX_BYTES)), "at most 500"),
        ] {
            let error = Redirect::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
