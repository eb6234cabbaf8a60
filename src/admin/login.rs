//! Log in, log out.
//!
//! Whatever was wrong about a log-in is told in the same words. Where to go afterwards (`next`) is followed on this
//! host only.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::error::PanelError;
use super::form::{Form, Unproved};
use super::own::Operator;
use super::page::{Field, LoggedOutPage, LoginPage};
use super::panel::{Panel, see_other};
use super::words::count;
use crate::auth::{Attempt, CsrfError, LoggedIn, LoginError, cookie, next, session};
use crate::clock;
use crate::middleware::{client_of, hold_at, site_of};
use crate::response::X_MAINTENANCE;

/// Said for every refusal: name, password and rights are not told apart.
const NO_MATCH: &str = "That user name and password do not match.";

/// Said as well while the site drains, when nobody new may come in.
const ONLY_STAFF: &str = "The site is about to close for maintenance: only staff can log in.";

/// Said when a form was sent and nobody was signed in any more.
const EXPIRED: &str = "You were logged out. Log in to go on; nothing was changed.";

/// Said when the log-in page had been open for too long, or is of a browser that keeps no cookies.
const STALE: &str = "This page had expired. Log in once more; cookies must be on.";

/// What the address of the log-in page may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
    expired: String,
}

/// The log-in form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    username: String,
    password: String,
    next: String,
}

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// The log-in page. Whoever is signed in goes where he wanted to.
pub(super) async fn show(
    panel: Data<Panel>,
    req: HttpRequest,
    session: Session,
    asked: Option<Query<Asked>>,
) -> Result<HttpResponse, PanelError> {
    let asked = asked.map(Query::into_inner).unwrap_or_default();
    if is_signed_in(&panel, &session).await? {
        return Ok(see_other(next::local(&asked.next, panel.base())));
    }
    let page = LoginPage {
        next: next::local(&asked.next, "").to_owned(),
        reason: (!asked.expired.is_empty()).then(|| EXPIRED.to_owned()),
        ..blank("")
    };
    answer(&panel, &req, StatusCode::OK, &page)
}

/// Logs in and goes where the visitor wanted to.
pub(super) async fn log_in(
    panel: Data<Panel>,
    req: HttpRequest,
    session: Session,
    form: Unproved<Typed>,
) -> Result<HttpResponse, PanelError> {
    let typed = form.typed;
    let again = LoginPage { next: next::local(&typed.next, "").to_owned(), ..blank(&typed.username) };
    match form.proof {
        Ok(()) => {}
        Err(CsrfError::WrongToken) if is_signed_in(&panel, &session).await? => return Ok(see_other(panel.base())),
        Err(CsrfError::WrongToken) => {
            let page = LoginPage { error: Some(STALE.to_owned()), ..again };
            return answer(&panel, &req, StatusCode::FORBIDDEN, &page);
        }
        Err(error) => return Err(error.into()),
    }
    let attempt = attempt(&panel, &req, &session, typed.username.clone(), typed.password);
    match panel.logins.log_in(attempt, clock::now()).await {
        Ok(logged_in) => Ok(enter(&session, &logged_in, next::local(&typed.next, panel.base()))),
        Err(error) => refuse(&panel, &req, &typed.username, again, error),
    }
}

/// Logs out, here and on the server.
pub(super) async fn log_out(
    panel: Data<Panel>,
    operator: Operator,
    session: Session,
    _: Form<Nothing>,
) -> Result<HttpResponse, PanelError> {
    match panel.logins.log_out(&session, &operator.actor()).await {
        Ok(()) => Ok(see_other(&format!("{}logged-out/", panel.base()))),
        Err(LoginError::Action(error)) => Err(error.into()),
        Err(error) => Err(PanelError::internal(error)),
    }
}

/// Says that one is logged out.
pub(super) async fn logged_out(panel: Data<Panel>) -> Result<HttpResponse, PanelError> {
    panel.page(StatusCode::OK, &panel.bare_frame(), &LoggedOutPage {})
}

/// A try to log in from this browser.
pub(super) fn attempt(
    panel: &Panel,
    req: &HttpRequest,
    session: &Session,
    username: String,
    password: String,
) -> Attempt {
    let headers = req.headers();
    let user_agent = headers.get(header::USER_AGENT).map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    Attempt {
        username,
        password,
        address: client_of(req, &panel.maintenance.snapshot().rules().trusted).map(|client| client.address),
        user_agent: user_agent.unwrap_or_default(),
        device: cookie::value(headers, panel.auth().cookies().device).map(str::to_owned),
        replaces: session::id_of(session),
    }
}

/// Opens the session of somebody whose log-in was accepted, and leads on.
pub(super) fn enter(session: &Session, logged_in: &LoggedIn, to: &str) -> HttpResponse {
    logged_in.open(session);
    let mut answer = see_other(to);
    // A cookie that does not fit into a header costs the browser its own count of tries, and nothing else.
    if let Err(error) = answer.add_cookie(&logged_in.device) {
        log::warn!("The device cookie could not be set: {error}");
    }
    answer
}

/// The log-in page again, with what was typed and why it was refused.
fn refuse(
    panel: &Panel,
    req: &HttpRequest,
    username: &str,
    page: LoginPage,
    error: LoginError,
) -> Result<HttpResponse, PanelError> {
    let (status, words, wait) = match error {
        LoginError::Refused if is_draining(panel, req) => return refuse_by_drain(panel, req, page),
        LoginError::Refused => (StatusCode::UNPROCESSABLE_ENTITY, NO_MATCH.to_owned(), None),
        LoginError::Throttled { wait_seconds } => {
            (StatusCode::TOO_MANY_REQUESTS, too_many(wait_seconds, username), Some(wait_seconds))
        }
        LoginError::Busy(error) => {
            log::warn!("A log-in was put off: {error}");
            let words = "Too many people log in at this moment. Try again in a few seconds.".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, words, Some(5))
        }
        LoginError::Action(error) => return Err(error.into()),
    };
    let mut answer = answer(panel, req, status, &LoginPage { error: Some(words), ..page })?;
    if let Some(seconds) = wait {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(answer)
}

/// Whether the site of the request lets nobody new come in, so that those at work can finish.
fn is_draining(panel: &Panel, req: &HttpRequest) -> bool {
    let snapshot = panel.maintenance.snapshot();
    let closed = site_of(req, &snapshot).and_then(|site| site.closed_at(clock::now()));
    closed.is_some_and(|closed| closed.draining().is_some())
}

/// The same page as a maintenance answer, whatever was wrong: somebody who is not staff must not learn from it whether
/// the password was right, and staff who have mistyped it can try again.
fn refuse_by_drain(panel: &Panel, req: &HttpRequest, page: LoginPage) -> Result<HttpResponse, PanelError> {
    let page = LoginPage { error: Some(format!("{NO_MATCH} {ONLY_STAFF}")), ..page };
    let mut answer = answer(panel, req, StatusCode::SERVICE_UNAVAILABLE, &page)?;
    let held = hold_at(req, &panel.maintenance.snapshot(), None, clock::now());
    for name in [header::RETRY_AFTER, X_MAINTENANCE] {
        if let Some(value) = held.as_ref().and_then(|held| held.headers().get(&name)) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    Ok(answer)
}

/// A page for somebody who is not signed in, with the cookie that its form is tied to.
fn answer(panel: &Panel, req: &HttpRequest, status: StatusCode, page: &LoginPage) -> Result<HttpResponse, PanelError> {
    let (frame, cookie) = panel.strangers_frame(req);
    let mut answer = panel.page(status, &frame, page)?;
    if let Some(cookie) = cookie {
        answer.add_cookie(&cookie).map_err(PanelError::internal)?;
    }
    Ok(answer)
}

fn blank(username: &str) -> LoginPage {
    LoginPage { username: Field::new("username", username), ..LoginPage::default() }
}

/// Whether the session is of somebody who may use the panel.
async fn is_signed_in(panel: &Panel, session: &Session) -> Result<bool, PanelError> {
    let Some(id) = session::user_of(session) else { return Ok(false) };
    let user = panel.read(move |reader| reader.user(id)).await?;
    Ok(user.is_some_and(|user| user.rights.panel()))
}

/// How long to wait, and what opens the account at once. The same for names that nobody has.
fn too_many(wait_seconds: u64, username: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let name = username.trim();
    let name = if !name.is_empty() && name.len() <= 60 && name.chars().all(is_plain) { name } else { "NAME" };
    format!("Too many tries. Wait {}, or run “maintenance user unlock {name}” on the server.", wait(wait_seconds))
}

/// A wait in words, never shorter than it is.
pub(super) fn wait(seconds: u64) -> String {
    let (number, unit) = if seconds < 60 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    count(usize::try_from(number).unwrap_or(usize::MAX), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_worded_in_the_larger_unit_and_rounds_up() {
        for (seconds, words) in
            [(1, "1 second"), (30, "30 seconds"), (60, "1 minute"), (61, "2 minutes"), (300, "5 minutes")]
        {
            assert_eq!(wait(seconds), words);
        }
    }

    #[test]
    fn a_name_that_a_shell_would_read_otherwise_is_not_put_into_the_command() {
        assert!(too_many(300, "ann").ends_with("run “maintenance user unlock ann” on the server."));
        assert!(too_many(300, "x; rm -rf /").contains("unlock NAME”"));
        assert!(too_many(300, "").contains("unlock NAME”"));
    }
}
