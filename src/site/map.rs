//! From the host of a request to what is known of its site.

use super::{Alias, Domain};
use crate::sharded::ShardedMap;

/// Hosts and what belongs to them: exact domain, then alias, then the longest wildcard.
///
/// Cloning shares everything, and a change afterwards copies a small part only (see [`ShardedMap`]), so a snapshot
/// with one site changed costs the same among ten and among 100,000.
///
/// No two sites share a domain or an alias: storage sees to it. When several sites change at once, remove all of them
/// under their old names before any is inserted under its new ones, because names may move between them.
#[derive(Debug, Clone)]
pub struct HostMap<T> {
    exact: ShardedMap<Domain, T>,
    wildcards: ShardedMap<Domain, T>,
}

impl<T: Clone> HostMap<T> {
    /// A map without hosts.
    pub fn new() -> Self {
        Self { exact: ShardedMap::new(), wildcards: ShardedMap::new() }
    }

    /// What belongs to a host, given as [`super::request_host`] returns it.
    ///
    /// A known host costs one look-up and no allocation; wildcards are tried only when there are any.
    #[inline]
    pub fn get(&self, host: &str) -> Option<&T> {
        match self.exact.get(host) {
            None if !self.wildcards.is_empty() => self.by_wildcard(host),
            found => found,
        }
    }

    /// Tries the domains above the host, the longest first.
    fn by_wildcard(&self, host: &str) -> Option<&T> {
        let mut below = host;
        while let Some((label, parent)) = below.split_once('.') {
            match self.wildcards.get(parent) {
                Some(found) if !label.is_empty() => return Some(found),
                _ => below = parent,
            }
        }
        None
    }

    /// Enters a site under its domain and all its aliases.
    pub fn insert_site(&mut self, domain: &Domain, aliases: &[Alias], value: T) {
        for alias in aliases {
            match alias {
                Alias::Exact(host) => self.exact.insert(host.clone(), value.clone()),
                Alias::Wildcard(base) => self.wildcards.insert(base.clone(), value.clone()),
            };
        }
        self.exact.insert(domain.clone(), value);
    }

    /// Takes a site out, given the domain and the aliases under which it was entered.
    pub fn remove_site(&mut self, domain: &Domain, aliases: &[Alias]) {
        self.exact.remove(domain.as_str());
        for alias in aliases {
            match alias {
                Alias::Exact(host) => self.exact.remove(host.as_str()),
                Alias::Wildcard(base) => self.wildcards.remove(base.as_str()),
            };
        }
    }

    /// Number of names: domains, aliases and wildcards.
    pub fn len(&self) -> usize {
        self.exact.len() + self.wildcards.len()
    }

    /// Whether no name is known.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }
}

impl<T: Clone> Default for HostMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    fn aliases(texts: &[&str]) -> Vec<Alias> {
        texts.iter().map(|text| Alias::parse(text).unwrap()).collect()
    }

    #[test]
    fn exact_comes_before_the_longest_wildcard_and_that_before_a_shorter_one() {
        let mut hosts = HostMap::new();
        hosts.insert_site(&domain("example.com"), &aliases(&["www.example.com", "*.example.com"]), 1);
        hosts.insert_site(&domain("preview.example.com"), &aliases(&["*.preview.example.com"]), 2);
        hosts.insert_site(&domain("a.preview.example.com"), &[], 3);
        for (host, site) in [
            ("example.com", Some(1)),
            ("www.example.com", Some(1)),
            ("shop.example.com", Some(1)),
            ("x.shop.example.com", Some(1)),
            ("preview.example.com", Some(2)),
            ("b.preview.example.com", Some(2)),
            ("c.a.preview.example.com", Some(2)),
            ("a.preview.example.com", Some(3)),
            ("example.org", None),
            ("com", None),
            ("notexample.com", None),
            (".example.com", None),
            ("", None),
        ] {
            assert_eq!(hosts.get(host).copied(), site, "{host}");
        }
    }

    #[test]
    fn a_removed_site_is_gone_under_all_its_names() {
        let mut hosts = HostMap::new();
        let names = aliases(&["www.example.com", "*.example.com"]);
        hosts.insert_site(&domain("example.com"), &names, 1);
        hosts.insert_site(&domain("example.org"), &[], 2);
        let before = hosts.clone();
        hosts.remove_site(&domain("example.com"), &names);
        assert_eq!(hosts.len(), 1);
        for host in ["example.com", "www.example.com", "a.example.com"] {
            assert_eq!((hosts.get(host), before.get(host)), (None, Some(&1)), "{host}");
        }
        assert_eq!(hosts.get("example.org"), Some(&2));
    }

    #[test]
    fn an_address_is_found_like_a_name() {
        let mut hosts = HostMap::new();
        hosts.insert_site(&domain("[::1]"), &aliases(&["127.0.0.1", "localhost"]), 1);
        for host in ["[::1]", "127.0.0.1", "localhost"] {
            assert_eq!(hosts.get(host), Some(&1), "{host}");
        }
    }
}
