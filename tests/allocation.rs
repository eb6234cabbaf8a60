//! What passes costs no memory: the decision allocates nothing, and the gate adds nothing to a request.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use actix_web::http::{StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use maintenance_mode::decision::{Identity, KnownUser, RequestFacts, Verdict, Visit, decide};
use maintenance_mode::middleware::Gate;
use maintenance_mode::path::RequestPath;
use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::request_host;
use maintenance_mode::user::Rights;

#[allow(dead_code, reason = "the tests use a part of it")]
#[path = "../benches/sites/mod.rs"]
mod sites;

use sites::{HIT, HOST, NEAR_MISS, a_site, closed, now, snapshot, with_patterns, with_windows};

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came. Counting touches a constant-initialised
// thread-local without a destructor, which neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `place` came from the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as for `dealloc`, and the caller keeps the contract of `realloc`.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_since(before: usize) -> usize {
    ALLOCATIONS.get() - before
}

fn facts(path: &str) -> RequestFacts<'_> {
    RequestFacts {
        is_safe: true,
        host: request_host(HOST),
        path: RequestPath::new(path),
        client: "203.0.113.9".parse().ok(),
        identity: Identity::Anonymous,
        visit: Visit::Nobody,
    }
}

fn word(verdict: &Verdict<'_>) -> &'static str {
    match verdict {
        Verdict::Pass(pass) => pass.reason(),
        Verdict::Hold(_) => "held",
        _ => "other",
    }
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![1, 2, 3]));
    assert_eq!(allocations_since(before), 1);
}

#[test]
fn a_decision_allocates_nothing() {
    let own = || with_patterns(a_site(1, HOST), 1_000);
    let superuser = Rights { is_active: true, is_staff: true, is_superuser: true, sites: None };
    let ada = Identity::Known(KnownUser { username: "ada".to_owned(), rights: superuser }.into());
    let rows = [
        (own(), facts("/shop/"), "open"),
        (closed(own()), facts("/healthz"), "built-in"),
        (closed(own()), RequestFacts { client: "10.0.0.1".parse().ok(), ..facts("/shop/") }, "internal-ip"),
        (closed(own()), facts(HIT), "ignored-pattern"),
        (closed(own()), RequestFacts { identity: ada, ..facts("/shop/") }, "superuser"),
        (closed(own()), facts(NEAR_MISS), "held"),
        (with_windows(own(), 100, false), facts("/shop/"), "open"),
        (with_windows(own(), 100, true), facts(NEAR_MISS), "held"),
    ];
    for (own, facts, expected) in rows {
        let snapshot = snapshot(&[own, closed(a_site(2, "other.example.com"))]);
        // The first search with a pattern prepares the automaton for this path.
        assert_eq!(word(&decide(&snapshot, &facts, now())), expected);
        let before = ALLOCATIONS.get();
        let verdict = decide(&snapshot, &facts, now());
        assert_eq!((word(&verdict), allocations_since(before)), (expected, 0));
    }
}

#[test]
fn reading_the_usual_facts_allocates_nothing() {
    let before = ALLOCATIONS.get();
    let facts = (request_host("forum.example.com:8080"), RequestPath::new(NEAR_MISS));
    assert_eq!((facts.0.is_ok(), facts.1.is_clean(), allocations_since(before)), (true, true, 0));
}

/// Allocations of a request once everything is warm; to build the request counts as well.
async fn allocations_of(answer: impl AsyncFn(TestRequest) -> StatusCode) -> usize {
    let mut last = 0;
    for _ in 0..3 {
        let before = ALLOCATIONS.get();
        let request = TestRequest::with_uri("/shop/").insert_header((header::HOST, HOST));
        assert_eq!(answer(request).await, 200);
        last = allocations_since(before);
    }
    last
}

async fn shop() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn allocations_behind_a_gate(sites: &[SiteRecord]) -> usize {
    let gate = Gate::fixed(snapshot(sites));
    let app = init_service(App::new().wrap(gate).route("/shop/", web::get().to(shop))).await;
    allocations_of(async |request| call_service(&app, request.to_request()).await.status()).await
}

#[actix_web::test]
async fn a_request_that_passes_the_gate_allocates_no_more_than_without_it() {
    let app = init_service(App::new().route("/shop/", web::get().to(shop))).await;
    let bare = allocations_of(async |request| call_service(&app, request.to_request()).await.status()).await;
    let (own, other) = (a_site(1, HOST), a_site(2, "other.example.com"));
    assert_eq!(allocations_behind_a_gate(&[own.clone(), other.clone()]).await, bare, "no site is closed");
    assert_eq!(allocations_behind_a_gate(&[own.clone(), closed(other)]).await, bare, "another site is closed");
    let planned = with_windows(own, 100, false);
    assert_eq!(allocations_behind_a_gate(&[planned]).await, bare, "a window with a notice is ahead");
}
