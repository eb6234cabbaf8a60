//! Apache httpd: a variable of the environment by `mod_rewrite`, within a `VirtualHost`.

use std::fmt::Write as _;

use super::told::Line;
use super::{CLEAN_TARGET, MATCH_LIMIT, SiteRules, UNCLEAN_TARGET};

/// Ending of the file.
pub(super) const ENDING: &str = "apache.conf";

/// Sets the variable `MAINTENANCE_PASS` to 1 for requests that pass while the site is closed, and `MAINTENANCE_WHO` to
/// `internal-ip` for addresses that do. `Retry-After` is read
/// from `F.retry-after`.
pub(super) fn rules(site: &SiteRules<'_>, ignored: &[Line]) -> String {
    let mut text = site.header();
    let mut say = |line: &str| writeln!(text, "{line}").expect("a text takes everything");
    say("# To be included within a VirtualHost, ahead of rules that ask for MAINTENANCE_PASS.");
    say("RewriteEngine On");
    let networks = site.networks_once();
    for (number, network) in networks.iter().enumerate() {
        let or = if number + 1 < networks.len() { " [OR]" } else { "" };
        say(&format!("RewriteCond expr \"%{{REMOTE_ADDR}} -ipmatch '{network}'\"{or}"));
    }
    if !networks.is_empty() {
        say("RewriteRule ^ - [E=MAINTENANCE_PASS:1,E=MAINTENANCE_WHO:internal-ip]");
    }
    let told = ignored.iter().filter(|line| line.expression.is_some()).count();
    if told > 0 {
        say(
            "# The target as it was sent, because Apache resolves dots and doubled slashes, and the application may not.",
        );
        let (clean, unclean) = (CLEAN_TARGET, UNCLEAN_TARGET);
        let behind_method = |target: &str| target.replacen(r"\A", r"\A[A-Z]+\x20", 1).replace(r"\z", r"\x20HTTP/");
        // Up to the end of the target, not into the version.
        let unclean = behind_method(unclean).replace("[^?]", r"[^?\x20]");
        say(&format!("RewriteCond %{{THE_REQUEST}} \"{}\"", behind_method(clean)));
        say(&format!("RewriteCond %{{THE_REQUEST}} \"!{unclean}\""));
    }
    let mut left = told;
    for Line { comment, expression } in ignored {
        say(comment);
        if let Some(expression) = expression {
            left -= 1;
            let or = if left > 0 { " [OR]" } else { "" };
            say(&format!("RewriteCond %{{REQUEST_URI}} \"{MATCH_LIMIT}\\A/?(?:{expression})\"{or}"));
        }
    }
    if told > 0 {
        say("RewriteRule ^ - [E=MAINTENANCE_PASS:1]");
    }
    text
}
