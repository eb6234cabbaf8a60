//! A panel user and what that user may do: active, staff, superuser, and for which sites.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::plain::is_trick;
use crate::site::SiteId;

/// Key of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

/// A panel user. The password hash never leaves `storage` and `auth`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Key.
    pub id: UserId,
    /// Log-in name, unique without regard to case.
    pub username: String,
    /// What the user may do.
    pub rights: Rights,
    /// When the user was made.
    pub created_at: Timestamp,
    /// How the panel looks for this user.
    pub theme: Theme,
    /// Whether the panel's keys (`/`, `g s`, …) are on for this user.
    pub has_shortcuts: bool,
    /// Last log-in.
    pub last_login_at: Option<Timestamp>,
}

/// Rights of a user, as the gate and the actions ask for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights {
    /// Inactive users cannot log in and have no rights.
    pub is_active: bool,
    /// Staff may use the panel and pass closed sites, for the sites they are given.
    pub is_staff: bool,
    /// Superusers may everything and always pass.
    pub is_superuser: bool,
    /// The sites a staff user is limited to; `None` means all sites.
    pub sites: Option<Vec<SiteId>>,
}

impl Rights {
    /// Whether the user is an active superuser.
    pub fn superuser(&self) -> bool {
        self.is_active && self.is_superuser
    }

    /// Whether the user may log in to the panel at all.
    pub fn panel(&self) -> bool {
        self.is_active && (self.is_staff || self.is_superuser)
    }

    /// Whether the user is active staff of this site. A superuser is staff of every site.
    pub fn staff_of(&self, site: SiteId) -> bool {
        self.panel() && (self.is_superuser || self.sites.as_ref().is_none_or(|sites| sites.contains(&site)))
    }
}

/// The form of a user name that must be unique: composed (NFKC) and lower case, so `Ada` and `ada` are one.
pub fn username_key(username: &str) -> String {
    username.trim().nfkc().collect::<String>().to_lowercase()
}

/// How the panel looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system says. The default.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The word for it in forms and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl std::str::FromStr for Theme {
    type Err = UnknownTheme;

    fn from_str(word: &str) -> Result<Self, UnknownTheme> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == word).ok_or(UnknownTheme)
    }
}

/// A theme that is none.
#[derive(Debug, thiserror::Error)]
#[error("must be system, light or dark")]
pub struct UnknownTheme;

/// Longest user name, in characters.
pub const MAX_USERNAME_CHARS: usize = 150;

/// Checks a log-in name: 1 to 150 characters, without white space, control characters, and what nobody sees: a name must
/// not look like another one.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_username(username: &str) -> Result<String, String> {
    let username: String = username.trim().nfkc().collect();
    if username.is_empty() {
        return Err("a user name is needed".to_owned());
    }
    if username.chars().count() > MAX_USERNAME_CHARS {
        return Err(format!("at most {MAX_USERNAME_CHARS} characters"));
    }
    let is_unseen = |c| is_trick(c) || matches!(c, '\u{200c}' | '\u{200d}');
    if username.chars().any(|c| c.is_control() || c.is_whitespace() || is_unseen(c)) {
        return Err("must not hold spaces, control characters or invisible ones".to_owned());
    }
    Ok(username)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_one_name() {
        assert_eq!(username_key(" Ada "), "ada");
        assert_eq!(username_key("ＡＤＡ"), username_key("ada"));
        assert_eq!(check_username(" Ada ").unwrap(), "Ada");
        for wrong in ["", "  ", "a b", "a\nb", "a\u{200b}", "\u{202e}a", "a\u{200d}b", &"x".repeat(151)] {
            assert!(check_username(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limited_staff_have_rights_on_their_sites_only_and_inactive_users_have_none() {
        let staff = Rights { is_active: true, is_staff: true, is_superuser: false, sites: Some(vec![SiteId(1)]) };
        assert!(staff.staff_of(SiteId(1)) && !staff.staff_of(SiteId(2)));
        assert!(!Rights { sites: Some(vec![]), ..staff.clone() }.staff_of(SiteId(1)));
        assert!(Rights { sites: None, ..staff.clone() }.staff_of(SiteId(2)));
        let superuser = Rights { is_superuser: true, ..staff.clone() };
        assert!(superuser.staff_of(SiteId(2)) && superuser.superuser());
        let inactive = Rights { is_active: false, ..superuser };
        assert!(!inactive.panel() && !inactive.superuser() && !inactive.staff_of(SiteId(1)));
    }
}
