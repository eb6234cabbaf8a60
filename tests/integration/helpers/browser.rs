//! A browser without script: keeps cookies, and sends forms with the token of the page it is on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::client::{Request, Response, get, post};

/// A browser.
pub struct Browser {
    /// The server that it asks. Cookies stay when it goes to another one: browsers do not tell ports apart.
    pub address: Cell<SocketAddr>,
    cookies: RefCell<BTreeMap<String, String>>,
    csrf: RefCell<String>,
}

impl Browser {
    /// A browser without cookies.
    pub fn new(address: SocketAddr) -> Self {
        Self { address: Cell::new(address), cookies: RefCell::default(), csrf: RefCell::default() }
    }

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
        let answer = request.cookie(&self.cookie()).send(self.address.get());
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
