//! A record as the change log keeps it: fields by name, and which of them a change has touched.
//!
//! Lists that may grow long, leases and windows, are not one field but one for each of their members, so that an entry
//! about one window does not repeat ten thousand others. A member that is not there has the value `null`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Difference, Fields};
use crate::lease::Lease;
use crate::window::Window;

/// Lists whose members are fields of their own, and what such a field is called before its number.
const LISTS: [(&str, &str); 2] = [("leases", "lease "), ("windows", "window ")];

/// Every field of a record by name.
pub(super) fn of(record: &impl Serialize) -> Fields {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(record) else {
        unreachable!("a record is a JSON object with text keys")
    };
    for (list, member) in LISTS {
        if let Some(Value::Array(members)) = fields.remove(list) {
            fields.extend(members.into_iter().map(|value| (format!("{member}{}", value["id"]), value)));
        }
    }
    fields
}

/// A lease or a window of an entry of the log in one line; `None` for any other field.
pub fn member_in_words(name: &str, value: &Value) -> Option<String> {
    if name.starts_with("window ") {
        return serde_json::from_value::<Window>(value.clone()).ok().map(|window| window.in_words());
    }
    let lease = name.starts_with("lease ").then(|| serde_json::from_value::<Lease>(value.clone()).ok());
    lease.flatten().map(|lease| lease.in_words())
}

/// The record of these fields.
pub(super) fn read<T: DeserializeOwned>(fields: Fields) -> Result<T, serde_json::Error> {
    let mut record = Map::new();
    let mut lists: [Vec<(i64, Value)>; LISTS.len()] = Default::default();
    for (name, value) in fields {
        let member = LISTS.iter().position(|(_, member)| name.starts_with(member));
        match member {
            Some(_) if value.is_null() => {}
            Some(list) => lists[list].push((value["id"].as_i64().unwrap_or_default(), value)),
            None => drop(record.insert(name, value)),
        }
    }
    for ((list, _), mut members) in LISTS.into_iter().zip(lists) {
        members.sort_by_key(|(id, _)| *id);
        let members = members.into_iter().map(|(_, value)| value).collect();
        record.entry(list).or_insert(Value::Array(members));
    }
    serde_json::from_value(Value::Object(record))
}

/// The fields that differ.
pub(super) fn difference(mut before: Fields, mut after: Fields) -> Difference {
    before.retain(|name, old| match after.get(name) {
        Some(new) if new == old => {
            after.remove(name);
            false
        }
        _ => true,
    });
    for name in before.keys() {
        after.entry(name).or_insert(Value::Null);
    }
    for name in after.keys() {
        before.entry(name).or_insert(Value::Null);
    }
    Difference { before, after }
}

/// Names of those `fields` whose value in `mine` is another one.
pub(super) fn unlike(mine: &Fields, fields: &Fields) -> Vec<String> {
    let differs = |name: &String, value: &Value| mine.get(name).unwrap_or(&Value::Null) != value;
    fields.iter().filter(|(name, value)| differs(name, value)).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        name: String,
        windows: Vec<Value>,
        #[serde(default)]
        leases: Vec<Value>,
    }

    fn record(name: &str, windows: &[i64]) -> Record {
        let windows = windows.iter().map(|id| json!({"id": id, "name": format!("window of {id}")})).collect();
        Record { name: name.to_owned(), windows, leases: Vec::new() }
    }

    #[test]
    fn a_record_reads_back_from_its_fields() {
        let record = record("a", &[9, 10, 11]);
        let fields = of(&record);
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["name", "window 10", "window 11", "window 9"]);
        assert_eq!(read::<Record>(fields).unwrap(), record);
    }

    #[test]
    fn one_window_more_or_less_is_one_field_and_can_be_taken_back() {
        let (one, two) = (record("a", &[1]), record("a", &[1, 2]));
        let difference = difference(of(&one), of(&two));
        assert_eq!(difference.before, *json!({"window 2": null}).as_object().unwrap());
        assert_eq!(difference.after.keys().collect::<Vec<_>>(), ["window 2"]);
        let mut back = of(&two);
        back.extend(difference.before.clone());
        assert_eq!(read::<Record>(back).unwrap(), one);
        assert_eq!(unlike(&of(&two), &difference.after), [""; 0]);
        assert_eq!(unlike(&of(&one), &difference.after), ["window 2"]);
    }
}
