//! What a log-in and a log-out leave behind, and opening a locked account.
//!
//! Whether a password is right is for `auth` to say; here it is written down.

use std::net::IpAddr;

use super::{Act, ActionError, Actions, Actor, Done, Door, PasswordHash};
use crate::storage::{ChangeFilter, SessionId, UserChanges};
use crate::user::{User, UserId};

/// The name in the log for whoever failed to log in.
const VISITOR: &str = "a visitor";

/// Most entries about refused log-ins within [`FLOOD_SECONDS`]: a guesser must not fill the log.
const FLOOD_ENTRIES: i64 = 60;

/// See [`FLOOD_ENTRIES`].
const FLOOD_SECONDS: i64 = 60;

/// A log-in whose password was right.
pub(crate) struct RightPassword {
    /// Whose it is.
    pub(crate) user: UserId,
    /// The stored hash that the password was checked against.
    pub(crate) checked: String,
    /// The same password hashed with today's parameters, when the stored hash has weaker ones.
    pub(crate) rehashed: Option<PasswordHash>,
    /// Client address.
    pub(crate) address: Option<IpAddr>,
    /// The browser's session until now, which ends with the log-in.
    pub(crate) replaces: Option<SessionId>,
}

impl Actions {
    /// Notes a log-in: its time, the upgraded hash, an entry in the log. Ends the browser's older session.
    ///
    /// `None`, and nothing is written, when the password, the rights or the user changed while the password was
    /// being checked.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn login_accept(&self, login: &RightPassword) -> Result<Done<Option<User>>, ActionError> {
        let name = self.store().read(|reader| Ok(reader.user(login.user)?.map(|user| user.username)))?;
        let actor = visitor(name.as_deref().unwrap_or(VISITOR), login.address);
        self.act(&actor, |act| {
            let stored = act.writer.user_password_hash(login.user)?;
            let user = act.writer.user(login.user)?;
            let Some(user) = user.filter(|user| user.rights.panel() && stored.as_ref() == Some(&login.checked)) else {
                return Ok(None);
            };
            let password_hash = login.rehashed.clone().map(PasswordHash::into_phc);
            let changes = UserChanges { password_hash, last_login_at: Some(act.now), ..UserChanges::default() };
            act.writer.user_update(user.id, &changes)?;
            if let Some(older) = login.replaces {
                act.writer.session_delete(older)?;
            }
            act.log_user("login.accepted", &user.username, None, None)?;
            act.writer.user(user.id).map_err(ActionError::from)
        })
    }

    /// Notes a refused log-in; `user` when the name was that of one. Other names are not kept, because people type
    /// passwords into the wrong field.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn login_refuse(&self, user: Option<&User>, address: Option<IpAddr>) -> Result<(), ActionError> {
        let subject = user.map_or("an unknown name", |user| user.username.as_str());
        self.act(&visitor(VISITOR, address), |act| {
            if act.is_flooded("login.refused")? {
                log::warn!("Log-ins are refused more often than the history keeps; entries are left out.");
                return Ok(());
            }
            act.log_user("login.refused", subject, None, None).map(drop)
        })?;
        Ok(())
    }

    /// Logs out: ends one's own session on the server. Nothing happens when it is gone already.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] when the session is somebody else's; when the database fails.
    pub fn log_out(&self, actor: &Actor, id: SessionId) -> Result<Done<()>, ActionError> {
        self.act(actor, |act| {
            let Some(session) = act.writer.session(id)? else { return Ok(()) };
            if session.user_id.is_none() || session.user_id != actor.user {
                return Err(act.refused("the user of the session", |_| false)?);
            }
            act.writer.session_delete(id)?;
            act.log_user("login.ended", &actor.name, None, None).map(drop)
        })
    }

    /// Opens an account that is locked because of too many tries: its own count and those of all addresses begin
    /// anew. Whether there is such a user does not matter; a count is kept for any name.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] but for superusers; when the database fails.
    pub fn user_unlock(&self, actor: &Actor, username: &str) -> Result<Done<bool>, ActionError> {
        self.act(actor, |act| {
            act.need_superuser()?;
            let was_counted = act.writer.login_failures_clear_for(username)? > 0;
            if was_counted && let Some(user) = act.writer.user_by_name(username)? {
                act.log_user("user.unlocked", &user.username, None, None)?;
            }
            Ok(was_counted)
        })
    }
}

impl Act<'_, '_> {
    /// Whether the newest entries of the log are all of this kind and all of the last minute.
    fn is_flooded(&mut self, action: &str) -> Result<bool, ActionError> {
        let newest = self.writer.change_list(&ChangeFilter::default(), FLOOD_ENTRIES)?;
        let since = self.now - jiff::SignedDuration::from_secs(FLOOD_SECONDS);
        let is_full = newest.len() as i64 >= FLOOD_ENTRIES;
        Ok(is_full && newest.iter().all(|entry| entry.action == action && entry.at > since))
    }
}

/// Somebody who is not signed in. The log-in itself needs no rights.
fn visitor(name: &str, address: Option<IpAddr>) -> Actor {
    Actor { name: name.to_owned(), door: Door::Panel, address, user: None }
}
