//! What somebody else has saved meanwhile: whether it matters to a form, and both versions side by side.

use jiff::Timestamp;
use serde_json::Value;

use crate::admin::page::{Conflict, ConflictRow, lasted};
use crate::change::Change;
use crate::site::{Alias, Site};

/// Whether a change was about a site's own settings.
pub(super) fn touches_site(change: &Change) -> bool {
    const FIELDS: [&str; 6] = ["domain", "name", "aliases", "is_default", "is_protected", "time_zone"];
    let holds = |fields: &Option<Value>| {
        let fields = fields.as_ref().and_then(Value::as_object);
        fields.is_some_and(|fields| FIELDS.iter().any(|field| fields.contains_key(*field)))
    };
    holds(&change.before) || holds(&change.after)
}

/// The settings that differ between what was typed and what is stored.
pub(super) fn conflict(mine: &Site, theirs: &Site, last: &Change, now: Timestamp) -> Conflict {
    let rows = values(mine).into_iter().zip(values(theirs));
    Conflict {
        who: last.actor.clone(),
        ago: ago(last.at, now),
        rows: rows
            .filter(|((_, mine), (_, theirs))| mine != theirs)
            .map(|((label, mine), (_, theirs))| ConflictRow { label: label.to_owned(), mine, theirs })
            .collect(),
    }
}

/// The settings by their labels.
fn values(site: &Site) -> [(&'static str, String); 6] {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let aliases: Vec<String> = site.aliases.iter().map(Alias::to_unicode).collect();
    [
        ("Domain", site.domain.to_unicode()),
        ("Name", site.name.clone()),
        ("Aliases", aliases.join("\n")),
        ("Time zone", site.time_zone.clone()),
        ("Default site", yes(site.is_default)),
        ("Protected site", yes(site.is_protected)),
    ]
}

/// How long ago, in seconds while those matter: `40 seconds`, `2 min`.
pub(in crate::admin) fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_secs() {
        ..=1 => "1 second".to_owned(),
        seconds @ ..120 => format!("{seconds} seconds"),
        _ => lasted(at, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ago_is_told_in_seconds() {
        let now: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        for (at, words) in [
            ("2026-11-21T03:00:05Z", "1 second"),
            ("2026-11-21T02:59:20Z", "40 seconds"),
            ("2026-11-21T02:57:00Z", "3 min"),
        ] {
            assert_eq!(ago(at.parse().unwrap(), now), words);
        }
    }
}
