//! The one-time link by which the first superuser is made in a browser.
//!
//! It exists only while there is no superuser. Each start of a server makes a new one, which replaces the last;
//! only its SHA-256 is kept, in the database, so that every server of a site can check it. It dies when it is used,
//! because the superuser that it makes removes it in the same transaction.

use super::key::{is_hex, is_same, random_hex, sha256_hex};
use crate::actions::SETUP_SECRET;
use crate::storage::{Store, StoreError};

/// Makes a new token, 256 random bits in hexadecimal digits; `None` when there is a superuser already. Any earlier
/// token is void.
///
/// # Errors
/// When the database fails.
pub fn setup_token(store: &Store) -> Result<Option<String>, StoreError> {
    store.write(|writer| {
        if writer.superuser_count()? > 0 {
            writer.secret_set(SETUP_SECRET, None)?;
            return Ok(None);
        }
        let token = random_hex::<32>();
        writer.secret_set(SETUP_SECRET, Some(&sha256_hex(&token)))?;
        Ok(Some(token))
    })
}

/// Whether this is the token that was made last, and there is still no superuser.
///
/// # Errors
/// When the database fails.
pub fn check_setup(store: &Store, token: &str) -> Result<bool, StoreError> {
    store.read(|reader| {
        let kept = reader.secret(SETUP_SECRET)?;
        let is_needed = reader.superuser_count()? == 0;
        Ok(is_needed && is_hex::<32>(token) && kept.is_some_and(|kept| is_same(&kept, &sha256_hex(token))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::{Actor, Door};
    use crate::auth::tests::{actions, password_hash, store};

    fn visitor() -> Actor {
        Actor { name: "setup".to_owned(), door: Door::Setup, address: None, user: None }
    }

    #[test]
    fn only_the_last_token_is_good() {
        let (_folder, store) = store();
        assert!(!check_setup(&store, "").unwrap());
        let first = setup_token(&store).unwrap().unwrap();
        assert!(check_setup(&store, &first).unwrap());
        let second = setup_token(&store).unwrap().unwrap();
        assert!(!check_setup(&store, &first).unwrap());
        assert!(check_setup(&store, &second).unwrap());
        for wrong in ["", "x", &second[1..], &second.to_uppercase(), &sha256_hex(&second)] {
            assert!(!check_setup(&store, wrong).unwrap(), "{wrong}");
        }
    }

    #[test]
    fn the_token_dies_when_it_is_used() {
        let (_folder, store) = store();
        let token = setup_token(&store).unwrap().unwrap();
        actions(&store).user_add_first(&visitor(), "ada", password_hash()).unwrap();
        assert!(!check_setup(&store, &token).unwrap());
        assert_eq!(store.read(|reader| reader.secret(SETUP_SECRET)).unwrap(), None);
        assert_eq!(setup_token(&store).unwrap(), None);
        assert!(actions(&store).user_add_first(&visitor(), "bo", password_hash()).is_err());
    }

    #[test]
    fn the_token_is_not_kept_itself() {
        let (_folder, store) = store();
        let token = setup_token(&store).unwrap().unwrap();
        let kept = store.read(|reader| reader.secret(SETUP_SECRET)).unwrap().unwrap();
        assert_ne!(kept, token);
    }
}
