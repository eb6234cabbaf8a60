//! HAProxy: lists for `acl … -f FILE`.

use std::fmt::Write as _;

use super::told::Line;
use super::{MATCH_LIMIT, SiteRules};

/// Ending of the list of expressions, for `path,url_dec -m reg -f FILE`.
pub(super) const PATHS: &str = "haproxy.paths";

/// Ending of the list of networks, for `src -f FILE`.
pub(super) const NETWORKS: &str = "haproxy.networks";

/// Expressions of paths that pass, one on a line. The target must be asked for [`super::CLEAN_TARGET`] besides.
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

/// Networks that pass, one on a line.
pub(super) fn networks(site: &SiteRules<'_>) -> String {
    let mut text = site.header();
    for network in site.networks_once() {
        writeln!(text, "{network}").expect("a text takes everything");
    }
    text
}
