//! A field of a form: its name, its value as typed, and what is wrong with it.

use serde::Serialize;

/// One control of a form, as a template shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Field {
    /// Name as it is sent: `username`, `patterns[0][pattern]`.
    pub name: String,
    /// The same made fit for an `id`: `patterns-0-pattern`.
    pub id: String,
    /// Value as stored or as typed; for a box `on` when ticked, else empty.
    pub value: String,
    /// Why the value was refused. Never set on a page that was not refused.
    pub error: Option<String>,
}

impl Field {
    /// A field with this name and value, and no error.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        let id = name.replace("][", "-").replace('[', "-").replace(']', "");
        Self { name, id, value: value.into(), error: None }
    }

    /// A box that is ticked or not.
    pub fn ticked(name: impl Into<String>, ticked: bool) -> Self {
        Self::new(name, if ticked { "on" } else { "" })
    }

    /// The same field, refused for this reason.
    #[must_use]
    pub fn refused(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }
}

/// One line of the list of errors above a form; links to its field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// `id` of the field; empty for an error that belongs to no field.
    pub id: String,
    /// What is wrong and what would be right, as a sentence.
    pub message: String,
}

impl FieldError {
    /// The errors of these fields, in their order.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Vec<Self> {
        let line = |field: &'a Field| {
            field.error.as_ref().map(|message| Self { id: field.id.clone(), message: message.clone() })
        };
        fields.into_iter().filter_map(line).collect()
    }
}

/// One entry of a list to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Choice {
    /// A choice that sends `value` and reads `label`.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_name_makes_a_plain_id() {
        assert_eq!(Field::new("patterns[0][pattern]", "").id, "patterns-0-pattern");
        assert_eq!(Field::new("sites[]", "").id, "sites-");
        assert_eq!(Field::new("username", "").id, "username");
    }

    #[test]
    fn the_list_of_errors_follows_the_order_of_the_fields() {
        let fields = [
            Field::new("a", "").refused("A is wrong."),
            Field::new("b", ""),
            Field::new("c", "").refused("C is wrong."),
        ];
        let ids: Vec<_> = FieldError::of(&fields).into_iter().map(|line| line.id).collect();
        assert_eq!(ids, ["a", "c"]);
    }
}
