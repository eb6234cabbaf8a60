//! What a handler of a site does with the session of its visitor: sign in, sign out, know who it is.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_session::{Session, SessionExt as _, SessionStatus};
use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use jiff::Timestamp;

use super::sessions::{SIGN_IN, SignIn, SiteSessions};
use crate::clock;
use crate::middleware::{GateParts, client_of, hold_at, site_of};
use crate::site::SiteId;
use crate::visit::readable_name;

/// The session of a visitor, with the sign-in. An extractor for handlers within `Maintenance::sessions`; everything that
/// `actix_session::Session` can do is there as well.
///
/// # Examples
/// ```no_run
/// use actix_web::{HttpResponse, Responder};
/// use maintenance_mode::visits::{SignInRefused, SiteSession};
///
/// async fn log_in(session: SiteSession) -> Result<HttpResponse, SignInRefused> {
///     // After the password was found to be right:
///     session.sign_in("ada").await?;
///     Ok(HttpResponse::Ok().body("Welcome."))
/// }
///
/// async fn home(session: SiteSession) -> impl Responder {
///     session.signed_in().map_or("Hello, stranger.".to_owned(), |user| format!("Hello, {}.", user.name))
/// }
/// ```
pub struct SiteSession {
    session: Session,
    req: HttpRequest,
    sessions: SiteSessions,
}

/// Somebody who is signed in to a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteUser {
    /// Who, as given when they signed in, cut to 150 characters.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

impl SiteSession {
    /// Who is signed in on the site of this request; `None` when nobody is.
    pub fn signed_in(&self) -> Option<SiteUser> {
        let SignIn { name, since, .. } = self.sign_in_on(self.site())?;
        Some(SiteUser { name, since })
    }

    /// Signs somebody in, under a new key for the session, which keeps what else is in it. `name` is shown in the list of
    /// those at work; it may be empty.
    ///
    /// Whoever is signed in already and signs in anew under the same name stays as long at work as before.
    ///
    /// # Errors
    /// [`SignInRefused`] while the site is draining or in maintenance, unless the gate lets this person through because
    /// of who they are: staff, or an internal address. Returned from a handler it becomes the maintenance answer. Also,
    /// as an answer of 500, when the same request has ended the session by [`SiteSession::sign_out`] or `purge`: nothing can
    /// be put into it any more. The next request has a new one.
    pub async fn sign_in(&self, name: &str) -> Result<(), SignInRefused> {
        let (now, site, name) = (clock::now(), self.site(), readable_name(name));
        let known = self.sign_in_on(site).filter(|known| known.name == name);
        if known.is_none() && self.is_closed(site, now) && !self.is_let_through(site).await {
            let (req, gate) = (self.req.clone(), Arc::clone(&self.sessions.gate));
            return Err(SignInRefused(Why::IsClosed { req, gate }));
        }
        if self.session.status() == SessionStatus::Purged {
            log::error!("{} signs somebody in after the session was ended in the same request", self.req.path());
            return Err(SignInRefused(Why::HasEnded));
        }
        let snapshot = self.sessions.gate.snapshot.load();
        let client = client_of(&self.req, &snapshot.rules().trusted);
        let address = client.map(|client| client.address.to_string());
        let sign_in = SignIn { site, name, since: known.map_or(now, |known| known.since), address };
        self.session.renew();
        self.session.insert(SIGN_IN, &sign_in).expect("numbers, texts and times are JSON");
        Ok(())
    }

    /// Signs out: ends the session on the server with everything that is in it, and takes the cookie from the browser.
    /// Nobody can sign in with the same request any more; to change who is signed in, [`SiteSession::sign_in`] alone does.
    pub fn sign_out(&self) {
        self.session.purge();
    }

    fn sign_in_on(&self, site: Option<SiteId>) -> Option<SignIn> {
        self.session.get::<SignIn>(SIGN_IN).ok().flatten().filter(|sign_in| sign_in.site == site)
    }

    fn site(&self) -> Option<SiteId> {
        site_of(&self.req, &self.sessions.gate.snapshot.load()).map(|site| site.id)
    }

    fn is_closed(&self, site: Option<SiteId>, now: Timestamp) -> bool {
        let snapshot = self.sessions.gate.snapshot.load();
        site.and_then(|site| snapshot.site(site)).is_some_and(|site| site.closed_at(now).is_some())
    }

    async fn is_let_through(&self, site: Option<SiteId>) -> bool {
        match site {
            Some(site) => self.sessions.gate.knows_as_let_through(&self.req, site).await,
            None => true,
        }
    }
}

impl Deref for SiteSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl FromRequest for SiteSession {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sessions = req.extensions().get::<SiteSessions>().cloned();
        ready(match sessions {
            Some(sessions) => Ok(Self { session: req.get_session(), req: req.clone(), sessions }),
            None => {
                log::error!("{} uses SiteSession outside of Maintenance::sessions", req.path());
                Err(ErrorInternalServerError("there are no sessions here"))
            }
        })
    }
}

/// Nobody new may sign in, because the site is draining or in maintenance; as an answer, it is that of the gate. Or the
/// session was ended in the same request, which is a fault of the application.
pub struct SignInRefused(Why);

enum Why {
    IsClosed { req: HttpRequest, gate: Arc<GateParts> },
    HasEnded,
}

impl fmt::Debug for SignInRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignInRefused({self})")
    }
}

impl fmt::Display for SignInRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Why::IsClosed { .. } => "nobody may sign in while the site is closed or about to close",
            Why::HasEnded => "nobody can sign in to a session that was ended in the same request",
        })
    }
}

impl std::error::Error for SignInRefused {}

impl ResponseError for SignInRefused {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            Why::IsClosed { gate, .. } => gate.snapshot.load().rules().status,
            Why::HasEnded => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let Why::IsClosed { req, gate } = &self.0 else { return HttpResponse::new(self.status_code()) };
        // Between the refusal and this the site may have been opened.
        let answer = hold_at(req, &gate.snapshot.load(), gate.on_hold.as_ref(), clock::now());
        answer.unwrap_or_else(|| HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE))
    }
}
