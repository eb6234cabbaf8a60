//! Which rules for web servers are on the disk, whoever has written them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::files::places;
use super::layout::{FlagPath, SiteFile};
use super::stamp::Marks;
use crate::snapshot::Snapshot;
use crate::webserver::ENDINGS;

/// The rule files that are there, with the marks by which a change of them shows.
pub(super) type RuleMarks = BTreeMap<PathBuf, Marks>;

/// Looks for the rule files of all sites.
pub(super) fn marks(path: &FlagPath, snapshot: &Snapshot) -> RuleMarks {
    let places = places(path, snapshot);
    let files = places.iter().flat_map(|(_, layout)| ENDINGS.map(|ending| layout.path(SiteFile::Rules(ending))));
    files.filter_map(|file| Marks::of(&file).ok().map(|marks| (file, marks))).collect()
}
