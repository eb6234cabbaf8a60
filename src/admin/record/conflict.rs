//! Two versions of a site side by side: what the user typed, and what somebody else has saved meanwhile.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::end;
use super::typed::network_text;
use super::words::language_name;
use crate::admin::page::{Conflict, ConflictRow};
use crate::admin::site::ago;
use crate::change::Change;
use crate::maintenance::{AtEnd, Level};
use crate::message::Message;
use crate::record::SiteRecord;

/// What differs. `last` is the change that came in between.
pub(super) fn conflict(
    mine: &SiteRecord,
    theirs: &SiteRecord,
    last: Option<&Change>,
    zone: &TimeZone,
    now: Timestamp,
) -> Conflict {
    let mut rows = Vec::new();
    let mut row = |label: &str, mine: String, theirs: String| {
        if mine != theirs {
            rows.push(ConflictRow { label: label.to_owned(), mine, theirs });
        }
    };
    let mut both = |label: &str, said: &dyn Fn(&SiteRecord) -> String| row(label, said(mine), said(theirs));
    both("In maintenance", &|record| yes_or_no(record.maintenance.box_holds(now)));
    both("Expected end", &|record| {
        let at = record.maintenance.expected_end.filter(|_| record.maintenance.box_holds(now));
        at.map(|at| end::text_of(at, zone)).unwrap_or_default()
    });
    both("Closes", &|record| {
        let is_full = record.maintenance.level == Level::Full;
        if is_full { "everything" } else { "for writing only" }.to_owned()
    });
    both("At the expected end", &|record| at_end(record.maintenance.at_end));
    for language in either_language(mine, theirs) {
        both(&format!("Message in {}", language_name(language)), &|record| {
            let message = record.messages.iter().find(|message| message.language == *language);
            message.map(message_text).unwrap_or_default()
        });
    }
    let languages = |record: &SiteRecord| -> Vec<_> {
        record.messages.iter().map(|message| language_name(&message.language)).collect()
    };
    let is_reordered = {
        let (mut mine, mut theirs) = (languages(mine), languages(theirs));
        mine.sort();
        theirs.sort();
        mine == theirs
    };
    if is_reordered {
        both("Order of the messages", &|record| languages(record).join(", "));
    }
    both("Ignored patterns", &|record| {
        let line = |row: &crate::pattern::IgnoredPattern| {
            described(&format!("{} ({})", row.pattern, row.kind), &row.description)
        };
        record.patterns.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    both("Addresses that get in", &|record| {
        let line = |row| described(&network_text(row), &row.description);
        record.networks.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    both("Redirect", &|record| record.maintenance.redirect_url.clone().unwrap_or_default());
    both("Retry-After", &|record| {
        record.maintenance.retry_after.map(|seconds| format!("{seconds} seconds")).unwrap_or_default()
    });
    Conflict {
        who: last.map_or_else(|| "Somebody".to_owned(), |change| change.actor.clone()),
        ago: last.map_or_else(|| "a moment".to_owned(), |change| ago(change.at, now)),
        rows,
    }
}

/// Every language that either has, mine first.
fn either_language<'r>(mine: &'r SiteRecord, theirs: &'r SiteRecord) -> Vec<&'r String> {
    let mut tags: Vec<&String> = mine.messages.iter().map(|message| &message.language).collect();
    for message in &theirs.messages {
        if !tags.contains(&&message.language) {
            tags.push(&message.language);
        }
    }
    tags
}

fn message_text(message: &Message) -> String {
    let link = format!("{} {}", message.link_label, message.link_url);
    let parts = [&message.heading, &message.body, &message.contact, &link];
    let said: Vec<&str> = parts.into_iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    if said.is_empty() { "the built-in text".to_owned() } else { said.join("\n") }
}

fn described(text: &str, description: &str) -> String {
    if description.is_empty() { text.to_owned() } else { format!("{text}: {description}") }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn at_end(at_end: AtEnd) -> String {
    match at_end {
        AtEnd::Remind => "stay closed",
        AtEnd::Open => "open the site",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::record::tests::a_record;

    #[test]
    fn only_what_differs_is_shown_with_both_sides() {
        let now = "2026-11-21T03:12:04Z".parse().unwrap();
        let (mut mine, theirs) = (a_record(), a_record());
        mine.patterns.remove(1);
        mine.messages[1].body = "Bald zurück".to_owned();
        mine.maintenance.redirect_url = None;
        let conflict = conflict(&mine, &theirs, None, &TimeZone::UTC, now);
        let rows: Vec<_> = conflict.rows.iter().map(|row| [&*row.label, &*row.mine, &*row.theirs]).collect();
        assert_eq!(
            rows,
            [
                ["Message in Deutsch", "Bald zurück", "the built-in text"],
                ["Ignored patterns", "^health/ (regex): Probe", "^health/ (regex): Probe\n/robots.txt (exact)"],
                ["Redirect", "", "/down"],
            ]
        );
    }
}
