//! What a typed form would make of a window, and what is wrong with it.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::typed::Typed;
use super::words::Simple;
use crate::admin::record::end;
use crate::admin::site::read_zone;
use crate::admin::words::sentence;
use crate::field::FieldErrors;
use crate::maintenance::Level;
use crate::message::Message;
use crate::schedule::{Moment, Repeat, Schedule, name_of};
use crate::site;
use crate::window::{MAX_DRAIN_MINUTES, Window};

/// A window beside the form that it was typed into.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// The window as it would be saved; means nothing while there are faults.
    pub(super) window: Window,
    /// Errors by the names of their fields, each a sentence.
    pub(super) faults: BTreeMap<String, String>,
    /// Whether it happens at other times than before, or is new.
    pub(super) is_rescheduled: bool,
}

impl Read {
    /// Reads the form over the window that is stored, if one is.
    pub(super) fn of(typed: &Typed, stored: Option<&Window>, now: Timestamp) -> Self {
        let mut reader = Reader { typed, now, faults: BTreeMap::new() };
        let begun = stored.map(|window| Typed::of(window, String::new(), "", now));
        let unchanged = stored.filter(|_| begun.is_some_and(|begun| begun.is_at_the_same_times(typed)));
        let schedule = match unchanged {
            // What is shown is cut to minutes, and a rule of the command line may have no beginning.
            Some(window) => Some(window.schedule.clone()),
            None => reader.schedule(),
        };
        let notice_minutes = reader.notice();
        let drain_minutes = reader.drain();
        let epoch = Moment::new(Timestamp::UNIX_EPOCH, TimeZone::UTC);
        let readable = schedule.is_some();
        let mut window = Window {
            name: typed.name.clone(),
            notice_minutes,
            drain_minutes,
            messages: reader.messages(stored),
            level: if typed.read_only { Level::ReadOnly } else { Level::Full },
            is_enabled: typed.counts,
            ..Window::new(schedule.unwrap_or(Schedule::Once { start: epoch, end: None }))
        };
        if let Some(stored) = stored {
            window.id = stored.id;
            window.exceptions.clone_from(&stored.exceptions);
        }
        if unchanged.is_none() {
            // A new plan holds from now on; what became of times that are over stays known.
            window.exceptions.retain(|_, exception| exception.ends_at <= now);
        }
        reader.refuse(&window.check());
        if readable && unchanged.is_none() {
            reader.refuse_what_is_over(&window);
        }
        Self { window, faults: reader.faults, is_rescheduled: unchanged.is_none() }
    }
}

struct Reader<'t> {
    typed: &'t Typed,
    now: Timestamp,
    faults: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn fault(&mut self, field: &str, words: impl Into<String>) {
        self.faults.entry(field.to_owned()).or_insert_with(|| words.into());
    }

    fn schedule(&mut self) -> Option<Schedule> {
        let zone = self.zone()?;
        let is_rule = self.typed.repeats == "rule";
        let start = match self.time("start", &self.typed.start, &zone) {
            None if !is_rule || self.faults.contains_key("start") => {
                self.fault("start", format!("Write when it begins, such as {}.", end::example(self.now, &zone)));
                None
            }
            start => start,
        };
        if self.typed.repeats.is_empty() { self.once(start?, &zone) } else { self.repeat(start, &zone) }
    }

    fn zone(&mut self) -> Option<TimeZone> {
        let mut errors = FieldErrors::default();
        let name = read_zone(&self.typed.zone, &mut errors);
        match errors.get("time_zone").first() {
            Some(wrong) => self.fault("zone", sentence(wrong)),
            None => return site::time_zone(&name).ok(),
        }
        None
    }

    /// A time of the form; `None` when nothing was typed or it is no time.
    fn time(&mut self, field: &str, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        end::parse(text, zone, &end::example(self.now, zone)).unwrap_or_else(|wrong| {
            self.fault(field, wrong);
            None
        })
    }

    fn once(&mut self, start: Timestamp, zone: &TimeZone) -> Option<Schedule> {
        let end = match self.typed.ending.as_str() {
            "open" => None,
            "end" => Some(self.end(zone)?),
            _ => {
                let length = jiff::SignedDuration::from_mins(self.minutes()?.into());
                Some(start.checked_add(length).map_err(|error| self.fault("lasts", error.to_string())).ok()?)
            }
        };
        let moment = |at| Moment::new(at, zone.clone());
        Some(Schedule::Once { start: moment(start), end: end.map(moment) })
    }

    fn end(&mut self, zone: &TimeZone) -> Option<Timestamp> {
        let end = self.time("end", &self.typed.end, zone);
        if end.is_none() {
            self.fault("end", "Write when it ends, or choose that it has no end.");
        }
        end
    }

    fn minutes(&mut self) -> Option<u32> {
        match self.typed.lasts.parse() {
            Ok(minutes) => Some(minutes),
            Err(_) => {
                let shown: String = self.typed.lasts.chars().take(40).collect();
                let wrong = match shown.as_str() {
                    "" => "Write how many minutes it lasts.".to_owned(),
                    _ => format!("“{shown}” is not a number of minutes, such as 90."),
                };
                self.fault("lasts", wrong);
                None
            }
        }
    }

    fn repeat(&mut self, start: Option<Timestamp>, zone: &TimeZone) -> Option<Schedule> {
        let minutes = match (self.typed.ending.as_str(), start) {
            ("open", _) => {
                self.fault("ending", "A window that repeats needs an end: choose how long it lasts.");
                return None;
            }
            ("end", Some(start)) => {
                let length = self.end(zone)?.duration_since(start);
                u32::try_from(length.as_mins().max(0)).unwrap_or(u32::MAX)
            }
            _ => self.minutes()?,
        };
        let clock = start.map(|start| start.to_zoned(zone.clone()).datetime());
        Some(Schedule::Repeat(Repeat {
            rule: self.rule(clock)?,
            zone: name_of(zone).to_owned(),
            minutes,
            from: start,
            until: self.until(start, zone),
        }))
    }

    /// When it stops to repeat: at a time, or at the end of a day.
    fn until(&mut self, start: Option<Timestamp>, zone: &TimeZone) -> Option<Timestamp> {
        match end::parse_until(&self.typed.until, zone, self.now) {
            Ok(Some(until)) if start.is_some_and(|start| until <= start) => {
                self.fault("until", "It must be after the start: else nothing ever begins.");
                None
            }
            Ok(until) => until,
            Err(wrong) => {
                self.fault("until", wrong);
                None
            }
        }
    }

    fn rule(&mut self, start: Option<DateTime>) -> Option<String> {
        let simple = |start: DateTime| match self.typed.repeats.as_str() {
            "daily" => Some(Simple::Daily),
            "weekly" => Some(Simple::Weekly(start.weekday())),
            "monthly" => Some(Simple::Monthly(start.day())),
            _ => None,
        };
        match (self.typed.repeats.as_str(), start) {
            ("rule", _) if self.typed.rule.is_empty() => {
                self.fault("rule", "Write the rule, such as 0 2 * * 1-5 for 02:00 on workdays.");
                None
            }
            ("rule", _) => Some(self.typed.rule.clone()),
            (_, Some(start)) if simple(start).is_some() => simple(start).map(|simple| simple.rule(start)),
            _ => {
                self.fault("repeats", "Choose how it repeats.");
                None
            }
        }
    }

    fn notice(&mut self) -> u32 {
        match self.typed.notice.parse() {
            Ok(minutes) => minutes,
            Err(_) if self.typed.notice.is_empty() => 0,
            Err(_) => {
                self.fault("notice", "Choose when visitors are told.");
                0
            }
        }
    }

    fn drain(&mut self) -> u32 {
        let longest = SignedDuration::from_mins(MAX_DRAIN_MINUTES.into());
        self.typed.mode.read(longest).unwrap_or_else(|wrong| {
            self.fault("drain_minutes", wrong);
            0
        })
    }

    /// The typed message in place of the first one; others, which the form does not have, stay.
    fn messages(&self, stored: Option<&Window>) -> Vec<Message> {
        let kept = stored.map(|window| window.messages.as_slice()).unwrap_or_default();
        let first = Message {
            language: self.typed.language.clone(),
            heading: self.typed.heading.clone(),
            body: self.typed.body.clone(),
            ..kept.first().cloned().unwrap_or_default()
        };
        let first = first.cleaned();
        let rest = kept.iter().skip(1).cloned();
        if first.is_blank() { rest.collect() } else { std::iter::once(first).chain(rest).collect() }
    }

    /// Adds errors of the window, under the names of the form.
    fn refuse(&mut self, errors: &FieldErrors) {
        // A form that cannot be read has a window that stands in.
        let is_read = self.faults.is_empty();
        for (name, text) in errors.iter() {
            let field = match name {
                "minutes" | "end" if self.typed.ending == "end" => "end",
                "minutes" | "end" => "lasts",
                "rule" if self.typed.repeats != "rule" => "repeats",
                "notice_minutes" => "notice",
                name if name.ends_with("[heading]") => "heading",
                name if name.starts_with("messages[") => "body",
                name => name,
            };
            if is_read || matches!(field, "name" | "heading" | "body" | "drain_minutes") {
                self.fault(field, said(field, text));
            }
        }
    }

    fn refuse_what_is_over(&mut self, window: &Window) {
        if !self.faults.is_empty() {
            return;
        }
        let calendar = window.calendar();
        if calendar.is_ok_and(|calendar| calendar.after(self.now).next().is_none()) {
            let field = match window.schedule {
                Schedule::Repeat(_) => "until",
                Schedule::Once { .. } if self.typed.ending == "end" => "end",
                Schedule::Once { .. } => "start",
            };
            self.fault(field, "It would be over already.");
        }
    }
}

/// An error of a field, which fits after its name, as a sentence.
fn said(field: &str, text: &str) -> String {
    match field {
        "end" if text.starts_with("must") => "The end must be after the start.".to_owned(),
        "lasts" if text.starts_with("must") => "It must last at least one minute.".to_owned(),
        "end" | "lasts" if text.starts_with("is more") => "It lasts more than a year.".to_owned(),
        "lasts" | "end" | "rule" | "repeats" => sentence(&format!("it {text}")),
        _ => sentence(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::draining::Mode;
    use crate::admin::fields::Fields;

    const NOW: &str = "2026-11-18T01:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn typed() -> Typed {
        Typed {
            zone: "Europe/Berlin".to_owned(),
            start: "2026-11-22 02:00".to_owned(),
            ending: "lasts".to_owned(),
            lasts: "90".to_owned(),
            notice: "30".to_owned(),
            language: "en".to_owned(),
            read_only: false,
            counts: true,
            ..Typed::default()
        }
    }

    fn read(typed: &Typed) -> Read {
        Read::of(typed, None, now())
    }

    /// The errors of a form, by field.
    fn faults(typed: &Typed) -> Vec<String> {
        read(typed).faults.into_iter().map(|(field, words)| format!("{field}: {words}")).collect()
    }

    #[test]
    fn a_drain_stays_as_it_is_unless_another_one_is_typed() {
        let stored = Window { drain_minutes: 20, ..read(&typed()).window };
        let begun = Typed::of(&stored, String::new(), "en", now());
        assert_eq!(Read::of(&begun, Some(&stored), now()).window, stored);
        let fields = Fields::read(b"how=drain&drain_minutes=0").unwrap();
        let wrong = Typed { mode: Mode::sent(&fields), ..begun.clone() };
        assert!(Read::of(&wrong, Some(&stored), now()).faults["drain_minutes"].contains("at least one minute"));
        let fields = Fields::read(b"how=drain&drain_minutes=1441").unwrap();
        let long = Typed { mode: Mode::sent(&fields), ..begun };
        assert!(Read::of(&long, Some(&stored), now()).faults["drain_minutes"].contains("at most 1 day"));
    }

    #[test]
    fn times_are_read_on_the_clock_of_the_zone() {
        let once = read(&typed()).window.schedule;
        assert_eq!(once.to_string(), "2026-11-22 02:00 to 03:30, Europe/Berlin");
        let until = Typed { ending: "end".to_owned(), end: "2026-11-22 04:00".to_owned(), ..typed() };
        assert_eq!(read(&until).window.schedule.to_string(), "2026-11-22 02:00 to 04:00, Europe/Berlin");
        let open = Typed { ending: "open".to_owned(), zone: "utc".to_owned(), ..typed() };
        assert_eq!(read(&open).window.schedule.to_string(), "2026-11-22 02:00 until it is ended, UTC");
    }

    #[test]
    fn a_repeated_one_takes_its_rule_from_its_start() {
        for (repeats, rule) in [("daily", "0 2 * * *"), ("weekly", "0 2 * * SUN"), ("monthly", "0 2 22 * *")] {
            let read = read(&Typed { repeats: repeats.to_owned(), ..typed() });
            assert!(read.faults.is_empty(), "{:?}", read.faults);
            let Schedule::Repeat(repeat) = read.window.schedule else { panic!("it repeats") };
            assert_eq!((repeat.rule.as_str(), repeat.minutes), (rule, 90));
            assert_eq!(repeat.from, Some("2026-11-22T01:00:00Z".parse().unwrap()));
        }
        let rule =
            Typed { repeats: "rule".to_owned(), rule: "0 3 * * 1-5".to_owned(), start: String::new(), ..typed() };
        assert_eq!(read(&rule).window.schedule.to_string(), "0 3 * * 1-5 for 90 min, Europe/Berlin");
    }

    #[test]
    fn a_last_day_counts_to_its_end_in_the_zone_and_is_shown_as_a_day_again() {
        let typed = Typed { repeats: "daily".to_owned(), until: "2027-03-31".to_owned(), ..typed() };
        let window = read(&typed).window;
        let Schedule::Repeat(repeat) = &window.schedule else { panic!("it repeats") };
        assert_eq!(repeat.until, Some("2027-03-31T22:00:00Z".parse().unwrap()));
        assert_eq!(Typed::of(&window, String::new(), "en", now()).until, "2027-03-31");
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let with = |change: fn(&mut Typed)| {
            let mut typed = typed();
            change(&mut typed);
            faults(&typed)
        };
        let all = [
            (with(|it| it.start.clear()), "start: Write when it begins, such as "),
            (with(|it| it.start = "soon".to_owned()), "start: “soon” is not a time. "),
            (with(|it| it.start = "2026-11-01 02:00".to_owned()), "start: It would be over already."),
            (
                with(|it| it.start = "2027-03-28 02:30".to_owned()),
                "start: 2027-03-28 02:30 does not exist in Europe/Berlin",
            ),
            (
                with(|it| it.zone = "Europe/Berlni".to_owned()),
                "zone: There is no time zone “Europe/Berlni”. Nearest: Europe/Berlin.",
            ),
            (with(|it| it.lasts = "0".to_owned()), "lasts: It must last at least one minute."),
            (with(|it| it.lasts = "an hour".to_owned()), "lasts: “an hour” is not a number of minutes"),
            (with(|it| it.lasts = "9999999".to_owned()), "lasts: It lasts more than a year."),
            (with(|it| it.ending = "end".to_owned()), "end: Write when it ends"),
            (
                with(|it| {
                    it.ending = "end".to_owned();
                    it.end = "2026-11-22 01:00".to_owned();
                }),
                "end: The end must be after the start.",
            ),
            (
                with(|it| {
                    it.repeats = "daily".to_owned();
                    it.ending = "open".to_owned();
                }),
                "ending: A window that repeats needs an end",
            ),
            (
                with(|it| {
                    it.repeats = "daily".to_owned();
                    it.lasts = "1440".to_owned();
                }),
                "lasts: It happens again before it is over",
            ),
            (
                with(|it| {
                    it.repeats = "rule".to_owned();
                    it.rule = "0 0 31 2 *".to_owned();
                }),
                "rule: It never happens.",
            ),
            (
                with(|it| {
                    it.repeats = "rule".to_owned();
                    it.rule = "every day".to_owned();
                }),
                "rule: It is not a rule: it has 2 fields, and five fields are needed: minute, hour, day of month, ",
            ),
            (
                with(|it| {
                    it.repeats = "daily".to_owned();
                    it.until = "2026-11-21".to_owned();
                }),
                "until: It must be after the start",
            ),
            (with(|it| it.repeats = "rule".to_owned()), "rule: Write the rule, such as 0 2 * * 1-5 "),
            (
                with(|it| {
                    it.repeats = "daily".to_owned();
                    it.until = "spring".to_owned();
                }),
                "until: “spring” is not a time. Write it like 2026-11-18, which counts to its end, or like 2026-11-18 ",
            ),
            (with(|it| it.name = "x".repeat(201)), "name: At most 200 characters"),
            (with(|it| it.repeats = "hourly".to_owned()), "repeats: Choose how it repeats."),
        ];
        for (faults, expected) in all {
            assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:?} for {expected}");
        }
    }

    #[test]
    fn a_form_whose_times_nobody_touched_keeps_them_to_the_second() {
        let start = Moment::new("2026-11-22T01:00:07Z".parse().unwrap(), TimeZone::UTC);
        let end = Moment::new("2026-11-22T02:00:07Z".parse().unwrap(), TimeZone::UTC);
        let mut stored = Window::new(Schedule::Once { start, end: Some(end) });
        let extended = crate::window::Exception { ends_at: "2026-11-22T03:00:00Z".parse().unwrap() };
        stored.exceptions.insert("2026-11-22T01:00:07Z".parse().unwrap(), extended);
        let begun = Typed::of(&stored, String::new(), "en", now());
        let renamed = Read::of(&Typed { name: "Upgrade".to_owned(), ..begun.clone() }, Some(&stored), now());
        assert_eq!((renamed.window.schedule, renamed.window.exceptions.len()), (stored.schedule.clone(), 1));
        assert!(!renamed.is_rescheduled);
        let moved = Read::of(&Typed { start: "2026-11-23 01:00".to_owned(), ..begun }, Some(&stored), now());
        assert!(moved.is_rescheduled && moved.window.exceptions.is_empty());
    }
}
