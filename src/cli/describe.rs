//! An entry of the log in words.

use jiff::Timestamp;
use serde_json::Value;

use super::{text, time};
use crate::change::Change;
use crate::drain;
use crate::record::member_in_words;

/// What happened, in one short line: `Maintenance started`, `Maintenance updated: expected end 02:30 → 03:30`.
pub fn change(change: &Change, now: Timestamp) -> String {
    let told = drain::told(change, |at| time::short(at, now), time::span);
    let title = told.as_deref().unwrap_or(change.title());
    match details(change, now) {
        details if details.is_empty() => title.to_owned(),
        details => format!("{title}: {}", text::list(&details, 4)),
    }
}

/// What was touched, beside what the title says already.
fn details(change: &Change, now: Timestamp) -> Vec<String> {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (&change.before, &change.after) else {
        return Vec::new();
    };
    let said_by_title = ["in_maintenance", "since", "started_by"];
    let is_drain = |name: &str| name == "drains" && change.action.starts_with("drain.");
    let names = after.keys().filter(|name| !said_by_title.contains(&name.as_str()) && !is_drain(name));
    let none = Value::Null;
    names.flat_map(|name| detail(name, before.get(name).unwrap_or(&none), &after[name], now)).collect()
}

fn detail(name: &str, before: &Value, after: &Value, now: Timestamp) -> Vec<String> {
    match (name, before, after) {
        ("at_end", _, Value::String(after)) if after == "remind" => Vec::new(),
        ("expected_end", _, Value::Null) => Vec::new(),
        ("expected_end", Value::Null, after) => vec![format!("expected end {}", at(after, now))],
        ("expected_end", before, after) => vec![format!("expected end {} → {}", at(before, now), at(after, now))],
        ("messages", ..) => vec!["message".to_owned()],
        ("patterns", Value::Array(before), Value::Array(after)) => rows("pattern", "pattern", before, after),
        ("networks", Value::Array(before), Value::Array(after)) => rows("network", "network", before, after),
        ("aliases", Value::Array(before), Value::Array(after)) => rows("alias", "", before, after),
        ("drains", ..) => vec!["drain".to_owned()],
        ("exceptions", ..) => vec!["times of windows of all sites".to_owned()],
        (name, before, after) if name.starts_with("window ") || name.starts_with("lease ") => {
            let words = |value| member_in_words(name, value).map(|words| text::plain(&words));
            vec![format!("{}: {}", name.replace(' ', "-"), words(after).or_else(|| words(before)).unwrap_or_default())]
        }
        (name, before, after) => vec![format!("{} {} → {}", name.replace('_', " "), short(before), short(after))],
    }
}

/// Which rows came and which went.
fn rows(noun: &str, field: &str, before: &[Value], after: &[Value]) -> Vec<String> {
    let named = |row: &Value| short(if field.is_empty() { row } else { &row[field] });
    let gone = before.iter().filter(|row| !after.contains(row)).map(|row| format!("{noun} removed {}", named(row)));
    let come = after.iter().filter(|row| !before.contains(row)).map(|row| format!("{noun} added {}", named(row)));
    let all: Vec<String> = gone.chain(come).collect();
    if all.is_empty() { vec![format!("{noun}s in another order")] } else { all }
}

/// A time as people read it.
fn at(value: &Value, now: Timestamp) -> String {
    let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    at.map_or_else(|| short(value), |at| time::short(at, now))
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "not set".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text::plain(&text);
    if text.chars().count() > 60 { format!("{}…", text.chars().take(59).collect::<String>()) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Revision;
    use serde_json::json;

    fn a_change(action: &str, before: Value, after: Value) -> Change {
        Change {
            revision: Revision(1),
            at: "2026-11-21T03:12:04Z".parse().unwrap(),
            site_id: None,
            subject: "example.com".to_owned(),
            actor: "ada".to_owned(),
            door: "panel".to_owned(),
            address: None,
            action: action.to_owned(),
            before: Some(before),
            after: Some(after),
            undoes: None,
        }
    }

    #[test]
    fn a_change_is_told_in_one_line() {
        let now = "2026-11-21T04:00:00Z".parse().unwrap();
        let pattern = json!({"kind": "regex", "pattern": "^health/", "description": ""});
        for (action, before, after, line) in [
            (
                "maintenance.started",
                json!({"in_maintenance": false}),
                json!({"in_maintenance": true}),
                "Maintenance started",
            ),
            (
                "site.edited",
                json!({"patterns": []}),
                json!({"patterns": [pattern]}),
                "Site edited: pattern added ^health/",
            ),
            ("site.edited", json!({"name": "a"}), json!({"name": ""}), "Site edited: name a → empty"),
            ("site.edited", json!({"aliases": ["a.b"]}), json!({"aliases": []}), "Site edited: alias removed a.b"),
            (
                "maintenance.updated",
                json!({"expected_end": "2026-11-21T03:30:00Z"}),
                json!({"expected_end": "2026-11-22T03:30:00Z"}),
                "Maintenance updated: expected end 03:30 → 2026-11-22 03:30",
            ),
            ("moon.landed", json!({}), json!({}), "moon.landed"),
        ] {
            assert_eq!(change(&a_change(action, before, after), now), line);
        }
    }
}
