//! The user's own account: password, sessions, look.

use serde::Serialize;

use super::{Field, FieldError, Moment, Page};
use crate::user::Theme;

/// The user's own account.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AccountPage {
    /// What the user may do, as a sentence: `You are a superuser: you may do everything.`
    pub role: String,
    /// `current_password`; never filled in again.
    pub current_password: Field,
    /// `password`: the new one.
    pub password: Field,
    /// `password_again`.
    pub password_again: Field,
    /// What was refused.
    pub errors: Vec<FieldError>,
    /// The user's live sessions, this one first.
    pub sessions: Vec<SessionRow>,
    /// `theme` in force.
    pub chosen_theme: Theme,
    /// `shortcuts`.
    pub shortcuts: Field,
}

impl Page for AccountPage {
    const TEMPLATE: &'static str = "admin/account.html";
}

/// One live session.
#[derive(Debug, Clone, Serialize)]
pub struct SessionRow {
    /// Its public key: tells nothing about the secret one.
    pub id: String,
    /// Browser and system in a few words: `Firefox on Android`.
    pub device: String,
    /// Address it was last seen from.
    pub address: String,
    /// Log-in.
    pub started: Moment,
    /// Last request, to the minute.
    pub last_seen: Moment,
    /// Whether it is the one that reads this page.
    pub is_this: bool,
}
