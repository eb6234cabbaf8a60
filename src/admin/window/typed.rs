//! The form of a window as it was typed, or as it begins.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::words::Simple;
use crate::admin::draining::Mode;
use crate::admin::fields::Fields;
use crate::admin::record::end;
use crate::maintenance::Level;
use crate::schedule::{Moment, Repeat, Schedule, name_of};
use crate::window::Window;

/// Minutes that a new window lasts.
const LASTS: u32 = 60;

/// Minutes of notice of a new window.
const NOTICE: u32 = 30;

/// Minutes after the next half hour at which a new window begins: time to plan it.
const LEAD_MINUTES: i64 = 60;

/// Everything in the form, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// `all`, keys of sites or domains, with commas.
    pub(super) sites: String,
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) start: String,
    /// `lasts`, `end` or `open`.
    pub(super) ending: String,
    /// Minutes.
    pub(super) lasts: String,
    pub(super) end: String,
    /// Empty, `daily`, `weekly`, `monthly` or `rule`.
    pub(super) repeats: String,
    pub(super) rule: String,
    pub(super) until: String,
    /// Minutes.
    pub(super) notice: String,
    pub(super) language: String,
    pub(super) heading: String,
    pub(super) body: String,
    pub(super) counts: bool,
    /// Whether it closes for writing only.
    pub(super) read_only: bool,
    /// Whether those at work may finish after each start.
    pub(super) mode: Mode,
    /// Names the window as it was read.
    pub(super) read: String,
    /// Names what was shown and confirmed.
    pub(super) confirm: String,
    /// Whether only the preview is asked for.
    pub(super) is_check: bool,
}

impl Typed {
    /// The form of a new window: in about an hour, for an hour.
    pub(super) fn new(sites: String, zone: &TimeZone, language: &str, now: Timestamp) -> Self {
        let start = end::example(now + jiff::SignedDuration::from_mins(LEAD_MINUTES), zone);
        Self {
            sites,
            zone: name_of(zone).to_owned(),
            start,
            ending: "lasts".to_owned(),
            lasts: LASTS.to_string(),
            notice: NOTICE.to_string(),
            language: language.to_owned(),
            counts: true,
            read_only: false,
            ..Self::default()
        }
    }

    /// The form of a window as it is stored. `language` is that of a first message.
    pub(super) fn of(window: &Window, sites: String, language: &str, now: Timestamp) -> Self {
        let message = window.messages.first().cloned().unwrap_or_default();
        let typed = Self {
            sites,
            name: window.name.clone(),
            notice: window.notice_minutes.to_string(),
            language: if message.language.is_empty() { language.to_owned() } else { message.language },
            heading: message.heading,
            body: message.body,
            counts: window.is_enabled,
            read_only: window.level == Level::ReadOnly,
            mode: Mode::of(window.drain_minutes),
            read: fingerprint(window),
            ..Self::default()
        };
        typed.with_schedule(&window.schedule, now)
    }

    fn with_schedule(self, schedule: &Schedule, now: Timestamp) -> Self {
        match schedule {
            Schedule::Once { start, end } => self.with_once(start, end.as_ref()),
            Schedule::Repeat(repeat) => self.with_repeat(schedule, repeat, now),
        }
    }

    fn with_once(self, start: &Moment, end: Option<&Moment>) -> Self {
        let zone = start.zone();
        let minutes = end.map(|end| end.at().duration_since(start.at()));
        let whole = minutes.filter(|length| length.as_secs() % 60 == 0 && length.as_mins() <= 24 * 60);
        Self {
            zone: name_of(zone).to_owned(),
            start: end::text_of(start.at(), zone),
            ending: match (end, whole) {
                (None, _) => "open",
                (_, Some(_)) => "lasts",
                (_, None) => "end",
            }
            .to_owned(),
            lasts: whole.map(|length| length.as_mins().to_string()).unwrap_or_default(),
            end: end.filter(|_| whole.is_none()).map(|end| end::text_of(end.at(), zone)).unwrap_or_default(),
            ..self
        }
    }

    fn with_repeat(self, schedule: &Schedule, repeat: &Repeat, now: Timestamp) -> Self {
        let zone = schedule.zone();
        let calendar = schedule.calendar().ok();
        let next = calendar.and_then(|calendar| calendar.after(now).next().map(|planned| planned.starts_at));
        // A rule without a beginning is shown from its next time on, at which it is no other.
        let start = repeat.from.or(next).map(|at| end::text_of(at, &zone)).unwrap_or_default();
        // A choice takes its day and its time from the start: at another start it would make another rule.
        let is_at_start = |simple: Simple, hour: i8, minute: i8| {
            let clock = repeat.from.or(next).map(|at| at.to_zoned(zone.clone()).datetime());
            clock.is_some_and(|clock: DateTime| {
                (clock.hour(), clock.minute()) == (hour, minute) && simple.from(clock) == simple
            })
        };
        let simple = Simple::of(&repeat.rule).filter(|(simple, hour, minute)| is_at_start(*simple, *hour, *minute));
        Self {
            repeats: match simple {
                Some((Simple::Daily, ..)) => "daily",
                Some((Simple::Weekly(_), ..)) => "weekly",
                Some((Simple::Monthly(_), ..)) => "monthly",
                None => "rule",
            }
            .to_owned(),
            zone: name_of(&zone).to_owned(),
            start,
            ending: "lasts".to_owned(),
            lasts: repeat.minutes.to_string(),
            rule: if simple.is_none() { repeat.rule.clone() } else { String::new() },
            until: repeat.until.map(|until| end::text_of_until(until, &zone)).unwrap_or_default(),
            ..self
        }
    }

    /// The form as it was sent. What was not sent is empty.
    pub(super) fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        Self {
            sites: text("sites"),
            name: text("name"),
            zone: text("zone"),
            start: text("start"),
            ending: text("ending"),
            lasts: text("lasts"),
            end: text("end"),
            repeats: text("repeats"),
            rule: text("rule"),
            until: text("until"),
            notice: text("notice"),
            language: text("language"),
            heading: fields.text("heading").to_owned(),
            body: fields.text("body").to_owned(),
            counts: fields.is_ticked("counts"),
            read_only: fields.is_ticked("read_only"),
            mode: Mode::sent(fields),
            read: text("read"),
            confirm: text("confirm"),
            is_check: fields.text("action") == "check",
        }
    }

    /// Whether both say the same about when it happens.
    pub(super) fn is_at_the_same_times(&self, other: &Self) -> bool {
        let times = |it: &Self| {
            [&it.zone, &it.start, &it.ending, &it.lasts, &it.end, &it.repeats, &it.rule, &it.until].map(Clone::clone)
        };
        times(self) == times(other)
    }
}

/// Names a window as it is stored, but for what became of single times, which the form does not have.
pub(super) fn fingerprint(window: &Window) -> String {
    let bare = Window { exceptions: Default::default(), ..window.clone() };
    digest(&serde_json::to_string(&bare).expect("a window is JSON with text keys"))
}

/// Sixteen hexadecimal digits for a text.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-18T01:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn repeat(rule: &str, from: Option<&str>) -> Window {
        Window::new(Schedule::Repeat(Repeat {
            rule: rule.to_owned(),
            zone: "Europe/Berlin".to_owned(),
            minutes: 90,
            from: from.map(at),
            until: None,
        }))
    }

    fn typed(window: &Window) -> Typed {
        Typed::of(window, "7".to_owned(), "en", at(NOW))
    }

    #[test]
    fn a_stored_window_is_shown_as_one_would_type_it() {
        let moment = |text: &str| Moment::new(at(text), berlin());
        let once =
            |start, end: Option<&str>| Window::new(Schedule::Once { start: moment(start), end: end.map(moment) });
        let typed_once = typed(&once("2026-11-21T01:00:00Z", Some("2026-11-21T02:30:00Z")));
        assert_eq!((typed_once.start.as_str(), typed_once.zone.as_str()), ("2026-11-21 02:00", "Europe/Berlin"));
        assert_eq!((typed_once.ending.as_str(), typed_once.lasts.as_str()), ("lasts", "90"));
        let long = typed(&once("2026-11-21T01:00:00Z", Some("2026-11-24T02:30:00Z")));
        assert_eq!((long.ending.as_str(), long.end.as_str()), ("end", "2026-11-24 03:30"));
        assert_eq!(typed(&once("2026-11-21T01:00:00Z", None)).ending, "open");
    }

    #[test]
    fn a_rule_is_shown_as_the_choice_that_makes_it_or_as_it_is() {
        for (rule, from, repeats, start) in [
            ("0 2 * * SUN", None, "weekly", "2026-11-22 02:00"),
            ("0 2 * * *", Some("2026-12-01T01:00:00Z"), "daily", "2026-12-01 02:00"),
            ("0 2 22 * *", None, "monthly", "2026-11-22 02:00"),
            // The beginning is at another time of day, or on another day: the choice would make another rule of it.
            ("0 2 * * SUN", Some("2026-12-01T01:00:00Z"), "rule", "2026-12-01 02:00"),
            ("0 2 22 * *", Some("2026-12-01T01:00:00Z"), "rule", "2026-12-01 02:00"),
            ("0 2 * * *", Some("2026-12-01T00:00:00Z"), "rule", "2026-12-01 01:00"),
            ("0 2 * * 1-5", None, "rule", "2026-11-18 02:00"),
        ] {
            let typed = typed(&repeat(rule, from));
            assert_eq!((typed.repeats.as_str(), typed.start.as_str()), (repeats, start), "{rule}");
        }
    }

    #[test]
    fn what_became_of_single_times_makes_no_other_window() {
        let mut window = repeat("0 2 * * *", None);
        let before = fingerprint(&window);
        window.exceptions.insert(at(NOW), crate::window::Exception { ends_at: at(NOW) });
        assert_eq!(fingerprint(&window), before);
        window.name = "Backup".to_owned();
        assert_ne!(fingerprint(&window), before);
    }
}
