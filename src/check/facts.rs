//! What a trusted proxy says of the visitor's request that it asks about.
//!
//! Every proxy has its own headers for it, and hands on what the visitor's browser sent under the names of the others.
//! So there is no header that wins: whatever is there must say the same, else the request is refused.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};

use crate::decision::{Identity, RequestFacts, Visit};
use crate::middleware;
use crate::network::{NetworkSet, forwarded_host_parameter, last_of_list};
use crate::page::PageRequest;
use crate::path::RequestPath;
use crate::rules::CHECK_PATH;
use crate::site::{HostError, request_host_bytes};

/// Host of the visitor's request.
static HOSTS: [HeaderName; 1] = [HeaderName::from_static("x-forwarded-host")];

/// Path and query of the visitor's request: Traefik and Caddy, nginx, Envoy where a route rewrites.
static TARGETS: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-uri"),
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-envoy-original-path"),
];

/// Its method: Traefik and Caddy, nginx.
static METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];

/// Why it is not known what is asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// No path at all: the proxy is not set up for this.
    #[error("the proxy does not say which path it asks about: send X-Forwarded-Uri or X-Original-URI")]
    NoTarget,
    /// Headers of the same meaning say different things.
    #[error("the headers contradict each other about the {0} of the request")]
    Contradiction(&'static str),
    /// The method is none.
    #[error("the method of the request is malformed")]
    Method,
    /// The host is none.
    #[error("the host of the request is malformed")]
    Host(#[from] HostError),
}

/// The visitor's request, as the proxy tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked<'r> {
    /// Lower case, no port.
    host: Cow<'r, str>,
    /// Path as it was asked for, without query.
    target: &'r [u8],
    /// `None` when the proxy does not say.
    method: Option<Method>,
}

impl<'r> Asked<'r> {
    /// Reads what a proxy says of a request to this host. Whether it is believed is for the caller to look at.
    ///
    /// # Errors
    /// Something is missing, malformed or contradicts itself.
    pub(super) fn read(req: &'r HttpRequest, host: Cow<'r, str>) -> Result<Self, Unreadable> {
        let target = target(req)?.ok_or(Unreadable::NoTarget)?;
        Ok(Self { host, target, method: method(req)? })
    }

    /// The same for who only needs the page of a site, from whomever: what is not said is that of the request itself.
    ///
    /// # Errors
    /// The host is malformed or contradicts itself.
    pub(super) fn read_for_page(req: &'r HttpRequest, trusted: &NetworkSet) -> Result<Self, Unreadable> {
        if !is_from_proxy(req, trusted) {
            let host = middleware::host_of(req, trusted)?;
            return Ok(Self { host, target: req.uri().path().as_bytes(), method: Some(req.method().clone()) });
        }
        let target = target(req).ok().flatten().unwrap_or(req.uri().path().as_bytes());
        let method = method(req).ok().flatten().or_else(|| Some(req.method().clone()));
        Ok(Self { host: host(req, trusted)?, target, method })
    }

    /// What the decision needs, but for the client and who it is. A request of unknown method is one that writes.
    pub(super) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts {
            host: Ok(Cow::Borrowed(&self.host)),
            path: RequestPath::from_bytes(self.target),
            client: None,
            identity: Identity::Unresolved,
            visit: Visit::Unresolved,
            is_safe: self.method.as_ref().is_some_and(middleware::is_safe),
        }
    }

    /// Host that the request is for.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Path as it was asked for, for [`Asked::page_request`].
    pub(super) fn path(&self) -> Cow<'r, str> {
        String::from_utf8_lossy(self.target)
    }

    /// What the choice of the answer depends on. The visitor's own `Accept` headers are those of the proxy's request.
    pub(super) fn page_request<'v>(&'v self, req: &'v HttpRequest, path: &'v str) -> PageRequest<'v> {
        let method = self.method.as_ref().unwrap_or(req.method());
        PageRequest { headers: req.headers(), method, host: &self.host, path }
    }
}

/// Whether a request comes from a proxy that is believed.
pub(super) fn is_from_proxy(req: &HttpRequest, trusted: &NetworkSet) -> bool {
    middleware::peer_of(req).is_some_and(|peer| trusted.find(peer).is_some())
}

/// The visitor's address, by the gate's own rule; `None` when the proxy names none. Then it must not be the proxy's,
/// which is often internal.
pub(super) fn client_of(req: &HttpRequest, trusted: &NetworkSet) -> Option<IpAddr> {
    let client = middleware::client_of(req, trusted)?;
    (client.is_certain && client.told_by.is_some()).then_some(client.address)
}

/// `X-Forwarded-Host`, else the host of the request itself, as the gate reads it; several lines that differ are refused,
/// because one of them may be the visitor's. `Forwarded` never replaces that, because most proxies hand it on as the
/// visitor sent it; but one that says otherwise is refused.
///
/// # Errors
/// There is none, it is malformed or contradicts itself. Not even the default site stands in for a malformed host: the
/// proxy may serve another site for it than the one that would be asked.
pub(super) fn host<'r>(req: &'r HttpRequest, trusted: &NetworkSet) -> Result<Cow<'r, str>, Unreadable> {
    let host = match one(lines(req, &HOSTS)).ok_or(Unreadable::Contradiction("host"))? {
        Some(line) => request_host_bytes(last_of_list(line))?,
        None => middleware::host_of(req, trusted)?,
    };
    match forwarded_host_parameter(req.headers().get_all(header::FORWARDED).map(HeaderValue::as_bytes)) {
        Some(other) if request_host_bytes(other)? != host => Err(Unreadable::Contradiction("host")),
        _ => Ok(host),
    }
}

/// Whether anything names the path.
pub(super) fn names_target(req: &HttpRequest) -> bool {
    lines(req, &TARGETS).next().is_some() || below(req).is_some()
}

/// Path without query, from whatever names it; `None` when nothing does.
fn target(req: &HttpRequest) -> Result<Option<&[u8]>, Unreadable> {
    let told = lines(req, &TARGETS).chain(below(req));
    let target = one(told).ok_or(Unreadable::Contradiction("path"))?;
    Ok(target.map(|target| target.split(|byte| *byte == b'?').next().unwrap_or(target)))
}

/// The method; that of the request itself only when the path is its own as well.
fn method(req: &HttpRequest) -> Result<Option<Method>, Unreadable> {
    let own = below(req).map(|_| req.method().as_str().as_bytes());
    let method = one(lines(req, &METHODS).chain(own)).ok_or(Unreadable::Contradiction("method"))?;
    method.map(|method| Method::from_bytes(method).map_err(|_invalid| Unreadable::Method)).transpose()
}

/// Path and query that follow the endpoint's own path: Envoy puts its prefix in front of the visitor's.
fn below(req: &HttpRequest) -> Option<&[u8]> {
    let own = req.uri().path_and_query()?.as_str();
    own.strip_prefix(CHECK_PATH).filter(|below| below.starts_with('/')).map(str::as_bytes)
}

/// The values of several headers.
fn lines<'r>(req: &'r HttpRequest, names: &'static [HeaderName]) -> impl Iterator<Item = &'r [u8]> {
    names.iter().flat_map(|name| req.headers().get_all(name)).map(HeaderValue::as_bytes)
}

/// What all of them say; `None` when they differ.
fn one<'r>(mut said: impl Iterator<Item = &'r [u8]>) -> Option<Option<&'r [u8]>> {
    let first = said.next();
    said.all(|other| Some(other) == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    const PROXY: &str = "10.0.0.2:4711";

    fn trusted() -> NetworkSet {
        NetworkSet::parse_list("10.0.0.0/8").unwrap()
    }

    fn request(target: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::with_uri(target).peer_addr(PROXY.parse().unwrap());
        headers.iter().fold(request, |request, line| request.append_header(*line)).to_http_request()
    }

    fn read_request(req: &HttpRequest) -> Result<Asked<'_>, Unreadable> {
        Asked::read(req, host(req, &trusted())?)
    }

    /// Host, path and method; or what is wrong.
    fn read(target: &str, headers: &[(&str, &str)]) -> Result<(String, String, Option<String>), Unreadable> {
        let req = request(target, headers);
        let asked = read_request(&req)?;
        let method = asked.method.as_ref().map(Method::to_string);
        Ok((asked.host().to_owned(), asked.path().into_owned(), method))
    }

    fn asked(host: &str, path: &str, method: Option<&str>) -> Result<(String, String, Option<String>), Unreadable> {
        Ok((host.to_owned(), path.to_owned(), method.map(str::to_owned)))
    }

    #[test]
    fn every_proxy_is_understood_in_its_own_words() {
        let nginx = [
            ("host", "127.0.0.1"),
            ("x-forwarded-host", "shop.example"),
            ("x-original-uri", "/cart?a=/b"),
            ("x-original-method", "POST"),
        ];
        let caddy = [
            ("host", "Shop.example:8443"),
            ("x-forwarded-host", "Shop.example:8443"),
            ("x-forwarded-uri", "/cart?a=/b"),
            ("x-forwarded-method", "POST"),
        ];
        for lines in [&nginx, &caddy] {
            assert_eq!(read("/maintenance/check", lines), asked("shop.example", "/cart", Some("POST")));
        }
        // Envoy: its prefix in front, everything else as the visitor sent it.
        let envoy = [("host", "shop.example")];
        assert_eq!(read("/maintenance/check/cart?a=/b", &envoy), asked("shop.example", "/cart", Some("GET")));
        assert_eq!(read("/maintenance/check/", &envoy), asked("shop.example", "/", Some("GET")));
        let rewritten = [("host", "shop.example"), ("x-envoy-original-path", "/cart?a=/b")];
        assert_eq!(read("/maintenance/check", &rewritten), asked("shop.example", "/cart", None));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(read("/maintenance/check", &[("host", "a.example")]), Err(Unreadable::NoTarget));
        assert_eq!(read("/maintenance/check?x=/y", &[("host", "a.example")]), Err(Unreadable::NoTarget));
        assert_eq!(read("/maintenance/check", &[("x-original-uri", "/")]), Err(Unreadable::Host(HostError::Empty)));
        // Without a method it is not taken for one that only reads.
        let req = request("/maintenance/check", &[("host", "a.example"), ("x-original-uri", "/")]);
        assert!(!read_request(&req).unwrap().facts().is_safe);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let usual = [("host", "a.example"), ("x-forwarded-uri", "/a"), ("x-forwarded-method", "GET")];
        assert_eq!(read("/maintenance/check", &usual), asked("a.example", "/a", Some("GET")));
        for (more, what) in [
            (("x-forwarded-uri", "/b"), "path"),
            (("x-original-uri", "/b"), "path"),
            (("x-original-uri", "/a?b"), "path"),
            (("x-envoy-original-path", ""), "path"),
            (("x-forwarded-method", "POST"), "method"),
            (("x-original-method", "get"), "method"),
            (("forwarded", "host=b.example"), "host"),
            (("forwarded", "for=192.0.2.1;host=\"b.example:80\""), "host"),
        ] {
            let lines = [&usual[..], &[more]].concat();
            assert_eq!(read("/maintenance/check", &lines), Err(Unreadable::Contradiction(what)), "{more:?}");
        }
        for same in [
            ("x-original-uri", "/a"),
            ("x-original-method", "GET"),
            ("forwarded", "for=1.2.3.4;host=A.example:80"),
            ("forwarded", "for=1.2.3.4"),
            ("x-http-method-override", "POST"),
            ("x-original-url", "/b"),
            ("x-rewrite-url", "/b"),
        ] {
            let lines = [&usual[..], &[same]].concat();
            assert_eq!(read("/maintenance/check", &lines), asked("a.example", "/a", Some("GET")), "{same:?}");
        }
        let hosts = |first, last| {
            let lines = [("host", "c.example"), ("x-forwarded-host", first), ("x-forwarded-host", last)];
            read("/maintenance/check", &[&lines[..], &[("x-forwarded-uri", "/a")]].concat())
        };
        assert_eq!(hosts("a.example", "b.example"), Err(Unreadable::Contradiction("host")));
        assert_eq!(hosts("a.example", "a.example"), asked("a.example", "/a", None));
        assert_eq!(hosts("b.example, a.example", "b.example, a.example"), asked("a.example", "/a", None));
        let envoy = [("host", "a.example"), ("x-forwarded-method", "POST")];
        assert_eq!(read("/maintenance/check/a", &envoy), Err(Unreadable::Contradiction("method")));
        let envoy = [("host", "a.example"), ("x-forwarded-uri", "/b")];
        assert_eq!(read("/maintenance/check/a", &envoy), Err(Unreadable::Contradiction("path")));
    }

    #[test]
    fn a_malformed_host_or_method_is_refused() {
        let read =
            |name, value| read("/maintenance/check", &[("host", "a.example"), ("x-original-uri", "/"), (name, value)]);
        for (name, value) in [
            ("x-forwarded-host", ""),
            ("x-forwarded-host", "a b"),
            ("x-forwarded-host", "a.example:99999"),
            ("host", "b.example"),
            ("forwarded", "host=\"a.example"),
            ("forwarded", "host=a.example;host=a.example"),
        ] {
            assert!(matches!(read(name, value), Err(Unreadable::Host(_))), "{name}: {value}");
        }
        for method in ["", "GE T", "G\tET"] {
            assert_eq!(read("x-original-method", method), Err(Unreadable::Method), "{method:?}");
        }
    }

    #[test]
    fn a_proxy_that_names_nobody_is_not_taken_for_the_visitor() {
        let client = |lines: &[(&str, &str)]| client_of(&request("/maintenance/check", lines), &trusted());
        assert_eq!(client(&[]), None);
        assert_eq!(client(&[("x-forwarded-for", "garbage")]), None);
        assert_eq!(client(&[("x-forwarded-for", "127.0.0.1, 192.0.2.7")]), "192.0.2.7".parse().ok());
        assert_eq!(client(&[("forwarded", "for=192.0.2.7;host=a")]), "192.0.2.7".parse().ok());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic_and_what_is_read_is_canonical(
            host in "[ -~]{0,20}", target in "[ -~]{0,20}", method in "[ -~]{0,6}", standard in "[ -~]{0,30}",
        ) {
            let lines = [("host", &*host), ("x-original-uri", &target), ("x-original-method", &method), ("forwarded", &standard)];
            if let Ok((host, path, _)) = read("/maintenance/check", &lines) {
                prop_assert_eq!(request_host_bytes(host.as_bytes()), Ok(Cow::Borrowed(&*host)));
                prop_assert!(!path.contains('?'));
            }
        }
    }
}
