//! Reads a document back: every row in full, every fault with its place.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{FORMAT, FORMAT_VERSION, Transfer, UserRecord};
use crate::record::SiteRecord;
use crate::window::Window;

/// Most faults that are named; the others are counted.
const MAX_NAMED: usize = 20;

/// A document that cannot be taken in. Nothing was read from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// It ends in the middle.
    #[error("it ends too early, in line {line}: the export was not finished, or a part of it is missing")]
    Truncated {
        /// The last line.
        line: usize,
    },
    /// It is something else.
    #[error("it is no JSON: {0}")]
    NotJson(serde_json::Error),
    /// It is JSON of another program.
    #[error("it is no export of this program: `format` is not \"{FORMAT}\"")]
    NotOurs,
    /// A later program has written it.
    #[error("its format_version is {found}, and this program reads {FORMAT_VERSION}; upgrade this program first")]
    OtherVersion {
        /// What it says.
        found: Value,
    },
    /// Its frame is not as it should be.
    #[error("it cannot be read: {0}")]
    Frame(serde_json::Error),
    /// Sites or users in it cannot be saved.
    #[error("{}", sentences(.0))]
    Wrong(Vec<Wrong>),
}

/// One fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where, as a path of the JSON: `sites[3].patterns[0].pattern`. Counted from zero.
    pub path: String,
    /// The site or user it is about, as far as that is known; may be empty.
    pub subject: String,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject.as_str() {
            "" => write!(f, "{}: {}", self.path, self.text),
            subject => write!(f, "{} ({subject}): {}", self.path, self.text),
        }
    }
}

fn sentences(wrong: &[Wrong]) -> String {
    let named: Vec<String> = wrong.iter().take(MAX_NAMED).map(Wrong::to_string).collect();
    match wrong.len().saturating_sub(MAX_NAMED) {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}

impl Transfer {
    /// Reads a document and checks all that can be checked without a database: the same that saving checks, and that
    /// no id, name or default mark is there twice.
    ///
    /// # Errors
    /// See [`TransferError`].
    ///
    /// # Examples
    /// ```
    /// use maintenance_mode::transfer::Transfer;
    ///
    /// let empty = br#"{"format": "maintenance-mode", "format_version": 1, "sites": []}"#;
    /// assert!(Transfer::parse(empty)?.sites.is_empty());
    /// assert!(Transfer::parse(&empty[..40]).is_err());
    /// # Ok::<(), maintenance_mode::transfer::TransferError>(())
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, TransferError> {
        // First alone, because of a later version nothing else may be understood.
        let Envelope { format, format_version } = serde_json::from_slice(bytes).map_err(|error| of_json(&error))?;
        if format != FORMAT {
            return Err(TransferError::NotOurs);
        }
        if format_version != FORMAT_VERSION {
            return Err(TransferError::OtherVersion { found: format_version });
        }
        let frame: Framed = serde_json::from_slice(bytes).map_err(TransferError::Frame)?;
        let mut wrong = frame.sites.wrong_at("sites");
        wrong.extend(frame.windows.wrong_at("windows"));
        wrong.extend(frame.users.iter().flat_map(|users| users.wrong_at("users")));
        if !wrong.is_empty() {
            return Err(TransferError::Wrong(wrong));
        }
        let transfer =
            Self { sites: frame.sites.rows, windows: frame.windows.rows, users: frame.users.map(|users| users.rows) };
        match transfer.check() {
            wrong if wrong.is_empty() => Ok(transfer),
            wrong => Err(TransferError::Wrong(wrong)),
        }
    }
}

/// What must be there in every version.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    format: Value,
    #[serde(default)]
    format_version: Value,
}

fn of_json(error: &serde_json::Error) -> TransferError {
    use serde::de::Error as _;
    match error.classify() {
        serde_json::error::Category::Eof => TransferError::Truncated { line: error.line() },
        // JSON, but no object.
        serde_json::error::Category::Data => TransferError::NotOurs,
        _ => TransferError::NotJson(serde_json::Error::custom(error)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Framed {
    #[serde(rename = "format")]
    _format: IgnoredAny,
    #[serde(rename = "format_version")]
    _format_version: IgnoredAny,
    #[serde(default, rename = "exported_at")]
    _exported_at: IgnoredAny,
    #[serde(default, rename = "program_version")]
    _program_version: IgnoredAny,
    #[serde(default, rename = "revision")]
    _revision: IgnoredAny,
    sites: Rows<SiteRecord>,
    #[serde(default)]
    windows: Rows<Window>,
    #[serde(default)]
    users: Option<Rows<UserRecord>>,
}

/// A row of a document, with an example that has something in every place.
trait Row: DeserializeOwned {
    fn sample() -> Value;
    /// The field that people know the row by.
    const SUBJECT: &'static str;
}

impl Row for SiteRecord {
    const SUBJECT: &'static str = "domain";

    fn sample() -> Value {
        json!({
            "id": 1, "domain": "example.com", "name": "", "aliases": ["www.example.com"], "is_default": false,
            "is_protected": false, "time_zone": "UTC", "in_maintenance": false, "since": null, "started_by": null,
            "expected_end": null, "at_end": "remind", "level": "full", "redirect_url": null, "retry_after": null,
            "messages": [{"language": "en", "heading": "", "body": "", "contact": "", "link_label": "", "link_url": ""}],
            "patterns": [{"kind": "regex", "pattern": "^a/", "description": ""}],
            "networks": [{"network": "10.0.0.0/8", "description": ""}],
            "leases": [{
                "id": 1, "name": "", "started_by": "", "since": "2026-11-21T03:12:04Z",
                "expires_at": "2026-11-21T03:22:04Z", "on_expiry": "lift", "messages": [],
            }],
            "windows": [Window::sample()],
            "exceptions": [
                {"window": 1, "starts_at": "2026-11-21T03:12:04Z", "ends_at": "2026-11-21T03:22:04Z"},
            ],
            "drains": [{
                "cause": "box", "started_at": "2026-11-21T03:12:04Z", "deadline": "2026-11-21T03:27:04Z",
                "end": {"at": "2026-11-21T03:22:04Z", "how": "empty", "sessions": 0, "tasks": 0},
            }],
        })
    }
}

impl Row for Window {
    const SUBJECT: &'static str = "name";

    fn sample() -> Value {
        json!({
            "id": 1, "name": "", "notice_minutes": 0, "drain_minutes": 0, "level": "full", "messages": [], "is_enabled": true,
            "schedule": {"once": {"start": "2026-11-22T02:00:00+01:00[Europe/Berlin]", "end": null}}, "exceptions": {},
        })
    }
}

impl Row for UserRecord {
    const SUBJECT: &'static str = "username";

    fn sample() -> Value {
        json!({
            "id": 1, "username": "ada", "password_hash": "", "theme": "system", "has_shortcuts": true,
            "created_at": "2026-11-21T03:12:04Z", "last_login_at": null,
            "rights": {"is_active": true, "is_staff": true, "is_superuser": true, "sites": [1]},
        })
    }
}

/// Rows that could be read, and what is wrong with the others. One at a time, because a row as loose JSON takes several
/// times the memory of the row itself.
struct Rows<T> {
    rows: Vec<T>,
    wrong: Vec<(usize, Wrong)>,
}

/// No row: a document of a time that did not know this list.
impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), wrong: Vec::new() }
    }
}

impl<T> Rows<T> {
    fn wrong_at(&self, list: &str) -> Vec<Wrong> {
        let place =
            |(row, wrong): &(usize, Wrong)| Wrong { path: format!("{list}[{row}]{}", wrong.path), ..wrong.clone() };
        self.wrong.iter().map(place).collect()
    }
}

impl<'de, T: Row> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor(PhantomData))
    }
}

struct RowsVisitor<T>(PhantomData<T>);

impl<'de, T: Row> Visitor<'de> for RowsVisitor<T> {
    type Value = Rows<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rows<T>, A::Error> {
        let sample = T::sample();
        let mut read = Rows { rows: Vec::new(), wrong: Vec::new() };
        let mut place = 0;
        while let Some(value) = list.next_element::<Value>()? {
            let subject = value.get(T::SUBJECT).and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut wrong = Vec::new();
            compare(&sample, &value, "", &mut wrong);
            if wrong.is_empty() {
                match T::deserialize(&value) {
                    Ok(row) => read.rows.push(row),
                    Err(_) => wrong.push(blame::<T>(&sample, &value, &|whole| whole, String::new())),
                }
            }
            let wrong = wrong.into_iter().map(|(path, text)| Wrong { path, subject: subject.clone(), text });
            read.wrong.extend(wrong.map(|wrong| (place, wrong)));
            place += 1;
        }
        Ok(read)
    }
}

/// Fields of a site that a document may lack, because programs of before did not know them.
const LATER: [&str; 6] = ["level", "leases", "windows", "exceptions", "drains", "drain_minutes"];

/// Fields that have no one shape: what is wrong in them is told by reading them.
const MANY_SHAPED: [&str; 3] = ["schedule", "exceptions", "end"];

/// Fields that are not known or not there.
fn compare(sample: &Value, value: &Value, path: &str, wrong: &mut Vec<(String, String)>) {
    match (sample, value) {
        (Value::Object(known), Value::Object(given)) => {
            for name in given.keys().filter(|name| !known.contains_key(*name)) {
                wrong.push((format!("{path}.{name}"), "is not known to this program".to_owned()));
            }
            for (name, sample) in known {
                match given.get(name) {
                    Some(_) if MANY_SHAPED.contains(&name.as_str()) => {}
                    Some(value) => compare(sample, value, &format!("{path}.{name}"), wrong),
                    None if LATER.contains(&name.as_str()) => {}
                    None => wrong.push((format!("{path}.{name}"), "is missing".to_owned())),
                }
            }
        }
        (Value::Array(known), Value::Array(given)) => {
            for (place, value) in given.iter().enumerate() {
                known.iter().for_each(|sample| compare(sample, value, &format!("{path}[{place}]"), wrong));
            }
        }
        _ => {}
    }
}

/// The innermost part of a row that does not read, and why: each part is laid into the example, which reads.
fn blame<T: Row>(sample: &Value, value: &Value, put: &dyn Fn(Value) -> Value, path: String) -> (String, String) {
    let fails = |part: Value| T::deserialize(part).is_err();
    match (sample, value) {
        (Value::Object(_), Value::Object(given)) => {
            for (name, part) in given {
                let within = |part: Value| {
                    let mut whole = sample.clone();
                    whole[name] = part;
                    put(whole)
                };
                if fails(within(part.clone())) {
                    let known = if MANY_SHAPED.contains(&name.as_str()) { &Value::Null } else { &sample[name] };
                    return blame::<T>(known, part, &within, format!("{path}.{name}"));
                }
            }
        }
        (Value::Array(_), Value::Array(given)) => {
            let within = |part: Value| put(Value::Array(vec![part]));
            for (place, part) in given.iter().enumerate() {
                if fails(within(part.clone())) {
                    return blame::<T>(&sample[0], part, &within, format!("{path}[{place}]"));
                }
            }
        }
        _ => {}
    }
    let text = T::deserialize(put(value.clone())).err().map_or_else(String::new, |error| error.to_string());
    (path, text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_samples_are_whole_rows() {
        let site: SiteRecord = serde_json::from_value(SiteRecord::sample()).unwrap();
        assert_eq!(
            serde_json::to_value(&site).unwrap(),
            SiteRecord::sample(),
            "a new field of a record belongs into the sample"
        );
        let user: UserRecord = serde_json::from_value(UserRecord::sample()).unwrap();
        assert_eq!(serde_json::to_value(&user).unwrap(), UserRecord::sample(), "a new field belongs into the sample");
    }

    /// JSON of any shape, with names that mean something here.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z./0-9-]{0,9}".prop_map(Value::from),
        ];
        let name = prop_oneof!["[a-z]{1,3}", Just("sites".to_owned()), Just("pattern".to_owned())];
        leaf.prop_recursive(3, 16, 4, move |part| {
            prop_oneof![
                proptest::collection::vec(part.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name.clone(), part, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// A row of which one part, at any depth, is something else.
    fn any_row(sample: Value) -> impl Strategy<Value = Value> {
        let mut places = vec![String::new()];
        let mut next = 0;
        while next < places.len() {
            let place = places[next].clone();
            match &sample.pointer(&place) {
                Some(Value::Object(fields)) => places.extend(fields.keys().map(|name| format!("{place}/{name}"))),
                Some(Value::Array(rows)) => places.extend((0..rows.len()).map(|row| format!("{place}/{row}"))),
                _ => {}
            }
            next += 1;
        }
        (proptest::sample::select(places), any_json()).prop_map(move |(place, part)| {
            let mut row = sample.clone();
            *row.pointer_mut(&place).expect("the place is there") = part;
            row
        })
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_row_is_read_or_refused_with_its_place(
            site in any_row(SiteRecord::sample()),
            user in any_row(UserRecord::sample()),
        ) {
            let document = json!({"format": FORMAT, "format_version": FORMAT_VERSION, "sites": [site], "users": [user]});
            match Transfer::parse(document.to_string().as_bytes()) {
                Ok(read) => prop_assert_eq!(read.sites.len(), 1),
                Err(TransferError::Wrong(wrong)) => {
                    prop_assert!(wrong.iter().all(|wrong| wrong.path.starts_with("sites[0]") || wrong.path.starts_with("users[0]")));
                    prop_assert!(wrong.iter().all(|wrong| !wrong.text.is_empty()));
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
