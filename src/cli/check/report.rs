//! What was found, for people and for programs.

use std::collections::HashSet;

use serde::Serialize;

use super::super::console::{Colour, Console};
use super::super::text;
use crate::probe::{Expected, Finding, Grade, Report, State};
use crate::response::rfc3339;

/// The object of `--json`. The fields are relied on by other programs: only add.
#[derive(Serialize)]
pub struct View<'a> {
    url: &'a str,
    address: Option<String>,
    state: State,
    level: Option<&'static str>,
    expected: Option<&'static str>,
    good: bool,
    end: Option<String>,
    findings: &'a [Finding],
}

/// What `--json` prints. `url` is the address that was judged.
pub fn view<'a>(url: &'a str, report: &'a Report, expected: Option<Expected>) -> View<'a> {
    let expected = expected.map(|expected| match expected {
        Expected::Open => "open",
        Expected::Closed => "closed",
        Expected::ReadOnly => "read-only",
    });
    let level = report.is_read_only.then_some("read-only");
    let end = report.end.map(rfc3339);
    View {
        url,
        address: report.address.map(|address| address.to_string()),
        state: report.state,
        level,
        expected,
        good: report.is_good(),
        end,
        findings: &report.findings,
    }
}

/// A line for each point, and one that sums up.
pub fn page(console: &Console, url: &str, report: &Report, expected: Option<Expected>) -> String {
    let mut known = HashSet::new();
    let cells: Vec<Vec<String>> =
        report.findings.iter().map(|finding| cells(finding, known.insert(finding.mend))).collect();
    let lines = text::columns(&cells);
    let painted = report.findings.iter().zip(lines.lines()).map(|(finding, line)| match finding.grade {
        Grade::Good => line.to_owned(),
        Grade::Warning => console.paint(Colour::Warning, line),
        Grade::Fault => console.paint(Colour::Fault, line),
    });
    let mut page: String = painted.map(|line| line + "\n").collect();
    page.push_str(&format!("\n{} {}\n", text::plain(url), summary(report, expected)));
    page
}

/// The cells of a line. What to do is told once where it helps at several points.
fn cells(finding: &Finding, is_new: bool) -> Vec<String> {
    let mark = match finding.grade {
        Grade::Good => "✓ good",
        Grade::Warning => "! warning",
        Grade::Fault => "✗ fault",
    };
    let says = text::plain(&finding.says);
    let says = if finding.mend.is_empty() || !is_new { says } else { format!("{says}. {}.", finding.mend) };
    vec![mark.to_owned(), finding.point.to_owned(), says]
}

/// How the sentence about the address goes on.
fn summary(report: &Report, expected: Option<Expected>) -> String {
    let is = match report.state {
        State::Open => "is open".to_owned(),
        State::Closed if report.is_draining => format!("is draining and takes in nobody new{}", until(report)),
        State::Closed if !report.says_so => "is in maintenance or overloaded".to_owned(),
        State::Closed => format!("is in maintenance{}", until(report)),
        State::Redirected => format!("sends visitors elsewhere for a maintenance{}", until(report)),
        State::LetThrough if report.is_read_only => format!("is closed for writing{}", until(report)),
        State::LetThrough if expected == Some(Expected::Open) => "is in maintenance for others".to_owned(),
        State::LetThrough => "is in maintenance for others, but lets you through".to_owned(),
        State::Broken => "is broken".to_owned(),
    };
    let as_expected = match (expected, report.state) {
        (None, _) | (Some(Expected::Open), State::Open) => "",
        (Some(Expected::ReadOnly), State::LetThrough) if report.is_read_only => "",
        (Some(Expected::ReadOnly), _) => ", not closed for writing only as expected",
        (Some(Expected::Open), _) => ", not open as expected",
        (Some(Expected::Closed), State::Closed | State::Redirected) => "",
        (Some(Expected::Closed), State::LetThrough) if !report.is_read_only => ", who were to be held",
        (Some(Expected::Closed), _) => ", not in maintenance as expected",
    };
    format!("{is}{as_expected}: {}.", counts(report))
}

fn until(report: &Report) -> String {
    match report.end {
        None => String::new(),
        Some(end) if report.is_overdue => format!(" beyond its end, {}", rfc3339(end)),
        Some(end) => format!(" until {}", rfc3339(end)),
    }
}

fn counts(report: &Report) -> String {
    let counted = |grade, noun| match report.count(grade) {
        0 => None,
        number => Some(text::count(number, noun)),
    };
    let words: Vec<String> =
        [counted(Grade::Fault, "fault"), counted(Grade::Warning, "warning")].into_iter().flatten().collect();
    match words.is_empty() {
        true => format!("all {} points are good", report.findings.len()),
        false => format!("{} in {}", words.join(" and "), text::count(report.findings.len(), "point")),
    }
}
