//! The cookie of a browser that has logged in before, so that strangers cannot lock its user out.
//!
//! It opens nothing: it only gives the browser a count of its own when tries are throttled. See "Slow Down Online
//! Guessing Attacks with Device Cookies", OWASP.

use actix_web::cookie::{Cookie, time};

use super::cookie;
use super::key::{Keys, PurposeKey, is_hex, is_same, random_hex};
use crate::user::username_key;

/// How long a browser remembers. Each log-in begins anew.
const AGE: time::Duration = time::Duration::days(365);

/// Makes and reads device cookies.
#[derive(Clone)]
pub struct Devices {
    key: PurposeKey,
    name: &'static str,
    is_secure: bool,
}

impl Devices {
    /// `is_secure` as for the session cookie.
    pub fn new(keys: &Keys, is_secure: bool) -> Self {
        let name = cookie::CookieNames::new(is_secure).device;
        Self { key: PurposeKey::new(keys, "device cookie"), name, is_secure }
    }

    /// The cookie for a browser in which that user has just logged in.
    pub fn cookie(&self, username: &str) -> Cookie<'static> {
        let device = random_hex::<16>();
        let value = format!("{device}{}", self.proof(&device, username));
        let mut cookie = cookie::ours(self.name, value, self.is_secure);
        cookie.set_max_age(AGE);
        cookie
    }

    /// Number of the device, when the cookie's value is genuine and of that user.
    pub fn known<'c>(&self, value: Option<&'c str>, username: &str) -> Option<&'c str> {
        let (device, proof) = value?.split_at_checked(32)?;
        let is_genuine = is_hex::<16>(device) && is_same(proof, &self.proof(device, username));
        is_genuine.then_some(device)
    }

    fn proof(&self, device: &str, username: &str) -> String {
        self.key.mac_hex(&[device, &username_key(username)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::keys;

    #[test]
    fn a_device_is_known_by_its_own_user_only() {
        let devices = Devices::new(&keys(), true);
        let cookie = devices.cookie("Ada");
        assert_eq!(cookie.name(), "__Host-maintenance_device");
        assert_eq!((cookie.http_only(), cookie.secure(), cookie.path()), (Some(true), Some(true), Some("/")));
        let value = cookie.value();
        assert_eq!(devices.known(Some(value), "ada"), Some(&value[..32]));
        assert_eq!(devices.known(Some(value), "bo"), None);
        for forged in ["", "é", &value[..95], &value[32..], &format!("{value}0"), &"0".repeat(96)] {
            assert_eq!(devices.known(Some(forged), "ada"), None, "{forged}");
        }
        assert_eq!(devices.known(None, "ada"), None);
        assert_ne!(devices.cookie("Ada").value(), value);
    }
}
