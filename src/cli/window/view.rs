//! A window in words and as JSON.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cause::CauseId;
use crate::cli::text;
use crate::maintenance::Level;
use crate::schedule::{Schedule, name_of};
use crate::site::{Site, SiteId};
use crate::window::{Occurrence, Window};

/// Times ahead that are shown.
pub const AHEAD: usize = 5;

/// A window, as `--json` shows it. The fields are relied on by scripts: only add.
#[derive(Debug, Serialize)]
pub struct View {
    /// `window-12`.
    id: String,
    /// Its site; null when it is one of all sites.
    site: Option<SiteId>,
    /// Domain of that site.
    domain: Option<String>,
    name: String,
    enabled: bool,
    /// IANA name of its zone.
    zone: String,
    /// The rule of a window that repeats; null for one that happens once.
    rule: Option<String>,
    /// Until when it repeats; null for ever, and for a window that happens once.
    until: Option<Timestamp>,
    notice_minutes: u32,
    drain_minutes: u32,
    /// How much it closes: `full` or `read-only`.
    level: Level,
    /// Text of its first message; null without one.
    message: Option<String>,
    /// Whether it holds its sites closed now.
    running: bool,
    /// The time that runs now and those ahead, at most five.
    times: Vec<Time>,
}

#[derive(Debug, Serialize)]
struct Time {
    starts_at: Timestamp,
    /// Null until somebody ends it.
    ends_at: Option<Timestamp>,
    /// Whether it was ended early or prolonged.
    changed: bool,
}

/// The times that are not over, the one that runs first.
pub fn times(window: &Window, now: Timestamp, count: usize) -> Vec<Occurrence> {
    let Ok(calendar) = window.calendar() else { return Vec::new() };
    window.after(&calendar, now).take(count).collect()
}

impl View {
    pub fn of(window: &Window, site: Option<&Site>, now: Timestamp) -> Self {
        let times = times(window, now, AHEAD);
        let repeat = match &window.schedule {
            Schedule::Once { .. } => None,
            Schedule::Repeat(repeat) => Some(repeat),
        };
        Self {
            id: CauseId::Window(window.id).to_string(),
            site: site.map(|site| site.id),
            domain: site.map(|site| site.domain.to_string()),
            name: window.name.clone(),
            enabled: window.is_enabled,
            zone: name_of(&window.schedule.zone()).to_owned(),
            rule: repeat.map(|repeat| repeat.rule.clone()),
            until: repeat.and_then(|repeat| repeat.until),
            notice_minutes: window.notice_minutes,
            drain_minutes: window.drain_minutes,
            level: window.level,
            message: window.messages.first().map(|message| message.body.clone()),
            running: times.first().is_some_and(|time| time.covers(now)),
            times: times
                .iter()
                .map(|it| Time { starts_at: it.starts_at, ends_at: it.ends_at, changed: it.is_changed() })
                .collect(),
        }
    }
}

/// How much a window closes, to go on after its name; empty where that is all.
pub fn extent(window: &Window) -> &'static str {
    if window.level == Level::ReadOnly { " for writing only" } else { "" }
}

/// `Sun 2026-11-22 02:00 to 03:00 Europe/Berlin = 01:00 to 02:00 UTC`.
pub fn span(occurrence: &Occurrence, zone: &TimeZone) -> String {
    let there = between(occurrence, zone);
    match name_of(zone) {
        "UTC" | "Etc/UTC" => format!("{there} UTC"),
        name => format!("{there} {name} = {} UTC", between(occurrence, &TimeZone::UTC)),
    }
}

fn between(occurrence: &Occurrence, zone: &TimeZone) -> String {
    let start = occurrence.starts_at.to_zoned(zone.clone());
    let Some(end) = occurrence.ends_at.map(|end| end.to_zoned(zone.clone())) else {
        return format!("{} until it is ended", start.strftime("%a %Y-%m-%d %H:%M"));
    };
    let form = if end.date() == start.date() { "%H:%M" } else { "%a %Y-%m-%d %H:%M" };
    format!("{} to {}", start.strftime("%a %Y-%m-%d %H:%M"), end.strftime(form))
}

/// `window-12 “Database upgrade” on forum.example.com`.
pub fn named(window: &Window, site: Option<&Site>) -> String {
    let name = if window.name.is_empty() { String::new() } else { format!(" “{}”", text::plain(&window.name)) };
    let whom = site.map_or("all sites", |site| site.domain.as_str());
    format!("{}{name} on {whom}", CauseId::Window(window.id))
}
