//! The maintenance record of a site as a form: box, end, messages, ignored patterns, addresses; who gets in beside.

use serde::Serialize;

use super::{Choice, Field, FieldError, Holding, Moment, Page, SiteWindow, Status, Tester};

/// The page of one site.
#[derive(Debug, Clone, Serialize)]
pub struct RecordPage {
    /// Key of the site.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// Its name; empty when it is the same as the domain.
    pub name: String,
    /// Address of the site itself.
    pub site_url: String,
    /// What it is doing now, as stored.
    pub status: Status,
    /// Since when it has been closed.
    pub since: Option<Moment>,
    /// When a window begins next, on an open site.
    pub next: Option<Moment>,
    /// While it drains, when it closes at the latest.
    pub closes_at: Option<Moment>,
    /// Who closed it.
    pub by: Option<String>,
    /// How long the expected end has passed.
    pub overdue: Option<String>,
    /// Something to know about this site: closed for more than a day, its template is broken.
    pub site_notice: Option<String>,
    /// Zone of the site, in which times are typed and shown: `Europe/Berlin`.
    pub zone: String,
    /// A time of today or tomorrow as one may type it: `2026-11-21 03:30`.
    pub end_example: String,
    /// Whether saving with the box ticked asks for the domain: the site is protected, and open.
    pub is_protected: bool,
    /// Whether the user may change the site's own settings.
    pub may_change_site: bool,
    /// Revision the form was read at; after a conflict the newest.
    pub revision: i64,
    /// `in_maintenance`: the box.
    pub in_maintenance: Field,
    /// What the box does, as sentences: `Visitors get the 503 page.`
    pub box_hint: String,
    /// `how` it closes: `close` at once, `drain` those at work first.
    pub how: Field,
    /// `drain_minutes`: how long those may at most.
    pub drain_minutes: Field,
    /// Whether that is asked: not while the box holds the site.
    pub may_drain: bool,
    /// `read_only`: whether it closes for writing only.
    pub read_only: Field,
    /// `typed_domain`: the domain, asked for when a protected site is started.
    pub typed_domain: Field,
    /// `expected_end`: `YYYY-MM-DD HH:MM` in the site's zone.
    pub expected_end: Field,
    /// `at_end`: `remind` or `open`.
    pub at_end: Field,
    /// One per language, and a blank one.
    pub messages: Vec<MessageRow>,
    /// Languages to choose from, the stored ones among them.
    pub languages: Vec<Choice>,
    /// The stored ones and blank ones: three, of which script shows one.
    pub patterns: Vec<PatternRow>,
    /// Patterns that many sites want.
    pub suggestions: Vec<Suggestion>,
    /// Addresses of this site that get in; the stored ones and blank ones.
    pub networks: Vec<NetworkRow>,
    /// `redirect_url`: visitors are sent here instead.
    pub redirect_url: Field,
    /// `retry_after`: seconds while no end is known.
    pub retry_after: Field,
    /// Seconds or address in force when the two fields above are empty.
    pub retry_after_setting: u32,
    /// Whether the section with those two is open from the start.
    pub is_answer_open: bool,
    /// What was refused.
    pub errors: Vec<FieldError>,
    /// What holds the site closed; `None` while it is open.
    pub holding: Option<Holding>,
    /// Windows that close it now or later, by their next start; at most five.
    pub windows: Vec<SiteWindow>,
    /// Whether there may be more of them.
    pub more_windows: bool,
    /// Asked when the box is unticked while something else holds the site closed.
    pub question: Option<OthersQuestion>,
    /// `others`: the answer to that question, kept while something further is asked; else empty.
    pub others: String,
    /// What is to be confirmed before it is saved.
    pub warnings: Option<Warnings>,
    /// Somebody saved in between.
    pub conflict: Option<Conflict>,
    /// Whether the page answers *Check without saving* and found nothing.
    pub is_checked: bool,
    /// Who gets in, and the tester.
    pub tester: Tester,
}

impl Page for RecordPage {
    const TEMPLATE: &'static str = "admin/sites/site.html";
}

/// One language's message: `messages[n][…]`.
#[derive(Debug, Clone, Serialize)]
pub struct MessageRow {
    /// Language by its own name, `Deutsch`; empty on a row whose language can be chosen.
    pub title: String,
    /// `language`: tag; empty on the blank row.
    pub language: Field,
    /// `heading`.
    pub heading: Field,
    /// `body`.
    pub body: Field,
    /// `contact`.
    pub contact: Field,
    /// `link_label`.
    pub link_label: Field,
    /// `link_url`.
    pub link_url: Field,
    /// `delete`.
    pub delete: Field,
    /// The built-in heading of that language, said as what an empty field gives.
    pub default_heading: String,
    /// Whether the row is open from the start: the first one, and refused ones.
    pub is_open: bool,
    /// Whether it is not stored yet.
    pub is_new: bool,
}

/// One ignored pattern: `patterns[n][…]`.
#[derive(Debug, Clone, Serialize)]
pub struct PatternRow {
    /// Number as messages name it, from 1.
    pub number: usize,
    /// `kind`: `regex`, `exact`, `prefix`.
    pub kind: Field,
    /// `pattern`.
    pub pattern: Field,
    /// `description`.
    pub description: Field,
    /// `delete`.
    pub delete: Field,
    /// What it means, as a sentence: `Also lets in everything that starts with it.`
    pub note: Option<String>,
    /// What is odd about it.
    pub warning: Option<String>,
    /// Whether it is not stored yet.
    pub is_new: bool,
    /// Whether script hides it until it is asked for.
    pub is_spare: bool,
}

/// A pattern that many sites want; script adds it as a filled row.
#[derive(Debug, Clone, Serialize)]
pub struct Suggestion {
    /// What is read: `robots.txt`.
    pub label: String,
    /// Kind of the pattern.
    pub kind: String,
    /// The pattern.
    pub pattern: String,
    /// Its description.
    pub description: String,
}

/// One address or network of this site that gets in: `networks[n][…]`.
#[derive(Debug, Clone, Serialize)]
pub struct NetworkRow {
    /// Number as messages name it, from 1.
    pub number: usize,
    /// `network`: an address or CIDR range.
    pub network: Field,
    /// `description`.
    pub description: Field,
    /// `delete`.
    pub delete: Field,
    /// Whether it is not stored yet.
    pub is_new: bool,
    /// Whether script hides it until it is asked for.
    pub is_spare: bool,
}

/// Which is meant by a box that is unticked: only the box, or the rest as well.
#[derive(Debug, Clone, Serialize)]
pub struct OthersQuestion {
    /// The question.
    pub text: String,
    /// The button that ends the box alone: what it sends as `others`, and its words.
    pub keep: Choice,
    /// The button that opens the site.
    pub end: Choice,
}

/// What is to be confirmed before it is saved.
#[derive(Debug, Clone, Serialize)]
pub struct Warnings {
    /// Names exactly these warnings; sent as `confirm` by *Save anyway*, so that another one is asked about again.
    pub token: String,
    /// One line each.
    pub lines: Vec<WarningLine>,
    /// Whether the page answers *Check without saving*: there is nothing to confirm yet.
    pub is_check: bool,
}

/// One warning.
#[derive(Debug, Clone, Serialize)]
pub struct WarningLine {
    /// `id` of the field it is about; empty for none.
    pub id: String,
    /// The warning, as a sentence.
    pub message: String,
}

/// Somebody saved the same site in between.
#[derive(Debug, Clone, Serialize)]
pub struct Conflict {
    /// Who.
    pub who: String,
    /// How long ago, in words: `40 seconds`.
    pub ago: String,
    /// The fields that differ.
    pub rows: Vec<ConflictRow>,
}

/// One field that differs.
#[derive(Debug, Clone, Serialize)]
pub struct ConflictRow {
    /// Name of the field, in words.
    pub label: String,
    /// What the user typed; empty when nothing.
    pub mine: String,
    /// What is stored now; empty when nothing.
    pub theirs: String,
}
