//! A look at a drain as a page.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::look::Look;
use crate::admin::cause::capitalised;
use crate::admin::page::{
    DrainStep, DrainingPage, Gone, Moment, Status, TaskLine, VisitLine, lasted, lasted_from_seconds,
};
use crate::cause::{Cause, CauseId, Standing};
use crate::drain::AtWork;
use crate::maintenance::{Level, Phase};
use crate::task::RunningTask;
use crate::visit::{Visit, VisitKind};

/// The page of a look, as it is at `now`.
pub(super) fn page(look: &Look, base: &str, zone: &TimeZone, now: Timestamp) -> DrainingPage {
    let view = View { look, standing: look.record.causes().standing(look.at), zone, now };
    let phase = look.phase();
    let (summary, detail) = view.said(phase);
    let named = (look.visits.len() as u64, look.tasks.len() as u64);
    let left = look.began_with.saturating_sub(look.left.sessions);
    DrainingPage {
        base: base.to_owned(),
        id: look.record.site.id.0,
        domain: look.record.site.domain.to_unicode(),
        status: (&view.standing).into(),
        is_draining: phase == Phase::Draining,
        summary,
        detail,
        steps: view.steps(phase),
        gone: (look.began_with > 0).then_some(Gone { left, of: look.began_with }),
        visits: look.visits.iter().map(|visit| view.visit(visit)).collect(),
        more_visits: look.left.sessions.saturating_sub(named.0),
        tasks: look.tasks.iter().map(|task| view.task(task)).collect(),
        more_tasks: look.left.tasks.saturating_sub(named.1),
    }
}

/// `5 sessions and 1 task`, `nobody`.
pub(in crate::admin) fn who(left: AtWork) -> String {
    let parts: Vec<String> = left.parts().collect();
    if parts.is_empty() { "nobody".to_owned() } else { parts.join(" and ") }
}

struct View<'a> {
    look: &'a Look,
    standing: Standing,
    zone: &'a TimeZone,
    now: Timestamp,
}

impl View<'_> {
    fn moment(&self, at: Timestamp) -> Moment {
        Moment::of(at, self.zone, self.now)
    }

    /// How much is closed, or will be.
    fn level(&self) -> Level {
        self.standing.level().unwrap_or_default()
    }

    /// What is said first, and what that means.
    fn said(&self, phase: Phase) -> (String, String) {
        let level = self.level();
        match phase {
            Phase::Draining => self.draining(),
            Phase::Maintenance => match self.look.ended().and_then(|drain| Some((drain, drain.end.as_ref()?))) {
                Some((drain, end)) => {
                    let words = end.in_words(&lasted_from_seconds(drain.started_at, end.at));
                    let at = self.moment(end.at).short;
                    (
                        format!("{words}."),
                        format!("{} since {at}. {}", capitalised(level.in_words()), level.consequence()),
                    )
                }
                None => (format!("It is {}.", level.in_words()), level.consequence().to_owned()),
            },
            Phase::Open => ("It does not drain: it is open.".to_owned(), "Visitors get the site.".to_owned()),
        }
    }

    fn draining(&self) -> (String, String) {
        let AtWork { sessions, tasks } = self.look.left;
        let verb = if sessions + tasks == 1 { "is" } else { "are" };
        let summary = match self.look.left.is_empty() {
            true => "Nobody is at work any more.".to_owned(),
            false => format!("{} {verb} still at work.", capitalised(&who(self.look.left))),
        };
        let closes_at = self.look.record.causes().standing(self.now).closes_at();
        let detail = closes_at.map(|at| {
            let left = lasted_from_seconds(self.now, at);
            format!("It closes at {}, in {left}, or as soon as nobody is left.", self.moment(at).short)
        });
        (summary, detail.unwrap_or_default())
    }

    /// From the announcement on; none for a site that has no drain.
    fn steps(&self, phase: Phase) -> Vec<DrainStep> {
        let causes = self.look.record.causes().at(self.look.at);
        let closes = match phase {
            Phase::Draining => {
                self.look.record.causes().standing(self.look.at).closes_at().map(|at| (at, "at the latest"))
            }
            Phase::Maintenance => self.look.ended().map(|drain| (drain.closes_at(), "")),
            Phase::Open => None,
        };
        let Some((closes_at, note)) = closes else { return Vec::new() };
        let began = match phase {
            Phase::Draining => causes.iter().filter_map(|cause| cause.since).min(),
            _ => self.look.ended().map(|drain| drain.started_at),
        };
        let step = |status: Status, at: Option<Timestamp>, note, place| DrainStep {
            status,
            at: at.map(|at| self.moment(at)),
            note,
            place,
        };
        let (draining, closed) = if phase == Phase::Draining { ("now", "ahead") } else { ("past", "now") };
        let announced = self.announced(&causes).map(|at| step(Status::ANNOUNCED, Some(at), "", "past"));
        let steps = [
            step(Phase::Draining.into(), began, "", draining),
            step(Status::closed(self.level()), Some(closes_at), note, closed),
        ];
        announced.into_iter().chain(steps).collect()
    }

    /// When visitors were told first, of a window with a notice.
    fn announced(&self, causes: &[Cause]) -> Option<Timestamp> {
        let told = causes.iter().filter_map(|cause| {
            let CauseId::Window(id) = cause.id else { return None };
            let window = self.look.record.causes().every_window().find(|window| window.id == id)?;
            (window.notice_minutes > 0).then(|| cause.since?.checked_sub(window.notice()).ok()).flatten()
        });
        told.min()
    }

    fn visit(&self, visit: &Visit) -> VisitLine {
        VisitLine {
            id: visit.id.0,
            who: capitalised_visitor(visit),
            kind: match visit.kind {
                VisitKind::Session | VisitKind::Visitor => "",
                VisitKind::App => "by the application’s own log-in",
            },
            since: self.moment(visit.signed_in_at),
            last_seen: format!("{} ago", lasted(visit.last_seen_at, self.now)),
        }
    }

    fn task(&self, task: &RunningTask) -> TaskLine {
        let process = task.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
        TaskLine {
            name: task.name.clone(),
            place: format!("{}{process}", task.host),
            by: task.started_by.clone(),
            since: self.moment(task.started_at),
        }
    }
}

/// Who, with a capital letter where it is no name.
fn capitalised_visitor(visit: &Visit) -> String {
    if visit.name.is_empty() { capitalised(&visit.told()) } else { visit.told() }
}
