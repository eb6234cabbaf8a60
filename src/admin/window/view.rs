//! One request's view of a window: what is stored, who asks, and the page made of it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::owners::{ALL_SITES, Owners, choices};
use super::read::Read;
use super::remarks::{AHEAD, remarks, times};
use super::typed::{Typed, digest};
use super::words::{named, repeats};
use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::{Choice, Conflict, Field, FieldError, Moment, Preview, Span, WindowCan, WindowFormPage};
use crate::admin::panel::Panel;
use crate::admin::record::{end, language_name};
use crate::clock;
use crate::maintenance::Level;
use crate::site;
use crate::window::{Window, WindowId};

/// Minutes of notice to choose from.
const NOTICES: [(u32, &str); 5] =
    [(0, "Nobody is told"), (15, "15 min before"), (30, "30 min before"), (60, "1 h before"), (1440, "1 day before")];

/// The ways to repeat. They hold for any start, which may be typed after one was chosen.
const REPEATS: [(&str, &str); 5] = [
    ("", "Never"),
    ("daily", "Every day"),
    ("weekly", "Every week, on the weekday of the start"),
    ("monthly", "Every month, on the day of the start"),
    ("rule", "By a rule of your own"),
];

/// What a page of a window is made from.
pub(super) struct View {
    /// Time of the request.
    pub(super) now: Timestamp,
    /// Zone of times where none is typed.
    pub(super) zone: TimeZone,
    /// Language of a first message.
    pub(super) language: String,
    /// The window as stored; `None` while it is added.
    pub(super) stored: Option<Window>,
    /// Whose it is.
    pub(super) owners: Owners,
    /// Sites to choose from.
    choices: Vec<Choice>,
}

/// What is said on the page besides what is typed.
#[derive(Default)]
pub(super) struct Said {
    /// A refusal that belongs to no field.
    pub(super) refusal: Option<String>,
    /// Whether the errors of the fields are shown.
    pub(super) shows_faults: bool,
    /// What somebody else has saved.
    pub(super) conflict: Option<Conflict>,
    /// Whether it is asked before it is saved.
    pub(super) asks: bool,
}

impl View {
    /// For a new window, of the sites that are typed.
    ///
    /// # Errors
    /// As [`Owners::read`].
    pub(super) async fn of_new(panel: &Panel, operator: &Operator, sites: &str) -> Result<Self, PanelError> {
        let owners = Owners::read(panel, operator, sites).await?;
        Ok(Self::of(panel, operator, owners, None))
    }

    /// For a stored window.
    ///
    /// # Errors
    /// 404 for one that is not there, 403 for one of a site that is not the user's, or of all sites.
    pub(super) async fn load(panel: &Panel, operator: &Operator, id: WindowId) -> Result<Self, PanelError> {
        let site = panel.read(move |reader| reader.window_site(id)).await?.ok_or(PanelError::NotFound)?;
        let sites = site.map_or_else(|| super::owners::ALL.to_owned(), |site| site.to_string());
        let owners = Owners::read(panel, operator, &sites).await?;
        let stored = match owners.records.first() {
            Some(record) => record.windows.iter(),
            None => owners.shared.iter(),
        };
        let stored = stored.into_iter().find(|window| window.id == id).cloned().ok_or(PanelError::NotFound)?;
        Ok(Self::of(panel, operator, owners, Some(stored)))
    }

    fn of(panel: &Panel, operator: &Operator, owners: Owners, stored: Option<Window>) -> Self {
        let zone = owners.zone().and_then(|zone| site::time_zone(zone).ok()).unwrap_or_else(|| panel.zone());
        let language = owners.language().map(str::to_owned);
        let language = language.unwrap_or_else(|| panel.maintenance.snapshot().rules().language.clone());
        Self { now: clock::now(), zone, language, stored, owners, choices: choices(panel, operator) }
    }

    /// The form as it begins.
    pub(super) fn begin(&self) -> Typed {
        let sites = self.owners.as_typed();
        match &self.stored {
            Some(window) => Typed::of(window, sites, &self.language, self.now),
            None => Typed::new(sites, &self.zone, &self.language, self.now),
        }
    }

    /// What a typed form would make of it.
    pub(super) fn read(&self, typed: &Typed) -> Read {
        let mut read = Read::of(typed, self.stored.as_ref(), self.now);
        if let Some(fault) = &self.owners.fault {
            read.faults.insert("sites".to_owned(), fault.clone());
        }
        read
    }

    /// Names exactly what would be saved and what is said about it.
    pub(super) fn token(&self, read: &Read) -> String {
        let window = serde_json::to_string(&read.window).expect("a window is JSON with text keys");
        digest(&format!("{:?} {window} {:?}", self.owners.ids(), self.remarks(read)))
    }

    fn remarks(&self, read: &Read) -> Vec<String> {
        remarks(read, self.stored.as_ref(), &self.owners, self.now)
    }

    /// The page, with the form as it is typed.
    pub(super) fn page(&self, typed: &Typed, read: &Read, said: Said) -> WindowFormPage {
        let field = |name: &str, value: &str| match read.faults.get(name).filter(|_| said.shows_faults) {
            Some(words) => Field::new(name, value).refused(words),
            None => Field::new(name, value),
        };
        let is_choice = self.choices.iter().any(|choice| choice.value == typed.sites);
        let is_fixed = self.stored.is_some() || (!is_choice && self.owners.records.len() > 1);
        let [how, drain_minutes] = typed.mode.fields(read.faults.get("drain_minutes").filter(|_| said.shows_faults));
        let mut page = WindowFormPage {
            how,
            drain_minutes,
            id: self.stored.as_ref().map(|window| window.id.0),
            stored_name: self.stored.as_ref().map(named).unwrap_or_default(),
            sites: field("sites", &typed.sites),
            site_choices: if is_fixed { Vec::new() } else { self.choices.clone() },
            fixed_sites: if is_fixed { self.owners.names() } else { Vec::new() },
            name: field("name", &typed.name),
            zone: field("zone", &typed.zone),
            start: field("start", &typed.start),
            example: end::example(self.now, &self.zone),
            ending: field("ending", &typed.ending),
            lasts: field("lasts", &typed.lasts),
            end: field("end", &typed.end),
            repeats: field("repeats", &typed.repeats),
            repeat_choices: REPEATS.map(|(value, label)| Choice::new(value, label)).to_vec(),
            rule: field("rule", &typed.rule),
            until: field("until", &typed.until),
            notice_minutes: field("notice", &typed.notice),
            notice_choices: notice_choices(read.window.notice_minutes),
            language: field("language", &typed.language),
            language_name: language_name(&typed.language),
            heading: field("heading", &typed.heading),
            body: field("body", &typed.body),
            read_only: Field::ticked("read_only", typed.read_only),
            counts: Field::ticked("counts", typed.counts),
            read: typed.read.clone(),
            errors: Vec::new(),
            conflict: said.conflict,
            preview: if read.faults.is_empty() { self.preview(read) } else { Preview::default() },
            confirm: said.asks.then(|| self.token(read)),
            can: self.can(),
        };
        page.errors = errors(&page, said.refusal);
        page
    }

    /// What the window would do.
    fn preview(&self, read: &Read) -> Preview {
        let window = &read.window;
        let zone = window.schedule.zone();
        let mut ahead = times(window, self.now, AHEAD + 1);
        let has_more = ahead.len() > AHEAD;
        ahead.truncate(AHEAD);
        let told_at = ahead
            .iter()
            .find(|time| time.starts_at > self.now)
            .and_then(|time| time.starts_at.checked_sub(window.notice()).ok())
            .filter(|_| window.notice_minutes > 0);
        Preview {
            times: ahead.iter().map(|time| Span::of(time, &zone, self.now)).collect(),
            has_more,
            repeats: repeats(&window.schedule),
            sites: self.owners.names().join(", "),
            does: does(window, &self.owners.names()),
            notice: told_at.map(|at| Moment::of(at.max(self.now), &zone, self.now).short).unwrap_or_default(),
            remarks: self.remarks(read),
        }
    }

    fn can(&self) -> WindowCan {
        let Some(window) = &self.stored else { return WindowCan::default() };
        let running = window.at(self.now);
        let is_ahead = |time: &crate::window::Occurrence| time.starts_at > self.now;
        WindowCan {
            end: running.is_some(),
            extend: running.is_some_and(|time| time.ends_at.is_some()),
            skip: times(window, self.now, 2).iter().any(is_ahead),
        }
    }
}

/// What a window does to sites: `Closes forum.example.com`, `forum.example.com drains up to 15 min, then closes for
/// writing`.
fn does(window: &Window, sites: &[String]) -> String {
    let named = sites.join(", ");
    let extent = if window.level == Level::ReadOnly { " for writing" } else { "" };
    // `All sites` are several.
    let is_one = sites.len() == 1 && named != ALL_SITES;
    match (window.drain_minutes, is_one) {
        (0, _) => format!("Closes {named}{extent}"),
        (minutes, true) => format!("{named} drains up to {minutes} min, then closes{extent}"),
        (minutes, false) => format!("{named} drain up to {minutes} min, then close{extent}"),
    }
}

/// The notice times, with the one that a window has already.
fn notice_choices(minutes: u32) -> Vec<Choice> {
    let known = NOTICES.iter().map(|(minutes, label)| Choice::new(minutes.to_string(), *label));
    let is_other = !NOTICES.iter().any(|(known, _)| *known == minutes);
    let other = is_other.then(|| Choice::new(minutes.to_string(), format!("{minutes} min before")));
    known.chain(other).collect()
}

/// The list of errors, in the order of the form; what belongs to no field comes first.
fn errors(page: &WindowFormPage, refusal: Option<String>) -> Vec<FieldError> {
    let mut lines: Vec<FieldError> =
        refusal.into_iter().map(|message| FieldError { id: String::new(), message }).collect();
    let ending = page.ending.error.as_ref().map(|message| FieldError {
        // The first of its buttons; a group has no id of its own.
        id: "ending-lasts".to_owned(),
        message: message.clone(),
    });
    lines.extend(FieldError::of([&page.sites, &page.name, &page.zone, &page.start]));
    lines.extend(ending);
    lines.extend(FieldError::of([
        &page.lasts,
        &page.end,
        &page.repeats,
        &page.rule,
        &page.until,
        &page.drain_minutes,
        &page.notice_minutes,
        &page.heading,
        &page.body,
    ]));
    lines
}
