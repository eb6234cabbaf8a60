//! Somebody with a browser: keeps cookies, and sends forms with the token of the page they are on.

use std::marker::PhantomData;
use std::ops::Deref;

use maintenance_mode::auth::{About, password, strength};
use maintenance_mode::site::SiteId;
use maintenance_mode::user::Rights;

use super::browser::Browser;
use super::{TestServer, operator};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "clear water runs";

/// A browser at a server, which has to be there as long.
pub struct Visitor<'s> {
    browser: Browser,
    server: PhantomData<&'s TestServer>,
}

impl TestServer {
    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Visitor<'_> {
        Visitor { browser: Browser::new(self.address), server: PhantomData }
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

impl Deref for Visitor<'_> {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}
