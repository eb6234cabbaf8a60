//! Takes changes back: at once, or after asking when something changed since.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Deserialize;

use super::words::{Words, domain, name_in};
use crate::actions::{ActionError, Undone};
use crate::admin::error::PanelError;
use crate::admin::form::Form;
use crate::admin::own::Operator;
use crate::admin::page::{FieldChange, Flash, Section, UndoPage, lasted};
use crate::admin::panel::{Panel, see_other};
use crate::admin::words::list;
use crate::change::{Change, Revision};
use crate::clock;
use crate::maintenance::Phase;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::{ChangeFilter, Reader, StoreError};
use crate::user::Rights;

/// Most changes that are taken back at once.
const MAX_AT_ONCE: usize = 1_000;

/// Most sites that a message names.
const MAX_NAMED: usize = 5;

/// Which changes to take back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    revisions: Vec<i64>,
    /// The last revision that was known to whoever confirmed.
    seen: Option<i64>,
    back: String,
}

/// What the changes are, read before anything is done.
struct Asked {
    /// Newest first, those that are not undone already.
    changes: Vec<Change>,
    /// The undo of the first one that is.
    undone_by: Option<Revision>,
}

/// Takes the changes back, all of them or none.
pub(in crate::admin) async fn undo(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, PanelError> {
    let back = panel.way_back(&typed.back);
    let asked = read(&panel, &operator, &typed.revisions).await?;
    if asked.changes.is_empty() {
        let by = asked.undone_by.ok_or(PanelError::NotFound)?;
        Flash::note(format!("That was undone already, by change {by}. Nothing changed.")).keep(&session);
        return Ok(see_other(&back));
    }
    if let Some(site) = asked.changes.iter().find_map(added) {
        panel.need_superuser(&operator).await?;
        Flash::note("Nothing was undone yet: that would delete the site.").keep(&session);
        return Ok(see_other(&deletion(&panel, site)));
    }
    let revisions: Vec<Revision> = asked.changes.iter().map(|change| change.revision).collect();
    let (actor, these, seen) = (operator.actor(), revisions.clone(), typed.seen.map(Revision));
    match panel.act(move |actions| actions.undo_all(&actor, &these, seen)).await {
        Ok(done) => {
            let told = match done.value.as_slice() {
                [Undone { change, record: Some(record) }] if change.after.is_none() => {
                    told(&done.value).with_link("Undo…", deletion(&panel, record.site.id))
                }
                _ => told(&done.value).with_undo(done.changes.iter().map(|change| change.0), &typed.back),
            };
            panel.confirmed(told, done.revision).await.keep(&session);
            Ok(see_other(&back))
        }
        Err(ActionError::ChangedSince { .. }) => {
            let page = UndoPage { back: typed.back, ..ask(&panel, asked.changes).await? };
            let frame = panel.frame(&session, &operator, Some(Section::History));
            panel.page(StatusCode::CONFLICT, &frame, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// The site that a change has added: taking it back would delete the site, and only its own page does that.
pub(super) fn added(change: &Change) -> Option<SiteId> {
    change.site_id.filter(|_| change.before.is_none() && change.after.is_some())
}

/// The page that deletes a site, after its domain has been typed.
fn deletion(panel: &Panel, site: SiteId) -> String {
    format!("{}sites/{site}/delete/", panel.base())
}

/// Reads the changes. Those of sites that are not the reader's are refused, and those of users are not there.
async fn read(panel: &Panel, operator: &Operator, revisions: &[i64]) -> Result<Asked, PanelError> {
    let mut revisions: Vec<Revision> = revisions.iter().map(|revision| Revision(*revision)).collect();
    revisions.sort_by(|a, b| b.cmp(a));
    revisions.dedup();
    if revisions.len() > MAX_AT_ONCE {
        return Err(PanelError::Refused("More than 1,000 changes cannot be undone at once."));
    }
    let rights = operator.rights().clone();
    match panel.read(move |reader| look_up(reader, &rights, revisions)).await? {
        Ok(asked) => Ok(asked),
        Err(Withheld::Unknown) => Err(PanelError::NotFound),
        Err(Withheld::OfSite(site)) => {
            Err(panel.need_staff_of(operator, site).await.err().unwrap_or(PanelError::NotFound))
        }
    }
}

/// Why a change is not shown to whoever asks for it.
enum Withheld {
    /// It is not there, or not to be known of.
    Unknown,
    /// It is about a site of others.
    OfSite(SiteId),
}

/// The changes of these numbers, or why one of them is withheld.
fn look_up(
    reader: &mut Reader<'_>,
    rights: &Rights,
    revisions: Vec<Revision>,
) -> Result<Result<Asked, Withheld>, StoreError> {
    let mut asked = Asked { changes: Vec::new(), undone_by: None };
    for revision in revisions {
        let change = match reader.change(revision)?.ok_or(Withheld::Unknown).and_then(|it| permitted(it, rights)) {
            Ok(change) => change,
            Err(withheld) => return Ok(Err(withheld)),
        };
        match reader.change_undone_by(revision)? {
            Some(by) => asked.undone_by = asked.undone_by.or(Some(by)),
            None => asked.changes.push(change),
        }
    }
    Ok(Ok(asked))
}

/// The change, if somebody with these rights may undo it: one of all sites only a superuser, one of a user nobody.
fn permitted(change: Change, rights: &Rights) -> Result<Change, Withheld> {
    match change.site_id {
        None if change.is_of_all_sites() && rights.superuser() => Ok(change),
        None => Err(Withheld::Unknown),
        Some(site) if rights.staff_of(site) => Ok(change),
        Some(site) => Err(Withheld::OfSite(site)),
    }
}

/// The page that shows what is now and what it would become.
async fn ask(panel: &Panel, changes: Vec<Change>) -> Result<UndoPage, PanelError> {
    let (snapshot, zone) = (panel.maintenance.snapshot(), panel.zone());
    panel
        .read(move |reader| {
            let words = Words { site: &name_in(&snapshot), zone, now: clock::now() };
            Ok(UndoPage {
                revisions: changes.iter().map(|change| change.revision.0).collect(),
                seen: reader.change_last()?.0,
                what: what(&changes),
                since: since(reader, &changes)?,
                changes: preview(reader, &words, &changes)?,
                back: String::new(),
            })
        })
        .await
}

/// `Expected end changed on billing.example.com`, `Maintenance started on 3 sites`.
fn what(changes: &[Change]) -> String {
    match changes {
        [only] => format!("{} on {}", only.title(), domain(&only.subject)),
        several => format!("{} changes", several.len()),
    }
}

/// Who changed the first of the sites last, and when.
fn since(reader: &mut Reader<'_>, changes: &[Change]) -> Result<String, StoreError> {
    let mut latest: Option<Change> = None;
    for change in changes {
        let filter = of_the_same(change);
        let last = reader.change_list(&filter, 1)?.pop().filter(|last| last.revision > change.revision);
        if last.as_ref().map(|last| last.revision) > latest.as_ref().map(|latest| latest.revision) {
            latest = last;
        }
    }
    Ok(latest.map_or_else(String::new, |last| {
        format!("{} changed {} again {} ago.", last.actor, domain(&last.subject), lasted(last.at, clock::now()))
    }))
}

/// What the log has about the site of a change, or about the windows of all sites.
fn of_the_same(change: &Change) -> ChangeFilter {
    match change.site_id {
        Some(site) => ChangeFilter { site_id: Some(site), ..ChangeFilter::default() },
        None => ChangeFilter {
            subject: Some(change.subject.clone()),
            action: Some("window.".to_owned()),
            ..ChangeFilter::default()
        },
    }
}

/// The fields as they are now and as they would be, site by site.
fn preview(reader: &mut Reader<'_>, words: &Words<'_>, changes: &[Change]) -> Result<Vec<FieldChange>, StoreError> {
    let mut records: HashMap<SiteId, (SiteRecord, SiteRecord)> = HashMap::new();
    let mut order = Vec::new();
    for change in changes {
        let Some(site) = change.site_id else { continue };
        if let Entry::Vacant(empty) = records.entry(site) {
            let Some((record, _)) = reader.record(site)? else { continue };
            empty.insert((record.clone(), record));
            order.push(site);
        }
        let before = change.before.as_ref().and_then(|before| before.as_object());
        if let (Some((_, would)), Some(before)) = (records.get_mut(&site), before)
            && let Ok(put_back) = would.with(before)
        {
            *would = put_back;
        }
    }
    let several = order.len() > 1;
    let mut shown = Vec::new();
    for site in order {
        let (now, would) = &records[&site];
        let difference = now.difference(would);
        for mut change in words.difference(&difference.before, &difference.after) {
            if several {
                change.label = format!("{}: {}", now.site.domain.to_unicode(), change.label);
            }
            shown.push(change);
        }
    }
    Ok(shown)
}

/// What is said afterwards.
fn told(undone: &[Undone]) -> Flash {
    let now = clock::now();
    match undone {
        [only] => Flash::done(one(only, now)),
        several => {
            let mut names: Vec<String> = several.iter().map(|undone| domain(&undone.change.subject)).collect();
            names.dedup();
            let flash = Flash::done(format!("Undone: {} changes.", several.len()));
            Flash { detail: format!("{}.", list(&names, MAX_NAMED)), ..flash }
        }
    }
}

fn one(undone: &Undone, now: jiff::Timestamp) -> String {
    let change = &undone.change;
    let domain = domain(&change.subject);
    match &undone.record {
        None => format!("Undone: {} on {domain}.", lower_first(change.title())),
        Some(_) if change.after.is_none() => format!("Undone: {domain} is there again."),
        Some(record) if record.causes().standing(now).phase() == Phase::Draining => {
            format!("Undone: {domain} is draining again.")
        }
        Some(record)
            if matches!(change.action.as_str(), "maintenance.started" | "drain.started") && !record.is_closed(now) =>
        {
            format!("Undone: {domain} is open again.")
        }
        Some(record)
            if matches!(change.action.as_str(), "maintenance.ended" | "drain.cancelled") && record.is_closed(now) =>
        {
            format!("Undone: {domain} is {} again.", record.causes().standing(now).in_words())
        }
        Some(_) => format!("Undone: {} on {domain}.", lower_first(change.title())),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}
