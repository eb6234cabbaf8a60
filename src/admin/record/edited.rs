//! What a typed form would make of the stored record: the edited record, what is wrong with it, and what is odd.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::end;
use super::typed::{Typed, TypedMessage, TypedNetwork, TypedPattern};
use super::words::{Place, refusal, warning_line};
use crate::admin::draining::long_drain;
use crate::cause::CauseId;
use crate::drain::{Drain, LONG, LONGEST};
use crate::field::{FieldErrors, Warning};
use crate::maintenance::{AtEnd, Level, MaintenanceRecord};
use crate::message::Message;
use crate::network::{InternalNetwork, parse_network};
use crate::pattern::{self, IgnoredPattern, PatternWarning};
use crate::record::SiteRecord;

/// An edited record beside the form that it was typed into.
#[derive(Debug, Clone)]
pub(super) struct Edited {
    /// The record as it would be saved. Rows that cannot be read are not in it.
    pub(super) record: SiteRecord,
    /// Errors by the names of their fields, each a sentence.
    pub(super) faults: BTreeMap<String, String>,
    /// How long those at work have before the box closes the site; `None` closes at once, or changes nothing.
    pub(super) drain: Option<SignedDuration>,
    /// Whether an expected end was typed that is not kept, because the box is not ticked.
    pub(super) is_end_dropped: bool,
    /// For each row of the record the number of its row in the form.
    rows: Rows,
}

#[derive(Debug, Clone, Default)]
struct Rows {
    messages: Vec<usize>,
    patterns: Vec<usize>,
    networks: Vec<usize>,
}

/// What is odd about the patterns.
#[derive(Debug, Clone, Default)]
pub(super) struct Odd {
    /// As the record counts its rows.
    all: Vec<(usize, PatternWarning)>,
    /// By the numbers of the rows in the form.
    pub(super) rows: BTreeMap<usize, Vec<PatternWarning>>,
}

impl Edited {
    /// Reads the form. `by` is whoever would start maintenance, `zone` the site's.
    pub(super) fn of(typed: &Typed, stored: &SiteRecord, by: &str, zone: &TimeZone, now: Timestamp) -> Self {
        let mut edited = Self {
            record: SiteRecord { messages: vec![], patterns: vec![], networks: vec![], ..stored.clone() },
            faults: BTreeMap::new(),
            drain: None,
            is_end_dropped: false,
            rows: Rows::default(),
        };
        edited.read_box(typed, stored, by, zone, now);
        edited.read_answer(typed);
        edited.leave_what_let_go(typed, stored, now);
        for (number, row) in &typed.messages {
            edited.read_message(*number, row, stored);
        }
        for (number, row) in &typed.patterns {
            edited.read_pattern(*number, row);
        }
        for (number, row) in &typed.networks {
            edited.read_network(*number, row);
        }
        let errors = edited.record.check();
        edited.refuse(&errors);
        edited
    }

    /// Adds errors of the record, whose rows are counted as there.
    pub(super) fn refuse(&mut self, errors: &FieldErrors) {
        for (name, text) in errors.iter() {
            // The action knows a deadline, the form how long it is until then.
            let name = if name == "drain" { "drain_minutes" } else { name };
            let (name, place) = (self.in_form(name), Place::of(name));
            let place = match place {
                Place::InRow { .. } => Place::of(&name),
                alone => alone,
            };
            let words = refusal(place, text, |row| self.language_of(row));
            self.fault(name.clone(), words);
        }
    }

    /// Adds an error; the first one of a field counts.
    pub(super) fn fault(&mut self, name: impl Into<String>, words: impl Into<String>) {
        self.faults.entry(name.into()).or_insert_with(|| words.into());
    }

    /// What must be confirmed before this is saved, as lines of a list, the fields named as in the form.
    pub(super) fn to_confirm(&self, stored: &SiteRecord, odd: &Odd) -> Vec<Warning> {
        let warnings = self.record.warnings_among(odd.all.clone(), Some(stored), &BTreeSet::new()).into_iter();
        let worded = warnings.map(|warning| {
            let field = self.in_form(&warning.field);
            let text = match Place::of(&field) {
                Place::InRow { list: "patterns", row, .. } => {
                    let code = warning.id.split(':').next().unwrap_or_default();
                    let in_form = odd.rows.get(&row).and_then(|all| all.iter().find(|odd| odd.code() == code));
                    let text = in_form.map_or(warning.text, ToString::to_string);
                    warning_line("Pattern", row + 1, &text)
                }
                Place::InRow { row, .. } => warning_line("Address", row + 1, &warning.text),
                Place::Alone(_) => warning.text,
            };
            Warning { id: warning.id, field, text }
        });
        self.long_drain().into_iter().chain(worded).collect()
    }

    /// Asks whether a drain of more than a day is meant.
    fn long_drain(&self) -> Option<Warning> {
        let length = self.drain.filter(|length| *length > LONG)?;
        let minutes = length.as_mins();
        let field = "drain_minutes".to_owned();
        Some(Warning { id: format!("long-drain:{minutes}"), field, text: long_drain(length) })
    }

    /// Everything odd about the patterns, also what was confirmed before.
    pub(super) fn odd_patterns(&self) -> Odd {
        let number = |row: usize| self.rows.patterns.get(row).copied().unwrap_or(row);
        let mut odd = Odd { all: pattern::warnings(&self.record.patterns), rows: BTreeMap::new() };
        for (row, warning) in &odd.all {
            let warning = match warning {
                PatternWarning::Repeats { row } => PatternWarning::Repeats { row: number(*row) },
                PatternWarning::CoveredBy { row } => PatternWarning::CoveredBy { row: number(*row) },
                other => other.clone(),
            };
            odd.rows.entry(number(*row)).or_default().push(warning);
        }
        odd
    }

    /// The record as far as the gate could enforce it: without patterns that do not compile.
    pub(super) fn enforceable(&self) -> SiteRecord {
        let mut record = self.record.clone();
        record.patterns.retain(|pattern| pattern.check().is_ok());
        record
    }

    /// The name of a field of the record as the form has it.
    fn in_form(&self, name: &str) -> String {
        let Place::InRow { list, row, field } = Place::of(name) else { return name.to_owned() };
        let numbers = match list {
            "messages" => &self.rows.messages,
            "patterns" => &self.rows.patterns,
            _ => &self.rows.networks,
        };
        format!("{list}[{}][{field}]", numbers.get(row).copied().unwrap_or(row))
    }

    /// Language of a message by the number of its row in the form.
    fn language_of(&self, number: usize) -> String {
        let row = self.rows.messages.iter().position(|known| *known == number);
        row.map(|row| self.record.messages[row].language.clone()).unwrap_or_default()
    }

    fn read_box(&mut self, typed: &Typed, stored: &SiteRecord, by: &str, zone: &TimeZone, now: Timestamp) {
        let was = &stored.maintenance;
        let held = was.box_holds(now);
        let stored_end = was.expected_end.filter(|_| held);
        let stored_text = stored_end.map(|at| end::text_of(at, zone)).unwrap_or_default();
        // What is shown is cut to minutes; untouched, the time stays what it was.
        let is_untouched = typed.expected_end.trim() == stored_text;
        let expected_end = if is_untouched {
            stored_end
        } else {
            end::parse(&typed.expected_end, zone, &end::example(now, zone)).unwrap_or_else(|error| {
                self.fault("expected_end", error);
                None
            })
        };
        let at_end = typed.at_end.trim().parse().unwrap_or_else(|error| {
            self.fault("at_end", refusal(Place::Alone("at_end"), &format!("{error}"), |_| String::new()));
            AtEnd::Remind
        });
        let drain_minutes = typed.mode.read(LONGEST);
        let is = &mut self.record.maintenance;
        if !typed.in_maintenance {
            let (redirect_url, retry_after) = (is.redirect_url.take(), is.retry_after);
            *is = MaintenanceRecord { redirect_url, retry_after, ..MaintenanceRecord::default() };
            self.is_end_dropped = expected_end.is_some() && !is_untouched;
            return;
        }
        is.in_maintenance = true;
        is.expected_end = expected_end;
        is.at_end = at_end;
        is.level = if typed.read_only { Level::ReadOnly } else { Level::Full };
        if !held {
            is.since = Some(now);
            is.started_by = Some(by.to_owned());
            match drain_minutes {
                Ok(0) => {}
                Ok(minutes) => self.drain(minutes, now),
                Err(wrong) => self.fault("drain_minutes", wrong),
            }
        }
        let is_new = !held || expected_end != was.expected_end;
        if is_new && let Some(at) = expected_end.filter(|at| *at <= now) {
            self.fault("expected_end", format!("{} lies in the past.", end::text_of(at, zone)));
        }
        if (is_new || at_end != was.at_end) && at_end == AtEnd::Open && expected_end.is_none() {
            self.fault("expected_end", "The site is to open at the expected end: write when, or let it stay closed.");
        }
    }

    /// Those at work may finish first. What is saved is laid out anew at that moment.
    fn drain(&mut self, minutes: u32, now: Timestamp) {
        let length = SignedDuration::from_mins(minutes.into());
        self.drain = Some(length);
        if let Ok(deadline) = now.checked_add(length) {
            self.record.drains.push(Drain { cause: CauseId::Box, started_at: now, deadline, end: None });
        }
    }

    /// A box that has opened by itself at its end looks like one that is not ticked, and saving it so changes nothing.
    fn leave_what_let_go(&mut self, typed: &Typed, stored: &SiteRecord, now: Timestamp) {
        let (is, was) = (&mut self.record.maintenance, &stored.maintenance);
        let has_let_go = was.in_maintenance && !was.box_holds(now) && !typed.in_maintenance;
        if has_let_go && is.redirect_url == was.redirect_url && is.retry_after == was.retry_after {
            is.clone_from(was);
        }
    }

    fn read_answer(&mut self, typed: &Typed) {
        let redirect = typed.redirect_url.trim();
        self.record.maintenance.redirect_url = (!redirect.is_empty()).then(|| redirect.to_owned());
        let seconds = typed.retry_after.trim();
        self.record.maintenance.retry_after = match seconds.parse() {
            Ok(seconds) => Some(seconds),
            Err(_) if seconds.is_empty() => None,
            Err(_) => {
                let shown: String = seconds.chars().take(60).collect();
                self.fault("retry_after", format!("“{shown}” is not a number of seconds from 1 to 3600."));
                None
            }
        };
    }

    fn read_message(&mut self, number: usize, row: &TypedMessage, stored: &SiteRecord) {
        if row.delete {
            return;
        }
        let typed = row.message.clone().cleaned();
        let kept = stored.messages.get(number);
        let message = match kept.filter(|kept| Message::clone(kept).cleaned() == typed) {
            Some(kept) => kept.clone(),
            None => typed,
        };
        // The first row of a site without messages has its language from the start.
        let is_offered = stored.messages.is_empty() && number == 0;
        if kept.is_none() && message.is_blank() && (is_offered || message.language.is_empty()) {
            return;
        }
        self.rows.messages.push(number);
        self.record.messages.push(message);
    }

    fn read_pattern(&mut self, number: usize, row: &TypedPattern) {
        if row.delete || row.is_blank() {
            return;
        }
        let kind = row.kind.trim().parse().unwrap_or_else(|error: pattern::UnknownPatternKind| {
            let name = format!("patterns[{number}][pattern]");
            let words = refusal(Place::of(&name), &error.to_string(), |_| String::new());
            self.fault(name, words);
            pattern::PatternKind::default()
        });
        self.rows.patterns.push(number);
        let (pattern, description) = (row.pattern.clone(), row.description.clone());
        self.record.patterns.push(IgnoredPattern { kind, pattern, description });
    }

    fn read_network(&mut self, number: usize, row: &TypedNetwork) {
        if row.delete || row.is_blank() {
            return;
        }
        match parse_network(&row.network) {
            Ok(network) => {
                self.rows.networks.push(number);
                self.record.networks.push(InternalNetwork { network, description: row.description.clone() });
            }
            Err(error) => {
                let name = format!("networks[{number}][network]");
                let words = refusal(Place::of(&name), &error.to_string(), |_| String::new());
                self.fault(name, words);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::fields::Fields;
    use crate::admin::record::tests::a_record;

    const NOW: &str = "2026-11-21T03:12:04Z";

    fn edited_over(stored: &SiteRecord, text: &str) -> Edited {
        let now = NOW.parse().unwrap();
        let form = Typed::stored(stored, &TimeZone::UTC, "en", now).sent(&Fields::read(text.as_bytes()).unwrap());
        Edited::of(&form, stored, "ann", &TimeZone::UTC, now)
    }

    fn edited(text: &str) -> Edited {
        edited_over(&a_record(), text)
    }

    #[test]
    fn the_form_as_it_begins_changes_nothing() {
        let now: Timestamp = NOW.parse().unwrap();
        for is_closed in [false, true] {
            let mut stored = a_record();
            stored.maintenance.in_maintenance = is_closed;
            if is_closed {
                stored.maintenance.since = Some("2026-11-21T02:00:00.5Z".parse().unwrap());
                stored.maintenance.expected_end = Some("2026-11-21T02:30:59.123456Z".parse().unwrap());
                stored.maintenance.at_end = AtEnd::Remind;
            }
            stored.messages[0].body = "spaces at the end  \n".to_owned();
            let typed = Typed::stored(&stored, &TimeZone::UTC, "en", now);
            let edited = Edited::of(&typed, &stored, "ann", &TimeZone::UTC, now);
            assert_eq!(edited.record, stored);
            assert!(edited.faults.is_empty(), "{:?}", edited.faults);
        }
        let mut bare = a_record();
        (bare.messages, bare.patterns, bare.networks) = (vec![], vec![], vec![]);
        assert_eq!(
            edited_over(&bare, "messages[1][language]=&patterns[0][kind]=exact&patterns[2][pattern]=").record,
            bare
        );
    }

    #[test]
    fn blank_rows_are_ignored_and_deleted_ones_go() {
        let edited =
            edited("patterns[0][delete]=on&patterns[5][pattern]=^b&patterns[3][pattern]=%20&networks[0][delete]=on");
        let patterns: Vec<_> = edited.record.patterns.iter().map(|row| row.pattern.as_str()).collect();
        assert_eq!(patterns, ["/robots.txt", "^b"]);
        assert!(edited.record.networks.is_empty() && edited.faults.is_empty());
    }

    #[test]
    fn errors_and_warnings_name_the_rows_of_the_form() {
        let edited = edited(
            "patterns[0][delete]=on&patterns[4][pattern]=[&patterns[6][pattern]=^cart/&patterns[8][pattern]=^/cart/\
             &networks[3][network]=10.1.2.3/8&messages[2][language]=fr&messages[2][link_label]=x",
        );
        let names: Vec<_> = edited.faults.keys().map(String::as_str).collect();
        assert_eq!(names, ["messages[2][link_url]", "networks[3][network]", "patterns[4][pattern]"]);
        assert!(edited.faults["patterns[4][pattern]"].starts_with("Pattern 5 is not valid: “[” at character 1"));
        assert_eq!(edited.faults["messages[2][link_url]"], "Link address in Français: the link needs an address.");
        let odd = edited.odd_patterns();
        assert_eq!(odd.rows[&8], [PatternWarning::Repeats { row: 6 }]);
        let lines = edited.to_confirm(&a_record(), &odd);
        let repeats = lines.iter().find(|line| line.field == "patterns[8][pattern]").unwrap();
        assert_eq!(repeats.text, "Pattern 9 repeats pattern 7.");
    }

    #[test]
    fn an_end_needs_the_box_and_lies_ahead() {
        let dropped = edited("expected_end=2026-11-21+04:00");
        assert!(dropped.is_end_dropped && dropped.record.maintenance.expected_end.is_none());
        let past = edited("in_maintenance=on&expected_end=2026-11-21+03:00");
        assert_eq!(past.faults["expected_end"], "2026-11-21 03:00 lies in the past.");
        let fine = edited("in_maintenance=on&expected_end=2026-11-21+04:00&at_end=open");
        assert!(fine.faults.is_empty());
        assert_eq!(fine.record.maintenance.started_by.as_deref(), Some("ann"));
        let never = edited("in_maintenance=on&at_end=open");
        assert!(never.faults["expected_end"].starts_with("The site is to open at the expected end: write when, "));
        let unread = edited("in_maintenance=on&at_end=open&expected_end=soon");
        assert!(unread.faults["expected_end"].starts_with("“soon” is not a time."));
        assert!(edited("at_end=open").faults.is_empty(), "the box is not ticked");
        assert_eq!(edited("at_end=never").faults["at_end"], "At the expected end: must be remind or open.");
    }

    #[test]
    fn a_site_that_opened_by_itself_can_be_closed_again() {
        let mut stored = a_record();
        stored.maintenance = MaintenanceRecord {
            in_maintenance: true,
            since: Some("2026-11-20T00:00:00Z".parse().unwrap()),
            expected_end: Some("2026-11-21T03:00:00Z".parse().unwrap()),
            at_end: AtEnd::Open,
            ..stored.maintenance
        };
        let again = edited_over(&stored, "in_maintenance=on");
        assert!(again.faults.is_empty(), "{:?}", again.faults);
        let record = again.record.maintenance;
        assert_eq!((record.since, record.expected_end), (Some(NOW.parse().unwrap()), None));
        assert_eq!(edited_over(&stored, "").record, stored);
        let other = edited_over(&stored, "redirect_url=/elsewhere").record.maintenance;
        assert_eq!((other.in_maintenance, other.redirect_url.as_deref()), (false, Some("/elsewhere")));
    }
}
