//! The whole configuration as one JSON document, to move it from one database to another.
//!
//! Holds every site with its record and, unless they are left out, every user with the password hash. Does not hold
//! the change log, sessions and the secret that cookies are encrypted with. A site or user is one line, in the order of
//! the ids, so that two documents can be compared line by line.

mod check;
mod read;
mod write;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::change::Revision;
use crate::record::SiteRecord;
use crate::user::User;
use crate::window::Window;

pub use read::{TransferError, Wrong};
pub use write::Document;

/// What `format` says.
pub const FORMAT: &str = "maintenance-mode";

/// What `format_version` says. Grows when a program of today would misread what one of tomorrow writes.
pub const FORMAT_VERSION: u32 = 1;

/// Where and when a document was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Origin {
    /// When.
    pub exported_at: Timestamp,
    /// Version of the program.
    pub program_version: String,
    /// The last change that is in it.
    pub revision: Revision,
}

/// A user with everything that belongs to the account, but for its sessions.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// Argon2id, PHC string.
    pub password_hash: String,
}

/// Shows the user without the hash.
impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A document that was read and is sound in itself: see [`Transfer::parse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Every site, in the order of the document.
    pub sites: Vec<SiteRecord>,
    /// The windows of all sites.
    pub windows: Vec<Window>,
    /// Every user; `None` when users were left out, which leaves those of the database alone.
    pub users: Option<Vec<UserRecord>>,
}
