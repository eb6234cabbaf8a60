//! Rules that every route of the panel keeps, over the whole list of routes.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use maintenance_mode::admin::routes::{Access, ROUTES, Route};
use maintenance_mode::record::SiteRecord;
use maintenance_mode::schedule::{Moment, Schedule};
use maintenance_mode::site::SiteId;
use maintenance_mode::user::User;
use maintenance_mode::window::Window;

use crate::helpers::{FIRST_SITE, Request, Response, TestServer, Visitor, a_server, get, operator, post, request};

/// Fields that would do something at one route or another, if it were let.
const FIELDS: [(&str, &str); 20] = [
    ("username", "eve"),
    ("password", "clear water runs"),
    ("password_again", "clear water runs"),
    ("current_password", "clear water runs"),
    ("is_active", "on"),
    ("is_staff", "on"),
    ("is_superuser", "on"),
    ("theme", "dark"),
    ("action", "start"),
    ("confirm", "yes"),
    ("in_maintenance", "on"),
    ("domain", "eve.example"),
    ("typed_domain", "localhost"),
    ("name", "Eve"),
    ("time_zone", "UTC"),
    ("revision", "99999"),
    ("sites[]", "1"),
    ("revisions[]", "1"),
    ("next", ""),
    ("back", ""),
];

/// A server with a site, a second one, a superuser, and somebody with a session to end.
struct World {
    server: TestServer,
    other_site: SiteId,
    window: i64,
    user: i64,
    session: i64,
}

/// What nothing that is refused may change.
#[derive(Debug, PartialEq)]
struct State {
    revision: i64,
    records: Vec<SiteRecord>,
    users: Vec<User>,
    has_session: bool,
}

impl World {
    fn new() -> Self {
        let server = a_server().start();
        let other_site = server.add_site("other.example", &[]);
        let window = a_window(&server);
        let target = server.staff("target", None);
        target.get("/admin/account/");
        let store = server.maintenance.store();
        let user = store.read(|reader| reader.user_by_name("target")).expect("answers").expect("was added").id;
        let long_ago = jiff::Timestamp::UNIX_EPOCH;
        let now = maintenance_mode::clock::now();
        let sessions = store.read(|reader| reader.session_list(user, now, long_ago)).expect("answers");
        let session = sessions.first().expect("is signed in").id.0;
        Self { other_site, window, user: user.0, session, server }
    }

    fn state(&self) -> State {
        let store = self.server.maintenance.store();
        store
            .read(|reader| {
                Ok(State {
                    revision: reader.change_last()?.0,
                    records: reader.record_list()?.into_iter().map(|(record, _)| record).collect(),
                    users: reader.user_list()?,
                    has_session: reader.session(maintenance_mode::storage::SessionId(self.session))?.is_some(),
                })
            })
            .expect("the database answers")
    }

    /// The path of a route with something real in each place.
    fn path(&self, route: &Route) -> String {
        self.path_of_site(route, FIRST_SITE)
    }

    fn path_of_site(&self, route: &Route, site: SiteId) -> String {
        let id = match route.path.split('/').next() {
            Some("sites") => site.0,
            Some("users") => self.user,
            Some("schedule") => self.window,
            _ => self.session,
        };
        let path =
            route.path.replace("{id}", &id.to_string()).replace("{token}", &"0".repeat(64)).replace("{cause}", "box");
        let path = path.replace("{visit}", "1");
        format!("/admin/{}", path.replace("{version}", "0").replace("{name}", "admin.css"))
    }

    /// A request of a route that would do something, with this token.
    fn request(&self, route: &Route, token: &str) -> Request {
        match route.method {
            "GET" => get(&self.path(route)),
            _ => post(&self.path(route), &with_token(token)),
        }
    }

    /// Sends requests and sees to it that nothing changed.
    fn unchanged(&self, what: &str, send: impl FnOnce() -> Response) -> Response {
        let before = self.state();
        let answer = send();
        assert_eq!(self.state(), before, "{what} changed something");
        answer
    }
}

/// A window of the first site that runs.
fn a_window(server: &TestServer) -> i64 {
    let now = maintenance_mode::clock::now();
    let moment = |hours| Moment::new(now + SignedDuration::from_hours(hours), TimeZone::UTC);
    let window = Window::new(Schedule::Once { start: moment(-1), end: Some(moment(1)) });
    let done = server.actions().window_add(&operator(), Some(FIRST_SITE), &window).expect("it can be added");
    server.reach(done.revision.0);
    done.value.window.id.0
}

fn with_token(token: &str) -> Vec<(&str, &str)> {
    let mut fields = FIELDS.to_vec();
    fields.push(("csrf", token));
    fields
}

fn routes(method: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| route.method == method)
}

fn named(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

#[test]
fn the_list_of_routes_that_are_open_to_anybody_is_short_and_known() {
    let open: Vec<String> = ROUTES.iter().filter(|route| route.access == Access::Anyone).map(named).collect();
    let known = [
        "GET login/",
        "POST login/",
        "GET logged-out/",
        "GET setup/{token}/",
        "POST setup/{token}/",
        "GET static/{version}/{name}",
    ];
    assert_eq!(open, known, "a route for anybody must be meant to be one: add it here and say why in routes.rs");
}

#[test]
fn the_anonymous_are_asked_to_log_in_and_change_nothing() {
    let world = World::new();
    world.server.superuser("root");
    for route in ROUTES.iter().filter(|route| route.access != Access::Anyone) {
        let visitor = world.server.visitor();
        visitor.get("/admin/login/");
        let request = world.request(route, &visitor.csrf());
        let answer = world.unchanged(&named(route), || visitor.send(request));
        assert_eq!(answer.status, 303, "{}", named(route));
        assert!(answer.header("location").starts_with("/admin/login/"), "{}", named(route));
        assert!(answer.body.is_empty(), "{} shows nothing", named(route));
    }
}

#[test]
fn a_made_up_session_cookie_is_nobodys() {
    let world = World::new();
    for route in routes("GET").filter(|route| route.access != Access::Anyone) {
        for cookie in ["maintenance_session=0", "maintenance_session=%00", "maintenance_session=\u{fc}"] {
            let answer = world.server.send(get(&world.path(route)).cookie(cookie));
            assert_eq!(answer.status, 303, "{} with {cookie}", named(route));
        }
    }
}

#[test]
fn staff_are_told_who_can_do_what_superusers_do() {
    let world = World::new();
    world.server.superuser("root");
    let staff = world.server.staff("bo", None);
    for route in ROUTES.iter().filter(|route| route.access == Access::Superuser) {
        staff.get("/admin/account/");
        let request = world.request(route, &staff.csrf());
        let answer = world.unchanged(&named(route), || staff.send(request));
        assert_eq!(answer.status, 403, "{}", named(route));
        let text = answer.text();
        assert!(text.contains("It is for a superuser.") && text.contains("Who can: root."), "{}: {text}", named(route));
    }
}

#[test]
fn staff_of_another_site_reach_no_page_and_no_change_of_this_one() {
    let world = World::new();
    world.server.superuser("root");
    let staff = world.server.staff("bo", Some(vec![world.other_site]));
    for route in
        ROUTES.iter().filter(|route| ["sites/{id}/", "schedule/{id}/"].iter().any(|path| route.path.starts_with(path)))
    {
        staff.get("/admin/account/");
        let request = world.request(route, &staff.csrf());
        let answer = world.unchanged(&named(route), || staff.send(request));
        assert!(matches!(answer.status, 403 | 404), "{}: {}", named(route), answer.status);
        assert!(!answer.text().contains("localhost"), "{} names the site", named(route));
    }
    let lists =
        ["", "?q=local", "?status=open", "history/", "history/?site=local", "sites/bulk/?action=start&sites[]=1"]
            .into_iter()
            .chain([
                "schedule/",
                "schedule/?site=1",
                "schedule/add/",
                "schedule/add/?sites=1",
                "schedule/add/?clone=1",
            ]);
    for path in lists.map(|path| format!("/admin/{path}")) {
        let page = world.unchanged(&path, || staff.get(&path)).text();
        assert!(!page.contains("localhost"), "{path} names the site: {page}");
    }
    staff.get("/admin/account/");
    let bulk = post("/admin/sites/bulk/", &with_token(&staff.csrf()));
    let answer = world.unchanged("bulk", || staff.send(bulk));
    assert!(matches!(answer.status, 403 | 404), "bulk: {}", answer.status);
    let unknown = staff.get("/admin/sites/4711/");
    assert!(matches!(unknown.status, 403 | 404), "{}", unknown.status);
}

/// Whoever routes are for, each on a page with a form.
struct Entitled<'w> {
    stranger: Visitor<'w>,
    root: Visitor<'w>,
}

impl<'w> Entitled<'w> {
    fn of(world: &'w World) -> Self {
        let (stranger, root) = (world.server.visitor(), world.server.superuser("root"));
        stranger.get("/admin/login/");
        root.get("/admin/account/");
        Self { stranger, root }
    }

    fn to(&self, route: &Route) -> &Visitor<'w> {
        if route.access == Access::Anyone { &self.stranger } else { &self.root }
    }
}

#[test]
fn every_change_refuses_a_form_without_proof_that_it_is_ours() {
    let world = World::new();
    let (entitled, foreign) = (Entitled::of(&world), world.server.staff("bo", None));
    foreign.get("/admin/account/");
    let fake = "0".repeat(64);
    for route in routes("POST") {
        // A link that is made up is not there, whatever comes with it; `login.rs` tests a good one.
        let refused = if route.path.starts_with("setup/") { 404 } else { 403 };
        let visitor = entitled.to(route);
        let token = visitor.csrf();
        let path = world.path(route);
        let good = || post(&path, &with_token(&token));
        let attempts = [
            ("no token", post(&path, &FIELDS)),
            ("an empty token", post(&path, &with_token(""))),
            ("a made-up token", post(&path, &with_token(&fake))),
            ("the token of another session", post(&path, &with_token(&foreign.csrf()))),
            ("a cross-site request", good().without("Sec-Fetch-Site").with("Sec-Fetch-Site", "cross-site")),
            ("a same-site request", good().without("Sec-Fetch-Site").with("Sec-Fetch-Site", "same-site")),
            ("a foreign origin", good().without("Sec-Fetch-Site").with("Origin", "https://evil.example")),
            ("an opaque origin", good().without("Sec-Fetch-Site").with("Origin", "null")),
            ("no origin", good().without("Sec-Fetch-Site")),
            (
                "two origins",
                good()
                    .without("Sec-Fetch-Site")
                    .with("Origin", "http://localhost")
                    .with("Origin", "https://evil.example"),
            ),
        ];
        for (what, request) in attempts {
            let what = format!("{} with {what}", named(route));
            let answer = world.unchanged(&what, || visitor.send(request));
            assert_eq!(answer.status, refused, "{what}: {}", answer.text());
        }
    }
}

#[test]
fn a_form_that_is_not_ours_is_told_nothing_of_its_fields() {
    let world = World::new();
    let entitled = Entitled::of(&world);
    let misshapen = "revisions=x&username[a]=b&password[a]=b&current_password[a]=b&theme[a]=b&seen[a]=b&back[a]=b";
    for route in routes("POST") {
        let what = named(route);
        let request = post(&world.path(route), &[]).body(misshapen);
        let answer = world.unchanged(&what, || entitled.to(route).send(request));
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
        assert!(!answer.text().contains("cannot be read"), "{what}: {}", answer.text());
    }
}

#[test]
fn a_form_that_is_no_form_is_refused() {
    let world = World::new();
    let entitled = Entitled::of(&world);
    for route in routes("POST") {
        let visitor = entitled.to(route);
        let json = post(&world.path(route), &[]).without("Content-Type").with("Content-Type", "application/json");
        let attempts = [
            ("JSON", json.body("{}"), 400),
            ("too much", post(&world.path(route), &[]).body("a".repeat((1 << 20) + 1)), 413),
        ];
        for (what, request, refused) in attempts {
            let what = format!("{} with {what}", named(route));
            let answer = world.unchanged(&what, || visitor.send(request));
            assert_eq!(answer.status, refused, "{what}: {}", answer.text());
        }
    }
}

#[test]
fn reading_never_changes_anything() {
    let world = World::new();
    let root = world.server.superuser("root");
    let query: Vec<String> = FIELDS.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    for route in ROUTES {
        let target = format!("{}?{}", world.path(route), query.join("&"));
        let request = |method| request(method, &target).with("X-HTTP-Method-Override", "POST");
        let answer = world.unchanged(&format!("reading {}", route.path), || {
            root.send(request("HEAD"));
            root.send(request("GET"))
        });
        assert!(answer.status < 500, "{}: {}", route.path, answer.status);
    }
}

#[test]
fn other_methods_do_nothing() {
    let world = World::new();
    let root = world.server.superuser("root");
    let before = world.state();
    for route in ROUTES {
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            let request = request(method, &world.path(route)).with("Sec-Fetch-Site", "same-origin");
            let answer = root.send(request);
            assert!(matches!(answer.status, 400..=499), "{method} {}: {}", route.path, answer.status);
        }
        assert_eq!(world.state(), before, "{}", route.path);
    }
}

/// The headers that every answer of the panel bears.
fn has_headers(what: &str, answer: &Response) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    for part in ["base-uri 'none'", "frame-ancestors"] {
        assert!(policy.contains(part), "{what}: {part} in {policy}");
    }
    for evil in ["unsafe-eval", "*", "http:", "https:"] {
        assert!(!policy.contains(evil), "{what}: {evil} in {policy}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert!(answer.header("referrer-policy").contains("same-origin"), "{what}");
    assert!(!answer.header("permissions-policy").is_empty(), "{what}");
    assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty(), "{what}");
}

#[test]
fn every_answer_bears_the_headers_that_keep_it_safe() {
    let world = World::new();
    let root = world.server.superuser("root");
    let staff = world.server.staff("bo", Some(vec![]));
    let stranger = world.server.visitor();
    for (who, visitor) in [("a superuser", &root), ("staff", &staff), ("a stranger", &stranger)] {
        for route in ROUTES.iter().filter(|route| route.path != "logout/") {
            let what = format!("{} for {who}", named(route));
            let answer = visitor.send(world.request(route, "no token"));
            has_headers(&what, &answer);
            if !route.path.starts_with("static/") {
                assert_eq!(answer.header("cache-control"), "no-store", "{what}");
            }
            let policy = answer.header("content-security-policy");
            if !route.path.ends_with("preview/page") {
                assert!(!policy.contains("unsafe-inline"), "{what}: {policy}");
                assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{what}");
            }
        }
        for path in ["/admin/nothing/", "/admin/sites", "/admin/users/x/", "/admin/static/"] {
            has_headers(&format!("{path} for {who}"), &visitor.get(path));
        }
    }
}

#[test]
fn an_error_tells_strangers_nothing_of_the_inside() {
    let world = World::new();
    for path in ["/admin/nothing/", "/admin/setup/x/", "/admin/login/?next=%00", "/admin/sites/99999999999999999999/"] {
        let text = world.server.visitor().get(path).text().to_lowercase();
        for word in ["actix", "diesel", "sqlite", "panicked", "src/", "rust"] {
            assert!(!text.contains(word), "{path} says {word}");
        }
    }
}

#[test]
fn a_path_without_its_last_slash_leads_to_the_one_with_it() {
    let world = World::new();
    let root = world.server.superuser("root");
    for route in routes("GET").filter(|route| route.path.ends_with('/') && route.access != Access::Anyone) {
        let path = world.path(route);
        let answer = root.get(&format!("{}?a=b", path.trim_end_matches('/')));
        assert_eq!((answer.status, answer.header("location")), (303, &*format!("{path}?a=b")), "{}", named(route));
    }
}

#[test]
fn a_path_without_its_last_slash_is_led_on_as_it_was_sent() {
    let world = World::new();
    let root = world.server.superuser("root");
    for part in ["%0a", "%0D%0Ax", "%00", "%3f", "%23", "%2f", "%5c", "%ff", "%c3%a9", "a+b", "%25"] {
        let answer = root.get(&format!("/admin/sites/{part}"));
        let leads_to = (answer.status, answer.header("location").to_owned());
        assert_eq!(leads_to, (303, format!("/admin/sites/{part}/")), "{part}");
        assert_eq!(root.get(answer.header("location")).status, 404, "{part}");
    }
}
