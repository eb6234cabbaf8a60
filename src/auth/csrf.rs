//! Proof that a change was asked for by a page of ours: where the request comes from, and a token of the form.
//!
//! Every unsafe method needs both. Where from: `Sec-Fetch-Site: same-origin` or `none`, which no page can forge, or,
//! from browsers and addresses without it (plain HTTP), an `Origin` equal to our own. The token is an HMAC of a
//! secret of the session; for people who are not signed in, of a random cookie that scripts and other sites do not
//! reach.

use std::borrow::Cow;

use actix_session::Session;
use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};

use super::cookie::{self, CookieNames};
use super::key::{Keys, PurposeKey, is_hex, is_same, random_hex};
use super::session;

/// Name of the form field that carries the token.
pub const CSRF_FIELD: &str = "csrf";

/// See the Fetch Metadata specification, section 2.4.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Makes and checks tokens. Cheap to clone.
#[derive(Clone)]
pub struct Csrf {
    key: PurposeKey,
    name: &'static str,
    is_secure: bool,
    public_origin: Option<String>,
}

/// What a form is tied to.
#[derive(Clone, PartialEq, Eq)]
pub enum Binding {
    /// The session of somebody who is signed in: its secret.
    Session(String),
    /// The browser of somebody who is not: the value of its cookie.
    Browser(String),
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfError {
    /// The browser says that another site sent it.
    #[error("the request comes from another site")]
    OtherSite,
    /// The `Origin` is not the one under which this server sees itself.
    #[error(
        "the request comes from {sent}, but this panel is {own}; behind a proxy set TRUSTED_PROXIES or PUBLIC_ORIGIN"
    )]
    OtherOrigin {
        /// As sent, cut to 200 characters.
        sent: String,
        /// Scheme and host as this server sees them.
        own: String,
    },
    /// Neither header is there, or one of them twice.
    #[error("the request does not say where it comes from")]
    NoOrigin,
    /// The form has no token, or one of another session.
    #[error("the form has expired")]
    WrongToken,
}

/// Where a request comes from, by its own words, and where it went.
#[derive(Debug, Clone, Copy)]
pub struct Source<'r> {
    /// `Sec-Fetch-Site`; `None` when absent.
    pub fetch_site: Option<&'r str>,
    /// `Origin`; `None` when absent.
    pub origin: Option<&'r str>,
    /// Our own origin, as the browser knows it: `https://panel.example.com`.
    pub own: &'r str,
}

impl Csrf {
    /// Tokens from a key that all servers share. `public_origin` (`PUBLIC_ORIGIN`) wins over what a request says of
    /// our scheme and host.
    pub fn new(keys: &Keys, is_secure: bool, public_origin: Option<String>) -> Self {
        Self {
            key: PurposeKey::new(keys, "form token"),
            name: CookieNames::new(is_secure).csrf,
            is_secure,
            public_origin,
        }
    }

    /// What the forms of this session are tied to; `None` for somebody who is not signed in.
    pub fn session(&self, session: &Session) -> Option<Binding> {
        session::csrf_secret_of(session).map(Binding::Session)
    }

    /// What the forms of this browser are tied to, for log-in and set-up: its cookie. A browser without one is given
    /// one: the second value, to be set on the answer.
    pub fn browser(&self, headers: &HeaderMap) -> (Binding, Option<Cookie<'static>>) {
        match self.sent_cookie(headers) {
            Some(value) => (Binding::Browser(value.to_owned()), None),
            None => {
                let value = random_hex::<32>();
                let cookie = cookie::ours(self.name, value.clone(), self.is_secure);
                (Binding::Browser(value), Some(cookie))
            }
        }
    }

    /// As [`Csrf::browser`] for a form that comes back: `None` when the browser sent no cookie of ours.
    pub fn sent_browser(&self, headers: &HeaderMap) -> Option<Binding> {
        self.sent_cookie(headers).map(|value| Binding::Browser(value.to_owned()))
    }

    fn sent_cookie<'r>(&self, headers: &'r HeaderMap) -> Option<&'r str> {
        cookie::value(headers, self.name).filter(|value| is_hex::<32>(value))
    }

    /// The token for the forms of a page: 64 hexadecimal digits.
    pub fn token(&self, binding: &Binding) -> String {
        match binding {
            Binding::Session(secret) => self.key.mac_hex(&["session", secret]),
            Binding::Browser(value) => self.key.mac_hex(&["browser", value]),
        }
    }

    /// Whether a request may change something. `scheme` and `host` (with its port) are our own as the browser sees
    /// them: forwarded ones only from a trusted proxy. `token` is the form field.
    ///
    /// # Errors
    /// [`CsrfError`]; safe methods never fail, as they change nothing.
    pub fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        (scheme, host): (&str, &str),
        binding: Option<&Binding>,
        token: Option<&str>,
    ) -> Result<(), CsrfError> {
        if is_safe(method) {
            return Ok(());
        }
        let own = match &self.public_origin {
            Some(origin) => Cow::Borrowed(origin.as_str()),
            None => Cow::Owned(format!("{scheme}://{host}")),
        };
        let source = Source {
            fetch_site: single(headers, SEC_FETCH_SITE)?,
            origin: single(headers, header::ORIGIN)?,
            own: &own,
        };
        check_source(source)?;
        let is_ours = binding.zip(token).is_some_and(|(binding, token)| is_same(token, &self.token(binding)));
        if is_ours { Ok(()) } else { Err(CsrfError::WrongToken) }
    }
}

/// Methods that change nothing (RFC 9110, section 9.2.1).
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Whether a request comes from a page of ours, or from the user's own doing.
///
/// # Errors
/// [`CsrfError`], but for [`CsrfError::WrongToken`].
pub fn check_source(source: Source<'_>) -> Result<(), CsrfError> {
    match (source.fetch_site, source.origin) {
        (Some("same-origin" | "none"), _) => Ok(()),
        (Some(_), _) => Err(CsrfError::OtherSite),
        (None, Some(origin)) if is_same_origin(origin, source.own) => Ok(()),
        (None, Some(origin)) => {
            let sent = origin.chars().filter(|c| !c.is_control()).take(200).collect();
            Err(CsrfError::OtherOrigin { sent, own: source.own.to_owned() })
        }
        (None, None) => Err(CsrfError::NoOrigin),
    }
}

/// Whether two origins are one: without regard to case and to the port that a scheme has anyhow.
fn is_same_origin(a: &str, b: &str) -> bool {
    match (parts(a), parts(b)) {
        (Some((scheme_a, host_a)), Some((scheme_b, host_b))) => {
            scheme_a.eq_ignore_ascii_case(scheme_b) && host_a.eq_ignore_ascii_case(host_b)
        }
        _ => false,
    }
}

/// Scheme and host of an origin, the host with its port unless that is the scheme's own.
fn parts(origin: &str) -> Option<(&str, &str)> {
    let (scheme, host) = origin.split_once("://")?;
    let own_port = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => ":443",
        _ if scheme.eq_ignore_ascii_case("http") => ":80",
        _ => return None,
    };
    let host = host.strip_suffix(own_port).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains(['/', '?', '#', '@', '\\', ' ', ',']);
    is_host.then_some((scheme, host))
}

/// The one value of a header; two lines of it are no proof of anything.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, CsrfError> {
    let mut lines = headers.get_all(name);
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => line.to_str().map(Some).or(Err(CsrfError::NoOrigin)),
        (Some(_), Some(_)) => Err(CsrfError::NoOrigin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::keys;
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    fn csrf() -> Csrf {
        Csrf::new(&keys(), false, None)
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_our_own_pages_and_the_user_are_a_good_source() {
        let own = "http://panel.example:8080";
        for (fetch_site, origin, is_good) in [
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("same-origin"), Some("https://panel.example"), true),
            (Some("same-site"), Some(own), false),
            (Some("cross-site"), Some(own), false),
            (Some(""), Some(own), false),
            (Some("Same-Origin"), None, false),
            (Some("same-origin, cross-site"), None, false),
            (None, Some(own), true),
            (None, Some("HTTP://Panel.Example:8080"), true),
            (None, Some("https://panel.example:8080"), false),
            (None, Some("http://panel.example"), false),
            (None, Some("http://panel.example:80800"), false),
            (None, Some("http://evil.panel.example:8080"), false),
            (None, Some("http://panel.example:8080.evil.example"), false),
            (None, Some("http://panel.example:8080/"), false),
            (None, Some("http://x@panel.example:8080"), false),
            (None, Some("null"), false),
            (None, Some(""), false),
            (None, None, false),
        ] {
            let checked = check_source(Source { fetch_site, origin, own });
            assert_eq!(checked.is_ok(), is_good, "{fetch_site:?} {origin:?}: {checked:?}");
        }
    }

    #[test]
    fn the_port_of_the_scheme_may_be_written_or_left_out() {
        for (a, b, is_same) in [
            ("https://a.example", "https://a.example:443", true),
            ("http://a.example:80", "http://a.example", true),
            ("https://a.example", "https://a.example:80", false),
            ("http://[::1]:80", "http://[::1]", true),
            ("http://a.example", "https://a.example", false),
            ("ftp://a.example", "ftp://a.example", false),
            ("https://", "https://", false),
        ] {
            assert_eq!(is_same_origin(a, b), is_same, "{a} {b}");
        }
    }

    #[test]
    fn an_unsafe_method_needs_source_and_token() {
        let csrf = csrf();
        let binding = Binding::Session("secret".to_owned());
        let token = csrf.token(&binding);
        let own = ("http", "panel.example");
        let good = headers(&[("origin", "http://panel.example")]);
        let bare = headers(&[]);
        let check = |method: &Method, headers: &HeaderMap, token: Option<&str>| {
            csrf.check(method, headers, own, Some(&binding), token)
        };
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::from_bytes(b"BREW").unwrap()] {
            assert_eq!(check(&method, &good, Some(&token)), Ok(()));
            assert_eq!(check(&method, &bare, Some(&token)), Err(CsrfError::NoOrigin));
            assert_eq!(check(&method, &good, None), Err(CsrfError::WrongToken));
            assert_eq!(check(&method, &good, Some("")), Err(CsrfError::WrongToken));
            assert_eq!(csrf.check(&method, &good, own, None, Some(&token)), Err(CsrfError::WrongToken));
        }
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(check(&method, &bare, None), Ok(()));
        }
        let twice = headers(&[("origin", "http://panel.example"), ("origin", "http://evil.example")]);
        assert_eq!(check(&Method::POST, &twice, Some(&token)), Err(CsrfError::NoOrigin));
        let twice = headers(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]);
        assert_eq!(check(&Method::POST, &twice, Some(&token)), Err(CsrfError::NoOrigin));
    }

    #[test]
    fn the_public_origin_wins_over_what_the_request_says() {
        let csrf = Csrf::new(&keys(), true, Some("https://panel.example".to_owned()));
        let binding = Binding::Session("secret".to_owned());
        let token = csrf.token(&binding);
        let check = |origin: &str| {
            let headers = headers(&[("origin", origin)]);
            csrf.check(&Method::POST, &headers, ("http", "10.0.0.2:8080"), Some(&binding), Some(&token))
        };
        assert_eq!(check("https://panel.example"), Ok(()));
        let error = check("http://10.0.0.2:8080").unwrap_err();
        assert!(error.to_string().contains("PUBLIC_ORIGIN"), "{error}");
    }

    #[test]
    fn a_visitor_s_form_is_tied_to_the_browser() {
        let csrf = Csrf::new(&keys(), true, None);
        let (binding, cookie) = csrf.browser(&headers(&[]));
        let cookie = cookie.unwrap();
        assert_eq!((cookie.http_only(), cookie.secure(), cookie.path()), (Some(true), Some(true), Some("/")));
        assert_eq!(cookie.max_age(), None);
        let sent = headers(&[("cookie", &format!("{}={}", cookie.name(), cookie.value()))]);
        assert!(csrf.sent_browser(&sent) == Some(binding.clone()));
        let (again, set) = csrf.browser(&sent);
        assert!(again == binding && set.is_none());
        let weak = headers(&[("cookie", "__Host-maintenance_csrf=x")]);
        assert!(csrf.sent_browser(&weak).is_none() && csrf.browser(&weak).1.is_some());
        let (other, _) = csrf.browser(&headers(&[]));
        assert_ne!(csrf.token(&other), csrf.token(&binding));
        let Binding::Browser(value) = binding.clone() else { panic!("a browser's") };
        assert_ne!(csrf.token(&Binding::Session(value)), csrf.token(&binding));
    }

    proptest! {
        #[test]
        fn no_other_token_is_taken(secret in "[0-9a-f]{64}", other in "[0-9a-f]{64}", garbage in any::<String>()) {
            let csrf = csrf();
            let (own, binding) = (("http", "a"), Binding::Session(secret.clone()));
            let headers = headers(&[("sec-fetch-site", "same-origin")]);
            let check = |token: &str| csrf.check(&Method::POST, &headers, own, Some(&binding), Some(token));
            prop_assert_eq!(check(&csrf.token(&binding)), Ok(()));
            prop_assert!(check(&garbage).is_err());
            prop_assert!(check(&secret).is_err());
            if other != secret {
                prop_assert!(check(&csrf.token(&Binding::Session(other))).is_err());
            }
        }

        #[test]
        fn no_other_origin_is_taken(origin in any::<String>(), host in "[a-z]{1,8}(\\.[a-z]{1,4})?(:[0-9]{2,4})?") {
            let own = format!("https://{host}");
            let is_good = |fetch_site: Option<&str>, origin: &str| {
                check_source(Source { fetch_site, origin: Some(origin), own: &own }).is_ok()
            };
            prop_assert!(!is_good(None, &origin));
            prop_assert!(is_good(None, &own));
            if !matches!(origin.as_str(), "none" | "same-origin") {
                prop_assert!(!is_good(Some(&origin), &own));
            }
        }
    }
}
