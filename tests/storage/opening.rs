//! How a store comes to its database.

use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use maintenance_mode::clock;
use maintenance_mode::storage::{DatabaseOptions, DatabaseUrl, Open, Store, StoreError};

use crate::engine::{execute, on_each_empty_database, on_each_engine};
use crate::{add, stored};

#[test]
fn a_new_store_touches_nothing_until_it_is_prepared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite3");
    let url = DatabaseUrl::parse(path.to_str().unwrap()).unwrap();
    let store = Store::new(&url, DatabaseOptions::default());
    assert!(matches!(store.prepare(Open::Existing), Err(StoreError::Missing { .. })));
    assert!(!path.exists());
    let prepared = store.prepare(Open::Migrate).unwrap();
    assert!(prepared.is_new && !prepared.migrated.is_empty(), "{prepared:?}");
    assert_eq!(store.read(|reader| reader.site_count()).unwrap(), 0);
}

#[test]
fn a_store_can_be_prepared_again_and_by_any_thread() {
    on_each_empty_database(|url| {
        let store = Store::new(url, DatabaseOptions::default());
        assert!(matches!(store.prepare(Open::Existing), Err(StoreError::Missing { .. } | StoreError::Older)));
        let first = std::thread::scope(|scope| scope.spawn(|| store.prepare(Open::Migrate)).join().unwrap()).unwrap();
        assert!(!first.migrated.is_empty());
        let again = store.prepare(Open::Migrate).unwrap();
        assert!(!again.is_new && again.migrated.is_empty(), "{again:?}");
        store.prepare(Open::Existing).unwrap();
    });
}

#[test]
fn the_clock_of_the_database_agrees_with_that_of_this_machine_and_runs_on_within_a_transaction() {
    on_each_engine(|store| {
        let before = clock::now();
        let (first, second) = store.read(|reader| Ok((reader.clock()?, reader.clock()?))).unwrap();
        assert!(before <= first && first <= second && second <= clock::now(), "{before} {first} {second}");
    });
}

#[test]
fn of_several_that_start_at_once_on_an_empty_database_one_migrates_and_the_others_wait() {
    // Who comes in whose way is different each time.
    for _ in 0..8 {
        on_each_empty_database(|url| {
            let prepared: Vec<_> = std::thread::scope(|scope| {
                let start = || Store::new(url, DatabaseOptions::default()).prepare(Open::Migrate);
                let starting: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
                starting.into_iter().map(|one| one.join().unwrap().unwrap()).collect()
            });
            let migrated = prepared.iter().filter(|one| !one.migrated.is_empty()).count();
            assert_eq!(migrated, 1, "{prepared:?}");
        });
    }
}

#[test]
fn a_start_waits_for_one_that_migrates_a_file_for_longer_than_a_change_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite3");
    let url = DatabaseUrl::parse(path.to_str().unwrap()).unwrap();
    execute(&url, "PRAGMA journal_mode = WAL");
    let mut slow = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    slow.batch_execute("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| Store::new(&url, DatabaseOptions::default()).prepare(Open::Migrate));
        std::thread::sleep(Duration::from_secs(7));
        slow.batch_execute("COMMIT").unwrap();
        assert!(!starting.join().unwrap().unwrap().migrated.is_empty());
    });
}

/// What a newer program does that adds a column.
const NEXT_STEP: &str = "ALTER TABLE sites ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'; \
                         INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000');";

#[test]
fn a_step_that_older_programs_can_work_beside_disturbs_neither_those_that_run_nor_those_that_start() {
    on_each_engine(|store| {
        let before = add(store, "before.example");
        execute(store.url(), &format!("{NEXT_STEP} INSERT INTO expand_steps (version) VALUES ('29990101000000')"));
        let after = add(store, "after.example");
        assert!(stored(store, before).1 < stored(store, after).1);
        for open in [Open::Migrate, Open::Existing] {
            let starting = Store::open(store.url(), open).unwrap();
            assert_eq!(starting.read(|reader| reader.site_count()).unwrap(), 2);
        }
    });
}

#[test]
fn any_other_step_of_a_newer_program_is_refused() {
    on_each_engine(|store| {
        execute(store.url(), NEXT_STEP);
        for open in [Open::Migrate, Open::Existing] {
            let error = Store::open(store.url(), open).err().unwrap();
            assert!(matches!(&error, StoreError::Newer { found } if found == "29990101000000"), "{error}");
            assert!(!error.is_passing());
        }
    });
}
