//! Running work that has registered itself: judged by the clock of the database, and kept by signs of life.

use jiff::{SignedDuration, Timestamp};
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{NewTask, Store, StoreError};
use maintenance_mode::task::{LIVE_FOR, RunningTask, TaskId};

use crate::engine::{execute, on_each_engine};
use crate::{actions, add, operator};

fn a_task(site: SiteId, name: &str) -> NewTask {
    NewTask {
        site,
        name: name.to_owned(),
        host: "web1".to_owned(),
        pid: Some(4_294_967_295),
        started_by: "CLI, root@web1".to_owned(),
        started_at: None,
    }
}

fn enter(store: &Store, site: SiteId, name: &str) -> RunningTask {
    store.write(|writer| writer.task_insert(&a_task(site, name))).unwrap()
}

fn names(store: &Store, site: Option<SiteId>) -> Vec<String> {
    let tasks = store.read(|reader| reader.task_list(site)).unwrap();
    tasks.into_iter().map(|task| task.name).collect()
}

/// Makes it as long ago that a task was heard of as if its machine had died then.
fn silence(store: &Store, id: TaskId, for_: SignedDuration) {
    let since: Timestamp = store.read(|reader| reader.clock()).unwrap() - for_;
    let since = since.strftime("%Y-%m-%d %H:%M:%S%.6f");
    execute(store.url(), &format!("UPDATE tasks SET heartbeat_at = '{since}' WHERE id = {id}"));
}

#[test]
fn a_task_reads_back_as_it_entered_and_is_gone_when_it_ends() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        let entered = enter(store, site, "import");
        let now = store.read(|reader| reader.clock()).unwrap();
        assert_eq!((entered.name.as_str(), entered.host.as_str(), entered.pid), ("import", "web1", Some(u32::MAX)));
        assert_eq!((entered.site, entered.started_by.as_str()), (site, "CLI, root@web1"));
        assert_eq!(entered.started_at, entered.heartbeat_at);
        assert!(entered.is_live(now) && entered.started_at <= now);
        assert_eq!(store.read(|reader| reader.task_list(None)).unwrap(), vec![entered.clone()]);
        assert!(store.write_beside(|writer| writer.task_delete(entered.id)).unwrap());
        assert!(!store.write_beside(|writer| writer.task_delete(entered.id)).unwrap());
        assert!(names(store, None).is_empty());
    });
}

#[test]
fn tasks_are_listed_and_counted_for_each_site() {
    on_each_engine(|store| {
        let (a, b, c) = (add(store, "a.example"), add(store, "b.example"), add(store, "c.example"));
        for (site, name) in [(a, "one"), (b, "two"), (a, "three")] {
            enter(store, site, name);
        }
        assert_eq!(names(store, None), ["one", "two", "three"]);
        assert_eq!(names(store, Some(a)), ["one", "three"]);
        let counts = store.read(|reader| reader.task_counts()).unwrap();
        assert_eq!((counts.get(&a), counts.get(&b), counts.get(&c)), (Some(&2), Some(&1), None));
        let count = |site| store.read(|reader| reader.task_count(site, maintenance_mode::clock::now())).unwrap();
        assert_eq!((count(a), count(b), count(c)), (2, 1, 0));
        actions(store).site_remove(&operator(), a).unwrap();
        assert_eq!(names(store, None), ["two"]);
    });
}

#[test]
fn a_task_that_was_silent_for_too_long_does_not_count_until_it_is_heard_of_again() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        let count = || store.read(|reader| reader.task_count(site, maintenance_mode::clock::now())).unwrap();
        let task = enter(store, site, "import");
        silence(store, task.id, LIVE_FOR - SignedDuration::from_secs(5));
        assert_eq!(count(), 1);
        silence(store, task.id, LIVE_FOR);
        assert_eq!((count(), names(store, None).len()), (0, 0));
        assert!(store.read(|reader| reader.task_counts()).unwrap().is_empty());
        assert!(store.write_beside(|writer| writer.task_beat(task.id)).unwrap());
        assert_eq!(count(), 1);
        assert!(store.read(|reader| reader.task_list(None)).unwrap()[0].heartbeat_at > task.heartbeat_at);
    });
}

#[test]
fn a_task_that_enters_clears_away_those_that_are_gone_and_they_may_come_back_as_old_as_they_are() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        let gone = enter(store, site, "gone");
        silence(store, gone.id, LIVE_FOR);
        enter(store, site, "new");
        assert!(!store.write_beside(|writer| writer.task_beat(gone.id)).unwrap());
        let again = NewTask { started_at: Some(gone.started_at), ..a_task(site, "gone") };
        let back = store.write_beside(|writer| writer.task_insert(&again)).unwrap();
        assert_eq!(back.started_at, gone.started_at);
        assert!(back.id != gone.id && back.heartbeat_at > gone.started_at);
        assert_eq!(names(store, Some(site)), ["gone", "new"]);
    });
}

#[test]
fn a_task_of_a_site_that_is_not_there_is_refused() {
    on_each_engine(|store| {
        let entered = store.write(|writer| writer.task_insert(&a_task(SiteId(99), "import")));
        assert!(matches!(entered, Err(StoreError::Database(_))), "{entered:?}");
    });
}
