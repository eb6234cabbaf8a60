//! Which address a request comes from.

use std::net::IpAddr;

use super::NetworkSet;
use super::forwarded::{forwarded_for, x_forwarded_for};

/// Most hops that are walked.
const MAX_HOPS: usize = 64;

/// The address of a request, and who told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address; IPv4 that is mapped into IPv6 is the IPv4 address.
    pub address: IpAddr,
    /// The trusted proxy that named the address; `None` when it is the peer's own.
    pub told_by: Option<IpAddr>,
    /// Whether the address may stand for a person. `false` when the headers name none or contradict each other, so
    /// that the address is a proxy's or anybody's: such a request is never internal, whatever network the address
    /// lies in.
    pub is_certain: bool,
}

/// The address of a request.
///
/// It is the peer's, unless the peer is a trusted proxy: then the right-most address in `X-Forwarded-For` (else in
/// `Forwarded`, RFC 7239) that is not itself a trusted proxy. Each trusted proxy has put the address that it saw at
/// the right end, so whatever a visitor sends stands to the left of it and is never reached. Several lines of a header
/// are one list. An element that is malformed, hidden or unknown ends the walk at the last good hop, as does the left
/// end of the list or the 64th hop.
///
/// A proxy that writes one of the headers mostly hands the other one on as it came, so when both are there and do not
/// agree, `X-Forwarded-For`, which nearly all proxies write, counts, but the address is not certain.
///
/// `None` when there is no peer address (a Unix socket). Nothing is allocated, and the headers of a peer that is not
/// trusted are not even looked at.
///
/// # Examples
/// ```
/// use maintenance_mode::network::{NetworkSet, client_address};
///
/// let trusted = NetworkSet::parse_list("10.0.0.0/8").unwrap();
/// let forged: &[u8] = b"127.0.0.1, 203.0.113.9";
/// let client = client_address("10.0.0.2".parse().ok(), [forged], [], &trusted).unwrap();
/// assert_eq!(client.address.to_string(), "203.0.113.9");
/// ```
pub fn client_address<'a, X, F>(
    peer: Option<IpAddr>,
    x_forwarded_for_lines: X,
    forwarded_lines: F,
    trusted: &NetworkSet,
) -> Option<ClientAddress>
where
    X: IntoIterator<Item = &'a [u8]>,
    X::IntoIter: DoubleEndedIterator,
    F: IntoIterator<Item = &'a [u8]>,
    F::IntoIter: DoubleEndedIterator,
{
    let peer = peer?.to_canonical();
    if trusted.find(peer).is_none() {
        return Some(ClientAddress { address: peer, told_by: None, is_certain: true });
    }
    let mut usual = x_forwarded_for_lines.into_iter().rev().peekable();
    let mut standard = forwarded_lines.into_iter().rev().peekable();
    let (has_usual, has_standard) = (usual.peek().is_some(), standard.peek().is_some());
    let by_usual = || walk(peer, usual.flat_map(x_forwarded_for), trusted);
    let by_standard = || walk(peer, standard.flat_map(forwarded_for), trusted);
    Some(match (has_usual, has_standard) {
        (false, false) => ClientAddress { address: peer, told_by: None, is_certain: true },
        (true, false) => by_usual(),
        (false, true) => by_standard(),
        (true, true) => {
            let client = by_usual();
            ClientAddress { is_certain: client.is_certain && client.address == by_standard().address, ..client }
        }
    })
}

/// Walks from the trusted peer to the left.
fn walk(peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>, trusted: &NetworkSet) -> ClientAddress {
    let mut reached = ClientAddress { address: peer, told_by: None, is_certain: false };
    for (count, hop) in hops.enumerate() {
        let Some(address) = hop.filter(|_| count < MAX_HOPS) else {
            return ClientAddress { is_certain: false, ..reached };
        };
        reached = ClientAddress { address, told_by: Some(reached.address), is_certain: true };
        if trusted.find(address).is_none() {
            return reached;
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Address, who told it, whether it is certain.
    fn client(peer: &str, usual: &[&str], standard: &[&str], trusted: &str) -> (String, Option<String>, bool) {
        let trusted = NetworkSet::parse_list(trusted).unwrap();
        let (usual, standard) = (usual.iter().map(|line| line.as_bytes()), standard.iter().map(|line| line.as_bytes()));
        let client = client_address(peer.parse().ok(), usual, standard, &trusted).unwrap();
        (client.address.to_string(), client.told_by.map(|proxy| proxy.to_string()), client.is_certain)
    }

    #[test]
    fn headers_count_only_from_a_trusted_peer_and_only_from_the_right() {
        for (peer, usual, trusted, address, told_by) in [
            // A forged header from anybody.
            ("203.0.113.9", &["127.0.0.1"][..], "", "203.0.113.9", None),
            ("203.0.113.9", &["127.0.0.1"], "10.0.0.0/8", "203.0.113.9", None),
            // A forged header through a proxy that appends.
            ("10.0.0.2", &["127.0.0.1, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9", Some("10.0.0.2")),
            ("10.0.0.2", &["127.0.0.1", "203.0.113.9"], "10.0.0.0/8", "203.0.113.9", Some("10.0.0.2")),
            ("10.0.0.2", &["\u{fffd}, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9", Some("10.0.0.2")),
            // A chain of two proxies, the second one listed by its address.
            (
                "10.0.0.2",
                &["1.1.1.1, 203.0.113.9, 198.51.100.7"],
                "10.0.0.2, 198.51.100.7",
                "203.0.113.9",
                Some("198.51.100.7"),
            ),
            ("10.0.0.2", &["1.1.1.1, 203.0.113.9, 198.51.100.7"], "10.0.0.2", "198.51.100.7", Some("10.0.0.2")),
            // Mapped addresses are IPv4.
            ("::ffff:10.0.0.2", &["::ffff:203.0.113.9"], "10.0.0.0/8", "203.0.113.9", Some("10.0.0.2")),
            ("::ffff:203.0.113.9", &["127.0.0.1"], "10.0.0.0/8", "203.0.113.9", None),
            ("10.0.0.2", &["[2001:db8::1]:443, [::ffff:10.0.0.3]:80"], "10.0.0.0/8", "2001:db8::1", Some("10.0.0.3")),
            // Every hop trusted: the request began at the left-most.
            ("10.0.0.2", &["10.0.0.4, 10.0.0.3"], "10.0.0.0/8", "10.0.0.4", Some("10.0.0.3")),
            // The proxy itself asks.
            ("10.0.0.2", &[], "10.0.0.0/8", "10.0.0.2", None),
        ] {
            let expected = (address.to_owned(), told_by.map(str::to_owned), true);
            assert_eq!(client(peer, usual, &[], trusted), expected, "{peer} {usual:?} {trusted}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk_at_the_last_good_hop_without_certainty() {
        for (usual, address, told_by) in [
            ("garbage", "10.0.0.2", None),
            ("203.0.113.9, garbage", "10.0.0.2", None),
            ("203.0.113.9, unknown, 10.0.0.3", "10.0.0.3", Some("10.0.0.2")),
            ("203.0.113.9, 10.0.0.3:x", "10.0.0.2", None),
            ("", "10.0.0.2", None),
            (" , ", "10.0.0.2", None),
        ] {
            let expected = (address.to_owned(), told_by.map(str::to_owned), false);
            assert_eq!(client("10.0.0.2", &[usual], &[], "10.0.0.0/8"), expected, "{usual:?}");
        }
    }

    #[test]
    fn forwarded_is_read_when_there_is_no_x_forwarded_for() {
        for (standard, address, is_certain) in [
            ("for=127.0.0.1, for=203.0.113.9;proto=https", "203.0.113.9", true),
            ("for=\"[2001:db8::1]:4711\", for=10.0.0.3", "2001:db8::1", true),
            ("for=203.0.113.9, for=_hidden", "10.0.0.2", false),
            ("for=203.0.113.9, for=\"10.0.0.3", "10.0.0.2", false),
        ] {
            let (found, _, certain) = client("10.0.0.2", &[], &[standard], "10.0.0.0/8");
            assert_eq!((found.as_str(), certain), (address, is_certain), "{standard}");
        }
        assert_eq!(client("203.0.113.9", &[], &["for=127.0.0.1"], "10.0.0.0/8").0, "203.0.113.9");
    }

    #[test]
    fn two_headers_that_disagree_make_nobody_certain() {
        let usual = ["203.0.113.9"];
        let told = |standard: &str| client("10.0.0.2", &usual, &[standard], "10.0.0.0/8");
        let expected = |is_certain| ("203.0.113.9".to_owned(), Some("10.0.0.2".to_owned()), is_certain);
        assert_eq!(told("for=203.0.113.9"), expected(true));
        assert_eq!(told("for=127.0.0.1"), expected(false));
        assert_eq!(told("garbage"), expected(false));
    }

    #[test]
    fn a_peer_without_an_address_has_none() {
        let line: &[u8] = b"203.0.113.9";
        assert_eq!(client_address(None, [line], [], &NetworkSet::parse_list("::/0").unwrap()), None);
    }

    #[test]
    fn only_so_many_hops_are_walked() {
        let chain = vec!["10.0.0.3"; 1000].join(",");
        let (address, _, is_certain) = client("10.0.0.2", &[&format!("203.0.113.9,{chain}")], &[], "10.0.0.0/8");
        assert_eq!((address.as_str(), is_certain), ("10.0.0.3", false));
    }

    proptest! {
        #[test]
        fn nothing_in_front_of_what_the_proxy_saw_matters(
            forged in any::<Vec<u8>>(), seen in any::<IpAddr>(), same_line in any::<bool>(),
        ) {
            let trusted = NetworkSet::parse_list("10.0.0.0/8").unwrap();
            prop_assume!(trusted.find(seen).is_none());
            let written = seen.to_string();
            let joined = [&forged, &b", "[..], written.as_bytes()].concat();
            let lines = if same_line { vec![&joined[..]] } else { vec![&forged[..], written.as_bytes()] };
            let client = client_address("10.0.0.2".parse().ok(), lines, [], &trusted).unwrap();
            prop_assert_eq!((client.address, client.is_certain), (seen.to_canonical(), true));
        }

        #[test]
        fn an_untrusted_peer_is_its_own_address_whatever_it_sends(
            peer in any::<IpAddr>(), usual in any::<Vec<u8>>(), standard in any::<Vec<u8>>(),
        ) {
            let trusted = NetworkSet::parse_list("10.0.0.0/8").unwrap();
            prop_assume!(trusted.find(peer).is_none());
            let client = client_address(Some(peer), [&usual[..]], [&standard[..]], &trusted);
            let expected = ClientAddress { address: peer.to_canonical(), told_by: None, is_certain: true };
            prop_assert_eq!(client, Some(expected));
        }

        #[test]
        fn no_bytes_make_it_panic(usual in proptest::collection::vec(any::<Vec<u8>>(), 0..4), standard in any::<Vec<u8>>()) {
            let trusted = NetworkSet::parse_list("0.0.0.0/0").unwrap();
            client_address("10.0.0.2".parse().ok(), usual.iter().map(Vec::as_slice), [&standard[..]], &trusted);
        }
    }
}
