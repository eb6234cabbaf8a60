//! The touched fields of a change in words, before and after.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::planned;
use crate::admin::page::{FieldChange, Moment, lasted_from_seconds};
use crate::admin::record::language_name;
use crate::change::Change;
use crate::drain::{self, Drain};
use crate::maintenance::Level;
use crate::record::{Fields, member_in_words};
use crate::site::{Domain, SiteId};
use crate::snapshot::Snapshot;

/// Longest value that is shown whole, in characters.
const MAX_CHARS: usize = 400;

/// Fields in the order in which they are shown, by the names of the panel's forms. Others follow under their own name.
const LABELS: [(&str, &str); 24] = [
    ("username", "User name"),
    ("is_active", "Active"),
    ("is_staff", "Staff"),
    ("is_superuser", "Superuser"),
    ("sites", "Sites"),
    ("in_maintenance", "In maintenance mode"),
    ("expected_end", "Expected end"),
    ("at_end", "At the expected end"),
    ("level", "Closes"),
    ("drains", "Drain"),
    ("messages", "Message"),
    ("patterns", "Ignored pattern"),
    ("networks", "Internal addresses"),
    ("exceptions", "Times of windows of all sites"),
    ("redirect_url", "Redirect to"),
    ("retry_after", "Retry-After"),
    ("domain", "Domain"),
    ("name", "Name"),
    ("aliases", "Alias"),
    ("time_zone", "Time zone"),
    ("is_default", "Default site"),
    ("is_protected", "Protected site"),
    ("theme", "Colours"),
    ("users", "Users"),
];

/// Fields that follow from others or are told beside the entry.
const LEFT_OUT: [&str; 3] = ["id", "since", "started_by"];

/// What is needed to word a value.
pub(super) struct Words<'a> {
    /// The domain of a site that is still there, in its own script.
    pub(super) site: &'a dyn Fn(SiteId) -> Option<String>,
    /// Zone of times.
    pub(super) zone: TimeZone,
    /// Now.
    pub(super) now: Timestamp,
}

impl Words<'_> {
    /// What happened: `Maintenance started`, `Closed: nobody was left after 12 min`.
    pub(super) fn title(&self, change: &Change) -> String {
        let told = drain::told(change, |at| self.moment(at), lasted_from_seconds);
        told.unwrap_or_else(|| change.title().to_owned())
    }

    fn moment(&self, at: Timestamp) -> String {
        Moment::of(at, &self.zone, self.now).short
    }

    /// Every touched field of a change that its title does not tell.
    pub(super) fn of(&self, change: &Change) -> Vec<FieldChange> {
        let empty = Fields::new();
        let before = change.before.as_ref().and_then(Value::as_object);
        let after = change.after.as_ref().and_then(Value::as_object);
        let is_whole = before.is_none() || after.is_none();
        let (before, after) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
        let is_told = |name: &str| match name {
            "in_maintenance" => ["maintenance.", "drain."].iter().any(|kind| change.action.starts_with(kind)),
            "drains" => Drain::of_change(change).is_some(),
            _ => false,
        };
        let is_blank = |name: &str| is_nothing(before.get(name)) && is_nothing(after.get(name));
        self.compare(before, after, |name| !(is_told(name) || is_whole && is_blank(name)))
    }

    /// Two versions of the same fields: only what differs.
    pub(super) fn difference(&self, before: &Fields, after: &Fields) -> Vec<FieldChange> {
        self.compare(before, after, |_| true)
    }

    fn compare(&self, before: &Fields, after: &Fields, is_wanted: impl Fn(&str) -> bool) -> Vec<FieldChange> {
        let known = LABELS.iter().map(|(name, label)| (*name, (*label).to_owned()));
        let is_new = |name: &str| !LABELS.iter().any(|(known, _)| *known == name) && !LEFT_OUT.contains(&name);
        let names = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name)));
        let others = names.filter(|name| is_new(name)).map(|name| (name.as_str(), name.replace('_', " ")));
        known
            .chain(others)
            .filter(|(name, _)| (before.contains_key(*name) || after.contains_key(*name)) && is_wanted(name))
            .flat_map(|(name, label)| self.field(name, &label, before.get(name), after.get(name)))
            .collect()
    }

    fn field(&self, name: &str, label: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<FieldChange> {
        let rows = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        match name {
            "messages" => messages(&rows(before), &rows(after)),
            "patterns" => lines(label, &rows(before), &rows(after), pattern),
            "networks" => lines(label, &rows(before), &rows(after), network),
            "exceptions" => lines(label, &rows(before), &rows(after), |row| {
                planned::on_one_site(row, &self.zone, self.now).unwrap_or_else(|| plain(row))
            }),
            "drains" => lines(label, &rows(before), &rows(after), |row| self.drain(row)),
            "aliases" => lines(label, &rows(before), &rows(after), |alias| domain(&plain(alias))),
            name if name.starts_with("window ") => {
                planned::changes(before, after, self.now).unwrap_or_else(|| self.plainly(name, label, before, after))
            }
            _ => self.plainly(name, label, before, after),
        }
    }

    fn plainly(&self, name: &str, label: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<FieldChange> {
        let word = |value: Option<&Value>| value.map(|value| self.value(name, value)).unwrap_or_default();
        change(label, word(before), word(after)).into_iter().collect()
    }

    fn value(&self, name: &str, value: &Value) -> String {
        match (name, value) {
            ("expected_end", Value::String(at)) => match at.parse() {
                Ok(at) => self.moment(at),
                Err(_) => at.clone(),
            },
            ("at_end", Value::String(word)) if word == "remind" => "stay closed".to_owned(),
            ("at_end", Value::String(word)) if word == "open" => "open the site".to_owned(),
            ("level", Value::String(word)) if word == Level::ReadOnly.as_str() => "for writing only".to_owned(),
            ("level", Value::String(word)) if word == Level::Full.as_str() => "everything".to_owned(),
            ("retry_after", Value::Number(seconds)) => format!("{seconds} seconds"),
            ("domain", Value::String(name)) => domain(name),
            ("sites", Value::Null) => "all sites".to_owned(),
            ("sites", Value::Array(ids)) if ids.is_empty() => "no site".to_owned(),
            ("sites", Value::Array(ids)) => cut(&ids.iter().map(|id| self.site(id)).collect::<Vec<_>>().join(", ")),
            _ => cut(&member_in_words(name, value).unwrap_or_else(|| plain(value))),
        }
    }

    /// `box: closes at 14:32 UTC at the latest`.
    fn drain(&self, row: &Value) -> String {
        match serde_json::from_value::<Drain>(row.clone()) {
            Ok(drain) => {
                let words = drain.in_words(|at| self.moment(at), lasted_from_seconds);
                format!("{}: {words}", drain.cause)
            }
            Err(_) => plain(row),
        }
    }

    fn site(&self, id: &Value) -> String {
        let domain = id.as_i64().and_then(|id| (self.site)(SiteId(id)));
        domain.unwrap_or_else(|| format!("site {id}, deleted since"))
    }
}

/// The domain of a site as the snapshot has it.
pub(super) fn name_in(snapshot: &Snapshot) -> impl Fn(SiteId) -> Option<String> {
    |id| snapshot.site(id).map(|site| site.domain.to_unicode())
}

/// A domain in its own script.
pub(super) fn domain(name: &str) -> String {
    Domain::parse(name).map_or_else(|_| name.to_owned(), |domain| domain.to_unicode())
}

fn change(label: &str, before: String, after: String) -> Option<FieldChange> {
    (before != after).then(|| FieldChange { label: label.to_owned(), before, after })
}

/// Which rows came, went or became others. Rows that were edited stand beside each other.
fn lines(label: &str, before: &[Value], after: &[Value], word: impl Fn(&Value) -> String) -> Vec<FieldChange> {
    let gone: Vec<String> = before.iter().filter(|row| !after.contains(row)).map(&word).collect();
    let come: Vec<String> = after.iter().filter(|row| !before.contains(row)).map(&word).collect();
    if gone.is_empty() && come.is_empty() && before != after {
        let order = |rows: &[Value]| cut(&rows.iter().map(&word).collect::<Vec<_>>().join(", "));
        return vec![FieldChange { label: format!("{label}, order"), before: order(before), after: order(after) }];
    }
    let is_edit = gone.len() == come.len();
    if is_edit {
        return gone.into_iter().zip(come).filter_map(|(gone, come)| change(label, gone, come)).collect();
    }
    let gone = gone.into_iter().filter_map(|row| change(label, row, String::new()));
    let come = come.into_iter().filter_map(|row| change(label, String::new(), row));
    gone.chain(come).collect()
}

/// Messages by their language, part by part.
fn messages(before: &[Value], after: &[Value]) -> Vec<FieldChange> {
    const PARTS: [(&str, &str); 5] = [
        ("heading", "heading"),
        ("body", "text"),
        ("contact", "contact"),
        ("link_label", "link text"),
        ("link_url", "link address"),
    ];
    let tag = |row: &Value| plain(&row["language"]);
    let of = |rows: &[Value], language: &str| rows.iter().find(|row| tag(row) == language).cloned();
    let mut languages: Vec<String> = before.iter().chain(after).map(tag).collect();
    let mut seen = std::collections::HashSet::new();
    languages.retain(|language| seen.insert(language.clone()));
    let mut changes = Vec::new();
    for language in &languages {
        let (old, new) = (of(before, language), of(after, language));
        let label = format!("Message in {}", language_name(language));
        let part =
            |row: &Option<Value>, name: &str| row.as_ref().map(|row| cut(&plain(&row[name]))).unwrap_or_default();
        let parts = PARTS
            .iter()
            .filter_map(|(name, noun)| change(&format!("{label}, {noun}"), part(&old, name), part(&new, name)));
        let count = changes.len();
        changes.extend(parts);
        if changes.len() == count && old.is_some() != new.is_some() {
            let is_there = |row: &Option<Value>| if row.is_some() { "the built-in text" } else { "" }.to_owned();
            changes.extend(change(&label, is_there(&old), is_there(&new)));
        }
    }
    if changes.is_empty() && before != after {
        let order = |rows: &[Value]| rows.iter().map(tag).collect::<Vec<_>>().join(", ");
        changes.extend(change("Messages, order", order(before), order(after)));
    }
    changes
}

/// `^health/ (load balancer)`, `exact /health`.
fn pattern(row: &Value) -> String {
    let kind = match row["kind"].as_str() {
        None | Some("regex") => String::new(),
        Some(kind) => format!("{kind} "),
    };
    format!("{kind}{}", described(&row["pattern"], &row["description"]))
}

fn network(row: &Value) -> String {
    described(&row["network"], &row["description"])
}

fn described(value: &Value, description: &Value) -> String {
    match plain(description) {
        description if description.is_empty() => plain(value),
        description => format!("{} ({description})", plain(value)),
    }
}

/// A value without its quotes; nothing for what is not set.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty() || text == "remind" || text == Level::Full.as_str(),
        Some(Value::Array(rows)) => rows.is_empty(),
        Some(_) => false,
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(MAX_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Revision;
    use serde_json::json;

    fn a_change(action: &str, before: Value, after: Value) -> Change {
        let object = |value: Value| value.is_object().then_some(value);
        Change {
            revision: Revision(1),
            at: "2026-11-21T03:12:04Z".parse().unwrap(),
            site_id: Some(SiteId(1)),
            subject: "example.com".to_owned(),
            actor: "ada".to_owned(),
            door: "panel".to_owned(),
            address: None,
            action: action.to_owned(),
            before: object(before),
            after: object(after),
            undoes: None,
        }
    }

    fn told(action: &str, before: Value, after: Value) -> Vec<String> {
        let now = "2026-11-21T04:00:00Z".parse().unwrap();
        let words = Words { site: &|_| None, zone: TimeZone::UTC, now };
        let changes = words.of(&a_change(action, before, after));
        changes.into_iter().map(|change| format!("{}: {} → {}", change.label, change.before, change.after)).collect()
    }

    #[test]
    fn fields_have_the_names_and_words_of_the_forms() {
        let before = json!({"expected_end": null, "at_end": "remind", "is_protected": false, "retry_after": null});
        let after = json!({
            "expected_end": "2026-11-21T03:30:00Z", "at_end": "open", "is_protected": true, "retry_after": 60,
        });
        assert_eq!(
            told("site.edited", before, after),
            [
                "Expected end:  → 03:30 UTC",
                "At the expected end: stay closed → open the site",
                "Retry-After:  → 60 seconds",
                "Protected site: no → yes",
            ]
        );
    }

    #[test]
    fn what_the_title_tells_is_not_told_again() {
        let before = json!({"in_maintenance": false, "since": null, "started_by": null});
        let after = json!({"in_maintenance": true, "since": "2026-11-21T03:12:04Z", "started_by": "ada"});
        assert!(told("maintenance.started", before, after).is_empty());
    }

    #[test]
    fn rows_are_told_apart_by_what_came_went_and_changed() {
        let row =
            |pattern: &str, description: &str| json!({"kind": "regex", "pattern": pattern, "description": description});
        let patterns = |rows: Vec<Value>| json!({"patterns": rows});
        let (a, b) = (row("^a/", ""), row("^b/", "probe"));
        assert_eq!(
            told("site.edited", patterns(vec![a.clone()]), patterns(vec![a.clone(), b.clone()])),
            ["Ignored pattern:  → ^b/ (probe)"]
        );
        assert_eq!(
            told("site.edited", patterns(vec![a.clone()]), patterns(vec![b.clone()])),
            ["Ignored pattern: ^a/ → ^b/ (probe)"]
        );
        assert_eq!(
            told("site.edited", patterns(vec![a.clone(), b.clone()]), patterns(vec![b, a])),
            ["Ignored pattern, order: ^a/, ^b/ (probe) → ^b/ (probe), ^a/"]
        );
        let exact = json!({"patterns": [{"kind": "exact", "pattern": "/x", "description": ""}]});
        assert_eq!(told("site.edited", patterns(vec![]), exact), ["Ignored pattern:  → exact /x"]);
    }

    #[test]
    fn messages_are_told_by_language_and_part() {
        let message = |language: &str, heading: &str| {
            let empty = "";
            json!({"language": language, "heading": heading, "body": empty, "contact": empty, "link_label": empty,
                   "link_url": empty})
        };
        let before = json!({"messages": [message("en", "Soon")]});
        let after = json!({"messages": [message("en", "Later"), message("de", "Bald"), message("xx", "")]});
        assert_eq!(
            told("site.edited", before, after),
            [
                "Message in English, heading: Soon → Later",
                "Message in Deutsch, heading:  → Bald",
                "Message in xx:  → the built-in text",
            ]
        );
    }

    #[test]
    fn of_a_new_site_or_user_only_what_is_set_is_told() {
        let site = json!({
            "id": 3, "domain": "xn--bcher-kva.example", "name": "", "aliases": ["www.a.example"], "is_default": false,
            "is_protected": false, "time_zone": "UTC", "in_maintenance": false, "since": null, "started_by": null,
            "expected_end": null, "at_end": "remind", "redirect_url": null, "retry_after": null, "messages": [],
            "patterns": [], "networks": [],
        });
        assert_eq!(
            told("site.added", Value::Null, site),
            ["Domain:  → bücher.example", "Alias:  → www.a.example", "Time zone:  → UTC"]
        );
        let user = json!({"username": "bo", "is_active": true, "is_staff": true, "is_superuser": false, "sites": [9]});
        assert_eq!(
            told("user.added", Value::Null, user),
            ["User name:  → bo", "Active:  → yes", "Staff:  → yes", "Sites:  → site 9, deleted since"]
        );
    }

    #[test]
    fn a_drain_is_told_by_the_title_and_elsewhere_as_a_field() {
        let drain = |deadline: &str, end: Value| {
            let started_at = "2026-11-21T03:12:00Z";
            json!({"cause": "box", "started_at": started_at, "deadline": deadline, "end": end})
        };
        let running = json!({"drains": [drain("2026-11-21T03:27:00Z", Value::Null)], "in_maintenance": true});
        let end = json!({"at": "2026-11-21T03:24:00Z", "how": "empty", "sessions": 0, "tasks": 0});
        let over = json!({"drains": [drain("2026-11-21T03:27:00Z", end)], "in_maintenance": true});
        let open = json!({"drains": [], "in_maintenance": false});
        let title = |action, before: &Value, after: &Value| {
            let words = Words { site: &|_| None, zone: TimeZone::UTC, now: "2026-11-21T04:00:00Z".parse().unwrap() };
            words.title(&a_change(action, before.clone(), after.clone()))
        };
        assert_eq!(title("drain.started", &open, &running), "Draining started, closes at 03:27 UTC at the latest");
        assert_eq!(title("drain.emptied", &running, &over), "Closed: nobody was left after 12 min");
        assert_eq!(title("drain.cancelled", &running, &open), "Drain cancelled, the site stays open");
        assert!(told("drain.started", open.clone(), running.clone()).is_empty());
        assert_eq!(
            told("drain.cancelled", running.clone(), open.clone()),
            ["Drain: box: closes at 03:27 UTC at the latest → "]
        );
        assert_eq!(told("maintenance.ended", over, open), ["Drain: box: Closed: nobody was left after 12 min → "]);
    }

    #[test]
    fn an_unknown_field_is_shown_under_its_own_name() {
        assert_eq!(told("site.edited", json!({"some_thing": 1}), json!({"some_thing": 2})), ["some thing: 1 → 2"]);
    }
}
