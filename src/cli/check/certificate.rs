//! What is wrong with a server's certificate, for whoever set it up.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, OtherError};
use webpki::EndEntityCert;

use crate::cli::text;
use crate::probe::Silence;
use crate::response::rfc3339;

/// Names of a certificate that are told at most.
const MAX_NAMES: usize = 5;

/// A certificate that nobody but its own key has signed.
#[derive(Debug)]
struct SignedByItself;

impl fmt::Display for SignedByItself {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate is self-signed")
    }
}

impl Error for SignedByItself {}

/// Whether all that is wrong is who has signed. `openssl req -x509` makes certificates that may sign others, which is
/// refused before the signature is looked at.
pub fn is_of_nobody(reason: &CertificateError) -> bool {
    match reason {
        // The second is seen when an authority of the same name is known.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => true,
        CertificateError::Other(other) => is_made_to_sign(other),
        _ => false,
    }
}

fn is_made_to_sign(other: &OtherError) -> bool {
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// The reason to refuse a certificate that names itself as who has signed it; `None` when it names another.
pub fn signed_by_itself(certificate: &CertificateDer<'_>) -> Option<CertificateError> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let is_own = certificate.issuer() == certificate.subject();
    is_own.then(|| CertificateError::Other(OtherError(Arc::new(SignedByItself))))
}

/// Why a certificate is refused, and what helps.
pub fn in_words(reason: &CertificateError) -> Silence {
    const GIVE: &str = "Give it with --ca FILE to believe exactly it, or ask with --insecure, which takes any";
    const RENEW: &str = "Renew it; --insecure asks all the same";
    const NAME: &str = "Ask by a name that it is for, or get one for this name; --insecure asks all the same";
    let (reason, mend) = match reason {
        CertificateError::Other(other) if other.0.is::<SignedByItself>() => (other.to_string(), GIVE),
        CertificateError::Other(other) if is_made_to_sign(other) => {
            ("the certificate is that of an authority, made to sign others".to_owned(), GIVE)
        }
        CertificateError::UnknownIssuer => (
            "the certificate is of no known authority".to_owned(),
            "Give that of its authority with --ca FILE, or see that the web server sends those between, too; \
             --insecure takes any",
        ),
        CertificateError::BadSignature => (
            "the certificate is not signed by the authority that it names".to_owned(),
            "Give that of its authority with --ca FILE; --insecure takes any",
        ),
        CertificateError::ExpiredContext { not_after, .. } => {
            (format!("the certificate expired at {}", time(*not_after)), RENEW)
        }
        CertificateError::NotValidYetContext { not_before, .. } => (
            format!("the certificate is good from {} on", time(*not_before)),
            "See that the clocks are right; --insecure asks all the same",
        ),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = text::plain(&expected.to_str());
            let names: Vec<String> = presented.iter().map(|name| name_of(name)).collect();
            let is_for = if names.is_empty() { "no name at all".to_owned() } else { text::list(&names, MAX_NAMES) };
            (format!("the certificate is for {is_for}, not for {expected}"), NAME)
        }
        other => {
            (format!("the certificate is refused: {}", text::plain(&other.to_string())), "--insecure asks all the same")
        }
    };
    Silence::new(reason, mend)
}

/// The name in `DnsName("a.example")` and `IpAddress(127.0.0.1)`, which is how names come.
fn name_of(presented: &str) -> String {
    let inner = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(presented);
    text::plain(inner.trim_matches('"'))
}

fn time(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    rfc3339(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
}
