//! The calendar that a phone subscribes to, read as RFC 5545 says.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maintenance_mode::clock;
use maintenance_mode::message::Message;
use maintenance_mode::schedule::{Repeat, Schedule};
use maintenance_mode::window::Window;

use crate::helpers::{FIRST_SITE, TestServer, a_server, operator, request};
use crate::notice::{a_window, plan};

/// Properties of an object by name with parameters, texts as they are meant.
type Properties = BTreeMap<String, String>;

/// A calendar that has been read.
struct Calendar {
    properties: Properties,
    events: Vec<Properties>,
}

/// Reads a calendar, and fails at whatever is not as the standard has it.
fn parse(text: &str) -> Calendar {
    assert!(text.ends_with("\r\n"), "every line ends with CRLF");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "no line ends otherwise");
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "lines are folded at 75 octets");
    let mut calendar = Calendar { properties: Properties::new(), events: Vec::new() };
    let mut open: Vec<String> = Vec::new();
    for line in text.replace("\r\n ", "").trim_end().split("\r\n") {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no property: {line}"));
        match (name, open.last().map(String::as_str)) {
            ("BEGIN", within) => {
                assert!(matches!((value, within), ("VCALENDAR", None) | ("VEVENT", Some("VCALENDAR"))), "{line}");
                open.push(value.to_owned());
                if value == "VEVENT" {
                    calendar.events.push(Properties::new());
                }
            }
            ("END", Some(within)) => {
                assert_eq!(value, within);
                open.pop();
            }
            (_, None) => panic!("outside of the calendar: {line}"),
            (_, Some(within)) => {
                let object = match within {
                    "VEVENT" => calendar.events.last_mut().expect("an event is open"),
                    _ => &mut calendar.properties,
                };
                assert!(object.insert(name.to_owned(), meant(value)).is_none(), "twice: {line}");
            }
        }
    }
    assert!(open.is_empty(), "{open:?} is not ended");
    for required in ["VERSION", "PRODID"] {
        assert!(calendar.properties.contains_key(required), "{required}");
    }
    for event in &calendar.events {
        for required in ["UID", "DTSTAMP", "DTSTART"] {
            assert!(event.contains_key(required), "{required}");
        }
        event.get("SEQUENCE").expect("a sequence").parse::<u32>().expect("is a number");
    }
    calendar
}

/// A text without its escapes.
fn meant(value: &str) -> String {
    let (mut text, mut rest) = (String::new(), value.chars());
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped @ ('\\' | ';' | ',')) => text.push(escaped),
                other => panic!("no escape: \\{other:?}"),
            },
            c => text.push(c),
        }
    }
    text
}

/// A time in UTC.
fn time(event: &Properties, name: &str) -> Timestamp {
    let clock = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", &event[name]).expect("a time in UTC");
    clock.to_zoned(TimeZone::UTC).expect("is there once").timestamp()
}

fn calendar(server: &TestServer) -> Calendar {
    let answer = server.send(request("GET", "/maintenance/calendar.ics"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
    parse(&answer.text())
}

fn weekly(rule: &str) -> Window {
    let zone = "Europe/Berlin".to_owned();
    let schedule = Schedule::Repeat(Repeat { rule: rule.to_owned(), zone, minutes: 90, from: None, until: None });
    Window { notice_minutes: 30, name: "Secret".to_owned(), ..Window::new(schedule) }
}

#[test]
fn a_site_without_windows_has_an_empty_calendar_that_asks_to_be_read_again() {
    let calendar = calendar(&a_server().start());
    assert_eq!(calendar.events.len(), 0);
    for (name, value) in [
        ("VERSION", "2.0"),
        ("REFRESH-INTERVAL;VALUE=DURATION", "PT1H"),
        ("X-PUBLISHED-TTL", "PT1H"),
        ("NAME", "Maintenance of localhost"),
    ] {
        assert_eq!(calendar.properties[name], value, "{name}");
    }
}

#[test]
fn a_window_is_an_event_with_its_own_times_and_a_name_that_stays() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| record.site.name = "Müller, Söhne; Co\\".to_owned());
    let body = "Wir ziehen um, in ein schnelleres Haus; nichts geht verloren – versprochen. ".repeat(3);
    let messages = vec![Message { language: "de".to_owned(), body, ..Message::default() }];
    let window = Window { messages, ..a_window(120, 180) };
    let added = server.actions().window_add(&operator(), Some(FIRST_SITE), &window).unwrap();
    server.reach(added.revision.0);
    let before = calendar(&server).events.remove(0);
    assert_eq!(before["UID"], format!("window-{}@localhost", added.value.window.id));
    assert_eq!(before["SUMMARY"], "Maintenance of Müller, Söhne; Co\\");
    assert!(before["DESCRIPTION"].starts_with("Wir ziehen um, in ein schnelleres Haus; nichts"));
    assert_eq!(time(&before, "DTEND").duration_since(time(&before, "DTSTART")).as_mins(), 60);
    let by = SignedDuration::from_mins(15);
    let extended = server.actions().window_extend(&operator(), added.value.window.id, by).unwrap();
    server.reach(extended.revision.0);
    let after = calendar(&server).events.remove(0);
    assert_eq!((&after["UID"], &after["DTSTART"]), (&before["UID"], &before["DTSTART"]));
    assert_eq!(time(&after, "DTEND").duration_since(time(&before, "DTEND")).as_mins(), 15);
    let sequence = |event: &Properties| event["SEQUENCE"].parse::<u32>().unwrap();
    assert!(sequence(&after) > sequence(&before), "calendar programs take the newer one");
}

#[test]
fn a_window_that_repeats_keeps_to_the_clock_of_its_zone_without_what_is_skipped() {
    let server = a_server().start();
    let added = server.actions().window_add(&operator(), Some(FIRST_SITE), &weekly("0 2 * * WED")).unwrap();
    server.reach(added.revision.0);
    let all = calendar(&server).events;
    assert!((56..=58).contains(&all.len()), "a year of them and a month: {}", all.len());
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    for event in &all {
        let start = time(event, "DTSTART").to_zoned(berlin.clone());
        assert_eq!(start.strftime("%a %H:%M").to_string(), "Wed 02:00");
        assert_eq!(time(event, "DTEND").duration_since(start.timestamp()).as_mins(), 90);
    }
    let names: std::collections::BTreeSet<_> = all.iter().map(|event| &event["UID"]).collect();
    assert_eq!(names.len(), all.len(), "each has a name of its own");
    let skipped = server.actions().window_skip(&operator(), added.value.window.id, None).unwrap();
    server.reach(skipped.revision.0);
    let left = calendar(&server).events;
    assert_eq!(left[0]["UID"], all[1]["UID"], "the others keep theirs");
}

#[test]
fn it_holds_what_visitors_are_told_and_no_more_than_a_hundred() {
    let server = a_server().start();
    let other = server.add_site("other.example", &[]);
    plan(&server, Some(FIRST_SITE), &Window { notice_minutes: 0, ..a_window(60, 70) });
    plan(&server, Some(FIRST_SITE), &Window { is_enabled: false, ..a_window(60, 70) });
    plan(&server, Some(other), &a_window(60, 70));
    assert_eq!(calendar(&server).events.len(), 0);
    plan(&server, None, &a_window(-10, 70));
    assert_eq!(calendar(&server).events.len(), 1, "one of all sites, and it runs already");
    plan(&server, Some(FIRST_SITE), &weekly("0 1 * * *"));
    plan(&server, Some(FIRST_SITE), &weekly("0 5 * * *"));
    let answer = server.send(request("GET", "/maintenance/calendar.ics"));
    assert!(!answer.text().contains("Secret"), "names are for operators");
    let events = parse(&answer.text()).events;
    assert_eq!(events.len(), 100);
    let far = clock::now() + SignedDuration::from_hours(24 * 400);
    assert!(events.iter().all(|event| time(event, "DTSTART") <= far));
    assert!(events.is_sorted_by_key(|event| time(event, "DTSTART")));
}

#[test]
fn a_window_without_an_end_says_so_and_one_that_was_ended_is_gone() {
    let server = a_server().start();
    let Schedule::Once { start, .. } = a_window(-5, 5).schedule else { panic!("a single window") };
    let endless = Window { schedule: Schedule::Once { start, end: None }, ..a_window(-5, 5) };
    let added = server.actions().window_add(&operator(), Some(FIRST_SITE), &endless).unwrap();
    server.reach(added.revision.0);
    let event = calendar(&server).events.remove(0);
    assert_eq!((event.get("DTEND"), event["DESCRIPTION"].as_str()), (None, "The end is not known yet."));
    let ended = server.actions().window_end(&operator(), added.value.window.id).unwrap();
    server.reach(ended.revision.0);
    assert_eq!(calendar(&server).events.len(), 0);
}
