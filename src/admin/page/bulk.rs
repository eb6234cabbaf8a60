//! The pages that ask once: several sites, a protected site, deleting a site.

use serde::Serialize;

use super::{Field, FieldError, Page};

/// Starts or ends maintenance on several sites, after asking once.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BulkPage {
    /// `start` or `end`.
    pub action: String,
    /// The question: `Start maintenance on 3 sites?`
    pub question: String,
    /// Words of the button: `Start maintenance on 3 sites`.
    pub button: String,
    /// The sites it will touch, by name.
    pub rows: Vec<BulkRow>,
    /// Whether a drain is offered.
    pub may_drain: bool,
    /// `how` it closes: `close` at once, `drain` those at work first.
    pub how: Field,
    /// `drain_minutes`: how long those may at most.
    pub drain_minutes: Field,
    /// What is asked before so long a drain begins.
    pub warning: Option<String>,
    /// Names what is confirmed by the button then; sent as `confirm`.
    pub confirm: Option<String>,
    /// Said about sites that are in that state already: `2 more are already in maintenance and stay so.`
    pub note: Option<String>,
    /// Where to go afterwards, under the panel's base.
    pub back: String,
    /// Where to go instead, under the panel's base: the list with the boxes as they were.
    pub cancel: String,
    /// What was refused.
    pub errors: Vec<FieldError>,
}

impl Page for BulkPage {
    const TEMPLATE: &'static str = "admin/sites/bulk.html";
}

/// A site among several.
#[derive(Debug, Clone, Serialize)]
pub struct BulkRow {
    /// Its key.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// `typed[ID]`: the domain, asked for when a protected site is started.
    pub typed: Option<Field>,
}

/// Asks before maintenance starts on one site: on a protected one for its domain.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StartPage {
    /// Key of the site.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// `typed_domain`, of a protected site.
    pub typed_domain: Option<Field>,
    /// Where to go back to, under the panel's base.
    pub back: String,
    /// What was refused.
    pub errors: Vec<FieldError>,
}

impl Page for StartPage {
    const TEMPLATE: &'static str = "admin/sites/start.html";
}

/// Deletes a site, after its domain has been typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DeleteSitePage {
    /// Key of the site.
    pub id: i64,
    /// Its domain.
    pub domain: String,
    /// What goes with it: `2 messages`, `3 ignored patterns`.
    pub parts: Vec<String>,
    /// What its visitors will get from then on, as a sentence.
    pub consequence: String,
    /// Staff users who are given this site and lose it for good, as a sentence.
    pub staff: Option<String>,
    /// `typed_domain`.
    pub typed_domain: Field,
    /// What was refused.
    pub errors: Vec<FieldError>,
}

impl Page for DeleteSitePage {
    const TEMPLATE: &'static str = "admin/sites/delete.html";
}
