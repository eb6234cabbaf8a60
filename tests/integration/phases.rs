//! Connections that stay open follow the phase of their site: changes, and the clock.

use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::test::TestRequest;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maintenance_mode::actions::Start;
use maintenance_mode::maintenance::Phase;
use maintenance_mode::middleware::MaintenanceStatus;
use maintenance_mode::propagation::PhaseWatch;
use maintenance_mode::registration::Task;
use maintenance_mode::schedule::{Moment, Schedule};
use maintenance_mode::window::Window;
use maintenance_mode::{Maintenance, clock};

use crate::helpers::{FIRST_SITE, TestServer, a_server, operator};
use crate::notice::plan;

/// Gives up after ten seconds, so that a wait that never ends is a failure.
async fn soon<T>(what: &str, waited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), waited)
        .await
        .unwrap_or_else(|_| panic!("not within ten seconds: {what}"))
}

/// Whether a watch has nothing to tell, as far as can be seen after everything that was stored is in force.
async fn is_quiet(watch: &mut PhaseWatch) -> bool {
    tokio::time::timeout(Duration::from_millis(300), watch.changed()).await.is_err()
}

fn of(server: &TestServer, host: &str) -> PhaseWatch {
    server.maintenance.phase_of(host)
}

fn of_request(maintenance: &Maintenance, host: &str) -> PhaseWatch {
    maintenance.phases(&TestRequest::get().insert_header(("host", host)).to_http_request())
}

/// As the gate lets staff through a closed site.
fn of_somebody_let_through(maintenance: &Maintenance, host: &str) -> PhaseWatch {
    let req = TestRequest::get().insert_header(("host", host)).to_http_request();
    let status = MaintenanceStatus { phase: Phase::Maintenance, is_let_through: true, ..MaintenanceStatus::default() };
    req.extensions_mut().insert(status);
    maintenance.phases(&req)
}

#[actix_web::test]
async fn whoever_came_in_before_the_closing_is_sent_away_however_late_it_asks() {
    let server = a_server().start();
    server.close(FIRST_SITE);
    let mut late = of_request(&server.maintenance, "localhost");
    soon("it is sent away", late.in_maintenance()).await;
}

#[actix_web::test]
async fn a_watch_follows_its_own_site_and_no_other() {
    let server = a_server().start();
    let shop = server.add_site("shop.example.com", &["*.shop.example.com"]);
    let mut watches = [of(&server, "shop.example.com"), of(&server, "www.SHOP.example.com:443")];
    let (mut other, mut unknown) = (of(&server, "localhost"), of(&server, "a b"));
    assert!(watches.iter().all(|watch| watch.phase() == Phase::Open));
    server.close(shop);
    for watch in &mut watches {
        assert_eq!(soon("the shop closes", watch.changed()).await, Phase::Maintenance);
        soon("it is closed already", watch.in_maintenance()).await;
    }
    assert!(is_quiet(&mut other).await && is_quiet(&mut unknown).await);
    server.open(shop);
    for watch in &mut watches {
        assert_eq!(soon("the shop opens", watch.changed()).await, Phase::Open);
    }
    assert_eq!(other.phase(), Phase::Open);
    assert_eq!(of(&server, "shop.example.com").phase(), Phase::Open);
}

#[actix_web::test]
async fn a_host_follows_the_site_that_it_is_of() {
    let server = a_server().start();
    server.edit(FIRST_SITE, |record| record.site.is_default = false);
    let mut later = of(&server, "later.example.com");
    let site = server.add_site("later.example.com", &[]);
    server.close(site);
    soon("the site that came later closes", later.in_maintenance()).await;
    let done = server.actions().site_remove(&operator(), site).unwrap();
    server.reach(done.revision.0);
    assert_eq!(soon("without its site it is open", later.changed()).await, Phase::Open);
}

/// A whole second, at most so many from now.
fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_second(clock::now().as_second() + seconds).unwrap()
}

#[actix_web::test]
async fn a_window_is_told_at_its_second_and_at_its_end() {
    let server = a_server().start();
    let mut watch = of(&server, "localhost");
    let (starts_at, ends_at) = (in_seconds(2), in_seconds(3));
    let moment = |at| Moment::new(at, TimeZone::UTC);
    let window = Window::new(Schedule::Once { start: moment(starts_at), end: Some(moment(ends_at)) });
    plan(&server, Some(FIRST_SITE), &window);
    soon("the window begins", watch.in_maintenance()).await;
    assert!(clock::now() >= starts_at && watch.phase() == Phase::Maintenance);
    assert_eq!(soon("the window ends", watch.changed()).await, Phase::Open);
    let late = clock::now().duration_since(ends_at);
    assert!(!late.is_negative() && late < jiff::SignedDuration::from_secs(5), "{late}");
}

#[actix_web::test]
async fn a_drain_is_told_and_its_deadline_ends_it() {
    let server = a_server().start();
    let (mut watch, mut goodbye) = (of(&server, "localhost"), of(&server, "localhost"));
    // With nobody at work it would close before its deadline.
    let _task = Task::register(&server.maintenance, "import").await.unwrap();
    let deadline = in_seconds(2);
    let start = Start { drain_until: Some(deadline), ..Start::default() };
    let done = server.actions().start(&operator(), &[FIRST_SITE], &start).unwrap();
    server.reach(done.revision.0);
    assert_eq!(soon("it drains", watch.changed()).await, Phase::Draining);
    soon("the deadline", goodbye.in_maintenance()).await;
    assert!(clock::now() >= deadline, "those at work may finish until then");
    assert_eq!(soon("it is in maintenance", watch.changed()).await, Phase::Maintenance);
}

#[actix_web::test]
async fn whoever_is_let_through_a_closed_site_is_not_sent_away_by_it() {
    let server = a_server().start();
    let mut before = of_request(&server.maintenance, "localhost");
    server.close(FIRST_SITE);
    soon("who came while it was open is sent away", before.in_maintenance()).await;
    let mut staff = of_somebody_let_through(&server.maintenance, "localhost");
    assert_eq!(staff.phase(), Phase::Maintenance);
    let stays = tokio::time::timeout(Duration::from_millis(300), staff.in_maintenance()).await;
    assert!(stays.is_err());
    server.open(FIRST_SITE);
    // Without a look at the open site the next start could not be told from the same maintenance.
    let opened = tokio::time::timeout(Duration::from_millis(300), staff.in_maintenance()).await;
    assert!(opened.is_err());
    server.close(FIRST_SITE);
    soon("the next maintenance", staff.in_maintenance()).await;
}

#[actix_web::test]
async fn nobody_waits_for_a_maintenance_that_is_gone() {
    let server = a_server().start();
    let mut watch = of(&server, "localhost");
    drop(server);
    assert!(is_quiet(&mut watch).await);
    assert_eq!(watch.phase(), Phase::Open);
}
