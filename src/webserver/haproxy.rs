//! HAProxy: lists for `acl … -f FILE`.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::told::Line;
use super::{CLEAN_TARGET, MATCH_LIMIT, SiteRules};

/// Ending of the list of expressions, for `path,url_dec -m reg -f FILE`.
pub(super) const PATHS: &str = "haproxy.paths";

/// Ending of the list of networks, for `src -f FILE`.
pub(super) const NETWORKS: &str = "haproxy.networks";

/// [`CLEAN_TARGET`] with a group that never gives back what it took, which changes nothing in what matches. HAProxy's
/// PCRE2 compiles to machine code with 32 KiB to note places to go back to, enough for some 700 turns of a group; a longer
/// path would not be clean. RE2 knows no such group.
pub(super) fn clean_target() -> String {
    CLEAN_TARGET.replacen(")*(", ")*+(", 1)
}

/// Expressions of paths that pass, one on a line. The target must be asked for [`clean_target`] besides.
pub(super) fn paths(site: &SiteRules<'_>, ignored: &[Line]) -> String {
    let mut text = site.header();
    for Line { comment, expression } in ignored {
        writeln!(text, "{comment}").expect("a text takes everything");
        if let Some(expression) = expression {
            writeln!(text, "{MATCH_LIMIT}\\A/?(?:{expression})").expect("a text takes everything");
        }
    }
    text
}

/// Networks that pass, one on a line. HAProxy compares an IPv4 address with an IPv6 network by its mapped form
/// (`::ffff:192.0.2.1`), so one that holds those would let all of IPv4 pass: it is left out.
pub(super) fn networks(site: &SiteRules<'_>) -> String {
    let mut text = site.header();
    for network in site.networks_once() {
        let line = if holds_mapped(&network) { format!("# Left out: {network}") } else { network.to_string() };
        writeln!(text, "{line}").expect("a text takes everything");
    }
    text
}

fn holds_mapped(network: &IpNet) -> bool {
    let mapped = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();
    matches!(network, IpNet::V6(network) if network.prefix_len() < 128 && network.contains(&mapped))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Domain, SiteId};

    #[test]
    fn a_network_of_ipv6_that_would_let_all_of_ipv4_pass_is_left_out() {
        let rules = SiteRules {
            id: SiteId(7),
            domain: &Domain::parse("shop.example.com").unwrap(),
            ignored: Vec::new(),
            networks: ["::/1", "10.0.0.0/8", "::1/128", "2001:db8::/32"].map(|text| text.parse().unwrap()).to_vec(),
            retry_after: 90,
        };
        let text = networks(&rules);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines, ["10.0.0.0/8", "# Left out: ::/1", "::1/128", "2001:db8::/32"]);
    }

    #[test]
    fn the_group_of_the_whole_path_gives_nothing_back() {
        assert!(clean_target().ends_with(r")*+(?:\?|\z)") && CLEAN_TARGET.ends_with(r")*(?:\?|\z)"));
        assert_eq!(clean_target().len(), CLEAN_TARGET.len() + 1);
    }
}
