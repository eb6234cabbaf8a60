//! What visitors are told beforehand: the times ahead of windows with a notice, and what is said about them.
//!
//! Laid out once per change beside the timeline, and then only looked up. A window without a notice is none of the
//! visitors' business, whatever it is called.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::cause::id::CauseId;
use crate::language;
use crate::message::Message;
use crate::site;
use crate::voice::{self, Facts};
use crate::window::{MAX_NOTICE_MINUTES, Occurrence, Window};

/// One time of a window that visitors are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The window, by its place among the sources of the plan.
    pub source: usize,
    /// From this moment on it is told.
    pub shows_from: Timestamp,
    /// When the window begins.
    pub starts_at: Timestamp,
    /// When the window ends; `None` until somebody ends it.
    pub ends_at: Option<Timestamp>,
    /// Whether the window repeats.
    pub repeats: bool,
}

/// The times of a site that are told, those that run included, in order of beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices(Vec<Notice>);

impl Notice {
    /// One time of a window; `None` for a window that nobody is told of.
    pub fn of(window: &Window, source: usize, occurrence: &Occurrence) -> Option<Self> {
        let repeats = matches!(window.schedule, crate::schedule::Schedule::Repeat(_));
        let Occurrence { starts_at, ends_at, .. } = *occurrence;
        let shows_from = starts_at.checked_sub(window.notice()).unwrap_or(Timestamp::MIN);
        (window.notice_minutes > 0).then_some(Self { source, shows_from, starts_at, ends_at, repeats })
    }
}

impl FromIterator<Notice> for Notices {
    fn from_iter<I: IntoIterator<Item = Notice>>(notices: I) -> Self {
        let mut notices: Vec<Notice> = notices.into_iter().collect();
        notices.sort_by_key(|notice| (notice.starts_at, notice.source));
        Self(notices)
    }
}

impl Notices {
    /// All of them, in order of beginning.
    pub fn all(&self) -> &[Notice] {
        &self.0
    }

    /// The next time that is told at `now`; `None` while there is nothing to tell.
    pub fn at(&self, now: Timestamp) -> Option<&Notice> {
        self.within_reach(now).find(|notice| notice.shows_from <= now)
    }

    /// When the next one begins to be told, if that is within the longest notice.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.within_reach(now).map(|notice| notice.shows_from).filter(|from| *from > now).min()
    }

    /// Those ahead that could be told already.
    fn within_reach(&self, now: Timestamp) -> impl Iterator<Item = &Notice> {
        // Twice the longest notice: what begins to be told within it begins by then.
        let reach = SignedDuration::from_mins(2 * i64::from(MAX_NOTICE_MINUTES));
        let last = now.checked_add(reach).unwrap_or(Timestamp::MAX);
        let first = self.0.partition_point(|notice| notice.starts_at <= now);
        self.0[first..].iter().take_while(move |notice| notice.starts_at <= last)
    }
}

/// What is said of a time ahead, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteNotice {
    /// When the site closes.
    pub starts_at: Timestamp,
    /// When it is expected to open; `None` while that is not known.
    pub ends_at: Option<Timestamp>,
    /// The window's own message, plain; `None` when it has none.
    pub message: Option<String>,
    /// Language tag of that message.
    pub language: Option<String>,
}

/// What a message says of a time that is still ahead: its text, else its heading, placeholders filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Language tag.
    pub language: String,
    /// The words, plain.
    pub text: String,
}

/// The words of a window's messages in the language that `ranges`, the lines of an `Accept-Language`, ask for; the
/// first one when none fits. `None` when no message has words.
pub fn told<'h>(
    site: &site::Site,
    messages: &[Message],
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    ranges: impl Iterator<Item = &'h [u8]>,
) -> Option<Told> {
    let with_text: Vec<Message> = messages.iter().filter(|message| message.has_text()).cloned().collect();
    // A message with words has a voice in its own place; without any, there would be those of all languages.
    let voices = voice::voices(&with_text);
    let place = language::choose(ranges, &voices, 0);
    let (chosen, voice) = (with_text.get(place)?, &voices[place]);
    let name = site.display_name();
    let zone = site::time_zone(&site.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let said =
        voice.say(&Facts { site: &name, messages, end_ahead: ends_at, is_overdue: false, zone: &zone, now: starts_at });
    let text = if chosen.body.trim().is_empty() { said.heading } else { said.message_text };
    Some(Told { language: chosen.language.clone(), text })
}

/// Name of an event in a calendar: that of the window, with the time where it repeats. Stays the same when the time of
/// a single window is moved, and when any time ends early or late.
pub fn event_name(window: CauseId, notice: &Notice) -> String {
    match notice.repeats {
        true => format!("{window}-{}", notice.starts_at.strftime("%Y%m%dT%H%M%SZ")),
        false => window.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::schedule::{Moment, Schedule};
    use crate::site::{Domain, Site, SiteId};

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn notice(starts_at: &str, minutes: u32) -> Notice {
        let start = Moment::new(at(starts_at), TimeZone::UTC);
        let window = Window { notice_minutes: minutes, ..Window::new(Schedule::Once { start, end: None }) };
        let calendar = window.calendar().unwrap();
        let occurrence = window.after(&calendar, Timestamp::MIN).next().unwrap();
        Notice::of(&window, 0, &occurrence).unwrap()
    }

    fn site() -> Site {
        Site {
            id: SiteId(1),
            domain: Domain::parse("shop.example").unwrap(),
            name: "Shop".to_owned(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "Europe/Berlin".to_owned(),
        }
    }

    fn message(language: &str, heading: &str, body: &str) -> Message {
        let [language, heading, body] = [language, heading, body].map(str::to_owned);
        Message { language, heading, body, ..Message::default() }
    }

    #[test]
    fn a_time_is_told_from_its_notice_on_until_it_begins() {
        let notices: Notices = [notice("03:00:00", 30)].into_iter().collect();
        for (now, told, change) in [
            ("02:29:59", false, Some("02:30:00")),
            ("02:30:00", true, None),
            ("02:59:59", true, None),
            ("03:00:00", false, None),
        ] {
            assert_eq!(notices.at(at(now)).is_some(), told, "{now}");
            assert_eq!(notices.next_change(at(now)), change.map(at), "{now}");
        }
    }

    #[test]
    fn of_several_times_the_first_that_is_due_is_told() {
        let notices: Notices = [notice("09:00:00", 600), notice("03:00:00", 15)].into_iter().collect();
        assert_eq!(notices.at(at("02:00:00")).unwrap().starts_at, at("09:00:00"));
        assert_eq!(notices.next_change(at("02:00:00")), Some(at("02:45:00")));
        assert_eq!(notices.at(at("02:50:00")).unwrap().starts_at, at("03:00:00"));
        assert_eq!(notices.at(at("03:30:00")).unwrap().starts_at, at("09:00:00"));
    }

    #[test]
    fn a_window_without_a_notice_is_told_to_nobody() {
        let start = Moment::new(at("03:00:00"), TimeZone::UTC);
        let window = Window::new(Schedule::Once { start, end: None });
        let calendar = window.calendar().unwrap();
        let occurrence = window.after(&calendar, Timestamp::MIN).next().unwrap();
        assert_eq!(Notice::of(&window, 0, &occurrence), None);
    }

    #[test]
    fn the_message_is_in_the_language_that_is_asked_for_with_its_placeholders_filled_in() {
        let messages = [message("en", "", "{site} moves; back {end}."), message("de", "Umzug", "")];
        let told = |ranges: &'static str| {
            let lines = [ranges.as_bytes()].into_iter();
            told(&site(), &messages, at("03:00:00"), Some(at("04:00:00")), lines).unwrap().text
        };
        assert_eq!(told("en"), "Shop moves; back 05:00 CET on Saturday 21 November.");
        assert_eq!(told("de-AT,en;q=0.5"), "Umzug");
        assert_eq!(told("fi"), "Shop moves; back 05:00 CET on Saturday 21 November.");
    }

    #[test]
    fn without_words_of_its_own_there_is_no_message() {
        let contact = Message { contact: "help@example.com".to_owned(), ..message("en", "", "") };
        for messages in [vec![], vec![contact]] {
            assert_eq!(told(&site(), &messages, at("03:00:00"), None, std::iter::empty()), None);
        }
    }
}
