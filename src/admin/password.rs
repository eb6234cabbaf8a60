//! New passwords that were typed into a form.

use super::error::PanelError;
use super::panel::Panel;
use crate::actions::PasswordHash;
use crate::auth::password::HashingError;
use crate::auth::{About, NewPassword, strength};

/// Most sites whose names are looked for in a new password.
const MAX_SITES: usize = 200;

/// Said when the same password was not typed twice.
pub(super) const DIFFER: &str = "The two passwords differ. Type the same one twice.";

impl Panel {
    /// Checks a new password for this user.
    ///
    /// # Errors
    /// A sentence for the field.
    pub(super) fn new_password(&self, typed: &str, username: &str) -> Result<NewPassword, String> {
        let snapshot = self.maintenance.snapshot();
        let sites = snapshot.ids().take(MAX_SITES).filter_map(|id| snapshot.site(*id));
        let sites: Vec<&str> = sites.map(|site| site.domain.as_str()).collect();
        strength::check(typed, &About { username, sites: &sites }).map_err(|weak| format!("The password {weak}."))
    }

    /// Hashes it, in its turn.
    pub(super) async fn hash(&self, password: NewPassword) -> Result<PasswordHash, PanelError> {
        match self.auth().hashing().hash(password).await {
            Ok(hash) => Ok(hash),
            Err(HashingError::Busy) => Err(PanelError::Busy),
            Err(error) => Err(PanelError::internal(error)),
        }
    }
}
