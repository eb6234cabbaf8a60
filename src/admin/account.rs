//! The user's own account: password, sessions, look and keys.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::client_name::client_name;
use super::error::PanelError;
use super::form::Form;
use super::login::{Nothing, wait};
use super::own::Operator;
use super::page::{AccountPage, Field, FieldError, Flash, Moment, SessionRow};
use super::panel::{Panel, see_other};
use super::password::DIFFER;
use super::words::{count, list};
use crate::actions::{ActionError, UserEdit};
use crate::auth::{LoginError, NewPassword, session};
use crate::clock;
use crate::storage::{self, SessionId};
use crate::user::{Rights, Theme};

/// Most sites that are named in the sentence about what one may do.
const MAX_NAMED_SITES: usize = 10;

/// A new password with the one it replaces.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Passwords {
    current_password: String,
    password: String,
    password_again: String,
}

/// Look and keys; a box that is not ticked is not sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Preferences {
    theme: String,
    shortcuts: String,
}

/// The account.
pub(super) async fn show(panel: Data<Panel>, operator: Operator, session: Session) -> Result<HttpResponse, PanelError> {
    answer(&panel, &operator, &session, StatusCode::OK, blank(&operator)).await
}

/// Changes the password, once the current one was typed. The user's other sessions end; this one goes on under a new
/// key, so that a copy of its cookie ends with the others.
pub(super) async fn password(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    Form(typed): Form<Passwords>,
) -> Result<HttpResponse, PanelError> {
    let mut page = blank(&operator);
    let username = &operator.user.username;
    let password = match check(&panel, &operator, typed, &mut page).await? {
        Ok(password) => panel.hash(password).await?,
        Err(status) => return answer(&panel, &operator, &session, status, page).await,
    };
    let edit = UserEdit { password: Some(password), keep_session: session::id_of(&session), ..UserEdit::default() };
    let (actor, id) = (operator.actor(), operator.user.id);
    panel.act(move |actions| actions.user_edit(&actor, id, &edit)).await?;
    session::renew(&session);
    Flash::done(format!("{username} has a new password. Your other sessions have ended.")).keep(&session);
    Ok(to_account(&panel))
}

/// Sets how the panel looks and whether its keys are on.
pub(super) async fn preferences(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    Form(typed): Form<Preferences>,
) -> Result<HttpResponse, PanelError> {
    let theme: Theme = typed.theme.parse().map_err(|error| PanelError::BadForm(format!("the theme {error}")))?;
    let (actions, id, has_shortcuts) =
        (panel.maintenance.actions().clone(), operator.user.id, !typed.shortcuts.is_empty());
    panel.maintenance.store().apart(move || actions.user_preferences(id, theme, has_shortcuts)).await?;
    Flash::done("Look and keys are saved.").keep(&session);
    Ok(to_account(&panel))
}

/// Ends all of the user's sessions but this one.
pub(super) async fn end_others(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    _: Form<Nothing>,
) -> Result<HttpResponse, PanelError> {
    let (actor, keep) = (operator.actor(), session::id_of(&session));
    let ended = panel.act(move |actions| actions.session_end_others(&actor, keep)).await?.value;
    let flash = match ended {
        0 => Flash::note("You had no other session. Nothing changed."),
        1 => Flash::done("One other session has ended."),
        ended => Flash::done(format!("{} have ended.", count(ended, "other session"))),
    };
    flash.keep(&session);
    Ok(to_account(&panel))
}

/// Ends one of the user's own sessions; nobody else's, whatever the user may do.
pub(super) async fn end_session(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    _: Form<Nothing>,
) -> Result<HttpResponse, PanelError> {
    let id = SessionId(*id);
    let found = panel.read(move |reader| reader.session(id)).await?;
    let Some(found) = found.filter(|found| found.user_id == Some(operator.user.id)) else {
        return Err(PanelError::NotFound);
    };
    let actor = operator.actor();
    match panel.act(move |actions| actions.session_end(&actor, id)).await {
        // It has ended by itself meanwhile.
        Ok(_) | Err(ActionError::NoSuchUser) => {}
        Err(error) => return Err(error.into()),
    }
    if session::id_of(&session) == Some(id) {
        session.purge();
        return Ok(see_other(&format!("{}logged-out/", panel.base())));
    }
    Flash::done(format!("The session of {} has ended.", client_name(&found.user_agent))).keep(&session);
    Ok(to_account(&panel))
}

/// Checks what was typed, the current password last, because only that is counted. What is wrong goes to the page;
/// the status is that of the refusal.
async fn check(
    panel: &Panel,
    operator: &Operator,
    typed: Passwords,
    page: &mut AccountPage,
) -> Result<Result<NewPassword, StatusCode>, PanelError> {
    let username = &operator.user.username;
    let password = match panel.new_password(&typed.password, username) {
        Ok(password) if typed.password == typed.password_again => password,
        Ok(_) => {
            page.password_again.error = Some(DIFFER.to_owned());
            return Ok(Err(StatusCode::UNPROCESSABLE_ENTITY));
        }
        Err(error) => {
            page.password.error = Some(error);
            return Ok(Err(StatusCode::UNPROCESSABLE_ENTITY));
        }
    };
    let (status, error) = match panel.logins.confirm(username, typed.current_password, clock::now()).await {
        Ok(()) => return Ok(Ok(password)),
        Err(LoginError::Refused) => (StatusCode::UNPROCESSABLE_ENTITY, "This is not your current password.".to_owned()),
        Err(LoginError::Throttled { wait_seconds }) => {
            (StatusCode::TOO_MANY_REQUESTS, format!("Too many tries. Wait {}.", wait(wait_seconds)))
        }
        Err(LoginError::Action(error)) => return Err(error.into()),
        Err(LoginError::Busy(_)) => return Err(PanelError::Busy),
    };
    page.current_password.error = Some(error);
    Ok(Err(status))
}

fn blank(operator: &Operator) -> AccountPage {
    AccountPage {
        current_password: Field::new("current_password", ""),
        password: Field::new("password", ""),
        password_again: Field::new("password_again", ""),
        chosen_theme: operator.user.theme,
        shortcuts: Field::ticked("shortcuts", operator.user.has_shortcuts),
        ..AccountPage::default()
    }
}

async fn answer(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    status: StatusCode,
    mut page: AccountPage,
) -> Result<HttpResponse, PanelError> {
    let (now, user) = (clock::now(), operator.user.id);
    let idle_since = panel.auth().sessions().ages().idle_since(now);
    let mut sessions = panel.read(move |reader| reader.session_list(user, now, idle_since)).await?;
    let own = session::id_of(session);
    sessions.sort_by_key(|session| Some(session.id) != own);
    page.sessions = sessions.iter().map(|session| row(panel, session, own)).collect();
    page.role = role(panel, operator.rights());
    page.errors = FieldError::of([&page.current_password, &page.password, &page.password_again]);
    let mut frame = panel.frame(session, operator, None);
    frame.is_account = true;
    panel.page(status, &frame, &page)
}

fn row(panel: &Panel, session: &storage::Session, own: Option<SessionId>) -> SessionRow {
    let (zone, now) = (panel.zone(), clock::now());
    SessionRow {
        id: session.id.0.to_string(),
        device: client_name(&session.user_agent),
        address: session.address.clone().unwrap_or_else(|| "unknown".to_owned()),
        started: Moment::of(session.created_at, &zone, now),
        last_seen: Moment::of(session.last_seen_at, &zone, now),
        is_this: Some(session.id) == own,
    }
}

/// What the user may do, as a sentence.
fn role(panel: &Panel, rights: &Rights) -> String {
    if rights.superuser() {
        return "You are a superuser: you may do everything.".to_owned();
    }
    let Some(sites) = &rights.sites else {
        return "You are staff: you may start and end maintenance on every site.".to_owned();
    };
    let snapshot = panel.maintenance.snapshot();
    let mut names: Vec<String> =
        sites.iter().filter_map(|id| snapshot.site(*id)).map(|site| site.domain.to_unicode()).collect();
    names.sort();
    if names.is_empty() {
        return "You are staff, but no site is given to you yet.".to_owned();
    }
    format!("You are staff: you may start and end maintenance on {}.", list(&names, MAX_NAMED_SITES))
}

fn to_account(panel: &Panel) -> HttpResponse {
    see_other(&format!("{}account/", panel.base()))
}
