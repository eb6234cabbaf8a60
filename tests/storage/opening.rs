//! How a store comes to its database.

use maintenance_mode::clock;
use maintenance_mode::storage::{DatabaseOptions, DatabaseUrl, Open, Store, StoreError};

use crate::engine::{on_each_empty_database, on_each_engine};

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
