//! The whole record of one site, and what a change of it touches.
//!
//! A change is kept as two JSON objects, *before* and *after*, that hold only the fields which differ. So the
//! log shows exactly what happened, an undo puts back exactly that, and a field added later needs no new code.

mod check;
mod fields;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cause::Causes;
use crate::drain::Drain;
use crate::lease::Lease;
use crate::maintenance::MaintenanceRecord;
use crate::message::Message;
use crate::network::InternalNetwork;
use crate::pattern::IgnoredPattern;
use crate::site::Site;
use crate::window::{SiteException, Window};

pub use fields::member_in_words;

/// A site with everything that hangs on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// Names and settings of the site.
    #[serde(flatten)]
    pub site: Site,
    /// The box and its options.
    #[serde(flatten)]
    pub maintenance: MaintenanceRecord,
    /// One per language; the first is the fallback.
    pub messages: Vec<Message>,
    /// What is let through, in the order of the panel.
    pub patterns: Vec<IgnoredPattern>,
    /// Addresses that always pass this site.
    pub networks: Vec<InternalNetwork>,
    /// Deploys that hold it closed, or did.
    #[serde(default)]
    pub leases: Vec<Lease>,
    /// Its own windows.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// What became on this site of times of windows of all sites.
    #[serde(default)]
    pub exceptions: Vec<SiteException>,
    /// What is known of the drains of its causes.
    #[serde(default)]
    pub drains: Vec<Drain>,
    /// The windows of all sites, beside the record and no part of it.
    #[serde(skip)]
    pub shared: Arc<[Window]>,
}

/// Fields of a record by name, as the change log keeps them.
pub type Fields = Map<String, Value>;

/// What a change made of a record: the touched fields only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// The fields as they were.
    pub before: Fields,
    /// The fields as they became.
    pub after: Fields,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

/// What a change made of windows that belong to no single site.
pub fn window_difference(before: &[Window], after: &[Window]) -> Difference {
    let fields = |windows: &[Window]| fields::of(&serde_json::json!({ "windows": windows }));
    fields::difference(fields(before), fields(after))
}

/// The windows that belong to no single site, with `fields` of an entry of the log laid over them.
///
/// # Errors
/// As [`SiteRecord::with`].
pub fn windows_with(windows: &[Window], changed: &Fields) -> Result<Vec<Window>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Shared {
        windows: Vec<Window>,
    }
    let mut all = fields::of(&serde_json::json!({ "windows": windows }));
    all.extend(changed.clone());
    Ok(fields::read::<Shared>(all)?.windows)
}

impl SiteRecord {
    /// The record of a new site: open, with nothing on it.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            maintenance: MaintenanceRecord::default(),
            messages: Vec::new(),
            patterns: Vec::new(),
            networks: Vec::new(),
            leases: Vec::new(),
            windows: Vec::new(),
            exceptions: Vec::new(),
            drains: Vec::new(),
            shared: Arc::default(),
        }
    }

    /// Everything that can hold the site closed.
    pub fn causes(&self) -> Causes<'_> {
        Causes {
            maintenance: &self.maintenance,
            has_messages: self.messages.iter().any(Message::has_text),
            leases: &self.leases,
            windows: &self.windows,
            shared: &self.shared,
            exceptions: &self.exceptions,
            drains: &self.drains,
        }
    }

    /// Whether the site is closed at `now`, by whatever cause.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.causes().is_closed(now)
    }

    /// Every field by name. Each lease and window is a field of its own.
    pub fn fields(&self) -> Fields {
        fields::of(self)
    }

    /// The fields in which `self` (before) and `after` differ.
    pub fn difference(&self, after: &Self) -> Difference {
        fields::difference(self.fields(), after.fields())
    }

    /// This record with `fields` laid over it.
    ///
    /// # Errors
    /// When a field does not have the shape that this program reads, as in a log entry of another version.
    pub fn with(&self, fields: &Fields) -> Result<Self, serde_json::Error> {
        let mut all = self.fields();
        all.extend(fields.clone());
        let record: Self = fields::read(all)?;
        Ok(Self { shared: Arc::clone(&self.shared), ..record })
    }

    /// Names of those `fields` whose value here is another one: what changed since.
    pub fn fields_unlike(&self, fields: &Fields) -> Vec<String> {
        fields::unlike(&self.fields(), fields)
    }
}
