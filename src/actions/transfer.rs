//! Takes in a whole configuration that was exported elsewhere.

use serde_json::Value;

use super::user::SETUP_SECRET;
use super::{Act, ActionError, Actions, Actor, Done, Door, Entry};
use crate::change::CONFIG_IMPORTED;
use crate::record::Fields;
use crate::transfer::Transfer;

/// What was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// How many sites there are now.
    pub sites: usize,
    /// How many users there are now.
    pub users: usize,
    /// Whether an active superuser is among them.
    pub has_superuser: bool,
}

impl Actions {
    /// Puts a configuration in place of what the database has: all of it or nothing. Ids are kept. Everybody whose
    /// account is replaced is logged out. One entry of the log stands for all of it; it cannot be undone.
    ///
    /// # Errors
    /// [`ActionError::NotAllowed`] but for the operator of the machine; [`ActionError::NotFresh`] when there are users,
    /// or more than the untouched first site, unless `replace`; [`ActionError::LastSuperuser`] when it would leave none.
    pub fn config_import(
        &self,
        actor: &Actor,
        transfer: &Transfer,
        replace: bool,
    ) -> Result<Done<Imported>, ActionError> {
        self.act(actor, |act| {
            if act.actor.user.is_some() {
                return Err(act.refused("the operator of the machine, at its shell", |_| false)?);
            }
            act.import(transfer, replace)
        })
    }
}

impl Act<'_, '_> {
    fn import(&mut self, transfer: &Transfer, replace: bool) -> Result<Imported, ActionError> {
        let (sites, users) = (self.writer.site_count()?, self.writer.user_list()?);
        let sites = usize::try_from(sites).unwrap_or(usize::MAX);
        let is_free = replace || users.is_empty() && self.has_no_own_site(sites)?;
        if !is_free {
            return Err(ActionError::NotFresh { sites, users: users.len() });
        }
        let had_superuser = users.iter().any(|user| user.rights.superuser());
        let has_superuser = match &transfer.users {
            Some(users) => users.iter().any(|record| record.user.rights.superuser()),
            None => had_superuser,
        };
        if had_superuser && !has_superuser {
            return Err(ActionError::LastSuperuser);
        }
        if has_superuser {
            self.writer.secret_set(SETUP_SECRET, None)?;
        }
        let now = Imported {
            sites: transfer.sites.len(),
            users: transfer.users.as_ref().map_or(users.len(), Vec::len),
            has_superuser,
        };
        let revision = self.log(Entry {
            site: None,
            subject: "configuration".to_owned(),
            action: CONFIG_IMPORTED,
            before: Some(counts(sites, users.len())),
            after: Some(counts(now.sites, now.users)),
            undoes: None,
        })?;
        self.writer.transfer_replace(transfer, revision)?;
        Ok(now)
    }

    /// Whether there is no site, or only the first one, as the program has made it.
    fn has_no_own_site(&mut self, sites: usize) -> Result<bool, ActionError> {
        match sites {
            0 => Ok(true),
            1 => {
                let last = self.writer.record_list()?.pop().map(|(_, revision)| revision);
                let change = last.map(|revision| self.writer.change(revision)).transpose()?.flatten();
                Ok(change.is_some_and(|change| change.action == "site.added" && change.door == Door::System.as_str()))
            }
            _ => Ok(false),
        }
    }
}

fn counts(sites: usize, users: usize) -> Fields {
    [("sites", sites), ("users", users)]
        .map(|(name, count)| (name.to_owned(), Value::from(count)))
        .into_iter()
        .collect()
}
