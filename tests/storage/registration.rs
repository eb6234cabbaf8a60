//! Tasks that a program registers: refused while its site is closed, kept while they run, gone when they are over.

use std::time::{Duration, Instant};

use maintenance_mode::actions::Start;
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::Store;
use maintenance_mode::task::RunningTask;
use maintenance_mode::{Maintenance, Task, TaskError};

use crate::engine::{execute, on_each_engine};
use crate::{actions, add, operator};

/// Waits on a runtime that has neither a clock nor input: nothing of it is needed.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not within twenty seconds: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An application on the database of a test.
fn application(store: &Store) -> Maintenance {
    let builder = Maintenance::builder().database_url(&store.url().to_string());
    builder.setting("MAINTENANCE_MIRROR", "none").setting("SERVER_NAME", "web1").build().unwrap()
}

fn tasks(store: &Store) -> Vec<RunningTask> {
    store.read(|reader| reader.task_list(None)).unwrap()
}

#[test]
fn a_task_counts_from_its_registration_until_its_guard_falls() {
    on_each_engine(|store| {
        let site = add(store, "shop.example");
        let maintenance = application(store);
        let task = wait(Task::register(&maintenance, "import")).unwrap();
        assert_eq!(tasks(store), [task.registered().clone()]);
        assert_eq!((task.registered().site, task.registered().pid), (site, Some(std::process::id())));
        assert_eq!((task.registered().name.as_str(), task.registered().started_by.as_str()), ("import", "web1"));
        let other = wait(Task::builder("report").started_by("ada").register(&maintenance)).unwrap();
        assert_eq!(store.read(|reader| reader.task_count(site, maintenance_mode::clock::now())).unwrap(), 2);
        drop(task);
        assert_eq!(tasks(store), [other.registered().clone()], "gone as soon as the guard has fallen");
        wait(other.finish());
        assert!(tasks(store).is_empty());
    });
}

#[test]
fn nothing_registers_on_a_site_that_is_closed_or_closing_but_what_is_forced() {
    on_each_engine(|store| {
        let (shop, _) = (add(store, "shop.example"), add(store, "forum.example"));
        let maintenance = application(store);
        let end = maintenance_mode::clock::now() + jiff::SignedDuration::from_hours(1);
        let start = Start { expected_end: Some(end), ..Start::default() };
        actions(store).start(&operator(), &[shop], &start).unwrap();
        // Whatever this server enforces yet.
        let refused = wait(Task::register(&maintenance, "import")).unwrap_err();
        match &refused {
            TaskError::InMaintenance { site, until } => {
                assert_eq!((site.as_str(), *until), ("shop.example", Some(end)))
            }
            other => panic!("{other}"),
        }
        assert!(refused.to_string().starts_with("shop.example is in maintenance until 2"), "{refused}");
        let closes_at = end - jiff::SignedDuration::from_mins(30);
        let again = Start { drain_until: Some(closes_at), ..start };
        actions(store).end(&operator(), &[shop]).unwrap();
        actions(store).start(&operator(), &[shop], &again).unwrap();
        let refused = wait(Task::register(&maintenance, "import")).unwrap_err();
        match &refused {
            TaskError::Draining { site, closes_at: at, until } => {
                assert_eq!((site.as_str(), *at, *until), ("shop.example", closes_at, Some(end)))
            }
            other => panic!("{other}"),
        }
        let told = format!("it closes at {} at the latest", closes_at.strftime("%Y-%m-%d %H:%M:%S UTC"));
        assert!(refused.to_string().ends_with(&told), "{refused}");
        assert!(tasks(store).is_empty());
        let forced = wait(Task::builder("import").force().register(&maintenance)).unwrap();
        let open = wait(Task::register_on(&maintenance, "Forum.example", "import")).unwrap();
        assert_eq!(tasks(store).len(), 2);
        drop((forced, open));
    });
}

#[test]
fn a_task_without_a_site_or_without_a_name_is_refused() {
    on_each_engine(|store| {
        add(store, "shop.example");
        let maintenance = application(store);
        for name in ["nothing.example", "", "a b"] {
            let refused = wait(Task::register_on(&maintenance, name, "import"));
            assert!(matches!(refused, Err(TaskError::NoSuchSite { .. })), "{name}: {refused:?}");
        }
        let refused = wait(Task::register(&maintenance, " "));
        assert!(matches!(refused, Err(TaskError::Name(_))), "{refused:?}");
    });
}

#[test]
fn a_task_says_that_it_runs_and_registers_again_when_it_was_thought_gone() {
    on_each_engine(|store| {
        add(store, "shop.example");
        let maintenance = application(store);
        let task = wait(Task::register(&maintenance, "import")).unwrap();
        let first = task.registered().clone();
        eventually("a sign of life", || tasks(store)[0].heartbeat_at > first.heartbeat_at);
        execute(store.url(), "DELETE FROM tasks");
        eventually("it is back", || !tasks(store).is_empty());
        let back = tasks(store).remove(0);
        assert!(back.id != first.id);
        assert_eq!((back.started_at, back.name), (first.started_at, first.name));
        drop(task);
        assert!(tasks(store).is_empty());
    });
}

#[test]
fn a_task_whose_site_is_removed_disturbs_nobody() {
    on_each_engine(|store| {
        add(store, "other.example");
        let shop = add(store, "shop.example");
        let maintenance = application(store);
        until_known(&maintenance, shop);
        let task = wait(Task::register_on(&maintenance, "shop.example", "import")).unwrap();
        actions(store).site_remove(&operator(), shop).unwrap();
        assert!(tasks(store).is_empty());
        drop(task);
    });
}

/// Waits until an application knows a site.
fn until_known(maintenance: &Maintenance, site: SiteId) {
    eventually("the site is known", || maintenance.snapshot().site(site).is_some());
}

#[test]
fn nothing_registers_after_a_site_was_closed_however_many_try() {
    on_each_engine(|store| {
        let site = add(store, "shop.example");
        let maintenance = application(store);
        for _ in 0..5 {
            std::thread::scope(|scope| {
                let try_on = || {
                    let mut registered = Vec::new();
                    loop {
                        match wait(Task::register(&maintenance, "import")) {
                            Ok(task) => registered.push(task),
                            Err(TaskError::InMaintenance { .. }) => return registered,
                            Err(error) => panic!("{error}"),
                        }
                    }
                };
                let trying: Vec<_> = (0..6).map(|_| scope.spawn(try_on)).collect();
                eventually("some have registered", || tasks(store).len() > 6);
                actions(store).start(&operator(), &[site], &Start::default()).unwrap();
                let known = tasks(store);
                let held: Vec<_> = trying.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
                assert_eq!(tasks(store).len(), known.len(), "somebody has registered on a closed site");
                assert_eq!(held.len(), known.len());
            });
            actions(store).end(&operator(), &[site]).unwrap();
            eventually("all are gone", || tasks(store).is_empty());
        }
    });
}
