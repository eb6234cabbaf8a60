//! A connection that takes everything and answers nothing: nobody waits for ever, and nothing is claimed that is not
//! known.

use std::net::ToSocketAddrs as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use maintenance_mode::change::Revision;
use maintenance_mode::storage::{ChangeFilter, DatabaseOptions, DatabaseUrl, Look, Open, Store, StoreError};

use crate::engine::postgres;
use crate::proxy::Proxy;
use crate::{a_site, actions, add, operator};

/// What a store may take at most: the statement time-out of a second, two seconds of grace, and room for a busy machine.
const BOUND: Duration = Duration::from_secs(8);

/// A store that reaches its server through a proxy; `None` without a server for tests.
fn a_store() -> Option<(Proxy, Store)> {
    a_store_at().map(|(proxy, store, _)| (proxy, store))
}

/// The same with the address.
fn a_store_at() -> Option<(Proxy, Store, String)> {
    let server = postgres::server()?;
    let host = server.split('@').nth(1).unwrap().split('/').next().unwrap();
    let proxy = Proxy::start(host.to_socket_addrs().unwrap().next().unwrap());
    let url = postgres::fresh_schema(&server).replace(host, &proxy.address().to_string());
    let second = Duration::from_secs(1);
    let options = DatabaseOptions { pool_size: 4, connect_timeout: second, statement_timeout: second };
    let store = Store::new(&DatabaseUrl::parse(&url).unwrap(), options);
    store.prepare(Open::Migrate).unwrap();
    Some((proxy, store, url))
}

fn read(store: &Store) -> Result<i64, StoreError> {
    let own = store.clone();
    store.apart_blocking(move || own.read(|reader| reader.site_count()))
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_connection_that_swallows_everything_fails_in_time_and_new_ones_take_its_place() {
    let Some((proxy, store)) = a_store() else { return };
    assert_eq!(read(&store).unwrap(), 0);
    proxy.swallow();
    std::thread::scope(|scope| {
        // More than there are places.
        let readers: Vec<_> = (0..9).map(|_| scope.spawn(|| (Instant::now(), read(&store), Instant::now()))).collect();
        for reader in readers {
            let (began, read, ended) = reader.join().unwrap();
            assert!(matches!(&read, Err(error @ StoreError::Unreachable { .. }) if error.is_passing()), "{read:?}");
            assert!(ended - began < BOUND, "{:?}", ended - began);
        }
    });
    proxy.heal();
    until("the store did not recover", || read(&store).ok());
    let connections = proxy.connections();
    for _ in 0..20 {
        read(&store).unwrap();
    }
    assert_eq!(proxy.connections(), connections, "connections are kept again");
}

#[test]
fn a_change_that_was_given_up_before_its_commit_is_never_made() {
    let Some((proxy, store)) = a_store() else { return };
    let proxy = Arc::new(proxy);
    let (own, swallowing, began) = (store.clone(), Arc::clone(&proxy), Instant::now());
    let changed: Result<i64, StoreError> = store.apart_blocking(move || {
        own.write(|writer| {
            writer.secret_set("kept", Some("value"))?;
            swallowing.swallow();
            writer.site_count()
        })
    });
    assert!(matches!(changed, Err(StoreError::Unreachable { .. })), "{changed:?}");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    proxy.heal();
    let own = store.clone();
    let kept = until("the store did not recover", || {
        let own = own.clone();
        store.apart_blocking(move || own.read(|reader| reader.secret("kept"))).ok()
    });
    assert_eq!(kept, None);
}

#[test]
fn a_change_whose_commit_got_no_answer_is_not_known_and_the_writers_turn_passes_on() {
    let Some((proxy, store)) = a_store() else { return };
    let proxy = Arc::new(proxy);
    let (own, swallowing, began) = (store.clone(), Arc::clone(&proxy), Instant::now());
    let changed: Result<(), StoreError> = store.apart_blocking(move || {
        own.write(|writer| {
            writer.secret_set("kept", Some("value"))?;
            swallowing.swallow();
            Ok(())
        })
    });
    assert!(matches!(changed, Err(StoreError::Unconfirmed)), "{changed:?}");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert!(changed.unwrap_err().to_string().contains("not known"));
    proxy.heal();
    let site = until("no other writer got its turn", || {
        let own = store.clone();
        store.apart_blocking(move || actions(&own).site_add(&operator(), &a_site("after.example"))).ok()
    });
    assert!(site.revision.0 > 0);
    assert_eq!(store.read(|reader| reader.secret("kept")).unwrap(), None, "the commit never arrived");
}

#[test]
fn a_watch_sees_changes_again_after_its_connection_swallowed_everything() {
    let Some((proxy, store)) = a_store() else { return };
    let mut watch = store.watch().unwrap();
    assert!(watch.look().unwrap() == Look::New);
    proxy.swallow();
    let lost = until("the watch did not notice", || {
        let began = Instant::now();
        let looked = watch.look();
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
        looked.err()
    });
    assert!(lost.is_passing(), "{lost}");
    proxy.heal();
    let mut watch = until("no new watch", || store.watch().ok());
    until("the first look", || watch.look().ok());
    add(&store, "after.example");
    until("the watch did not see it", || (watch.look().unwrap() == Look::New).then_some(()));
}

#[test]
fn a_watch_that_is_not_told_any_more_finds_out_by_itself() {
    let Some((proxy, store)) = a_store() else { return };
    let mut watch = store.watch().unwrap();
    assert!(watch.look().unwrap() == Look::New);
    proxy.swallow();
    proxy.heal();
    until("the pool recovers", || read(&store).ok());
    let connections = proxy.connections();
    add(&store, "untold.example");
    until("the change was not seen", || watch.look().ok().filter(|look| *look == Look::New));
    until("the watch did not listen anew", || {
        watch.look().ok();
        (proxy.connections() > connections).then_some(())
    });
    let began = Instant::now();
    add(&store, "told.example");
    until("the change was not told", || watch.look().ok().filter(|look| *look == Look::New));
    assert!(began.elapsed() < Duration::from_secs(1), "told, not asked: {:?}", began.elapsed());
}

#[test]
fn a_command_that_waits_ends_with_a_sentence() {
    let Some((proxy, store, url)) = a_store_at() else { return };
    add(&store, "forum.example");
    // A server that lives and never confirms.
    store.write_beside(|writer| writer.server_insert("web1", "0.1.0", Revision(0))).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_maintenance"));
    command.args(["on", "forum.example", "--yes", "--wait", "--timeout", "60s", "--database-statement-timeout", "1"]);
    command.args(["--database-connect-timeout", "1", "--database-url", &url]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let connections = proxy.connections();
    until("the command did not change anything", || {
        assert!(proxy.connections() >= connections);
        store
            .read(|reader| reader.change_list(&ChangeFilter::default(), 1))
            .unwrap()
            .pop()
            .filter(|change| change.action == "maintenance.started")
    });
    let began = Instant::now();
    proxy.swallow();
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("does not answer"), "{said}");
}
