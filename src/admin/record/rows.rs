//! The rows of the form: messages, ignored patterns, addresses, with blank ones to fill in.

use std::collections::BTreeMap;

use super::edited::Odd;
use super::typed::{Typed, TypedMessage, TypedNetwork, TypedPattern};
use super::words::language_name;
use crate::admin::page::{Choice, Field, MessageRow, NetworkRow, PatternRow, Suggestion};
use crate::message::Message;
use crate::pattern::{self, IgnoredPattern};
use crate::record::SiteRecord;
use crate::wording;

/// Blank rows for patterns; script shows the first.
const BLANK_PATTERNS: usize = 3;

/// Blank rows for addresses; script shows the first.
const BLANK_NETWORKS: usize = 2;

/// Patterns that many sites want: what is read, the pattern, its description.
const SUGGESTIONS: [(&str, &str, &str); 5] = [
    ("robots.txt", r"^robots\.txt$", "Crawlers take a 503 here as “stay away”"),
    ("Certificate renewal", r"^\.well-known/acme-challenge/", "Certificate renewal"),
    ("Health check", "^healthz?/?$", "Health check"),
    ("Sitemap", r"^sitemap\.xml$", "Sitemap"),
    ("Favicon", r"^favicon\.ico$", "Favicon"),
];

/// A field of a row with its error.
fn field(list: &str, number: usize, name: &str, value: &str, faults: &BTreeMap<String, String>) -> Field {
    let field = Field::new(format!("{list}[{number}][{name}]"), value);
    match faults.get(&field.name) {
        Some(words) => field.refused(words),
        None => field,
    }
}

/// One row per language, and a blank one.
pub(super) fn messages(typed: &Typed, stored: &SiteRecord, faults: &BTreeMap<String, String>) -> Vec<MessageRow> {
    let first = typed.messages.keys().next().copied();
    let is_new = |number: usize| number >= stored.messages.len();
    let mut rows: Vec<MessageRow> = typed
        .messages
        .iter()
        .map(|(number, row)| message(*number, row, is_new(*number), Some(*number) == first, stored, faults))
        .collect();
    let is_to_fill = |row: &MessageRow| row.title.is_empty() && row.language.value.is_empty();
    if !rows.last().is_some_and(is_to_fill) {
        let next = typed.messages.keys().next_back().map_or(0, |last| last + 1);
        rows.push(message(next, &TypedMessage::default(), true, false, stored, faults));
    }
    rows
}

fn message(
    number: usize,
    row: &TypedMessage,
    is_new: bool,
    is_first: bool,
    stored: &SiteRecord,
    faults: &BTreeMap<String, String>,
) -> MessageRow {
    let field = |name: &str, value: &str| field("messages", number, name, value, faults);
    let Message { language, heading, body, contact, link_label, link_url } = &row.message;
    // The language of a row that is added can still be chosen; that of the first row of a new site is offered.
    let is_offered = stored.messages.is_empty() && number == 0 && !language.is_empty();
    let is_settled = !is_new || is_offered;
    let fields = [
        field("language", language),
        field("heading", heading),
        field("body", body),
        field("contact", contact),
        field("link_label", link_label),
        field("link_url", link_url),
    ];
    let is_refused = fields.iter().any(|field| field.error.is_some());
    let [language_field, heading, body, contact, link_label, link_url] = fields;
    MessageRow {
        title: if is_settled { language_name(language) } else { String::new() },
        default_heading: wording::of(language).map(|words| words.heading.clone()).unwrap_or_default(),
        is_open: is_first || is_refused || (is_new && !row.message.is_blank()),
        delete: Field::ticked(format!("messages[{number}][delete]"), row.delete),
        is_new,
        language: language_field,
        heading,
        body,
        contact,
        link_label,
        link_url,
    }
}

/// Languages to choose from: those with words of ours, and whatever else is typed or stored.
pub(super) fn languages(typed: &Typed) -> Vec<Choice> {
    let mut choices: Vec<Choice> = wording::all().iter().map(|words| Choice::new(&words.tag, &words.name)).collect();
    for row in typed.messages.values() {
        let tag = &row.message.language;
        if !tag.is_empty() && !choices.iter().any(|choice| choice.value == *tag) {
            choices.push(Choice::new(tag, language_name(tag)));
        }
    }
    choices
}

/// The rows typed, what they mean, and blank ones.
pub(super) fn patterns(
    typed: &Typed,
    stored: &SiteRecord,
    faults: &BTreeMap<String, String>,
    odd: &Odd,
) -> Vec<PatternRow> {
    let rows =
        with_blanks(&typed.patterns, stored.patterns.len(), BLANK_PATTERNS, TypedPattern::blank, |row| row.is_blank());
    rows.into_iter().map(|(number, row, place)| pattern(number, &row, place, faults, odd.rows.get(&number))).collect()
}

fn pattern(
    number: usize,
    row: &TypedPattern,
    place: RowPlace,
    faults: &BTreeMap<String, String>,
    odd: Option<&Vec<pattern::PatternWarning>>,
) -> PatternRow {
    let field = |name: &str, value: &str| field("patterns", number, name, value, faults);
    let shown = field("pattern", &row.pattern);
    let warning = odd
        .filter(|_| shown.error.is_none() && !row.delete)
        .map(|odd| odd.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let is_quiet = warning.is_none() && shown.error.is_none() && !row.is_blank() && !row.delete;
    PatternRow {
        number: number + 1,
        note: row.kind.parse().ok().filter(|_| is_quiet).and_then(|kind| {
            let row = IgnoredPattern { kind, pattern: row.pattern.clone(), description: String::new() };
            pattern::describe(&row).map(str::to_owned)
        }),
        kind: field("kind", &row.kind),
        description: field("description", &row.description),
        delete: Field::ticked(format!("patterns[{number}][delete]"), row.delete),
        pattern: shown,
        warning,
        is_new: place.is_new,
        is_spare: place.is_spare,
    }
}

/// The suggestions that are not among the patterns yet.
pub(super) fn suggestions(typed: &Typed) -> Vec<Suggestion> {
    let is_there = |pattern: &str| typed.patterns.values().any(|row| row.kind == "regex" && row.pattern == pattern);
    SUGGESTIONS
        .iter()
        .filter(|(_, pattern, _)| !is_there(pattern))
        .map(|(label, pattern, description)| Suggestion {
            label: (*label).to_owned(),
            kind: "regex".to_owned(),
            pattern: (*pattern).to_owned(),
            description: (*description).to_owned(),
        })
        .collect()
}

/// The rows typed and blank ones.
pub(super) fn networks(typed: &Typed, stored: &SiteRecord, faults: &BTreeMap<String, String>) -> Vec<NetworkRow> {
    let rows = with_blanks(&typed.networks, stored.networks.len(), BLANK_NETWORKS, TypedNetwork::default, |row| {
        row.is_blank()
    });
    let row = |(number, row, place): (usize, TypedNetwork, RowPlace)| NetworkRow {
        number: number + 1,
        network: field("networks", number, "network", &row.network, faults),
        description: field("networks", number, "description", &row.description, faults),
        delete: Field::ticked(format!("networks[{number}][delete]"), row.delete),
        is_new: place.is_new,
        is_spare: place.is_spare,
    };
    rows.into_iter().map(row).collect()
}

/// How a row stands to what is stored.
#[derive(Debug, Clone, Copy)]
struct RowPlace {
    is_new: bool,
    is_spare: bool,
}

/// The rows by number, with as many blank ones behind them that `blanks` are there to fill in. All but the first blank
/// one are spare.
fn with_blanks<R: Clone>(
    rows: &BTreeMap<usize, R>,
    stored: usize,
    blanks: usize,
    blank: impl Fn() -> R,
    is_blank: impl Fn(&R) -> bool,
) -> Vec<(usize, R, RowPlace)> {
    let next = rows.keys().next_back().map_or(0, |last| last + 1);
    let have = rows.iter().filter(|(number, row)| **number >= stored && is_blank(row)).count();
    let more = (next..).take(blanks.saturating_sub(have)).map(|number| (number, blank()));
    let mut seen = 0;
    let all = rows.iter().map(|(number, row)| (*number, row.clone())).chain(more);
    all.map(|(number, row)| {
        let is_new = number >= stored;
        let is_to_fill = is_new && is_blank(&row);
        seen += usize::from(is_to_fill);
        (number, row, RowPlace { is_new, is_spare: is_to_fill && seen > 1 })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::record::tests::a_record;
    use crate::pattern::PatternKind;
    use jiff::tz::TimeZone;

    fn stored() -> (Typed, SiteRecord) {
        let now = "2026-11-21T03:12:04Z".parse().unwrap();
        (Typed::stored(&a_record(), &TimeZone::UTC, "en", now), a_record())
    }

    #[test]
    fn there_are_always_three_blank_patterns_of_which_two_are_spare() {
        let (mut typed, record) = stored();
        let none = BTreeMap::new();
        let shown = |typed: &Typed| -> Vec<_> {
            let rows = patterns(typed, &record, &none, &Odd::default());
            rows.iter().map(|row| (row.number, row.is_new, row.is_spare)).collect()
        };
        let begin = [(1, false, false), (2, false, false), (3, true, false), (4, true, true), (5, true, true)];
        assert_eq!(shown(&typed), begin);
        typed.patterns.insert(3, TypedPattern { pattern: "^a".to_owned(), ..TypedPattern::blank() });
        typed.patterns.insert(2, TypedPattern::blank());
        let typed = shown(&typed);
        assert_eq!(typed[2..], [(3, true, false), (4, true, false), (5, true, true), (6, true, true)]);
    }

    #[test]
    fn a_site_without_messages_is_offered_one_in_the_usual_language() {
        let (_, mut record) = stored();
        record.messages.clear();
        let now = "2026-11-21T03:12:04Z".parse().unwrap();
        let typed = Typed::stored(&record, &TimeZone::UTC, "de", now);
        let rows = messages(&typed, &record, &BTreeMap::new());
        let shown: Vec<_> = rows.iter().map(|row| (&*row.title, row.is_open, row.is_new)).collect();
        assert_eq!(shown, [("Deutsch", true, true), ("", false, true)]);
    }

    #[test]
    fn a_suggestion_warns_of_nothing_and_is_made_once() {
        let (mut typed, _) = stored();
        let rows: Vec<_> = suggestions(&typed)
            .into_iter()
            .map(|row| IgnoredPattern { kind: PatternKind::Regex, pattern: row.pattern, description: row.description })
            .collect();
        assert_eq!((rows.len(), pattern::warnings(&rows)), (5, vec![]));
        assert!(rows.iter().all(|row| row.check().is_ok()));
        typed.patterns.insert(9, TypedPattern { pattern: r"^robots\.txt$".to_owned(), ..TypedPattern::blank() });
        assert_eq!(suggestions(&typed).len(), 4);
    }
}
