//! Requests that are under way: counted until their answer has ended, and not cut when their site closes.

use std::rc::Rc;
use std::time::Duration;

use actix_web::body::{BoxBody, SizedStream, to_bytes};
use actix_web::dev::Service as _;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, web};
use futures_util::stream::once;
use maintenance_mode::Maintenance;
use maintenance_mode::actions::Start;
use maintenance_mode::middleware::Role;
use tokio::sync::Notify;

use crate::helpers::{FIRST_SITE, a_server, eventually, get, operator};

/// Lets a slow handler go on, first to its answer, then to the end of the body.
#[derive(Clone, Default)]
struct Pace {
    begun: Rc<Notify>,
    answer: Rc<Notify>,
    body: Rc<Notify>,
}

async fn slow(pace: Pace) -> HttpResponse {
    pace.begun.notify_one();
    pace.answer.notified().await;
    let body = once(Box::pin(async move {
        pace.body.notified().await;
        Ok::<_, actix_web::Error>(Bytes::from_static(b"done"))
    }));
    HttpResponse::Ok().body(BoxBody::new(SizedStream::new(4, body)))
}

fn a_maintenance(role: Role) -> (tempfile::TempDir, Maintenance) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("m.sqlite3");
    let builder = Maintenance::builder().database_url(database.to_str().unwrap());
    let maintenance = builder.staff_when(move |_| async move { role }).build().unwrap();
    (folder, maintenance)
}

async fn close(maintenance: &Maintenance) {
    let done = maintenance.actions().start(&operator(), &[FIRST_SITE], &Start::default()).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
}

#[actix_web::test]
async fn a_request_that_began_while_the_site_was_open_ends_well_after_it_has_closed() {
    let (_folder, maintenance) = a_maintenance(Role::Visitor);
    let pace = Pace::default();
    let handler = pace.clone();
    let app = App::new().wrap(maintenance.gate()).route("/", web::get().to(move || slow(handler.clone())));
    let app = Rc::new(init_service(app).await);
    let running = Rc::clone(&app);
    let running = actix_web::rt::spawn(async move { running.call(TestRequest::get().uri("/").to_request()).await });
    pace.begun.notified().await;
    assert_eq!((maintenance.in_flight(None), maintenance.in_flight(Some(FIRST_SITE))), (1, 0));

    close(&maintenance).await;
    let held = app.call(TestRequest::get().uri("/").to_request()).await.unwrap();
    assert_eq!(held.status(), 503);
    assert_eq!(maintenance.in_flight(None), 1, "what is held is not under way, what runs still is");

    pace.answer.notify_one();
    let answer = running.await.unwrap().unwrap();
    assert_eq!((answer.status().as_u16(), maintenance.in_flight(None)), (200, 1), "its body has not ended");
    pace.body.notify_one();
    assert_eq!(to_bytes(answer.into_body()).await.unwrap(), "done");
    assert_eq!(maintenance.in_flight(None), 0);
}

#[actix_web::test]
async fn a_request_on_a_closed_site_is_counted_there_also_when_it_is_given_up() {
    let (_folder, maintenance) = a_maintenance(Role::Superuser);
    let pace = Pace::default();
    let handler = pace.clone();
    let app = App::new().wrap(maintenance.gate()).route("/", web::get().to(move || slow(handler.clone())));
    let app = Rc::new(init_service(app).await);
    close(&maintenance).await;
    let running = Rc::clone(&app);
    let running = actix_web::rt::spawn(async move { running.call(TestRequest::get().uri("/").to_request()).await });
    pace.begun.notified().await;
    assert_eq!((maintenance.in_flight(None), maintenance.in_flight(Some(FIRST_SITE))), (1, 1));
    running.abort();
    assert!(running.await.is_err());
    assert_eq!((maintenance.in_flight(None), maintenance.in_flight(Some(FIRST_SITE))), (0, 0));

    // An answer whose reader goes away before the end.
    pace.answer.notify_one();
    let answer = app.call(TestRequest::get().uri("/").to_request()).await.unwrap();
    assert_eq!((answer.status().as_u16(), maintenance.in_flight(Some(FIRST_SITE))), (200, 1));
    drop(answer);
    assert_eq!(maintenance.in_flight(None), 0);
}

#[test]
fn the_figures_tell_what_is_under_way_by_site() {
    let token = "scrape-me-every-15s";
    let server = a_server().with("METRICS_TOKEN", token).start();
    server.close(FIRST_SITE);
    let scrape = || {
        let answer = server.send(get("/metrics").with("Authorization", format!("Bearer {token}")));
        answer
            .text()
            .lines()
            .filter(|line| line.starts_with("maintenance_requests_in_flight"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    // The scrape itself is under way; others of this server have ended, or do so in a moment.
    let expected = "maintenance_requests_in_flight 1, maintenance_requests_in_flight{site=\"localhost\"} 0";
    eventually("nothing but the scrape is under way", || scrape() == expected);
    std::thread::scope(|threads| {
        // A form whose rest does not come.
        let slow = threads.spawn(|| {
            use std::io::{Read as _, Write as _};
            let mut slow = std::net::TcpStream::connect(server.address).unwrap();
            slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let head = "POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n";
            slow.write_all(head.as_bytes()).unwrap();
            eventually("the form is under way, too", || scrape().starts_with("maintenance_requests_in_flight 2,"));
            slow.write_all(b"a=bc").unwrap();
            slow.read_to_end(&mut Vec::new()).unwrap();
        });
        slow.join().unwrap();
    });
    eventually("the form has ended", || scrape() == expected);
}
