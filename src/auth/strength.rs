//! Which new passwords are taken: 12 to 1,024 characters of any kind, but none that a guesser tries early.
//!
//! There are no rules about kinds of characters (NIST SP 800-63B, section 3.1.1.2). What is refused is what lists
//! of leaked passwords are full of: well-known phrases, one word with digits around it, rows of keys, repeats, and
//! what anybody knows about this panel: the user name, the site, the product.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

/// Fewest characters.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// Most characters; enough for any phrase, and hashing stays cheap.
pub const MAX_PASSWORD_CHARS: usize = 1_024;

/// A piece that is repeated makes no password, unless it is longer than this.
const LONGEST_REPEATED: usize = 8;

/// Characters that must be left of a password when its guessable words and its digits are taken out.
const FEWEST_OWN_CHARS: usize = 4;

/// Characters of a name or word from which it counts as guessable within a password.
const SHORTEST_WORD: usize = 3;

/// Well-known passwords of twelve characters and more, one a line, in lower case, letters and digits only.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Words that most of the commonest passwords are made of.
const WORDS: &str = "\
    administrator administrateur maintenancemode maintenance contrasena motdepasse wachtwoord passwort password \
    passwrd passwd kennwort changeme letmein iloveyou superman superuser sunshine princess football baseball \
    starwars trustno whatever computer internet database security default welcome charlie michael jessica ashley \
    freedom shadow master monkey dragon hunter killer secret server summer winter spring autumn batman pokemon \
    login admin hello staff guest django access website qwerty azerty qwertz asdfgh zxcvbn qazwsx pass root user \
    test site mode abc qwe asd";

/// Rows of neighbours: the alphabet, the digits, the keys of a keyboard by row and by column.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopü",
    "asdfghjklöä",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "!@#$%^&*()_+",
    "!\"§$%&/()=?",
];

/// What is known about the account and is therefore guessed first.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Log-in name; empty when there is none yet.
    pub username: &'a str,
    /// Domains and names of the sites.
    pub sites: &'a [&'a str],
}

/// A password that may be set, composed (NFKC). Never shown.
#[derive(Clone)]
pub struct NewPassword(String);

impl NewPassword {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why a new password is refused; in words for the form field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakPassword {
    /// Fewer than [`MIN_PASSWORD_CHARS`].
    #[error("must have at least {MIN_PASSWORD_CHARS} characters; a few words are easy to remember")]
    TooShort,
    /// More than [`MAX_PASSWORD_CHARS`].
    #[error("must have at most {MAX_PASSWORD_CHARS} characters")]
    TooLong,
    /// On the list, or a common word with digits around it.
    #[error("is one of the passwords that are tried first; choose a few words that do not belong together")]
    Common,
    /// Neighbours on the keyboard, in the alphabet or among the digits.
    #[error("is a row of keys; choose a few words that do not belong together")]
    Row,
    /// A short piece over and over.
    #[error("repeats one piece; choose a few words that do not belong together")]
    Repeat,
    /// Little else than the user name.
    #[error("must not be made of the user name")]
    Username,
    /// Little else than the name of a site.
    #[error("must not be made of the name of a site")]
    Site,
}

/// Checks a new password.
///
/// # Errors
/// The first reason against it.
pub fn check(password: &str, about: &About<'_>) -> Result<NewPassword, WeakPassword> {
    // Composing can make a text longer: looked at before, so that a huge one costs nothing.
    if password.len() > 4 * MAX_PASSWORD_CHARS {
        return Err(WeakPassword::TooLong);
    }
    let password = normalised(password);
    match password.chars().count() {
        ..MIN_PASSWORD_CHARS => return Err(WeakPassword::TooShort),
        count if count > MAX_PASSWORD_CHARS => return Err(WeakPassword::TooLong),
        _ => {}
    }
    let folded = normalised(&password).to_lowercase();
    let plain = without_disguise(&folded);
    for text in [&folded, &plain] {
        refuse_guessable(text, about)?;
    }
    Ok(NewPassword(password))
}

fn refuse_guessable(text: &str, about: &About<'_>) -> Result<(), WeakPassword> {
    let chars: Vec<char> = text.chars().collect();
    let squeezed: String = chars.iter().filter(|c| c.is_alphanumeric()).collect();
    if is_repeat(&chars) {
        return Err(WeakPassword::Repeat);
    }
    if is_row(&chars) {
        return Err(WeakPassword::Row);
    }
    if COMMON.contains(squeezed.as_str()) || is_made_of(text, WORDS.split_whitespace()) {
        return Err(WeakPassword::Common);
    }
    let username = crate::user::username_key(about.username);
    if is_made_of(text, pieces(&username).chain(WORDS.split_whitespace())) {
        return Err(WeakPassword::Username);
    }
    let sites = about.sites.join(" ").to_lowercase();
    if is_made_of(text, pieces(&username).chain(pieces(&sites)).chain(WORDS.split_whitespace())) {
        return Err(WeakPassword::Site);
    }
    Ok(())
}

/// A name and its parts: `ada.lovelace`, `ada`, `lovelace`.
fn pieces(name: &str) -> impl Iterator<Item = &str> {
    let words = name.split_whitespace();
    words.clone().chain(words.flat_map(|word| word.split(|c: char| !c.is_alphanumeric())))
}

/// Whether fewer than [`FEWEST_OWN_CHARS`] letters are left when the words are taken out.
fn is_made_of<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> bool {
    let mut words: Vec<&str> = words.filter(|word| word.chars().count() >= SHORTEST_WORD).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = text.to_owned();
    let mut is_guessable = false;
    for word in words {
        if rest.contains(word) {
            // Something stays in its place, or the halves around it could make a word that was never typed.
            rest = rest.replace(word, " ");
            is_guessable = true;
        }
    }
    let own = rest.chars().filter(|c| c.is_alphabetic()).count();
    let is_bare = !text.chars().any(char::is_alphabetic) && distinct(text) <= FEWEST_OWN_CHARS;
    is_bare || (is_guessable && own < FEWEST_OWN_CHARS)
}

fn distinct(text: &str) -> usize {
    text.chars().collect::<HashSet<_>>().len()
}

/// Undoes the usual disguises: `p@ssw0rd` is `password`.
fn without_disguise(folded: &str) -> String {
    let plain = |c| match c {
        '@' | '4' => 'a',
        '3' | '€' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' | '+' => 't',
        other => other,
    };
    folded.chars().map(plain).collect()
}

/// Whether a short piece is all there is, twice or more, perhaps cut off at the end.
fn is_repeat(chars: &[char]) -> bool {
    (1..=LONGEST_REPEATED.min(chars.len() / 2)).any(|length| chars.iter().zip(&chars[length..]).all(|(a, b)| a == b))
}

/// Whether the text is a few walks along [`ROWS`], each of three keys or more on average.
fn is_row(chars: &[char]) -> bool {
    static ROW_CHARS: LazyLock<Vec<Vec<char>>> =
        LazyLock::new(|| ROWS.iter().map(|row| row.chars().collect()).collect());
    let mut walks = 0;
    let mut at = 0;
    while at < chars.len() {
        let longest = ROW_CHARS.iter().map(|row| walk(row, &chars[at..])).max();
        at += longest.unwrap_or(1).max(1);
        walks += 1;
    }
    walks * 3 <= chars.len()
}

/// How many characters from the start go along a row, forwards, backwards or in place.
fn walk(row: &[char], chars: &[char]) -> usize {
    let starts = row.iter().enumerate().filter(|(_, key)| Some(*key) == chars.first()).map(|(at, _)| at);
    let go = |start: usize, step: isize| {
        let mut at = start;
        let mut length = 1;
        for key in &chars[1..] {
            let next = at.checked_add_signed(step).filter(|next| row.get(*next) == Some(key));
            match next {
                Some(next) => at = next,
                None if row[at] == *key => {}
                None => break,
            }
            length += 1;
        }
        length
    };
    starts.flat_map(|start| [go(start, 1), go(start, -1)]).max().unwrap_or(0)
}

/// The form in which a password is hashed: composed (NFKC), so that the same keys on another machine match.
pub(super) fn normalised(password: &str) -> String {
    password.nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(password: &str) -> Option<WeakPassword> {
        let about = About { username: "Ada.Lovelace", sites: &["forum.example.com", "The Forum"] };
        check(password, &about).err()
    }

    #[test]
    fn ordinary_phrases_are_taken() {
        for good in [
            "clear water runs",
            "correct ferry battery paper",
            "8 Hühner im Garten",
            "vier kleine baeume",
            "パスワードではない文章です",
            "xK7#pQ2!mZ9v",
            "tr0ub4dor&3xyz",
            "grandmother-bicycle",
            "my dog eats slippers",
            "the quiet admin reads",
            "4916028375924186",
            &"long phrase of many words ".repeat(40).trim_end()[..1024],
        ] {
            assert_eq!(refusal(good), None, "{good}");
        }
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        use WeakPassword::{Common, Repeat, Row, Site, TooLong, TooShort, Username};
        for (password, reason) in [
            ("", TooShort),
            ("eleven char", TooShort),
            ("aaaaaaaaaaaa", Repeat),
            ("abababababab", Repeat),
            ("passwordpassword", Repeat),
            ("1234512345123", Repeat),
            ("123456789012", Row),
            ("098765432109", Row),
            ("abcdefghijkl", Row),
            ("qwertyuiop[]", Row),
            ("qwertyuiopasdf", Row),
            ("poiuytrewqlkj", Row),
            ("1qaz2wsx3edc", Row),
            ("1q2w3e4r5t6y", Row),
            ("asdfghjkl123", Row),
            ("111222333444", Row),
            ("Password1234", Common),
            ("P@ssw0rd2026!", Common),
            ("adminadmin12", Common),
            ("Welcome2026!!", Common),
            ("maintenance-mode", Common),
            ("Maintenance2026", Common),
            ("correct horse battery staple", Common),
            ("letmein-please", Common),
            ("121221121212", Common),
            ("ada.lovelace", Username),
            ("AdaLovelace1815", Username),
            ("lovelace-password", Username),
            ("forum.example.com", Site),
            ("theforum2026!", Site),
            ("Ada@forum.example", Site),
            (&"x1y2".repeat(600), TooLong),
            (&"z".repeat(5000), TooLong),
        ] {
            assert_eq!(refusal(password), Some(reason), "{password}");
        }
    }

    #[test]
    fn length_is_counted_in_composed_characters() {
        // Eleven letters, one of them typed as letter and accent.
        assert_eq!(refusal("cafe\u{301} mit tee"), None);
        assert_eq!(refusal("cafe\u{301} am fluss"), None);
        assert_eq!(refusal("cafe\u{301} am see"), Some(WeakPassword::TooShort));
    }

    #[test]
    fn every_listed_password_is_of_a_length_that_could_be_set() {
        assert!(COMMON.len() >= 300, "{}", COMMON.len());
        for line in COMMON.iter() {
            assert!(line.chars().count() >= MIN_PASSWORD_CHARS, "{line} is refused anyhow");
            assert_eq!(*line, line.to_lowercase(), "{line}");
            assert!(line.chars().all(char::is_alphanumeric), "{line}");
            assert!(refusal(line).is_some(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn checking_never_panics_and_what_is_taken_has_the_right_length(text in any::<String>(), name in any::<String>()) {
            let about = About { username: &name, sites: &[&name] };
            if let Ok(password) = check(&text, &about) {
                let chars = password.expose().chars().count();
                prop_assert!((MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&chars));
            }
        }

        #[test]
        fn a_short_piece_over_and_over_is_always_refused(piece in "[a-zA-Z0-9 .!é]{1,8}", times in 12usize..40) {
            prop_assert!(check(&piece.repeat(times), &About::default()).is_err());
        }
    }
}
