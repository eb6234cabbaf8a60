//! One suite for both engines: a fresh file on SQLite, a fresh schema on PostgreSQL.
//!
//! PostgreSQL is asked when `TEST_POSTGRES_URL` names a server on which schemas may be made; the test script
//! starts one.

mod cluster;
mod engine;
mod hanging;
mod opening;
mod proxy;
mod refusals;
mod registration;
mod servers;
mod tasks;
mod transfer;
mod visits;
mod windows;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use maintenance_mode::actions::{ActionError, Actions, Actor, Save, Start, Switched};
use maintenance_mode::change::Revision;
use maintenance_mode::maintenance::{AtEnd, Level, MaintenanceRecord};
use maintenance_mode::message::Message;
use maintenance_mode::network::InternalNetwork;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::{Alias, Domain, Site, SiteId};
use maintenance_mode::storage::{LoginFailures, LoginScope, Look, NewSession, NewUser, Store, StoreError, UserChanges};
use maintenance_mode::user::{Rights, Theme};

use engine::on_each_engine;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn operator() -> Actor {
    Actor::operator("CLI, root@web1")
}

fn actions(store: &Store) -> Actions {
    Actions::new(store.clone(), || {})
}

fn a_site(domain: &str) -> SiteRecord {
    SiteRecord::new(Site {
        id: SiteId(0),
        domain: Domain::parse(domain).unwrap(),
        name: String::new(),
        aliases: Vec::new(),
        is_default: false,
        is_protected: false,
        time_zone: "UTC".to_owned(),
    })
}

/// A record with a value other than the default in every field.
fn a_full_site(domain: &str) -> SiteRecord {
    let mut record = a_site(domain);
    record.site.name = "Forum – Ω".to_owned();
    record.site.aliases = vec![Alias::parse("www.forum.example").unwrap(), Alias::parse("*.preview.example").unwrap()];
    record.site.is_default = true;
    record.site.is_protected = true;
    record.site.time_zone = "Europe/Berlin".to_owned();
    record.maintenance = MaintenanceRecord {
        in_maintenance: true,
        since: Some(at("2026-11-21T03:12:04.123456Z")),
        started_by: Some("ada".to_owned()),
        expected_end: Some(at("2999-11-21T03:30:00Z")),
        at_end: AtEnd::Open,
        level: Level::ReadOnly,
        redirect_url: Some("/down.html".to_owned()),
        retry_after: Some(300),
    };
    record.messages = ["en", "ar"]
        .map(|language| Message {
            language: language.to_owned(),
            heading: "Back soon".to_owned(),
            body: "Line one\n\nLine two {end}".to_owned(),
            contact: "help@example.com".to_owned(),
            link_label: "Status".to_owned(),
            link_url: "https://status.example.com".to_owned(),
        })
        .into();
    record.patterns =
        [(PatternKind::Regex, "^health/$"), (PatternKind::Exact, "/robots.txt"), (PatternKind::Prefix, "/static")]
            .map(|(kind, pattern)| IgnoredPattern {
                kind,
                pattern: pattern.to_owned(),
                description: "probe".to_owned(),
            })
            .into();
    record.networks = ["10.0.0.0/8", "2001:db8::/32"]
        .map(|network| InternalNetwork { network: network.parse().unwrap(), description: "office".to_owned() })
        .into();
    record
}

fn add(store: &Store, domain: &str) -> SiteId {
    actions(store).site_add(&operator(), &a_site(domain)).unwrap().value.site.id
}

fn stored(store: &Store, id: SiteId) -> (SiteRecord, Revision) {
    store.read(|reader| reader.record(id)).unwrap().unwrap()
}

#[test]
fn every_column_of_a_record_reads_back_as_it_was_written() {
    on_each_engine(|store| {
        let written = a_full_site("forum.example");
        let id = actions(store).site_add(&operator(), &written).unwrap().value.site.id;
        let (read, _) = stored(store, id);
        let mut expected = written;
        expected.site.id = id;
        assert_eq!(read, expected);
    });
}

#[test]
fn the_first_site_is_the_default_one_and_marking_another_moves_the_mark() {
    on_each_engine(|store| {
        let (first, second) = (add(store, "a.example"), add(store, "b.example"));
        assert!(stored(store, first).0.site.is_default && !stored(store, second).0.site.is_default);
        let mark = |record: &mut SiteRecord| {
            record.site.is_default = true;
            Ok(())
        };
        actions(store).record_edit(&operator(), second, &Save::default(), mark).unwrap();
        assert!(!stored(store, first).0.site.is_default && stored(store, second).0.site.is_default);
    });
}

#[test]
fn a_change_bears_the_touched_fields_only_and_its_number_is_the_revision() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let start = Start { expected_end: Some(at("2999-01-01T00:00:00Z")), ..Start::default() };
        let done = actions(store).start(&operator(), &[id], &start).unwrap();
        assert!(matches!(done.value[..], [Switched::Started(_)]));
        let change = store.read(|reader| reader.change(done.revision)).unwrap().unwrap();
        assert_eq!((change.action.as_str(), change.subject.as_str()), ("maintenance.started", "a.example"));
        let before = change.before.unwrap();
        let keys: Vec<&String> = before.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["expected_end", "in_maintenance", "since", "started_by"]);
        assert_eq!(stored(store, id).1, done.revision);
    });
}

#[test]
fn starting_twice_changes_nothing_and_says_so() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let first = actions(store).start(&operator(), &[id], &Start::default()).unwrap();
        let second = actions(store).start(&operator(), &[id], &Start::default()).unwrap();
        assert!(matches!(second.value[..], [Switched::Already(_)]));
        assert_eq!(second.revision, first.revision);
    });
}

#[test]
fn an_undo_puts_back_what_was_and_refuses_when_it_changed_since() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let started = actions(store).start(&operator(), &[id], &Start::default()).unwrap().revision;
        actions(store).undo(&operator(), started, false).unwrap();
        assert!(!stored(store, id).0.maintenance.in_maintenance);

        let refused = actions(store).undo(&operator(), started, false).unwrap_err();
        assert!(matches!(refused, ActionError::ChangedSince { .. }), "{refused}");

        let removed = actions(store).site_remove(&operator(), id).unwrap();
        actions(store).undo(&operator(), removed.revision, false).unwrap();
        assert_eq!(stored(store, id).0, removed.value);
    });
}

#[test]
fn a_save_over_somebody_elses_change_is_refused_and_shows_theirs() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let (mut mine, read_at) = stored(store, id);
        actions(store).start(&operator(), &[id], &Start::default()).unwrap();
        mine.maintenance.retry_after = Some(60);
        let save = Save { read_at: Some(read_at), ..Save::default() };
        match actions(store).record_save(&operator(), &mine, &save).unwrap_err() {
            ActionError::Stale { current, last } => {
                assert!(current.maintenance.in_maintenance);
                assert_eq!(last.unwrap().action, "maintenance.started");
            }
            other => panic!("{other}"),
        }
        assert_eq!(stored(store, id).0.maintenance.retry_after, None);
    });
}

#[test]
fn a_taken_name_is_refused_at_its_field_and_nothing_is_written() {
    on_each_engine(|store| {
        actions(store).site_add(&operator(), &a_full_site("forum.example")).unwrap();
        let last = store.read(|reader| reader.change_last()).unwrap();
        for (domain, field) in [("forum.example", "domain"), ("www.forum.example", "domain")] {
            match actions(store).site_add(&operator(), &a_site(domain)).unwrap_err() {
                ActionError::Invalid(errors) => assert!(!errors.get(field).is_empty(), "{errors}"),
                other => panic!("{other}"),
            }
        }
        assert_eq!(store.read(|reader| reader.change_last()).unwrap(), last);
    });
}

#[test]
fn a_failed_action_on_several_sites_changes_none() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let refused = actions(store).start(&operator(), &[id, SiteId(4711)], &Start::default()).unwrap_err();
        assert!(matches!(refused, ActionError::NoSuchSite));
        assert!(!stored(store, id).0.maintenance.in_maintenance);
    });
}

#[test]
fn the_feed_tells_what_came_after_a_revision_in_order() {
    on_each_engine(|store| {
        let since = store.read(|reader| reader.change_last()).unwrap();
        let (a, b) = (add(store, "a.example"), add(store, "b.example"));
        let feed = store.read(|reader| reader.change_feed(since, 10)).unwrap();
        let sites: Vec<_> = feed.iter().map(|entry| (entry.site.unwrap(), entry.action.as_str())).collect();
        assert_eq!(sites, [(a, "site.added"), (b, "site.added")]);
        assert!(feed[0].revision < feed[1].revision && feed[0].at <= feed[1].at);
    });
}

#[test]
fn a_watch_sees_what_others_write() {
    on_each_engine(|store| {
        let mut watch = store.watch().unwrap();
        assert_eq!(watch.look().unwrap(), Look::New, "the first look is always new");
        assert_ne!(watch.look().unwrap(), Look::New);
        add(store, "a.example");
        // PostgreSQL delivers its notice right after the commit, not with it.
        let deadline = Instant::now() + Duration::from_secs(10);
        while watch.look().unwrap() != Look::New {
            assert!(Instant::now() < deadline, "the watch does not see the change");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_ne!(watch.look().unwrap(), Look::New);
    });
}

#[test]
fn concurrent_writers_take_turns_and_lose_nothing() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let before = store.read(|reader| reader.change_last()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        actions(store).start(&operator(), &[id], &Start::default()).unwrap();
                        actions(store).end(&operator(), &[id]).unwrap();
                    }
                });
            }
        });
        let feed = store.read(|reader| reader.change_feed(before, 1000)).unwrap();
        // Starts and ends alternate, because each one saw the state that the one before had left.
        for (at, entry) in feed.iter().enumerate() {
            let expected = if at % 2 == 0 { "maintenance.started" } else { "maintenance.ended" };
            assert_eq!(entry.action, expected, "entry {at}");
        }
        assert!(!stored(store, id).0.maintenance.in_maintenance);
    });
}

#[test]
fn every_column_of_a_user_reads_back_and_names_are_unique_without_regard_to_case() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        let rights = Rights { is_active: true, is_staff: true, is_superuser: false, sites: Some(vec![site]) };
        let created_at = at("2026-11-21T03:12:04.000001Z");
        let new =
            NewUser { username: "Ada".into(), password_hash: "$argon2id$x".into(), rights: rights.clone(), created_at };
        let id = store.write(|writer| writer.user_insert(&new)).unwrap();
        let changes =
            UserChanges { theme: Some(Theme::Dark), last_login_at: Some(created_at), ..UserChanges::default() };
        store.write(|writer| writer.user_update(id, &changes)).unwrap();
        let user = store.read(|reader| reader.user_by_name("ADA")).unwrap().unwrap();
        assert_eq!((user.id, user.rights, user.theme), (id, rights, Theme::Dark));
        assert_eq!((user.created_at, user.last_login_at), (created_at, Some(created_at)));
        assert_eq!(store.read(|reader| reader.user_password_hash(id)).unwrap().unwrap(), "$argon2id$x");
        let again = store.write(|writer| writer.user_insert(&NewUser { username: "ada".into(), ..new.clone() }));
        assert!(matches!(again, Err(StoreError::Duplicate { .. })));
    });
}

#[test]
fn removing_the_only_site_of_a_limited_user_leaves_the_user_limited_to_none() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        let rights = Rights { is_active: true, is_staff: true, is_superuser: false, sites: Some(vec![site]) };
        let new = NewUser {
            username: "bo".into(),
            password_hash: "x".into(),
            rights,
            created_at: at("2026-01-01T00:00:00Z"),
        };
        let id = store.write(|writer| writer.user_insert(&new)).unwrap();
        actions(store).site_remove(&operator(), site).unwrap();
        assert_eq!(store.read(|reader| reader.user(id)).unwrap().unwrap().rights.sites, Some(vec![]));
    });
}

#[test]
fn a_session_reads_back_and_an_update_never_revives_an_ended_one() {
    on_each_engine(|store| {
        let now = at("2026-11-21T03:00:00Z");
        let new = NewSession {
            key_hash: [7; 32],
            user_id: None,
            state: "{}".into(),
            address: Some("203.0.113.9".into()),
            user_agent: "browser".into(),
            created_at: now,
            expires_at: at("2026-12-21T03:00:00Z"),
        };
        let id = store.write(|writer| writer.session_insert(&new)).unwrap();
        let session = store.read(|reader| reader.session_by_key(&[7; 32])).unwrap().unwrap();
        assert_eq!((session.id, session.created_at, session.last_seen_at), (id, now, now));
        assert_eq!(session.expires_at, new.expires_at);
        assert!(store.write(|writer| writer.session_update(&[7; 32], &[8; 32], "{\"a\":1}", None, now)).unwrap());
        assert!(store.read(|reader| reader.session_by_key(&[7; 32])).unwrap().is_none());
        let session = store.read(|reader| reader.session_by_key(&[8; 32])).unwrap().unwrap();
        assert_eq!((session.id, session.state.as_str()), (id, "{\"a\":1}"));
        store.write(|writer| writer.session_delete(id)).unwrap();
        assert!(!store.write(|writer| writer.session_update(&[8; 32], &[8; 32], "{}", None, now)).unwrap());
        assert!(store.read(|reader| reader.session_by_key(&[8; 32])).unwrap().is_none());
    });
}

#[test]
fn counts_of_refused_log_ins_are_kept_by_scope() {
    on_each_engine(|store| {
        let ada = LoginScope::Account("ada");
        let count = LoginFailures { failures: 3, last_at: at("2026-01-01T00:00:00Z"), blocked_until: None };
        for failures in [1, 3] {
            let count = LoginFailures { failures, ..count };
            store.write(|writer| writer.login_failures_set(ada, &count)).unwrap();
        }
        assert_eq!(store.read(|reader| reader.login_failures(ada)).unwrap(), Some(count));
        assert!(store.write(|writer| writer.login_failures_clear(ada)).unwrap());
        assert_eq!(store.read(|reader| reader.login_failures(ada)).unwrap(), None);
        let network = |address: &'static str| LoginScope::Address(address.parse().unwrap());
        for scope in [ada, LoginScope::Device("Ada", "01"), network("2001:db8::1"), LoginScope::Account("bo")] {
            store.write(|writer| writer.login_failures_set(scope, &count)).unwrap();
        }
        assert_eq!(store.read(|reader| reader.login_failures(network("2001:db8::2"))).unwrap(), Some(count));
        assert_eq!(store.write(|writer| writer.login_failures_clear_for("ADA")).unwrap(), 3);
        assert_eq!(store.read(|reader| reader.login_failures(LoginScope::Account("bo"))).unwrap(), Some(count));
    });
}

#[test]
fn a_secret_is_made_once() {
    on_each_engine(|store| {
        let make =
            |value: &'static str| store.write(|writer| writer.secret_or_insert("key", || value.to_owned())).unwrap();
        assert_eq!((make("one"), make("two")), ("one".to_owned(), "one".to_owned()));
    });
}

#[test]
fn a_site_that_comes_under_a_number_of_its_own_is_in_nobodys_way() {
    on_each_engine(|store| {
        let mut first = a_site("first.example");
        first.site.id = SiteId(40);
        let put = |record: &SiteRecord| {
            store.write(|writer| writer.record_insert(record, Revision(1), true)).map(|id: SiteId| id.0).unwrap()
        };
        assert_eq!(put(&first), 40);
        assert_eq!(add(store, "second.example"), SiteId(41));
        let mut earlier = a_site("earlier.example");
        earlier.site.id = SiteId(7);
        assert_eq!(put(&earlier), 7);
        assert_eq!(add(store, "third.example"), SiteId(42));
    });
}
