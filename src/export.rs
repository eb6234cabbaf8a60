//! The change log for other programs: comma-separated values and JSON lines.

use crate::change::Change;

/// The line of names above the values.
pub const CSV_HEADER: &str = "revision,at,actor,door,address,site,subject,action,before,after,undoes\r\n";

/// An entry as a line of RFC 4180, with its line end. Fields before and after are JSON objects.
pub fn csv_line(change: &Change) -> String {
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    let cells = [
        change.revision.to_string(),
        change.at.to_string(),
        change.actor.clone(),
        change.door.clone(),
        change.address.clone().unwrap_or_default(),
        change.site_id.map(|id| id.to_string()).unwrap_or_default(),
        change.subject.clone(),
        change.action.clone(),
        json(&change.before),
        json(&change.after),
        change.undoes.map(|revision| revision.to_string()).unwrap_or_default(),
    ];
    format!("{}\r\n", cells.map(|cell| csv_cell(&cell)).join(","))
}

/// An entry as a JSON object on a line of its own.
pub fn json_line(change: &Change) -> String {
    let json = serde_json::to_string(change).expect("a change is text, numbers and JSON");
    format!("{json}\n")
}

/// A cell as RFC 4180 has it. What a spreadsheet would take for a formula gets an apostrophe in front
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn csv_cell(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Revision;

    fn a_change(actor: &str) -> Change {
        Change {
            revision: Revision(7),
            at: "2026-11-21T03:12:04Z".parse().unwrap(),
            site_id: None,
            subject: "ann".to_owned(),
            actor: actor.to_owned(),
            door: "panel".to_owned(),
            address: None,
            action: "user.edited".to_owned(),
            before: None,
            after: Some(serde_json::json!({"is_active": true})),
            undoes: None,
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_no_formula() {
        for (cell, written) in [
            ("ada", "ada"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\t=1", "'\t=1"),
            ("\r\n=1", "\"'\r\n=1\""),
            ("", ""),
        ] {
            assert_eq!(csv_cell(cell), written);
        }
    }

    #[test]
    fn an_entry_is_one_line_in_either_form() {
        let change = a_change("=cmd()\n");
        let csv = "7,2026-11-21T03:12:04Z,\"'=cmd()\n\",panel,,,ann,user.edited,,\"{\"\"is_active\"\":true}\",\r\n";
        assert_eq!(csv_line(&change), csv);
        assert_eq!(CSV_HEADER.matches(',').count(), csv_line(&a_change("ann")).matches(',').count());
        let json = json_line(&change);
        assert_eq!(json.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["actor"], "=cmd()\n");
    }
}
