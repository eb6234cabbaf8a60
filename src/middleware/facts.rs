//! The facts of an Actix request, read with suspicion: headers count only as far as their sender is trusted.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};

use crate::decision::{Identity, RequestFacts, Visit};
use crate::network::{ClientAddress, NetworkSet, client_address, forwarded_host};
use crate::path::RequestPath;
use crate::rules::Rules;
use crate::site::{HostError, request_host, request_host_bytes};
use crate::snapshot::{SiteSnapshot, Snapshot};

/// Headers in which a chain of proxies hands on what the visitor's own request said.
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Reads what the request to a host is for; where it comes from and who sends it is not looked up.
pub(super) fn target_of<'r>(req: &'r ServiceRequest, host: Result<Cow<'r, str>, HostError>) -> RequestFacts<'r> {
    RequestFacts {
        host,
        path: RequestPath::new(req.uri().path()),
        client: None,
        identity: Identity::Unresolved,
        visit: Visit::Unresolved,
        is_safe: is_safe(req.method()),
    }
}

/// Reads all facts but who sends the request.
pub(super) fn facts_of<'r>(req: &'r ServiceRequest, rules: &Rules) -> RequestFacts<'r> {
    let host = host_of(req.request(), &rules.trusted);
    RequestFacts { client: certain_client_of(req, rules), ..target_of(req, host) }
}

/// The client's address. One that is not certain may be the proxy's own, and that is often internal: it is none.
pub(super) fn certain_client_of(req: &ServiceRequest, rules: &Rules) -> Option<IpAddr> {
    let client = client_of(req.request(), &rules.trusted);
    client.filter(|client| client.is_certain).map(|client| client.address)
}

/// Whether a method only reads, as far as the site keeps to RFC 9110, section 9.2.1. `TRACE` is left out: it is of use to
/// nobody while a site is closed.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The host that the request is for.
///
/// A trusted proxy may hand on the host that the visitor asked for. Else an absolute target names it, or the `Host` header.
/// Several `Host` headers that differ name none, and neither does one beside a target that names another: it is to be
/// ignored (RFC 9112, section 3.2.2), but Actix's own guard for hosts reads the header.
pub(crate) fn host_of<'r>(req: &'r HttpRequest, trusted: &NetworkSet) -> Result<Cow<'r, str>, HostError> {
    if let Some(forwarded) = forwarded_host(peer_of(req), lines(req, &X_FORWARDED_HOST, trusted), trusted) {
        return request_host_bytes(forwarded);
    }
    let mut hosts = req.headers().get_all(header::HOST);
    let first = hosts.next();
    if hosts.any(|other| Some(other) != first) {
        return Err(HostError::Several);
    }
    let said = first.map(|host| request_host_bytes(host.as_bytes()));
    match (req.uri().authority(), said) {
        (None, said) => said.unwrap_or(Err(HostError::Empty)),
        (Some(target), None) => request_host(target.as_str()),
        (Some(target), Some(said)) => {
            let named = request_host(target.as_str())?;
            if said? == named { Ok(named) } else { Err(HostError::Several) }
        }
    }
}

/// The site that a request is for, as the gate finds it; the default site for a malformed host.
pub(crate) fn site_of<'s>(req: &HttpRequest, snapshot: &'s Snapshot) -> Option<&'s SiteSnapshot> {
    snapshot.site_of(&host_of(req, &snapshot.rules().trusted))
}

/// The host that a request is for, as the gate reads it; empty for a malformed one, which is for the default site.
pub(crate) fn named_host_of<'r>(req: &'r HttpRequest, snapshot: &Snapshot) -> Cow<'r, str> {
    host_of(req, &snapshot.rules().trusted).unwrap_or_default()
}

/// Whether the path alone lets a request through, whatever the phase of its site: rows 1 and 5 of the decision. The gate
/// leaves no word of those.
pub(crate) fn passes_by_path(req: &HttpRequest, snapshot: &Snapshot) -> bool {
    let path = RequestPath::new(req.uri().path());
    let rules = snapshot.rules();
    let closed = site_of(req, snapshot).and_then(SiteSnapshot::closed);
    rules.is_built_in(&path)
        || closed.is_some_and(|closed| closed.ignored().find(&path).or_else(|| rules.ignored.find(&path)).is_some())
}

/// The client's address, by the forwarded headers of trusted proxies.
pub(crate) fn client_of(req: &HttpRequest, trusted: &NetworkSet) -> Option<ClientAddress> {
    client_address(
        peer_of(req),
        lines(req, &X_FORWARDED_FOR, trusted),
        lines(req, &header::FORWARDED, trusted),
        trusted,
    )
}

/// Scheme and host as the browser sees them, the host with its port.
pub(crate) fn origin_of(req: &HttpRequest, trusted: &NetworkSet) -> (&'static str, String) {
    use crate::network::{Scheme, forwarded_proto};

    let own_scheme = if req.uri().scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
    let scheme = forwarded_proto(peer_of(req), lines(req, &X_FORWARDED_PROTO, trusted), trusted).unwrap_or(own_scheme);
    let host = forwarded_host(peer_of(req), lines(req, &X_FORWARDED_HOST, trusted), trusted)
        .or_else(|| req.uri().authority().map(|authority| authority.as_str().as_bytes()))
        .or_else(|| req.headers().get(header::HOST).map(HeaderValue::as_bytes));
    (scheme.as_str(), String::from_utf8_lossy(host.unwrap_or_default()).into_owned())
}

pub(crate) fn peer_of(req: &HttpRequest) -> Option<IpAddr> {
    req.peer_addr().map(|peer| peer.ip())
}

/// The lines of a header of proxies; not looked for when the peer is none that is believed.
fn lines<'r>(
    req: &'r HttpRequest,
    name: &HeaderName,
    trusted: &NetworkSet,
) -> impl DoubleEndedIterator<Item = &'r [u8]> + Clone + use<'r> {
    let is_believed = peer_of(req).is_some_and(|peer| trusted.find(peer).is_some());
    let lines = is_believed.then(|| req.headers().get_all(name));
    lines.into_iter().flatten().map(HeaderValue::as_bytes)
}
