//! Starts or ends maintenance on several sites: asks once, names them all, and one click takes it back.

use std::collections::HashMap;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::cause::states;
use super::draining::{Mode, long_drain};
use super::error::PanelError;
use super::form::{Form, parse};
use super::own::Operator;
use super::page::{BulkPage, BulkRow, Field, FieldError, Flash, Section};
use super::panel::{Panel, see_other};
use super::site::{Told, address, refused_domain};
use super::words::count;
use crate::actions::{ActionError, Start};
use crate::cause::Standing;
use crate::clock;
use crate::drain::{LONG, LONGEST};
use crate::record::SiteRecord;
use crate::site::SiteId;

/// What the list and the question send.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct BulkForm {
    /// `start`, `end`, or `schedule`, which has a form of its own.
    action: String,
    /// Keys of the ticked sites.
    sites: Vec<i64>,
    /// How maintenance starts: `drain`, or anything else for at once.
    how: Option<String>,
    /// Minutes that those at work have at most.
    drain_minutes: Option<String>,
    /// The length of a drain, in minutes, that is confirmed.
    confirm: String,
    /// Domains of protected sites as they were typed, by key.
    typed: HashMap<String, String>,
    /// Where to go afterwards, below the panel's path.
    back: String,
}

/// What has a form of its own to go on with.
const SCHEDULE: &str = "schedule";

/// What is done to the sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Start,
    End,
}

impl BulkForm {
    fn mode(&self) -> Mode {
        Mode::typed(self.how.as_deref(), self.drain_minutes.as_deref())
    }
}

impl Action {
    fn parse(word: &str) -> Result<Self, PanelError> {
        match word {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            other => Err(PanelError::BadForm(format!("“{other}” is neither start nor end"))),
        }
    }

    fn word(self) -> &'static str {
        if self == Self::Start { "start" } else { "end" }
    }

    fn verb(self) -> &'static str {
        if self == Self::Start { "Start" } else { "End" }
    }

    fn is_done(self, record: &SiteRecord, now: Timestamp) -> bool {
        record.is_closed(now) == (self == Self::Start)
    }
}

/// Asks once, before anything is done.
pub(super) async fn ask(
    req: HttpRequest,
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let form: BulkForm = parse(req.query_string().as_bytes())?;
    if form.action.is_empty() {
        // What a browser asks for that is led back to the page of a form it has sent.
        return Ok(see_other(panel.base()));
    }
    let is_scheduled = form.action == SCHEDULE;
    let action = if is_scheduled { Action::Start } else { Action::parse(&form.action)? };
    let records = records(&panel, &operator, &form).await?;
    if is_scheduled && !records.is_empty() {
        let sites: Vec<String> = records.iter().map(|record| record.site.id.to_string()).collect();
        let query = address(&[("sites", &sites.join(","))]);
        return Ok(see_other(&format!("{}schedule/add/{query}", panel.base())));
    }
    if records.is_empty() {
        Flash::note("No site is ticked. Nothing changed.").keep(&session);
        return Ok(see_other(&panel.way_back(&selecting(&form))));
    }
    let page = question(action, &records, &form, Refused::No, clock::now());
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Sites)), &page)
}

/// Does it, to all of the sites or to none.
pub(super) async fn act(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    Form(form): Form<BulkForm>,
) -> Result<HttpResponse, PanelError> {
    let action = Action::parse(&form.action)?;
    let records = records(&panel, &operator, &form).await?;
    let sites: Vec<SiteId> = records.iter().map(|record| record.site.id).collect();
    let now = clock::now();
    let ask = |page: BulkPage| {
        let frame = panel.frame(&session, &operator, Some(Section::Sites));
        panel.page(StatusCode::UNPROCESSABLE_ENTITY, &frame, &page)
    };
    let length = match form.mode().read(LONGEST).map(|minutes| SignedDuration::from_mins(minutes.into())) {
        Ok(length) if action == Action::Start => length,
        Ok(_) => SignedDuration::ZERO,
        Err(wrong) => return ask(question(action, &records, &form, Refused::Drain(wrong), now)),
    };
    if length > LONG && form.confirm != length.as_mins().to_string() {
        return ask(question(action, &records, &form, Refused::Long(length), now));
    }
    let drain_until = if length.is_zero() { None } else { now.checked_add(length).ok() };
    let start = Start { typed_domains: Some(form.typed.values().cloned().collect()), drain_until, ..Start::default() };
    let actor = operator.actor();
    let done = panel
        .act(move |actions| match action {
            Action::Start => actions.start(&actor, &sites, &start),
            Action::End => actions.end(&actor, &sites),
        })
        .await;
    match done {
        Ok(done) if done.value.is_empty() => Flash::note("No site is ticked. Nothing changed.").keep(&session),
        Ok(done) => Told::by(&panel, &form.back, clock::now()).confirmed(&done).await.keep(&session),
        Err(ActionError::Protected { .. }) => {
            return ask(question(action, &records, &form, Refused::Domain, clock::now()));
        }
        Err(refused) => return Err(refused.into()),
    }
    Ok(see_other(&panel.way_back(&form.back)))
}

/// The ticked sites by domain, each of them one of the operator's; those that are gone meanwhile are left out.
async fn records(panel: &Panel, operator: &Operator, form: &BulkForm) -> Result<Vec<SiteRecord>, PanelError> {
    let sites: Vec<SiteId> = form.sites.iter().copied().map(SiteId).collect();
    for site in &sites {
        panel.need_staff_of(operator, *site).await?;
    }
    let found = panel.read(move |reader| reader.record_some(&sites)).await?;
    let mut records: Vec<SiteRecord> = found.into_iter().map(|(record, _)| record).collect();
    records.sort_by_cached_key(|record| record.site.domain.to_unicode());
    Ok(records)
}

/// Why it is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refused {
    /// It is asked for the first time.
    No,
    /// The domain of a protected site was not typed.
    Domain,
    /// The minutes cannot be, in words.
    Drain(String),
    /// The drain is longer than anybody begins without being asked.
    Long(SignedDuration),
}

fn question(action: Action, records: &[SiteRecord], form: &BulkForm, refused: Refused, now: Timestamp) -> BulkPage {
    let is_refused = refused == Refused::Domain;
    let fault = if let Refused::Drain(wrong) = &refused { Some(wrong) } else { None };
    let [how, drain_minutes] = form.mode().fields(fault);
    let (done, open): (Vec<_>, Vec<_>) = records.iter().partition(|record| action.is_done(record, now));
    let rows: Vec<BulkRow> = open.iter().map(|record| row(action, record, form, is_refused)).collect();
    let what = match open.as_slice() {
        [only] => only.site.domain.to_unicode(),
        several => count(several.len(), "site"),
    };
    let button = format!("{} maintenance on {what}", action.verb());
    BulkPage {
        action: action.word().to_owned(),
        question: if rows.is_empty() { format!("Nothing to {}", action.word()) } else { format!("{button}?") },
        button,
        errors: FieldError::of([&drain_minutes].into_iter().chain(rows.iter().filter_map(|row| row.typed.as_ref()))),
        may_drain: action == Action::Start && !rows.is_empty(),
        how,
        drain_minutes,
        confirm: match &refused {
            Refused::Long(length) => Some(length.as_mins().to_string()),
            _ => None,
        },
        warning: match &refused {
            Refused::Long(length) => Some(long_drain(*length)),
            _ => None,
        },
        note: note(&done, !rows.is_empty(), now),
        rows,
        back: form.back.clone(),
        cancel: selecting(form),
    }
}

/// What is said about those that are so already.
fn note(done: &[&SiteRecord], are_there_others: bool, now: Timestamp) -> Option<String> {
    let standings: Vec<Standing> = done.iter().map(|record| record.causes().standing(now)).collect();
    let (state, done) = (states(standings.iter()), done.len());
    let (more, verb) = (if are_there_others { " more" } else { "" }, if done == 1 { "is" } else { "are" });
    match (done, are_there_others) {
        (0, _) => None,
        (_, true) => {
            let stay = if done == 1 { "stays" } else { "stay" };
            Some(format!("{done}{more} {verb} already {state} and {stay} so."))
        }
        (_, false) => Some(format!("{} {verb} already {state}.", count(done, "site"))),
    }
}

fn row(action: Action, record: &SiteRecord, form: &BulkForm, is_refused: bool) -> BulkRow {
    let site = &record.site;
    let is_asked = action == Action::Start && site.is_protected;
    let typed = is_asked.then(|| {
        let name = format!("typed[{}]", site.id);
        let typed = form.typed.get(&site.id.to_string()).cloned().unwrap_or_default();
        if is_refused && !site.domain.is_meant_by(&typed) {
            refused_domain(record, &name, typed)
        } else {
            Field::new(name, typed)
        }
    });
    BulkRow { id: site.id.0, domain: site.domain.to_unicode(), typed }
}

/// The list that one came from, with the boxes as they were ticked.
fn selecting(form: &BulkForm) -> String {
    let sign = if form.back.contains('?') { '&' } else { '?' };
    let ticked: String = form.sites.iter().map(|site| format!("&sites[]={site}")).collect();
    format!("{}{sign}select=1{ticked}", form.back)
}
