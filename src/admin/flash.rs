//! What the last action did, told on the next page. Kept in the session, shown once.

use actix_session::Session;

use super::page::{Flash, FlashLevel, Link};

/// Name of the entry in the session.
const ENTRY: &str = "flash";

impl Flash {
    /// Something is done.
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self { level: FlashLevel::Done, text: text.into(), ..Self::default() }
    }

    /// Something to know, such as that nothing changed.
    pub(super) fn note(text: impl Into<String>) -> Self {
        Self { level: FlashLevel::Note, text: text.into(), ..Self::default() }
    }

    /// The same with the changes that one click takes back.
    #[must_use]
    pub(super) fn with_undo(mut self, revisions: impl IntoIterator<Item = i64>, back: &str) -> Self {
        self.undo = revisions.into_iter().collect();
        self.back = back.to_owned();
        self
    }

    /// The same with a further link.
    #[must_use]
    pub(super) fn with_link(mut self, label: &str, href: String) -> Self {
        self.links.push(Link { label: label.to_owned(), href });
        self
    }

    /// Keeps it for the next page.
    pub(super) fn keep(&self, session: &Session) {
        if let Err(error) = session.insert(ENTRY, self) {
            log::warn!("A message for the next page could not be kept: {error}");
        }
    }
}

/// Takes what the last action has left.
///
/// A session without a message stays untouched, because every touch is written to the database.
pub(super) fn take(session: &Session) -> Option<Flash> {
    if !session.entries().contains_key(ENTRY) {
        return None;
    }
    session.remove_as::<Flash>(ENTRY).and_then(Result::ok)
}
