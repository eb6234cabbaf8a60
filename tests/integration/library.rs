//! The gate in an application of one's own: hooks for its log-in and its own answer.

use actix_session::SessionExt as _;
use actix_web::body::BoxBody;
use actix_web::dev::{Service as _, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorImATeapot;
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpRequest, HttpResponse, web};
use maintenance_mode::Maintenance;
use maintenance_mode::MaintenanceBuilder;
use maintenance_mode::actions::Start;
use maintenance_mode::auth::{About, password, strength};
use maintenance_mode::middleware::{HoldInfo, MaintenanceStatus, Role};
use maintenance_mode::notice::SiteNotice;
use maintenance_mode::user::{Rights, UserId};

use crate::helpers::{FIRST_SITE, PASSWORD, operator};

/// A maintenance mode in a folder of its own, with its first site closed.
async fn closed(configure: impl FnOnce(MaintenanceBuilder) -> MaintenanceBuilder) -> (tempfile::TempDir, Maintenance) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("m.sqlite3");
    let builder = Maintenance::builder().database_url(database.to_str().unwrap());
    let maintenance = configure(builder).build().unwrap();
    let done = maintenance.actions().start(&operator(), &[FIRST_SITE], &Start::default()).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    (folder, maintenance)
}

async fn home(status: MaintenanceStatus) -> String {
    format!("{} {}", status.is_let_through, status.reason)
}

#[actix_web::test]
async fn an_applications_own_log_in_says_who_is_staff() {
    let role = |req: HttpRequest| async move {
        match req.headers().get("x-user").and_then(|user| user.to_str().ok()) {
            Some("ada") => Role::Superuser,
            Some("bo") => Role::Staff,
            _ => Role::Visitor,
        }
    };
    for (block, ada, bo) in [("false", 200, 200), ("true", 200, 503)] {
        let (_folder, maintenance) =
            closed(|builder| builder.setting("MAINTENANCE_BLOCK_STAFF", block).staff_when(role)).await;
        let app = init_service(App::new().wrap(maintenance.gate()).route("/", web::get().to(home))).await;
        for (user, status) in [("ada", ada), ("bo", bo), ("eve", 503)] {
            let answer =
                app.call(TestRequest::get().uri("/").insert_header(("x-user", user)).to_request()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{user}, blocked: {block}");
        }
    }
}

#[actix_web::test]
async fn pages_of_the_application_know_that_their_reader_was_let_through() {
    let role = |_: HttpRequest| async { Role::Superuser };
    let (_folder, maintenance) = closed(|builder| builder.staff_when(role)).await;
    let app = init_service(App::new().wrap(maintenance.gate()).route("/", web::get().to(home))).await;
    let body = actix_web::test::call_and_read_body(&app, TestRequest::get().uri("/").to_request()).await;
    assert_eq!(body, "true superuser");
    let done = maintenance.actions().end(&operator(), &[FIRST_SITE]).unwrap();
    maintenance.wait_for(done.revision).await;
    let body = actix_web::test::call_and_read_body(&app, TestRequest::get().uri("/").to_request()).await;
    assert_eq!(body, "false open");
}

async fn told(status: MaintenanceStatus) -> String {
    let minutes = |notice: &SiteNotice| notice.ends_at.unwrap().duration_since(notice.starts_at).as_mins();
    let site = status.site_id.map(|id| format!("{id} {}", status.site));
    format!("{:?} {} {site:?} {:?}", status.phase, status.reason, status.notice.as_ref().map(minutes))
}

#[actix_web::test]
async fn an_application_that_fails_inside_of_the_gate_is_marked_for_whom_it_let_through() {
    let role = |_: HttpRequest| async { Role::Superuser };
    let internal = |builder: MaintenanceBuilder| builder.setting("INTERNAL_IPS", "192.0.2.7");
    for (reason, is_asked) in [("superuser", true), ("internal-ip", false)] {
        let configure =
            |builder: MaintenanceBuilder| if is_asked { builder.staff_when(role) } else { internal(builder) };
        let (_folder, maintenance) = closed(configure).await;
        let failing =
            async |_: ServiceRequest, _: Next<BoxBody>| Err::<ServiceResponse<BoxBody>, _>(ErrorImATeapot("no coffee"));
        let app = App::new().route("/", web::get().to(home)).wrap(from_fn(failing)).wrap(maintenance.gate());
        let app = init_service(app).await;
        let req = TestRequest::get().uri("/").peer_addr("192.0.2.7:4711".parse().unwrap()).to_request();
        let answer = HttpResponse::from_error(app.call(req).await.expect_err("the application fails"));
        assert_eq!(answer.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(answer.headers().get("x-maintenance").unwrap(), &format!("let-through; reason={reason}"));
        assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
    }
}

#[actix_web::test]
async fn pages_of_an_open_site_know_what_their_reader_should_be_told() {
    let (_folder, maintenance) = closed(|builder| builder).await;
    let plain = init_service(App::new().wrap(maintenance.gate()).route("/", web::get().to(told))).await;
    let app = App::new().wrap(maintenance.gate()).configure(maintenance.endpoints()).route("/", web::get().to(told));
    let app = init_service(app).await;
    let ended = maintenance.actions().end(&operator(), &[FIRST_SITE]).unwrap();
    assert!(maintenance.wait_for(ended.revision).await);
    let get = || TestRequest::get().uri("/").insert_header(("host", "localhost")).to_request();
    let body = actix_web::test::call_and_read_body(&app, get()).await;
    assert_eq!(body, "Open open Some(\"1 localhost\") None");
    let planned =
        maintenance.actions().window_add(&operator(), Some(FIRST_SITE), &crate::notice::a_window(20, 50)).unwrap();
    assert!(maintenance.wait_for(planned.revision).await);
    let body = actix_web::test::call_and_read_body(&app, get()).await;
    assert_eq!(body, "Open open Some(\"1 localhost\") Some(30)");
    let body = actix_web::test::call_and_read_body(&plain, get()).await;
    assert_eq!(body, "Open open None None", "neither panel nor endpoints are mounted");
}

#[actix_web::test]
async fn an_answer_of_ones_own_is_sent_with_what_makes_it_honest() {
    let own =
        |_: &HttpRequest, info: &HoldInfo| HttpResponse::build(info.status).body(format!("closed: {}", info.site));
    let (_folder, maintenance) = closed(|builder| builder.on_hold(own)).await;
    let app = init_service(App::new().wrap(maintenance.gate()).route("/", web::get().to(home))).await;
    let answer = app.call(TestRequest::get().uri("/").to_request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    for name in ["retry-after", "cache-control", "x-maintenance"] {
        assert!(answer.headers().contains_key(name), "{name}");
    }
    assert_eq!(actix_web::test::read_body(answer).await, "closed: localhost");
}

#[test]
fn a_wrong_setting_fails_where_it_is_built_and_says_which() {
    let refused = |name: &str, value: &str| match Maintenance::builder().setting(name, value).build() {
        Ok(_) => panic!("{name}={value} was taken"),
        Err(error) => error.to_string(),
    };
    assert!(refused("INTERNAL_IPS", "300.1.1.1").contains("INTERNAL_IPS"));
    assert!(refused("DATABASE_URL", "mysql://db").contains("DATABASE_URL"));
    assert!(refused("NO_SUCH_SETTING", "1").contains("NO_SUCH_SETTING"));
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("m.sqlite3");
    let missing = Maintenance::builder().database_url(database.to_str().unwrap()).setting("SITE_ID", "99").build();
    let error = missing.err().expect("there is no site 99").to_string();
    assert!(error.contains("SITE_ID") && error.contains("localhost"), "{error}");
}

#[actix_web::test]
async fn a_session_of_the_application_signs_nobody_in_to_the_panel() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("m.sqlite3");
    let maintenance = Maintenance::builder().database_url(database.to_str().unwrap()).build().unwrap();
    let rights = Rights { is_active: true, is_staff: true, is_superuser: true, sites: None };
    let new = strength::check(PASSWORD, &About::default()).unwrap();
    let ada = maintenance.actions().user_add(&operator(), "ada", password::hash(&new), &rights).unwrap().value;
    assert_eq!(ada.id, UserId(1));
    let as_ada = async |req: ServiceRequest, next: Next<BoxBody>| {
        let session = req.get_session();
        session.insert("user_id", 1).unwrap();
        let answer = next.call(req).await?;
        assert_eq!(session.get("user_id").unwrap(), Some(1), "the application's own stays as it was");
        assert_eq!(answer.request().get_session().get("user_id").unwrap(), Some(1));
        Ok::<_, actix_web::Error>(answer)
    };
    let app = App::new().configure(maintenance.admin()).wrap(from_fn(as_ada));
    let app = init_service(app).await;
    let answer = app.call(TestRequest::get().uri("/admin/account/").to_request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "a stranger is asked to log in");
    assert!(!answer.headers().contains_key(SET_COOKIE), "and no session is made of it");
}
