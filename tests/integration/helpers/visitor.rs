//! Somebody with a browser: keeps cookies, and sends forms with the token of the page they are on.

use std::cell::RefCell;
use std::collections::BTreeMap;

use maintenance_mode::auth::{About, password, strength};
use maintenance_mode::site::SiteId;
use maintenance_mode::user::Rights;

use super::{Request, Response, TestServer, get, operator, post};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "clear water runs";

/// A browser without script.
pub struct Visitor<'s> {
    server: &'s TestServer,
    cookies: RefCell<BTreeMap<String, String>>,
    csrf: RefCell<String>,
}

impl TestServer {
    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Visitor<'_> {
        Visitor { server: self, cookies: RefCell::default(), csrf: RefCell::default() }
    }

    /// Adds a user with [`PASSWORD`].
    pub fn add_user(&self, username: &str, rights: &Rights) {
        let new = strength::check(PASSWORD, &About::default()).expect("the password is good");
        self.actions().user_add(&operator(), username, password::hash(&new), rights).expect("the user can be added");
    }

    /// A new superuser, signed in.
    pub fn superuser(&self, username: &str) -> Visitor<'_> {
        self.add_user(username, &Rights { is_active: true, is_staff: true, is_superuser: true, sites: None });
        self.sign_in(username)
    }

    /// A new staff user, limited to some sites or to none, signed in.
    pub fn staff(&self, username: &str, sites: Option<Vec<SiteId>>) -> Visitor<'_> {
        self.add_user(username, &Rights { is_active: true, is_staff: true, is_superuser: false, sites });
        self.sign_in(username)
    }

    /// Signs somebody in by the log-in form.
    pub fn sign_in(&self, username: &str) -> Visitor<'_> {
        let visitor = self.visitor();
        visitor.get("/admin/login/");
        let answer = visitor.post("/admin/login/", &[("username", username), ("password", PASSWORD), ("next", "")]);
        assert_eq!(answer.status, 303, "{username} is let in: {}", answer.text());
        visitor.get("/admin/");
        visitor
    }
}

impl Visitor<'_> {
    /// Opens a page.
    pub fn get(&self, path: &str) -> Response {
        self.send(get(path))
    }

    /// Sends a form with the token of the last page.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let csrf = self.csrf.borrow().clone();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.send(post(path, &fields))
    }

    /// Sends a form and opens the page that it leads to.
    pub fn post_and_follow(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        self.get(answer.header("location"))
    }

    /// Sends any request with the cookies of this browser.
    pub fn send(&self, request: Request) -> Response {
        let answer = self.server.send(request.cookie(&self.cookie()));
        for (name, value) in answer.cookies() {
            if value.is_empty() {
                self.cookies.borrow_mut().remove(&name);
            } else {
                self.cookies.borrow_mut().insert(name, value);
            }
        }
        if let Some(token) = token_in(&answer.text()) {
            *self.csrf.borrow_mut() = token;
        }
        answer
    }

    /// The cookies as a browser sends them.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The token of the last page that had one.
    pub fn csrf(&self) -> String {
        self.csrf.borrow().clone()
    }
}

/// The value of the first `csrf` field of a page.
fn token_in(page: &str) -> Option<String> {
    let field = &page[page.find("name=\"csrf\"")?..];
    let value = &field[field.find("value=\"")? + 7..];
    Some(value[..value.find('"')?].to_owned())
}
