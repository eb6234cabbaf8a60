//! Why an action was refused.

use crate::change::Change;
use crate::field::{FieldErrors, Warning};
use crate::record::SiteRecord;
use crate::storage::{StoreError, TransactionError};
use crate::window::Window;

/// An action that did not happen. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever asked may not.
    #[error("not allowed: this needs {needs}{}", who_can(who))]
    NotAllowed { needs: &'static str, who: Vec<String> },
    /// The site does not exist, or not any more.
    #[error("there is no such site")]
    NoSuchSite,
    /// The user does not exist, or not any more.
    #[error("there is no such user")]
    NoSuchUser,
    /// The log has no such entry.
    #[error("there is no such change")]
    NoSuchChange,
    /// The window does not exist, or not any more.
    #[error("there is no such window")]
    NoSuchWindow,
    /// The window has no such time.
    #[error("this window has no time that could be changed so")]
    NotRunning,
    /// The lease does not exist, or not any more: ended, or lifted because it was not renewed in time.
    #[error("there is no such lease; it was ended, or lifted because it was not renewed in time")]
    NoSuchLease,
    /// Nobody is known by that number, or not any more.
    #[error("nobody is known by that number; `maintenance sessions` lists who is at work")]
    NoSuchVisit,
    /// Values that cannot be saved.
    #[error("nothing was saved: {0}")]
    Invalid(FieldErrors),
    /// Something that must be confirmed first.
    #[error("nothing was saved, because this must be confirmed: {}", texts(.0))]
    Unconfirmed(Vec<Warning>),
    /// Somebody else has saved the site since it was read.
    #[error("somebody else has changed this site meanwhile")]
    Stale { current: Box<SiteRecord>, last: Option<Box<Change>> },
    /// Somebody else has changed the window since it was read.
    #[error("somebody else has changed this window meanwhile")]
    StaleWindow { current: Box<Window> },
    /// Somebody else has changed the user since it was read.
    #[error("{} has changed this user meanwhile", last.actor)]
    StaleUser { last: Box<Change> },
    /// The site is protected and its domain was not typed.
    #[error("{domain} is protected: type its domain to go on")]
    Protected { domain: String },
    /// The change cannot be taken back.
    #[error("this change cannot be undone: {reason}")]
    CannotUndo { reason: &'static str },
    /// What the change touched has changed again since.
    #[error("{} changed again since; undo it anyway to put back the older value", fields.join(", "))]
    ChangedSince { fields: Vec<String>, current: Box<SiteRecord> },
    /// The database has sites or users of its own, which an import would take the place of.
    #[error("nothing was imported: the database is in use (sites: {sites}, users: {users})")]
    NotFresh { sites: usize, users: usize },
    /// The last active superuser must stay one.
    #[error("the last active superuser cannot be removed, deactivated or demoted")]
    LastSuperuser,
}

fn who_can(who: &[String]) -> String {
    if who.is_empty() { String::new() } else { format!("; who can: {}", who.join(", ")) }
}

fn texts(warnings: &[Warning]) -> String {
    warnings.iter().map(|warning| warning.text.as_str()).collect::<Vec<_>>().join(" ")
}

impl From<FieldErrors> for ActionError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl TransactionError for ActionError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}
