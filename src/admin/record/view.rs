//! One request's view of a site: what is stored, who asks, and the page made of it.

use std::sync::Arc;

use actix_web::HttpRequest;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::edited::{Edited, Odd};
use super::tester::Asker;
use super::typed::Typed;
use super::{end, rows};
use crate::admin::cause::{CauseWords, going_on};
use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::page::{
    Conflict, Field, FieldError, Moment, OthersQuestion, RecordPage, SiteWindow, Span, Status, Warnings, lasted,
};
use crate::admin::panel::Panel;
use crate::admin::seen::Onlooker;
use crate::admin::window::{named, repeats};
use crate::admin::words::list;
use crate::cause::Standing;
use crate::change::{Change, Revision};
use crate::clock;
use crate::maintenance::{Level, Phase};
use crate::middleware::origin_of;
use crate::record::SiteRecord;
use crate::site::{self, SiteId, request_host};
use crate::snapshot::Snapshot;
use crate::user::User;

/// Hours after which a closed site loses its places with search engines.
const LONG_HOURS: i64 = 24;

/// Most windows that the page of a site lists.
const MAX_WINDOWS: usize = 5;

/// Most causes that the box names.
const MAX_CAUSES: usize = 2;

/// Most people that a refusal names.
const MAX_WHO: usize = 5;

/// What a page of a site is made from.
pub(super) struct View {
    /// The site.
    pub(super) id: SiteId,
    /// Path of the panel.
    pub(super) base: String,
    /// Time of the request.
    pub(super) now: Timestamp,
    /// Zone of the site.
    pub(super) zone: TimeZone,
    /// Who asks.
    pub(super) operator: Operator,
    /// The record as stored.
    pub(super) stored: SiteRecord,
    /// The revision that it was last changed at.
    pub(super) revision: Revision,
    /// What others have saved of the record since the form was read, newest first.
    pub(super) edits: Vec<Change>,
    /// How the user is seen.
    pub(super) onlooker: Onlooker,
    users: Vec<User>,
    snapshot: Arc<Snapshot>,
    site_url: String,
}

/// What is said on the page besides what is typed.
#[derive(Default)]
pub(super) struct Said {
    /// A refusal that belongs to no field.
    pub(super) refusal: Option<String>,
    /// Whether the errors of the fields are shown.
    pub(super) shows_faults: bool,
    /// What is asked about windows and leases when the box is unticked.
    pub(super) question: Option<OthersQuestion>,
    /// What is to be confirmed.
    pub(super) warnings: Option<Warnings>,
    /// What somebody else has saved.
    pub(super) conflict: Option<Conflict>,
    /// Whether the page answers *Check without saving*.
    pub(super) is_checked: bool,
    /// Whether the page answers the tester, whose answer then takes the focus.
    pub(super) is_tested: bool,
}

impl View {
    /// Reads the site, for those who may see it. `read_at` is the revision of the form that came back, if one did.
    ///
    /// # Errors
    /// 404 for a site that is not there, 403 for one that is not the user's.
    pub(super) async fn load(
        panel: &Panel,
        req: &HttpRequest,
        operator: Operator,
        id: SiteId,
        read_at: Option<Revision>,
    ) -> Result<Self, PanelError> {
        let (found, users, edits) = panel
            .read(move |reader| {
                let found = reader.record(id)?;
                let is_older = |read_at: &Revision| found.as_ref().is_some_and(|(_, revision)| read_at < revision);
                let edits = match read_at.filter(is_older) {
                    Some(read_at) => reader.change_edits_since(id, read_at)?,
                    None => Vec::new(),
                };
                Ok((found, reader.user_list()?, edits))
            })
            .await?;
        if !operator.rights().staff_of(id) {
            let who = users.into_iter().filter(|user| user.rights.staff_of(id)).map(|user| user.username);
            return Err(PanelError::not_allowed("staff of this site", who.take(MAX_WHO).collect()));
        }
        let (stored, revision) = found.ok_or(PanelError::NotFound)?;
        let snapshot = panel.maintenance.snapshot();
        let trusted = &snapshot.rules().trusted;
        Ok(Self {
            id,
            base: panel.base().to_owned(),
            now: clock::now(),
            zone: site::time_zone(&stored.site.time_zone).unwrap_or(TimeZone::UTC),
            site_url: site_url(&snapshot, origin_of(req, trusted), &stored),
            onlooker: panel.onlooker(req, &operator),
            snapshot,
            operator,
            stored,
            revision,
            edits,
            users,
        })
    }

    /// The form as it begins.
    pub(super) fn begin(&self) -> Typed {
        let language = &self.snapshot.rules().language;
        let typed = Typed::stored(&self.stored, &self.zone, language, self.now);
        Typed { revision: self.revision.0, ..typed }
    }

    /// What a typed form would make of the record.
    pub(super) fn edited(&self, typed: &Typed) -> Edited {
        Edited::of(typed, &self.stored, &self.operator.user.username, &self.zone, self.now)
    }

    /// Who asks, for the tester.
    pub(super) fn asker(&self) -> Asker<'_> {
        Asker {
            base: &self.base,
            snapshot: &self.snapshot,
            me: &self.operator.user,
            onlooker: &self.onlooker,
            users: &self.users,
            now: self.now,
        }
    }

    /// How many sites are in maintenance on this server.
    pub(super) fn closed_sites(&self) -> usize {
        self.snapshot.count_closed(Phase::Maintenance, self.now)
    }

    /// Whether the site is closed, as stored.
    pub(super) fn is_closed(&self) -> bool {
        self.stored.is_closed(self.now)
    }

    /// The page, with the form as it is typed.
    pub(super) fn page(&self, typed: &Typed, edited: &Edited, odd: &Odd, said: Said) -> RecordPage {
        let none = Default::default();
        let faults = if said.shows_faults { &edited.faults } else { &none };
        let field = |name: &str, value: &str| match faults.get(name) {
            Some(words) => Field::new(name, value).refused(words),
            None => Field::new(name, value),
        };
        let is_closed = self.is_closed();
        let standing = self.stored.causes().standing(self.now);
        let is_open = || !standing.is_closed();
        let next = self.stored.causes().next_window(self.now).filter(|_| is_open()).map(|(_, time)| time.starts_at);
        let domain = self.stored.site.domain.to_unicode();
        let is_answered = [&typed.redirect_url, &typed.retry_after].iter().any(|text| !text.trim().is_empty());
        let [how, drain_minutes] = typed.mode.fields(faults.get("drain_minutes"));
        let mut page = RecordPage {
            id: self.id.0,
            how,
            drain_minutes,
            may_drain: !self.stored.maintenance.box_holds(self.now),
            read_only: Field::ticked("read_only", typed.read_only),
            name: self.stored.site.name.clone(),
            site_url: self.site_url.clone(),
            status: if next.is_some() { Status::SCHEDULED } else { (&standing).into() },
            next: next.map(|at| Moment::of(at, &self.zone, self.now)),
            since: standing.since.map(|since| Moment::of(since, &self.zone, self.now)),
            closes_at: standing.closes_at().map(|at| Moment::of(at, &self.zone, self.now)),
            by: standing.by.clone(),
            overdue: standing.overdue(self.now).map(|end| lasted(end, self.now)),
            site_notice: self.notice(),
            zone: self.stored.site.time_zone.clone(),
            end_example: end::example(self.now, &self.zone),
            is_protected: self.stored.site.is_protected && !is_closed,
            may_change_site: self.operator.rights().superuser(),
            revision: typed.revision,
            in_maintenance: Field::ticked("in_maintenance", typed.in_maintenance),
            box_hint: self.box_hint(&standing),
            typed_domain: field("typed_domain", &typed.typed_domain),
            expected_end: field("expected_end", &typed.expected_end),
            at_end: field("at_end", &typed.at_end),
            messages: rows::messages(typed, &self.stored, faults),
            languages: rows::languages(typed),
            patterns: rows::patterns(typed, &self.stored, faults, odd),
            suggestions: rows::suggestions(typed),
            networks: rows::networks(typed, &self.stored, faults),
            redirect_url: field("redirect_url", &typed.redirect_url),
            retry_after: field("retry_after", &typed.retry_after),
            retry_after_setting: self.snapshot.rules().retry_after,
            is_answer_open: is_answered || faults.contains_key("redirect_url"),
            errors: Vec::new(),
            others: if said.question.is_some() { "" } else { typed.others.as_str() }.to_owned(),
            question: said.question,
            warnings: said.warnings,
            holding: CauseWords { base: &self.base, zone: &self.zone, now: self.now }.holding(&self.stored),
            windows: self.windows(),
            more_windows: self.stored.causes().every_window().count() > MAX_WINDOWS,
            conflict: said.conflict,
            is_checked: said.is_checked,
            tester: self.asker().tester(&edited.enforceable(), is_closed, &typed.test),
            domain,
        };
        page.tester.is_asked = said.is_tested;
        page.errors = errors(&page, faults, said.refusal);
        page
    }

    /// What the box does, or would do beside what holds the site already.
    fn box_hint(&self, standing: &Standing) -> String {
        const WHO: &str = "Who gets in is listed under “Who gets in?”.";
        if self.stored.maintenance.box_holds(self.now) || !standing.is_closed() {
            return format!("{} {WHO}", standing.level().unwrap_or_default().consequence());
        }
        let causes: Vec<String> = standing.causes.iter().map(|cause| going_on(cause, &self.zone, self.now)).collect();
        let verb = if standing.phase() == Phase::Draining { "drains for" } else { "is closed by" };
        let causes = list(&causes, MAX_CAUSES);
        format!("The site {verb} {causes}. The box, once it is ticked, closes it besides. {WHO}")
    }

    /// The next times of the windows that close the site, those that run among them.
    fn windows(&self) -> Vec<SiteWindow> {
        let causes = self.stored.causes();
        let mut windows: Vec<(Timestamp, SiteWindow)> = causes
            .every_window()
            .filter_map(|window| {
                let calendar = window.calendar().ok()?;
                let next = window.after(&calendar, self.now).next()?;
                let is_own = self.stored.windows.iter().any(|own| own.id == window.id);
                let is_theirs = is_own || self.operator.rights().superuser();
                let words = SiteWindow {
                    name: named(&window),
                    href: is_theirs.then(|| format!("{}schedule/{}/", self.base, window.id)),
                    when: Span::of(&next, &self.zone, self.now),
                    repeats: repeats(&window.schedule),
                    is_of_all: !is_own,
                };
                Some((next.starts_at, words))
            })
            .collect();
        windows.sort_by_key(|(starts_at, _)| *starts_at);
        windows.into_iter().take(MAX_WINDOWS).map(|(_, window)| window).collect()
    }

    fn notice(&self) -> Option<String> {
        let mut sentences = Vec::new();
        let standing = self.stored.causes().standing(self.now);
        // Search engines read a site that is closed for writing only as ever.
        let since = standing.since.filter(|_| standing.level() == Some(Level::Full));
        if let Some(since) = since.filter(|since| self.now.duration_since(*since).as_hours() >= LONG_HOURS) {
            sentences.push(format!(
                "This site has been closed for {}. Search engines accept a 503 for a day or two, then begin to drop \
                 pages.",
                lasted(since, self.now)
            ));
        }
        let closed = self.snapshot.site(self.id).and_then(|site| site.closed());
        if let Some(error) = closed.and_then(|closed| closed.at(self.now)?.pages().template_error()) {
            sentences.push(format!("Its own template cannot be used, the built-in page stands in: {error}"));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }
}

/// The list of errors, in the order of the form; what belongs to no field comes first.
fn errors(
    page: &RecordPage,
    faults: &std::collections::BTreeMap<String, String>,
    refusal: Option<String>,
) -> Vec<FieldError> {
    let line = |id: &str, message: &String| FieldError { id: id.to_owned(), message: message.clone() };
    let mut lines: Vec<FieldError> = refusal.iter().map(|words| line("", words)).collect();
    lines.extend(FieldError::of([&page.typed_domain, &page.drain_minutes, &page.expected_end]));
    // The first of its two buttons; a group has no id of its own.
    lines.extend(page.at_end.error.iter().map(|words| line("at_end-remind", words)));
    let whole = |list: &str| faults.get(list).map(|words| line(list, words));
    lines.extend(whole("messages"));
    lines.extend(page.messages.iter().flat_map(|row| {
        FieldError::of([&row.language, &row.heading, &row.body, &row.contact, &row.link_label, &row.link_url])
    }));
    lines.extend(whole("patterns"));
    lines.extend(page.patterns.iter().flat_map(|row| FieldError::of([&row.pattern, &row.description])));
    lines.extend(whole("networks"));
    lines.extend(page.networks.iter().flat_map(|row| FieldError::of([&row.network, &row.description])));
    lines.extend(FieldError::of([&page.redirect_url, &page.retry_after]));
    // The site's own settings are not in this form.
    let elsewhere = ["domain", "name", "aliases", "time_zone"];
    lines.extend(elsewhere.iter().filter_map(|name| Some(line("", faults.get(*name)?))));
    lines
}

/// Address of the site itself: that of the panel when the same host serves both.
fn site_url(snapshot: &Snapshot, (scheme, host): (&str, String), record: &SiteRecord) -> String {
    let serves = request_host(&host).ok().and_then(|host| snapshot.site_for(&host).map(|site| site.id));
    if serves == Some(record.site.id) {
        return format!("{scheme}://{host}/");
    }
    format!("{scheme}://{}/", record.site.domain)
}
