//! Saving a site: refused with everything typed kept, asked about, or done.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};

use super::conflict::conflict;
use super::edited::{Edited, Odd};
use super::told;
use super::typed::{Button, CONTINUE, Others, Typed};
use super::view::{Said, View};
use crate::actions::{ActionError, Done, Save, Saved};
use crate::admin::cause::going_on;
use crate::admin::error::PanelError;
use crate::admin::form::Sent;
use crate::admin::kept;
use crate::admin::own::Operator;
use crate::admin::page::{Choice, Field, OthersQuestion, RecordPage, Section, WarningLine, Warnings};
use crate::admin::panel::{Panel, see_other};
use crate::admin::words::list;
use crate::auth::CsrfError;
use crate::change::{Change, Revision};
use crate::clock;
use crate::field::Warning;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::storage::StoreError;

/// Warns whoever would be kept out by the very rules.
const LOCK_OUT: &str = "With these rules you would get the 503 page yourself. This admin stays open.";

/// Said when the form is of an older session.
pub(in crate::admin) const EXPIRED: &str =
    "This page had expired, because you logged in anew. What you typed is still here: save it again.";

/// Most causes that a question names.
const MAX_NAMED: usize = 3;

/// A form that has been read, beside the site that it is about.
struct Read {
    view: View,
    typed: Typed,
    edited: Edited,
    odd: Odd,
}

/// What comes of it.
enum Judged {
    /// A page, and nothing is saved.
    Page(StatusCode, Box<RecordPage>),
    /// To be saved, after these warnings were confirmed.
    Save(BTreeSet<String>),
}

/// Saves a site, or answers *Check without saving*.
pub(in crate::admin) async fn save(
    panel: Data<Panel>,
    req: HttpRequest,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    form: Sent,
) -> Result<HttpResponse, PanelError> {
    let is_expired = match form.proof {
        Ok(()) => false,
        Err(CsrfError::WrongToken) => true,
        // What another site has filled in is not shown as if the user had typed it.
        Err(error) => return Err(error.into()),
    };
    let answer = |status: StatusCode, page: &RecordPage| {
        panel.page(status, &panel.frame(&session, &operator, Some(Section::Sites)), page)
    };
    // A form that does not say which is older than any change.
    let read_at = Revision(form.fields.text("revision").trim().parse().unwrap_or(0));
    let view = match View::load(&panel, &req, operator.clone(), SiteId(*id), Some(read_at)).await {
        Err(PanelError::Action(ActionError::Store(error))) if error.is_passing() => {
            log::error!("The site {} could not be read to be saved: {error}", *id);
            let kept = kept::kept_form(req.path(), &form.fields);
            let page = kept::not_done(&panel, &panel.page_of_form(req.headers()), kept);
            return Ok(panel.error_page(&panel.frame(&session, &operator, Some(Section::Sites)), &page));
        }
        view => view?,
    };
    let (read, judged) = web::block(move || {
        let typed = view.begin().sent(&form.fields);
        let read = Read::of(view, typed);
        let judged = if is_expired { read.expired() } else { read.judge() };
        (Arc::new(read), judged)
    })
    .await?;
    let confirmed = match judged {
        Judged::Page(status, page) => return answer(status, &page),
        Judged::Save(confirmed) => confirmed,
    };
    let (actor, record, save) = (operator.actor(), read.edited.record.clone(), read.to_save(confirmed));
    match panel.act(move |actions| actions.record_save(&actor, &record, &save)).await {
        Ok(done) => Ok(read.done(&panel, &done, &session).await),
        Err(error) => {
            let (status, page) = web::block(move || read.failed(error)).await??;
            answer(status, &page)
        }
    }
}

impl Read {
    fn of(view: View, typed: Typed) -> Self {
        let mut edited = view.edited(&typed);
        if let Some(words) = wrong_domain(&view, &typed, &edited.record) {
            edited.fault("typed_domain", words);
        }
        Self { odd: edited.odd_patterns(), view, typed, edited }
    }

    /// Errors before warnings, so that nothing is asked about that cannot be saved anyway.
    fn judge(&self) -> Judged {
        let to_confirm = self.to_confirm();
        if self.typed.button == Button::Check {
            return self.checked(&to_confirm);
        }
        if !self.edited.faults.is_empty() {
            return self.refused(None);
        }
        if self.is_stale() {
            return self.stale(&self.view.stored, self.view.edits.first(), self.view.revision);
        }
        if self.asks_about_the_rest() {
            let end = self.end_of_answers();
            let question = Some(question(&self.view, &self.edited.record, end));
            return self.page(StatusCode::UNPROCESSABLE_ENTITY, Said { question, ..Said::default() });
        }
        if !to_confirm.is_empty() && self.typed.confirm != token(&to_confirm) {
            return self.asked(&to_confirm);
        }
        Judged::Save(to_confirm.into_iter().map(|warning| warning.id).collect())
    }

    /// Whether the form would undo what somebody has saved since it was read.
    fn is_stale(&self) -> bool {
        !self.view.edits.is_empty() && !self.view.stored.difference(&self.edited.record).is_empty()
    }

    /// Whether the box is unticked while something else holds the site closed, and nothing was said about that.
    fn asks_about_the_rest(&self) -> bool {
        let (was, is) = (&self.view.stored.maintenance, &self.edited.record.maintenance);
        let is_unticked = was.box_holds(self.view.now) && !is.in_maintenance;
        is_unticked && self.typed.others == Others::Ask && self.edited.record.is_closed(self.view.now)
    }

    /// What a button says at its end that goes on after *Save and continue editing*.
    fn end_of_answers(&self) -> &'static str {
        if self.typed.button == Button::Continue { CONTINUE } else { "" }
    }

    fn to_confirm(&self) -> Vec<Warning> {
        let locks_out = locks_out(&self.view, &self.edited.enforceable());
        let own = Warning { id: "lock-out".to_owned(), field: String::new(), text: LOCK_OUT.to_owned() };
        let own = locks_out.then_some(own).into_iter();
        own.chain(self.edited.to_confirm(&self.view.stored, &self.odd)).collect()
    }

    fn page(&self, status: StatusCode, said: Said) -> Judged {
        Judged::Page(status, Box::new(self.view.page(&self.typed, &self.edited, &self.odd, said)))
    }

    fn expired(&self) -> Judged {
        self.page(StatusCode::FORBIDDEN, Said { refusal: Some(EXPIRED.to_owned()), ..Said::default() })
    }

    fn checked(&self, odd: &[Warning]) -> Judged {
        let warnings = (!odd.is_empty()).then(|| Warnings { is_check: true, ..self.warnings(odd) });
        self.page(StatusCode::OK, Said { shows_faults: true, is_checked: true, warnings, ..Said::default() })
    }

    fn refused(&self, refusal: Option<String>) -> Judged {
        self.page(StatusCode::UNPROCESSABLE_ENTITY, Said { refusal, shows_faults: true, ..Said::default() })
    }

    fn asked(&self, to_confirm: &[Warning]) -> Judged {
        let warnings = Some(self.warnings(to_confirm));
        self.page(StatusCode::UNPROCESSABLE_ENTITY, Said { warnings, ..Said::default() })
    }

    fn warnings(&self, warnings: &[Warning]) -> Warnings {
        let end = self.end_of_answers();
        let line =
            |warning: &Warning| WarningLine { id: Field::new(&warning.field, "").id, message: warning.text.clone() };
        Warnings {
            token: format!("{}{end}", token(warnings)),
            lines: warnings.iter().map(line).collect(),
            is_check: false,
        }
    }

    fn stale(&self, theirs: &SiteRecord, last: Option<&Change>, revision: Revision) -> Judged {
        let View { zone, now, .. } = &self.view;
        let conflict = Some(conflict(&self.edited.record, theirs, last, zone, *now));
        let typed = Typed { revision: revision.0, ..self.typed.clone() };
        let said = Said { conflict, ..Said::default() };
        Judged::Page(StatusCode::CONFLICT, Box::new(self.view.page(&typed, &self.edited, &self.odd, said)))
    }

    fn to_save(&self, confirmed: BTreeSet<String>) -> Save {
        Save {
            read_at: Some(Revision(self.typed.revision)),
            confirmed,
            confirm_all: false,
            typed_domain: Some(self.typed.typed_domain.clone()),
            drain_until: self.edited.drain.and_then(|length| clock::now().checked_add(length).ok()),
            ends_others: self.typed.others == Others::End,
        }
    }

    /// Leads on, with the words for what was done.
    async fn done(&self, panel: &Panel, done: &Done<Saved>, session: &Session) -> HttpResponse {
        let is_continue = self.typed.button == Button::Continue;
        let back = if is_continue { format!("sites/{}/", self.view.id) } else { String::new() };
        let told = told::saved(panel, &self.view, done, self.edited.is_end_dropped, &back);
        match done.value.change {
            Some(revision) => panel.confirmed(told, revision).await.keep(session),
            None => told.keep(session),
        }
        see_other(&format!("{}{back}", panel.base()))
    }

    /// The page for an action that was refused: everything typed, and why.
    fn failed(&self, error: ActionError) -> Result<(StatusCode, Box<RecordPage>), PanelError> {
        let judged = match error {
            ActionError::Stale { current, last } => {
                let revision = last.as_ref().map_or(self.view.revision, |last| last.revision);
                self.stale(&current, last.as_deref(), revision)
            }
            ActionError::Invalid(errors) => {
                let mut edited = self.edited.clone();
                edited.refuse(&errors);
                let said = Said { shows_faults: true, ..Said::default() };
                let page = self.view.page(&self.typed, &edited, &self.odd, said);
                Judged::Page(StatusCode::UNPROCESSABLE_ENTITY, Box::new(page))
            }
            ActionError::Unconfirmed(warnings) => self.asked(&warnings),
            ActionError::Protected { .. } => self.refused(Some(told::is_protected(&self.view))),
            ActionError::Store(error) => self.not_stored(&error),
            other => return Err(other.into()),
        };
        match judged {
            Judged::Page(status, page) => Ok((status, page)),
            Judged::Save(_) => Err(PanelError::internal("a refused form cannot be saved")),
        }
    }

    /// The database failed: nothing of what was typed is lost.
    fn not_stored(&self, error: &StoreError) -> Judged {
        log::error!("The site {} could not be saved: {error}: {error:?}", self.view.stored.site.domain);
        let (status, words) = told::not_stored(error, self.view.closed_sites());
        self.page(status, Said { refusal: Some(words), ..Said::default() })
    }
}

/// Asks which is meant by a box that is unticked: only the box, or the rest as well.
fn question(view: &View, edited: &SiteRecord, end: &str) -> OthersQuestion {
    let causes = edited.causes().at(view.now);
    let named: Vec<String> = causes.iter().map(|cause| going_on(cause, &view.zone, view.now)).collect();
    let rest = list(&named, MAX_NAMED);
    let (goes, that) = if causes.len() == 1 { ("goes", "that") } else { ("go", "those") };
    let domain = view.stored.site.domain.to_unicode();
    OthersQuestion {
        text: format!("Nothing was saved yet. Something else holds {domain} closed, too. Which is meant?"),
        keep: Choice::new(format!("{}{end}", Others::Keep.as_str()), format!("Only the box; {rest} {goes} on")),
        end: Choice::new(format!("{}{end}", Others::End.as_str()), format!("Open the site: end {that} as well")),
    }
}

/// What is wrong with the domain that starting a protected site asks for.
fn wrong_domain(view: &View, typed: &Typed, edited: &SiteRecord) -> Option<String> {
    let starts = edited.maintenance.box_holds(view.now) && !view.stored.maintenance.box_holds(view.now);
    let domain = &view.stored.site.domain;
    if !starts || !view.stored.site.is_protected || domain.is_meant_by(&typed.typed_domain) {
        return None;
    }
    Some(match typed.typed_domain.trim() {
        "" => told::is_protected(view),
        _ => format!("This is not {}.", domain.to_unicode()),
    })
}

/// Whether the rules keep the user out from this save on: because it starts maintenance, or takes away what let the
/// user in.
fn locks_out(view: &View, edited: &SiteRecord) -> bool {
    let is_out = |record| view.onlooker.seen_on(record).is_kept_out;
    let was_out = || view.is_closed() && is_out(&view.stored);
    edited.is_closed(view.now) && is_out(edited) && !was_out()
}

/// Names exactly these warnings.
fn token(warnings: &[Warning]) -> String {
    let ids: BTreeSet<&str> = warnings.iter().map(|warning| warning.id.as_str()).collect();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id);
        hash.update(b"\n");
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
