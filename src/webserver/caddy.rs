//! Caddy: lines within a matcher, which leave out of it what passes.

use std::fmt::Write as _;

use super::told::Line;
use super::{CLEAN_TARGET, SiteRules, UNCLEAN_TARGET};

/// Ending of the file.
pub(super) const ENDING: &str = "caddy";

/// Lines for a matcher of requests that are held: they take internal networks and ignored paths out of it.
pub(super) fn rules(site: &SiteRules<'_>, ignored: &[Line]) -> String {
    let mut text = site.header();
    let mut say = |line: &str| writeln!(text, "{line}").expect("a text takes everything");
    say("# To be imported within the matcher of requests that are held.");
    let networks = site.networks_once();
    if !networks.is_empty() {
        let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
        say(&format!("not remote_ip {}", networks.join(" ")));
    }
    // Caddy puts in the variable of `{$NAME}` before it knows what a comment is.
    ignored.iter().for_each(|line| say(&line.comment.replace(['{', '}'], "\u{fffd}")));
    let told: Vec<&str> = ignored.iter().filter_map(|line| line.expression.as_deref()).collect();
    if !told.is_empty() {
        let all = told.iter().map(|expression| format!("(?:{expression})")).collect::<Vec<_>>().join("|");
        say("not {");
        say(&format!("    path_regexp \\A/?(?:{all})"));
        // The target as it was sent, because Caddy resolves dots and doubled slashes, and the application may not.
        say(&format!("    vars_regexp {{http.request.orig_uri}} {CLEAN_TARGET}"));
        say(&format!("    not vars_regexp {{http.request.orig_uri}} {UNCLEAN_TARGET}"));
        say("}");
    }
    text
}
