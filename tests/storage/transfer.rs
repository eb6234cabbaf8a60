//! A whole configuration, from either engine into either.

use maintenance_mode::actions::{ActionError, Actor};
use maintenance_mode::change::Revision;
use maintenance_mode::maintenance::{AtEnd, Level, MaintenanceRecord};
use maintenance_mode::message::Message;
use maintenance_mode::network::InternalNetwork;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::{Alias, SiteId};
use maintenance_mode::storage::{ChangeFilter, NewSession, Store};
use maintenance_mode::transfer::{Document, Origin, Transfer, UserRecord};
use maintenance_mode::user::{Rights, Theme, User, UserId};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::engine::on_each_engine;
use crate::{a_full_site, a_site, actions, add, at, operator, stored};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Everything of a database, as the command writes it.
fn exported(store: &Store) -> String {
    let bytes = store.read(|reader| {
        let origin = Origin {
            exported_at: at("2026-11-21T03:12:04Z"),
            program_version: "0.1.0".to_owned(),
            revision: Revision(1),
        };
        let mut document = Document::begin(Vec::new(), &origin).unwrap();
        reader.record_each(|record| document.site(record).is_ok())?;
        document.users(&reader.user_record_list()?).unwrap();
        Ok(document.end().unwrap())
    });
    String::from_utf8(bytes.unwrap()).unwrap()
}

fn read(text: &str) -> Transfer {
    Transfer::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn a_user(id: i64, username: &str, sites: Option<Vec<SiteId>>) -> UserRecord {
    let rights = Rights { is_active: true, is_staff: true, is_superuser: sites.is_none(), sites };
    let user = User {
        id: UserId(id),
        username: username.to_owned(),
        rights,
        created_at: at("2026-11-21T03:12:04.123456Z"),
        theme: Theme::Dark,
        has_shortcuts: false,
        last_login_at: Some(at("2026-11-22T00:00:00Z")),
    };
    UserRecord { user, password_hash: HASH.to_owned() }
}

/// Any sound record but for its id and names, which must differ from those of other records.
fn any_record() -> impl Strategy<Value = SiteRecord> {
    let text = "[ -~äöüß–€😀]{0,30}";
    let time = (0i64..4_000_000_000_000_000).prop_map(|at| jiff::Timestamp::from_microsecond(at).unwrap());
    let time = move || proptest::option::of(time.clone());
    let maintenance = (any::<bool>(), time(), proptest::option::of(text), time(), any::<bool>(), 1u32..3600).prop_map(
        |(in_maintenance, since, started_by, expected_end, opens, retry_after)| MaintenanceRecord {
            in_maintenance,
            since,
            started_by,
            expected_end,
            at_end: if opens { AtEnd::Open } else { AtEnd::Remind },
            redirect_url: opens.then(|| "https://status.example.com/?a=\"b\"".to_owned()),
            retry_after: opens.then_some(retry_after),
            level: if opens { Level::ReadOnly } else { Level::Full },
        },
    );
    let message = (text, "[a-z]{0,20}(\n\n[a-z]{1,9})?").prop_map(|(heading, body)| (heading, body));
    let messages = proptest::collection::vec(message, 0..3);
    let patterns = proptest::collection::vec(("[a-z]{1,9}", text), 0..4);
    let networks = proptest::collection::btree_map(0u8..255, text, 0..3);
    (text, any::<bool>(), maintenance, messages, patterns, networks).prop_map(
        |(name, is_protected, maintenance, messages, patterns, networks)| {
            let mut record = a_site("placeholder.example");
            record.site.name = name;
            record.site.is_protected = is_protected;
            record.site.time_zone = if is_protected { "Europe/Berlin" } else { "UTC" }.to_owned();
            record.maintenance = maintenance;
            let languages = ["en", "de", "ar"];
            let message = |(language, (heading, body)): (&str, (String, String))| Message {
                language: language.to_owned(),
                heading,
                body,
                ..Message::default()
            };
            record.messages = languages.into_iter().zip(messages).map(message).collect();
            let kinds = [PatternKind::Regex, PatternKind::Exact, PatternKind::Prefix].into_iter().cycle();
            let pattern = |(kind, (pattern, description))| IgnoredPattern { kind, pattern, description };
            record.patterns = kinds.zip(patterns).map(pattern).collect();
            let network = |(octet, description)| InternalNetwork {
                network: format!("10.{octet}.0.0/16").parse().unwrap(),
                description,
            };
            record.networks = networks.into_iter().map(network).collect();
            record
        },
    )
}

fn any_transfer() -> impl Strategy<Value = Transfer> {
    let ids = proptest::collection::btree_set(1i64..5_000, 1..8);
    ids.prop_flat_map(|ids| {
        let records = proptest::collection::vec(any_record(), ids.len());
        (Just(ids), records, proptest::collection::btree_set(1i64..900, 1..4), any::<bool>())
    })
    .prop_map(|(ids, mut records, users, has_default)| {
        for (id, record) in ids.iter().zip(&mut records) {
            record.site.id = SiteId(*id);
            record.site.domain = format!("s{id}.example").parse().unwrap();
            record.site.aliases =
                ["www", "*"].map(|name| Alias::parse(&format!("{name}.s{id}.example")).unwrap()).into();
        }
        records[0].site.is_default = has_default;
        let sites: Vec<SiteId> = ids.into_iter().map(SiteId).collect();
        let user = |(place, id): (usize, i64)| a_user(id, &format!("Uşer{id}"), (place > 0).then(|| sites.clone()));
        Transfer { sites: records, windows: Vec::new(), users: Some(users.into_iter().enumerate().map(user).collect()) }
    })
}

#[test]
fn any_configuration_moves_from_either_engine_to_either_and_is_the_same() {
    on_each_engine(|there| {
        on_each_engine(|here| {
            let mut runner = TestRunner::new(ProptestConfig::with_cases(12));
            let result = runner.run(&any_transfer(), |transfer| {
                actions(there).config_import(&operator(), &transfer, true).unwrap();
                let text = exported(there);
                let moved = read(&text);
                prop_assert!(moved == transfer, "{text}");
                actions(here).config_import(&operator(), &moved, true).unwrap();
                prop_assert_eq!(exported(here), text);
                Ok(())
            });
            result.unwrap_or_else(|error| panic!("{error}"));
        });
    });
}

#[test]
fn ids_go_on_after_the_highest_that_was_brought_along_or_ever_given() {
    on_each_engine(|store| {
        add(store, "first.example");
        let transfer = Transfer {
            sites: vec![a_full_site_with_id(40)],
            windows: Vec::new(),
            users: Some(vec![a_user(7, "ada", None)]),
        };
        actions(store).config_import(&operator(), &transfer, true).unwrap();
        assert_eq!(add(store, "new.example"), SiteId(41));
        let hash = maintenance_mode::auth::password::hash(
            &maintenance_mode::auth::strength::check("clear water runs", &Default::default()).unwrap(),
        );
        let added = actions(store).user_add(&operator(), "bo", hash, &Rights::default()).unwrap();
        assert_eq!(added.value.id, UserId(8));
        let low = Transfer { sites: vec![a_full_site_with_id(2)], windows: Vec::new(), users: None };
        actions(store).config_import(&operator(), &low, true).unwrap();
        assert_eq!(add(store, "newer.example"), SiteId(42), "the log speaks of 41");
    });
}

#[test]
fn an_import_is_one_entry_of_the_log_and_logs_out_whose_account_it_replaces() {
    on_each_engine(|store| {
        let transfer = Transfer {
            sites: vec![a_full_site_with_id(3)],
            windows: Vec::new(),
            users: Some(vec![a_user(7, "ada", None)]),
        };
        let first = actions(store).config_import(&operator(), &transfer, false).unwrap();
        let session = NewSession {
            key_hash: [7; 32],
            user_id: Some(UserId(7)),
            state: "{}".to_owned(),
            address: None,
            user_agent: String::new(),
            created_at: at("2026-11-21T03:12:04Z"),
            expires_at: at("2999-11-21T03:12:04Z"),
        };
        let id = store.write(|writer| writer.session_insert(&session)).unwrap();
        let done = actions(store).config_import(&operator(), &transfer, true).unwrap();
        assert_eq!((done.revision.0, done.changes.len()), (first.revision.0 + 1, 1));
        assert!(store.read(|reader| reader.session(id)).unwrap().is_none());
        let change = store.read(|reader| reader.change(done.revision)).unwrap().unwrap();
        assert_eq!((change.action.as_str(), change.site_id), ("config.imported", None));
        assert_eq!(change.after.unwrap(), serde_json::json!({"sites": 1, "users": 1}));
        assert_eq!(stored(store, SiteId(3)).1, done.revision);
    });
}

fn a_full_site_with_id(id: i64) -> SiteRecord {
    let mut record = a_full_site("forum.example");
    record.site.id = SiteId(id);
    record
}

#[test]
fn only_the_operator_imports_and_only_into_a_database_that_nobody_uses() {
    on_each_engine(|store| {
        let transfer = Transfer { sites: vec![a_full_site_with_id(3)], windows: Vec::new(), users: None };
        let panel = Actor::panel("ada", UserId(1), None);
        let refused = actions(store).config_import(&panel, &transfer, true).unwrap_err();
        assert!(matches!(refused, ActionError::NotAllowed { .. }), "{refused}");
        actions(store).config_import(&operator(), &transfer, false).unwrap();
        let refused = actions(store).config_import(&operator(), &transfer, false).unwrap_err();
        assert!(matches!(refused, ActionError::NotFresh { sites: 1, users: 0 }), "{refused}");
        let before = exported(store);
        let twice =
            Transfer { sites: vec![a_full_site_with_id(3), a_full_site_with_id(4)], windows: Vec::new(), users: None };
        actions(store).config_import(&operator(), &twice, true).unwrap_err();
        assert_eq!(exported(store), before, "all of it or nothing");
    });
}

#[test]
fn a_change_from_before_an_import_is_no_change_of_whichever_site_has_its_id_now() {
    on_each_engine(|store| {
        let id = add(store, "a.example");
        let done = actions(store).start(&operator(), &[id], &Default::default()).unwrap();
        let mut record = stored(store, id).0;
        record.site.domain = "b.example".parse().unwrap();
        actions(store)
            .config_import(&operator(), &Transfer { sites: vec![record], windows: Vec::new(), users: None }, true)
            .unwrap();
        let refused = actions(store).undo(&operator(), done.revision, true).unwrap_err();
        assert!(matches!(refused, ActionError::CannotUndo { .. }), "{refused}");
        let limited = ChangeFilter { sites: Some(vec![id]), ..ChangeFilter::default() };
        let seen = |store: &Store| store.read(|reader| reader.change_list(&limited, 10)).unwrap().len();
        assert_eq!(seen(store), 0, "who is given b.example is not told of a.example");
        let done = actions(store).end(&operator(), &[id]).unwrap();
        assert_eq!(seen(store), 1);
        actions(store).undo(&operator(), done.revision, false).unwrap();
    });
}
