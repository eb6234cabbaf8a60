//! One's own account: password, sessions, look and keys.

use scraper::{Html, Selector};

use crate::helpers::{FIRST_SITE, PASSWORD, Response, TestServer, Visitor, a_server};

const NEW: &str = "seven quiet lanterns";

fn change_password(visitor: &Visitor<'_>, current: &str, new: &str, again: &str) -> Response {
    visitor.get("/admin/account/");
    let fields = [("current_password", current), ("password", new), ("password_again", again)];
    visitor.post("/admin/account/password/", &fields)
}

fn is_inside(visitor: &Visitor<'_>) -> bool {
    visitor.get("/admin/account/").status == 200
}

fn can_log_in(server: &TestServer, username: &str, password: &str) -> bool {
    let visitor = server.visitor();
    visitor.get("/admin/login/");
    visitor.post("/admin/login/", &[("username", username), ("password", password), ("next", "")]).status == 303
}

/// Addresses of the buttons that end other sessions.
fn end_buttons(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let buttons = Selector::parse("table.sessions button[formaction]").expect("valid");
    page.select(&buttons).filter_map(|button| button.attr("formaction")).map(str::to_owned).collect()
}

#[test]
fn a_new_password_ends_the_other_sessions_and_keeps_this_one_under_a_new_key() {
    let server = a_server().start();
    let (here, phone) = (server.staff("ada", None), server.sign_in("ada"));
    let copy = here.cookie();
    let answer = change_password(&here, PASSWORD, NEW, NEW);
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/account/"), "{}", answer.text());
    assert!(here.get("/admin/account/").text().contains("Your other sessions have ended."));
    assert!(!is_inside(&phone), "the other session has ended");
    assert_eq!(server.send(crate::helpers::get("/admin/account/").cookie(&copy)).status, 303, "a copy as well");
    assert!(can_log_in(&server, "ada", NEW) && !can_log_in(&server, "ada", PASSWORD));
}

#[test]
fn a_password_is_changed_only_by_somebody_who_knows_the_current_one() {
    let server = a_server().start();
    let (here, phone) = (server.staff("ada", None), server.sign_in("ada"));
    for (current, new, again, words) in [
        ("wrong", NEW, NEW, "This is not your current password."),
        ("", NEW, NEW, "This is not your current password."),
        (PASSWORD, "short", "short", "The password must have at least 12 characters"),
        (PASSWORD, "adaadaadaada", "adaadaadaada", "The password "),
        (PASSWORD, NEW, "something else", "The two passwords differ."),
    ] {
        let answer = change_password(&here, current, new, again);
        assert_eq!(answer.status, 422, "{new}");
        assert!(answer.text().contains(words), "{words}");
        for typed in [current, new, again].into_iter().filter(|typed| typed.len() > 5) {
            assert!(!answer.text().contains(&format!("value=\"{typed}\"")), "a password is never sent back");
        }
    }
    assert!(is_inside(&phone) && can_log_in(&server, "ada", PASSWORD));
}

#[test]
fn guessing_the_current_password_in_a_stolen_session_is_slowed_down() {
    let server = a_server().start();
    let ada = server.staff("ada", None);
    for _ in 0..5 {
        assert_eq!(change_password(&ada, "wrong", NEW, NEW).status, 422);
    }
    let answer = change_password(&ada, PASSWORD, NEW, NEW);
    assert_eq!(answer.status, 429);
    assert!(answer.text().contains("Too many tries. Wait "));
    assert!(can_log_in(&server, "ada", PASSWORD), "log-ins have a count of their own");
}

#[test]
fn sessions_are_listed_and_ended_one_by_one_or_all_others_at_once() {
    let server = a_server().start();
    let (here, phone, tablet) = (server.staff("ada", None), server.sign_in("ada"), server.sign_in("ada"));
    let buttons = end_buttons(&here.get("/admin/account/").text());
    assert_eq!(buttons.len(), 2, "every session but this one has a button");
    let answer = here.post_and_follow(&buttons[0], &[]);
    assert!(answer.text().contains("has ended."));
    assert_ne!(is_inside(&phone), is_inside(&tablet), "one of them has ended");
    assert!(here.post_and_follow("/admin/account/sessions/end-others/", &[]).text().contains("One other session"));
    assert!(!is_inside(&phone) && !is_inside(&tablet) && is_inside(&here));
    let again = here.post_and_follow("/admin/account/sessions/end-others/", &[]);
    assert!(again.text().contains("Nothing changed."));
}

#[test]
fn a_session_of_somebody_else_is_not_there_even_for_a_superuser() {
    let server = a_server().start();
    let (root, ada) = (server.superuser("root"), server.staff("ada", None));
    server.sign_in("ada");
    let buttons = end_buttons(&ada.get("/admin/account/").text());
    root.get("/admin/account/");
    assert_eq!(root.post(&buttons[0], &[]).status, 404);
    assert_eq!(end_buttons(&ada.get("/admin/account/").text()), buttons);
}

#[test]
fn ending_the_own_session_logs_out() {
    let server = a_server().start();
    let (here, phone) = (server.staff("ada", None), server.sign_in("ada"));
    let of_phone = end_buttons(&here.get("/admin/account/").text()).remove(0);
    phone.get("/admin/account/");
    assert_eq!(phone.post(&of_phone, &[]).header("location"), "/admin/logged-out/");
    assert!(!is_inside(&phone) && is_inside(&here));
}

#[test]
fn look_and_keys_are_kept_for_the_user() {
    let server = a_server().start();
    let ada = server.staff("ada", None);
    assert!(ada.get("/admin/account/").text().contains("data-keys"));
    let page = ada.post_and_follow("/admin/account/preferences/", &[("theme", "dark")]).text();
    assert!(page.contains("data-theme=\"dark\"") && !page.contains("data-keys"), "{page}");
    let fields = [("theme", "light"), ("shortcuts", "on")];
    let page = ada.post_and_follow("/admin/account/preferences/", &fields).text();
    assert!(page.contains("data-theme=\"light\"") && page.contains("data-keys"));
    assert_eq!(ada.post("/admin/account/preferences/", &[("theme", "pink")]).status, 400);
}

#[test]
fn the_account_says_what_one_may_do() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let says = |visitor: &Visitor<'_>, words: &str| {
        let page = visitor.get("/admin/account/").text();
        assert!(page.contains(words), "{words}: {page}");
    };
    says(&server.superuser("root"), "You are a superuser: you may do everything.");
    says(&server.staff("ada", None), "You are staff: you may start and end maintenance on every site.");
    says(&server.staff("bo", Some(vec![forum])), "maintenance on forum.example.");
    says(&server.staff("cy", Some(vec![forum, FIRST_SITE])), "maintenance on forum.example and localhost.");
    says(&server.staff("di", Some(vec![])), "no site is given to you yet");
}
