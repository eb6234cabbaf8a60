//! The built-in words of the maintenance answer, in the languages of `locales/`.
//!
//! One file a language, embedded and read once. A site's own words are in [`crate::message`].

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::language::{self, Direction};

/// Days after which a date without its year could be misread.
const YEAR_NEEDED_AFTER_DAYS: i64 = 300;

#[derive(RustEmbed)]
#[folder = "locales"]
struct Files;

/// The words of one language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// Tag in canonical case; the name of its file.
    #[serde(skip)]
    pub tag: String,
    /// The language's name for itself.
    pub name: String,
    /// Heading of the page.
    pub heading: String,
    /// Text while the end is ahead; holds `{end}`.
    pub until: String,
    /// Text while no end is known.
    pub unknown: String,
    /// Text once the end that was expected has passed.
    pub overdue: String,
    /// Text while it is not known whether the site is in maintenance.
    pub not_known: String,
    /// Stands for `{end}` in a message while no end is ahead.
    pub soon: String,
    /// The link to the same address.
    pub try_again: String,
    /// Says that the page looks by itself whether the site is back.
    pub by_itself: String,
    /// Says that what was just sent did not arrive, and how to keep it.
    pub unsent: String,
    /// How to reach somebody; holds `{contact}`.
    pub contact: String,
    /// Ends one sentence before the next on the same line.
    pub full_stop: String,
    /// Tells beforehand; holds `{start}`, `{end}` and `{in}`, the time left.
    pub planned: String,
    /// The same while no end is known; holds `{start}` and `{in}`.
    pub planned_open: String,
    /// Takes what was told off the page.
    pub dismiss: String,
    /// The first of a month, where it is not `1`.
    #[serde(default)]
    first_day: Option<String>,
    date: String,
    date_with_year: String,
    months: [String; 12],
    weekdays: [String; 7],
}

/// Lets a list of wordings be searched by tag.
impl AsRef<str> for Wording {
    fn as_ref(&self) -> &str {
        &self.tag
    }
}

static ALL: LazyLock<Vec<Wording>> = LazyLock::new(|| {
    let mut all: Vec<Wording> = Files::iter().filter_map(|file| read(file.strip_suffix(".toml")?)).collect();
    all.sort_by(|a, b| a.tag.cmp(&b.tag));
    all
});

fn read(tag: &str) -> Option<Wording> {
    let file = Files::get(&format!("{tag}.toml"))?;
    let text = std::str::from_utf8(&file.data).expect("locale files are UTF-8, a test reads them all");
    let mut wording: Wording = toml::from_str(text).expect("locale files are whole, a test reads them all");
    wording.tag = tag.to_owned();
    Some(wording)
}

/// Every built-in language, sorted by tag.
pub fn all() -> &'static [Wording] {
    &ALL
}

/// The words for a tag, by look-up: `de-CH` gets those of `de`. `None` when the language is not built in.
pub fn of(tag: &str) -> Option<&'static Wording> {
    language::lookup(tag, all()).map(|place| &all()[place])
}

/// The English words, for languages that are not built in.
pub fn english() -> &'static Wording {
    of("en").expect("locales/en.toml is part of the crate")
}

impl Wording {
    /// Direction of writing.
    pub fn direction(&self) -> Direction {
        language::direction(&self.tag)
    }

    /// A time for people, always with its zone: `03:30 UTC on Saturday 21 November`.
    ///
    /// Minutes, cut. The year is named only when the time is more than 300 days from `now`.
    pub fn time(&self, at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
        let local = zone.to_datetime(at);
        let days = at.duration_since(now).as_secs().abs() / 86_400;
        let pattern = if days > YEAR_NEEDED_AFTER_DAYS { &self.date_with_year } else { &self.date };
        let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).expect("0 to 6");
        let month = usize::try_from(local.month() - 1).expect("0 to 11");
        let day = match &self.first_day {
            Some(first) if local.day() == 1 => first.clone(),
            _ => local.day().to_string(),
        };
        pattern
            .replace("{time}", &format!("{:02}:{:02}", local.hour(), local.minute()))
            .replace("{zone}", &zone_name(at, zone))
            .replace("{weekday}", &self.weekdays[weekday])
            .replace("{day}", &day)
            .replace("{month}", &self.months[month])
            .replace("{year}", &local.year().to_string())
    }
}

/// A time in figures, for languages without built-in words: `2026-11-21 03:30 UTC`.
pub fn time_in_figures(at: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(at);
    format!("{} {:02}:{:02} {}", local.date(), local.hour(), local.minute(), zone_name(at, zone))
}

/// The zone's short name at that time (`UTC`, `CET`), or its distance from UTC where it has none (`UTC-03:00`).
fn zone_name(at: Timestamp, zone: &TimeZone) -> String {
    let info = zone.to_offset_info(at);
    let name = info.abbreviation();
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return name.to_owned();
    }
    let minutes = info.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn november(tag: &str) -> String {
        of(tag).unwrap().time(at("2026-11-21T03:30:59Z"), &TimeZone::UTC, at("2026-11-21T01:00:00Z"))
    }

    #[test]
    fn every_locale_file_is_whole() {
        assert!(all().len() >= 16, "only {} languages", all().len());
        for wording in all() {
            let tag = &wording.tag;
            assert_eq!(language::canonical(tag).as_deref(), Ok(tag.as_str()));
            assert_eq!(wording.until.matches("{end}").count(), 1, "{tag}: until needs {{end}}");
            assert_eq!(wording.contact.matches("{contact}").count(), 1, "{tag}: contact needs {{contact}}");
            for part in ["{time}", "{zone}", "{weekday}", "{day}", "{month}"] {
                assert!(wording.date.contains(part), "{tag}: date needs {part}");
                assert!(wording.date_with_year.contains(part), "{tag}: date_with_year needs {part}");
            }
            assert!(wording.date_with_year.contains("{year}"), "{tag}: date_with_year needs {{year}}");
            for (text, parts) in
                [(&wording.planned, &["{start}", "{end}", "{in}"][..]), (&wording.planned_open, &["{start}", "{in}"])]
            {
                assert_eq!(text.matches('{').count(), parts.len(), "{tag}: {text}");
                assert!(parts.iter().all(|part| text.contains(part)), "{tag}: {text}");
            }
            let plain = [&wording.name, &wording.heading, &wording.unknown, &wording.overdue, &wording.soon];
            let more = [&wording.try_again, &wording.by_itself, &wording.unsent, &wording.full_stop, &wording.dismiss];
            for text in plain.into_iter().chain(more).chain(&wording.months).chain(&wording.weekdays) {
                assert!(!text.trim().is_empty() && !text.contains(['{', '<', '\n']), "{tag}: {text:?}");
            }
        }
    }

    #[test]
    fn some_languages_run_from_right_to_left() {
        let rtl: Vec<_> = all().iter().filter(|words| words.direction() == Direction::RightToLeft).collect();
        assert_eq!(rtl.iter().map(|words| words.tag.as_str()).collect::<Vec<_>>(), ["ar", "he"]);
    }

    #[test]
    fn a_region_gets_the_words_of_its_language() {
        assert_eq!(of("de-CH").unwrap().tag, "de");
        assert_eq!(of("zh-Hant-TW").unwrap().tag, "zh");
        assert_eq!(of("fi"), None);
        assert_eq!(english().tag, "en");
    }

    #[test]
    fn times_are_written_as_each_language_does() {
        let cases = [
            ("en", "03:30 UTC on Saturday 21 November"),
            ("de", "Samstag, 21. November, 03:30 Uhr UTC"),
            ("fr", "samedi 21 novembre à 03:30 UTC"),
            ("es", "sábado 21 de noviembre, 03:30 UTC"),
            ("ru", "03:30 UTC (суббота, 21 ноября)"),
            ("ja", "11月21日（土）03:30（UTC）"),
            ("ar", "الساعة \u{2066}03:30 UTC\u{2069} يوم السبت 21 نوفمبر"),
        ];
        for (tag, expected) in cases {
            assert_eq!(november(tag), expected, "{tag}");
        }
    }

    #[test]
    fn the_first_of_a_month_is_an_ordinal_where_it_is_said_so() {
        let time = of("fr").unwrap().time(at("2026-12-01T10:00:00Z"), &TimeZone::UTC, at("2026-11-30T10:00:00Z"));
        assert_eq!(time, "mardi 1er décembre à 10:00 UTC");
    }

    #[test]
    fn a_time_far_away_names_its_year() {
        let time = english().time(at("2027-11-20T03:30:00Z"), &TimeZone::UTC, at("2026-11-21T01:00:00Z"));
        assert_eq!(time, "03:30 UTC on Saturday 20 November 2027");
    }

    #[test]
    fn the_zone_is_always_named() {
        let end = at("2026-11-21T03:30:00Z");
        let cases = [
            ("Europe/Berlin", "2026-11-21 04:30 CET"),
            ("America/Sao_Paulo", "2026-11-21 00:30 UTC-03:00"),
            ("Asia/Kathmandu", "2026-11-21 09:15 UTC+05:45"),
        ];
        for (name, expected) in cases {
            assert_eq!(time_in_figures(end, &TimeZone::get(name).unwrap()), expected);
        }
        let fixed = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(time_in_figures(end, &fixed), "2026-11-21 05:30 UTC+02:00");
    }
}
