//! Cookies as the browser sent them, and how ours are set.

use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use percent_encoding::percent_decode_str;

use crate::site::Domain;

/// Longest cookie value that is looked at. Ours are shorter.
const MAX_COOKIE_BYTES: usize = 1_024;

/// The names of our cookies, but for the log-in ([`SessionCookieKind`]). With HTTPS they have the `__Host-` prefix: a
/// browser then takes them only from this very host, over HTTPS, for all paths (RFC 6265bis, section 4.1.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieNames {
    /// What the forms of people who are not signed in are tied to.
    pub csrf: &'static str,
    /// A browser that has logged in before.
    pub device: &'static str,
    /// A visitor of a site, where the setting asks for it.
    pub visitor: &'static str,
}

impl CookieNames {
    /// The names for a panel with or without HTTPS (`SESSION_COOKIE_SECURE`).
    pub const fn new(is_secure: bool) -> Self {
        if is_secure {
            Self {
                csrf: "__Host-maintenance_csrf",
                device: "__Host-maintenance_device",
                visitor: "__Host-maintenance_visitor",
            }
        } else {
            Self { csrf: "maintenance_csrf", device: "maintenance_device", visitor: "maintenance_visitor" }
        }
    }
}

/// How the cookie of a log-in is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionCookieKind {
    /// For HTTPS only (`SESSION_COOKIE_SECURE`).
    pub is_secure: bool,
    /// Every host of this domain gets it (`SESSION_COOKIE_DOMAIN`); without one the panel's host alone.
    pub domain: Option<Domain>,
}

impl SessionCookieKind {
    /// Its name. A cookie for a domain has one of its own, so that one from before the setting does not stand in its way,
    /// and cannot have the `__Host-` prefix; `__Secure-` is what remains of that (RFC 6265bis, section 4.1.3).
    pub fn name(&self) -> &'static str {
        match (self.is_secure, &self.domain) {
            (true, None) => "__Host-maintenance_session",
            (true, Some(_)) => "__Secure-maintenance_session",
            (false, None) => "maintenance_session",
            (false, Some(_)) => "maintenance_domain_session",
        }
    }
}

/// The value of the first cookie of exactly that name, undecoded; `None` when it is missing, empty or over-long.
///
/// Reads the header in place: no allocation, and a request without a `Cookie` header costs one look-up.
pub fn value<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    let found = headers.get_all(header::COOKIE).find_map(|line| {
        text(line)?.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.trim_start().strip_prefix('='))
    });
    found.map(str::trim).filter(|value| !value.is_empty() && value.len() <= MAX_COOKIE_BYTES)
}

/// A cookie of ours: out of reach for scripts and for requests of other sites, valid for all paths.
pub(crate) fn ours(name: &'static str, value: String, is_secure: bool) -> Cookie<'static> {
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).secure(is_secure).finish()
}

/// Takes cookies with a percent sign in their name out of a request. To be wrapped around the session middleware.
///
/// Actix decodes the names of cookies, so `%5F_Host-maintenance_session`, which any neighbour domain may set, would
/// pass for the name that only this host may set.
///
/// # Errors
/// Those of the service.
pub async fn drop_disguised<B: MessageBody>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    drop_named(&mut req, |name| name.contains('%'));
    next.call(req).await
}

/// Takes those cookies out of a request that pass for one of this name without bearing it, see [`drop_disguised`].
pub(crate) fn drop_disguised_as(req: &mut ServiceRequest, name: &str) {
    drop_named(req, |sent| sent.contains('%') && percent_decode_str(sent.trim()).eq(name.bytes()));
}

fn drop_named(req: &mut ServiceRequest, is_unwanted: impl Fn(&str) -> bool) {
    let may_be = req.headers().get_all(header::COOKIE).any(|line| line.as_bytes().contains(&b'%'));
    if may_be {
        let kept = without(req.headers(), is_unwanted);
        req.headers_mut().remove(header::COOKIE);
        if let Some(kept) = kept {
            req.headers_mut().insert(header::COOKIE, kept);
        }
    }
}

fn without(headers: &HeaderMap, is_unwanted: impl Fn(&str) -> bool) -> Option<HeaderValue> {
    let pairs = headers.get_all(header::COOKIE).filter_map(text).flat_map(|line| line.split(';'));
    let name_of = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    let kept: Vec<&str> = pairs.map(str::trim).filter(|pair| !is_unwanted(&name_of(pair))).collect();
    if kept.is_empty() { None } else { HeaderValue::from_bytes(kept.join("; ").as_bytes()).ok() }
}

/// A header line as Actix reads it: UTF-8, because other applications of the host set such cookies.
fn text(line: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(line.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::{self, TestRequest};
    use actix_web::{App, HttpRequest, middleware, web};
    use proptest::prelude::*;

    fn with(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        for (lines, found) in [
            (&["id=7"][..], Some("7")),
            (&["a=1; id=7; b=2"], Some("7")),
            (&["a=1;id=7"], Some("7")),
            (&["a=1", "id=7"], Some("7")),
            (&["id = 7 "], Some("7")),
            (&["id=7; id=8"], Some("7")),
            (&["id=a=b"], Some("a=b")),
            (&["a=ü; id=7"], Some("7")),
            (&["xid=7"], None),
            (&["idx=7"], None),
            (&["%69d=7"], None),
            (&["id"], None),
            (&["id="], None),
            (&["ID=7"], None),
            (&["a=id=7"], None),
            (&[], None),
        ] {
            assert_eq!(value(&with(lines), "id"), found, "{lines:?}");
        }
        assert_eq!(value(&with(&[&format!("id={}", "x".repeat(1025))]), "id"), None);
        let mut headers = with(&["id=7"]);
        headers.insert(header::COOKIE, HeaderValue::from_bytes(b"id=\xff").unwrap());
        assert_eq!(value(&headers, "id"), None);
    }

    #[actix_web::test]
    async fn disguised_names_do_not_reach_the_application() {
        let names = |req: HttpRequest| async move {
            let cookies = req.cookies().unwrap();
            cookies.iter().map(|cookie| format!("{}={};", cookie.name(), cookie.value())).collect::<String>()
        };
        let app = App::new().wrap(middleware::from_fn(drop_disguised)).default_service(web::to(names));
        let app = test::init_service(app).await;
        for (sent, seen) in [
            ("a=1; b=2", "a=1;b=2;"),
            ("%61=1; b=%32", "b=2;"),
            ("%5F_Host-maintenance_session=x", ""),
            ("a=%31", "a=1;"),
        ] {
            let req = TestRequest::default().insert_header((header::COOKIE, sent)).to_request();
            assert_eq!(test::call_and_read_body(&app, req).await, seen.as_bytes(), "{sent}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_finds_what_was_set(noise in "[ -hj-~]{0,40}", value_set in "[a-zA-Z0-9+/%]{1,60}") {
            let headers = with(&[&noise, &format!("id={value_set}")]);
            prop_assert_eq!(value(&headers, "id"), Some(value_set.as_str()));
            let _ = value(&with(&[&noise]), "id");
        }
    }
}
