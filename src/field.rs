//! What is wrong with typed values, field by field, and what must be confirmed before it is saved.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Errors by field. Field names are those of the forms: `domain`, `patterns[2][pattern]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(BTreeMap<String, Vec<String>>);

impl FieldErrors {
    /// One error of one field.
    pub fn of(field: impl Into<String>, text: impl fmt::Display) -> Self {
        let mut errors = Self::default();
        errors.add(field, text);
        errors
    }

    /// Adds an error to a field.
    pub fn add(&mut self, field: impl Into<String>, text: impl fmt::Display) {
        self.0.entry(field.into()).or_default().push(text.to_string());
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Errors of one field.
    pub fn get(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    /// All errors, by field name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(field, texts)| texts.iter().map(move |text| (field.as_str(), text.as_str())))
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (field, text)) in self.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{field}: {text}")?;
        }
        Ok(())
    }
}

/// Something that may be meant, but must be confirmed before it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What is confirmed: a stable word and the value it is about, such as `longer-sibling:^admin`.
    pub id: String,
    /// The field it is about.
    pub field: String,
    /// A sentence.
    pub text: String,
}
