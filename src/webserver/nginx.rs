//! nginx: variables by `geo` and `map`, which stand beside `server` blocks.

use std::fmt::Write as _;

use super::told::Line;
use super::{CLEAN_TARGET, MATCH_LIMIT, SiteRules, UNCLEAN_TARGET};

/// Ending of the file.
pub(super) const ENDING: &str = "nginx.conf";

/// Sets `$maintenance_ID_pass` to 1 for requests that pass while the site is closed, `$maintenance_ID_who` to
/// `internal-ip` for addresses that do, and `$maintenance_ID_retry_after` to the seconds while no marker says more.
pub(super) fn rules(site: &SiteRules<'_>, ignored: &[Line]) -> String {
    let id = site.id;
    let mut text = site.header();
    let mut say = |line: &str| writeln!(text, "{line}").expect("a text takes everything");
    say("# To be included where server blocks stand.");
    say(&format!("geo $maintenance_{id}_internal {{\n    default 0;"));
    for network in site.networks_once() {
        say(&format!("    {network} 1;"));
    }
    say("}");
    say(&format!("map $maintenance_{id}_internal $maintenance_{id}_who {{\n    default \"\";\n    1 internal-ip;\n}}"));
    say(
        "# The target as it was sent, because nginx resolves dots and doubled slashes in $uri, and the application may not.",
    );
    say(&format!(
        "map $request_uri $maintenance_{id}_clean {{\n    default 0;\n    \"~{UNCLEAN_TARGET}\" 0;\n    \"~{CLEAN_TARGET}\" 1;\n}}"
    ));
    say(&format!("map $uri $maintenance_{id}_ignored {{\n    default 0;"));
    for Line { comment, expression } in ignored {
        say(&format!("    {comment}"));
        if let Some(expression) = expression {
            say(&format!("    \"~{MATCH_LIMIT}\\A/?(?:{expression})\" 1;"));
        }
    }
    say("}");
    say(&format!(
        "map \"$maintenance_{id}_internal$maintenance_{id}_clean$maintenance_{id}_ignored\" $maintenance_{id}_pass {{\n    \
         default 0;\n    \"~^1\" 1;\n    \"011\" 1;\n}}"
    ));
    say(&format!("map \"\" $maintenance_{id}_retry_after {{\n    default {};\n}}", site.retry_after));
    text
}
