//! Panel users, their rights and their password hashes.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::{user_sites, users};
use super::timestamp::UtcTime;
use super::{DbConnection, Reader, StoreError, Writer};
use crate::site::SiteId;
use crate::user::{Rights, Theme, User, UserId, username_key};

/// A user about to be written.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Log-in name as typed; unique without regard to case.
    pub username: String,
    /// Argon2id, PHC string.
    pub password_hash: String,
    /// What the user may do.
    pub rights: Rights,
    /// When.
    pub created_at: Timestamp,
}

/// What to change of a user; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChanges {
    /// New log-in name.
    pub username: Option<String>,
    /// New password hash.
    pub password_hash: Option<String>,
    /// New rights.
    pub rights: Option<Rights>,
    /// New look of the panel.
    pub theme: Option<Theme>,
    /// Whether the panel's keys are on.
    pub has_shortcuts: Option<bool>,
    /// Time of a log-in.
    pub last_login_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct UserRow {
    id: i64,
    username: String,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    is_limited_to_sites: bool,
    theme: String,
    has_shortcuts: bool,
    created_at: UtcTime,
    last_login_at: Option<UtcTime>,
}

impl Reader<'_> {
    /// Everybody, by name.
    pub fn user_list(&mut self) -> Result<Vec<User>, StoreError> {
        let rows = users::table.select(UserRow::as_select()).order((users::username_key, users::id)).load(self.conn)?;
        assemble(self.conn, rows)
    }

    /// One user.
    pub fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let rows = users::table.find(id.0).select(UserRow::as_select()).load(self.conn)?;
        Ok(assemble(self.conn, rows)?.pop())
    }

    /// The user of that name, without regard to case.
    pub fn user_by_name(&mut self, username: &str) -> Result<Option<User>, StoreError> {
        let rows = users::table
            .filter(users::username_key.eq(username_key(username)))
            .select(UserRow::as_select())
            .load(self.conn)?;
        Ok(assemble(self.conn, rows)?.pop())
    }

    /// The password hash of a user.
    pub fn user_password_hash(&mut self, id: UserId) -> Result<Option<String>, StoreError> {
        Ok(users::table.find(id.0).select(users::password_hash).first(self.conn).optional()?)
    }

    /// How many active superusers there are.
    pub fn superuser_count(&mut self) -> Result<i64, StoreError> {
        let active = users::table.filter(users::is_superuser.eq(true)).filter(users::is_active.eq(true));
        Ok(active.count().get_result(self.conn)?)
    }
}

impl Writer<'_> {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub fn user_insert(&mut self, new: &NewUser) -> Result<UserId, StoreError> {
        let id: i64 = diesel::insert_into(users::table)
            .values((
                users::username.eq(&new.username),
                users::username_key.eq(username_key(&new.username)),
                users::password_hash.eq(&new.password_hash),
                users::is_active.eq(new.rights.is_active),
                users::is_staff.eq(new.rights.is_staff),
                users::is_superuser.eq(new.rights.is_superuser),
                users::is_limited_to_sites.eq(new.rights.sites.is_some()),
                users::theme.eq(Theme::default().as_str()),
                users::has_shortcuts.eq(true),
                users::created_at.eq(UtcTime(new.created_at)),
            ))
            .returning(users::id)
            .get_result(self.conn)?;
        self.user_site_replace(id, new.rights.sites.as_deref().unwrap_or_default())?;
        Ok(UserId(id))
    }

    /// Changes a user.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the new name is taken.
    pub fn user_update(&mut self, id: UserId, changes: &UserChanges) -> Result<(), StoreError> {
        let user = users::table.find(id.0);
        if let Some(username) = &changes.username {
            diesel::update(user)
                .set((users::username.eq(username), users::username_key.eq(username_key(username))))
                .execute(self.conn)?;
        }
        if let Some(hash) = &changes.password_hash {
            diesel::update(user).set(users::password_hash.eq(hash)).execute(self.conn)?;
        }
        if let Some(rights) = &changes.rights {
            diesel::update(user)
                .set((
                    users::is_active.eq(rights.is_active),
                    users::is_staff.eq(rights.is_staff),
                    users::is_superuser.eq(rights.is_superuser),
                    users::is_limited_to_sites.eq(rights.sites.is_some()),
                ))
                .execute(self.conn)?;
            self.user_site_replace(id.0, rights.sites.as_deref().unwrap_or_default())?;
        }
        if let Some(theme) = changes.theme {
            diesel::update(user).set(users::theme.eq(theme.as_str())).execute(self.conn)?;
        }
        if let Some(has_shortcuts) = changes.has_shortcuts {
            diesel::update(user).set(users::has_shortcuts.eq(has_shortcuts)).execute(self.conn)?;
        }
        if let Some(at) = changes.last_login_at {
            diesel::update(user).set(users::last_login_at.eq(Some(UtcTime(at)))).execute(self.conn)?;
        }
        Ok(())
    }

    /// Removes a user, and with the user all of its sessions.
    pub fn user_delete(&mut self, id: UserId) -> Result<(), StoreError> {
        diesel::delete(users::table.find(id.0)).execute(self.conn)?;
        Ok(())
    }

    fn user_site_replace(&mut self, user: i64, sites: &[SiteId]) -> Result<(), StoreError> {
        diesel::delete(user_sites::table.filter(user_sites::user_id.eq(user))).execute(self.conn)?;
        for site in sites {
            diesel::insert_into(user_sites::table)
                .values((user_sites::user_id.eq(user), user_sites::site_id.eq(site.0)))
                .execute(self.conn)?;
        }
        Ok(())
    }
}

/// Joins rows with the sites that limited users are given.
fn assemble(conn: &mut DbConnection, rows: Vec<UserRow>) -> Result<Vec<User>, StoreError> {
    let limited: Vec<i64> = rows.iter().filter(|row| row.is_limited_to_sites).map(|row| row.id).collect();
    let mut given: HashMap<i64, Vec<SiteId>> = HashMap::new();
    for ids in limited.chunks(500) {
        let links: Vec<(i64, i64)> = user_sites::table
            .filter(user_sites::user_id.eq_any(ids))
            .order((user_sites::user_id, user_sites::site_id))
            .load(conn)?;
        for (user, site) in links {
            given.entry(user).or_default().push(SiteId(site));
        }
    }
    rows.into_iter()
        .map(|row| {
            Ok(User {
                id: UserId(row.id),
                rights: Rights {
                    is_active: row.is_active,
                    is_staff: row.is_staff,
                    is_superuser: row.is_superuser,
                    sites: row.is_limited_to_sites.then(|| given.remove(&row.id).unwrap_or_default()),
                },
                username: row.username,
                theme: super::record::parsed("theme", &row.theme)?,
                has_shortcuts: row.has_shortcuts,
                created_at: row.created_at.into(),
                last_login_at: row.last_login_at.map(Timestamp::from),
            })
        })
        .collect()
}
