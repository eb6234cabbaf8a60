//! `Retry-After`: whether it is there, can be read, and is true.

use std::str::FromStr as _;

use actix_web::http::header::HttpDate;
use jiff::{SignedDuration, Timestamp};

use super::answer::Answer;
use super::finding::Finding;
use super::quote::quoted;
use crate::response::{MAX_RETRY_AFTER, rfc3339};

const POINT: &str = "Retry-After";

/// How much later than the end a client may be sent back: the random part, and clocks that differ a little.
const LATE: i64 = 60;

/// How much earlier, because the answer took a moment and dates have whole seconds.
const EARLY: i64 = 5;

/// Longest wait that crawlers and people put up with, in seconds: after a day search engines begin to drop pages.
const LONGEST: i64 = 86_400;

/// A wait that nobody means: a year, in seconds.
const FOR_EVER: i64 = 366 * 86_400;

/// Seconds that an answer asks to wait for, and how it asks: a number or a date (RFC 9110, section 10.2.3).
///
/// A date counts from the answer's own `Date`, so that a clock of the server that is wrong does not matter.
fn wait(value: &str, now: Timestamp) -> Option<i64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().unwrap_or(i64::MAX));
    }
    Some(http_date(value)?.duration_since(now).as_secs())
}

/// A date of HTTP (RFC 9110, section 5.6.7).
pub(super) fn http_date(value: &str) -> Option<Timestamp> {
    let date = HttpDate::from_str(value).ok()?;
    Timestamp::try_from(std::time::SystemTime::from(date)).ok()
}

/// What time it is for the server, by its own clock if it says so.
pub(super) fn clock_of(answer: &Answer, asked_at: Timestamp) -> Timestamp {
    answer.header("date").and_then(http_date).unwrap_or(asked_at)
}

/// When the told end has passed for longer than clocks differ: what is wrong with that.
pub(super) fn overdue(answer: &Answer, end: Option<Timestamp>, asked_at: Timestamp) -> Option<Finding> {
    let end = end.filter(|end| clock_of(answer, asked_at).duration_since(*end).as_secs() > LATE)?;
    Some(Finding::warning(
        "until",
        format!("the end told is {}, which has passed: visitors and monitors expect an open site", rfc3339(end)),
        "End the maintenance, tell a new end, or tell none",
    ))
}

/// Judges the header of a maintenance answer. `end` is when the site says that it will be open.
pub(super) fn finding(answer: &Answer, end: Option<Timestamp>, asked_at: Timestamp) -> Finding {
    let now = clock_of(answer, asked_at);
    let mut values: Vec<&str> = answer.lines("retry-after").map(str::trim).collect();
    values.dedup();
    if let [first, second, ..] = values[..] {
        return Finding::fault(
            POINT,
            format!(
                "two Retry-After, `{}` and `{}`: clients go by either, or by neither",
                quoted(first),
                quoted(second)
            ),
            "Send it once: by the web server or by the application",
        );
    }
    let Some(value) = answer.header("retry-after") else {
        return Finding::fault(
            POINT,
            "missing: crawlers and API clients do not know when to come back",
            "Send it with every maintenance answer, in seconds",
        );
    };
    let Some(seconds) = wait(value, now) else {
        return Finding::fault(
            POINT,
            format!("`{}` is neither a number of seconds nor a date of HTTP", quoted(value)),
            "Send whole seconds, such as 120, or a date such as Sat, 21 Nov 2026 03:30:00 GMT",
        );
    };
    if seconds < 1 {
        let words = if seconds < 0 { "lies in the past" } else { "is no time at all" };
        return Finding::fault(
            POINT,
            format!("`{value}` {words}: clients that obey come back at once, all the time"),
            "Count it anew for every answer, at least 1",
        );
    }
    match end.filter(|end| *end > now) {
        _ if seconds > FOR_EVER => Finding::fault(
            POINT,
            format!("`{}` is more than a year: whoever obeys never comes back", quoted(value)),
            "Send an hour at most, so that an early end is noticed",
        ),
        Some(end) => against(value, seconds, end, now),
        None if seconds > LONGEST => Finding::warning(
            POINT,
            format!("{seconds} s: whoever obeys misses an end before {}", rfc3339(after(now, seconds))),
            "Send an hour at most, so that an early end is noticed",
        ),
        None if end.is_some() => Finding::good(POINT, format!("{seconds} s; the end told has passed")),
        None => Finding::good(POINT, format!("{seconds} s; no end is told")),
    }
}

/// A wait beside the end that the site tells.
fn against(value: &str, seconds: i64, end: Timestamp, now: Timestamp) -> Finding {
    let left = end.duration_since(now).as_secs();
    let told = rfc3339(end);
    let longest_told = i64::try_from(MAX_RETRY_AFTER).unwrap_or(i64::MAX);
    if seconds > left + LATE {
        return Finding::fault(
            POINT,
            format!("`{value}` is {} s later than the end told, {told}", seconds - left),
            "Count it to the end, anew for every answer",
        );
    }
    // Before the end nobody gets in; an hour at most is asked for, so that an early end is noticed. Web servers that count
    // in steps ask for half of that at least.
    let due = (left - EARLY).min(longest_told);
    if seconds < due / 2 {
        return Finding::warning(
            POINT,
            format!(
                "`{value}` is {} s earlier than the end told, {told}: clients that obey come in vain",
                left - seconds
            ),
            "Count it to the end, anew for every answer",
        );
    }
    let words = if seconds < due { "ahead of the end told" } else { "true to the end told" };
    Finding::good(POINT, format!("{seconds} s, {words}, {told}"))
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Grade::{self, Fault, Good, Warning};

    fn grade(value: Option<&str>, end: Option<&str>) -> Grade {
        let mut headers = vec![("date".to_owned(), "Sat, 21 Nov 2026 03:00:00 GMT".to_owned())];
        headers.extend(value.map(|value| ("retry-after".to_owned(), value.to_owned())));
        let answer = Answer { status: 503, headers, ..Answer::default() };
        let end = end.map(|end| format!("2026-11-21T{end}Z").parse().unwrap());
        // The clock of who asks is an hour off.
        finding(&answer, end, "2026-11-21T04:00:00Z".parse().unwrap()).grade
    }

    #[test]
    fn a_wait_is_valid_and_true() {
        for (value, end, expected) in [
            (None, None, Fault),
            (Some(""), None, Fault),
            (Some("soon"), None, Fault),
            (Some("-5"), None, Fault),
            (Some("1.5"), None, Fault),
            (Some("0"), None, Fault),
            (Some("1"), None, Good),
            (Some(" 120 "), None, Good),
            (Some("86400"), None, Good),
            (Some("604800"), None, Warning),
            (Some("31000000"), None, Warning),
            (Some("315360000"), None, Fault),
            (Some("99999999999999999999"), None, Fault),
            (Some("Sat, 21 Nov 2026 03:30:00 GMT"), None, Good),
            (Some("Saturday, 21-Nov-26 03:30:00 GMT"), None, Good),
            (Some("Sat, 21 Nov 2026 02:59:00 GMT"), None, Fault),
            (Some("Sat, 21 Nov 2026 03:00:00 GMT"), None, Fault),
            (Some("2026-11-21T03:30:00Z"), None, Fault),
            (Some("1800"), Some("03:30:00"), Good),
            (Some("1830"), Some("03:30:00"), Good),
            (Some("1796"), Some("03:30:00"), Good),
            (Some("Sat, 21 Nov 2026 03:30:00 GMT"), Some("03:30:00"), Good),
            (Some("1700"), Some("03:30:00"), Good),
            (Some("900"), Some("03:30:00"), Good),
            (Some("890"), Some("03:30:00"), Warning),
            (Some("1900"), Some("03:30:00"), Fault),
            (Some("3600"), Some("09:00:00"), Good),
            (Some("120"), Some("09:00:00"), Warning),
            (Some("120"), Some("02:00:00"), Good),
        ] {
            assert_eq!(grade(value, end), expected, "{value:?} with the end {end:?}");
        }
    }
}
