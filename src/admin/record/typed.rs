//! The form of a site as it was typed, or as it begins.
//!
//! Nothing is lost by what is missing: a row that was not sent at all stays as it is stored, unless the form is older
//! than that, and so does the text of a field. Within a row that was sent, a missing kind is a regex, and any other
//! missing text is empty.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::end;
use crate::admin::draining::Mode;
use crate::admin::fields::{Fields, Row};
use crate::maintenance::{AtEnd, Level};
use crate::message::Message;
use crate::network::InternalNetwork;
use crate::pattern::PatternKind;
use crate::record::SiteRecord;

/// What the button says that sent the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Button {
    /// *Save*, and Enter in any field: saves and shows the sites.
    #[default]
    Save,
    /// *Save and continue editing*.
    Continue,
    /// *Check without saving*.
    Check,
}

/// What becomes of windows and leases when the box is unticked while they hold the site closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Others {
    /// Not said yet: it is asked.
    #[default]
    Ask,
    /// They go on.
    Keep,
    /// They are ended as well.
    End,
}

impl Others {
    /// The word in the form; empty for [`Others::Ask`].
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "",
            Self::Keep => "keep",
            Self::End => "end",
        }
    }

    fn parse(word: &str) -> Self {
        [Self::Keep, Self::End].into_iter().find(|it| it.as_str() == word).unwrap_or_default()
    }
}

/// Everything in the form.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    /// Revision that the form was read at. Zero, which is older than any, when it was not sent.
    pub(super) revision: i64,
    /// Which button.
    pub(super) button: Button,
    /// Token of the warnings that are confirmed; empty for none.
    pub(super) confirm: String,
    /// The box.
    pub(super) in_maintenance: bool,
    /// Whether those at work may finish before it closes.
    pub(super) mode: Mode,
    /// Whether it closes for writing only.
    pub(super) read_only: bool,
    /// What becomes of the rest when it is unticked.
    pub(super) others: Others,
    /// Domain, to start maintenance on a protected site.
    pub(super) typed_domain: String,
    /// Expected end as text.
    pub(super) expected_end: String,
    /// What happens then, as a word.
    pub(super) at_end: String,
    /// Where visitors are sent instead.
    pub(super) redirect_url: String,
    /// Seconds of `Retry-After`, as text.
    pub(super) retry_after: String,
    /// Messages by the numbers of their rows.
    pub(super) messages: BTreeMap<usize, TypedMessage>,
    /// Ignored patterns by the numbers of their rows.
    pub(super) patterns: BTreeMap<usize, TypedPattern>,
    /// Addresses by the numbers of their rows.
    pub(super) networks: BTreeMap<usize, TypedNetwork>,
    /// What the tester was asked last.
    pub(super) test: TypedTest,
}

/// A row of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TypedMessage {
    /// The texts as typed.
    pub(super) message: Message,
    /// Whether it is to go.
    pub(super) delete: bool,
}

/// A row of an ignored pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypedPattern {
    /// Kind as a word.
    pub(super) kind: String,
    /// The pattern.
    pub(super) pattern: String,
    /// What it is for.
    pub(super) description: String,
    /// Whether it is to go.
    pub(super) delete: bool,
}

/// A row of an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TypedNetwork {
    /// Address or network.
    pub(super) network: String,
    /// What it is.
    pub(super) description: String,
    /// Whether it is to go.
    pub(super) delete: bool,
}

/// The questions of the tester.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TypedTest {
    /// Address or path.
    pub(super) target: String,
    /// Method; empty for GET.
    pub(super) method: String,
    /// Client address; empty for the user's own.
    pub(super) ip: String,
    /// User name; empty for a visitor.
    pub(super) user: String,
    /// Whether it was asked at all.
    pub(super) is_asked: bool,
}

impl Typed {
    /// The form as it begins: what is stored. A site without messages begins with a row in `language`.
    pub(super) fn stored(record: &SiteRecord, zone: &TimeZone, language: &str, now: Timestamp) -> Self {
        let maintenance = &record.maintenance;
        // A box that has let go at its expected end is shown as it acts.
        let is_ticked = maintenance.box_holds(now);
        let expected_end = maintenance.expected_end.filter(|_| is_ticked);
        let read_only = is_ticked && maintenance.level == Level::ReadOnly;
        let at_end = if is_ticked { maintenance.at_end } else { AtEnd::default() };
        let mut messages: BTreeMap<_, _> = record.messages.iter().map(TypedMessage::of).enumerate().collect();
        if messages.is_empty() {
            messages.insert(0, TypedMessage::of(&Message { language: language.to_owned(), ..Message::default() }));
        }
        Self {
            in_maintenance: is_ticked,
            read_only,
            expected_end: expected_end.map(|at| end::text_of(at, zone)).unwrap_or_default(),
            at_end: at_end.as_str().to_owned(),
            redirect_url: maintenance.redirect_url.clone().unwrap_or_default(),
            retry_after: maintenance.retry_after.map(|seconds| seconds.to_string()).unwrap_or_default(),
            messages,
            patterns: record.patterns.iter().map(TypedPattern::of).enumerate().collect(),
            networks: record.networks.iter().map(TypedNetwork::of).enumerate().collect(),
            ..Self::default()
        }
    }

    /// What was sent, over what is stored.
    pub(super) fn sent(self, fields: &Fields) -> Self {
        let known = self.revision;
        let text = |name: &str, stored: String| fields.get(name).map_or(stored, str::to_owned);
        let bare = |name: &str| {
            let text = fields.text(name).trim();
            text.strip_suffix(CONTINUE).map_or((text, false), |text| (text, true))
        };
        let ((confirm, is_confirmed), (others, is_answered)) = (bare("confirm"), bare("others"));
        let (is_continue, confirm) = (is_confirmed || is_answered, confirm.to_owned());
        let button = match fields.text("action") {
            "check" => Button::Check,
            "continue" => Button::Continue,
            _ if is_continue => Button::Continue,
            _ => Button::Save,
        };
        let mut typed = Self {
            revision: fields.text("revision").trim().parse().unwrap_or(0),
            button,
            confirm,
            in_maintenance: fields.is_ticked("in_maintenance"),
            mode: Mode::sent(fields),
            read_only: fields.is_ticked("read_only"),
            others: Others::parse(others),
            typed_domain: fields.text("typed_domain").to_owned(),
            expected_end: text("expected_end", self.expected_end),
            // Nobody is let in by a clock because a field was missing.
            at_end: text("at_end", AtEnd::Remind.as_str().to_owned()),
            redirect_url: text("redirect_url", self.redirect_url),
            retry_after: text("retry_after", self.retry_after),
            test: TypedTest::repeated(fields),
            ..self
        };
        let (messages, patterns, networks) =
            (fields.rows("messages"), fields.rows("patterns"), fields.rows("networks"));
        let languages: BTreeMap<usize, String> =
            typed.messages.iter().map(|(number, row)| (*number, row.message.language.clone())).collect();
        if typed.revision < known {
            // The numbers of an older form are those of other rows: what is shown as typed is what was sent.
            (typed.messages, typed.patterns, typed.networks) = Default::default();
        }
        for (number, row) in messages {
            let stored = languages.get(&number).cloned().unwrap_or_default();
            typed.messages.insert(number, TypedMessage::sent(&row, stored));
        }
        for (number, row) in patterns {
            typed.patterns.insert(number, TypedPattern::sent(&row));
        }
        for (number, row) in networks {
            typed.networks.insert(number, TypedNetwork::sent(&row));
        }
        typed
    }
}

/// What is put behind the token by which warnings are confirmed, or behind the answer about the rest, when *Save and
/// continue editing* was pressed.
pub(super) const CONTINUE: &str = "-continue";

impl TypedMessage {
    fn of(message: &Message) -> Self {
        Self { message: message.clone(), delete: false }
    }

    fn sent(row: &Row<'_>, language: String) -> Self {
        let message = Message {
            language: row.get("language").map_or(language, str::to_owned),
            heading: row.text("heading"),
            body: row.text("body"),
            contact: row.text("contact"),
            link_label: row.text("link_label"),
            link_url: row.text("link_url"),
        };
        Self { message, delete: row.is_ticked("delete") }
    }
}

impl TypedPattern {
    fn of(row: &crate::pattern::IgnoredPattern) -> Self {
        Self {
            kind: row.kind.as_str().to_owned(),
            pattern: row.pattern.clone(),
            description: row.description.clone(),
            delete: false,
        }
    }

    fn sent(row: &Row<'_>) -> Self {
        Self {
            kind: row.get("kind").unwrap_or(PatternKind::default().as_str()).to_owned(),
            pattern: row.text("pattern"),
            description: row.text("description"),
            delete: row.is_ticked("delete"),
        }
    }

    /// A row to fill in.
    pub(super) fn blank() -> Self {
        Self::sent(&Row::default())
    }

    /// Whether nothing was typed into it.
    pub(super) fn is_blank(&self) -> bool {
        self.pattern.trim().is_empty() && self.description.trim().is_empty()
    }
}

impl TypedNetwork {
    fn of(row: &InternalNetwork) -> Self {
        Self { network: network_text(row), description: row.description.clone(), delete: false }
    }

    fn sent(row: &Row<'_>) -> Self {
        Self { network: row.text("network"), description: row.text("description"), delete: row.is_ticked("delete") }
    }

    /// Whether nothing was typed into it.
    pub(super) fn is_blank(&self) -> bool {
        self.network.trim().is_empty() && self.description.trim().is_empty()
    }
}

/// A network as people write it: one address without its length.
pub(super) fn network_text(row: &InternalNetwork) -> String {
    let network = row.network;
    if network.prefix_len() == network.max_prefix_len() { network.addr().to_string() } else { network.to_string() }
}

impl TypedTest {
    /// The questions of the tester's own form, in the address of the page.
    pub(super) fn asked(query: &Fields) -> Self {
        let text = |name: &str| query.text(name).trim().to_owned();
        let is_asked = ["target", "method", "ip", "as"].iter().any(|name| query.get(name).is_some());
        Self { target: text("target"), method: text("method"), ip: text("ip"), user: text("as"), is_asked }
    }

    /// The last questions, repeated with what is typed.
    fn repeated(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(&format!("test[{name}]")).trim().to_owned();
        Self {
            target: text("target"),
            method: text("method"),
            ip: text("ip"),
            user: text("as"),
            is_asked: fields.is_ticked("test[asked]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::record::tests::a_record;

    fn typed(text: &str) -> Typed {
        let now = "2026-11-21T03:12:04Z".parse().unwrap();
        Typed::stored(&a_record(), &TimeZone::UTC, "en", now).sent(&Fields::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn rows_that_were_not_sent_stay_and_texts_missing_in_a_row_are_empty() {
        let typed = typed("in_maintenance=on&patterns[1][pattern]=^a&patterns[7][pattern]=^b&patterns[7][kind]=exact");
        let rows: Vec<_> =
            typed.patterns.iter().map(|(n, row)| (*n, row.kind.as_str(), row.pattern.as_str())).collect();
        assert_eq!(rows, [(0, "regex", "^health/"), (1, "regex", "^a"), (7, "exact", "^b")]);
        assert_eq!(typed.patterns[&0].description, "Probe");
        assert_eq!(typed.patterns[&1].description, "");
        assert_eq!((typed.messages.len(), typed.networks.len()), (2, 1));
        assert_eq!(typed.redirect_url, "/down");
    }

    #[test]
    fn an_older_form_has_the_rows_that_were_sent_and_no_others() {
        let now = "2026-11-21T03:12:04Z".parse().unwrap();
        let begin = Typed { revision: 9, ..Typed::stored(&a_record(), &TimeZone::UTC, "en", now) };
        let sent = |text: &str| begin.clone().sent(&Fields::read(text.as_bytes()).unwrap());
        let older = sent("revision=8&patterns[1][pattern]=^a");
        assert_eq!((older.patterns.len(), older.networks.len()), (1, 0));
        assert_eq!(sent("revision=9&patterns[1][pattern]=^a").patterns.len(), 2);
    }

    #[test]
    fn an_empty_text_is_not_a_missing_one() {
        assert_eq!(typed("redirect_url=").redirect_url, "");
        assert_eq!(typed("at_end=open").at_end, "open");
        assert_eq!(typed("").at_end, "remind");
        assert!(!typed("").in_maintenance);
    }

    #[test]
    fn the_button_and_the_confirmed_warnings_are_read() {
        for (text, button, token) in [
            ("", Button::Save, ""),
            ("action=save", Button::Save, ""),
            ("action=continue", Button::Continue, ""),
            ("action=check&confirm=ab", Button::Check, "ab"),
            ("confirm=ab", Button::Save, "ab"),
            ("confirm=ab-continue", Button::Continue, "ab"),
            ("action=no-such-thing", Button::Save, ""),
        ] {
            let typed = typed(text);
            assert_eq!((typed.button, typed.confirm.as_str()), (button, token), "{text}");
        }
    }

    #[test]
    fn a_message_without_its_language_keeps_the_one_of_its_row() {
        let typed = typed("messages[1][body]=Bald&messages[2][body]=x");
        assert_eq!(typed.messages[&1].message.language, "de");
        assert_eq!(typed.messages[&2].message.language, "");
    }
}
