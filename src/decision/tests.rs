//! The table to the letter: which row decides, in which order, and that the explanation agrees.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::cause::CauseId;
use crate::change::Revision;
use crate::drain::Drain;
use crate::lease::{Lease, LeaseId, OnExpiry};
use crate::maintenance::AtEnd;
use crate::network::InternalNetwork;
use crate::pattern::IgnoredPatterns;
use crate::pattern::PatternKind;
use crate::record::SiteRecord;
use crate::rules::Rules;
use crate::rules::tests::rules;
use crate::schedule::{Moment, Repeat, Schedule};
use crate::site::{Alias, Domain, Site, SiteId, request_host};
use crate::template::PageTemplates;
use crate::window::{Window, WindowId};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-21T03:12:04Z")
}

fn a_site(id: i64, domain: &str) -> SiteRecord {
    SiteRecord::new(Site {
        id: SiteId(id),
        domain: Domain::parse(domain).unwrap(),
        name: String::new(),
        aliases: Vec::new(),
        is_default: false,
        is_protected: false,
        time_zone: "UTC".to_owned(),
    })
}

fn a_closed_site(id: i64, domain: &str) -> SiteRecord {
    let mut record = a_site(id, domain);
    record.maintenance.in_maintenance = true;
    record.maintenance.since = Some(at("2026-11-21T03:00:00Z"));
    record
}

fn with_pattern(mut record: SiteRecord, pattern: &str) -> SiteRecord {
    let row = IgnoredPattern { kind: PatternKind::Regex, pattern: pattern.to_owned(), description: String::new() };
    record.patterns.push(row);
    record
}

fn snapshot(records: &[SiteRecord], rules: Rules) -> Snapshot {
    Snapshot::build(records, Revision(1), Arc::new(rules), Arc::new(PageTemplates::default()), now())
}

fn facts<'r>(host: &'r str, path: &'r str) -> RequestFacts<'r> {
    RequestFacts {
        is_safe: true,
        host: request_host(host),
        path: RequestPath::new(path),
        client: Some("203.0.113.9".parse().unwrap()),
        identity: Identity::Anonymous,
        visit: Visit::Nobody,
    }
}

fn user(is_superuser: bool, sites: Option<Vec<SiteId>>) -> Identity {
    let rights = Rights { is_active: true, is_staff: true, is_superuser, sites };
    Identity::Known(Arc::new(KnownUser { username: "ann".to_owned(), rights }))
}

/// The number of the row that decides, by the explanation, once it is sure that the decision agrees.
fn row(snapshot: &Snapshot, facts: &RequestFacts<'_>) -> u8 {
    let decided = decide(snapshot, facts, now());
    let (explained, rows) = explain(snapshot, facts, now());
    if !snapshot.passes_everything() && decided != Verdict::Identify {
        assert_eq!(decided, explained);
    }
    let deciding: Vec<u8> = rows.iter().filter(|row| row.decides).map(|row| row.number).collect();
    assert_eq!(deciding.len(), 1, "{rows:?}");
    deciding[0]
}

#[test]
fn each_row_decides_what_the_table_says() {
    let closed = || with_pattern(a_closed_site(1, "forum.example"), "^ignored/$");
    let one = snapshot(&[closed()], rules());
    let two = snapshot(&[closed(), a_site(2, "open.example")], rules());
    let host = "forum.example";
    assert_eq!(row(&one, &facts(host, "/admin/sites/")), 1);
    assert_eq!(row(&one, &facts(host, "/healthz")), 1);
    assert_eq!(row(&two, &facts("nobody.example", "/")), 2);
    assert_eq!(row(&two, &facts("open.example", "/")), 3);
    let internal = RequestFacts { client: Some("10.1.2.3".parse().unwrap()), ..facts(host, "/ignored/") };
    assert_eq!(row(&two, &internal), 4);
    assert_eq!(row(&two, &facts(host, "/ignored/")), 5);
    for identity in [user(true, None), user(false, None), user(false, Some(vec![SiteId(1)]))] {
        assert_eq!(row(&two, &RequestFacts { identity, ..facts(host, "/") }), 6);
    }
    for identity in [Identity::Anonymous, user(false, Some(vec![SiteId(2)])), user(false, Some(vec![]))] {
        assert_eq!(row(&two, &RequestFacts { identity, ..facts(host, "/") }), 10);
    }
}

#[test]
fn while_a_site_drains_those_at_work_since_before_go_on_and_nobody_else() {
    let since = at("2026-11-21T03:00:00Z");
    let drain = |deadline: &str| Drain { cause: CauseId::Box, started_at: since, deadline: at(deadline), end: None };
    let site = |drain| SiteRecord { drains: vec![drain], ..a_closed_site(1, "forum.example") };
    let draining = snapshot(&[site(drain("2026-11-21T04:00:00Z"))], rules());
    let closed = snapshot(&[site(drain("2026-11-21T03:00:01Z"))], rules());
    let work = |visit| RequestFacts { visit, ..facts("forum.example", "/") };
    let (before, after) = (Visit::Since(at("2026-11-21T02:59:59Z")), Visit::Since(since));
    for (visit, expected) in [(before, 8), (after, 10), (Visit::Nobody, 10)] {
        assert_eq!(row(&draining, &work(visit)), expected, "{visit:?}");
        assert_eq!(row(&closed, &work(visit)), 10, "{visit:?}");
    }
    // Who is at work is asked only while that matters.
    assert_eq!(decide(&draining, &work(Visit::Unresolved), now()), Verdict::Identify);
    assert!(matches!(decide(&closed, &work(Visit::Unresolved), now()), Verdict::Hold(_)));
    // Staff pass by their own row, and are not asked about twice.
    let staff = RequestFacts { identity: user(false, None), ..work(Visit::Unresolved) };
    assert_eq!(row(&draining, &staff), 6);
}

#[test]
fn while_nothing_is_known_everything_but_the_built_in_paths_is_held_or_everything_passes() {
    let refusing = || Rules { refuses_unknown_sites: true, ..rules() };
    for rules in [rules(), refusing()] {
        let held = Snapshot::unknown_held(Arc::new(rules), Arc::default(), now());
        assert!(!held.passes_everything() && !held.is_known());
        assert_eq!(row(&held, &facts("forum.example", "/admin/")), 1);
        let internal = Some("10.1.2.3".parse().unwrap());
        for facts in [
            facts("forum.example", "/"),
            facts("", "/"),
            RequestFacts { client: internal, ..facts("forum.example", "/") },
            RequestFacts { identity: user(true, None), ..facts("forum.example", "/") },
        ] {
            assert_eq!(decide(&held, &facts, now()), Verdict::Unknown);
            let (_, rows) = explain(&held, &facts, now());
            let deciding = rows.iter().find(|row| row.decides).unwrap();
            assert_eq!((deciding.row, rows[1].row), (Row::Unknown, Row::Unknown));
            assert!(deciding.answer.contains("MAINTENANCE_ON_UNKNOWN"), "{}", deciding.answer);
        }
    }
    let passed = Snapshot::unknown_passed(Arc::new(refusing()), Arc::default());
    assert!(passed.passes_everything());
    assert_eq!(decide(&passed, &facts("nobody.example", "/"), now()), Verdict::Pass(Pass::Unknown));
    // Once the state is known, nothing is said of it.
    let (_, rows) = explain(&snapshot(&[], rules()), &facts("forum.example", "/"), now());
    assert!(rows.iter().all(|row| row.row != Row::Unknown));
}

#[test]
fn rows_one_to_five_never_ask_who_it_is() {
    let snapshot =
        snapshot(&[with_pattern(a_closed_site(1, "forum.example"), "^ignored/$"), a_site(2, "b.example")], rules());
    let unresolved =
        |host: &'static str, path: &'static str| RequestFacts { identity: Identity::Unresolved, ..facts(host, path) };
    for (host, path) in
        [("forum.example", "/admin/"), ("nobody.example", "/"), ("b.example", "/"), ("forum.example", "/ignored/")]
    {
        assert!(matches!(decide(&snapshot, &unresolved(host, path), now()), Verdict::Pass(_)), "{host}{path}");
    }
    assert_eq!(decide(&snapshot, &unresolved("forum.example", "/"), now()), Verdict::Identify);
}

#[test]
fn block_staff_keeps_staff_out_and_never_a_superuser() {
    let blocked = snapshot(&[a_closed_site(1, "forum.example")], Rules { block_staff: true, ..rules() });
    assert_eq!(row(&blocked, &RequestFacts { identity: user(false, None), ..facts("forum.example", "/") }), 10);
    assert_eq!(row(&blocked, &RequestFacts { identity: user(true, None), ..facts("forum.example", "/") }), 6);
}

#[test]
fn an_inactive_superuser_is_nobody() {
    let closed = snapshot(&[a_closed_site(1, "forum.example")], rules());
    let rights = Rights { is_active: false, is_staff: true, is_superuser: true, sites: None };
    let identity = Identity::Known(Arc::new(KnownUser { username: "old".to_owned(), rights }));
    assert_eq!(row(&closed, &RequestFacts { identity, ..facts("forum.example", "/") }), 10);
}

#[test]
fn the_only_site_stands_in_for_every_host_and_of_several_the_marked_or_set_one() {
    let closed = a_closed_site(1, "forum.example");
    let open = a_site(2, "open.example");
    let default_of = |records: &[SiteRecord], rules| snapshot(records, rules).default_site().map(|site| site.id.0);
    assert_eq!(default_of(std::slice::from_ref(&closed), rules()), Some(1));
    assert_eq!(default_of(&[closed.clone(), open.clone()], rules()), None);
    let mut marked = open.clone();
    marked.site.is_default = true;
    assert_eq!(default_of(&[closed.clone(), marked.clone()], rules()), Some(2));
    assert_eq!(default_of(&[closed, marked], Rules { site_id: Some(SiteId(1)), ..rules() }), Some(1));
}

#[test]
fn a_malformed_host_is_held_like_the_default_site_and_refused_without_one() {
    let only = snapshot(&[a_closed_site(1, "forum.example")], rules());
    assert!(matches!(decide(&only, &facts("a b", "/"), now()), Verdict::Hold(_)));
    let two = snapshot(&[a_closed_site(1, "forum.example"), a_site(2, "b.example")], rules());
    assert_eq!(decide(&two, &facts("a b", "/"), now()), Verdict::BadHost);
}

#[test]
fn settings_add_patterns_and_networks_of_the_site_add_addresses() {
    let ignored = IgnoredPatterns::compile(with_pattern(a_site(1, "x.example"), "^probe/").patterns).unwrap();
    let mut record = a_closed_site(1, "forum.example");
    let network = "203.0.113.0/24".parse().unwrap();
    record.networks.push(InternalNetwork { network, description: String::new() });
    let snapshot = snapshot(&[record], Rules { ignored, ..rules() });
    assert_eq!(row(&snapshot, &RequestFacts { client: None, ..facts("forum.example", "/probe/x") }), 5);
    assert_eq!(row(&snapshot, &facts("forum.example", "/")), 4);
    assert_eq!(row(&snapshot, &RequestFacts { client: None, ..facts("forum.example", "/") }), 10);
}

#[test]
fn only_people_are_told_that_they_were_let_through() {
    let closed =
        snapshot(&[with_pattern(a_closed_site(1, "forum.example"), "^ignored/$"), a_site(2, "b.example")], rules());
    let told = |facts: RequestFacts<'_>| match decide(&closed, &facts, now()) {
        Verdict::Pass(pass) => pass.let_through().is_some(),
        other => panic!("{other:?}"),
    };
    assert!(told(RequestFacts { identity: user(true, None), ..facts("forum.example", "/") }));
    assert!(told(RequestFacts { client: Some("10.0.0.1".parse().unwrap()), ..facts("forum.example", "/") }));
    assert!(!told(facts("forum.example", "/ignored/")));
    assert!(!told(facts("forum.example", "/admin/")));
    assert!(!told(facts("b.example", "/")));
}

#[test]
fn a_change_of_one_site_leaves_the_others_as_they_are() {
    let first = snapshot(&[a_site(1, "a.example"), a_closed_site(2, "b.example")], rules());
    let mut moved = a_site(1, "b.example");
    moved.site.aliases = vec![Alias::parse("*.b.example").unwrap()];
    let second = first.with(&[(SiteId(1), Some(moved)), (SiteId(2), None)], Revision(2), now());
    assert_eq!((second.revision(), second.len()), (Revision(2), 1));
    assert_eq!(second.site_for("x.b.example").unwrap().id, SiteId(1));
    assert!(second.named_site("a.example").is_none());
    assert!(second.passes_everything());
    assert!(!first.passes_everything(), "the older snapshot is as it was");
}

fn after(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

/// A time that begins in so many minutes; of no length it has no end.
fn a_time(start: i64, length: i64) -> Schedule {
    let moment = |minutes| Moment::new(after(minutes), TimeZone::UTC);
    Schedule::Once { start: moment(start), end: (length > 0).then(|| moment(start + length)) }
}

fn a_rule(rule: usize, minutes: u32) -> Schedule {
    let rule = ["*/5 * * * *", "*/20 * * * *", "0 * * * *", "30 2 * * *"][rule].to_owned();
    Schedule::Repeat(Repeat { rule, zone: "Europe/Berlin".to_owned(), minutes, from: None, until: None })
}

fn a_lease(id: i64, since: i64, length: i64, lifts: bool) -> Lease {
    Lease {
        id: LeaseId(id),
        name: String::new(),
        started_by: "ci".to_owned(),
        since: after(since.min(0)),
        expires_at: after(since.min(0) + length),
        on_expiry: if lifts { OnExpiry::Lift } else { OnExpiry::Stay },
        messages: Vec::new(),
    }
}

/// When the window begins that visitors are to be told of, asked of each window itself.
fn first_due(record: &SiteRecord, at: Timestamp) -> Option<Timestamp> {
    let told = record.windows.iter().filter(|window| window.notice_minutes > 0);
    let next = |window: &Window| {
        let calendar = window.calendar().unwrap();
        let start = window.after(&calendar, at).find(|time| time.starts_at > at)?.starts_at;
        let from = start - SignedDuration::from_mins(window.notice_minutes.into());
        (from <= at).then_some(start)
    };
    told.filter_map(next).min()
}

proptest! {
    #[test]
    fn the_decision_agrees_at_every_moment_with_the_causes(
        windows in prop::collection::vec((0..900i64, 0..90i64, 0..120u32), 0..6),
        repeats in prop::collection::vec((0..4usize, 1..4u32, 0..200u32), 0..2),
        leases in prop::collection::vec((-30..60i64, 1..200i64, any::<bool>()), 0..3),
        ticked in prop::option::of((prop::option::of(-20..300i64), any::<bool>())),
        moments in prop::collection::vec(0..180_000i64, 1..40),
    ) {
        let mut record = a_site(1, "forum.example");
        let once = windows.into_iter().map(|(start, length, notice)| (a_time(start, length), notice));
        let again = repeats.into_iter().map(|(rule, minutes, notice)| (a_rule(rule, minutes), notice));
        record.windows = once.chain(again).zip(1..).map(|((schedule, notice_minutes), id)| {
            Window { id: WindowId(id), notice_minutes, ..Window::new(schedule) }
        }).collect();
        record.leases = leases.into_iter().zip(1..).map(|((since, length, lifts), id)| a_lease(id, since, length, lifts)).collect();
        if let Some((end, opens)) = ticked {
            record.maintenance.in_maintenance = true;
            record.maintenance.since = Some(now());
            record.maintenance.expected_end = end.map(after);
            record.maintenance.at_end = if opens { AtEnd::Open } else { AtEnd::Remind };
        }
        let mut snapshot = snapshot(std::slice::from_ref(&record), rules());
        let mut moments: Vec<_> = moments.into_iter().map(|second| now() + SignedDuration::from_secs(second)).collect();
        moments.sort();
        for moment in moments {
            // As the server does while time goes by.
            snapshot = snapshot.renewed(moment).unwrap_or(snapshot);
            let decided = decide(&snapshot, &facts("forum.example", "/"), moment);
            let mut expected: Vec<_> = record.causes().at(moment).iter().map(|cause| cause.id).collect();
            expected.sort();
            let mut held = match decided {
                Verdict::Hold(hold) => hold.closed.causes().collect(),
                Verdict::Pass(Pass::Open) => Vec::new(),
                other => panic!("{other:?}"),
            };
            held.sort();
            prop_assert_eq!(&held, &expected, "{}", moment);
            let planned = snapshot.default_site().and_then(SiteSnapshot::closed);
            let told = planned.and_then(|planned| planned.notice(moment, std::iter::empty()));
            let due = if expected.is_empty() { first_due(&record, moment) } else { None };
            prop_assert_eq!(told.map(|notice| notice.starts_at), due, "{}", moment);
        }
    }

    #[test]
    fn the_explanation_always_agrees_with_the_decision(
        host in prop_oneof![Just("forum.example"), Just("open.example"), Just("nobody.example"), Just("a b")],
        path in prop_oneof![Just("/"), Just("/admin/"), Just("/administrator"), Just("/ignored/"), Just("//ignored/"), Just("*")],
        client in prop_oneof![Just(None), Just(Some("10.0.0.1")), Just(Some("203.0.113.9"))],
        who in 0..5usize,
        block_staff: bool,
        has_default: bool,
    ) {
        let mut open = a_site(2, "open.example");
        open.site.is_default = has_default;
        let closed = with_pattern(a_closed_site(1, "forum.example"), "^ignored/$");
        let snapshot = snapshot(&[closed, open], Rules { block_staff, ..rules() });
        let identity = [
            Identity::Anonymous,
            user(true, None),
            user(false, None),
            user(false, Some(vec![SiteId(1)])),
            user(false, Some(vec![SiteId(2)])),
        ][who].clone();
        let client = client.map(|client| client.parse().unwrap());
        let facts = RequestFacts { client, identity, ..facts(host, path) };
        row(&snapshot, &facts);
    }
}
