//! A few networks, as settings list them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{NetworkError, network_of, parse_network};

/// Networks as a setting lists them, such as `INTERNAL_IPS` or `TRUSTED_PROXIES`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkSet(Box<[IpNet]>);

impl NetworkSet {
    /// Reads a list that is separated by commas, white space or both. An empty text is an empty set.
    ///
    /// # Errors
    /// The first entry that [`parse_network`] refuses.
    pub fn parse_list(list: &str) -> Result<Self, NetworkError> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        entries.map(parse_network).collect()
    }

    /// The first network, in order, that holds the address. An IPv4 address that is mapped into IPv6 counts as IPv4.
    #[inline]
    pub fn find(&self, address: IpAddr) -> Option<IpNet> {
        if self.0.is_empty() {
            return None;
        }
        let address = address.to_canonical();
        self.0.iter().find(|network| network.contains(&address)).copied()
    }

    /// Whether no network is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The networks, in order.
    pub fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.0.iter()
    }
}

impl FromIterator<IpNet> for NetworkSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl std::str::FromStr for NetworkSet {
    type Err = NetworkError;

    fn from_str(list: &str) -> Result<Self, NetworkError> {
        Self::parse_list(list)
    }
}

impl std::fmt::Display for NetworkSet {
    /// The list as a setting would have it: `10.0.0.0/8, 192.0.2.7`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            if *network == network_of(network.addr()) { network.addr().fmt(f)? } else { network.fmt(f)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_list_is_separated_by_commas_or_space() {
        let set = NetworkSet::parse_list(" 10.0.0.0/8,192.0.2.7\n::1 ,").unwrap();
        assert_eq!(set.to_string(), "10.0.0.0/8, 192.0.2.7, ::1");
        assert_eq!(NetworkSet::parse_list(&set.to_string()), Ok(set));
        assert!(NetworkSet::parse_list(" , ").unwrap().is_empty());
        let error = NetworkSet::parse_list("10.0.0.0/8, example.com").unwrap_err();
        assert!(error.to_string().starts_with("`example.com` is not"), "{error}");
    }

    #[test]
    fn the_network_that_holds_an_address_is_named() {
        let set = NetworkSet::parse_list("10.0.0.0/8, 2001:db8::/32, 10.1.0.0/16").unwrap();
        for (text, network) in [
            ("10.1.2.3", Some("10.0.0.0/8")),
            ("::ffff:10.1.2.3", Some("10.0.0.0/8")),
            ("2001:db8::7", Some("2001:db8::/32")),
            ("11.0.0.1", None),
            ("2001:db9::1", None),
        ] {
            assert_eq!(set.find(address(text)).map(|n| n.to_string()).as_deref(), network, "{text}");
        }
        assert_eq!(NetworkSet::default().find(address("10.0.0.1")), None);
        assert_eq!(NetworkSet::parse_list("::/0").unwrap().find(address("::ffff:10.0.0.1")), None);
    }
}
