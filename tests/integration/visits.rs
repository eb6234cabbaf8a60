//! Who is at work: a site's own sessions, the hook of an application with its own, and the cookie of visitors.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use actix_web::cookie::Cookie;
use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::header::{COOKIE, HeaderName, SET_COOKIE};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use maintenance_mode::actions::{Save, Start};
use maintenance_mode::clock;
use maintenance_mode::middleware::Role;
use maintenance_mode::pattern::{IgnoredPattern, PatternKind};
use maintenance_mode::visit::{SignedIn, Visit, VisitKind};
use maintenance_mode::visits::{SignInRefused, SiteSession};
use maintenance_mode::{Maintenance, MaintenanceBuilder};

use crate::helpers::{FIRST_SITE, eventually, operator};

/// A server on the database of a folder.
fn server(folder: &Path, configure: impl FnOnce(MaintenanceBuilder) -> MaintenanceBuilder) -> Maintenance {
    let database = folder.join("m.sqlite3");
    let builder = Maintenance::builder().database_url(database.to_str().unwrap()).setting("MAINTENANCE_MIRROR", "none");
    configure(builder).build().unwrap()
}

fn own(folder: &Path) -> Maintenance {
    server(folder, |builder| builder)
}

/// Lets nobody new come in, and those at work go on.
async fn drain(maintenance: &Maintenance) {
    let start = Start { drain_until: Some(clock::now() + SignedDuration::from_mins(10)), ..Start::default() };
    let done = maintenance.actions().start(&operator(), &[FIRST_SITE], &start).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
}

async fn open(maintenance: &Maintenance) {
    let done = maintenance.actions().end(&operator(), &[FIRST_SITE]).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
}

async fn home(session: SiteSession) -> String {
    let basket = session.get::<String>("basket").unwrap().unwrap_or_default();
    format!("{} {basket}", session.signed_in().map_or("nobody".to_owned(), |user| user.name))
}

async fn sign_in(session: SiteSession, name: web::Path<String>) -> Result<HttpResponse, SignInRefused> {
    session.sign_in(&name).await?;
    Ok(HttpResponse::Ok().body("welcome"))
}

async fn sign_out(session: SiteSession) -> HttpResponse {
    session.sign_out();
    HttpResponse::Ok().body("good-bye")
}

async fn change(session: SiteSession, name: web::Path<String>) -> Result<HttpResponse, SignInRefused> {
    session.sign_out();
    sign_in(session, name).await
}

async fn clear(session: SiteSession) -> HttpResponse {
    session.clear();
    HttpResponse::Ok().finish()
}

async fn fill(session: SiteSession, what: web::Path<String>) -> HttpResponse {
    session.insert("basket", &*what).unwrap();
    // What an application may keep under the name under which the panel keeps its users.
    session.insert("user_id", 1).unwrap();
    HttpResponse::Ok().finish()
}

/// Answers requests.
type Site = Box<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = ServiceResponse>>>>;

/// An application, whatever its type.
macro_rules! running {
    ($app:expr) => {{
        let app = init_service($app).await;
        let site: Site = Box::new(move |req| {
            let (answer, sent) = (app.call(req.to_request()), TestRequest::default().to_http_request());
            Box::pin(async move {
                let failed = |error| ServiceResponse::new(sent, HttpResponse::from_error(error));
                answer.await.map_or_else(failed, ServiceResponse::map_into_boxed_body)
            })
        });
        site
    }};
}

/// A site with its own sessions, with the gate and everything else around it.
macro_rules! site {
    ($maintenance:expr) => {
        running!(
            App::new()
                .route("/", web::get().to(home))
                .route("/in/{name}", web::post().to(sign_in))
                .route("/out", web::post().to(sign_out))
                .route("/change/{name}", web::post().to(change))
                .route("/clear", web::post().to(clear))
                .route("/fill/{what}", web::post().to(fill))
                .configure($maintenance.admin())
                .configure($maintenance.endpoints())
                .wrap($maintenance.sessions())
                .wrap($maintenance.gate())
        )
    };
}

/// A browser: keeps its cookies.
#[derive(Default)]
struct Browser {
    cookies: RefCell<BTreeMap<String, String>>,
    headers: Vec<(&'static str, &'static str)>,
}

/// What came back.
struct Answer {
    status: u16,
    text: String,
    set_cookies: Vec<String>,
    headers: Vec<(String, String)>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Browser {
    fn with(header: &'static str, value: &'static str) -> Self {
        Self { headers: vec![(header, value)], ..Self::default() }
    }

    async fn get(&self, app: &Site, path: &str) -> Answer {
        self.send(app, TestRequest::get().uri(path)).await
    }

    async fn post(&self, app: &Site, path: &str) -> Answer {
        self.send(app, TestRequest::post().uri(path)).await
    }

    async fn send(&self, app: &Site, mut req: TestRequest) -> Answer {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        req = req.insert_header((COOKIE, cookies.join("; ")));
        if !self.headers.iter().any(|(name, _)| *name == "host") {
            req = req.insert_header(("host", "localhost"));
        }
        for (name, value) in &self.headers {
            req = req.insert_header((HeaderName::from_static(name), *value));
        }
        let answer = app(req).await;
        let status = answer.status().as_u16();
        let text_of = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap().to_owned();
        let set_cookies: Vec<String> = answer.headers().get_all(SET_COOKIE).map(text_of).collect();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
        for line in &set_cookies {
            let cookie = Cookie::parse(line.clone()).unwrap();
            match cookie.value() {
                "" => drop(self.cookies.borrow_mut().remove(cookie.name())),
                value => drop(self.cookies.borrow_mut().insert(cookie.name().to_owned(), value.to_owned())),
            }
        }
        let text = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        Answer { status, text, set_cookies, headers }
    }

    fn cookie(&self, name: &str) -> String {
        self.cookies.borrow().get(name).cloned().unwrap_or_default()
    }

    fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
}

/// A statement behind the back of the program.
fn execute(folder: &Path, sql: &str) {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, SqliteConnection};
    let mut conn = SqliteConnection::establish(folder.join("m.sqlite3").to_str().unwrap()).unwrap();
    conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}")).unwrap();
}

fn stored(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

fn visits(maintenance: &Maintenance) -> Vec<Visit> {
    maintenance.store().read(|reader| reader.visit_list(None, Timestamp::MIN, 100)).unwrap()
}

fn at_work(maintenance: &Maintenance) -> i64 {
    let now = clock::now();
    let seen_since = now - SignedDuration::from_mins(5);
    maintenance.store().read(|reader| reader.visits_at_work(FIRST_SITE, now, seen_since)).unwrap()
}

#[actix_web::test]
async fn a_sign_in_keeps_what_is_in_the_session_under_a_new_key_and_is_counted_until_the_sign_out() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let ada = Browser::default();
    let first = ada.get(&app, "/").await;
    assert_eq!((first.status, first.text.as_str()), (200, "nobody "));
    assert!(first.set_cookies.is_empty(), "who only looks around gets no session");
    ada.post(&app, "/fill/apples").await;
    let before = ada.cookie("sessionid");
    let signed_in = ada.post(&app, "/in/ada").await;
    assert_eq!(signed_in.text, "welcome");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(signed_in.set_cookies[0].contains(part), "{:?}", signed_in.set_cookies);
    }
    assert_ne!(ada.cookie("sessionid"), before);
    assert_eq!(ada.get(&app, "/").await.text, "ada apples");
    let thief = Browser::default();
    thief.set_cookie("sessionid", &before);
    assert_eq!(thief.get(&app, "/").await.text, "nobody ", "the key of before the sign-in is of no use");

    let known = visits(&maintenance);
    assert_eq!((known.len(), known[0].kind, known[0].name.as_str()), (1, VisitKind::Session, "ada"));
    assert_eq!(at_work(&maintenance), 1);
    let last = ada.cookie("sessionid");
    assert_eq!(ada.post(&app, "/out").await.text, "good-bye");
    assert_eq!((at_work(&maintenance), ada.cookie("sessionid")), (0, String::new()), "at once");
    thief.set_cookie("sessionid", &last);
    assert_eq!(thief.get(&app, "/").await.text, "nobody ", "the session has ended on the server");
}

#[actix_web::test]
async fn nobody_signs_in_to_a_session_that_has_ended_in_the_same_request() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let ada = Browser::default();
    ada.post(&app, "/in/ada").await;
    let answer = ada.post(&app, "/change/bo").await;
    assert_eq!((answer.status, answer.text.as_str()), (500, ""), "it is not said to have worked");
    assert_eq!((at_work(&maintenance), ada.get(&app, "/").await.text.as_str()), (0, "nobody "));
    assert_eq!(ada.post(&app, "/in/bo").await.text, "welcome", "with the next request she may");
}

#[actix_web::test]
async fn a_session_that_holds_no_sign_in_any_more_is_nobody_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let (ada, bo) = (Browser::default(), Browser::default());
    ada.post(&app, "/in/ada").await;
    bo.post(&app, "/in/bo").await;
    bo.post(&app, "/fill/pears").await;
    ada.post(&app, "/clear").await;
    assert_eq!(at_work(&maintenance), 1, "at once");
    drain(&maintenance).await;
    assert_eq!((ada.get(&app, "/").await.status, bo.get(&app, "/").await.status), (503, 200));
}

#[actix_web::test]
async fn while_a_site_drains_those_at_work_go_on_and_nobody_new_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let role = |req: HttpRequest| async move {
        if req.headers().contains_key("x-staff") { Role::Staff } else { Role::Visitor }
    };
    let maintenance = server(folder.path(), |builder| builder.staff_when(role));
    let app = site!(maintenance);
    let save = Save { confirm_all: true, ..Save::default() };
    let ignored = |record: &mut maintenance_mode::record::SiteRecord| {
        let (kind, pattern) = (PatternKind::Prefix, "/in".to_owned());
        record.patterns.push(IgnoredPattern { kind, pattern, description: String::new() });
        Ok(())
    };
    maintenance.actions().record_edit(&operator(), FIRST_SITE, &save, ignored).unwrap();
    let (ada, bo, eve) = (Browser::default(), Browser::default(), Browser::default());
    ada.post(&app, "/in/ada").await;
    bo.post(&app, "/fill/pears").await;
    drain(&maintenance).await;

    let page = ada.get(&app, "/").await;
    assert_eq!((page.status, page.text.as_str()), (200, "ada "));
    assert_eq!(page.header("x-maintenance"), "let-through; reason=draining");
    for (who, browser) in [("a session that is not signed in", &bo), ("a stranger", &eve)] {
        let answer = browser.get(&app, "/").await;
        assert_eq!(answer.status, 503, "{who}");
        assert!(answer.set_cookies.is_empty(), "a 503 sets no cookie");
    }
    for browser in [&bo, &eve] {
        let answer = browser.post(&app, "/in/mallory").await;
        assert_eq!((answer.status, answer.set_cookies.len()), (503, 0), "the path of the sign-in passes the gate");
        assert!(!answer.header("retry-after").is_empty() && answer.header("cache-control") == "no-store");
        assert_eq!(browser.get(&app, "/").await.status, 503);
    }
    assert_eq!(ada.post(&app, "/in/ada").await.status, 200, "she is at work already, and may prove it once more");
    assert_eq!(ada.get(&app, "/").await.status, 200, "and stays so");
    assert_eq!(ada.post(&app, "/in/cy").await.status, 503, "somebody else with her browser is new");
    let staff = Browser::with("x-staff", "yes");
    assert_eq!(staff.post(&app, "/in/dora").await.status, 200);
    assert_eq!(staff.get(&app, "/").await.text, "dora ");

    maintenance.actions().end(&operator(), &[FIRST_SITE]).unwrap();
    let done = maintenance.actions().start(&operator(), &[FIRST_SITE], &Start::default()).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    assert_eq!(ada.get(&app, "/").await.status, 503, "in maintenance nobody is let finish");
    open(&maintenance).await;
    assert_eq!(ada.get(&app, "/").await.text, "ada ", "and afterwards she is still signed in");
}

#[actix_web::test]
async fn two_servers_know_the_same_people_and_ending_one_ends_it_on_both() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [own(folder.path()), own(folder.path())];
    let apps = (site!(servers[0]), site!(servers[1]));
    let (ada, bo) = (Browser::default(), Browser::default());
    ada.post(&apps.0, "/in/ada").await;
    bo.post(&apps.0, "/in/bo").await;
    drain(&servers[0]).await;
    assert!(servers[1].wait_for(servers[0].snapshot().revision()).await);
    for browser in [&ada, &bo] {
        assert_eq!(browser.get(&apps.0, "/").await.status, 200);
        assert_eq!(browser.get(&apps.1, "/").await.status, 200);
    }
    assert_eq!(at_work(&servers[1]), 2);
    let id = visits(&servers[1]).iter().find(|visit| visit.name == "bo").unwrap().id;
    let done = servers[1].actions().visit_end(&operator(), id).unwrap();
    for server in &servers {
        assert!(server.wait_for(done.revision).await);
    }
    assert_eq!((bo.get(&apps.0, "/").await.status, bo.get(&apps.1, "/").await.status), (503, 503));
    assert_eq!((ada.get(&apps.0, "/").await.status, at_work(&servers[0])), (200, 1));
    ada.post(&apps.1, "/out").await;
    assert_eq!(at_work(&servers[0]), 0);
    open(&servers[0]).await;
    assert!(servers[1].wait_for(servers[0].snapshot().revision()).await);
    assert_eq!(bo.get(&apps.1, "/").await.text, "nobody ", "who was ended is signed out");
}

#[actix_web::test]
async fn a_sign_in_is_good_on_its_own_site_only() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let other = crate::helpers::a_record("other.example");
    let done = maintenance.actions().site_add(&operator(), &other).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    let (here, there) = (Browser::default(), Browser::with("host", "other.example"));
    here.post(&app, "/in/ada").await;
    there.set_cookie("sessionid", &here.cookie("sessionid"));
    assert_eq!(there.get(&app, "/").await.text, "nobody ");
    drain(&maintenance).await;
    let start = Start { drain_until: Some(clock::now() + SignedDuration::from_mins(10)), ..Start::default() };
    let done = maintenance.actions().start(&operator(), &[done.value.site.id], &start).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    assert_eq!((here.get(&app, "/").await.status, there.get(&app, "/").await.status), (200, 503));
}

#[actix_web::test]
async fn forged_expired_and_idle_sessions_are_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| builder.setting("SITE_SESSION_COOKIE", "sid"));
    let app = site!(maintenance);
    let forger = Browser::default();
    let names = ["ada", "bo", "cy"];
    let people: Vec<Browser> = names.iter().map(|_| Browser::default()).collect();
    for (browser, name) in people.iter().zip(names) {
        browser.post(&app, &format!("/in/{name}")).await;
        assert!(!browser.cookie("sid").is_empty(), "the name is a setting");
    }
    let genuine = people[0].cookie("sid");
    let end = stored(clock::now() - SignedDuration::from_secs(1));
    let long_ago = stored(clock::now() - SignedDuration::from_hours(9));
    let of = |name: &str| format!("key_hash = (SELECT key_hash FROM visits WHERE name = '{name}')");
    execute(folder.path(), &format!("UPDATE site_sessions SET expires_at = '{end}' WHERE {}", of("bo")));
    execute(folder.path(), &format!("UPDATE site_sessions SET last_seen_at = '{long_ago}' WHERE {}", of("cy")));
    for browser in &people[1..] {
        assert_eq!(browser.get(&app, "/").await.text, "nobody ");
    }
    drain(&maintenance).await;
    for text in ["x", "%zz", &genuine[..genuine.len() - 4], &format!("A{genuine}"), &"A".repeat(2_000)] {
        forger.set_cookie("sid", text);
        assert_eq!(forger.get(&app, "/").await.status, 503, "{text}");
    }
    assert_eq!(people[0].get(&app, "/").await.status, 200);
    for (browser, name) in people.iter().zip(names).skip(1) {
        assert_eq!(browser.get(&app, "/").await.status, 503, "{name} is not at work any more");
    }
}

#[actix_web::test]
async fn that_somebody_was_seen_is_written_once_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let (ada, bo) = (Browser::default(), Browser::default());
    ada.post(&app, "/in/ada").await;
    bo.post(&app, "/in/bo").await;
    let seen = |name: &str| visits(&maintenance).into_iter().find(|visit| visit.name == name).unwrap().last_seen_at;
    for (name, seconds) in [("ada", 50), ("bo", 61)] {
        let set = format!("SET last_seen_at = '{}'", stored(clock::now() - SignedDuration::from_secs(seconds)));
        let key = format!("(SELECT key_hash FROM visits WHERE name = '{name}')");
        execute(folder.path(), &format!("UPDATE site_sessions {set} WHERE key_hash = {key}"));
        execute(folder.path(), &format!("UPDATE visits {set} WHERE name = '{name}'"));
    }
    let (early, before) = (seen("ada"), clock::now());
    for _ in 0..3 {
        ada.get(&app, "/").await;
        bo.get(&app, "/").await;
    }
    eventually("who was written a minute ago is written again", || seen("bo") >= before);
    assert_eq!(seen("ada"), early, "what is noted within two seconds is written together");
}

#[actix_web::test]
async fn whoever_stores_something_with_each_request_is_seen_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let ada = Browser::default();
    ada.post(&app, "/in/ada").await;
    let before = clock::now();
    for _ in 0..3 {
        let earlier = "last_seen_at = strftime('%Y-%m-%d %H:%M:%f000', last_seen_at, '-40 seconds')";
        execute(folder.path(), &format!("UPDATE visits SET {earlier}; UPDATE site_sessions SET {earlier}"));
        ada.post(&app, "/fill/apples").await;
    }
    eventually("she was seen, though never after a whole minute", || visits(&maintenance)[0].last_seen_at >= before);
}

#[actix_web::test]
async fn whoever_was_seen_while_the_site_was_open_costs_a_drain_no_look_up() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| builder.setting("MAINTENANCE_VISITOR_COOKIE", "true"));
    let app = site!(maintenance);
    let (ada, visitor) = (Browser::default(), Browser::default());
    ada.post(&app, "/in/ada").await;
    ada.get(&app, "/").await;
    visitor.post(&app, "/maintenance/visit").await;
    visitor.post(&app, "/maintenance/visit").await;
    eventually("the visitor is written", || at_work(&maintenance) == 2);
    drain(&maintenance).await;
    execute(folder.path(), "ALTER TABLE visits RENAME TO gone");
    assert_eq!(ada.get(&app, "/").await.status, 200);
    assert_eq!(visitor.get(&app, "/").await.status, 200);
    let stranger = Browser::default();
    stranger.set_cookie("sessionid", "x");
    assert_eq!(stranger.get(&app, "/").await.status, 503);
}

#[actix_web::test]
async fn while_the_database_is_away_those_who_are_known_go_on_reading() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (own(folder.path()), own(folder.path()));
    let (here, there) = (site!(one), site!(two));
    let (ada, bo, stranger) = (Browser::default(), Browser::default(), Browser::default());
    ada.post(&here, "/in/ada").await;
    assert_eq!(ada.get(&here, "/").await.text, "ada ");
    bo.post(&there, "/in/bo").await;
    execute(folder.path(), "ALTER TABLE site_sessions RENAME TO gone");
    for _ in 0..3 {
        assert_eq!(ada.get(&here, "/").await.text, "ada ");
    }
    assert_eq!(ada.post(&here, "/fill/apples").await.status, 503, "nothing can be kept");
    assert_eq!(ada.get(&here, "/").await.text, "ada ", "she is still known");
    assert_eq!(bo.get(&here, "/").await.status, 503, "nobody knows here whether he is signed in");
    assert_eq!(stranger.get(&here, "/").await.text, "nobody ");
    execute(folder.path(), "ALTER TABLE gone RENAME TO site_sessions");
    let deadline = Instant::now() + Duration::from_secs(10);
    while bo.get(&here, "/").await.text != "bo " {
        assert!(Instant::now() < deadline, "bo is known again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ada.post(&here, "/fill/apples").await.status, 200);
    assert_eq!(ada.get(&here, "/").await.text, "ada apples");
}

#[actix_web::test]
async fn an_application_with_its_own_sessions_says_who_is_signed_in() {
    let folder = tempfile::tempdir().unwrap();
    let said = |req: &HttpRequest, name: &str| Some(req.headers().get(name)?.to_str().ok()?.to_owned());
    let signed_in = move |req: HttpRequest| async move {
        let since = said(&req, "x-since")?.parse().ok()?;
        Some(SignedIn { key: said(&req, "x-key")?, name: said(&req, "x-key")?, since })
    };
    let maintenance = server(folder.path(), |builder| builder.signed_in_when(signed_in));
    let app = App::new().route("/", web::get().to(async || "home")).wrap(maintenance.gate());
    let app = running!(app);
    let person = |key: &'static str, since: &'static str| Browser {
        headers: vec![("x-key", key), ("x-since", since)],
        ..Browser::default()
    };
    let (ada, bo, later) = (
        person("ada", "2026-01-01T00:00:00Z"),
        person("bo", "2026-01-01T00:00:00Z"),
        person("cy", "2999-01-01T00:00:00Z"),
    );
    for browser in [&ada, &bo] {
        assert_eq!(browser.get(&app, "/").await.status, 200);
    }
    eventually("both are noted while the site is open", || at_work(&maintenance) == 2);
    assert!(visits(&maintenance).iter().all(|visit| visit.kind == VisitKind::App));
    drain(&maintenance).await;
    for (browser, status) in [(&ada, 200), (&bo, 200), (&later, 503), (&Browser::default(), 503)] {
        assert_eq!(browser.get(&app, "/").await.status, status);
    }
    let id = visits(&maintenance).iter().find(|visit| visit.name == "bo").unwrap().id;
    let done = maintenance.actions().visit_end(&operator(), id).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    assert_eq!((ada.get(&app, "/").await.status, bo.get(&app, "/").await.status), (200, 503));
}

const VISITOR: &str = "maintenance_visitor";

#[actix_web::test]
async fn visitors_get_a_cookie_only_where_the_setting_asks_for_it_and_only_while_the_site_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let plain = own(folder.path());
    let app = site!(plain);
    let answer = Browser::default().post(&app, "/maintenance/visit").await;
    assert_eq!((answer.status, answer.header("cache-control"), answer.set_cookies.len()), (204, "no-store", 0));
    assert_eq!(Browser::default().get(&app, "/maintenance/visit").await.status, 405);
    assert!(!Browser::default().get(&app, "/maintenance/notice.js").await.text.contains("\"visit\""));

    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| builder.setting("MAINTENANCE_VISITOR_COOKIE", "true"));
    let app = site!(maintenance);
    assert!(Browser::default().get(&app, "/maintenance/notice.js").await.text.contains("\"visit\":true"));
    let (early, late) = (Browser::default(), Browser::default());
    let lured = Browser::with("sec-fetch-site", "cross-site").post(&app, "/maintenance/visit").await;
    assert_eq!((lured.status, lured.set_cookies.len()), (204, 0), "another site cannot make a browser take one");
    assert_eq!(early.post(&app, "/maintenance/visit").await.set_cookies.len(), 1);
    assert_eq!(early.post(&app, "/maintenance/visit").await.set_cookies.len(), 0, "it has one");
    eventually("it is noted", || at_work(&maintenance) == 1);
    assert_eq!(visits(&maintenance)[0].kind, VisitKind::Visitor);
    drain(&maintenance).await;
    let answer = late.post(&app, "/maintenance/visit").await;
    assert_eq!((answer.status, answer.set_cookies.len()), (204, 0), "who comes now is nobody a drain waits for");
    assert_eq!((early.get(&app, "/").await.status, late.get(&app, "/").await.status), (200, 503));

    let genuine = early.cookie(VISITOR);
    let (time, rest) = genuine.split_once('.').unwrap();
    for forged in [format!("{}.{rest}", time.parse::<i64>().unwrap() - 1), format!("{genuine}0"), "x".to_owned()] {
        late.set_cookie(VISITOR, &forged);
        assert_eq!(late.get(&app, "/").await.status, 503, "{forged}");
    }
    late.set_cookie(VISITOR, &genuine);
    assert_eq!(late.get(&app, "/").await.status, 200);
    let id = visits(&maintenance)[0].id;
    let done = maintenance.actions().visit_end(&operator(), id).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    assert_eq!(early.get(&app, "/").await.status, 503, "its visit was ended");
}

#[actix_web::test]
async fn the_cookie_of_a_visitor_of_another_site_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| builder.setting("MAINTENANCE_VISITOR_COOKIE", "true"));
    let app = site!(maintenance);
    let done = maintenance.actions().site_add(&operator(), &crate::helpers::a_record("other.example")).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    let (here, there) = (Browser::default(), Browser::with("host", "other.example"));
    there.post(&app, "/maintenance/visit").await;
    here.set_cookie(VISITOR, &there.cookie(VISITOR));
    drain(&maintenance).await;
    assert_eq!((here.get(&app, "/").await.status, there.get(&app, "/").await.status), (503, 200));
}

/// What a web server on the same machine asks about a page of a host.
fn asked_by_a_proxy(host: &str) -> TestRequest {
    TestRequest::get()
        .uri("/maintenance/check")
        .peer_addr("127.0.0.1:4711".parse().unwrap())
        .insert_header(("x-forwarded-host", host))
        .insert_header(("x-forwarded-uri", "/cart"))
        .insert_header(("x-forwarded-method", "GET"))
}

/// The same for a browser that opens the page over HTTPS.
fn opened_by_a_browser(host: &str) -> TestRequest {
    asked_by_a_proxy(host).insert_header(("sec-fetch-dest", "document")).insert_header(("x-forwarded-proto", "https"))
}

#[actix_web::test]
async fn a_web_server_in_front_is_told_who_was_at_work_on_the_site_that_it_asks_about() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| builder.setting("TRUSTED_PROXIES", "127.0.0.1"));
    let app = site!(maintenance);
    let done = maintenance.actions().site_add(&operator(), &crate::helpers::a_record("other.example")).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    let (ada, bo, nobody) = (Browser::default(), Browser::with("host", "other.example"), Browser::default());
    ada.post(&app, "/in/ada").await;
    bo.post(&app, "/in/bo").await;
    drain(&maintenance).await;
    let ask = async |browser: &Browser, host: &str| {
        let answer = browser.send(&app, asked_by_a_proxy(host)).await;
        (answer.status, answer.header("x-maintenance-reason").to_owned())
    };
    // Twice: the second time from memory.
    for _ in 0..2 {
        assert_eq!(ask(&ada, "localhost").await, (204, "draining".to_owned()));
        for browser in [&bo, &nobody] {
            assert_eq!(ask(browser, "localhost").await, (503, String::new()));
        }
        // The other site is open; the check request itself is for a host that drains, or the other way round.
        assert_eq!(ask(&nobody, "other.example").await, (204, "open".to_owned()));
    }
    let to_nginx = asked_by_a_proxy("localhost").uri("/maintenance/check?style=nginx");
    assert_eq!(nobody.send(&app, to_nginx).await.status, 401);
    let start = Start { drain_until: Some(clock::now() + SignedDuration::from_mins(10)), ..Start::default() };
    let done = maintenance.actions().start(&operator(), &[done.value.site.id], &start).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    assert_eq!(ask(&bo, "other.example").await, (204, "draining".to_owned()));
    assert_eq!(ask(&ada, "other.example").await, (503, String::new()), "at work on another site only");
}

#[actix_web::test]
async fn an_application_says_who_is_signed_in_also_when_a_web_server_asks() {
    let folder = tempfile::tempdir().unwrap();
    let signed_in = |req: HttpRequest| async move {
        let key = req.headers().get("x-key")?.to_str().ok()?.to_owned();
        Some(SignedIn { name: key.clone(), key, since: "2026-01-01T00:00:00Z".parse().ok()? })
    };
    let maintenance =
        server(folder.path(), |builder| builder.setting("TRUSTED_PROXIES", "127.0.0.1").signed_in_when(signed_in));
    let app = running!(App::new().configure(maintenance.endpoints()).wrap(maintenance.gate()));
    let ada = Browser::with("x-key", "ada");
    let ask = async |browser: &Browser| browser.send(&app, asked_by_a_proxy("localhost")).await.status;
    assert_eq!(ask(&ada).await, 204);
    eventually("she is noted while the site is open", || at_work(&maintenance) == 1);
    drain(&maintenance).await;
    assert_eq!((ask(&ada).await, ask(&Browser::default()).await), (204, 503));
}

#[actix_web::test]
async fn a_web_server_hands_the_cookie_to_browsers_that_open_a_page_while_the_site_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let plain = server(folder.path(), |builder| builder.setting("TRUSTED_PROXIES", "127.0.0.1"));
    let answer = Browser::default().send(&site!(plain), opened_by_a_browser("localhost")).await;
    assert_eq!((answer.status, answer.set_cookies.len()), (204, 0), "nobody asked for it");

    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| {
        builder.setting("TRUSTED_PROXIES", "127.0.0.1").setting("MAINTENANCE_VISITOR_COOKIE", "true")
    });
    let app = site!(maintenance);
    let done = maintenance.actions().site_add(&operator(), &crate::helpers::a_record("other.example")).unwrap();
    assert!(maintenance.wait_for(done.revision).await);
    let [robot, early, there, late] = [(); 4].map(|()| Browser::default());
    assert!(robot.send(&app, asked_by_a_proxy("localhost")).await.set_cookies.is_empty(), "it opens no page");
    let answer = early.send(&app, opened_by_a_browser("localhost")).await;
    let [cookie] = &answer.set_cookies[..] else { panic!("one cookie: {:?}", answer.set_cookies) };
    assert!(cookie.starts_with("maintenance_visitor=") && cookie.contains("Secure"), "{cookie}");
    assert_eq!((answer.status, answer.header("x-maintenance-reason")), (204, "open"));
    assert!(early.send(&app, opened_by_a_browser("localhost")).await.set_cookies.is_empty(), "it has one");
    for _ in 0..2 {
        there.send(&app, opened_by_a_browser("other.example")).await;
    }
    eventually("both are noted", || visits(&maintenance).len() == 2);
    assert_eq!(at_work(&maintenance), 1);

    drain(&maintenance).await;
    for (browser, status) in [(&early, 204), (&there, 503), (&late, 503)] {
        let answer = browser.send(&app, opened_by_a_browser("localhost")).await;
        assert_eq!((answer.status, answer.set_cookies.len()), (status, 0));
    }
    let to_nginx = opened_by_a_browser("localhost").uri("/maintenance/check?style=nginx");
    let answer = late.send(&app, to_nginx).await;
    assert_eq!((answer.status, answer.set_cookies.len()), (401, 0), "never with a hold");
}

#[actix_web::test]
async fn a_session_of_the_site_is_none_of_the_panel_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = site!(maintenance);
    let eve = Browser::default();
    eve.post(&app, "/fill/apples").await;
    let answer = eve.get(&app, "/admin/account/").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/login/?next=/admin/account/"));
    eve.set_cookie("maintenance_session", &eve.cookie("sessionid"));
    assert_eq!(eve.get(&app, "/admin/account/").await.status, 303, "nor is its cookie");
    assert_eq!(eve.get(&app, "/").await.text, "nobody apples", "and the panel leaves it as it was");
}

#[actix_web::test]
async fn on_https_the_cookie_has_the_prefix_and_no_disguise_is_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = server(folder.path(), |builder| builder.setting("SESSION_COOKIE_SECURE", "true"));
    let app = site!(maintenance);
    let ada = Browser::default();
    let answer = ada.post(&app, "/in/ada").await;
    assert!(answer.set_cookies[0].starts_with("__Host-sessionid=") && answer.set_cookies[0].contains("Secure"));
    assert_eq!(ada.get(&app, "/").await.text, "ada ");
    let neighbour = Browser::default();
    neighbour.set_cookie("%5F_Host-sessionid", &ada.cookie("__Host-sessionid"));
    neighbour.set_cookie("%61", "1");
    assert_eq!(neighbour.get(&app, "/").await.text, "nobody ");
}

#[actix_web::test]
async fn a_handler_outside_of_the_sessions_fails_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let maintenance = own(folder.path());
    let app = running!(App::new().route("/", web::get().to(home)).wrap(maintenance.gate()));
    assert_eq!(Browser::default().get(&app, "/").await.status, 500);
    assert_eq!(Browser::default().get(&app, "/elsewhere").await.status, 404);
}
