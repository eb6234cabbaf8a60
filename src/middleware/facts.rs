//! The facts of an Actix request, read with suspicion: headers count only as far as their sender is trusted.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, http::Uri};

use crate::decision::{Identity, RequestFacts};
use crate::network::{ClientAddress, NetworkSet, client_address, forwarded_host};
use crate::path::RequestPath;
use crate::site::{HostError, request_host, request_host_bytes};
use crate::snapshot::Rules;

/// Header in which a proxy hands on the host that the visitor asked for.
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Header in which a proxy hands on the scheme that the visitor used.
#[cfg(feature = "admin")]
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Header in which a chain of proxies hands on the addresses that it saw.
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Reads the facts; who sends the request is not looked up.
pub(super) fn facts_of<'r>(req: &'r ServiceRequest, rules: &Rules) -> RequestFacts<'r> {
    let peer = req.peer_addr().map(|peer| peer.ip());
    RequestFacts {
        host: host_of(req.uri(), req.headers(), peer, &rules.trusted),
        path: RequestPath::new(req.uri().path()),
        // An address that is not certain may be the proxy's own, and that is often internal.
        client: client_of(req.request(), &rules.trusted)
            .filter(|client| client.is_certain)
            .map(|client| client.address),
        identity: Identity::Unresolved,
    }
}

/// The host that the request is for.
///
/// An absolute target names it and the `Host` header is ignored (RFC 9112, section 3.2.2). A trusted proxy may
/// hand on the host that the visitor asked for. Several `Host` headers that differ name none.
fn host_of<'r>(
    uri: &'r Uri,
    headers: &'r HeaderMap,
    peer: Option<IpAddr>,
    trusted: &NetworkSet,
) -> Result<Cow<'r, str>, HostError> {
    let forwarded = headers.get_all(&X_FORWARDED_HOST).map(HeaderValue::as_bytes);
    if let Some(host) = forwarded_host(peer, forwarded, trusted) {
        return request_host_bytes(host);
    }
    if let Some(authority) = uri.authority() {
        return request_host(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST);
    let first = hosts.next().ok_or(HostError::Empty)?;
    if hosts.any(|other| other != first) {
        return Err(HostError::Several);
    }
    request_host_bytes(first.as_bytes())
}

/// Scheme and host of the panel as the browser sees them, the host with its port; a trusted proxy's word counts.
#[cfg(feature = "admin")]
pub(crate) fn origin_of(req: &HttpRequest, trusted: &NetworkSet) -> (&'static str, String) {
    let is_trusted = req.peer_addr().is_some_and(|peer| trusted.find(peer.ip()).is_some());
    let forwarded = |name: &HeaderName| {
        let value = req.headers().get_all(name).last().filter(|_| is_trusted)?.to_str().ok()?;
        Some(value.rsplit(',').next().unwrap_or(value).trim().to_owned())
    };
    let scheme = match forwarded(&X_FORWARDED_PROTO).as_deref() {
        Some("https") => "https",
        Some(_) => "http",
        None => req.uri().scheme_str().filter(|scheme| *scheme == "https").map_or("http", |_| "https"),
    };
    let own = || {
        let authority = req.uri().authority().map(|authority| authority.as_str().to_owned());
        authority.or_else(|| Some(req.headers().get(header::HOST)?.to_str().ok()?.to_owned()))
    };
    (scheme, forwarded(&X_FORWARDED_HOST).or_else(own).unwrap_or_default())
}

/// The client's address, by the forwarded headers of trusted proxies.
pub(crate) fn client_of(req: &HttpRequest, trusted: &NetworkSet) -> Option<ClientAddress> {
    let lines = |name: &HeaderName| req.headers().get_all(name).map(HeaderValue::as_bytes);
    let peer = req.peer_addr().map(|peer| peer.ip());
    client_address(peer, lines(&X_FORWARDED_FOR), lines(&header::FORWARDED), trusted)
}
