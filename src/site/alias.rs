//! Another name of a site: one host, or everything below a domain.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Domain, DomainError};

/// Another name of a site: `www.example.com`, or `*.preview.example.com` for every sub-domain.
///
/// A wildcard covers sub-domains of any depth (`a.preview…`, `a.b.preview…`), not the domain itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alias {
    /// This host alone.
    Exact(Domain),
    /// Every host below this domain.
    Wildcard(Domain),
}

impl Alias {
    /// Reads an alias as a person types it; see [`Domain::parse`].
    ///
    /// # Errors
    /// The part after `*.` is not a domain name, or a `*` stands anywhere else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        let Some(base) = text.strip_prefix("*.") else {
            return Domain::parse(text).map(Self::Exact);
        };
        let base = Domain::parse(base)?;
        if base.is_ip() {
            return Err(DomainError::HasWildcard { value: text.to_owned() });
        }
        Ok(Self::Wildcard(base))
    }

    /// The host itself, or the domain below which a wildcard begins.
    pub fn domain(&self) -> &Domain {
        match self {
            Self::Exact(domain) | Self::Wildcard(domain) => domain,
        }
    }

    /// Whether the alias is `*.…`.
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Self::Wildcard(_))
    }

    /// Whether a host in canonical form is one of this alias's.
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(domain) => domain.as_str() == host,
            Self::Wildcard(base) => {
                host.strip_suffix(base.as_str()).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
        }
    }

    /// The alias in its own script, to show to people.
    pub fn to_unicode(&self) -> String {
        match self {
            Self::Exact(domain) => domain.to_unicode(),
            Self::Wildcard(base) => format!("*.{}", base.to_unicode()),
        }
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => domain.fmt(f),
            Self::Wildcard(base) => write!(f, "*.{base}"),
        }
    }
}

impl std::str::FromStr for Alias {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        Self::parse(text)
    }
}

impl Serialize for Alias {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_a_host_or_a_wildcard() {
        assert_eq!(Alias::parse("WWW.example.com").unwrap(), Alias::Exact(Domain::parse("www.example.com").unwrap()));
        let wildcard = Alias::parse(" *.Preview.Bücher.example. ").unwrap();
        assert!(wildcard.is_wildcard());
        assert_eq!(wildcard.to_string(), "*.preview.xn--bcher-kva.example");
        assert_eq!(wildcard.to_unicode(), "*.preview.bücher.example");
        assert_eq!(Alias::parse(&wildcard.to_string()), Ok(wildcard));
    }

    #[test]
    fn a_star_stands_only_for_the_first_labels() {
        for text in ["*", "*.", "*.*.example.com", "a.*.example.com", "a*.example.com", "*.127.0.0.1", "*.[::1]"] {
            assert!(Alias::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wildcard_covers_every_depth_but_not_the_domain_itself() {
        let alias = Alias::parse("*.preview.example.com").unwrap();
        for (host, covered) in [
            ("a.preview.example.com", true),
            ("a.b.preview.example.com", true),
            ("preview.example.com", false),
            (".preview.example.com", false),
            ("apreview.example.com", false),
            ("example.com", false),
        ] {
            assert_eq!(alias.covers(host), covered, "{host}");
        }
    }
}
