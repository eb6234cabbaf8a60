//! The decision by itself, in nanoseconds: `cargo bench --bench decision`.
//!
//! Budgets: open at most 25 ns; closed, anonymous, 1,000 patterns at most 60 ns; one site
//! changed among 100,000 within 10 ms, as among ten. 10,000 windows cost what one does.

use std::hint::black_box;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use maintenance_mode::change::Revision;
use maintenance_mode::decision::{Identity, KnownUser, Pass, RequestFacts, Verdict, Visit, decide};
use maintenance_mode::page::PageRequest;
use maintenance_mode::path::RequestPath;
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::{SiteId, request_host};
use maintenance_mode::snapshot::Snapshot;
use maintenance_mode::user::Rights;

#[allow(dead_code, reason = "each benchmark uses a part of it")]
mod sites;

use sites::{HIT, HOST, NEAR_MISS, a_site, closed, now, snapshot, with_patterns, with_windows};

/// A visitor's request, as the gate sees it.
fn facts(path: &str) -> RequestFacts<'_> {
    RequestFacts {
        is_safe: true,
        host: request_host(HOST),
        path: RequestPath::new(path),
        client: Some("203.0.113.9".parse().expect("this is an address")),
        identity: Identity::Anonymous,
        visit: Visit::Nobody,
    }
}

fn superuser() -> Identity {
    let rights = Rights { is_active: true, is_staff: true, is_superuser: true, sites: None };
    Identity::Known(Arc::new(KnownUser { username: "ada".to_owned(), rights }))
}

/// The measured site with its neighbours; the first of them is closed when `is_closed_elsewhere`.
fn among(count: usize, own: SiteRecord, is_closed_elsewhere: bool) -> Snapshot {
    let mut records = sites::sites(count);
    records[0] = own;
    if is_closed_elsewhere {
        records[1] = closed(records[1].clone());
    }
    snapshot(&records)
}

fn measure(criterion: &mut Criterion, name: &str, snapshot: &Snapshot, facts: &RequestFacts<'_>, expected: &str) {
    assert_eq!(reason(&decide(snapshot, facts, now())), expected, "{name}");
    let now: Timestamp = now();
    criterion.bench_function(name, |bench| {
        bench.iter(|| decide(black_box(snapshot), black_box(facts), black_box(now)));
    });
}

fn reason(verdict: &Verdict<'_>) -> &'static str {
    match verdict {
        Verdict::Pass(pass) => Pass::reason(pass),
        Verdict::Hold(_) => "held",
        _ => "other",
    }
}

fn open_sites(criterion: &mut Criterion) {
    let own = || a_site(1, HOST);
    measure(criterion, "open, no site closed", &among(2, own(), false), &facts("/shop/cart/"), "open");
    measure(criterion, "open, another site closed", &among(2, own(), true), &facts("/shop/cart/"), "open");
    measure(criterion, "open, one of 100,000 closed", &among(100_000, own(), true), &facts("/shop/cart/"), "open");
}

fn held_requests(criterion: &mut Criterion) {
    for count in [0, 1, 10, 100, 1_000] {
        let site = with_patterns(closed(a_site(1, HOST)), count);
        measure(criterion, &format!("held, {count} patterns"), &among(1, site, false), &facts(NEAR_MISS), "held");
    }
    let site = with_patterns(closed(a_site(1, HOST)), 1);
    measure(criterion, "held, 1 pattern, 100,000 sites", &among(100_000, site, true), &facts(NEAR_MISS), "held");
}

fn let_through(criterion: &mut Criterion) {
    let site = with_patterns(closed(a_site(1, HOST)), 1_000);
    let snapshot = among(1, site, false);
    measure(criterion, "ignored pattern, 1,000 of them", &snapshot, &facts(HIT), "ignored-pattern");
    let internal = RequestFacts { client: "10.1.2.3".parse().ok(), ..facts(NEAR_MISS) };
    measure(criterion, "internal address", &snapshot, &internal, "internal-ip");
    let ada = RequestFacts { identity: superuser(), ..facts(NEAR_MISS) };
    measure(criterion, "superuser, 1,000 patterns", &snapshot, &ada, "superuser");
    measure(criterion, "health check", &snapshot, &facts("/healthz"), "built-in");
}

/// A site with many windows against one with a single window; another site is closed, so that none is quiet.
fn windows(criterion: &mut Criterion) {
    for count in [1, 10_000] {
        let ahead = with_windows(a_site(1, HOST), count, false);
        measure(criterion, &format!("open, {count} windows ahead"), &among(2, ahead, true), &facts("/cart/"), "open");
        let runs = with_windows(a_site(1, HOST), count, true);
        measure(
            criterion,
            &format!("held by one of {count} windows"),
            &among(1, runs, false),
            &facts("/cart/"),
            "held",
        );
    }
}

/// What comes before the decision and after it.
fn facts_and_answer(criterion: &mut Criterion) {
    criterion.bench_function("host and path of a request", |bench| {
        bench.iter(|| (request_host(black_box("forum.example.com:8080")), RequestPath::new(black_box(NEAR_MISS))));
    });
    let snapshot = among(1, closed(a_site(1, HOST)), false);
    let (_, closed) = snapshot.closed(now()).next().expect("a site is closed");
    let pages = closed.pages();
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(sites::ACCEPT));
    headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(sites::ACCEPT_LANGUAGE));
    let request = PageRequest { headers: &headers, method: &Method::GET, host: HOST, path: NEAR_MISS };
    let now = now();
    criterion.bench_function("answer to a browser", |bench| {
        bench.iter(|| pages.hold(black_box(&request), black_box(now), black_box(17)));
    });
}

/// One site closed among many. Both snapshots stay, as they do while requests still read the old one.
fn flips(criterion: &mut Criterion) {
    for count in [10, 100_000] {
        let before = among(count, a_site(1, HOST), false);
        let change = [(SiteId(1), Some(closed(a_site(1, HOST))))];
        criterion.bench_function(&format!("one flip among {count} sites"), |bench| {
            let flip = || before.with(black_box(&change), Revision(2), now());
            bench.iter_batched(|| (), |()| flip(), BatchSize::SmallInput);
        });
    }
}

criterion_group!(decision, open_sites, held_requests, windows, let_through, facts_and_answer, flips);
criterion_main!(decision);
