//! Opens the database for a command.

use super::{Context, confirm};
use crate::actions::Actions;
use crate::storage::{DatabaseOptions, Open, Prepared, Store, StoreError};

/// Opens a database that must be there: a mistyped name must not make a new, empty one.
pub fn existing(context: &Context) -> Result<Store, StoreError> {
    Store::open(&context.database.database_url, Open::Existing)
}

/// Opens a database and makes or migrates it where needed, saying so.
pub fn or_create(context: &Context) -> Result<Store, StoreError> {
    let url = &context.database.database_url;
    let store = Store::new(url, DatabaseOptions::default());
    let Prepared { is_new, migrated } = store.prepare(Open::Migrate)?;
    if is_new {
        context.console.note(&format!("created the database {url}"));
    } else if !migrated.is_empty() {
        context.console.note(&format!("migrated the database {url} to {}", migrated.join(", ")));
    }
    Ok(store)
}

/// Actions on a database. Servers see a change by themselves; after each one they are waited for shortly, so that what
/// is asked next meets it.
pub fn actions(store: &Store) -> Actions {
    let servers = store.clone();
    Actions::new(store.clone(), move || confirm::briefly(&servers))
}
