//! Why a request of the panel gets another page than it asked for.

use std::fmt::Display;

use actix_web::error::BlockingError;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use super::page::ErrorPage;
use super::panel::Panel;
pub(super) use super::words::sentence;
use crate::actions::ActionError;
use crate::auth::CsrfError;
use crate::storage::StoreError;

/// A refusal or a failure. [`super::guard`] renders it as a page, with the frame of whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// There is no such page, or it is not to be known of.
    #[error("there is no such page")]
    NotFound,
    /// The link to create the first superuser is none, or not any more.
    #[error("this link is not good any more")]
    SpentLink,
    /// The form cannot be read.
    #[error("the form cannot be read: {0}")]
    BadForm(String),
    /// The form is larger than a form may be.
    #[error("the form is larger than {limit_kib} KiB")]
    TooLarge { limit_kib: usize },
    /// Nothing proves that a page of ours asked for the change.
    #[error(transparent)]
    Csrf(#[from] CsrfError),
    /// It makes no sense, in words.
    #[error("{0}")]
    Refused(&'static str),
    /// Too many passwords are being hashed at this moment.
    #[error("too much at once")]
    Busy,
    /// An action was refused.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// Something of ours failed. Strangers are told a number, the log has the rest.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for PanelError {
    fn from(error: StoreError) -> Self {
        Self::Action(error.into())
    }
}

impl From<BlockingError> for PanelError {
    fn from(error: BlockingError) -> Self {
        Self::internal(error)
    }
}

impl PanelError {
    /// Wraps what should not have happened.
    pub(super) fn internal(error: impl Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Who is needed and who can, for whom a page is not.
    pub(super) fn not_allowed(needs: &'static str, who: Vec<String>) -> Self {
        Self::Action(ActionError::NotAllowed { needs, who })
    }

    /// The page in words.
    pub(super) fn to_page(&self, panel: &Panel, request_id: &str) -> ErrorPage {
        let base = panel.base();
        let told = |status: u16, heading: &str, text: String| ErrorPage {
            status,
            heading: heading.to_owned(),
            paragraphs: vec![text],
            links: ErrorPage::not_found(base).links,
            ..ErrorPage::default()
        };
        match self {
            Self::NotFound => ErrorPage::not_found(base),
            Self::SpentLink => told(
                404,
                "This link is not good any more",
                "It was used, or a newer one was printed. While there is no superuser, the server prints a new one at its start."
                    .to_owned(),
            ),
            Self::BadForm(why) => told(400, "This form cannot be read", format!("Nothing was saved: {why}.")),
            Self::TooLarge { limit_kib } => {
                told(413, "This form is too large", format!("Nothing was saved. A form may have {limit_kib} KiB."))
            }
            Self::Csrf(CsrfError::WrongToken) => told(
                403,
                "This page had expired",
                "Nothing was changed. Go back, load the page again, and what you typed is still there.".to_owned(),
            ),
            Self::Csrf(error) => {
                told(403, "This did not come from the panel", format!("Nothing was changed: {error}."))
            }
            Self::Refused(why) => told(409, "Nothing was changed", (*why).to_owned()),
            Self::Busy => {
                told(503, "Too much at once", "Nothing was saved. Go back and try again in a few seconds.".to_owned())
            }
            Self::Action(error) => action_page(error, panel, request_id),
            Self::Internal(error) => {
                log::error!("request {request_id} failed: {}", error.escape_debug());
                ErrorPage::our_fault(base, request_id)
            }
        }
    }
}

fn action_page(error: &ActionError, panel: &Panel, request_id: &str) -> ErrorPage {
    let base = panel.base();
    let told = |status: u16, heading: &str| ErrorPage {
        status,
        heading: heading.to_owned(),
        paragraphs: vec![sentence(&error.to_string())],
        links: ErrorPage::not_found(base).links,
        ..ErrorPage::default()
    };
    match error {
        ActionError::NotAllowed { needs: "staff of this site", who } => ErrorPage::not_your_site(base, who),
        ActionError::NotAllowed { needs, who } => ErrorPage::not_allowed(base, needs, who),
        ActionError::NoSuchSite | ActionError::NoSuchUser | ActionError::NoSuchChange | ActionError::NoSuchWindow => {
            ErrorPage::not_found(base)
        }
        ActionError::Store(StoreError::Unconfirmed) => {
            log::error!("request {request_id}: {error}");
            told(503, "It is not known whether this was saved")
        }
        ActionError::Store(StoreError::ReadOnly | StoreError::Full) => {
            log::error!("request {request_id}: {error}");
            told(503, "Nothing can be saved")
        }
        ActionError::Store(error) if error.is_passing() => {
            log::error!("request {request_id}: {error}");
            ErrorPage::no_database(base, &panel.outage())
        }
        ActionError::Store(error) => {
            log::error!("request {request_id} failed: {error}: {error:?}");
            ErrorPage::our_fault(base, request_id)
        }
        _ => told(409, "Nothing was changed"),
    }
}

/// The status alone: [`super::guard`] puts the page in.
impl ResponseError for PanelError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::SpentLink => StatusCode::NOT_FOUND,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Csrf(_) => StatusCode::FORBIDDEN,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(_) | Self::Action(_) => StatusCode::CONFLICT,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
