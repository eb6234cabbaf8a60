//! What the 503 page says: one message per language, inline on the record of a site.

use serde::{Deserialize, Serialize};

use crate::language::{self, LanguageError};

/// Most characters of a heading.
pub const MAX_HEADING: usize = 200;
/// Most bytes of a text; with the page around it that stays within 8 KB.
pub const MAX_BODY: usize = 4_800;
/// Most characters of a contact.
pub const MAX_CONTACT: usize = 200;
/// Most characters of the words of the extra link.
pub const MAX_LINK_LABEL: usize = 100;
/// Most characters of the address of the extra link.
pub const MAX_LINK_URL: usize = 500;

/// One language's message. Empty texts fall back to the built-in wording of that language.
///
/// All texts are plain: a blank line is a new paragraph, addresses become links, and `{end}`, `{site}` and
/// `{contact}` are filled in. Everything is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Language tag in canonical case (BCP 47), for example `en`, `de`, `pt-BR`.
    pub language: String,
    /// Heading of the page; at most 200 characters.
    pub heading: String,
    /// Text of the page; at most 4,800 bytes.
    pub body: String,
    /// How to reach somebody: an e-mail or web address or a phone number; at most 200 characters.
    pub contact: String,
    /// Words of the extra link, for example `Status page`; at most 100 characters.
    pub link_label: String,
    /// Address of the extra link: http, https or mailto; at most 500 characters.
    pub link_url: String,
}

/// A field of a [`Message`], named as in a form and in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// `language`
    Language,
    /// `heading`
    Heading,
    /// `body`
    Body,
    /// `contact`
    Contact,
    /// `link_label`
    LinkLabel,
    /// `link_url`
    LinkUrl,
}

impl Field {
    /// The field's name in a form and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Heading => "heading",
            Self::Body => "body",
            Self::Contact => "contact",
            Self::LinkLabel => "link_label",
            Self::LinkUrl => "link_url",
        }
    }
}

/// Why a field of a message is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The language is missing or no tag.
    #[error(transparent)]
    Language(#[from] LanguageError),
    /// Longer than the field takes.
    #[error("this has {length} {unit}; at most {max} are possible")]
    TooLong {
        /// What it has.
        length: usize,
        /// What is possible.
        max: usize,
        /// `characters` or `bytes`.
        unit: &'static str,
    },
    /// A control character, or a line end where there is one line.
    #[error("this has a control character (U+{code:04X}) at character {position}")]
    ControlCharacter {
        /// The character's number.
        code: u32,
        /// Where it stands, counted from 1.
        position: usize,
    },
    /// A label without an address.
    #[error("the link needs an address")]
    LinkWithoutAddress,
    /// An address that is not http, https or mailto, or not whole.
    #[error("`{url}` cannot be linked; begin with https://, http:// or mailto:")]
    LinkAddress {
        /// The address as given.
        url: String,
    },
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {error}", field.as_str())]
pub struct FieldError {
    /// The field.
    pub field: Field,
    /// What is wrong with it, in words for the field.
    pub error: MessageError,
}

impl Message {
    /// The message as it is kept: line ends are `\n`, tabs blanks, nothing blank around a text, the language in
    /// canonical case if it is a tag. Do this before [`Message::validate`], as browsers send `\r\n`.
    pub fn cleaned(self) -> Self {
        let clean =
            |text: String| text.replace("\r\n", "\n").replace(['\r'], "\n").replace('\t', " ").trim().to_owned();
        Self {
            language: language::canonical(&self.language).unwrap_or_else(|_| clean(self.language)),
            heading: clean(self.heading),
            body: clean(self.body),
            contact: clean(self.contact),
            link_label: clean(self.link_label),
            link_url: clean(self.link_url),
        }
    }

    /// Whether it has words of its own, rather than only a contact or a link.
    pub fn has_text(&self) -> bool {
        !self.heading.trim().is_empty() || !self.body.trim().is_empty()
    }

    /// Whether everything but the language is empty.
    pub fn is_blank(&self) -> bool {
        !self.has_text()
            && [&self.contact, &self.link_label, &self.link_url].into_iter().all(|text| text.trim().is_empty())
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// One error for each field that is wrong, in the order of the form.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let language = match language::canonical(&self.language) {
            Ok(tag) if tag != self.language => Err(LanguageError::Syntax { tag: self.language.clone() }.into()),
            checked => checked.map(drop).map_err(MessageError::from),
        };
        let checks = [
            (Field::Language, language),
            (Field::Heading, line(&self.heading, MAX_HEADING)),
            (Field::Body, text(&self.body)),
            (Field::Contact, line(&self.contact, MAX_CONTACT)),
            (Field::LinkLabel, line(&self.link_label, MAX_LINK_LABEL)),
            (Field::LinkUrl, self.link()),
        ];
        let failed = checks.into_iter().filter_map(|(field, check)| Some(FieldError { field, error: check.err()? }));
        let errors: Vec<_> = failed.collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn link(&self) -> Result<(), MessageError> {
        let url = &self.link_url;
        if url.is_empty() {
            return if self.link_label.trim().is_empty() { Ok(()) } else { Err(MessageError::LinkWithoutAddress) };
        }
        line(url, MAX_LINK_URL)?;
        if is_linkable(url) { Ok(()) } else { Err(MessageError::LinkAddress { url: url.clone() }) }
    }
}

/// Whether an address may be linked: http or https with a host, or mailto with an address; no blanks in it.
pub fn is_linkable(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else {
        return false;
    };
    let is_clean =
        !url.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '`'));
    let is_whole = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            rest.strip_prefix("//").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
        }
        "mailto" => rest.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()),
        _ => false,
    };
    is_clean && is_whole
}

fn line(value: &str, max: usize) -> Result<(), MessageError> {
    let length = value.chars().count();
    if length > max {
        return Err(MessageError::TooLong { length, max, unit: "characters" });
    }
    no_control(value, |_| false)
}

fn text(value: &str) -> Result<(), MessageError> {
    if value.len() > MAX_BODY {
        return Err(MessageError::TooLong { length: value.len(), max: MAX_BODY, unit: "bytes" });
    }
    no_control(value, |character| character == '\n')
}

fn no_control(value: &str, allowed: impl Fn(char) -> bool) -> Result<(), MessageError> {
    let is_refused = |(_, character): &(usize, char)| character.is_control() && !allowed(*character);
    match value.chars().enumerate().find(is_refused) {
        Some((place, character)) => {
            Err(MessageError::ControlCharacter { code: u32::from(character), position: place + 1 })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn english() -> Message {
        Message { language: "en".to_owned(), ..Message::default() }
    }

    fn refused(message: &Message) -> Vec<Field> {
        message.validate().err().into_iter().flatten().map(|error| error.field).collect()
    }

    #[test]
    fn a_message_of_a_language_alone_is_fine() {
        assert_eq!(english().validate(), Ok(()));
        assert!(english().is_blank());
    }

    #[test]
    fn each_field_has_its_limit() {
        let at_limit = Message {
            heading: "ä".repeat(MAX_HEADING),
            body: "a".repeat(MAX_BODY),
            contact: "ä".repeat(MAX_CONTACT),
            link_label: "ä".repeat(MAX_LINK_LABEL),
            link_url: format!("https://{}", "a".repeat(MAX_LINK_URL - 8)),
            ..english()
        };
        assert_eq!(at_limit.validate(), Ok(()));
        let beyond = Message {
            heading: at_limit.heading + "a",
            body: at_limit.body + "a",
            contact: at_limit.contact + "a",
            link_label: at_limit.link_label + "a",
            link_url: at_limit.link_url + "a",
            ..english()
        };
        assert_eq!(refused(&beyond), [Field::Heading, Field::Body, Field::Contact, Field::LinkLabel, Field::LinkUrl]);
    }

    #[test]
    fn the_language_is_needed_and_must_be_canonical() {
        for language in ["", "english", "EN", "de_CH"] {
            assert_eq!(
                refused(&Message { language: language.to_owned(), ..english() }),
                [Field::Language],
                "{language}"
            );
        }
        assert_eq!(Message { language: "de_CH".to_owned(), ..english() }.cleaned().language, "de-CH");
    }

    #[test]
    fn control_characters_are_refused_and_line_ends_kept_in_the_text_only() {
        assert_eq!(Message { body: "a\nb".to_owned(), ..english() }.validate(), Ok(()));
        assert_eq!(refused(&Message { heading: "a\nb".to_owned(), ..english() }), [Field::Heading]);
        let error = Message { body: "ab\0".to_owned(), ..english() }.validate().unwrap_err().remove(0);
        assert_eq!(error.to_string(), "body: this has a control character (U+0000) at character 3");
    }

    #[test]
    fn cleaning_makes_what_a_browser_sends_valid() {
        let typed = Message { body: " a\r\n\r\nb\tc ".to_owned(), ..english() };
        assert_eq!(typed.cleaned().body, "a\n\nb c");
    }

    #[test]
    fn only_addresses_that_are_safe_to_follow_are_linked() {
        let fine = ["https://status.example.com", "HTTP://a", "http://[::1]/", "mailto:a@b", "https://例え.jp/"];
        let bad = [
            "javascript:alert(1)",
            "java\tscript:x",
            "data:text/html,x",
            "//example.com",
            "/status",
            "example.com",
            "https://",
            "https:///x",
            "https://a b",
            "https://a\"b",
            "ftp://a",
            "mailto:",
            "mailto:@b",
            "mailto:a@",
            " https://a",
        ];
        for (url, expected) in fine.into_iter().map(|url| (url, true)).chain(bad.into_iter().map(|url| (url, false))) {
            let message = Message { link_url: url.to_owned(), ..english() };
            assert_eq!(message.validate().is_ok(), expected, "{url:?}");
        }
    }

    #[test]
    fn a_label_needs_an_address_and_an_address_no_label() {
        assert_eq!(refused(&Message { link_label: "Status".to_owned(), ..english() }), [Field::LinkUrl]);
        assert_eq!(refused(&Message { link_url: "https://a".to_owned(), ..english() }), []);
    }

    proptest! {
        #[test]
        fn any_message_is_checked_and_cleaning_is_done_once(body in any::<String>(), language in any::<String>(), link_url in any::<String>()) {
            let message = Message { language, body, link_url, ..Message::default() };
            let _ = message.validate();
            let cleaned = message.cleaned();
            prop_assert_eq!(cleaned.clone().cleaned(), cleaned);
        }
    }
}
