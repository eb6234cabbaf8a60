//! The first superuser, made in a browser by the one-time link that the terminal has shown.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::error::{PanelError, sentence};
use super::form::Unproved;
use super::login::{attempt, enter};
use super::page::{Field, FieldError, Flash, SetupPage};
use super::panel::{Panel, see_other};
use super::password::DIFFER;
use crate::actions::{ActionError, Actor, Door};
use crate::auth::{CsrfError, check_setup};
use crate::clock;
use crate::middleware::client_of;
use crate::user::check_username;

/// The set-up form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    username: String,
    password: String,
    password_again: String,
}

/// The form, as long as the link is good.
pub(super) async fn show(
    panel: Data<Panel>,
    req: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse, PanelError> {
    need_good_link(&panel, &token).await?;
    answer(&panel, &req, StatusCode::OK, blank(&token, ""))
}

/// Makes the superuser, which ends the link, and signs it in.
pub(super) async fn create(
    panel: Data<Panel>,
    req: HttpRequest,
    session: Session,
    token: Path<String>,
    form: Unproved<Typed>,
) -> Result<HttpResponse, PanelError> {
    need_good_link(&panel, &token).await?;
    let typed = form.typed;
    let mut page = blank(&token, &typed.username);
    match form.proof {
        Ok(()) => {}
        Err(CsrfError::WrongToken) => {
            let message = "This page had expired. Type the password once more; cookies must be on.";
            page.password = page.password.refused(message);
            return answer(&panel, &req, StatusCode::FORBIDDEN, page);
        }
        Err(error) => return Err(error.into()),
    }
    let username = check_username(&typed.username).map_err(|error| sentence(&error));
    let password = panel.new_password(&typed.password, &typed.username);
    let is_same = typed.password == typed.password_again;
    let (Ok(username), Ok(password), true) = (&username, &password, is_same) else {
        page.username.error = username.err();
        page.password_again.error = (!is_same && password.is_ok()).then(|| DIFFER.to_owned());
        page.password.error = password.err();
        return answer(&panel, &req, StatusCode::UNPROCESSABLE_ENTITY, page);
    };
    let hash = panel.hash(password.clone()).await?;
    let address = client_of(&req, &panel.maintenance.snapshot().rules().trusted).map(|client| client.address);
    let actor = Actor { name: "setup".to_owned(), door: Door::Setup, address, user: None };
    let name = username.clone();
    match panel.act(move |actions| actions.user_add_first(&actor, &name, hash)).await {
        Ok(_) => {}
        // Somebody was faster: the link is dead.
        Err(ActionError::NotAllowed { .. }) => return Err(PanelError::SpentLink),
        Err(ActionError::Invalid(errors)) => {
            page.username.error = errors.get("username").first().map(|error| sentence(error));
            return answer(&panel, &req, StatusCode::UNPROCESSABLE_ENTITY, page);
        }
        Err(error) => return Err(error.into()),
    }
    let attempt = attempt(&panel, &req, &session, username.clone(), typed.password);
    match panel.logins.log_in(attempt, clock::now()).await {
        Ok(logged_in) => {
            let answer = enter(&session, &logged_in, panel.base());
            let done = format!("You are {username}, the first superuser. The set-up link no longer works.");
            Flash::done(done).keep(&session);
            Ok(answer)
        }
        Err(error) => {
            log::warn!("The first superuser is made but could not be logged in: {error}");
            Ok(see_other(&format!("{}login/", panel.base())))
        }
    }
}

/// A link that is used, replaced or made up leads nowhere.
async fn need_good_link(panel: &Panel, token: &str) -> Result<(), PanelError> {
    let (store, token) = (panel.maintenance.store().clone(), token.to_owned());
    let is_good = panel.maintenance.store().apart(move || check_setup(&store, &token)).await?;
    if is_good { Ok(()) } else { Err(PanelError::SpentLink) }
}

fn blank(token: &str, username: &str) -> SetupPage {
    SetupPage {
        token: token.to_owned(),
        username: Field::new("username", username),
        password: Field::new("password", ""),
        password_again: Field::new("password_again", ""),
        errors: Vec::new(),
    }
}

fn answer(
    panel: &Panel,
    req: &HttpRequest,
    status: StatusCode,
    mut page: SetupPage,
) -> Result<HttpResponse, PanelError> {
    page.errors = FieldError::of([&page.username, &page.password, &page.password_again]);
    let (frame, cookie) = panel.strangers_frame(req);
    let mut answer = panel.page(status, &frame, &page)?;
    if let Some(cookie) = cookie {
        answer.add_cookie(&cookie).map_err(PanelError::internal)?;
    }
    Ok(answer)
}
