//! The master secret and the keys made from it, one for each purpose.

use std::sync::Arc;

use actix_web::cookie;
use arc_swap::ArcSwapOption;
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256, Sha512};

use crate::storage::{Store, StoreError};

/// Name of the master secret in the database.
const MASTER_SECRET: &str = "master";

/// Keeps these keys apart from those that another program makes from the same `SECRET_KEY`.
const SALT: &[u8] = b"maintenance-mode";

/// Keys that all servers on one database share. Clones are of the same keys.
///
/// They are not known from the start when neither a setting nor the database nor a mirror has given the secret, and
/// they change when the database turns out to hold another one.
#[derive(Clone, Default)]
pub struct Keys {
    extracted: Arc<ArcSwapOption<Extracted>>,
}

/// The pseudo-random key of HKDF, RFC 5869 section 2.2.
struct Extracted([u8; 64]);

/// The master secret of a database, which is made once.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn master_secret(store: &Store) -> Result<String, StoreError> {
    match store.read(|reader| reader.secret(MASTER_SECRET))? {
        Some(secret) => Ok(secret),
        None => store.write(|writer| writer.secret_or_insert(MASTER_SECRET, random_hex::<32>)),
    }
}

impl Keys {
    /// Sets the secret that the keys are made from: the `SECRET_KEY` setting, else the master secret.
    pub fn set(&self, secret: &str) {
        let extracted = Extracted(hmac_sha512(SALT, &[secret.as_bytes()]));
        if self.extracted.load().as_ref().is_none_or(|known| known.0 != extracted.0) {
            self.extracted.store(Some(Arc::new(extracted)));
        }
    }

    /// Whether the secret is known.
    pub fn are_known(&self) -> bool {
        self.extracted.load().is_some()
    }

    /// The key for one purpose: HKDF with SHA-512, of which one block is 64 bytes. `None` while the secret is not
    /// known.
    pub fn derive(&self, purpose: &str) -> Option<[u8; 64]> {
        let extracted = self.extracted.load();
        Some(hmac_sha512(&extracted.as_ref()?.0, &[purpose.as_bytes(), &[1]]))
    }

    /// The key that the session cookie is encrypted with; `None` while the secret is not known.
    pub fn session_cookie(&self) -> Option<cookie::Key> {
        Some(cookie::Key::from(&self.derive("session cookie")?))
    }

    #[cfg(test)]
    pub(super) fn for_test() -> Self {
        let keys = Self::default();
        keys.set(&"k".repeat(32));
        keys
    }
}

/// A key for one purpose, as far as the secret is known. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PurposeKey {
    keys: Keys,
    purpose: &'static str,
}

impl PurposeKey {
    pub(crate) fn new(keys: &Keys, purpose: &'static str) -> Self {
        Self { keys: keys.clone(), purpose }
    }

    /// HMAC-SHA-256 of the parts in hexadecimal digits, see [`mac_hex`]. While the secret is not known, under a key
    /// that nobody has, so that nothing proves genuine.
    pub(crate) fn mac_hex(&self, parts: &[&str]) -> String {
        match self.keys.derive(self.purpose) {
            Some(key) => mac_hex(&key, parts),
            None => random_hex::<32>(),
        }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn hmac_sha512(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA-256 in hexadecimal digits. Each part is preceded by its length, so that no two lists of parts run
/// together into the same bytes.
pub(super) fn mac_hex(key: &[u8], parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    hex(&mac.finalize().into_bytes())
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// `N` random bytes in hexadecimal digits, from a generator that is fit for secrets.
pub(crate) fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    hex(&bytes)
}

/// Whether a text is `N` bytes in lower-case hexadecimal digits.
pub(crate) fn is_hex<const N: usize>(text: &str) -> bool {
    text.len() == 2 * N && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Compares two secrets in a time that does not tell where they differ.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(a.as_bytes(), b.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::store;

    #[test]
    fn the_secret_in_the_database_is_made_once() {
        let (_folder, store) = store();
        let first = master_secret(&store).unwrap();
        assert_eq!(first, master_secret(&store).unwrap());
        let kept = store.read(|reader| reader.secret(MASTER_SECRET)).unwrap().unwrap();
        assert!(is_hex::<32>(&kept) && kept == first);
    }

    #[test]
    fn keys_are_known_once_the_secret_is_and_all_clones_have_them() {
        let keys = Keys::default();
        let clone = keys.clone();
        let forms = PurposeKey::new(&keys, "form token");
        assert!(!clone.are_known() && clone.derive("x").is_none() && clone.session_cookie().is_none());
        assert_ne!(forms.mac_hex(&["a"]), forms.mac_hex(&["a"]), "nothing proves genuine without a key");
        keys.set("one secret");
        assert!(clone.are_known());
        let one = (clone.derive("x"), forms.mac_hex(&["a"]));
        assert_eq!(forms.mac_hex(&["a"]), one.1);
        keys.set("another secret");
        assert!(clone.derive("x") != one.0 && forms.mac_hex(&["a"]) != one.1);
    }

    #[test]
    fn each_purpose_has_its_own_key_and_none_is_shown() {
        let keys = Keys::for_test();
        assert_ne!(keys.derive("csrf"), keys.derive("device"));
        assert_eq!(keys.session_cookie().unwrap().master(), keys.derive("session cookie").unwrap());
        assert_eq!(format!("{keys:?}"), "[redacted]");
    }

    #[test]
    fn keys_are_those_of_hkdf() {
        // RFC 5869 with SHA-512, computed with Python's hmac: salt "maintenance-mode", key "k" * 32, info "csrf".
        let keys = Keys::for_test();
        assert_eq!(hex(&keys.derive("csrf").unwrap()[..8]), "b7e1975709a708a6");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(mac_hex(b"k", &["ab", "c"]), mac_hex(b"k", &["a", "bc"]));
        assert_eq!(hex(&[0, 15, 255]), "000fff");
        assert!(is_same("ab", "ab") && !is_same("ab", "ac") && !is_same("ab", "abc"));
        assert!(is_hex::<1>("0f") && !is_hex::<1>("0F") && !is_hex::<1>("0f0"));
    }
}
