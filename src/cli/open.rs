//! Opens the database for a command.

use std::sync::{Arc, Once};
use std::time::Duration;

use super::exit::Exit;
use super::{Context, confirm};
use crate::actions::Actions;
use crate::propagation::ClockWatch;
use crate::storage::{Open, Prepared, Store, StoreError};

/// How often it is looked whether the database has stopped answering.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Opens a database that must be there: a mistyped name must not make a new, empty one.
pub fn existing(context: &Context) -> Result<Store, StoreError> {
    let (store, watchdog) = existing_watched(context)?;
    watchdog.stay();
    Ok(store)
}

/// The same for a command that outlives the database from a certain moment on: there it drops the watchdog, and from
/// then on it asks within [`Store::apart`] only.
pub fn existing_watched(context: &Context) -> Result<(Store, Watchdog), StoreError> {
    let store = existing_apart(context)?;
    let watchdog = Watchdog::on(context, &store)?;
    Ok((store, watchdog))
}

/// The same for a command that outlives a database which gives no answer: it asks within [`Store::apart`] only.
pub fn existing_apart(context: &Context) -> Result<Store, StoreError> {
    let store = context.database.store();
    store.prepare(Open::Existing)?;
    ClockWatch::default().measure(&store)?;
    Ok(store)
}

/// Opens a database and makes or migrates it where needed, saying so.
pub fn or_create(context: &Context) -> Result<Store, StoreError> {
    let url = &context.database.database_url;
    let store = context.database.store();
    let Prepared { is_new, migrated } = store.prepare(Open::Migrate)?;
    if is_new {
        context.console.note(&format!("created the database {url}"));
    } else if !migrated.is_empty() {
        context.console.note(&format!("migrated the database {url} to {}", migrated.join(", ")));
    }
    Watchdog::on(context, &store)?.stay();
    ClockWatch::default().measure(&store)?;
    Ok(store)
}

/// Ends the command with a sentence when the database takes a question and gives no answer: nothing can call back the
/// thread that waits for it. Dropping stands it down.
pub struct Watchdog(Arc<()>);

impl Watchdog {
    fn on(context: &Context, store: &Store) -> Result<Self, StoreError> {
        let (console, store) = (context.console, store.clone());
        let watchdog = Self(Arc::default());
        let is_wanted = Arc::downgrade(&watchdog.0);
        let watch = move || {
            while is_wanted.strong_count() > 0 {
                if let Some(error) = store.give_up_lost() {
                    console.error(&error.into());
                    std::process::exit(Exit::Failed.code().into());
                }
                std::thread::sleep(LOOK_EVERY);
            }
        };
        match std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch) {
            Ok(_) => Ok(watchdog),
            Err(error) => Err(StoreError::Unreachable { reason: format!("no thread could be started: {error}") }),
        }
    }

    /// Lets it watch for as long as the command runs.
    fn stay(self) {
        std::mem::forget(self.0);
    }
}

/// Actions on a database. Servers see a change by themselves; after each one they are waited for shortly, so that what
/// is asked next meets it.
pub fn actions(context: &Context, store: &Store) -> Actions {
    let (console, servers, told) = (context.console, store.clone(), Once::new());
    let wait = move || {
        if let Some(behind) = confirm::briefly(&servers) {
            // Once a command: what renews a lease would say it every few seconds.
            told.call_once(|| console.note(&behind));
        }
    };
    Actions::new(store.clone(), wait).with_visit_idle(context.visits.idle())
}
