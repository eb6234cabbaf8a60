//! What the 503 page says: one message per language, inline on the record of a site.

use serde::{Deserialize, Serialize};

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
    /// Text of the page; at most 5,000 bytes.
    pub body: String,
    /// How to reach somebody: an e-mail or web address or a phone number; at most 200 characters.
    pub contact: String,
    /// Words of the extra link, for example `Status page`; at most 100 characters.
    pub link_label: String,
    /// Address of the extra link: http, https or mailto; at most 500 characters.
    pub link_url: String,
}
