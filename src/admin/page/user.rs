//! People and their roles.

use serde::Serialize;

use super::{Field, FieldError, Moment, Page};

/// The list of users.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UsersPage {
    /// By name.
    pub rows: Vec<UserRow>,
}

impl Page for UsersPage {
    const TEMPLATE: &'static str = "admin/users/list.html";
}

/// One user.
#[derive(Debug, Clone, Serialize)]
pub struct UserRow {
    /// Key.
    pub id: i64,
    /// Log-in name.
    pub username: String,
    /// `Superuser`, `Staff`, `No panel`.
    pub role: &'static str,
    /// `all sites`, or the domains, or empty.
    pub sites: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// Whether it is the reader.
    pub is_me: bool,
    /// Last log-in.
    pub last_login: Option<Moment>,
}

/// Adds a user or changes one.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UserFormPage {
    /// Key; `None` while adding.
    pub id: Option<i64>,
    /// Stored name; empty while adding.
    pub stored_username: String,
    /// Whether it is the reader, whose password is changed on the account's page.
    pub is_me: bool,
    /// Revision the form was read at.
    pub revision: i64,
    /// `username`.
    pub username: Field,
    /// `password`; never filled in again. Empty keeps the stored one.
    pub password: Field,
    /// `password_again`; never filled in again.
    pub password_again: Field,
    /// `is_active`.
    pub is_active: Field,
    /// `is_staff`.
    pub is_staff: Field,
    /// `is_superuser`.
    pub is_superuser: Field,
    /// `scope`: `all` or `chosen` sites of a staff user; empty until somebody has chosen.
    pub scope: Field,
    /// `sites[]`: one box each; empty when there are more than 50 sites.
    pub sites: Vec<SiteChoice>,
    /// `domains`: one a line, instead of the boxes when there are more than 50 sites.
    pub domains: Option<Field>,
    /// What was refused.
    pub errors: Vec<FieldError>,
    /// Whether the user may be deleted: not oneself, not the last active superuser.
    pub may_delete: bool,
}

impl Page for UserFormPage {
    const TEMPLATE: &'static str = "admin/users/form.html";
}

/// A site that a user may be given.
#[derive(Debug, Clone, Serialize)]
pub struct SiteChoice {
    /// Its key.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// Whether it is given.
    pub is_chosen: bool,
}

/// Asks before a user is deleted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DeleteUserPage {
    /// Key.
    pub id: i64,
    /// Log-in name.
    pub username: String,
    /// How many sessions end with it.
    pub sessions: usize,
}

impl Page for DeleteUserPage {
    const TEMPLATE: &'static str = "admin/users/delete.html";
}
