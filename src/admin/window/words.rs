//! Windows and rules in words.

use jiff::civil::{DateTime, Weekday};

use crate::cause::CauseId;
use crate::schedule::Schedule;
use crate::window::Window;

/// A rule that the form has words for. Its time of day is that of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Simple {
    /// Every day.
    Daily,
    /// Every week, on this day.
    Weekly(Weekday),
    /// Every month, on this day.
    Monthly(i8),
}

impl Simple {
    /// Reads a rule as the form writes it; `None` for any other, and for one with another time of day.
    pub(super) fn of(rule: &str) -> Option<(Self, i8, i8)> {
        let [minute, hour, day, "*", weekday] = *rule.split_whitespace().collect::<Vec<_>>() else { return None };
        let (hour, minute): (i8, i8) = (hour.parse().ok()?, minute.parse().ok()?);
        let simple = match (day, weekday) {
            ("*", "*") => Self::Daily,
            ("*", name) => Self::Weekly(WEEKDAYS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?.1),
            (day, "*") => Self::Monthly(day.parse().ok()?),
            _ => return None,
        };
        Some((simple, hour, minute))
    }

    /// What this way to repeat means for another start: a week is that of its weekday, a month that of its day.
    pub(super) fn from(self, start: DateTime) -> Self {
        match self {
            Self::Daily => Self::Daily,
            Self::Weekly(_) => Self::Weekly(start.weekday()),
            Self::Monthly(_) => Self::Monthly(start.day()),
        }
    }

    /// The rule at the time of day of a start.
    pub(super) fn rule(self, start: DateTime) -> String {
        let (minute, hour) = (start.minute(), start.hour());
        match self {
            Self::Daily => format!("{minute} {hour} * * *"),
            Self::Weekly(day) => format!("{minute} {hour} * * {}", short(day)),
            Self::Monthly(day) => format!("{minute} {hour} {day} * *"),
        }
    }
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MON", Weekday::Monday),
    ("TUE", Weekday::Tuesday),
    ("WED", Weekday::Wednesday),
    ("THU", Weekday::Thursday),
    ("FRI", Weekday::Friday),
    ("SAT", Weekday::Saturday),
    ("SUN", Weekday::Sunday),
];

fn short(day: Weekday) -> &'static str {
    WEEKDAYS[usize::from(day.to_monday_zero_offset().unsigned_abs())].0
}

/// `Sunday`.
pub(super) fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// `window-12 “Database upgrade”`.
pub(in crate::admin) fn named(window: &Window) -> String {
    let id = CauseId::Window(window.id);
    if window.name.is_empty() { id.to_string() } else { format!("{id} “{}”", window.name) }
}

/// `every week on Sunday`, `every day until 2027-04-01 12:00`, `by the rule 0 2 * * 1-5`; empty for one that happens once.
pub(in crate::admin) fn repeats(schedule: &Schedule) -> String {
    let Schedule::Repeat(repeat) = schedule else { return String::new() };
    let rule = match Simple::of(&repeat.rule) {
        Some((Simple::Daily, ..)) => "every day".to_owned(),
        Some((Simple::Weekly(day), ..)) => format!("every week on {}", weekday(day)),
        Some((Simple::Monthly(day @ 29..), ..)) => format!("every month that has a day {day}, on that day"),
        Some((Simple::Monthly(day), ..)) => format!("every month on day {day}"),
        None => format!("by the rule {}", repeat.rule),
    };
    repeat.until_in_words().map_or(rule.clone(), |until| format!("{rule} {until}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Repeat;

    #[test]
    fn a_rule_that_the_form_writes_is_read_as_what_was_chosen() {
        let start: DateTime = "2026-11-22T02:05:00".parse().unwrap();
        for simple in [Simple::Daily, Simple::Weekly(Weekday::Sunday), Simple::Monthly(22)] {
            assert_eq!(Simple::of(&simple.rule(start)), Some((simple, 2, 5)));
        }
        assert_eq!(Simple::Weekly(Weekday::Sunday).rule(start), "5 2 * * SUN");
        let monday: DateTime = "2026-11-23T02:05:00".parse().unwrap();
        assert_eq!(Simple::Weekly(Weekday::Sunday).from(monday), Simple::Weekly(Weekday::Monday));
        for other in ["0 2 * * 1-5", "*/5 2 * * *", "0 2 1 * MON", "0 2 * 3 *", "", "0 2 * *"] {
            assert_eq!(Simple::of(other), None, "{other}");
        }
    }

    #[test]
    fn a_rule_is_told_with_its_last_day_and_with_the_months_that_it_leaves_out() {
        let told = |rule: &str, until: Option<&str>| {
            repeats(&Schedule::Repeat(Repeat {
                rule: rule.to_owned(),
                zone: "Europe/Berlin".to_owned(),
                minutes: 60,
                from: None,
                until: until.map(|until| until.parse().unwrap()),
            }))
        };
        assert_eq!(told("0 2 * * *", Some("2027-04-01T10:00:00Z")), "every day until 2027-04-01 12:00");
        assert_eq!(
            told("0 2 * * SUN", Some("2027-04-01T22:00:00Z")),
            "every week on Sunday until the end of 2027-04-01"
        );
        assert_eq!(told("0 2 28 * *", None), "every month on day 28");
        assert_eq!(told("0 2 31 * *", None), "every month that has a day 31, on that day");
    }
}
