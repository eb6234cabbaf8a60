//! Adds, edits and removes panel users, and ends their sessions.

use serde_json::json;

use super::{Act, ActionError, Actions, Actor, Done, Entry};
use crate::change::Revision;
use crate::field::FieldErrors;
use crate::record::Fields;
use crate::storage::{ChangeFilter, NewUser, SessionId, StoreError, UserChanges};
use crate::user::{Rights, Theme, User, UserId, check_username};

/// Name of the secret that the one-time set-up link is checked against.
pub(crate) const SETUP_SECRET: &str = "setup-link";

/// A password that has been checked and hashed, which takes too long for a transaction.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps an Argon2id hash in PHC form.
    pub(crate) fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    pub(crate) fn into_phc(self) -> String {
        self.0
    }
}

/// What to change of a user; `None` leaves it as it is.
#[derive(Clone, Default)]
pub struct UserEdit {
    /// New log-in name.
    pub username: Option<String>,
    /// New password; ends the user's sessions, but for the one given.
    pub password: Option<PasswordHash>,
    /// New rights.
    pub rights: Option<Rights>,
    /// The revision that the user was read at; a save over a later change is refused. `None` saves anyway.
    pub read_at: Option<Revision>,
    /// Session that outlives a change of password: the one it was changed in.
    pub keep_session: Option<SessionId>,
}

impl Actions {
    /// Adds a user.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] but for superusers; [`ActionError::Invalid`] when the name is taken or no name.
    pub fn user_add(
        &self,
        actor: &Actor,
        username: &str,
        password: PasswordHash,
        rights: &Rights,
    ) -> Result<Done<User>, ActionError> {
        self.act(actor, |act| {
            act.need_superuser()?;
            act.user_insert(username, password, rights)
        })
    }

    /// Adds the first superuser, by the one-time link. Refused as soon as there is one.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] when a superuser exists already.
    pub fn user_add_first(
        &self,
        actor: &Actor,
        username: &str,
        password: PasswordHash,
    ) -> Result<Done<User>, ActionError> {
        self.act(actor, |act| {
            if act.writer.superuser_count()? > 0 {
                return Err(act.refused("nobody: there is a superuser already", Rights::superuser)?);
            }
            act.writer.secret_set(SETUP_SECRET, None)?;
            let rights = Rights { is_active: true, is_staff: true, is_superuser: true, sites: None };
            act.user_insert(username, password, &rights)
        })
    }

    /// Changes a user. A new password or fewer rights end the user's sessions.
    ///
    /// Superusers may change everybody; everybody may change their own password.
    ///
    /// # Errors
    /// [`ActionError::LastSuperuser`], [`ActionError::NotAllowed`], [`ActionError::NoSuchUser`],
    /// [`ActionError::Invalid`], [`ActionError::StaleUser`].
    pub fn user_edit(&self, actor: &Actor, id: UserId, edit: &UserEdit) -> Result<Done<User>, ActionError> {
        self.act(actor, |act| {
            let is_own_password = actor.user == Some(id) && edit.rights.is_none() && edit.username.is_none();
            if !is_own_password {
                act.need_superuser()?;
            }
            act.user_change(id, edit)
        })
    }

    /// Removes a user with all sessions.
    ///
    /// # Errors
    /// [`ActionError::LastSuperuser`], [`ActionError::NotAllowed`], [`ActionError::NoSuchUser`].
    pub fn user_remove(&self, actor: &Actor, id: UserId) -> Result<Done<User>, ActionError> {
        self.act(actor, |act| {
            act.need_superuser()?;
            let user = act.user(id)?;
            act.keep_a_superuser(&user, &Rights::default())?;
            act.writer.user_delete(id)?;
            act.log_user("user.removed", &user.username, Some(fields_of(&user)), None)?;
            Ok(user)
        })
    }

    /// Sets how the panel looks for a user and whether its keys are on. Nothing that the log would keep.
    ///
    /// # Errors
    /// When the database fails.
    pub fn user_preferences(&self, id: UserId, theme: Theme, has_shortcuts: bool) -> Result<(), StoreError> {
        let changes = UserChanges { theme: Some(theme), has_shortcuts: Some(has_shortcuts), ..UserChanges::default() };
        self.store().write(|writer| writer.user_update(id, &changes))
    }

    /// Ends the actor's own sessions, but for one; returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session_end_others(&self, actor: &Actor, keep: Option<SessionId>) -> Result<Done<usize>, ActionError> {
        self.act(actor, |act| {
            let Some(user) = actor.user else { return Ok(0) };
            let ended = act.writer.session_delete_of_user(user, keep)?;
            if ended > 0 {
                act.log_user("session.ended", &actor.name, None, None)?;
            }
            Ok(ended)
        })
    }

    /// Ends one session: one's own, or anybody's for a superuser.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`]; [`ActionError::NoSuchUser`] when the session is gone.
    pub fn session_end(&self, actor: &Actor, id: SessionId) -> Result<Done<()>, ActionError> {
        self.act(actor, |act| {
            let owner = act.writer.session(id)?.and_then(|session| session.user_id).ok_or(ActionError::NoSuchUser)?;
            if actor.user != Some(owner) {
                act.need_superuser()?;
            }
            let user = act.user(owner)?;
            act.writer.session_delete(id)?;
            act.log_user("session.ended", &user.username, None, None)?;
            Ok(())
        })
    }
}

impl Act<'_, '_> {
    fn user(&mut self, id: UserId) -> Result<User, ActionError> {
        self.writer.user(id)?.ok_or(ActionError::NoSuchUser)
    }

    fn user_insert(&mut self, username: &str, password: PasswordHash, rights: &Rights) -> Result<User, ActionError> {
        let username = self.free_username(username, None)?;
        let PasswordHash(password_hash) = password;
        let new = NewUser { username, password_hash, rights: rights.clone(), created_at: self.now };
        let id = self.writer.user_insert(&new)?;
        let user = self.user(id)?;
        self.log_user("user.added", &user.username, None, Some(fields_of(&user)))?;
        Ok(user)
    }

    fn user_change(&mut self, id: UserId, edit: &UserEdit) -> Result<User, ActionError> {
        let before = self.user(id)?;
        if let Some(read_at) = edit.read_at {
            self.need_unchanged(&before, read_at)?;
        }
        if let Some(rights) = &edit.rights {
            self.keep_a_superuser(&before, rights)?;
        }
        let username = match &edit.username {
            Some(username) => Some(self.free_username(username, Some(id))?),
            None => None,
        };
        let password_hash = edit.password.clone().map(|PasswordHash(hash)| hash);
        let is_new_password = password_hash.is_some();
        let changes = UserChanges { username, password_hash, rights: edit.rights.clone(), ..UserChanges::default() };
        self.writer.user_update(id, &changes)?;
        let after = self.user(id)?;
        if is_new_password || before.rights != after.rights {
            let except = edit.keep_session.filter(|_| before.rights == after.rights);
            self.writer.session_delete_of_user(id, except)?;
        }
        let (was, is) = (fields_of(&before), fields_of(&after));
        if was != is {
            self.log_user("user.edited", &after.username, Some(was), Some(is))?;
        }
        if is_new_password {
            self.log_user("user.password_changed", &after.username, None, None)?;
        }
        Ok(after)
    }

    fn free_username(&mut self, username: &str, own: Option<UserId>) -> Result<String, ActionError> {
        let username = check_username(username).map_err(|text| FieldErrors::of("username", text))?;
        match self.writer.user_by_name(&username)? {
            Some(user) if Some(user.id) != own => {
                Err(FieldErrors::of("username", format!("there is a user {} already", user.username)).into())
            }
            _ => Ok(username),
        }
    }

    /// Refuses to save over a change that whoever saves has not seen. A new password is none: it is never shown.
    fn need_unchanged(&mut self, user: &User, read_at: Revision) -> Result<(), ActionError> {
        let filter = ChangeFilter {
            subject: Some(user.username.clone()),
            action: Some("user.edited".to_owned()),
            ..ChangeFilter::default()
        };
        match self.writer.change_list(&filter, 1)?.pop() {
            Some(last) if last.revision > read_at => Err(ActionError::StaleUser { last: Box::new(last) }),
            _ => Ok(()),
        }
    }

    /// Refuses what would leave no active superuser.
    fn keep_a_superuser(&mut self, user: &User, rights: &Rights) -> Result<(), ActionError> {
        let is_last = user.rights.superuser() && !rights.superuser() && self.writer.superuser_count()? <= 1;
        if is_last { Err(ActionError::LastSuperuser) } else { Ok(()) }
    }

    pub(super) fn log_user(
        &mut self,
        action: &'static str,
        username: &str,
        before: Option<Fields>,
        after: Option<Fields>,
    ) -> Result<Revision, ActionError> {
        self.log(Entry { site: None, subject: username.to_owned(), action, before, after, undoes: None })
    }
}

/// What the log keeps of a user; never a password.
fn fields_of(user: &User) -> Fields {
    let rights = &user.rights;
    let mut fields = Fields::new();
    fields.insert("username".to_owned(), json!(user.username));
    fields.insert("is_active".to_owned(), json!(rights.is_active));
    fields.insert("is_staff".to_owned(), json!(rights.is_staff));
    fields.insert("is_superuser".to_owned(), json!(rights.is_superuser));
    fields.insert("sites".to_owned(), json!(rights.sites));
    fields
}
