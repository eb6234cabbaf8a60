//! A site: a domain name with its aliases, and which site a request is for.
//!
//! Pure rules. Which rows exist is `storage`'s matter, which site is the default one the snapshot's.

mod alias;
mod domain;
mod host;
mod map;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use alias::Alias;
pub use domain::{Domain, DomainError};
pub use host::{HostError, request_host, request_host_bytes};
pub use map::HostMap;

/// Most characters in the name of a site.
pub const MAX_SITE_NAME_CHARS: usize = 100;

/// Most aliases of a site.
pub const MAX_ALIASES_PER_SITE: usize = 200;

/// Key of a site, as in Django's sites framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteId(pub i64);

impl std::fmt::Display for SiteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A site: the domain that visitors type, and its other names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Key.
    pub id: SiteId,
    /// The domain that visitors type; no other site has it as domain or alias.
    pub domain: Domain,
    /// Name shown to people, at most [`MAX_SITE_NAME_CHARS`]; when empty, the domain is shown.
    pub name: String,
    /// Other names of the site, at most [`MAX_ALIASES_PER_SITE`].
    pub aliases: Vec<Alias>,
    /// Whether requests for an unknown host belong to this site. One site at most is marked.
    pub is_default: bool,
    /// Whether the panel asks for the domain before it starts maintenance.
    pub is_protected: bool,
    /// IANA name of the zone in which times are entered and shown, such as `Europe/Berlin`; `UTC` by default.
    /// Checked by [`time_zone`].
    pub time_zone: String,
}

impl Site {
    /// What people see as the site's name: the name, or the domain in its own script while there is none.
    pub fn display_name(&self) -> String {
        if self.name.trim().is_empty() { self.domain.to_unicode() } else { self.name.clone() }
    }
}

/// A time zone that is not known.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is not the name of a time zone, such as `UTC` or `Europe/Berlin`")]
pub struct TimeZoneError {
    name: String,
    source: jiff::Error,
}

/// The time zone of this IANA name, in any case. `iana_name()` of the result is the canonical spelling.
///
/// # Errors
/// The name is empty or not in the time zone database.
pub fn time_zone(name: &str) -> Result<TimeZone, TimeZoneError> {
    TimeZone::get(name.trim()).map_err(|source| TimeZoneError { name: name.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_site(name: &str) -> Site {
        Site {
            id: SiteId(1),
            domain: Domain::parse("bücher.example").unwrap(),
            name: name.to_owned(),
            aliases: vec![Alias::parse("*.bücher.example").unwrap()],
            is_default: true,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        }
    }

    #[test]
    fn a_site_without_a_name_shows_its_domain() {
        assert_eq!(a_site(" ").display_name(), "bücher.example");
        assert_eq!(a_site("Books").display_name(), "Books");
    }

    #[test]
    fn a_site_reads_back_from_json_as_it_was_written() {
        let json = serde_json::to_value(a_site("Books")).unwrap();
        assert_eq!(json["domain"], "xn--bcher-kva.example");
        assert_eq!(json["aliases"][0], "*.xn--bcher-kva.example");
        assert_eq!(serde_json::from_value::<Site>(json).unwrap(), a_site("Books"));
    }

    #[test]
    fn time_zones_are_known_by_their_iana_name() {
        assert_eq!(time_zone("europe/berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        assert!(time_zone("UTC").is_ok());
        for name in ["", "Europe/Atlantis", "+02:00", "CET/../UTC"] {
            assert!(time_zone(name).is_err(), "{name}");
        }
    }
}
