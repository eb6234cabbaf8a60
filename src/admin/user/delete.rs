//! Deletes a user, after asking by name.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use crate::admin::error::PanelError;
use crate::admin::form::Form;
use crate::admin::login::Nothing;
use crate::admin::own::Operator;
use crate::admin::page::{DeleteUserPage, Flash, Section};
use crate::admin::panel::{Panel, see_other};
use crate::clock;
use crate::user::UserId;

/// Said to whoever wants to delete the account that is being used.
const NOT_ONESELF: &str = "You cannot delete yourself. Another superuser can.";

/// Asks.
pub(in crate::admin) async fn delete_form(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
) -> Result<HttpResponse, PanelError> {
    let id = other_than(&operator, *id)?;
    let now = clock::now();
    let idle_since = panel.auth().sessions().ages().idle_since(now);
    let read =
        panel.read(move |reader| Ok((reader.user(id)?, reader.session_list(id, now, idle_since)?.len()))).await?;
    let (Some(user), sessions) = read else { return Err(PanelError::NotFound) };
    let page = DeleteUserPage { id: id.0, username: user.username, sessions };
    panel.page(StatusCode::OK, &panel.frame(&session, &operator, Some(Section::Users)), &page)
}

/// Deletes; the user's sessions end with it.
pub(in crate::admin) async fn delete(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    id: Path<i64>,
    _: Form<Nothing>,
) -> Result<HttpResponse, PanelError> {
    let id = other_than(&operator, *id)?;
    let actor = operator.actor();
    let user = panel.act(move |actions| actions.user_remove(&actor, id)).await?.value;
    Flash::done(format!("{} is deleted.", user.username)).keep(&session);
    Ok(see_other(&format!("{}users/", panel.base())))
}

fn other_than(operator: &Operator, id: i64) -> Result<UserId, PanelError> {
    let id = UserId(id);
    if id == operator.user.id { Err(PanelError::Refused(NOT_ONESELF)) } else { Ok(id) }
}
