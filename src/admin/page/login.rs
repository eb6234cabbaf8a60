//! Log in, set up the first superuser, logged out.

use serde::Serialize;

use super::{Field, FieldError, Page};

/// The log-in form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoginPage {
    /// User name as typed.
    pub username: Field,
    /// Local address to go to afterwards, already checked; empty for the panel's home.
    pub next: String,
    /// Why one is asked to log in: `You were logged out. Log in and we will bring back what you typed.`
    pub reason: Option<String>,
    /// The refusal, the same words whatever was wrong.
    pub error: Option<String>,
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "admin/login.html";
}

/// Creates the first superuser, by a one-time link.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SetupPage {
    /// The token of the link, part of the form's address.
    pub token: String,
    /// User name as typed.
    pub username: Field,
    /// Password; never filled in again.
    pub password: Field,
    /// Password once more; never filled in again.
    pub password_again: Field,
    /// What was refused.
    pub errors: Vec<FieldError>,
}

impl Page for SetupPage {
    const TEMPLATE: &'static str = "admin/setup.html";
}

/// Said after log-out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoggedOutPage {}

impl Page for LoggedOutPage {
    const TEMPLATE: &'static str = "admin/logged_out.html";
}
