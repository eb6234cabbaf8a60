//! The whole record of one site, and what a change of it touches.
//!
//! A change is kept as two JSON objects, *before* and *after*, that hold only the fields which differ. So the
//! log shows exactly what happened, an undo puts back exactly that, and a field added later needs no new code.

mod check;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::maintenance::MaintenanceRecord;
use crate::message::Message;
use crate::network::InternalNetwork;
use crate::pattern::IgnoredPattern;
use crate::site::Site;

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

impl SiteRecord {
    /// The record of a new site: open, with nothing on it.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            maintenance: MaintenanceRecord::default(),
            messages: Vec::new(),
            patterns: Vec::new(),
            networks: Vec::new(),
        }
    }

    /// Every field by name.
    pub fn fields(&self) -> Fields {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => unreachable!("a record is a JSON object with text keys"),
        }
    }

    /// The fields in which `self` (before) and `after` differ.
    pub fn difference(&self, after: &Self) -> Difference {
        let (mut before, mut after) = (self.fields(), after.fields());
        before.retain(|name, old| match after.get(name) {
            Some(new) if new == old => {
                after.remove(name);
                false
            }
            _ => true,
        });
        Difference { before, after }
    }

    /// This record with `fields` laid over it.
    ///
    /// # Errors
    /// When a field does not have the shape that this program reads, as in a log entry of another version.
    pub fn with(&self, fields: &Fields) -> Result<Self, serde_json::Error> {
        let mut all = self.fields();
        all.extend(fields.clone());
        serde_json::from_value(Value::Object(all))
    }

    /// Names of those `fields` whose value here is another one: what changed since.
    pub fn fields_unlike(&self, fields: &Fields) -> Vec<String> {
        let mine = self.fields();
        fields.iter().filter(|(name, value)| mine.get(*name) != Some(value)).map(|(name, _)| name.clone()).collect()
    }
}
