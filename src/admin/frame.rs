//! What stands around every page, filled from the request, the user and the state in force.

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cause::CauseWords;
use super::draining::who;
use super::flash;
use super::own::Operator;
use super::page::{
    Frame, Knowledge, Moment, NavLink, Outage, Section, Status, Strip, StripSite, lasted, lasted_from_seconds,
};
use super::panel::Panel;
use crate::clock;
use crate::closed::Closed;
use crate::maintenance::{Level, Phase};
use crate::propagation::Source;
use crate::site::{self, SiteId};
use crate::snapshot::SiteSnapshot;

/// Most sites that the strip names.
const MAX_STRIP_SITES: usize = 6;

/// Hours after which search engines begin to drop pages that answer 503.
const LONG_HOURS: i64 = 24;

impl Panel {
    /// The frame for a signed-in user. Takes the message of the last action, so call it once, for the page that is
    /// sent.
    pub(super) fn frame(&self, session: &Session, operator: &Operator, section: Option<Section>) -> Frame {
        Frame { flash: flash::take(session), ..self.frame_without_message(session, operator, section) }
    }

    /// The same for a page that is never seen itself: the message of the last action waits for one that is.
    pub(super) fn frame_without_message(
        &self,
        session: &Session,
        operator: &Operator,
        section: Option<Section>,
    ) -> Frame {
        let csrf = self.auth().csrf();
        Frame {
            csrf: csrf.session(session).map(|binding| csrf.token(&binding)).unwrap_or_default(),
            theme: operator.user.theme,
            has_shortcuts: operator.user.has_shortcuts,
            nav: NavLink::all(self.base(), operator.rights(), section),
            user: Some(operator.user.username.clone()),
            is_account: false,
            strip: self.strip(operator, clock::now()),
            notice: self.notice(),
            ..self.bare_frame()
        }
    }

    /// The frame for somebody who is not signed in; the cookie, if any, is to be set on the answer.
    pub(super) fn strangers_frame(&self, req: &HttpRequest) -> (Frame, Option<Cookie<'static>>) {
        let csrf = self.auth().csrf();
        let session = req.get_session();
        let (binding, cookie) = match csrf.session(&session) {
            Some(binding) => (binding, None),
            None => csrf.browser(req.headers()),
        };
        (Frame { csrf: csrf.token(&binding), notice: self.outage_notice(), ..self.bare_frame() }, cookie)
    }

    /// The frame without anybody in it.
    pub(super) fn bare_frame(&self) -> Frame {
        Frame { base: self.base().to_owned(), assets: self.assets.prefix(self.base()), ..Frame::default() }
    }

    /// The zone in which the panel shows times that belong to no site.
    pub(super) fn zone(&self) -> TimeZone {
        site::time_zone(&self.maintenance.settings().gate.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// What is known of the database while it does not answer.
    pub(super) fn outage(&self) -> Outage {
        let (health, now) = (self.maintenance.health(), clock::now());
        let moment = |at| Moment::of(at, &self.zone(), now);
        Outage {
            since: health.failing.as_ref().map(|failing| moment(failing.since)),
            knows: match health.source {
                Source::Database => Knowledge::LastState,
                Source::Mirror { as_of } => Knowledge::AsOf { at: moment(as_of), age: lasted_from_seconds(as_of, now) },
                Source::Unknown => Knowledge::Nothing,
            },
            closed: self.maintenance.snapshot().count_closed(Phase::Maintenance, now),
        }
    }

    /// The same as a sentence; `None` while it answers.
    fn outage_notice(&self) -> Option<String> {
        let outage = self.outage();
        outage.since.is_some().then(|| format!("The database does not answer. {}", outage.words()))
    }

    fn notice(&self) -> Option<String> {
        if let Some(outage) = self.outage_notice() {
            return Some(outage);
        }
        let snapshot = self.maintenance.snapshot();
        let broken = snapshot.templates().errors();
        let first = broken.first()?;
        Some(format!("A template of your own cannot be used, the built-in page stands in: {first}"))
    }

    fn strip(&self, operator: &Operator, now: Timestamp) -> Option<Strip> {
        let snapshot = self.maintenance.snapshot();
        let theirs = |id: SiteId| operator.rights().staff_of(id);
        let closed = snapshot.closed(now).filter(|(site, _)| theirs(site.id));
        let mut closed: Vec<Named<'_>> = closed.map(|(site, closed)| Named { site, closed }).collect();
        if closed.is_empty() {
            return None;
        }
        let draining = closed.iter().filter(|site| site.is_draining()).count();
        let read_only = closed.iter().filter(|site| site.is_read_only()).count();
        let in_maintenance = closed.len() - draining - read_only;
        let is_long = closed.iter().any(|site| site.is_long(now));
        let total = snapshot.ids().filter(|id| theirs(**id)).count();
        let more = closed.len().saturating_sub(MAX_STRIP_SITES);
        keep_first(&mut closed, now);
        let sites = strip_sites(self, &closed, now);
        let is_odd = |site: &StripSite| site.causes.len() > 1 || site.causes.iter().any(|cause| !cause.is_box);
        let (status, list) = match (in_maintenance, read_only) {
            (0, 0) => (Phase::Draining.into(), "draining"),
            (0, _) => (Status::closed(Level::ReadOnly), "read-only"),
            _ => (Phase::Maintenance.into(), "maintenance"),
        };
        Some(Strip {
            heading: heading(in_maintenance, read_only, draining, total),
            status,
            has_causes: sites.iter().any(is_odd),
            sites,
            more,
            more_href: format!("{}?status={list}", self.base()),
            warning: is_long.then(|| {
                "Search engines accept a 503 for a day or two, then begin to drop pages. One of these sites has been \
                 closed for more than a day."
                    .to_owned()
            }),
        })
    }
}

/// `3 of 20 sites in maintenance, 1 closed for writing, 1 draining`.
fn heading(in_maintenance: usize, read_only: usize, draining: usize, total: usize) -> String {
    let sites = if total == 1 { "site" } else { "sites" };
    let counted =
        [(in_maintenance, Level::Full.in_words()), (read_only, Level::ReadOnly.in_words()), (draining, "draining")];
    let mut parts = counted.into_iter().filter(|(number, _)| *number > 0);
    let first = parts.next().map(|(number, words)| format!("{number} of {total} {sites} {words}"));
    first.into_iter().chain(parts.map(|(number, words)| format!("{number} {words}"))).collect::<Vec<_>>().join(", ")
}

/// A closed site that the strip may name, as it is enforced.
struct Named<'s> {
    site: &'s SiteSnapshot,
    closed: Closed<'s>,
}

impl Named<'_> {
    fn is_draining(&self) -> bool {
        self.closed.phase() == Phase::Draining
    }

    fn is_read_only(&self) -> bool {
        !self.is_draining() && self.closed.level() == Level::ReadOnly
    }

    /// Whether search engines have met its answer for long.
    fn is_long(&self, now: Timestamp) -> bool {
        let is_long = |since: Timestamp| now.duration_since(since).as_hours() >= LONG_HOURS;
        self.closed.level() == Level::Full && self.closed.since().is_some_and(is_long)
    }

    /// Overdue first, then in maintenance, then closed for writing, then draining; the longest first, to the second.
    fn rank(&self, now: Timestamp) -> (bool, bool, bool, Option<i64>) {
        let began = self.closed.since().map(Timestamp::as_second);
        (!self.closed.is_overdue(now), self.is_draining(), self.is_read_only(), began)
    }

    fn domain(&self) -> String {
        self.site.domain.to_unicode()
    }
}

/// Leaves those that the strip names, in their order. The others, of which there may be thousands, are not put in one.
fn keep_first(closed: &mut Vec<Named<'_>>, now: Timestamp) {
    let order = |a: &Named<'_>, b: &Named<'_>| a.rank(now).cmp(&b.rank(now)).then_with(|| a.domain().cmp(&b.domain()));
    if closed.len() > MAX_STRIP_SITES {
        closed.select_nth_unstable_by(MAX_STRIP_SITES, order);
        closed.truncate(MAX_STRIP_SITES);
    }
    closed.sort_by(order);
}

/// The sites of the strip in words. Only these are asked what holds them closed.
fn strip_sites(panel: &Panel, shown: &[Named<'_>], now: Timestamp) -> Vec<StripSite> {
    let zone = panel.zone();
    let worded = CauseWords { base: panel.base(), zone: &zone, now };
    let named = shown.iter().map(|named| {
        let Named { site, closed } = named;
        let standing = closed.record().causes().standing(now);
        let closes_at = standing.closes_at().map(|at| Moment::of(at, &zone, now).short);
        let left = panel.maintenance.left().of(site.id).map(|left| format!(", {} left", who(left)));
        let page = if closes_at.is_some() { "draining/" } else { "" };
        StripSite {
            domain: named.domain(),
            href: format!("{}sites/{}/{page}", panel.base(), site.id),
            is_read_only: named.is_read_only(),
            draining: closes_at.map(|at| format!("closes at {at}{}", left.unwrap_or_default())),
            since: standing.since.map(|since| Moment::of(since, &zone, now)),
            lasted: standing.since.map(|since| lasted(since, now)).unwrap_or_default(),
            overdue: standing.overdue(now).map(|end| lasted(end, now)),
            causes: standing.causes.iter().map(|cause| worded.row(closed.record(), cause)).collect(),
            by: standing.by,
        }
    });
    named.collect()
}
