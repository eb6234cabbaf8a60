//! The master secret and the keys made from it, one for each purpose.

use actix_web::cookie;
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256, Sha512};

use crate::storage::{Store, StoreError};

/// Name of the master secret in the database.
const MASTER_SECRET: &str = "master";

/// Keeps these keys apart from those that another program makes from the same `SECRET_KEY`.
const SALT: &[u8] = b"maintenance-mode";

/// Keys that all servers on one database share. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    /// The pseudo-random key of HKDF, RFC 5869 section 2.2.
    extracted: [u8; 64],
}

impl Keys {
    /// Keys from the `SECRET_KEY` setting, else from a secret in the database, which is made once.
    ///
    /// # Errors
    /// When the database does not answer; never when the setting is given.
    pub fn open(store: &Store, secret_key: Option<&str>) -> Result<Self, StoreError> {
        if let Some(secret) = secret_key {
            return Ok(Self::from_secret(secret.as_bytes()));
        }
        let kept = match store.read(|reader| reader.secret(MASTER_SECRET))? {
            Some(secret) => secret,
            None => store.write(|writer| writer.secret_or_insert(MASTER_SECRET, random_hex::<32>))?,
        };
        Ok(Self::from_secret(kept.as_bytes()))
    }

    #[cfg(test)]
    pub(super) fn for_test() -> Self {
        Self::from_secret(&[b'k'; 32])
    }

    fn from_secret(secret: &[u8]) -> Self {
        Self { extracted: hmac_sha512(SALT, &[secret]) }
    }

    /// The key for one purpose: HKDF with SHA-512, of which one block is 64 bytes.
    pub fn derive(&self, purpose: &str) -> [u8; 64] {
        hmac_sha512(&self.extracted, &[purpose.as_bytes(), &[1]])
    }

    /// The key that the session cookie is encrypted with.
    pub fn session_cookie(&self) -> cookie::Key {
        cookie::Key::from(&self.derive("session cookie"))
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
pub(super) fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    hex(&bytes)
}

/// Whether a text is `N` bytes in lower-case hexadecimal digits.
pub(super) fn is_hex<const N: usize>(text: &str) -> bool {
    text.len() == 2 * N && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Compares two secrets in a time that does not tell where they differ.
pub(super) fn is_same(a: &str, b: &str) -> bool {
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
        let first = Keys::open(&store, None).unwrap();
        let second = Keys::open(&store, None).unwrap();
        assert_eq!(first.derive("x"), second.derive("x"));
        let kept = store.read(|reader| reader.secret(MASTER_SECRET)).unwrap().unwrap();
        assert!(is_hex::<32>(&kept));
    }

    #[test]
    fn the_setting_wins_and_leaves_no_trace() {
        let (_folder, store) = store();
        let given = Keys::open(&store, Some("a secret of more than thirty-two characters")).unwrap();
        assert_eq!(store.read(|reader| reader.secret(MASTER_SECRET)).unwrap(), None);
        assert_ne!(given.derive("x"), Keys::open(&store, None).unwrap().derive("x"));
    }

    #[test]
    fn each_purpose_has_its_own_key_and_none_is_shown() {
        let (_folder, store) = store();
        let keys = Keys::open(&store, None).unwrap();
        assert_ne!(keys.derive("csrf"), keys.derive("device"));
        assert_eq!(keys.session_cookie().master(), keys.derive("session cookie"));
        assert_eq!(format!("{keys:?}"), "[redacted]");
    }

    #[test]
    fn keys_are_those_of_hkdf() {
        // RFC 5869 with SHA-512, computed with Python's hmac: salt "maintenance-mode", key "k" * 32, info "csrf".
        let keys = Keys::from_secret(&[b'k'; 32]);
        assert_eq!(hex(&keys.derive("csrf")[..8]), "b7e1975709a708a6");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(mac_hex(b"k", &["ab", "c"]), mac_hex(b"k", &["a", "bc"]));
        assert_eq!(hex(&[0, 15, 255]), "000fff");
        assert!(is_same("ab", "ab") && !is_same("ab", "ac") && !is_same("ab", "abc"));
        assert!(is_hex::<1>("0f") && !is_hex::<1>("0F") && !is_hex::<1>("0f0"));
    }
}
