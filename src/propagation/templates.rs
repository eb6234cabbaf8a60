//! Where a site's own 503 pages lie, and whether they have changed since they were read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::template::PageTemplates;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Depth of the deepest file that counts: `sites/DOMAIN/503.html`, and what it includes beside it.
const MAX_DEPTH: usize = 4;

/// The folder of `MAINTENANCE_TEMPLATES` and the file of `MAINTENANCE_503_TEMPLATE`.
pub(crate) struct TemplateFolder {
    folder: Option<PathBuf>,
    file: Option<PathBuf>,
    seen: Vec<Stamp>,
    looked_at: Instant,
}

/// What tells a changed file: its name, its time, its size.
type Stamp = (PathBuf, Option<SystemTime>, u64);

impl TemplateFolder {
    /// Remembers the files as they are now.
    pub(crate) fn new(folder: Option<&Path>, file: Option<&Path>) -> Self {
        let mut this = Self {
            folder: folder.map(Path::to_owned),
            file: file.map(Path::to_owned),
            seen: Vec::new(),
            looked_at: Instant::now(),
        };
        this.seen = this.stamps();
        this
    }

    /// Reads the templates.
    pub(crate) fn load(&self) -> PageTemplates {
        PageTemplates::load(self.folder.as_deref(), self.file.as_deref())
    }

    /// The templates read anew, when a file has changed since the last look; looks at most once a second.
    pub(crate) fn changed(&mut self) -> Option<PageTemplates> {
        if (self.folder.is_none() && self.file.is_none()) || self.looked_at.elapsed() < LOOK_EVERY {
            return None;
        }
        self.looked_at = Instant::now();
        let now = self.stamps();
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(self.load())
    }

    fn stamps(&self) -> Vec<Stamp> {
        let mut stamps = Vec::new();
        if let Some(folder) = &self.folder {
            collect(folder, MAX_DEPTH, &mut stamps);
        }
        stamps.extend(self.file.as_deref().and_then(stamp));
        stamps.sort();
        stamps
    }
}

fn collect(folder: &Path, depth: usize, stamps: &mut Vec<Stamp>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if depth > 1 {
                collect(&path, depth - 1, stamps);
            }
        } else {
            stamps.extend(stamp(&path));
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((path.to_owned(), meta.modified().ok(), meta.len()))
}
