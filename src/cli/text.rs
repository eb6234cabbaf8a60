//! Words: errors as sentences, lists, plurals, columns.

use crate::actions::ActionError;
use crate::drain::{AtWork, DrainEnd, HowEnded};
use crate::field::FieldErrors;

pub use crate::plain::plain;

/// An error with its causes. What an action refused is told in the words of the command line: without the names
/// that the fields have in the panel's forms.
pub fn of_error(error: &anyhow::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = match cause.downcast_ref::<ActionError>() {
            Some(ActionError::Invalid(errors)) => of_fields(errors),
            _ => cause.to_string().trim_end().to_owned(),
        };
        // A transparent error says what its source says.
        if texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

fn of_fields(errors: &FieldErrors) -> String {
    let texts: Vec<String> = errors
        .iter()
        .map(|(field, text)| match option_of(field) {
            Some(option) => format!("{option}: {text}"),
            None => text.to_owned(),
        })
        .collect();
    format!("nothing was saved: {}", texts.join("; "))
}

/// What a field is called on the command line; `None` when its error says enough.
fn option_of(field: &str) -> Option<&'static str> {
    let last = field.rsplit('[').next().unwrap_or(field).trim_end_matches(']');
    match (field.split('[').next().unwrap_or(field), last) {
        ("messages", "body") => Some("--message"),
        ("patterns", "pattern") | ("networks", "network") => None,
        (_, "description") => Some("--description"),
        (_, "expected_end") => Some("the expected end"),
        (_, "drain") => Some("--drain"),
        (_, "name") => Some("--name"),
        (_, "redirect_url") => Some("--redirect-url"),
        (_, "retry_after") => Some("--retry-after"),
        (_, "time_zone") => Some("--time-zone"),
        (_, "username") => Some("the user name"),
        (_, "language") => Some("the language of the message"),
        _ => None,
    }
}

/// `1 pattern`, `3 patterns`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `5 sessions, 1 task`; `nobody at work` when nobody is left.
pub fn at_work(at_work: AtWork) -> String {
    let parts: Vec<String> = at_work.parts().collect();
    if parts.is_empty() { "nobody at work".to_owned() } else { parts.join(", ") }
}

/// How a drain ended: `nobody was left`, `the deadline was reached with 2 sessions left`.
pub fn drain_end(end: &DrainEnd) -> String {
    let left = AtWork { sessions: end.sessions, tasks: end.tasks };
    let with = |what: &str| {
        format!(
            "{what} with {}",
            if left.is_empty() { "nobody left".to_owned() } else { format!("{} left", at_work(left)) }
        )
    };
    match end.how {
        HowEnded::Empty => "nobody was left".to_owned(),
        HowEnded::Deadline => with("the deadline was reached"),
        HowEnded::Forced => with("it was closed at once"),
    }
}

/// `a, b, c`, and at most `limit` of them: `a, b and 7 more`.
pub fn list<T: AsRef<str>>(items: &[T], limit: usize) -> String {
    let shown: Vec<&str> = items.iter().take(limit).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(limit) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Lines of columns, two spaces apart, each as wide as its widest cell; nothing after the last cell of a line.
pub fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["ä".to_owned(), "x".to_owned()], vec!["bcd".to_owned(), String::new()]];
        assert_eq!(columns(&rows), "ä    x\nbcd\n");
    }

    #[test]
    fn a_long_list_says_how_much_is_left_out() {
        assert_eq!(list(&["a", "b"], 2), "a, b");
        assert_eq!(list(&["a", "b", "c"], 2), "a, b and 1 more");
    }

    #[test]
    fn a_refused_value_is_named_as_on_the_command_line() {
        let error = ActionError::Invalid(FieldErrors::of("messages[0][body]", "at most 5,000 bytes"));
        assert_eq!(of_error(&error.into()), "nothing was saved: --message: at most 5,000 bytes");
    }
}
