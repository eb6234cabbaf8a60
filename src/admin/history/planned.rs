//! What a change did to a window, part by part: its plan, and what became of single times.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::admin::cause::capitalised;
use crate::admin::page::{FieldChange, Moment};
use crate::cause::CauseId;
use crate::maintenance::Level;
use crate::window::{Exception, SiteException, Window};

/// What differs between two versions of a window. `None` when they are no windows, as those of another version of this
/// program.
pub(super) fn changes(before: Option<&Value>, after: Option<&Value>, now: Timestamp) -> Option<Vec<FieldChange>> {
    let window = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Some(None),
        Some(value) => serde_json::from_value::<Window>(value.clone()).ok().map(Some),
    };
    let (before, after) = (window(before)?, window(after)?);
    let one = after.as_ref().or(before.as_ref())?;
    let label = CauseId::Window(one.id).to_string();
    let change = |label: String, before: String, after: String| FieldChange { label, before, after };
    let (Some(before), Some(after)) = (&before, &after) else {
        let words = |window: &Option<Window>| window.as_ref().map(Window::in_words).unwrap_or_default();
        return Some(vec![change(capitalised(&label), words(&before), words(&after))]);
    };
    let message = |window: &Window| {
        let said = window.messages.first().map(|message| [message.heading.as_str(), message.body.as_str()].join(" "));
        said.unwrap_or_default().trim().to_owned()
    };
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let notice = |window: &Window| match window.notice_minutes {
        0 => String::new(),
        minutes => format!("{minutes} min before"),
    };
    let drain = |window: &Window| match window.drain_minutes {
        0 => "closes at once".to_owned(),
        minutes => format!("lets those at work finish, at most {minutes} min"),
    };
    let closes = |window: &Window| match window.level {
        Level::ReadOnly => "for writing only".to_owned(),
        Level::Full => "everything".to_owned(),
    };
    let parts = [
        ("name", before.name.clone(), after.name.clone()),
        ("time", before.schedule.to_string(), after.schedule.to_string()),
        ("notice", notice(before), notice(after)),
        ("start", drain(before), drain(after)),
        ("closes", closes(before), closes(after)),
        ("message", message(before), message(after)),
        ("active", yes(before.is_enabled), yes(after.is_enabled)),
    ];
    let parts = parts.into_iter().filter(|(_, before, after)| before != after);
    let named = if after.name.is_empty() { label } else { format!("{label} “{}”", after.name) };
    let parts = parts.map(|(part, before, after)| change(format!("{}, {part}", capitalised(&named)), before, after));
    let zone = after.schedule.zone();
    let starts: BTreeSet<Timestamp> = before.exceptions.keys().chain(after.exceptions.keys()).copied().collect();
    let times = starts.into_iter().filter_map(|starts_at| {
        let end = |window: &Window| ending(window, starts_at, &zone, now);
        let (before, after) = (end(before), end(after));
        let start = Moment::of(starts_at, &zone, now).short;
        (before != after).then(|| change(format!("{}, time of {start}", capitalised(&named)), before, after))
    });
    Some(parts.chain(times).collect())
}

/// When a time ends, planned or not.
fn ending(window: &Window, starts_at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    match window.exceptions.get(&starts_at) {
        Some(exception) => until(starts_at, exception, zone, now),
        None => {
            let calendar = window.schedule.calendar().ok();
            let planned = calendar.and_then(|calendar| calendar.after(starts_at).find(|it| it.starts_at == starts_at));
            match planned.and_then(|planned| planned.ends_at) {
                Some(end) => format!("until {}, as planned", Moment::of(end, zone, now).short),
                None => "as planned".to_owned(),
            }
        }
    }
}

fn until(starts_at: Timestamp, exception: &Exception, zone: &TimeZone, now: Timestamp) -> String {
    if exception.ends_at <= starts_at {
        return "left out".to_owned();
    }
    format!("until {}", Moment::of(exception.ends_at, zone, now).short)
}

/// What became on one site of a time of a window of all sites: `window-3, time of 02:00 UTC: until 02:20 UTC`.
pub(super) fn on_one_site(value: &Value, zone: &TimeZone, now: Timestamp) -> Option<String> {
    let it: SiteException = serde_json::from_value(value.clone()).ok()?;
    let start = Moment::of(it.starts_at, zone, now).short;
    let then = until(it.starts_at, &Exception { ends_at: it.ends_at }, zone, now);
    Some(format!("{}, time of {start}: {then}", CauseId::Window(it.window)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Moment as Planned, Schedule};
    use crate::window::WindowId;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn a_window() -> Window {
        let moment = |text| Planned::new(at(text), TimeZone::UTC);
        let (start, end) = (moment("2026-11-22T02:00:00Z"), moment("2026-11-22T03:00:00Z"));
        let window = Window::new(Schedule::Once { start, end: Some(end) });
        Window { id: WindowId(12), name: "Upgrade".to_owned(), ..window }
    }

    fn told(before: Option<&Window>, after: Option<&Window>) -> Vec<String> {
        let value = |window: Option<&Window>| window.map(|window| serde_json::to_value(window).unwrap());
        let (before, after) = (value(before), value(after));
        let changes = changes(before.as_ref(), after.as_ref(), at("2026-11-22T01:00:00Z")).unwrap();
        changes.into_iter().map(|it| format!("{}: {} → {}", it.label, it.before, it.after)).collect()
    }

    #[test]
    fn what_was_planned_and_what_became_of_it_stand_beside_each_other() {
        let planned = a_window();
        let mut extended = planned.clone();
        let start = at("2026-11-22T02:00:00Z");
        extended.exceptions.insert(start, Exception { ends_at: at("2026-11-22T03:15:00Z") });
        assert_eq!(
            told(Some(&planned), Some(&extended)),
            ["Window-12 “Upgrade”, time of 02:00 UTC: until 03:00 UTC, as planned → until 03:15 UTC"]
        );
        let mut skipped = planned.clone();
        skipped.exceptions.insert(start, Exception { ends_at: start });
        assert_eq!(
            told(Some(&extended), Some(&skipped)),
            ["Window-12 “Upgrade”, time of 02:00 UTC: until 03:15 UTC → left out"]
        );
    }

    #[test]
    fn one_that_is_added_or_removed_is_told_in_one_line_and_an_edit_part_by_part() {
        let window = a_window();
        assert_eq!(told(None, Some(&window)), ["Window-12:  → “Upgrade”, 2026-11-22 02:00 to 03:00, UTC"]);
        assert_eq!(told(Some(&window), None), ["Window-12: “Upgrade”, 2026-11-22 02:00 to 03:00, UTC → "]);
        let edited = Window {
            name: "Move".to_owned(),
            notice_minutes: 30,
            drain_minutes: 15,
            level: Level::ReadOnly,
            is_enabled: false,
            ..window.clone()
        };
        assert_eq!(
            told(Some(&window), Some(&edited)),
            [
                "Window-12 “Move”, name: Upgrade → Move",
                "Window-12 “Move”, notice:  → 30 min before",
                "Window-12 “Move”, start: closes at once → lets those at work finish, at most 15 min",
                "Window-12 “Move”, closes: everything → for writing only",
                "Window-12 “Move”, active: yes → no",
            ]
        );
    }
}
