//! Adds a user, or changes one.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::form::{Typed, errors};
use super::list::{role, sites};
use crate::actions::{ActionError, UserEdit};
use crate::admin::error::{PanelError, sentence};
use crate::admin::form::Form;
use crate::admin::own::Operator;
use crate::admin::page::{FieldError, Flash, Section, UserFormPage, lasted};
use crate::admin::panel::{Panel, see_other};
use crate::admin::password::DIFFER;
use crate::auth::NewPassword;
use crate::change::{Change, Revision};
use crate::clock;
use crate::user::{User, UserId};

/// The form for somebody new.
pub(in crate::admin) async fn add_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
) -> Result<HttpResponse, PanelError> {
    let page = Typed::blank().page(&panel.maintenance.snapshot());
    answer(&panel, &operator, &session, StatusCode::OK, &page)
}

/// Adds a user.
pub(in crate::admin) async fn add(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, PanelError> {
    let snapshot = panel.maintenance.snapshot();
    let mut page = typed.page(&snapshot);
    let rights = typed.rights(&snapshot, &mut page);
    let password = password(&panel, &typed, &mut page);
    let (Some(rights), Some(password)) = (rights, password) else {
        return refuse(&panel, &operator, &session, page);
    };
    let (actor, hash) = (operator.actor(), panel.hash(password).await?);
    let name = typed.username;
    match panel.act(move |actions| actions.user_add(&actor, &name, hash, &rights)).await {
        Ok(done) => {
            let user = done.value;
            let what = match (user.rights.panel(), role(&user.rights)) {
                (true, role) => format!("{role}, {}.", sites(&user.rights, &panel.maintenance.snapshot())),
                (false, _) => "Without the panel: tick Active, and Staff or Superuser, to let this user in.".to_owned(),
            };
            let done = Flash { detail: what, ..Flash::done(format!("{} is added.", user.username)) };
            done.keep(&session);
            Ok(see_other(&format!("{}users/", panel.base())))
        }
        Err(error) => explain(&panel, &operator, &session, page, error).await,
    }
}

/// The form of a user.
pub(in crate::admin) async fn edit_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let (user, revision) = read(&panel, *id).await?;
    let snapshot = panel.maintenance.snapshot();
    let page = of_user(Typed::of(&user, revision, &snapshot).page(&snapshot), &user, &operator);
    answer(&panel, &operator, &session, StatusCode::OK, &page)
}

/// Saves a user. New rights count at once, and end the user's sessions as a new password does.
pub(in crate::admin) async fn edit(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, PanelError> {
    let (user, _) = read(&panel, *id).await?;
    let snapshot = panel.maintenance.snapshot();
    let mut page = of_user(typed.page(&snapshot), &user, &operator);
    let rights = typed.rights(&snapshot, &mut page);
    let hash = match typed.password.is_empty() && typed.password_again.is_empty() {
        true => None,
        false if page.is_me => {
            let message = "Your own password is changed in your account.".to_owned();
            page.errors.push(FieldError { id: String::new(), message });
            None
        }
        false => match password(&panel, &typed, &mut page) {
            Some(password) => Some(panel.hash(password).await?),
            None => None,
        },
    };
    let is_refused = page.password.error.is_some() || page.password_again.error.is_some() || !page.errors.is_empty();
    let Some(rights) = rights.filter(|_| !is_refused) else {
        return refuse(&panel, &operator, &session, page);
    };
    let is_new_password = hash.is_some();
    let edit = UserEdit {
        username: (typed.username != user.username).then_some(typed.username),
        password: hash,
        rights: (rights != user.rights).then_some(rights),
        read_at: Some(Revision(typed.revision)),
        keep_session: None,
    };
    let (actor, id) = (operator.actor(), user.id);
    match panel.act(move |actions| actions.user_edit(&actor, id, &edit)).await {
        Ok(done) => {
            saved(&panel, &user, &done.value, is_new_password).keep(&session);
            Ok(see_other(&format!("{}users/", panel.base())))
        }
        Err(error) => explain(&panel, &operator, &session, page, error).await,
    }
}

/// The user and the revision that it was read at.
async fn read(panel: &Panel, id: i64) -> Result<(User, Revision), PanelError> {
    let found = panel.read(move |reader| Ok((reader.user(UserId(id))?, reader.change_last()?))).await?;
    match found {
        (Some(user), revision) => Ok((user, revision)),
        (None, _) => Err(PanelError::NotFound),
    }
}

fn of_user(page: UserFormPage, user: &User, operator: &Operator) -> UserFormPage {
    let is_me = user.id == operator.user.id;
    // Whoever sees this page is an active superuser, so somebody else is never the last one.
    UserFormPage { id: Some(user.id.0), stored_username: user.username.clone(), is_me, may_delete: !is_me, ..page }
}

fn password(panel: &Panel, typed: &Typed, page: &mut UserFormPage) -> Option<NewPassword> {
    match panel.new_password(&typed.password, &typed.username) {
        Ok(_) if typed.password != typed.password_again => {
            page.password_again.error = Some(DIFFER.to_owned());
            None
        }
        Ok(password) => Some(password),
        Err(error) => {
            page.password.error = Some(error);
            None
        }
    }
}

fn saved(panel: &Panel, before: &User, after: &User, is_new_password: bool) -> Flash {
    let name = &after.username;
    let has_new_rights = before.rights != after.rights;
    if !has_new_rights && !is_new_password && before.username == after.username {
        return Flash::note(format!("{name} was so already. Nothing changed."));
    }
    let detail = match (has_new_rights, is_new_password) {
        (true, _) => {
            let given = sites(&after.rights, &panel.maintenance.snapshot());
            let role = match (after.rights.is_active, role(&after.rights)) {
                (false, _) => "not active".to_owned(),
                (true, role) if given.is_empty() => role.to_lowercase(),
                (true, role) => format!("{}, {given}", role.to_lowercase()),
            };
            format!("Now {role}. The user’s sessions have ended.")
        }
        (false, true) => "The password is new. The user’s sessions have ended.".to_owned(),
        (false, false) => format!("Was {} until now.", before.username),
    };
    Flash { detail, ..Flash::done(format!("{name} is saved.")) }
}

/// The form again, with why the action was refused.
async fn explain(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    mut page: UserFormPage,
    error: ActionError,
) -> Result<HttpResponse, PanelError> {
    match error {
        ActionError::Invalid(errors) => {
            page.username.error = Some(sentence(&errors.get("username").join("; ")));
        }
        ActionError::LastSuperuser => {
            let name = &page.stored_username;
            let text = format!("{name} is the last active superuser. Make somebody else a superuser first.");
            let field = if page.is_superuser.value.is_empty() { &mut page.is_superuser } else { &mut page.is_active };
            field.error = Some(text);
        }
        ActionError::StaleUser { last } => {
            let id = page.id.unwrap_or_default();
            let (now, revision) = read(panel, id).await?;
            let message = stale(panel, &last, &now);
            page.errors.push(FieldError { id: String::new(), message });
            // What they saved is shown now: saving once more is meant.
            page.revision = revision.0;
        }
        error => return Err(error.into()),
    }
    refuse(panel, operator, session, page)
}

/// What somebody else has saved meanwhile.
fn stale(panel: &Panel, last: &Change, user: &User) -> String {
    let mut theirs = vec![role(&user.rights).to_lowercase()];
    let given = sites(&user.rights, &panel.maintenance.snapshot());
    theirs.extend((!given.is_empty()).then_some(given));
    theirs.extend((!user.rights.is_active).then(|| "not active".to_owned()));
    format!(
        "{} saved this user {} ago. It is now {}: {}. Your input is kept below; save once more to put it in place of \
         theirs.",
        last.actor,
        lasted(last.at, clock::now()),
        user.username,
        theirs.join(", "),
    )
}

fn refuse(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    mut page: UserFormPage,
) -> Result<HttpResponse, PanelError> {
    page.errors.extend(errors(&page));
    answer(panel, operator, session, StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn answer(
    panel: &Panel,
    operator: &Operator,
    session: &Session,
    status: StatusCode,
    page: &UserFormPage,
) -> Result<HttpResponse, PanelError> {
    panel.page(status, &panel.frame(session, operator, Some(Section::Users)), page)
}
