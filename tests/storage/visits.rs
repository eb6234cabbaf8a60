//! Visits on both engines: noted, counted, ended, forgotten.

use jiff::{SignedDuration, Timestamp};
use maintenance_mode::actions::ActionError;
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::{KeyHash, Store, VisitNote};
use maintenance_mode::visit::{Visit, VisitId, VisitKind};

use crate::engine::on_each_engine;
use crate::{actions, add, at, operator};

fn second(second: i64) -> Timestamp {
    at("2026-11-21T12:00:00Z") + SignedDuration::from_secs(second)
}

fn key(n: u16) -> KeyHash {
    let mut key = [7; 32];
    key[..2].copy_from_slice(&n.to_be_bytes());
    key
}

fn note(site: SiteId, n: u16, signed_in: i64, seen: i64) -> VisitNote {
    VisitNote {
        site,
        key_hash: key(n),
        kind: VisitKind::Session,
        name: format!("user {n}"),
        address: Some("203.0.113.9".to_owned()),
        signed_in_at: second(signed_in),
        seen_at: second(seen),
    }
}

fn write(store: &Store, notes: &[VisitNote]) -> Vec<(SiteId, KeyHash)> {
    store.write_beside(|writer| writer.visit_note(notes)).unwrap()
}

fn at_work(store: &Store, site: SiteId, began: i64, seen_since: i64) -> i64 {
    store.read(|reader| reader.visits_at_work(site, second(began), second(seen_since))).unwrap()
}

fn visit(store: &Store, site: SiteId, n: u16) -> Option<Visit> {
    store.read(|reader| reader.visit_by_key(site, &key(n))).unwrap()
}

#[test]
fn every_column_of_a_visit_reads_back_as_it_was_written() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        assert_eq!(write(store, &[note(site, 1, 5, 9)]), []);
        let other = VisitNote { kind: VisitKind::Visitor, name: String::new(), address: None, ..note(site, 2, 1, 2) };
        assert_eq!(write(store, &[other]), []);
        let read = visit(store, site, 1).unwrap();
        let expected = Visit {
            id: read.id,
            site,
            kind: VisitKind::Session,
            name: "user 1".to_owned(),
            address: Some("203.0.113.9".to_owned()),
            signed_in_at: second(5),
            last_seen_at: second(9),
            ended_at: None,
        };
        assert_eq!(read, expected);
        assert_eq!(store.read(|reader| reader.visit(read.id)).unwrap(), Some(expected));
        let other = visit(store, site, 2).unwrap();
        assert_eq!((other.kind, other.name.as_str(), other.address), (VisitKind::Visitor, "", None));
        let list = store.read(|reader| reader.visit_list(Some(&[site]), second(0), 10)).unwrap();
        assert_eq!(list.iter().map(|visit| visit.id).collect::<Vec<_>>(), [read.id, other.id], "the last seen first");
    });
}

#[test]
fn those_who_signed_in_before_and_were_seen_lately_are_counted_for_their_site_alone() {
    on_each_engine(|store| {
        let (a, b) = (add(store, "a.example"), add(store, "b.example"));
        let notes =
            [note(a, 1, 0, 100), note(a, 2, 50, 100), note(a, 3, 0, 10), note(a, 4, 0, 100), note(b, 1, 0, 100)];
        assert_eq!(write(store, &notes), []);
        let gone = visit(store, a, 4).unwrap().id;
        assert!(store.write(|writer| writer.visit_end(gone, second(101))).unwrap());
        assert!(!store.write(|writer| writer.visit_end(gone, second(102))).unwrap(), "it has ended already");
        assert_eq!(at_work(store, a, 50, 10), 1, "one came when the drain began, one is idle, one has gone");
        assert_eq!(at_work(store, a, 51, 9), 3);
        assert_eq!(at_work(store, b, 50, 10), 1);
        let all = store.read(|reader| reader.visit_list(None, second(0), 10)).unwrap();
        assert_eq!(all.len(), 4);
        assert_eq!(store.read(|reader| reader.visit_list(None, second(0), 2)).unwrap().len(), 2);
    });
}

#[test]
fn a_later_note_moves_only_the_time_at_which_somebody_was_seen() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        write(store, &[note(site, 1, 0, 60)]);
        write(store, &[note(site, 1, 0, 120), note(site, 2, 0, 1)]);
        assert_eq!(visit(store, site, 1).unwrap().last_seen_at, second(120));
        write(store, &[note(site, 1, 0, 90)]);
        assert_eq!(visit(store, site, 1).unwrap().last_seen_at, second(120), "a note that waited comes too late");
    });
}

#[test]
fn whoever_has_ended_is_back_only_by_signing_in_anew() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        write(store, &[note(site, 1, 0, 60), note(site, 2, 0, 60)]);
        store.write_beside(|writer| writer.visit_end_by_key(&key(1), second(70))).unwrap();
        assert_eq!(write(store, &[note(site, 1, 0, 80), note(site, 2, 0, 80)]), [(site, key(1))]);
        assert_eq!(visit(store, site, 1).unwrap().ended_at, Some(second(70)));
        assert_eq!(write(store, &[note(site, 1, 75, 80)]), []);
        let back = visit(store, site, 1).unwrap();
        assert_eq!((back.ended_at, back.signed_in_at), (None, second(75)));
    });
}

#[test]
fn visits_go_with_their_site_and_by_age_and_a_site_that_is_gone_stops_no_other_note() {
    on_each_engine(|store| {
        let (a, b) = (add(store, "a.example"), add(store, "b.example"));
        let app = VisitNote { kind: VisitKind::App, ..note(a, 3, 0, 50) };
        write(store, &[note(a, 1, 0, 50), note(a, 2, 0, 60), app, note(b, 1, 0, 60)]);
        actions(store).site_remove(&operator(), b).unwrap();
        assert_eq!(visit(store, b, 1), None);
        assert_eq!(write(store, &[note(b, 1, 0, 70), note(a, 2, 0, 70)]), [(b, key(1))]);
        assert_eq!(visit(store, a, 2).unwrap().last_seen_at, second(70));
        let delete = |sessions: i64, others: i64, ended: i64| {
            let [sessions, others, ended] = [sessions, others, ended].map(second);
            store.write_beside(|writer| writer.visit_delete_older(sessions, others, ended)).unwrap()
        };
        assert_eq!((delete(40, 51, 0), visit(store, a, 3)), (1, None), "others go earlier than sessions");
        assert_eq!((delete(51, 51, 0), visit(store, a, 1)), (1, None));
    });
}

#[test]
fn that_an_application_s_sign_in_was_ended_is_known_for_longer_than_the_sign_in() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        let of = |n: u16, kind: VisitKind| VisitNote { kind, ..note(site, n, 0, 50) };
        write(store, &[of(1, VisitKind::App), of(2, VisitKind::Visitor), of(3, VisitKind::Visitor)]);
        for n in [1, 2] {
            store.write_beside(|writer| writer.visit_end_by_key(&key(n), second(60))).unwrap();
        }
        let left = |ended: i64| {
            let (now, ended) = (second(1_000), second(ended));
            store.write_beside(|writer| writer.visit_delete_older(now, now, ended)).unwrap();
            [1, 2, 3].map(|n| visit(store, site, n).is_some())
        };
        assert_eq!(left(60), [true, true, false]);
        assert_eq!(left(61), [false, false, false]);
    });
}

#[test]
fn ending_a_visit_ends_its_session_and_leaves_an_entry_that_nothing_takes_back() {
    on_each_engine(|store| {
        let site = add(store, "a.example");
        write(store, &[note(site, 1, 0, 60)]);
        let (now, later) = (second(60), second(600));
        store.write_beside(|writer| writer.site_session_insert(&key(1), "{}", now, later)).unwrap();
        let id = visit(store, site, 1).unwrap().id;
        let record = store.read(|reader| reader.record(site)).unwrap().unwrap();
        let done = actions(store).visit_end(&operator(), id).unwrap();
        assert_eq!((done.value.name.as_str(), done.changes.len()), ("user 1", 1));
        assert!(visit(store, site, 1).unwrap().ended_at.is_some());
        assert_eq!(store.read(|reader| reader.site_session(&key(1))).unwrap(), None);
        let entry = store.read(|reader| reader.change(done.revision)).unwrap().unwrap();
        assert_eq!((entry.action.as_str(), entry.subject.as_str()), ("visit.ended", "a.example"));
        assert!(!entry.is_of_the_record(), "a form that was read before is not stale");
        let undone = actions(store).undo(&operator(), done.revision, true);
        assert!(matches!(undone, Err(ActionError::CannotUndo { .. })), "{undone:?}");
        assert_eq!(store.read(|reader| reader.record(site)).unwrap().unwrap().0, record.0);
        let again = actions(store).visit_end(&operator(), id).unwrap();
        assert!(again.value.ended_at.is_some() && again.changes.is_empty());
        let nobody = actions(store).visit_end(&operator(), VisitId(99));
        assert!(matches!(nobody, Err(ActionError::NoSuchVisit)), "{nobody:?}");
    });
}

#[test]
fn a_session_of_a_site_is_kept_used_and_removed_by_age() {
    on_each_engine(|store| {
        let insert = |n: u16, expires: i64| {
            store
                .write_beside(|writer| writer.site_session_insert(&key(n), "{\"a\":\"1\"}", second(0), second(expires)))
                .unwrap();
        };
        for (n, expires) in [(1, 1_000), (2, 1_000), (3, 100)] {
            insert(n, expires);
        }
        let read = |n: u16| store.read(|reader| reader.site_session(&key(n))).unwrap();
        let first = read(1).unwrap();
        assert_eq!(
            (first.state.as_str(), first.last_seen_at, first.expires_at),
            ("{\"a\":\"1\"}", second(0), second(1_000))
        );
        store.write_beside(|writer| writer.site_session_seen(&[key(1), key(3), key(9)], second(200))).unwrap();
        assert_eq!(read(1).unwrap().last_seen_at, second(200));
        assert!(store.write_beside(|writer| writer.site_session_update(&key(2), "{}")).unwrap());
        assert!(!store.write_beside(|writer| writer.site_session_update(&key(9), "{}")).unwrap());
        let second_one = read(2).unwrap();
        assert_eq!((second_one.state.as_str(), second_one.last_seen_at), ("{}", second(0)));
        let site = add(store, "a.example");
        write(store, &[1, 2, 3].map(|n| note(site, n, 0, 200)));
        let removed =
            store.write_beside(|writer| writer.site_session_delete_expired(second(300), second(100))).unwrap();
        assert_eq!((removed, read(2), read(3)), (2, None, None), "one lay idle, one expired");
        let ended = [1, 2, 3].map(|n| visit(store, site, n).unwrap().ended_at);
        assert_eq!(ended, [None, Some(second(300)), Some(second(300))], "the visits end with their sessions");
        store.write_beside(|writer| writer.site_session_delete(&key(1))).unwrap();
        assert_eq!(read(1), None);
    });
}
