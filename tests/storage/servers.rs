//! The servers that share a database: judged by its clock, and waiting for no writer.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use maintenance_mode::change::Revision;
use maintenance_mode::clock;
use maintenance_mode::server_info::{LIVE_FOR, Server};
use maintenance_mode::storage::{Store, StoreError};

use crate::engine::{execute, on_each_engine};
use crate::{a_site, actions, add, operator};

fn servers(store: &Store) -> Vec<Server> {
    store.read(|reader| reader.server_list()).unwrap()
}

#[test]
fn a_server_says_since_when_it_decides_by_its_revision() {
    on_each_engine(|store| {
        let id = store.write_beside(|writer| writer.server_insert("web1", "0.1.0", Revision(3))).unwrap();
        let entered = servers(store).remove(0);
        assert_eq!((entered.revision, entered.enforced_at), (Revision(3), Some(entered.started_at)));
        assert!(store.write_beside(|writer| writer.server_seen(id, Revision(3))).unwrap());
        let alive = servers(store).remove(0);
        assert!(alive.last_seen_at > entered.last_seen_at);
        assert_eq!(alive.enforced_at, entered.enforced_at, "the revision is the same");
        assert!(store.write_beside(|writer| writer.server_seen(id, Revision(4))).unwrap());
        let changed = servers(store).remove(0);
        assert_eq!((changed.revision, changed.enforced_at), (Revision(4), Some(changed.last_seen_at)));
        store.write_beside(|writer| writer.server_delete(id)).unwrap();
        assert!(!store.write_beside(|writer| writer.server_seen(id, Revision(5))).unwrap());
    });
}

#[test]
fn a_server_of_a_version_that_does_not_say_since_when_is_listed_all_the_same() {
    on_each_engine(|store| {
        let now = "2026-11-21 03:00:00.000000";
        execute(
            store.url(),
            &format!(
                "INSERT INTO servers (name, version, started_at, last_seen_at, revision) \
                 VALUES ('old', '0.0.9', '{now}', '{now}', 7)"
            ),
        );
        assert_eq!(servers(store).remove(0).enforced_at, None);
    });
}

#[test]
fn a_server_is_judged_by_the_clock_of_the_database_alone() {
    on_each_engine(|store| {
        store.write_beside(|writer| writer.server_insert("web1", "0.1.0", Revision(0))).unwrap();
        let now = store.read(|reader| reader.clock()).unwrap();
        let server = servers(store).remove(0);
        assert!(server.is_live(now));
        assert!(!server.is_live(now + LIVE_FOR));
        // What a machine an hour ahead would have said.
        assert!(!server.is_live(clock::now() + SignedDuration::from_hours(1)));
    });
}

#[test]
fn a_sign_of_life_waits_for_no_writer() {
    on_each_engine(|store| {
        if store.url().sqlite_path().is_some() {
            return;
        }
        let id = store.write_beside(|writer| writer.server_insert("web1", "0.1.0", Revision(0))).unwrap();
        let took = store
            .write(|_| {
                let began = Instant::now();
                assert!(store.write_beside(|writer| writer.server_seen(id, Revision(1)))?);
                Ok::<_, StoreError>(began.elapsed())
            })
            .unwrap();
        assert!(took < Duration::from_secs(1), "{took:?}");
    });
}

#[test]
fn a_writer_that_froze_costs_the_others_one_slow_change_on_postgresql_and_a_word_on_sqlite() {
    on_each_engine(|store| {
        let own = store.clone();
        let late = std::sync::Mutex::new(None);
        let frozen = store.write(|writer| {
            writer.secret_set("kept", Some("value"))?;
            let waiting = std::thread::spawn(move || actions(&own).site_add(&operator(), &a_site("late.example")));
            *late.lock().unwrap() = Some(waiting.join().unwrap());
            Ok::<_, StoreError>(())
        });
        let late = late.into_inner().unwrap().unwrap();
        if store.url().sqlite_path().is_some() {
            frozen.unwrap();
            assert!(late.unwrap_err().to_string().contains("locked by another process"));
        } else {
            // The server ends a transaction that sits idle on its turn.
            assert!(matches!(frozen, Err(StoreError::Unreachable { .. } | StoreError::Unconfirmed)), "{frozen:?}");
            late.unwrap();
            assert_eq!(store.read(|reader| reader.secret("kept")).unwrap(), None);
        }
        add(store, "next.example");
    });
}
