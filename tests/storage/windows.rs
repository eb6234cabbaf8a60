//! Windows and leases: every column, what becomes of their times, and that an undo puts back exactly that.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use maintenance_mode::actions::{ActionError, Save, Start, Take};
use maintenance_mode::cause::CauseId;
use maintenance_mode::lease::OnExpiry;
use maintenance_mode::message::Message;
use maintenance_mode::record::SiteRecord;
use maintenance_mode::schedule::{Moment, Repeat, Schedule};
use maintenance_mode::site::SiteId;
use maintenance_mode::storage::Store;
use maintenance_mode::window::{Exception, SiteException, Window};

use super::{actions, add, operator, stored};
use crate::engine::on_each_engine;

fn now() -> jiff::Timestamp {
    maintenance_mode::clock::now()
}

/// A window that runs now and for another hour.
fn running() -> Window {
    let (start, end) = (now() - SignedDuration::from_mins(5), now() + SignedDuration::from_hours(1));
    let moment = |at| Moment::new(at, TimeZone::UTC);
    Window::new(Schedule::Once { start: moment(start), end: Some(moment(end)) })
}

fn full() -> Window {
    let message = Message { language: "en".to_owned(), body: "Upgrade".to_owned(), ..Message::default() };
    let schedule = Schedule::Repeat(Repeat {
        rule: "0 2 * * SUN".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        minutes: 90,
        from: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
    });
    let mut window =
        Window {
            name: "Weekly – Ω".to_owned(), notice_minutes: 30, messages: vec![message], ..Window::new(schedule)
        };
    window.is_enabled = false;
    window.level = maintenance_mode::maintenance::Level::ReadOnly;
    let (start, end) = ("2026-11-22T01:00:00Z".parse().unwrap(), "2026-11-22T01:30:00Z".parse().unwrap());
    window.exceptions.insert(start, Exception { ends_at: end });
    window
}

fn take(length: i64, on_expiry: OnExpiry) -> Take {
    Take {
        length: SignedDuration::from_secs(length),
        on_expiry,
        name: "deploy 7".to_owned(),
        message: Some("Upgrade".to_owned()),
        language: "en".to_owned(),
        drain_until: None,
        typed_domains: None,
    }
}

fn record(store: &Store, id: SiteId) -> SiteRecord {
    stored(store, id).0
}

#[test]
fn every_column_of_a_window_and_of_a_lease_reads_back_as_it_was_written() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let written = actions(store).window_add(&operator(), Some(site), &full()).unwrap().value.window;
        let leased = actions(store).lease_take(&operator(), &[site], &take(600, OnExpiry::Lift)).unwrap().value;
        let read = record(store, site);
        assert_eq!(read.windows, std::slice::from_ref(&written));
        assert_eq!(Window { id: written.id, ..full() }, written);
        assert_eq!(read.leases, std::slice::from_ref(&leased[0].lease));
        let shared = actions(store).window_add(&operator(), None, &full()).unwrap().value.window;
        assert_eq!(record(store, site).shared.to_vec(), [shared]);
    });
}

#[test]
fn off_ends_every_cause_and_names_them_and_a_named_one_ends_alone() {
    on_each_engine(|store| {
        let (site, other) = (add(store, "forum.example"), add(store, "shop.example"));
        let (actions, who) = (actions(store), operator());
        let own = actions.window_add(&who, Some(site), &running()).unwrap().value.window.id;
        let shared = actions.window_add(&who, None, &running()).unwrap().value.window.id;
        let lease = actions.lease_take(&who, &[site], &take(600, OnExpiry::Stay)).unwrap().value[0].lease.id;
        let causes = |store: &Store, site| -> Vec<CauseId> {
            record(store, site).causes().at(now()).iter().map(|cause| cause.id).collect()
        };
        let all = [CauseId::Lease(lease), CauseId::Window(own), CauseId::Window(shared)];
        assert_eq!(causes(store, site), all);
        actions.end_cause(&who, &[site], CauseId::Window(shared)).unwrap();
        assert_eq!(causes(store, site), all[..2]);
        assert_eq!(causes(store, other), [CauseId::Window(shared)], "it goes on elsewhere");
        assert!(matches!(&record(store, site).exceptions[..], [SiteException { window, .. }] if *window == shared));

        let ended = actions.end(&who, &[site]).unwrap();
        let maintenance_mode::actions::Switched::Ended(_, ended_causes) = &ended.value[0] else { panic!("{ended:?}") };
        assert_eq!(ended_causes.iter().map(|cause| cause.id).collect::<Vec<_>>(), all[..2]);
        assert_eq!(causes(store, site), []);
        // The window itself is still planned, and an undo brings all of it back.
        assert_eq!(record(store, site).windows.len(), 1);
        actions.undo(&who, ended.revision, false).unwrap();
        assert_eq!(causes(store, site), all[..2]);
    });
}

#[test]
fn a_window_is_added_extended_skipped_removed_and_each_of_it_undone() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let (actions, who) = (actions(store), operator());
        for owner in [Some(site), None] {
            let added = actions.window_add(&who, owner, &running()).unwrap();
            let id = added.value.window.id;
            let planned = added.value.window.at(now()).unwrap().ends_at.unwrap();
            let windows = |store: &Store| {
                let record = record(store, site);
                if owner.is_some() { record.windows } else { record.shared.to_vec() }
            };
            let extended = actions.window_extend(&who, id, SignedDuration::from_mins(15)).unwrap();
            let end = extended.value.window.at(now()).unwrap().ends_at.unwrap();
            assert_eq!(end.duration_since(planned), SignedDuration::from_mins(15));
            actions.undo(&who, extended.revision, false).unwrap();
            assert_eq!(windows(store), std::slice::from_ref(&added.value.window));
            assert!(matches!(actions.window_skip(&who, id, None), Err(ActionError::NotRunning)));
            let ended = actions.window_end(&who, id).unwrap();
            assert!(!record(store, site).is_closed(now()));
            assert!(matches!(actions.window_end(&who, id), Err(ActionError::NotRunning)));
            actions.undo(&who, ended.revision, false).unwrap();
            assert!(record(store, site).is_closed(now()));
            let removed = actions.window_remove(&who, id).unwrap();
            assert_eq!(windows(store), []);
            assert!(matches!(actions.window_remove(&who, id), Err(ActionError::NoSuchWindow)));
            actions.undo(&who, removed.revision, false).unwrap();
            assert_eq!(windows(store), std::slice::from_ref(&added.value.window));
            actions.undo(&who, added.revision, true).unwrap();
            assert_eq!(windows(store), []);
        }
    });
}

#[test]
fn a_window_that_cannot_be_is_refused_by_field_and_nothing_is_left_of_it() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let before = store.read(|reader| reader.change_last()).unwrap();
        let moment = |at| Moment::new(at, TimeZone::UTC);
        let backwards = Window::new(Schedule::Once {
            start: moment(now()),
            end: Some(moment(now() - SignedDuration::from_mins(1))),
        });
        let nameless = Window { name: "x".repeat(201), ..running() };
        for (window, field) in [(backwards, "end"), (nameless, "name")] {
            let Err(ActionError::Invalid(errors)) = actions(store).window_add(&operator(), Some(site), &window) else {
                panic!("it was taken")
            };
            assert_eq!(errors.get(field).len(), 1, "{errors}");
        }
        assert!(matches!(
            actions(store).window_add(&operator(), Some(SiteId(99)), &running()),
            Err(ActionError::NoSuchSite)
        ));
        assert_eq!(store.read(|reader| reader.change_last()).unwrap(), before);
        assert_eq!(record(store, site).windows, []);
    });
}

#[test]
fn a_lease_is_renewed_until_it_is_gone() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let (actions, who) = (actions(store), operator());
        let taken = actions.lease_take(&who, &[site], &take(600, OnExpiry::Lift)).unwrap().value.remove(0).lease;
        let renewed = actions.lease_renew(&who, taken.id, SignedDuration::from_hours(1)).unwrap().value.lease;
        assert!(renewed.expires_at > taken.expires_at);
        assert_eq!(record(store, site).leases, [renewed]);
        for length in [0, 9, 86_401] {
            let refused = actions.lease_take(&who, &[site], &take(length, OnExpiry::Lift));
            assert!(matches!(refused, Err(ActionError::Invalid(_))), "{length}");
        }
        assert!(actions.lease_end(&who, taken.id).unwrap().value.is_some());
        assert!(actions.lease_end(&who, taken.id).unwrap().value.is_none());
        let gone = actions.lease_renew(&who, taken.id, SignedDuration::from_hours(1));
        assert!(matches!(gone, Err(ActionError::NoSuchLease)));
    });
}

#[test]
fn leases_that_have_gone_by_themselves_are_cleared_away_and_noted_and_no_others() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let (actions, who) = (actions(store), operator());
        let lifted = actions.lease_take(&who, &[site], &take(10, OnExpiry::Lift)).unwrap().value.remove(0).lease;
        let stays = actions.lease_take(&who, &[site], &take(10, OnExpiry::Stay)).unwrap().value.remove(0).lease;
        assert_eq!(actions.lease_purge(&who, now()).unwrap().value, 0);
        let later = lifted.expires_at + SignedDuration::from_hours(1);
        assert_eq!(actions.lease_purge(&who, later).unwrap().value, 1);
        assert_eq!(record(store, site).leases, [stays]);
        assert_eq!(actions.lease_purge(&who, later).unwrap().value, 0);
    });
}

#[test]
fn a_lease_that_is_renewed_or_a_window_that_is_planned_meanwhile_makes_no_save_stale() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let (actions, who) = (actions(store), operator());
        let lease = actions.lease_take(&who, &[site], &take(600, OnExpiry::Stay)).unwrap().value[0].lease.id;
        let (form, read_at) = stored(store, site);
        actions.lease_renew(&who, lease, SignedDuration::from_mins(30)).unwrap();
        let window = actions.window_add(&who, Some(site), &running()).unwrap().value.window.id;
        let shared = actions.window_add(&who, None, &running()).unwrap().value.window.id;
        actions.end_cause(&who, &[site], CauseId::Window(shared)).unwrap();

        let mut edited = form.clone();
        edited.maintenance.retry_after = Some(60);
        let save = Save { read_at: Some(read_at), ..Save::default() };
        actions.record_save(&who, &edited, &save).unwrap();
        let saved = record(store, site);
        assert_eq!(saved.maintenance.retry_after, Some(60));
        assert_eq!(saved.windows.len(), 1, "the window {window} stays");
        assert_eq!(saved.exceptions.len(), 1, "what became of the window of all sites stays");
        assert!(saved.leases[0].expires_at > form.leases[0].expires_at, "the lease stays renewed");

        edited.maintenance.retry_after = Some(90);
        match actions.record_save(&who, &edited, &save) {
            Err(ActionError::Stale { last: Some(last), .. }) => assert_eq!(last.action, "site.edited"),
            other => panic!("the edit of the record counts: {other:?}"),
        }
    });
}

#[test]
fn a_save_that_unticks_the_box_ends_the_rest_when_told_to_and_only_then() {
    on_each_engine(|store| {
        let site = add(store, "forum.example");
        let (actions, who) = (actions(store), operator());
        actions.window_add(&who, Some(site), &running()).unwrap();
        actions.window_add(&who, None, &running()).unwrap();
        for ends_others in [false, true] {
            actions.start(&who, &[site], &Start::default()).unwrap();
            let mut edited = record(store, site);
            edited.maintenance.in_maintenance = false;
            let done = actions.record_save(&who, &edited, &Save { ends_others, ..Save::default() }).unwrap();
            let after = record(store, site);
            assert_eq!(after.causes().at(now()).len(), if ends_others { 0 } else { 2 });
            let change = store.read(|reader| reader.change(done.changes[0])).unwrap().unwrap();
            assert_eq!(change.action, if ends_others { "maintenance.ended" } else { "maintenance.updated" });
        }
    });
}
