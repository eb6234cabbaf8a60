//! Logging in and out.

use jiff::SignedDuration;
use maintenance_mode::actions::Start;
use maintenance_mode::clock;
use maintenance_mode::user::Rights;

use crate::helpers::{FIRST_SITE, PASSWORD, Response, TestServer, Visitor, a_server, get, operator, post};

const NO_MATCH: &str = "That user name and password do not match.";

fn staff() -> Rights {
    Rights { is_active: true, is_staff: true, ..Rights::default() }
}

fn try_to_log_in(visitor: &Visitor<'_>, username: &str, password: &str) -> Response {
    visitor.get("/admin/login/");
    visitor.post("/admin/login/", &[("username", username), ("password", password), ("next", "")])
}

fn set_cookie<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    let lines = answer.headers.iter().filter(|(header, _)| header == "set-cookie");
    lines.map(|(_, line)| line.as_str()).find(|line| line.starts_with(&format!("{name}=")))
}

fn session_of(visitor: &Visitor<'_>) -> String {
    visitor.cookie().split("; ").find(|pair| pair.starts_with("maintenance_session=")).unwrap_or_default().to_owned()
}

fn is_inside(server: &TestServer, cookie: &str) -> bool {
    server.send(get("/admin/account/").cookie(cookie)).status != 303
}

#[test]
fn the_right_name_and_password_lead_to_the_panel() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    let visitor = server.visitor();
    let page = visitor.get("/admin/login/");
    assert_eq!(page.status, 200);
    for field in ["name=\"username\"", "name=\"password\"", "name=\"next\"", "name=\"csrf\""] {
        assert!(page.text().contains(field), "{field} is missing");
    }
    let answer = try_to_log_in(&visitor, "ADA", PASSWORD);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/"));
    assert!(is_inside(&server, &visitor.cookie()));
}

#[test]
fn the_session_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    let answer = try_to_log_in(&server.visitor(), "ada", PASSWORD);
    for name in ["maintenance_session", "maintenance_device"] {
        let cookie = set_cookie(&answer, name).unwrap_or_else(|| panic!("{name} is set"));
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    }

    let server = a_server().with("SESSION_COOKIE_SECURE", "true").start();
    server.add_user("ada", &staff());
    let answer = try_to_log_in(&server.visitor(), "ada", PASSWORD);
    let cookie = set_cookie(&answer, "__Host-maintenance_session").expect("has the prefix");
    assert!(cookie.contains("Secure"), "{cookie}");
}

#[test]
fn every_refusal_has_the_same_words_and_status() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    server.add_user("asleep", &Rights { is_active: false, ..staff() });
    server.add_user("nobody", &Rights { is_active: true, ..Rights::default() });
    for (username, password) in
        [("ada", "wrong"), ("bob", PASSWORD), ("asleep", PASSWORD), ("nobody", PASSWORD), ("", ""), ("ada", "")]
    {
        let answer = try_to_log_in(&server.visitor(), username, password);
        assert_eq!(answer.status, 422, "{username}");
        assert!(answer.text().contains(NO_MATCH), "{username}");
        assert!(answer.text().contains(&format!("value=\"{username}\"")), "the name is kept");
        assert!(!answer.text().contains(PASSWORD), "the password is not sent back");
        assert!(set_cookie(&answer, "maintenance_session").is_none(), "{username}");
    }
}

#[test]
fn a_name_with_a_nul_is_no_form_on_either_engine() {
    let server = a_server().start();
    let answer = try_to_log_in(&server.visitor(), "a\0b", PASSWORD);
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn too_many_tries_are_told_how_long_to_wait_and_what_opens_the_account() {
    let server = a_server().start();
    server.add_user("ann", &staff());
    for _ in 0..5 {
        assert_eq!(try_to_log_in(&server.visitor(), "ann", "wrong").status, 422);
    }
    let answer = try_to_log_in(&server.visitor(), "ann", PASSWORD);
    assert_eq!(answer.status, 429);
    let text = answer.text();
    assert!(text.contains("Too many tries. Wait 30 seconds, or run “maintenance user unlock ann” on the server."));
    let wait: u64 = answer.header("retry-after").parse().expect("says when to try again");
    assert!((1..=30).contains(&wait), "{wait}");

    server.actions().user_unlock(&crate::helpers::operator(), "ann").expect("can be unlocked");
    assert_eq!(try_to_log_in(&server.visitor(), "ann", PASSWORD).status, 303);
}

#[test]
fn a_browser_that_logged_in_before_is_not_locked_out_by_strangers() {
    let server = a_server().start();
    let ann = server.staff("ann", None);
    ann.post("/admin/logout/", &[]);
    for _ in 0..6 {
        try_to_log_in(&server.visitor(), "ann", "wrong");
    }
    assert_eq!(try_to_log_in(&server.visitor(), "ann", PASSWORD).status, 429);
    assert_eq!(try_to_log_in(&ann, "ann", PASSWORD).status, 303);
}

#[test]
fn the_way_on_is_followed_on_this_host_only() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    for (next, location) in [
        ("/admin/history/?kind=user", "/admin/history/?kind=user"),
        ("/contact/", "/contact/"),
        ("//evil.example/", "/admin/"),
        ("/\\evil.example/", "/admin/"),
        ("https://evil.example/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("/%2f/evil.example/", "/admin/"),
        ("/\t/evil.example", "/admin/"),
        ("", "/admin/"),
    ] {
        let visitor = server.visitor();
        visitor.get("/admin/login/");
        let fields = [("username", "ada"), ("password", PASSWORD), ("next", next)];
        let answer = visitor.post("/admin/login/", &fields);
        assert_eq!((answer.status, answer.header("location")), (303, location), "{next:?}");
    }
    let page = server.visitor().get("/admin/login/?next=//evil.example/");
    assert!(!page.text().contains("evil"), "a foreign address is not even carried along");
}

#[test]
fn a_page_for_users_asks_to_log_in_and_is_shown_afterwards() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    let visitor = server.visitor();
    let asked = visitor.get("/admin/history/?site=a%26b");
    assert_eq!(asked.status, 303);
    let page = visitor.get(asked.header("location"));
    assert!(page.text().contains("value=\"/admin/history/?site=a%26b\""), "{}", page.text());
}

#[test]
fn whoever_is_signed_in_already_goes_on() {
    let server = a_server().start();
    let ada = server.staff("ada", None);
    assert_eq!(ada.get("/admin/login/").header("location"), "/admin/");
    assert_eq!(ada.get("/admin/login/?next=/admin/history/").header("location"), "/admin/history/");
    assert_eq!(ada.get("/admin/login/?next=//evil.example").header("location"), "/admin/");
}

#[test]
fn each_log_in_has_a_session_of_its_own_and_ends_the_browsers_older_one() {
    let server = a_server().start();
    let ada = server.staff("ada", None);
    let before = session_of(&ada);
    ada.get("/admin/account/");
    let answer = ada.post("/admin/login/", &[("username", "ada"), ("password", PASSWORD), ("next", "")]);
    assert_eq!(answer.status, 303);
    assert_ne!(session_of(&ada), before);
    assert!(is_inside(&server, &session_of(&ada)));
    assert!(!is_inside(&server, &before), "the older session is over");
}

#[test]
fn a_session_key_that_somebody_else_has_chosen_is_not_taken_over() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    let page = server.send(get("/admin/login/").cookie("maintenance_session=chosen"));
    let csrf = page.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let text = page.text();
    let token = text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let fields = [("username", "ada"), ("password", PASSWORD), ("next", ""), ("csrf", token)];
    let answer = server.send(post("/admin/login/", &fields).cookie(&format!("maintenance_session=chosen; {csrf}")));
    assert_eq!(answer.status, 303);
    assert!(set_cookie(&answer, "maintenance_session").is_some_and(|cookie| !cookie.contains("=chosen")));
    assert!(!is_inside(&server, "maintenance_session=chosen"));
}

#[test]
fn logging_out_ends_the_session_on_the_server() {
    let server = a_server().start();
    let ada = server.staff("ada", None);
    let kept = ada.cookie();
    let answer = ada.post("/admin/logout/", &[]);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/logged-out/"));
    assert!(server.visitor().get("/admin/logged-out/").text().contains("You are logged out"));
    assert!(!is_inside(&server, &ada.cookie()));
    assert!(!is_inside(&server, &kept), "a copy of the cookie opens nothing any more");
    assert_eq!(ada.get("/admin/logout/").status, 404, "a link never logs out");
}

#[test]
fn a_form_of_a_session_that_has_ended_says_so() {
    let server = a_server().start();
    let ada = server.staff("ada", None);
    let copy = ada.cookie();
    ada.post("/admin/logout/", &[]);
    let fields = [("csrf", "0")];
    let answer = server.send(post(&format!("/admin/sites/{FIRST_SITE}/end/"), &fields).cookie(&copy));
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/login/?expired=1"));
    assert!(server.visitor().get("/admin/login/?expired=1").text().contains("You were logged out"));
}

#[test]
fn a_log_in_form_that_is_not_ours_logs_nobody_in_and_keeps_the_name() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    let fields = [("username", "ada"), ("password", PASSWORD), ("next", ""), ("csrf", "0")];
    let answer = server.send(post("/admin/login/", &fields));
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("value=\"ada\"") && !answer.text().contains(PASSWORD));
    assert!(set_cookie(&answer, "maintenance_session").is_none());
    let foreign = post("/admin/login/", &fields).without("Sec-Fetch-Site").with("Origin", "https://evil.example");
    assert_eq!(server.send(foreign).status, 403);
}

#[test]
fn the_files_of_the_panel_are_kept_for_ever_under_their_own_version_only() {
    let server = a_server().start();
    let page = server.visitor().get("/admin/login/").text();
    let prefix = page.split("href=\"/admin/static/").nth(1).and_then(|rest| rest.split('/').next()).expect("a version");
    for (name, kind) in [("admin.css", "text/css; charset=utf-8"), ("admin.js", "text/javascript; charset=utf-8")] {
        let file = server.send(get(&format!("/admin/static/{prefix}/{name}")));
        assert_eq!((file.status, file.header("content-type")), (200, kind));
        assert!(file.header("cache-control").contains("immutable"));
        let other = server.send(get(&format!("/admin/static/000000000000/{name}")));
        assert_eq!((other.status, other.header("cache-control")), (200, "no-store"));
    }
    assert_eq!(server.send(get(&format!("/admin/static/{prefix}/../Cargo.toml"))).status, 404);
    assert_eq!(server.send(get(&format!("/admin/static/{prefix}/nothing.css"))).status, 404);
}

fn setup_path(server: &TestServer) -> Option<String> {
    actix_web::rt::System::new().block_on(server.maintenance.setup_path()).expect("the database answers")
}

#[test]
fn the_set_up_link_makes_one_superuser_and_dies() {
    let server = a_server().start();
    let link = setup_path(&server).expect("there is no superuser yet");
    let visitor = server.visitor();
    assert_eq!(visitor.get(&link).status, 200);
    let fields = [("username", "ada"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let answer = visitor.post(&link, &fields);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/"));
    assert!(visitor.get("/admin/account/").text().contains("You are a superuser"), "is signed in at once");

    assert_eq!(server.visitor().get(&link).status, 404);
    assert_eq!(
        visitor.post(&link, &[("username", "eve"), ("password", PASSWORD), ("password_again", PASSWORD)]).status,
        404
    );
    assert_eq!(setup_path(&server), None);
    assert_eq!(try_to_log_in(&server.visitor(), "ada", PASSWORD).status, 303);
    assert_eq!(try_to_log_in(&server.visitor(), "eve", PASSWORD).status, 422);
}

#[test]
fn a_made_up_or_replaced_set_up_link_leads_nowhere() {
    let server = a_server().start();
    let first = setup_path(&server).expect("there is no superuser yet");
    setup_path(&server).expect("a second link");
    for link in [first.as_str(), "/admin/setup/0/", &format!("/admin/setup/{}/", "0".repeat(64))] {
        let answer = server.visitor().get(link);
        assert_eq!(answer.status, 404, "{link}");
        assert!(answer.text().contains("This link is not good any more"), "{link}");
    }
}

#[test]
fn a_refused_set_up_says_why_at_the_field_and_keeps_the_link() {
    let server = a_server().start();
    let link = setup_path(&server).expect("there is no superuser yet");
    let visitor = server.visitor();
    visitor.get(&link);
    for (username, password, again, words) in [
        ("", PASSWORD, PASSWORD, "A user name is needed."),
        ("a da", PASSWORD, PASSWORD, "Must not hold spaces, control characters or invisible ones."),
        ("ada", "short", "short", "The password must have at least 12 characters"),
        ("ada", "passwordpassword", "passwordpassword", "The password "),
        ("ada", PASSWORD, "something else", "The two passwords differ."),
    ] {
        let answer = visitor.post(&link, &[("username", username), ("password", password), ("password_again", again)]);
        assert_eq!(answer.status, 422, "{username} {password}");
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
        assert!(!answer.text().contains(&format!("value=\"{PASSWORD}\"")));
    }
    let stale = [("username", "ada"), ("password", PASSWORD), ("password_again", PASSWORD), ("csrf", "0")];
    assert_eq!(server.send(post(&link, &stale)).status, 403);
    assert!(setup_path(&server).is_some(), "nobody was made");
}

#[test]
fn while_the_site_drains_staff_log_in_and_nobody_else_does() {
    let server = a_server().start();
    server.add_user("ada", &staff());
    server.add_user("member", &Rights { is_active: true, ..Rights::default() });
    let deadline = clock::now() + SignedDuration::from_mins(10);
    let start = Start { drain_until: Some(deadline), ..Start::default() };
    let done = server.actions().start(&operator(), &[FIRST_SITE], &start).expect("it can drain");
    server.reach(done.revision.0);
    for (username, password) in [("member", PASSWORD), ("member", "wrong"), ("nobody", PASSWORD), ("ada", "wrong")] {
        let answer = try_to_log_in(&server.visitor(), username, password);
        assert_eq!(answer.status, 503, "{username}");
        assert!(!answer.header("retry-after").is_empty() && !answer.header("x-maintenance").is_empty(), "{username}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.text().contains("only staff can log in") && answer.text().contains(NO_MATCH), "{username}");
        assert!(set_cookie(&answer, "maintenance_session").is_none(), "{username}");
    }
    assert_eq!(try_to_log_in(&server.visitor(), "ada", PASSWORD).status, 303);
    server.open(FIRST_SITE);
    assert_eq!(try_to_log_in(&server.visitor(), "member", PASSWORD).status, 422);
}
