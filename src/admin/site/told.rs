//! What is told after maintenance was started or ended, on one site or on several.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::actions::{Done, Switched};
use crate::admin::cause::{called, capitalised, states, still_closed};
use crate::admin::page::{Flash, Moment};
use crate::admin::panel::Panel;
use crate::admin::words::{count, list};
use crate::cause::{Cause, CauseId, Standing};
use crate::maintenance::{Level, Phase};
use crate::record::SiteRecord;

/// Most sites that a message names.
const MAX_NAMED: usize = 5;

/// Words a message from what an action came to.
pub(in crate::admin) struct Told<'a> {
    panel: &'a Panel,
    /// Zone of the times.
    zone: TimeZone,
    /// The time of the message.
    now: Timestamp,
    /// Whether the settings send visitors elsewhere.
    is_redirected: bool,
    /// Where [Undo] comes back to, below the panel's path.
    back: &'a str,
}

impl<'a> Told<'a> {
    /// Messages of a panel; [Undo] comes back to `back`.
    pub(in crate::admin) fn by(panel: &'a Panel, back: &'a str, now: Timestamp) -> Self {
        let is_redirected = panel.maintenance.snapshot().rules().redirect.is_some();
        Self { panel, zone: panel.zone(), now, is_redirected, back }
    }

    /// What happened, and how many servers enforce it; waits for them for a moment.
    pub(in crate::admin) async fn confirmed(&self, done: &Done<Vec<Switched>>) -> Flash {
        match done.changes.is_empty() {
            true => self.of(done),
            false => self.panel.confirmed(self.of(done), done.revision).await,
        }
    }

    /// What happened, with one [Undo] for all of it.
    pub(in crate::admin) fn of(&self, done: &Done<Vec<Switched>>) -> Flash {
        let is_changed = |switched: &&Switched| !matches!(switched, Switched::Already(_));
        let changed: Vec<&Switched> = done.value.iter().filter(is_changed).collect();
        let flash = match (changed.as_slice(), done.value.as_slice()) {
            ([], [only]) => return self.already(only.record()),
            ([], several) => return self.all_already(several),
            ([only], _) => self.one(only),
            (several, _) => self.several(several),
        };
        let flash = flash.with_undo(done.changes.iter().map(|change| change.0), self.back);
        let rest = done.value.iter().filter(|switched| matches!(switched, Switched::Already(_)));
        self.with_the_rest(flash, &rest.map(|switched| self.standing(switched.record())).collect::<Vec<_>>())
    }

    fn one(&self, switched: &Switched) -> Flash {
        let record = switched.record();
        let domain = record.site.domain.to_unicode();
        let mut flash = match switched {
            Switched::Ended(record, causes) if record.is_closed(self.now) => {
                let ended = capitalised(&names(causes));
                Flash::done(format!("{ended} ended on {domain} at {}.", self.clock(self.now)))
            }
            Switched::Ended(_, causes) if is_drain(causes) => {
                Flash::done(format!("The drain of {domain} was cancelled at {}; it stays open.", self.clock(self.now)))
            }
            Switched::Ended(..) => Flash::done(format!("Maintenance ended on {domain} at {}.", self.clock(self.now))),
            switched if self.closes_at(switched).is_some() => {
                let page = format!("{}sites/{}/draining/", self.panel.base(), record.site.id);
                let since = record.maintenance.since.unwrap_or(self.now);
                let text = format!("Draining started on {domain} at {}.", self.clock(since));
                Flash::done(text).with_link("See who is left", page)
            }
            _ => {
                let since = record.maintenance.since.unwrap_or(self.now);
                let page = format!("{}sites/{}/", self.panel.base(), record.site.id);
                let since = self.clock(since);
                let flash = Flash::done(match self.level(record) {
                    Level::Full => format!("Maintenance started on {domain} at {since}."),
                    Level::ReadOnly => format!("{domain} is closed for writing since {since}."),
                });
                let flash = match record.maintenance.expected_end {
                    None => flash.with_link("Set expected end", format!("{page}#expected_end")),
                    Some(_) => flash,
                };
                flash.with_link("See what visitors see", format!("{page}preview/"))
            }
        };
        flash.detail = match switched {
            // A box alone goes without saying.
            Switched::Ended(record, causes)
                if !record.is_closed(self.now) && causes.iter().any(|cause| cause.id != CauseId::Box) =>
            {
                format!("That ended {}. {}", names(causes), self.consequence(switched))
            }
            _ => self.consequence(switched),
        };
        flash
    }

    /// A cause that holds the site no more, if it ever did.
    pub(in crate::admin) fn no_such_cause(&self, record: &SiteRecord, cause: CauseId) -> Flash {
        let domain = record.site.domain.to_unicode();
        let name = if cause == CauseId::Box { "The box".to_owned() } else { capitalised(&cause.to_string()) };
        let mut flash = Flash::note(format!("{name} does not hold {domain} closed."));
        flash.detail = format!("Nothing changed. {}", still_closed(record, &self.zone, self.now).unwrap_or_default());
        flash
    }

    fn several(&self, switched: &[&Switched]) -> Flash {
        let what = match switched[0] {
            Switched::Ended(..) => "Maintenance ended",
            _ if switched.iter().all(|one| self.closes_at(one).is_some()) => "Draining started",
            _ => "Maintenance started",
        };
        let sites = count(switched.len(), "site");
        let mut flash = Flash::done(format!("{what} on {sites} at {}.", self.clock(self.now)));
        let names: Vec<String> = switched.iter().map(|one| one.record().site.domain.to_unicode()).collect();
        flash.detail = format!("{}. {}", list(&names, MAX_NAMED), self.consequence(switched[0]));
        let ended = |switched: &&&Switched| match switched {
            Switched::Ended(_, causes) => causes.iter().any(|cause| cause.id != CauseId::Box),
            _ => false,
        };
        let others = switched.iter().filter(ended).count();
        if others > 0 {
            flash.detail.push_str(&format!(" That ended windows or leases on {}.", count(others, "site")));
        }
        flash
    }

    /// `2 more were in maintenance already.`
    fn with_the_rest(&self, mut flash: Flash, rest: &[Standing]) -> Flash {
        if !rest.is_empty() {
            let were = if rest.len() == 1 { "was" } else { "were" };
            flash.detail.push_str(&format!(" {} more {were} {} already.", rest.len(), states(rest.iter())));
        }
        flash
    }

    fn already(&self, record: &SiteRecord) -> Flash {
        let domain = record.site.domain.to_unicode();
        let standing = self.standing(record);
        let mut flash = match (standing.phase(), standing.closes_at()) {
            (Phase::Draining, Some(at)) => {
                let started = self.started(record);
                Flash::note(format!(
                    "{domain} is already draining{started}; it closes at {} at the latest.",
                    self.clock(at)
                ))
            }
            (Phase::Open, _) => Flash::note(format!("{domain} is already open.")),
            _ => Flash::note(format!("{domain} is already {}{}.", standing.in_words(), self.started(record))),
        };
        flash.detail = "Nothing changed.".to_owned();
        flash
    }

    fn all_already(&self, several: &[Switched]) -> Flash {
        let standings: Vec<Standing> = several.iter().map(|one| self.standing(one.record())).collect();
        let state = states(standings.iter());
        let mut flash = Flash::note(format!("All {} are already {state}.", count(several.len(), "site")));
        flash.detail = "Nothing changed.".to_owned();
        flash
    }

    fn started(&self, record: &SiteRecord) -> String {
        let at = record.maintenance.since.map(|since| self.clock(since));
        match (&record.maintenance.started_by, at) {
            (Some(by), Some(at)) => format!(", started by {by} at {at}"),
            (Some(by), None) => format!(", started by {by}"),
            (None, Some(at)) => format!(", started at {at}"),
            (None, None) => String::new(),
        }
    }

    /// While a site that was started on drains: when it closes at the latest.
    fn closes_at(&self, switched: &Switched) -> Option<Timestamp> {
        self.standing(switched.record()).closes_at()
    }

    fn standing(&self, record: &SiteRecord) -> Standing {
        record.causes().standing(self.now)
    }

    /// How much of a site is closed.
    fn level(&self, record: &SiteRecord) -> Level {
        self.standing(record).level().unwrap_or_default()
    }

    /// What a closed site is to its visitors from now on, when that is something else than before.
    pub(in crate::admin) fn of_level(&self, record: &SiteRecord) -> Flash {
        let (domain, standing) = (record.site.domain.to_unicode(), self.standing(record));
        let detail = self.consequence(&Switched::Updated(record.clone()));
        Flash { detail, ..Flash::done(format!("{domain} is {} now.", standing.in_words())) }
    }

    fn consequence(&self, switched: &Switched) -> String {
        if let (Some(at), false) = (self.closes_at(switched), matches!(switched, Switched::Ended(..))) {
            let at = self.clock(at);
            let others = match self.level(switched.record()) {
                Level::Full => "gets the 503 page",
                Level::ReadOnly => "can only read",
            };
            return format!("Those at work go on until {at} at the latest; everybody else {others}.");
        }
        let words = match switched {
            Switched::Ended(record, _) => match still_closed(record, &self.zone, self.now) {
                Some(still) => return still,
                None => "Visitors get the site again.",
            },
            one => {
                let is_redirected = self.is_redirected || one.record().maintenance.redirect_url.is_some();
                match (self.level(one.record()), is_redirected) {
                    (Level::Full, true) => "Visitors are sent to another address.",
                    (Level::ReadOnly, true) => {
                        "Reading goes on; what would change something is sent to another address."
                    }
                    (level, false) => level.consequence(),
                }
            }
        };
        words.to_owned()
    }

    fn clock(&self, at: Timestamp) -> String {
        Moment::of(at, &self.zone, self.now).short
    }
}

/// Whether all of these let those at work finish when they were ended.
fn is_drain(causes: &[Cause]) -> bool {
    !causes.is_empty() && causes.iter().all(|cause| cause.drains_until.is_some())
}

/// Causes as one would say them.
fn names(causes: &[Cause]) -> String {
    list(&causes.iter().map(called).collect::<Vec<_>>(), MAX_NAMED)
}
