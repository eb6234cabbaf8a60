//! A panel user and what that user may do: active, staff, superuser, and for which sites.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::site::SiteId;

/// Key of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

/// A panel user. The password hash never leaves `storage` and `auth`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Key.
    pub id: UserId,
    /// Log-in name, unique without regard to case.
    pub username: String,
    /// What the user may do.
    pub rights: Rights,
    /// When the user was made.
    pub created_at: Timestamp,
    /// Last log-in.
    pub last_login_at: Option<Timestamp>,
}

/// Rights of a user, as the gate and the actions ask for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights {
    /// Inactive users cannot log in and have no rights.
    pub is_active: bool,
    /// Staff may use the panel and pass closed sites, for the sites they are given.
    pub is_staff: bool,
    /// Superusers may everything and always pass.
    pub is_superuser: bool,
    /// The sites a staff user is limited to; `None` means all sites.
    pub sites: Option<Vec<SiteId>>,
}

impl Rights {
    /// Whether the user is an active superuser.
    pub fn superuser(&self) -> bool {
        self.is_active && self.is_superuser
    }

    /// Whether the user may log in to the panel at all.
    pub fn panel(&self) -> bool {
        self.is_active && (self.is_staff || self.is_superuser)
    }

    /// Whether the user is active staff of this site. A superuser is staff of every site.
    pub fn staff_of(&self, site: SiteId) -> bool {
        self.panel() && (self.is_superuser || self.sites.as_ref().is_none_or(|sites| sites.contains(&site)))
    }
}
