//! What a way to a page says of the site, and which points are looked at.

use std::time::Duration;

use url::Url;

use super::*;

/// An answer with these headers, `name: value` each.
fn answer(status: u16, headers: &[&str]) -> Answer {
    let headers = headers.iter().map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status, headers, body: b"{}".to_vec(), ..Answer::default() }
}

/// No answer.
fn cut() -> Seen {
    Err(Silence::new("cut", "Look"))
}

/// The way from `/`, where `/` and every other path are answered so.
fn trail(first: &Seen, others: &Seen) -> Trail {
    let ask = |url: &Url, _: &str| if url.path() == "/" { first.clone() } else { others.clone() };
    Trail::follow(Url::parse("https://a.example/").unwrap(), ask)
}

#[test]
fn the_state_is_read_from_the_way_to_the_page() {
    let ok = Ok(answer(200, &[]));
    for (first, others, expected) in [
        (Ok(answer(200, &[])), &ok, State::Open),
        (Ok(answer(404, &[])), &ok, State::Open),
        (Ok(answer(302, &["location: /en/"])), &ok, State::Open),
        (Ok(answer(302, &[])), &ok, State::Broken),
        (Ok(answer(302, &["location: mailto:a@a.example"])), &ok, State::Broken),
        (Ok(answer(302, &["location: /en/"])), &Ok(answer(404, &[])), State::Broken),
        (Ok(answer(400, &[])), &ok, State::Broken),
        (Ok(answer(101, &[])), &ok, State::Broken),
        (Ok(answer(999, &[])), &ok, State::Broken),
        (Ok(answer(403, &[])), &ok, State::Open),
        (Ok(answer(503, &[])), &ok, State::Closed),
        (Ok(answer(200, &["x-maintenance: planned"])), &ok, State::Closed),
        (Ok(answer(302, &["location: /down"])), &Ok(answer(503, &[])), State::Closed),
        (Ok(answer(302, &["location: /down", "retry-after: 9"])), &ok, State::Redirected),
        (Ok(answer(302, &["location: /", "x-maintenance: planned"])), &ok, State::Redirected),
        (Ok(answer(200, &["x-maintenance: let-through; reason=staff"])), &ok, State::LetThrough),
        (Ok(answer(500, &[])), &ok, State::Broken),
        (Ok(answer(302, &["location: /"])), &ok, State::Broken),
        (Ok(answer(302, &["location: /en/"])), &cut(), State::Broken),
        (cut(), &ok, State::Broken),
    ] {
        assert_eq!(State::of(&trail(&first, others)), expected, "{first:?}");
    }
}

#[test]
fn only_a_site_that_seems_closed_is_sent_something() {
    for (status, header, is_sent) in [
        (200, "age: 0", false),
        (200, "x-maintenance: planned", false),
        (404, "age: 0", false),
        (500, "age: 0", false),
        (503, "age: 0", true),
    ] {
        let questions = questions(&trail(&Ok(answer(status, &[header])), &Ok(answer(200, &[]))), None, None);
        assert_eq!(questions.contains(&Question::Form), is_sent, "{status}");
        assert_eq!(questions.contains(&Question::Writing("DELETE")), is_sent, "{status}");
        assert!(questions.contains(&Question::Head));
    }
    assert!(questions(&trail(&cut(), &cut()), None, None).is_empty());
}

#[test]
fn what_writes_is_sent_nowhere_but_to_a_path_of_no_site_while_only_writing_is_closed() {
    let page = trail(&Ok(answer(200, &[])), &Ok(answer(200, &[])));
    let marked = trail(&Ok(answer(200, &["x-maintenance: let-through; reason=read-only"])), &Ok(answer(200, &[])));
    let writes = |questions: Vec<Question>| questions.contains(&Question::Writing("POST"));
    assert!(writes(questions(&marked, None, None)));
    assert!(writes(questions(&page, Some(Told::ReadOnly), None)));
    assert!(writes(questions(&page, None, Some(Expected::ReadOnly))));
    for (told, expected) in [(None, None), (Some(Told::Closed), None), (Some(Told::Open), Some(Expected::Closed))] {
        assert!(!writes(questions(&page, told, expected)), "{told:?}");
    }
    let all = questions(&marked, Some(Told::ReadOnly), Some(Expected::ReadOnly));
    assert!(!all.contains(&Question::EmptyPost) && !all.contains(&Question::Form));
}

#[test]
fn parts_of_the_same_origin_are_asked_for_once_and_not_too_many() {
    let mut page = answer(503, &["content-type: text/html"]);
    let many: String = (0..30).map(|number| format!("<img src=/{number}.png>")).collect();
    page.body = format!("<img src=a.png><img src=/a.png><img src=https://b.example/b.png>{many}").into_bytes();
    let asked = questions(&trail(&Ok(page), &Ok(answer(200, &[]))), None, None);
    let parts: Vec<&Url> =
        asked.iter().filter_map(|question| if let Question::Part(url) = question { Some(url) } else { None }).collect();
    assert_eq!((parts.len(), parts[0].as_str(), parts[1].path()), (10, "https://a.example/a.png", "/0.png"));
}

#[test]
fn the_end_is_told_by_the_header_or_by_the_json() {
    let mut json = answer(503, &[]);
    json.body = br#"{"until": "2026-11-21T03:30:00Z"}"#.to_vec();
    for (header, expected) in [
        ("x-maintenance: planned; until=2026-11-21T04:30:00Z", "2026-11-21T04:30:00Z"),
        ("x-maintenance: planned", "2026-11-21T03:30:00Z"),
        ("x-maintenance: planned; until=soon", "2026-11-21T03:30:00Z"),
    ] {
        let trail = trail(&Ok(answer(503, &[header])), &Ok(answer(200, &[])));
        let asked_at = "2026-11-21T03:00:00Z".parse().unwrap();
        let others = vec![(Question::Json, Ok(json.clone()))];
        let visits = Visits { trail, others, unasked: 0, asked_at, took: Duration::ZERO };
        assert_eq!(judge(&visits, None).end, Some(expected.parse().unwrap()), "{header}");
    }
}

#[test]
fn an_address_of_the_name_in_another_state_is_a_fault() {
    let at: std::net::SocketAddr = "[::1]:80".parse().unwrap();
    let held = || answer(503, &["retry-after: 9", "cache-control: no-store"]);
    for (page, other, expected, is_good) in [
        (held(), Ok(held()), Expected::Closed, true),
        (held(), Ok(answer(200, &[])), Expected::Closed, false),
        (held(), cut(), Expected::Closed, true),
        (answer(200, &[]), Ok(answer(200, &[])), Expected::Open, true),
        (answer(200, &[]), Ok(held()), Expected::Open, false),
        (answer(200, &[]), cut(), Expected::Open, true),
    ] {
        let trail = trail(&Ok(page), &Ok(answer(200, &[])));
        let others = vec![(Question::At(at), other)];
        let asked_at = "2026-11-21T03:00:00Z".parse().unwrap();
        let visits = Visits { trail, others, unasked: 0, asked_at, took: Duration::ZERO };
        let report = judge(&visits, Some(expected));
        let faults: Vec<_> = report.findings.iter().filter(|finding| finding.grade == Grade::Fault).collect();
        assert_eq!(faults.is_empty(), is_good, "{faults:?}");
        assert!(faults.iter().all(|finding| finding.point == "every address"), "{faults:?}");
    }
}
