//! People and their roles, as a superuser sees to them.

use maintenance_mode::site::SiteId;
use maintenance_mode::user::{Rights, User};
use scraper::{Html, Selector};

use crate::helpers::{FIRST_SITE, PASSWORD, TestServer, Visitor, a_server, operator};

fn user(server: &TestServer, username: &str) -> Option<User> {
    server.maintenance.store().read(|reader| reader.user_by_name(username)).expect("the database answers")
}

fn the_user(server: &TestServer, username: &str) -> User {
    user(server, username).unwrap_or_else(|| panic!("there is a user {username}"))
}

fn select(page: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).expect("valid");
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

/// The hidden revision of the form.
fn revision(page: &str) -> String {
    let page = Html::parse_document(page);
    let field = Selector::parse("input[name=revision]").expect("valid");
    page.select(&field).next().and_then(|field| field.attr("value")).expect("the form has a revision").to_owned()
}

fn edit<'s>(visitor: &Visitor<'s>, user: &User, fields: &[(&str, &str)]) -> crate::helpers::Response {
    let path = format!("/admin/users/{}/", user.id.0);
    let revision = revision(&visitor.get(&path).text());
    let mut all = vec![("revision", revision.as_str()), ("username", user.username.as_str())];
    all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
    all.extend(fields);
    visitor.post(&path, &all)
}

const ACTIVE_STAFF: [(&str, &str); 2] = [("is_active", "on"), ("is_staff", "on")];

const TWICE: [(&str, &str); 2] = [("password", PASSWORD), ("password_again", PASSWORD)];

#[test]
fn a_user_is_added_with_the_rights_that_were_ticked() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let root = server.superuser("root");
    let page = root.get("/admin/users/add/").text();
    assert_eq!(select(&page, ".choices label"), ["forum.example", "localhost"]);
    let fields = [
        ("username", "bo"),
        TWICE[0],
        TWICE[1],
        ("is_active", "on"),
        ("is_staff", "on"),
        ("scope", "chosen"),
        ("sites[]", &forum.to_string()),
    ];
    let page = root.post_and_follow("/admin/users/add/", &fields).text();
    assert!(page.contains("bo is added.") && page.contains("Staff, forum.example."), "{page}");
    let rights = Rights { is_active: true, is_staff: true, is_superuser: false, sites: Some(vec![forum]) };
    assert_eq!(the_user(&server, "bo").rights, rights);
    server.sign_in("bo");
}

#[test]
fn the_list_names_everybody_with_role_and_sites() {
    let server = a_server().start();
    let forum = server.add_site("forum.example", &[]);
    let root = server.superuser("root");
    server.add_user("bo", &Rights { is_active: true, is_staff: true, is_superuser: false, sites: Some(vec![forum]) });
    server.add_user("cy", &Rights { is_active: false, is_staff: true, ..Rights::default() });
    server.add_user("di", &Rights { is_active: true, ..Rights::default() });
    let page = root.get("/admin/users/").text();
    assert_eq!(select(&page, "tbody th a"), ["bo", "cy", "di", "root"]);
    let cells = select(&page, "tbody td[data-label=Role], tbody td[data-label=Sites]");
    let expected =
        ["Staff", "forum.example", "Staff, not active", "all sites", "No panel", "", "Superuser", "all sites"];
    assert_eq!(cells, expected);
    assert_eq!(select(&page, "tr td[data-label='Last log-in']")[0], "never");
}

#[test]
fn what_cannot_be_saved_is_told_at_its_field() {
    let server = a_server().start();
    let root = server.superuser("root");
    root.get("/admin/users/add/");
    for (username, password, field, words) in [
        ("", PASSWORD, "username", "A user name is needed."),
        ("ROOT", PASSWORD, "username", "There is a user root already."),
        ("b o", PASSWORD, "username", "Must not hold spaces"),
        ("bo", "", "password", "The password must have at least 12 characters"),
        ("bo", "short", "password", "The password must have at least 12 characters"),
        ("bo", "qwertyuiop12", "password", "The password "),
        ("localhost", "localhost1234", "password", "The password "),
    ] {
        let fields = [
            ("username", username),
            ("password", password),
            ("password_again", password),
            ("is_active", "on"),
            ("is_staff", "on"),
            ("scope", "all"),
        ];
        let answer = root.post("/admin/users/add/", &fields);
        assert_eq!(answer.status, 422, "{username} {password}");
        let errors = select(&answer.text(), &format!("#{field}-error"));
        assert!(errors.first().is_some_and(|error| error.starts_with(words)), "{words}: {errors:?}");
        assert!(answer.text().contains("<title>Error: "));
        assert!(!answer.text().contains(&format!("value=\"{PASSWORD}\"")));
    }
    assert!(user(&server, "bo").is_none());
}

#[test]
fn a_name_and_a_password_alone_make_nobody_staff_of_every_site() {
    let server = a_server().start();
    let root = server.superuser("root");
    let page = root.get("/admin/users/add/").text();
    assert!(select(&page, "input[name=scope][checked]").is_empty(), "nobody has chosen yet");
    let fields = [TWICE[0], TWICE[1], ("username", "bo"), ("is_active", "on"), ("is_staff", "on")];
    let asked = root.post("/admin/users/add/", &fields);
    assert_eq!(asked.status, 422);
    let errors = select(&asked.text(), ".message.error a[href='#scope-all']");
    assert!(errors[0].starts_with("Choose which sites a staff user is given"), "{errors:?}");
    // Whoever chooses some and ticks none gives none.
    let none = [&fields[..], &[("scope", "chosen")]].concat();
    let page = root.post_and_follow("/admin/users/add/", &none).text();
    assert!(page.contains("Staff, no site."), "{page}");
    assert_eq!(the_user(&server, "bo").rights.sites, Some(vec![]));
    let all = [TWICE[0], TWICE[1], ("username", "cy"), ACTIVE_STAFF[0], ACTIVE_STAFF[1], ("scope", "all")];
    assert!(root.post_and_follow("/admin/users/add/", &all).text().contains("Staff, all sites."));
    // A superuser has every site anyway.
    let chief = [TWICE[0], TWICE[1], ("username", "di"), ("is_active", "on"), ("is_superuser", "on")];
    assert!(root.post_and_follow("/admin/users/add/", &chief).text().contains("Superuser, all sites."));
}

#[test]
fn a_password_that_was_not_typed_twice_alike_is_refused() {
    let server = a_server().start();
    let root = server.superuser("root");
    root.get("/admin/users/add/");
    let rights = [ACTIVE_STAFF[0], ACTIVE_STAFF[1], ("scope", "all")];
    for again in [vec![], vec![("password_again", "another quiet lantern")]] {
        let fields = [&[("username", "bo"), TWICE[0]][..], &rights, &again].concat();
        let answer = root.post("/admin/users/add/", &fields);
        assert_eq!(answer.status, 422);
        assert_eq!(
            select(&answer.text(), "#password_again-error")[0],
            "The two passwords differ. Type the same one twice."
        );
    }
    assert!(user(&server, "bo").is_none());
    server.staff("bo", None);
    let bo = the_user(&server, "bo");
    for wrong in [("password", "seven quiet lanterns"), ("password_again", "seven quiet lanterns")] {
        let fields = [&rights[..], &[wrong]].concat();
        assert_eq!(edit(&root, &bo, &fields).status, 422, "{wrong:?} alone");
    }
    server.sign_in("bo");
}

#[test]
fn chosen_sites_beside_the_choice_of_every_site_are_refused() {
    let server = a_server().start();
    let root = server.superuser("root");
    root.get("/admin/users/add/");
    let fields = [TWICE[0], TWICE[1], ("username", "bo"), ("is_staff", "on"), ("scope", "all"), ("sites[]", "1")];
    let answer = root.post("/admin/users/add/", &fields);
    assert_eq!(answer.status, 422);
    assert!(select(&answer.text(), ".message.error")[0].contains("choose “Only these sites”"));
}

#[test]
fn changed_rights_count_at_once_and_end_the_sessions() {
    let server = a_server().start();
    let (root, bo) = (server.superuser("root"), server.staff("bo", None));
    let user = the_user(&server, "bo");
    let fields = [ACTIVE_STAFF[0], ACTIVE_STAFF[1], ("scope", "chosen"), ("sites[]", "1")];
    assert_eq!(edit(&root, &user, &fields).status, 303);
    assert_eq!(the_user(&server, "bo").rights.sites, Some(vec![FIRST_SITE]));
    assert_eq!(bo.get("/admin/account/").status, 303, "bo is logged out");
    let page = root.get("/admin/users/").text();
    assert!(page.contains("Now staff, localhost.") && page.contains("sessions have ended"), "{page}");
}

#[test]
fn a_deactivated_user_is_out_at_the_next_request() {
    let server = a_server().start();
    let (root, bo) = (server.superuser("root"), server.staff("bo", None));
    server.close(FIRST_SITE);
    assert_eq!(bo.get("/").status, 200, "staff pass a closed site");
    assert_eq!(edit(&root, &the_user(&server, "bo"), &[("is_staff", "on"), ("scope", "all")]).status, 303);
    assert_eq!(bo.get("/").status, 503);
    assert_eq!(bo.get("/admin/account/").status, 303);
}

#[test]
fn a_new_password_set_by_a_superuser_ends_the_users_sessions() {
    let server = a_server().start();
    let (root, bo) = (server.superuser("root"), server.staff("bo", None));
    let typed = |password: &'static str| {
        [ACTIVE_STAFF[0], ACTIVE_STAFF[1], ("scope", "all"), ("password", password), ("password_again", password)]
    };
    let new = typed("seven quiet lanterns");
    assert_eq!(edit(&root, &the_user(&server, "bo"), &new).status, 303);
    assert_eq!(bo.get("/admin/account/").status, 303);
    let weak = typed("bobobobobobo");
    assert_eq!(edit(&root, &the_user(&server, "bo"), &weak).status, 422);
}

#[test]
fn nothing_changed_ends_no_session() {
    let server = a_server().start();
    let (root, bo) = (server.superuser("root"), server.staff("bo", Some(vec![FIRST_SITE])));
    let fields = [ACTIVE_STAFF[0], ACTIVE_STAFF[1], ("scope", "chosen"), ("sites[]", "1")];
    assert_eq!(edit(&root, &the_user(&server, "bo"), &fields).status, 303);
    assert!(root.get("/admin/users/").text().contains("Nothing changed."));
    assert_eq!(bo.get("/admin/account/").status, 200);
}

#[test]
fn the_last_active_superuser_stays_one() {
    let server = a_server().start();
    let root = server.superuser("root");
    server.add_user("asleep", &Rights { is_active: false, is_staff: true, is_superuser: true, sites: None });
    let me = the_user(&server, "root");
    for (fields, field) in [
        (vec![("is_active", "on"), ("is_staff", "on"), ("scope", "all")], "is_superuser"),
        (vec![("is_superuser", "on"), ("is_staff", "on")], "is_active"),
    ] {
        let answer = edit(&root, &me, &fields);
        assert_eq!(answer.status, 422);
        assert!(
            select(&answer.text(), &format!("#{field}-error"))[0].starts_with("root is the last active superuser."),
            "{field}"
        );
    }
    assert!(the_user(&server, "root").rights.superuser());
    let delete = format!("/admin/users/{}/delete/", me.id.0);
    assert_eq!(root.get(&delete).status, 409);
    assert_eq!(root.post(&delete, &[]).status, 409);
    assert!(user(&server, "root").is_some());
}

#[test]
fn the_own_password_is_changed_only_where_the_current_one_is_asked_for() {
    let server = a_server().start();
    let root = server.superuser("root");
    let me = the_user(&server, "root");
    let page = root.get(&format!("/admin/users/{}/", me.id.0)).text();
    assert!(!page.contains("name=\"password\"") && page.contains("/admin/account/"));
    let all = [ACTIVE_STAFF[0], ACTIVE_STAFF[1], ("is_superuser", "on"), ("password", "seven quiet lanterns")];
    assert_eq!(edit(&root, &me, &all).status, 422);
    server.sign_in("root");
}

#[test]
fn deleting_asks_by_name_and_ends_the_sessions() {
    let server = a_server().start();
    let (root, bo) = (server.superuser("root"), server.staff("bo", None));
    let delete = format!("/admin/users/{}/delete/", the_user(&server, "bo").id.0);
    let page = root.get(&delete).text();
    assert!(page.contains("Delete the user bo?") && page.contains("One live session ends at once."), "{page}");
    assert!(user(&server, "bo").is_some(), "nothing happens before the question is answered");
    assert!(root.post_and_follow(&delete, &[]).text().contains("bo is deleted."));
    assert!(user(&server, "bo").is_none());
    assert_eq!(bo.get("/admin/account/").status, 303);
    for path in [delete.as_str(), "/admin/users/999/", "/admin/users/abc/"] {
        assert_eq!(root.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_save_over_somebody_elses_change_is_refused_once_and_shows_theirs() {
    let server = a_server().start();
    let root = server.superuser("root");
    server.staff("bo", None);
    let user = the_user(&server, "bo");
    let path = format!("/admin/users/{}/", user.id.0);
    let old = revision(&root.get(&path).text());
    let theirs = Rights { is_superuser: true, ..user.rights.clone() };
    let change = maintenance_mode::actions::UserEdit { rights: Some(theirs), ..Default::default() };
    server.actions().user_edit(&operator(), user.id, &change).expect("can be changed");

    let mine = [("username", "bobby"), ("is_active", "on"), ("revision", &old)];
    let answer = root.post(&path, &mine);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    assert!(text.contains("CLI, root@test saved this user") && text.contains("It is now bo: superuser, all sites."));
    assert!(text.contains("value=\"bobby\""), "the input is kept");
    assert!(the_user(&server, "bo").rights.is_superuser);

    let mine = [("username", "bobby"), ("is_active", "on"), ("revision", &*revision(&text))];
    assert_eq!(root.post(&path, &mine).status, 303, "saving once more is meant");
    assert!(!the_user(&server, "bobby").rights.is_superuser);
}

#[test]
fn of_many_sites_the_domains_are_typed() {
    let server = a_server().start();
    let sites: Vec<SiteId> = (0..50).map(|n| server.add_site(&format!("s{n}.example"), &[])).collect();
    let root = server.superuser("root");
    let page = root.get("/admin/users/add/").text();
    assert!(page.contains("name=\"domains\"") && !page.contains("sites[]"));
    let fields = |domains: &'static str| {
        [TWICE[0], TWICE[1], ("username", "bo"), ("is_staff", "on"), ("scope", "chosen"), ("domains", domains)]
    };
    let refused = root.post("/admin/users/add/", &fields("s0.example\nnowhere.example"));
    assert_eq!(refused.status, 422);
    assert_eq!(select(&refused.text(), "#domains-error"), ["There is no site nowhere.example."]);
    assert_eq!(root.post("/admin/users/add/", &fields("S1.example\r\n\r\ns0.example")).status, 303);
    assert_eq!(the_user(&server, "bo").rights.sites, Some(vec![sites[0], sites[1]]));
    let page = root.get(&format!("/admin/users/{}/", the_user(&server, "bo").id.0)).text();
    assert_eq!(select(&page, "textarea[name=domains]"), ["s0.example\ns1.example"]);
}
