//! Addresses: networks that always pass, proxies that are believed, and which address a request comes from.
//!
//! Pure rules over header values as bytes; where they come from is the edge's matter.

mod client;
mod forwarded;
mod set;

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

pub use client::{ClientAddress, client_address};
pub use forwarded::{Scheme, forwarded_host, forwarded_host_parameter, forwarded_proto, last_of_list};
pub use set::NetworkSet;

/// Bits in front of an IPv4 address that is mapped into IPv6 (`::ffff:0:0/96`, RFC 4291, section 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// A row on the record of a site: requests from this network are let through while the site is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalNetwork {
    /// The network, host bits zero; one address is `/32` or `/128`. Made by [`parse_network`].
    pub network: IpNet,
    /// What it is; may be empty.
    pub description: String,
}

/// Why a text is not a network. The words are meant for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Nothing was given.
    #[error("the network is empty: write an address such as `10.1.2.3`, or a network such as `10.0.0.0/8`")]
    Empty,
    /// It does not begin with an IP address.
    #[error("`{value}` is not an IP address or network, such as `10.1.2.3`, `10.0.0.0/8` or `2001:db8::/32`")]
    NotAnAddress {
        /// What was given.
        value: String,
    },
    /// What follows the slash is not a possible length.
    #[error("`{value}` has an impossible length: after the slash stands a number from 0 to {max}")]
    BadLength {
        /// What was given.
        value: String,
        /// Bits of its address.
        max: u8,
    },
    /// The address has bits beyond the length, so one address or the whole network may be meant.
    #[error("`{value}` is not a whole network: write `{network}` for the network or `{address}` for the one address")]
    HostBits {
        /// What was given.
        value: String,
        /// The network that holds the address.
        network: IpNet,
        /// The address.
        address: IpAddr,
    },
}

/// Reads a network in CIDR form, or one address: `10.0.0.0/8`, `10.1.2.3`, `2001:db8::/32`, `::1`, `[::1]`.
///
/// An IPv4 network that is written as IPv6 (`::ffff:10.0.0.0/104`) is the IPv4 network, as an address is.
///
/// # Errors
/// See [`NetworkError`]. Bits beyond the length are refused, not cut off: `10.1.2.3/8` may mean either.
///
/// # Examples
/// ```
/// use maintenance_mode::network::{NetworkError, parse_network};
///
/// assert_eq!(parse_network("10.1.2.3")?.to_string(), "10.1.2.3/32");
/// assert!(parse_network("10.1.2.3/8").unwrap_err().to_string().contains("`10.0.0.0/8`"));
/// # Ok::<(), NetworkError>(())
/// ```
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NetworkError::Empty);
    }
    let value = || text.chars().take(80).flat_map(char::escape_debug).collect::<String>();
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let parsed = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => address.parse(),
    };
    let Ok(address) = parsed else { return Err(NetworkError::NotAnAddress { value: value() }) };
    let max = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => max,
        Some(length) => match length.parse() {
            Ok(length) if length <= max && !text.contains('+') => length,
            _ => return Err(NetworkError::BadLength { value: value(), max }),
        },
    };
    let network = unmapped(IpNet::new_assert(address, length));
    if network.addr() != network.network() {
        return Err(NetworkError::HostBits { value: value(), network: network.trunc(), address: network.addr() });
    }
    Ok(network)
}

/// Whether a network holds every address of its family, so that nobody from there sees a closed site.
pub fn holds_everybody(network: &IpNet) -> bool {
    network.prefix_len() == 0
}

/// The IPv4 network of an IPv6 one that lies in the mapped range.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(wide) = network else { return network };
    let mapped = wide.addr().to_ipv4_mapped().zip(wide.prefix_len().checked_sub(MAPPED_BITS));
    mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok()).map_or(network, IpNet::V4)
}

/// The network of one address.
fn network_of(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(address) => IpNet::V4(Ipv4Net::from(address)),
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::from(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn networks_and_single_addresses_are_read() {
        for (text, network) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 10.1.2.3 ", "10.1.2.3/32"),
            ("10.1.2.3/32", "10.1.2.3/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::1", "::1/128"),
            ("[::1]", "::1/128"),
            ("[2001:db8::]/32", "2001:db8::/32"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            assert_eq!(parse_network(text).map(|n| n.to_string()), Ok(network.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_its_value() {
        for (text, words) in [
            ("", "the network is empty"),
            ("localhost", "`localhost` is not an IP address"),
            ("10.0.*", "`10.0.*` is not an IP address"),
            ("10.0.0.1-10.0.0.9", "`10.0.0.1-10.0.0.9` is not"),
            ("10.0.0.1:80", "`10.0.0.1:80` is not"),
            ("010.0.0.1", "`010.0.0.1` is not"),
            ("fe80::1%eth0", "`fe80::1%eth0` is not"),
            ("[10.0.0.1]", "`[10.0.0.1]` is not"),
            ("10.0.0.0/33", "`10.0.0.0/33` has an impossible length: after the slash stands a number from 0 to 32"),
            ("10.0.0.0/255.0.0.0", "`10.0.0.0/255.0.0.0` has an impossible length"),
            ("10.0.0.0/+8", "`10.0.0.0/+8` has an impossible length"),
            ("10.0.0.0/", "`10.0.0.0/` has an impossible length"),
            ("::/129", "`::/129` has an impossible length: after the slash stands a number from 0 to 128"),
            ("10.1.2.3/8", "`10.1.2.3/8` is not a whole network: write `10.0.0.0/8` for the network or `10.1.2.3` for"),
            ("::ffff:10.1.2.3/104", "`::ffff:10.1.2.3/104` is not a whole network: write `10.0.0.0/8`"),
        ] {
            let error = parse_network(text).unwrap_err().to_string();
            assert!(error.starts_with(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_network_of_everybody_is_known() {
        for (text, everybody) in [("0.0.0.0/0", true), ("::/0", true), ("10.0.0.0/8", false), ("::1", false)] {
            assert_eq!(holds_everybody(&parse_network(text).unwrap()), everybody, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_settles_at_once(text in prop_oneof![any::<String>(), "[0-9a-f:./\\[\\]]{0,24}"]) {
            if let Ok(network) = parse_network(&text) {
                prop_assert_eq!(parse_network(&network.to_string()), Ok(network));
            }
        }

        #[test]
        fn every_address_is_its_own_network(address in any::<IpAddr>()) {
            prop_assert_eq!(parse_network(&address.to_string()), Ok(network_of(address.to_canonical())));
        }
    }
}
